//! Moments of wall-clock time, of which every version and every file has one.
//!
//! Registries write them in one form. A parser for all of RFC 3339 takes longer over one than the JSON around it does,
//! so the usual form has a way of its own; whatever is unusual about a text leaves it to the general parser.

use gleaner_model::Timestamp;

/// The moment that a text in RFC 3339 form names.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    usual(text.as_bytes()).or_else(|| text.parse().ok())
}

/// `2026-02-19T05:00:57Z`, perhaps with three or six digits of a fraction; from 1970 on, no 29th of February and no
/// leap second.
fn usual(text: &[u8]) -> Option<Timestamp> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let ms = match rest {
        b"Z" => 0,
        [b'.', ms @ .., b'Z'] if ms.len() == 3 => number(ms)?,
        [b'.', us @ .., b'Z'] if us.len() == 6 => number(us)? / 1000,
        _ => return None,
    };
    let [.., b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _] = head else { return None };
    let (year, month, day) = (number(&head[..4])?, number(&head[5..7])?, number(&head[8..10])?);
    let (hour, minute, second) = (number(&head[11..13])?, number(&head[14..16])?, number(&head[17..])?);
    let days_in_month = match month {
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let plain = (1970..9999).contains(&year) && (1..=days_in_month).contains(&day);
    let in_day = hour < 24 && minute < 60 && second < 60;
    let seconds = || days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    (plain && in_day).then(|| Timestamp::from_millis(seconds() * 1000 + ms))
}

/// The value of decimal digits; few enough for it to fit.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. With years that begin in March, so that the odd day of leap
/// years is their last, the days before a month are `(153 * month + 2) / 5`.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between the first March of the year 0 and 1970.
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From 1960 to beyond the year 9999.
    const RANGE_MS: std::ops::Range<i64> = -315_619_200_000..253_402_300_799_000;

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long_one(ms in RANGE_MS, us in 0..1000_i64) {
            let moment_text = Timestamp::from_millis(ms).to_string();
            prop_assert_eq!(moment(&moment_text), moment_text.parse().ok());
            let seconds = Timestamp::from_millis(ms.div_euclid(1000) * 1000).to_string();
            for fraction in [String::new(), format!(".{us:03}"), format!(".{:06}", us * 991), format!(".{us:04}")] {
                let text = seconds.replace('Z', &format!("{fraction}Z"));
                prop_assert_eq!(moment(&text), text.parse().ok(), "{}", text);
            }
        }

        #[test]
        fn damage_is_judged_as_the_long_way_does(ms in RANGE_MS, at in 0..24_usize, byte in 0x20..0x7f_u8) {
            let mut text = format!("{:24}", Timestamp::from_millis(ms).to_string()).into_bytes();
            text[at] = byte;
            let text = String::from_utf8(text).expect("ASCII");
            prop_assert_eq!(moment(text.trim()), text.trim().parse().ok(), "{}", text);
        }
    }

    #[test]
    fn usual_moments_take_the_short_way() {
        let text = "2026-02-19T05:00:57.678803Z";
        assert_eq!(usual(text.as_bytes()), text.parse().ok());
        assert_eq!(usual(b"1970-01-01T00:00:00Z"), Some(Timestamp::from_millis(0)));
        assert_eq!(usual(b"2024-02-29T00:00:00Z"), None);
        assert_eq!(moment("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z".parse().ok());
        assert_eq!(usual(b"2026-02-19T05:00:60Z"), None);
        assert_eq!(usual(b"2026-02-19 05:00:57Z"), None);
    }
}
