//! The character classes of JavaScript's regular expressions.

/// JavaScript's `\s`.
pub(super) fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// JavaScript's `trim`.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Is it letters, digits and hyphens, and some of them?
pub(super) fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The text with each run of white space as one space, and none at its ends.
pub(super) fn single_spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The text without build metadata: each `+` with the identifiers behind it.
pub(super) fn without_builds(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('+') {
        out.push_str(&rest[..at]);
        let end = build_end(&rest[at + 1..]);
        if end == 0 {
            out.push('+');
        }
        rest = &rest[at + 1 + end..];
    }
    out.push_str(rest);
    out
}

/// Where identifiers with dots between them end.
fn build_end(text: &str) -> usize {
    let mut end = 0;
    for part in text.split('.') {
        let length = part.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'-')).unwrap_or(part.len());
        if length == 0 {
            break;
        }
        // A dot stands between this identifier and the one before.
        end += length + usize::from(end > 0);
        if length < part.len() {
            break;
        }
    }
    end
}

/// The operator at the beginning of a text, and the rest.
pub(super) fn split_operator(text: &str) -> (&str, &str) {
    let angle = usize::from(text.starts_with(['<', '>']));
    let end = angle + usize::from(text[angle..].starts_with('='));
    text.split_at(end)
}

/// The text without the white space between an operator and the version that it is about: `> 1` is `>1`, `~ 1` is `~1`.
pub(super) fn without_gaps(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (operator, behind) = split_operator(rest);
        let version = behind.trim_start_matches(is_space);
        let inner = version.trim_start_matches(|c| c == 'v' || c == '=' || is_space(c));
        if inner.starts_with(|c: char| c.is_ascii_digit() || c == 'x' || c == 'X' || c == '*') && !operator.is_empty() {
            out.push_str(operator);
            let length = version.len() - inner.len() + 1;
            out.push_str(&version[..length]);
            rest = &version[length..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    let out = closed_up(&out, "~>");
    let out = closed_up(&out, "~");
    closed_up(&out, "^").replace("~>", "~")
}

/// The text without white space behind each `mark`.
fn closed_up(text: &str, mark: &str) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(mark);
        out.push_str(part.trim_start_matches(is_space));
    }
    out
}
