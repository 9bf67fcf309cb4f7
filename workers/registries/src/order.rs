//! Which of two versions is the higher one, by each ecosystem's own rule.
//!
//! Every registry holds numbers that its own rule cannot read. They are kept, below all others and ordered by their
//! text, so that the order is total and the same everywhere.

use std::cmp::Ordering;

use gleaner_model::{Ecosystem, Version};

use crate::{cargo::order::CargoOrder, npm::order::NpmOrder, pypi::order::PypiOrder};

/// One ecosystem's rule.
pub(crate) trait Order {
    /// A version number as the rule understands it. Its order may leave ties (npm ignores build metadata).
    type Key: Ord;

    /// Reads a number; none if the rule does not know it.
    fn key(number: &str) -> Option<Self::Key>;

    /// Is it a pre-release (for Python also a development release)?
    fn is_prerelease(key: &Self::Key) -> bool;
}

/// Compares two version numbers by the rule of `ecosystem`; only equal texts are equal.
#[must_use]
pub fn compare(ecosystem: Ecosystem, a: &str, b: &str) -> Ordering {
    fn by<O: Order>(a: &str, b: &str) -> Ordering {
        O::key(a).cmp(&O::key(b)).then_with(|| a.cmp(b))
    }
    match ecosystem {
        Ecosystem::Cargo => by::<CargoOrder>(a, b),
        Ecosystem::Npm => by::<NpmOrder>(a, b),
        Ecosystem::Pypi => by::<PypiOrder>(a, b),
    }
}

/// Is `number` a pre-release by the rule of `ecosystem`? A number that the rule cannot read is none.
#[must_use]
pub fn is_prerelease(ecosystem: Ecosystem, number: &str) -> bool {
    fn by<O: Order>(number: &str) -> bool {
        O::key(number).is_some_and(|key| O::is_prerelease(&key))
    }
    match ecosystem {
        Ecosystem::Cargo => by::<CargoOrder>(number),
        Ecosystem::Npm => by::<NpmOrder>(number),
        Ecosystem::Pypi => by::<PypiOrder>(number),
    }
}

/// Versions in ascending order, each with its key.
pub(crate) struct Ordered<O: Order> {
    /// The keys, one a version.
    keys: Vec<Option<O::Key>>,
    /// The versions, lowest first.
    pub(crate) versions: Vec<Version>,
}

/// Sorts versions; of several with the same number the one that came last stays, as in a JSON object.
pub(crate) fn sort<O: Order>(versions: Vec<Version>) -> Ordered<O> {
    let keys: Vec<_> = versions.iter().map(|version| O::key(&version.number)).collect();
    // Positions are sorted instead of versions, which are some hundred bytes each.
    let mut positions: Vec<usize> = (0..versions.len()).collect();
    positions.sort_by(|&a, &b| keys[a].cmp(&keys[b]).then_with(|| versions[a].number.cmp(&versions[b].number)));
    let mut entries: Vec<_> = keys.into_iter().zip(versions).map(Some).collect();
    let mut ordered = Ordered { keys: Vec::with_capacity(entries.len()), versions: Vec::with_capacity(entries.len()) };
    for (key, version) in positions.into_iter().filter_map(|at| entries[at].take()) {
        // The sort is stable, so of equal numbers the later one in the document comes later here.
        if ordered.versions.last().is_some_and(|last: &Version| last.number == version.number) {
            ordered.keys.pop();
            ordered.versions.pop();
        }
        ordered.keys.push(key);
        ordered.versions.push(version);
    }
    ordered
}

impl<O: Order> Ordered<O> {
    /// The version that a registry without tags offers: the highest that has files and is neither yanked nor a
    /// pre-release, or the highest of all if there is none.
    pub(crate) fn latest(&self) -> Option<String> {
        let offered = |(key, version): &(&Option<O::Key>, &Version)| {
            let stable = key.as_ref().is_some_and(|key| !O::is_prerelease(key));
            stable && version.yank.is_none() && !version.artifacts.is_empty()
        };
        let best = self.keys.iter().zip(&self.versions).rev().find(offered).map(|(_, version)| version);
        best.or(self.versions.last()).map(|version| version.number.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(ecosystem: Ecosystem, numbers: &[&str]) {
        for (i, a) in numbers.iter().enumerate() {
            for (j, b) in numbers.iter().enumerate() {
                assert_eq!(compare(ecosystem, a, b), i.cmp(&j), "{ecosystem}: {a} and {b}");
            }
        }
    }

    #[test]
    fn each_ecosystem_has_its_own_order() {
        let cargo = ["1", "not one", "0.9.0", "1.0.0-alpha", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0", "1.0.0+1"];
        ascending(Ecosystem::Cargo, &cargo);
        let npm = ["not one", "0.9.0", "1.0.0-alpha", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0", "1.0.0+1", "1.10.0"];
        ascending(Ecosystem::Npm, &npm);
        let pypi =
            ["2004d-x", "1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.0", "1.0+local", "1.0.post1", "1.9", "1.10", "1!0"];
        ascending(Ecosystem::Pypi, &pypi);
    }

    #[test]
    fn long_numbers_are_read_exactly() {
        ascending(Ecosystem::Npm, &["1.0.99999999999", "1.0.9007199254740991", "2.0.0"]);
    }

    #[test]
    fn prereleases_are_told_apart() {
        assert!(is_prerelease(Ecosystem::Cargo, "1.0.0-rc.1"));
        assert!(!is_prerelease(Ecosystem::Cargo, "1.0.0+rc.1"));
        assert!(is_prerelease(Ecosystem::Npm, "1.0.0-0"));
        assert!(!is_prerelease(Ecosystem::Npm, "1.0.0"));
        assert!(is_prerelease(Ecosystem::Pypi, "1.0rc1"));
        assert!(is_prerelease(Ecosystem::Pypi, "1.0.dev3"));
        assert!(!is_prerelease(Ecosystem::Pypi, "1.0.post1"));
        assert!(!is_prerelease(Ecosystem::Pypi, "what"));
    }
}
