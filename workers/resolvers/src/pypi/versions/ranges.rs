//! From specifiers to ranges of versions.
//!
//! The problem: a solver needs sets that it can intersect and compare, and a specifier is a rule with exceptions: `<1.0`
//! leaves out the pre-releases of 1.0, `>1.0` its post-releases, `==1.0` takes in `1.0+local`. All of them are intervals
//! over the order of PEP 440 if their ends are chosen well: the least version behind all local ones of `1.0` is
//! `1.0.post0.dev0`, the least version of all that count as 1.0 is `1.0.dev0`.
//!
//! Rules: PEP 440; where it leaves room, uv's (`crates/uv-pep440/src/version_ranges.rs`).

use std::ops::Bound;

use pep440_rs::{Operator, Prerelease, Version, VersionSpecifier, VersionSpecifiers};
use pubgrub::Ranges;

/// What all specifiers together ask for.
pub(in crate::pypi) fn asked(specifiers: &VersionSpecifiers) -> Ranges<Version> {
    specifiers.iter().fold(Ranges::full(), |all, one| all.intersection(&asked_by(one)))
}

/// Do the specifiers, which ask for `range`, name one version, whatever its local part?
pub(in crate::pypi) fn is_pin(specifiers: &VersionSpecifiers, range: &Ranges<Version>) -> bool {
    let is_equal = |one: &&VersionSpecifier| *one.operator() == Operator::Equal;
    range.as_singleton().is_some() || specifiers.iter().filter(is_equal).any(|one| asked_by(one) == *range)
}

/// What specifiers of Python itself ask for. Only releases are compared, since `3.13.0rc1` is meant to do for `>=3.13`.
pub(in crate::pypi) fn asked_of_python(specifiers: &VersionSpecifiers) -> Ranges<Version> {
    specifiers.iter().fold(Ranges::full(), |all, one| all.intersection(&asked_of_python_by(one)))
}

fn asked_by(specifier: &VersionSpecifier) -> Ranges<Version> {
    let version = specifier.version().clone();
    match specifier.operator() {
        Operator::Equal => equal(version),
        Operator::NotEqual => equal(version).complement(),
        Operator::ExactEqual => Ranges::singleton(version),
        Operator::TildeEqual => {
            let above = compatible_end(&version).map(|above| above.with_dev(Some(0)));
            between(Bound::Included(version), above)
        }
        Operator::LessThan if version.any_prerelease() => between(Bound::Unbounded, Some(version)),
        Operator::LessThan => between(Bound::Unbounded, Some(version.with_dev(Some(0)))),
        Operator::LessThanEqual => between(Bound::Unbounded, behind_locals(&version)),
        Operator::GreaterThan => between(above(version), None),
        Operator::GreaterThanEqual => between(Bound::Included(version), None),
        Operator::EqualStar => prefixed(version),
        Operator::NotEqualStar => prefixed(version).complement(),
    }
}

fn equal(version: Version) -> Ranges<Version> {
    if version.is_local() {
        return Ranges::singleton(version);
    }
    let end = behind_locals(&version);
    between(Bound::Included(version), end)
}

/// All that begins with this.
fn prefixed(version: Version) -> Ranges<Version> {
    let low = version.with_dev(Some(0));
    let high = if let Some(post) = low.post() {
        post.checked_add(1).map(|post| low.clone().with_post(Some(post)))
    } else if let Some(pre) = low.pre() {
        next(pre).map(|pre| low.clone().with_pre(Some(pre)))
    } else {
        with_last_raised(low.release()).map(|release| low.clone().with_release(release))
    };
    between(Bound::Included(low), high)
}

/// Where the versions greater than this one begin: its post-releases and local versions are none of them.
fn above(version: Version) -> Bound<Version> {
    if let Some(dev) = version.dev() {
        return dev
            .checked_add(1)
            .map_or(Bound::Excluded(version.clone()), |dev| Bound::Included(version.with_dev(Some(dev))));
    }
    if version.is_post() {
        return behind_locals(&version).map_or(Bound::Excluded(version), Bound::Included);
    }
    match version.pre().and_then(next) {
        Some(pre) => Bound::Included(version.with_pre(Some(pre)).with_dev(Some(0))),
        // Behind all post-releases, however high their number.
        None => Bound::Excluded(version.with_max(Some(0))),
    }
}

/// The least version above all local versions of this one; none if numbers end before.
fn behind_locals(version: &Version) -> Option<Version> {
    let version = version.clone().without_local();
    if let Some(dev) = version.dev() {
        return Some(version.with_dev(Some(dev.checked_add(1)?)));
    }
    let post = match version.post() {
        Some(post) => post.checked_add(1)?,
        None => 0,
    };
    Some(version.with_post(Some(post)).with_dev(Some(0)))
}

/// The end of what is compatible with this: its release without the last number, raised.
fn compatible_end(version: &Version) -> Option<Version> {
    let (_, kept) = version.release().split_last()?;
    Some(Version::new(with_last_raised(kept)?).with_epoch(version.epoch()))
}

fn with_last_raised(release: &[u64]) -> Option<Vec<u64>> {
    let mut release = release.to_vec();
    let last = release.last_mut()?;
    *last = last.checked_add(1)?;
    Some(release)
}

fn next(pre: Prerelease) -> Option<Prerelease> {
    Some(Prerelease { kind: pre.kind, number: pre.number.checked_add(1)? })
}

/// From `low` up to but without `high`; without an upper end if that is a number too high to be one.
fn between(low: Bound<Version>, high: Option<Version>) -> Ranges<Version> {
    // Nothing is below this, and a range must not be told from an equal one.
    let least = Version::new([0]).with_dev(Some(0));
    let low = match low {
        Bound::Included(low) if low <= least => Bound::Unbounded,
        low => low,
    };
    match high {
        Some(high) if high <= least => Ranges::empty(),
        Some(high) => Ranges::from_range_bounds((low, Bound::Excluded(high))),
        None => Ranges::from_range_bounds((low, Bound::Unbounded)),
    }
}

fn asked_of_python_by(specifier: &VersionSpecifier) -> Ranges<Version> {
    let version = specifier.version().only_release();
    let series = |version: Version| {
        let end = with_last_raised(version.release()).map(Version::new);
        between(Bound::Included(version), end)
    };
    match specifier.operator() {
        Operator::Equal | Operator::ExactEqual => Ranges::singleton(version),
        Operator::NotEqual => Ranges::singleton(version).complement(),
        Operator::TildeEqual => {
            let end = compatible_end(&version);
            between(Bound::Included(version), end)
        }
        Operator::LessThan => Ranges::strictly_lower_than(version),
        Operator::LessThanEqual => Ranges::lower_than(version),
        Operator::GreaterThan => Ranges::strictly_higher_than(version),
        Operator::GreaterThanEqual => Ranges::higher_than(version),
        Operator::EqualStar => series(version),
        Operator::NotEqualStar => series(version).complement(),
    }
}

#[cfg(test)]
mod tests;
