//! Ranges: which versions somebody is content with.

use std::fmt;

use super::comparator::{Comparator, Piece};
use super::rewrite;
use super::text::{single_spaced, trim, without_builds, without_gaps};
use super::version::{Version, Wrong};

/// How ranges are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(in crate::npm) struct Options {
    /// Are versions that are nearly ones taken, and comparisons that are none passed over?
    pub(in crate::npm) loose: bool,
    /// Do pre-releases count like other versions?
    pub(in crate::npm) include_prerelease: bool,
}

impl Options {
    /// How npm reads the ranges of dependencies.
    pub(in crate::npm) const LOOSE: Self = Self { loose: true, include_prerelease: false };
    /// How npm reads the ranges of engines.
    pub(in crate::npm) const ENGINES: Self = Self { loose: false, include_prerelease: true };
}

/// A range. A version is in it if one of its sets has no comparison that forbids it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::npm) struct Range {
    /// Comparisons that all must hold; none means any version.
    pub(super) sets: Vec<Vec<Comparator>>,
    include_prerelease: bool,
}

impl Range {
    /// Reads a range.
    pub(in crate::npm) fn parse(text: &str, options: Options) -> Option<Self> {
        let text = single_spaced(text);
        let mut sets = Vec::new();
        for part in text.split("||") {
            sets.extend(read_set(trim(part), options)?);
        }
        if sets.is_empty() {
            return None;
        }
        if sets.len() > 1 {
            let first = sets[0].clone();
            sets.retain(|set| !set.first().is_some_and(Comparator::is_never));
            if sets.is_empty() {
                sets.push(first);
            } else if sets.iter().any(Vec::is_empty) {
                sets = vec![Vec::new()];
            }
        }
        Some(Self { sets, include_prerelease: options.include_prerelease })
    }

    /// The range of one comparison, or of any version.
    pub(super) fn of(comparator: Option<&Comparator>, include_prerelease: bool) -> Self {
        Self { sets: vec![comparator.into_iter().cloned().collect()], include_prerelease }
    }

    /// Is the version in it?
    pub(in crate::npm) fn allows(&self, version: &Version) -> bool {
        self.sets.iter().any(|set| {
            set.iter().all(|comparator| comparator.allows(version))
                && (!version.is_prerelease() || self.include_prerelease || names_prerelease(set, version))
        })
    }
}

/// A pre-release counts only where a comparison names one of the same three numbers.
fn names_prerelease(set: &[Comparator], version: &Version) -> bool {
    set.iter().any(|one| one.version.is_prerelease() && one.version.same_numbers(version))
}

/// Comparisons of one alternative. The outer option is empty if the whole range is none because of it, the inner one if
/// only the alternative is.
#[expect(clippy::option_option, reason = "the two are different things, and each is used once")]
fn read_set(text: &str, options: Options) -> Option<Option<Vec<Comparator>>> {
    let text = without_builds(text);
    let text = rewrite::hyphens(&text, options);
    let text = without_gaps(&text);
    let plain = text.split(' ').map(|piece| rewrite::plain(piece, options)).collect::<Vec<_>>().join(" ");
    let mut set: Vec<Comparator> = Vec::new();
    let (mut is_any, mut never) = (false, None);
    for piece in plain.split(' ') {
        let piece = if piece == anything(options) { "" } else { piece };
        match Comparator::read(piece, options.loose) {
            Piece::Any => is_any = true,
            Piece::Comparator(one) if one.is_never() => never = Some(one),
            Piece::Comparator(one) if set.contains(&one) => {}
            Piece::Comparator(one) => set.push(one),
            Piece::Wrong(Wrong::Shape) if options.loose => {}
            Piece::Wrong(_) => return None,
        }
    }
    if let Some(never) = never {
        return Some(Some(vec![never]));
    }
    Some((is_any || !set.is_empty()).then_some(set))
}

/// What means any version, though it does not look like it.
const fn anything(options: Options) -> &'static str {
    if options.include_prerelease { ">=0.0.0-0" } else { ">=0.0.0" }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sets.iter().enumerate().try_for_each(|(at, set)| {
            f.write_str(if at == 0 { "" } else { "||" })?;
            set.iter().enumerate().try_for_each(|(at, one)| {
                f.write_str(if at == 0 { "" } else { " " })?;
                one.fmt(f)
            })
        })
    }
}
