//! `gleaner hosts set|pause|resume|reset`: what operators change about a host.

use clap::Args;
use gleaner_proto::convert::{AT_ONCE_MAX, RESERVE_PERMILLE_MAX};
use gleaner_proto::v1;

use crate::exit::Failure;
use crate::reader::{Reader, ReaderArgs};

/// Which host.
#[derive(Args, Debug)]
pub(super) struct NameArgs {
    /// The host, as `gleaner hosts` lists it: `name` or `name:port`.
    #[arg(value_name = "HOST")]
    name: String,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Which host, and what it may be asked from now on.
#[derive(Args, Debug)]
pub(super) struct SetArgs {
    #[command(flatten)]
    name: NameArgs,
    /// Requests a second in the long run, such as `20`, `20/s` or `0.5`.
    #[arg(long, value_name = "N/s", value_parser = rate)]
    rate: Option<u64>,
    /// Requests at once after a pause.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(AT_ONCE_MAX)))]
    burst: Option<u32>,
    /// Requests of all workers that may be under way at once; 0 for no bound.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=i64::from(AT_ONCE_MAX)))]
    concurrency: Option<u32>,
    /// The part that only paid work gets, in thousandths.
    #[arg(
        long, value_name = "PERMILLE",
        value_parser = clap::value_parser!(u32).range(0..=i64::from(RESERVE_PERMILLE_MAX))
    )]
    reserve: Option<u32>,
}

/// Changes what is named.
pub(super) async fn set(args: &SetArgs) -> Result<v1::Host, Failure> {
    let SetArgs { name, rate, burst, concurrency, reserve } = args;
    if (rate, burst, concurrency, reserve) == (&None, &None, &None, &None) {
        return Err(Failure::usage("nothing is to change: give --rate, --burst, --concurrency or --reserve"));
    }
    let change = v1::SetHostRequest {
        rate_milli_per_s: *rate,
        burst: *burst,
        concurrency: *concurrency,
        reserve_permille: *reserve,
        ..v1::SetHostRequest::default()
    };
    ask(name, change).await
}

/// Pauses it, or resumes it.
pub(super) async fn pause(args: &NameArgs, paused: bool) -> Result<v1::Host, Failure> {
    ask(args, v1::SetHostRequest { paused: Some(paused), ..v1::SetHostRequest::default() }).await
}

/// Forgets what was set.
pub(super) async fn reset(args: &NameArgs) -> Result<v1::Host, Failure> {
    ask(args, v1::SetHostRequest { reset: true, ..v1::SetHostRequest::default() }).await
}

async fn ask(args: &NameArgs, change: v1::SetHostRequest) -> Result<v1::Host, Failure> {
    let reader = Reader::open(&args.reader).await?;
    let request = v1::SetHostRequest { name: args.name.clone(), ..change };
    let said = reader.remote.operator().set_host(request).await;
    reader.close().await;
    said?.into_inner().host.ok_or_else(|| Failure::failed("the scheduler did not say what the host is now"))
}

/// Requests a second, in thousandths of one.
fn rate(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no rate: write requests a second, such as 20, 20/s or 0.5, at most 10000");
    let number = text.strip_suffix("/s").unwrap_or(text);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 5 || part.len() > 3 || !digits(whole) || !digits(part) {
        return Err(wrong());
    }
    let milli: u64 = format!("{whole}{part:0<3}").parse().map_err(|_| wrong())?;
    if (1..=gleaner_proto::convert::RATE_MILLI_MAX).contains(&milli) { Ok(milli) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_to_a_thousandth() {
        let read = |text| rate(text).ok();
        assert_eq!(
            ["20", "20/s", "0.5/s", "0.001", "10000", "1.25"].map(read),
            [Some(20_000), Some(20_000), Some(500), Some(1), Some(10_000_000), Some(1_250)]
        );
        for wrong in ["", "0", "-1", "1.2345", "1/min", "10001", "a", ".5", "1,5", "99999999999999999999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
