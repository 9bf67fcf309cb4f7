//! Numbers for people, and the one place where a fraction becomes a whole number.

/// The whole part; what is negative is nothing.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
pub(super) const fn whole(fraction: f64) -> u64 {
    fraction as u64
}

/// Exact below 2^53, which no count here reaches.
#[allow(clippy::cast_precision_loss, reason = "counts are below 2^53")]
pub(super) const fn fraction(whole: u64) -> f64 {
    whole as f64
}

/// `1,234,567`.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds in a unit that people read.
#[must_use]
pub fn duration(ms: u64) -> String {
    let ms_f = fraction(ms);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms_f / 1e3),
        60_000..3_600_000 => format!("{:.1} min", ms_f / 6e4),
        _ => format!("{:.1} h", ms_f / 3.6e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_easily() {
        assert_eq!([number(7), number(1_000), number(14_000_000)], ["7", "1,000", "14,000,000"]);
        assert_eq!([duration(999), duration(1_500), duration(90_000)], ["999 ms", "1.5 s", "1.5 min"]);
    }
}
