//! One version, read strictly or loosely.
//!
//! Build metadata never counts and is not kept. A number beyond 2^53 - 1 makes a text no version at all, since node-semver
//! counts in JavaScript's numbers.

use std::cmp::Ordering;
use std::fmt;

use super::text::{is_identifier, trim};

/// JavaScript's `Number.MAX_SAFE_INTEGER`.
const NUMBER_MAX: u64 = 9_007_199_254_740_991;
/// Longer texts are no versions.
const LENGTH_MAX: usize = 256;

/// A version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::npm) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    /// The pre-release's identifiers; none for a release.
    pub(super) pre: Box<[Identifier]>,
}

/// A part of a pre-release. The order of the variants is that of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Identifier {
    Number(u64),
    /// Digits beyond JavaScript's exact numbers: how many, and which.
    Long(usize, Box<str>),
    Text(Box<str>),
}

/// Why a text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It does not look like one.
    Shape,
    /// It looks like one and is too long, or a number in it too large.
    Size,
}

impl Version {
    /// A release.
    pub(super) fn plain(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, pre: Box::default() }
    }

    /// Reads a version. Loosely, `=v 1.02.3beta` is `1.2.3-beta`.
    pub(in crate::npm) fn parse(text: &str, loose: bool) -> Option<Self> {
        Self::read(text, loose).ok()
    }

    /// What `semver.clean` makes of a text, loosely.
    pub(in crate::npm) fn clean(text: &str) -> Option<Self> {
        Self::parse(trim(text).trim_start_matches(['=', 'v']), true)
    }

    pub(super) fn read(text: &str, loose: bool) -> Result<Self, Wrong> {
        let trimmed = trim(text);
        let rest = if loose {
            trimmed.trim_start_matches(|c| c == 'v' || c == '=' || super::text::is_space(c))
        } else {
            trimmed.strip_prefix('v').unwrap_or(trimmed)
        };
        let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
        if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
            return Err(Wrong::Shape);
        }
        let (major, rest) = number(rest, loose)?;
        let (minor, rest) = number(rest.strip_prefix('.').ok_or(Wrong::Shape)?, loose)?;
        let (patch, rest) = number(rest.strip_prefix('.').ok_or(Wrong::Shape)?, loose)?;
        let pre = prerelease(rest, loose).ok_or(Wrong::Shape)?;
        let is_small = text.len() <= LENGTH_MAX && [major, minor, patch].iter().all(Option::is_some);
        let (Some(major), Some(minor), Some(patch), true) = (major, minor, patch, is_small) else {
            return Err(Wrong::Size);
        };
        let pre = pre.map(|pre| pre.split('.').map(Identifier::of).collect()).unwrap_or_default();
        Ok(Self { major, minor, patch, pre })
    }

    /// Is it a pre-release?
    pub(in crate::npm) fn is_prerelease(&self) -> bool {
        !self.pre.is_empty()
    }

    /// Are the three numbers the same?
    pub(super) fn same_numbers(&self, other: &Self) -> bool {
        (self.major, self.minor, self.patch) == (other.major, other.minor, other.patch)
    }
}

/// The number at the beginning of a text, none if it is too large, and what follows.
fn number(text: &str, loose: bool) -> Result<(Option<u64>, &str), Wrong> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || (!loose && digits.len() > 1 && digits.starts_with('0')) {
        return Err(Wrong::Shape);
    }
    Ok((digits.parse().ok().filter(|number| *number <= NUMBER_MAX), rest))
}

/// What stands behind the numbers: nothing, or a pre-release, which has a `-` in front of it or, loosely, none. The outer
/// option is empty if it is neither.
pub(super) fn prerelease(rest: &str, loose: bool) -> Option<Option<&str>> {
    if rest.is_empty() {
        return Some(None);
    }
    let is_one = |text: &str| text.split('.').all(|part| is_prerelease_identifier(part, loose));
    match rest.strip_prefix('-') {
        Some(text) if is_one(text) => Some(Some(text)),
        _ if loose && is_one(rest) => Some(Some(rest)),
        _ => None,
    }
}

fn is_prerelease_identifier(text: &str, loose: bool) -> bool {
    let is_padded = || text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    is_identifier(text) && (loose || !is_padded())
}

impl Identifier {
    fn of(text: &str) -> Self {
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::Text(text.into());
        }
        match text.parse() {
            Ok(number) if number < NUMBER_MAX => Self::Number(number),
            _ => {
                let digits = text.trim_start_matches('0');
                Self::Long(digits.len(), digits.into())
            }
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch)).then_with(|| {
            // Nothing comes after any pre-release.
            match (self.pre.is_empty(), other.pre.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => self.pre.cmp(&other.pre),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        self.pre.iter().enumerate().try_for_each(|(at, part)| {
            f.write_str(if at == 0 { "-" } else { "." })?;
            match part {
                Identifier::Number(number) => write!(f, "{number}"),
                Identifier::Long(_, text) | Identifier::Text(text) => f.write_str(text),
            }
        })
    }
}
