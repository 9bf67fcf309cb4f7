//! What changed between two readings of a package.

use std::collections::BTreeSet;

use foldhash::fast::FixedState;
use gleaner_model::{Dependency, EventKind, Package, Version};
use hashbrown::HashMap;

/// Are the facts the same, the edition aside? Both packages must come from `merge`.
pub(super) fn same_facts(old: &Package, new: &Package) -> bool {
    let Package { latest, tags, repository, versions, dependencies, features, licences, details, edition: _ } = old;
    *latest == new.latest
        && *tags == new.tags
        && *repository == new.repository
        && *versions == new.versions
        && *dependencies == new.dependencies
        && *features == new.features
        && *licences == new.licences
        && *details == new.details
}

/// Tells what changed between packages of which the facts are not the same, in the order of the versions; one that was
/// removed stands before the next one that was not.
pub(super) fn diff(old: &Package, new: &Package, kinds: &mut Vec<EventKind>) {
    let kept: HashMap<&str, (), FixedState> =
        new.versions.iter().map(|version| (version.number.as_str(), ())).collect();
    let places: HashMap<&str, usize, FixedState> =
        old.versions.iter().enumerate().map(|(at, version)| (version.number.as_str(), at)).collect();
    let removed = |from: usize, to: usize| {
        let gone =
            old.versions[from..to.max(from)].iter().filter(|version| !kept.contains_key(version.number.as_str()));
        gone.map(|version| EventKind::VersionRemoved { version: version.number.clone() })
    };
    let (mut told, mut untold) = (0, false);
    for version in &new.versions {
        if let Some(at) = places.get(version.number.as_str()) {
            kinds.extend(removed(told, *at));
            told = told.max(*at);
            let before = &old.versions[*at];
            version_changes(Some(before), version, kinds);
            if dependencies_differ(old, before, new, version) {
                kinds.push(EventKind::VersionDependenciesChanged { version: version.number.clone() });
            }
            untold |= differs_otherwise(old, before, new, version);
        } else {
            kinds.push(EventKind::VersionPublished { version: version.number.clone() });
            version_changes(None, version, kinds);
        }
    }
    kinds.extend(removed(told, old.versions.len()));
    if old.latest != new.latest {
        kinds.push(EventKind::LatestChanged { version: new.latest.clone() });
    }
    tag_changes(old, new, kinds);
    if untold || kinds.is_empty() {
        // Whoever follows the events must hear that a package is to be read anew, whatever changed, and that a version which
        // was there is not what it was, whatever else is told.
        kinds.push(EventKind::FactsChanged);
    }
}

/// Named versions that are others now, are new or are gone; in the order of their names.
fn tag_changes(old: &Package, new: &Package, kinds: &mut Vec<EventKind>) {
    let names: BTreeSet<&String> = old.tags.iter().chain(&new.tags).map(|(name, _)| name).collect();
    let of = |package: &Package, name: &str| {
        package.tags.iter().find(|(tag, _)| tag == name).map(|(_, version)| version.clone())
    };
    for name in names {
        let (from, to) = (of(old, name), of(new, name));
        if from != to {
            kinds.push(EventKind::TagMoved { tag: name.clone(), from, to });
        }
    }
}

/// Yanks and deprecations. A new version that is yanked or deprecated already is told to be, after it is told to be
/// new, so that the events alone give the state.
fn version_changes(before: Option<&Version>, after: &Version, kinds: &mut Vec<EventKind>) {
    let version = || after.number.clone();
    let yank = before.and_then(|before| before.yank.as_ref());
    match &after.yank {
        Some(now) if yank != Some(now) => {
            kinds.push(EventKind::VersionYanked { version: version(), reason: now.reason.clone() });
        }
        None if yank.is_some() => kinds.push(EventKind::VersionUnyanked { version: version() }),
        _ => {}
    }
    let deprecated = before.and_then(|before| before.deprecated.as_ref());
    match &after.deprecated {
        Some(now) if deprecated != Some(now) => {
            kinds.push(EventKind::VersionDeprecated { version: version(), message: now.clone() });
        }
        None if deprecated.is_some() => kinds.push(EventKind::VersionUndeprecated { version: version() }),
        _ => {}
    }
}

/// Is there anything else about a version that is not what it was: its files, its features, what it runs on?
fn differs_otherwise(old: &Package, before: &Version, new: &Package, after: &Version) -> bool {
    before.published_at != after.published_at
        || before.runtime != after.runtime
        || before.artifacts != after.artifacts
        || old.details_of(before) != new.details_of(after)
        || old.features_of(before).ne(new.features_of(after))
}

/// Became known, are not known any more, or are others? Their order does not matter.
fn dependencies_differ(old: &Package, before: &Version, new: &Package, after: &Version) -> bool {
    match (before.dependencies.fetched(), after.dependencies.fetched()) {
        (None, None) => false,
        (Some(before), Some(after)) => {
            let mut before: Vec<&Dependency> = old.dependencies_at(before).collect();
            let mut after: Vec<&Dependency> = new.dependencies_at(after).collect();
            if before == after {
                return false;
            }
            before.sort_unstable();
            after.sort_unstable();
            before != after
        }
        _ => true,
    }
}
