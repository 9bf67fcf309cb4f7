//! Half characters: `"\ud83d"` is half of an emoji, as left over where someone cut a text.
//!
//! JSON as JavaScript reads it allows this and Rust's text does not, so one such description would cost a whole
//! package. It is rare: only a document that failed to parse is searched for it, and read again with the halves
//! replaced.

/// Reads `text`; if that fails and there are half characters in it, reads it again with U+FFFD in their place.
pub(crate) fn with_mended_surrogates<T, E>(text: &str, read: impl Fn(&str) -> Result<T, E>) -> Result<T, E> {
    read(text).or_else(|error| match mend(text) {
        Some(mended) => read(&mended),
        None => Err(error),
    })
}

/// The text with every half character replaced; none if there is none.
fn mend(text: &str) -> Option<String> {
    let mut mended = String::new();
    let (mut at, mut kept) = (0, 0);
    while let Some(offset) = text[at..].find('\\') {
        at += offset;
        let (length, is_half) = escape(&text.as_bytes()[at..]);
        if is_half {
            mended.push_str(&text[kept..at]);
            mended.push_str("\\ufffd");
            kept = at + length;
        }
        // An escape's letter may be cut off or not be ASCII; such a document stays malformed, but is not to panic.
        at = (at + length).min(text.len());
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    if kept == 0 {
        return None;
    }
    mended.push_str(&text[kept..]);
    Some(mended)
}

/// How long the escape that `bytes` begins with is, and whether it is half a character.
fn escape(bytes: &[u8]) -> (usize, bool) {
    match (unit(bytes), unit(bytes.get(6..).unwrap_or_default())) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, false),
        (Some(0xd800..=0xdfff), _) => (6, true),
        (Some(_), _) => (6, false),
        (None, _) => (2, false),
    }
}

/// The value of a `\uXXXX` at the beginning of `bytes`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(bytes.strip_prefix(b"\\u")?.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_halves_are_replaced() {
        assert_eq!(mend(r#""\ud83d\ude00 \u00e9 \n \\ud83d""#), None);
        assert_eq!(mend(r#""a\ud83d b""#).as_deref(), Some(r#""a\ufffd b""#));
        assert_eq!(mend(r#""\ude00\ud83d\ud83d\ude00""#).as_deref(), Some(r#""\ufffd\ufffd\ud83d\ude00""#));
        assert_eq!(mend("\\é \\u12"), None);
        assert_eq!(mend("\\"), None);
    }

    #[test]
    fn a_second_reading_sees_the_mended_text() {
        let read = |text: &str| serde_json::from_str::<String>(text);
        assert_eq!(with_mended_surrogates(r#""cut \ud83d""#, read).expect("mended"), "cut \u{fffd}");
        assert!(with_mended_surrogates(r#""cut \ud83d"#, read).is_err());
    }
}
