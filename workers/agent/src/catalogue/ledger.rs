//! What a shelf knows of each package, apart from the package itself. Pure.

use std::collections::{BTreeMap, HashMap};

use gleaner_model::{ContentHash, PackageName};

/// What is known of one package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// It is exact at this position, and at later ones until an event tells of it.
    pub(super) position: u64,
    /// The fingerprint of its content.
    pub(super) content: ContentHash,
    /// The shelf's revision that brought this content.
    pub(super) revision: u64,
    /// Did it come from the disk, and was never asked of the catalogue in this process?
    pub(super) from_disk: bool,
}

/// What is known of each package.
#[derive(Debug, Default)]
pub(super) struct Ledger(HashMap<PackageName, Entry>);

impl Ledger {
    pub(super) fn get(&self, name: &PackageName) -> Option<&Entry> {
        self.0.get(name)
    }

    /// Of those that events touched (each with the position right after its last event), the ones that are known as they
    /// were before that.
    pub(super) fn stale(&self, touched: &BTreeMap<PackageName, u64>) -> Vec<PackageName> {
        let is_stale =
            |(name, after): &(&PackageName, &u64)| self.0.get(*name).is_some_and(|entry| entry.position < **after);
        touched.iter().filter(is_stale).map(|(name, _)| name.clone()).collect()
    }

    /// Did a revision after this one bring anything new of one of these?
    pub(super) fn has_news(&self, names: &[PackageName], since: u64) -> bool {
        names.iter().any(|name| self.0.get(name).is_some_and(|entry| entry.revision > since))
    }

    pub(super) fn take_in(&mut self, entries: Vec<(PackageName, Entry)>) {
        self.0.extend(entries);
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::Ecosystem;

    use super::*;

    fn name(text: &str) -> PackageName {
        PackageName::new(Ecosystem::Cargo, text).expect("a name")
    }

    fn entry(position: u64, revision: u64) -> Entry {
        Entry { position, content: ContentHash([0; 32]), revision, from_disk: false }
    }

    #[test]
    fn stale_is_what_is_known_from_before_its_last_event() {
        let mut ledger = Ledger::default();
        ledger.take_in(vec![(name("old"), entry(4, 1)), (name("new"), entry(9, 2)), (name("just"), entry(5, 2))]);
        let touched = ["old", "new", "just", "unknown"].map(|text| (name(text), 5)).into();
        assert_eq!(ledger.stale(&touched), [name("old")]);
    }

    #[test]
    fn news_are_contents_of_later_revisions() {
        let mut ledger = Ledger::default();
        ledger.take_in(vec![(name("a"), entry(1, 1)), (name("b"), entry(1, 2))]);
        assert!(ledger.has_news(&[name("a"), name("b")], 1));
        assert!(!ledger.has_news(&[name("a"), name("unknown")], 1));
        assert!(!ledger.has_news(&[name("b")], 2));
    }
}
