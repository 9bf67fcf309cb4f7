//! From the marks that people write (`^`, `~`, `x`, `1 - 2`) to plain comparisons, still as text.

use super::range::Options;
use super::text::{is_space, split_operator};
use super::version::prerelease;

/// One number of a version with gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Missing,
    /// `x`, `X` or `*`.
    Any,
    Number(&'a str),
}

/// A version with gaps: `1`, `1.x`, `1.2.3-beta`.
#[derive(Clone, Copy, Debug)]
struct Gapped<'a> {
    major: Part<'a>,
    minor: Part<'a>,
    patch: Part<'a>,
    pre: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn read(text: &'a str, loose: bool) -> Option<(Self, &'a str)> {
        if let Some(rest) = text.strip_prefix(['x', 'X', '*']) {
            return Some((Self::Any, rest));
        }
        let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        let is_padded = digits.len() > 1 && digits.starts_with('0');
        (!digits.is_empty() && (loose || !is_padded)).then_some((Self::Number(digits), rest))
    }

    const fn number(self) -> Option<&'a str> {
        match self {
            Self::Number(digits) => Some(digits),
            Self::Missing | Self::Any => None,
        }
    }
}

impl<'a> Gapped<'a> {
    /// The whole text as a version with gaps.
    fn read(text: &'a str, loose: bool) -> Option<Self> {
        let text = text.trim_start_matches(|c| c == 'v' || c == '=' || is_space(c));
        let (major, rest) = Part::read(text, loose)?;
        let mut gapped = Self { major, minor: Part::Missing, patch: Part::Missing, pre: None };
        if rest.is_empty() {
            return Some(gapped);
        }
        let (minor, rest) = Part::read(rest.strip_prefix('.')?, loose)?;
        gapped.minor = minor;
        if rest.is_empty() {
            return Some(gapped);
        }
        let (patch, rest) = Part::read(rest.strip_prefix('.')?, loose)?;
        gapped.patch = patch;
        gapped.pre = prerelease(rest, loose)?;
        Some(gapped)
    }

    /// Does a number follow a gap?
    fn is_out_of_order(&self) -> bool {
        (self.major.number().is_none() && self.minor.number().is_some())
            || (self.minor.number().is_none() && self.patch.number().is_some())
    }
}

/// The number after this one. Beyond what can be counted exactly it is a text that is no version.
fn after(digits: &str) -> String {
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_add(1))
        .map_or_else(|| "huge".to_owned(), |n| n.to_string())
}

/// `1.2 - 3.4.5` is `>=1.2.0 <=3.4.5`; anything else stays as it is.
pub(super) fn hyphens(text: &str, options: Options) -> String {
    let gaps = text.match_indices(" - ");
    let found = gaps.filter_map(|(at, gap)| {
        let (from, to) = (text[..at].trim_matches(is_space), text[at + gap.len()..].trim_matches(is_space));
        Some((from, Gapped::read(from, options.loose)?, Gapped::read(to, options.loose)?, to))
    });
    let Some((from, low, high, to)) = found.last() else { return text.to_owned() };
    let zero = if options.include_prerelease { "-0" } else { "" };
    let low = match (low.major.number(), low.minor.number(), low.patch.number(), low.pre) {
        (None, ..) => String::new(),
        (Some(major), None, ..) => format!(">={major}.0.0{zero}"),
        (Some(major), Some(minor), None, _) => format!(">={major}.{minor}.0{zero}"),
        (.., Some(_)) => format!(">={from}"),
        _ => format!(">={from}{zero}"),
    };
    let high = match (high.major.number(), high.minor.number(), high.patch.number(), high.pre) {
        (None, ..) => String::new(),
        (Some(major), None, ..) => format!("<{}.0.0-0", after(major)),
        (Some(major), Some(minor), None, _) => format!("<{major}.{}.0-0", after(minor)),
        (Some(major), Some(minor), Some(patch), Some(pre)) => format!("<={major}.{minor}.{patch}-{pre}"),
        (Some(major), Some(minor), Some(patch), None) if options.include_prerelease => {
            format!("<{major}.{minor}.{}-0", after(patch))
        }
        _ => format!("<={to}"),
    };
    format!("{low} {high}").trim().to_owned()
}

/// A piece without marks: comparisons with spaces between them, none for any version.
pub(super) fn plain(piece: &str, options: Options) -> String {
    let piece = caret(piece, options);
    let piece = each_word(&piece, |word| tilde(word, options));
    let piece = each_word(&piece, |word| gaps(word, options));
    without_star(&piece)
}

fn each_word(text: &str, rewrite: impl Fn(&str) -> String) -> String {
    text.split(' ').map(rewrite).collect::<Vec<_>>().join(" ")
}

fn caret(piece: &str, options: Options) -> String {
    let Some(gapped) = piece.strip_prefix('^').and_then(|rest| Gapped::read(rest, options.loose)) else {
        return piece.to_owned();
    };
    let zero = if options.include_prerelease { "-0" } else { "" };
    let Some(major) = gapped.major.number() else { return String::new() };
    let Some(minor) = gapped.minor.number() else { return format!(">={major}.0.0{zero} <{}.0.0-0", after(major)) };
    let next_major = || format!("<{}.0.0-0", after(major));
    let next_minor = || format!("<{major}.{}.0-0", after(minor));
    let Some(patch) = gapped.patch.number() else {
        let end = if major == "0" { next_minor() } else { next_major() };
        return format!(">={major}.{minor}.0{zero} {end}");
    };
    let end = match (major, minor) {
        ("0", "0") => format!("<{major}.{minor}.{}-0", after(patch)),
        ("0", _) => next_minor(),
        _ => next_major(),
    };
    let pre = gapped.pre.map(|pre| format!("-{pre}")).unwrap_or_default();
    format!(">={major}.{minor}.{patch}{pre} {end}")
}

fn tilde(piece: &str, options: Options) -> String {
    let marked = piece.strip_prefix("~>").or_else(|| piece.strip_prefix('~'));
    let Some(gapped) = marked.and_then(|rest| Gapped::read(rest, options.loose)) else { return piece.to_owned() };
    let zero = if options.include_prerelease { "-0" } else { "" };
    let Some(major) = gapped.major.number() else { return String::new() };
    let Some(minor) = gapped.minor.number() else { return format!(">={major}.0.0{zero} <{}.0.0-0", after(major)) };
    let end = format!("<{major}.{}.0-0", after(minor));
    match (gapped.patch.number(), gapped.pre) {
        (None, _) => format!(">={major}.{minor}.0{zero} {end}"),
        (Some(patch), Some(pre)) => format!(">={major}.{minor}.{patch}-{pre} {end}"),
        (Some(patch), None) => format!(">={major}.{minor}.{patch} {end}"),
    }
}

/// `1.x`, `>1.2` and their like.
fn gaps(piece: &str, options: Options) -> String {
    let (operator, rest) = split_operator(piece);
    let Some(gapped) = Gapped::read(rest, options.loose).filter(|gapped| !gapped.is_out_of_order()) else {
        return piece.to_owned();
    };
    let zero = if options.include_prerelease { "-0" } else { "" };
    let Some(major) = gapped.major.number() else {
        return if matches!(operator, "<" | ">") { "<0.0.0-0" } else { "*" }.to_owned();
    };
    let (minor, patch) = (gapped.minor.number(), gapped.patch.number());
    let next = |minor: Option<&str>| match minor {
        None => format!("{}.0.0", after(major)),
        Some(minor) => format!("{major}.{}.0", after(minor)),
    };
    let this = || format!("{major}.{}.0", minor.unwrap_or("0"));
    match (operator, minor, patch) {
        (_, Some(_), Some(_)) => piece.to_owned(),
        ("" | "=", ..) => format!(">={}{zero} <{}-0", this(), next(minor)),
        (">", ..) => format!(">={}{zero}", next(minor)),
        ("<=", ..) => format!("<{}-0", next(minor)),
        ("<", ..) => format!("<{}-0", this()),
        _ => format!("{operator}{}{zero}", this()),
    }
}

/// The text without its first star and the operator in front of that.
fn without_star(text: &str) -> String {
    let text = text.trim_matches(is_space);
    let Some(at) = text.find('*') else { return text.to_owned() };
    let before = text[..at].trim_end_matches(is_space);
    let before = before.strip_suffix('=').unwrap_or(before);
    let before = before.strip_suffix(['<', '>']).unwrap_or(before);
    format!("{before}{}", &text[at + 1..])
}
