//! Which workers' versions work with this scheduler.
//!
//! A fleet is upgraded one process at a time, in any order, so a worker may be older or newer than its scheduler. Within
//! a major version the protocol is only added to, so the major version is all that is looked at.

use tonic::{Code, Status};

use super::errors;

/// This scheduler's own.
const OWN: &str = env!("CARGO_PKG_VERSION");

/// Lets workers of this major version in.
///
/// # Errors
/// FAILED_PRECONDITION if it is another one, INVALID_ARGUMENT if it is no version.
pub(super) fn welcome(worker: &str) -> Result<(), Status> {
    judge(worker, OWN)
}

fn judge(worker: &str, own: &str) -> Result<(), Status> {
    let theirs = major(worker)
        .ok_or_else(|| errors::invalid(format!("hello: version: `{worker}` is no version; one is written 1.2.3")))?;
    if Some(theirs) == major(own) {
        return Ok(());
    }
    let message = format!(
        "the worker is gleaner {worker} and its scheduler is gleaner {own}: they work together if the first number is \
         the same; start a worker of version {own}"
    );
    Err(errors::status(Code::FailedPrecondition, "VERSION", message))
}

/// The first of a version's three numbers.
fn major(version: &str) -> Option<u64> {
    let release = version.split(['-', '+']).next()?;
    let mut numbers = release.split('.').map(|number| {
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| digits)
    });
    let (major, _minor, _patch) = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_decides() {
        for (worker, own) in
            [("1.4.2", "1.4.2"), ("1.3.9", "1.4.0"), ("1.5.0", "1.4.0"), ("1.4.0-rc.1+b7", "1.0.0"), ("0.1.0", "0.2.0")]
        {
            assert!(judge(worker, own).is_ok(), "{worker} at {own}");
        }
        for (worker, own) in [("2.0.0", "1.9.9"), ("0.9.0", "1.0.0"), ("2.0.0-rc.1", "1.9.9")] {
            let refused = judge(worker, own).expect_err("another major version");
            assert_eq!(refused.code(), Code::FailedPrecondition);
            assert!(refused.message().contains(worker) && refused.message().contains(own), "{refused}");
        }
    }

    #[test]
    fn what_is_no_version_is_told() {
        for wrong in ["", "test", "1", "1.2", "1.2.3.4", "1..3", "+1.2.3", "1.2.-3", "99999999999999999999.0.0"] {
            let refused = judge(wrong, "1.0.0").expect_err("no version");
            assert_eq!(refused.code(), Code::InvalidArgument, "{wrong}");
            assert!(refused.message().contains(&format!("`{wrong}`")), "{refused}");
        }
    }
}
