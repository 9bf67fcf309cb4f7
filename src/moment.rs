//! Moments on the command line: a time in RFC 3339, or how long from now.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use gleaner_model::Timestamp;

/// A moment as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// This one.
    At(Timestamp),
    /// So many milliseconds from now.
    In(u64),
}

impl Moment {
    /// The moment, in milliseconds since 1970.
    pub(crate) fn at_ms(self) -> i64 {
        match self {
            Self::At(at) => at.as_millis(),
            Self::In(ms) => now().plus_ms(ms).as_millis(),
        }
    }
}

/// Zero is no moment on the wire.
pub(crate) fn at_ms(moment: Option<Moment>) -> i64 {
    moment.map_or(0, Moment::at_ms)
}

/// The time on the wall.
#[allow(clippy::disallowed_methods, reason = "the command line speaks of now")]
pub(crate) fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "`{text}` is neither a time, such as 2026-01-31T12:00:00Z, nor a duration, such as 90s, 15m, 2h30m or 7d"
            )
        };
        match text.parse() {
            Ok(at) => Ok(Self::At(at)),
            Err(_) => duration_ms(text).map(Self::In).ok_or_else(wrong),
        }
    }
}

/// Numbers with units, such as `2h30m`.
fn duration_ms(text: &str) -> Option<u64> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let unit_ms = match &rest[digits..end] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(unit_ms)?)?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_told_apart() {
        for (text, ms) in [("90s", 90_000), ("15m", 900_000), ("2h30m", 9_000_000), ("7d", 604_800_000), ("5ms", 5)] {
            assert_eq!(text.parse(), Ok(Moment::In(ms)));
        }
        let at = Timestamp::from_millis(1_769_860_800_000);
        assert_eq!("2026-01-31T12:00:00Z".parse(), Ok(Moment::At(at)));
        assert_eq!("2026-01-31T13:00:00+01:00".parse(), Ok(Moment::At(at)));
        for wrong in ["", "soon", "5", "5 m", "m", "-5m", "2h30", "99999999999999999999d", "18446744073709551615d"] {
            let refused = wrong.parse::<Moment>().expect_err(wrong);
            assert!(refused.contains(wrong) && refused.contains("2h30m"), "{refused}");
        }
    }
}
