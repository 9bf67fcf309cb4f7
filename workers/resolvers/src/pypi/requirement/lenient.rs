//! Specifiers that were written before anyone checked them.
//!
//! Thousands of releases say `>=1.*` or `>=2,`. They cannot be corrected, and uv mends what can be mended
//! (`crates/uv-pypi-types/src/lenient_requirement.rs`): one mend after the other, until what there is can be read. What
//! cannot be mended makes its release unusable.

use pep440_rs::VersionSpecifiers;

type Mend = fn(&str) -> String;

const MENDS: [Mend; 8] = [
    insert_commas,
    replace_tilde,
    drop_stars_behind_orders,
    insert_dots_before_stars,
    drop_last_comma,
    read_dev_as_version,
    drop_zeros_behind_pre_releases,
    drop_quotes,
];

/// Reads specifiers as they are, or as they can be mended.
pub(in crate::pypi) fn specifiers(text: &str) -> Option<VersionSpecifiers> {
    if let Ok(specifiers) = text.parse() {
        return Some(specifiers);
    }
    let mut mended = text.to_owned();
    for mend in MENDS {
        let next = mend(&mended);
        if next != mended {
            if let Ok(specifiers) = next.parse() {
                return Some(specifiers);
            }
            mended = next;
        }
    }
    None
}

/// `>=7.2<8` is `>=7.2,<8`.
fn insert_commas(text: &str) -> String {
    let mut mended = String::with_capacity(text.len() + 1);
    let mut last = ' ';
    for c in text.chars() {
        if last.is_ascii_digit() && "<>=~^!".contains(c) {
            mended.push(',');
        }
        mended.push(c);
        last = c;
    }
    mended
}

/// `!=~5.0` is `!=5.0.*`.
fn replace_tilde(text: &str) -> String {
    let mut mended = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("!=~") {
        let behind = &rest[at + 3..];
        let length = single_digits(behind);
        mended.push_str(&rest[..at]);
        if length == 0 {
            mended.push_str("!=~");
        } else {
            mended.push_str("!=");
            mended.push_str(&behind[..length]);
            mended.push_str(".*");
        }
        rest = &behind[length..];
    }
    mended + rest
}

/// How long the digits with dots between are at the beginning.
fn single_digits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if !is_digit(0) {
        return 0;
    }
    let mut length = 1;
    while bytes.get(length) == Some(&b'.') && is_digit(length + 1) {
        length += 2;
    }
    length
}

/// `>=1.9.*` is `>=1.9`.
fn drop_stars_behind_orders(text: &str) -> String {
    let mut mended = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '>']) {
        let operator = at + if rest[at + 1..].starts_with('=') { 2 } else { 1 };
        let blanks = rest[operator..].len() - rest[operator..].trim_start().len();
        let number = operator + blanks;
        let length = rest[number..].find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len() - number);
        let end = number + length;
        let release = &rest[number..end];
        mended.push_str(&rest[..end]);
        rest = &rest[end..];
        let is_release = release.strip_suffix('.').is_some_and(|release| release.split('.').all(is_number));
        if is_release && rest.starts_with('*') {
            mended.pop();
            rest = &rest[1..];
        }
    }
    mended + rest
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `!=3.0*` is `!=3.0.*`.
fn insert_dots_before_stars(text: &str) -> String {
    let mut mended = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        let before = mended.as_bytes();
        let is_minor = matches!(before, [.., a, b'.', b] if a.is_ascii_digit() && b.is_ascii_digit());
        if c == '*' && is_minor {
            mended.push('.');
        }
        mended.push(c);
    }
    mended
}

fn drop_last_comma(text: &str) -> String {
    text.trim_end().strip_suffix(',').unwrap_or(text).to_owned()
}

fn read_dev_as_version(text: &str) -> String {
    text.replace(">dev", ">0.0.0dev")
}

/// `>=9.0.0a1.0` is `>=9.0.0a1`.
fn drop_zeros_behind_pre_releases(text: &str) -> String {
    let mut mended = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(".0") {
        mended.push_str(&rest[..at]);
        if !ends_with_pre_release(&mended) {
            mended.push_str(".0");
        }
        rest = &rest[at + 2..];
    }
    mended + rest
}

/// Digits, one of the words of pre-releases, and digits.
fn ends_with_pre_release(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_digit());
    word.len() < text.len()
        && ["a", "b", "rc", "post", "dev"]
            .iter()
            .any(|kind| word.strip_suffix(kind).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit())))
}

fn drop_quotes(text: &str) -> String {
    text.replace(['\'', '"'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of uv's own tests.
    #[test]
    fn what_uv_mends_is_mended() {
        for (written, meant) in [
            (">=7.2.0<8.0.0", ">=7.2.0, <8.0.0"),
            ("!=~5.0,>=4.12", ">=4.12, !=5.0.*"),
            ("!=~5,>=4.12", ">=4.12, !=5.*"),
            (">=1.9.*", ">=1.9"),
            (">= 3.7.*,<4.0.*", ">=3.7, <4.0"),
            ("<=0.10.*,>=0.5", ">=0.5, <=0.10"),
            (">=3.6,!=3.0*,!=3.1*", ">=3.6, !=3.0.*, !=3.1.*"),
            (">=3.6,", ">=3.6"),
            (">dev", ">0.0.0.dev0"),
            (">=9.0.0a1.0", ">=9.0.0a1"),
            (">=3.6'", ">=3.6"),
            ("'>= 2.7'", ">=2.7"),
            ("\">=2.6\"", ">=2.6"),
        ] {
            let read = specifiers(written);
            let expected = meant.parse::<VersionSpecifiers>().ok();
            assert!(read.is_some() && read == expected, "{written}: {read:?} is not {expected:?}");
        }
        for beyond in ["~=1.0.*", "=>1", "^1.0", ">=1.x", "nonsense", ">=1..*"] {
            assert_eq!(specifiers(beyond), None, "{beyond}");
        }
    }
}
