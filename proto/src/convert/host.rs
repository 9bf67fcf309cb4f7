//! What operators change about hosts.

use gleaner_model::{Host, HostChange};

use super::{InvalidMessage, parse};
use crate::v1;

/// Fastest rate, in thousandths of a request a second: ten thousand a second are more than any origin bears.
pub const RATE_MILLI_MAX: u64 = 10_000_000;

/// Most requests at once, by burst or by concurrency.
pub const AT_ONCE_MAX: u32 = 100_000;

/// The largest part that is kept for the lane `paid`, in thousandths: a tenth is left to the others.
pub const RESERVE_PERMILLE_MAX: u32 = 900;

/// Reads which host is to change, and how.
///
/// # Errors
/// It names no host, changes nothing, or a number is out of its range.
pub fn host_change(wire: &v1::SetHostRequest) -> Result<(Host, HostChange), InvalidMessage> {
    let host = parse(&wire.name, "name")?;
    let change = HostChange {
        rate_milli_per_s: within(wire.rate_milli_per_s, 1, RATE_MILLI_MAX, "rate_milli_per_s")?,
        burst: within(wire.burst, 1, AT_ONCE_MAX, "burst")?,
        concurrency: within(wire.concurrency, 0, AT_ONCE_MAX, "concurrency")?,
        reserve_permille: within(wire.reserve_permille, 0, RESERVE_PERMILLE_MAX, "reserve_permille")?
            .map(|permille| u16::try_from(permille).expect("it is at most 900")),
        paused: wire.paused,
        reset: wire.reset,
    };
    if change == HostChange::default() {
        return Err(InvalidMessage::missing("rate_milli_per_s, burst, concurrency, reserve_permille, paused or reset"));
    }
    Ok((host, change))
}

fn within<T: PartialOrd + Copy + std::fmt::Display>(
    value: Option<T>,
    least: T,
    most: T,
    field: &str,
) -> Result<Option<T>, InvalidMessage> {
    match value {
        Some(value) if value < least || value > most => {
            Err(InvalidMessage::invalid(field, format_args!("it must be {least} to {most}, not {value}")))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut v1::SetHostRequest)) -> String {
        let mut wire = v1::SetHostRequest { name: "mirror.example".to_owned(), ..v1::SetHostRequest::default() };
        change(&mut wire);
        host_change(&wire).expect_err("wrong").to_string()
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(refused(|wire| wire.name = "Mirror/".to_owned()).contains("names no host"));
        assert!(refused(|wire| wire.name = String::new()).contains("name"));
        assert!(refused(|_| ()).contains("paused or reset"));
        assert!(refused(|wire| wire.rate_milli_per_s = Some(0)).contains("1 to 10000000, not 0"));
        assert!(refused(|wire| wire.burst = Some(0)).contains("burst"));
        assert!(refused(|wire| wire.concurrency = Some(100_001)).contains("0 to 100000, not 100001"));
        assert!(refused(|wire| wire.reserve_permille = Some(901)).contains("0 to 900, not 901"));
    }

    #[test]
    fn reads_what_is_there_and_nothing_else() {
        let wire = v1::SetHostRequest {
            name: "127.0.0.1:8080".to_owned(),
            concurrency: Some(0),
            paused: Some(false),
            ..v1::SetHostRequest::default()
        };
        let (host, change) = host_change(&wire).expect("valid");
        let expected = HostChange { concurrency: Some(0), paused: Some(false), ..HostChange::default() };
        assert_eq!((host.as_str(), change), ("127.0.0.1:8080", expected));
    }
}
