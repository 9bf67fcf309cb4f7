//! When a schedule is due: cron's five fields, in UTC.
//!
//! The problem: a schedule that is wrong must be refused when it is made, with the field that is wrong, and not be found
//! out when it never comes. Fields, ranges, steps and lists are the crate `croner`'s, as POSIX and Vixie's cron have them;
//! what is added here is which field it is that cannot be read, and that a schedule which never comes is none.

use gleaner_model::Timestamp;

/// Longest schedule, in bytes: five lists of a dozen numbers each.
const BYTES_MAX: usize = 256;

/// The fields in their order.
const FIELDS: [&str; 5] = ["minute", "hour", "day of the month", "month", "day of the week"];

/// Names for common schedules.
const NAMES: [&str; 5] = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly"];

/// A schedule that can be read.
#[derive(Clone, Debug)]
pub struct Cron(croner::Cron);

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// It has too few fields, or too many.
    #[error(
        "`{text}` is no schedule: it has {found} fields, and cron has five: minute, hour, day of the month, month, day \
         of the week, such as `30 6 * * MON-FRI`; or one of {}", NAMES.join(", ")
    )]
    Fields {
        /// What was given.
        text: String,
        /// How many it has.
        found: usize,
    },
    /// One of its fields cannot be read.
    #[error("`{text}` is no schedule: its {field} `{value}` cannot be read: {reason}")]
    Field {
        /// What was given.
        text: String,
        /// Which field.
        field: &'static str,
        /// What the field says.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Its fields can be read, but not together.
    #[error("`{text}` is no schedule: {reason}")]
    Whole {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No day is like that.
    #[error("`{text}` is no schedule: it never comes")]
    Never {
        /// What was given.
        text: String,
    },
    /// It is longer than any sensible one.
    #[error("a schedule has at most {BYTES_MAX} bytes, and this one has {length}")]
    TooLong {
        /// How long it is.
        length: usize,
    },
}

impl Cron {
    /// Reads a schedule, which must come some time after `now`.
    ///
    /// # Errors
    /// It cannot be read, or never comes.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, InvalidCron> {
        if text.len() > BYTES_MAX {
            return Err(InvalidCron::TooLong { length: text.len() });
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let is_name = NAMES.contains(&fields.concat().to_lowercase().as_str()) && fields.len() == 1;
        if !is_name && fields.len() != FIELDS.len() {
            return Err(InvalidCron::Fields { text: text.to_owned(), found: fields.len() });
        }
        let cron = read(&fields.join(" ")).map(Self).map_err(|reason| which(text, &fields, reason))?;
        match cron.next_after(now) {
            Some(_) => Ok(cron),
            None => Err(InvalidCron::Never { text: text.to_owned() }),
        }
    }

    /// The first time after `moment`; none if it never comes any more.
    #[must_use]
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let utc = jiff::tz::Offset::UTC;
        let from = utc.to_datetime(jiff::Timestamp::from_millisecond(moment.as_millis()).ok()?);
        let next = self.0.find_next_occurrence(&from, false).ok()?;
        utc.to_timestamp(next).ok().map(|next| Timestamp::from_millis(next.as_millisecond()))
    }
}

fn read(text: &str) -> Result<croner::Cron, String> {
    use croner::parser::{CronParser, Seconds, Year};
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| {
        let reason = error.to_string();
        reason.strip_prefix("Component error: ").unwrap_or(&reason).trim_end_matches('.').to_owned()
    })
}

/// The first field that cannot be read even by itself.
fn which(text: &str, fields: &[&str], reason: String) -> InvalidCron {
    for (at, (field, value)) in FIELDS.into_iter().zip(fields).enumerate() {
        let mut alone = ["*"; FIELDS.len()];
        alone[at] = value;
        if let Err(reason) = read(&alone.join(" ")) {
            return InvalidCron::Field { text: text.to_owned(), field, value: (*value).to_owned(), reason };
        }
    }
    InvalidCron::Whole { text: text.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn next(cron: &str, after: &str) -> String {
        let cron = Cron::parse(cron, at("2026-01-01T00:00:00Z")).expect("a schedule");
        cron.next_after(at(after)).expect("it comes").to_string()
    }

    #[test]
    fn it_is_due_at_the_next_minute_that_fits() {
        for (cron, after, expected) in [
            ("* * * * *", "2026-11-24T02:30:00.001Z", "2026-11-24T02:31:00Z"),
            ("*/15 * * * *", "2026-11-24T02:30:00Z", "2026-11-24T02:45:00Z"),
            ("30 6 * * *", "2026-11-24T06:30:00Z", "2026-11-25T06:30:00Z"),
            ("30 6 * * *", "2026-11-24T06:29:59.999Z", "2026-11-24T06:30:00Z"),
            ("0 0 29 2 *", "2026-11-24T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 9 * * mon-fri", "2026-11-27T09:00:00Z", "2026-11-30T09:00:00Z"),
            ("0 9 1 JAN *", "2026-11-27T09:00:00Z", "2027-01-01T09:00:00Z"),
            ("0 2 29 3 *", "2026-03-28T12:00:00Z", "2026-03-29T02:00:00Z"),
            ("@daily", "2026-11-24T02:30:00Z", "2026-11-25T00:00:00Z"),
        ] {
            assert_eq!(next(cron, after), expected, "{cron} after {after}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        let wrong = |text: &str| Cron::parse(text, at("2026-01-01T00:00:00Z")).expect_err(text).to_string();
        for (text, words) in [
            ("61 * * * *", "minute `61`"),
            ("* 25 * * *", "hour `25`"),
            ("* * 0 * *", "day of the month `0`"),
            ("* * * 13 *", "month `13`"),
            ("* * * * FRIDAYS", "day of the week `FRIDAYS`"),
            ("*/0 * * * *", "minute `*/0`"),
            ("5-1 * * * *", "minute `5-1`"),
            ("a b c d e", "minute `a`"),
            ("", "it has 0 fields"),
            ("* * * *", "it has 4 fields"),
            ("0 * * * * *", "it has 6 fields"),
            ("@sometimes", "it has 1 fields"),
            ("0 0 30 2 *", "it never comes"),
        ] {
            assert!(wrong(text).contains(words), "{text}: {}", wrong(text));
        }
        assert!(wrong(&"1,".repeat(200)).contains("at most 256 bytes"));
    }
}
