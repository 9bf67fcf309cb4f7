//! Past moments on the command line: a date, which means its beginning in UTC, or a time in RFC 3339.

use std::str::FromStr;

use gleaner_model::Timestamp;

/// A moment that a question is asked as of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Past(pub(crate) Timestamp);

impl FromStr for Past {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = if is_date(text) { format!("{text}T00:00:00Z") } else { text.to_owned() };
        time.parse().map(Self).map_err(|_| {
            format!(
                "`{text}` is neither a date, such as 2026-01-31 (its beginning in UTC), nor a time, such as \
                 2026-01-31T12:00:00Z"
            )
        })
    }
}

/// Four digits, two, two; whether there is such a day is for others to say.
fn is_date(text: &str) -> bool {
    let is_place = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(is_place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_beginning_in_utc() {
        let midnight = Past(Timestamp::from_millis(1_769_817_600_000));
        assert_eq!("2026-01-31".parse(), Ok(midnight));
        assert_eq!("2026-01-31T00:00:00Z".parse(), Ok(midnight));
        assert_eq!("2026-01-31T01:00:00+01:00".parse(), Ok(midnight));
        for wrong in ["", "yesterday", "2026-02-30", "2026-1-31", "31-01-2026", "2026-01-31T12:00:00", "７026-01-31"] {
            let refused = wrong.parse::<Past>().expect_err(wrong);
            assert!(refused.contains(wrong) && refused.contains("in UTC"), "{refused}");
        }
    }
}
