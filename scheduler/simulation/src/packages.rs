//! The packages of the world: what the catalogue knows of each, and which others a resolution of it needs.
//!
//! A resolution finds layer after layer of what it needs: of which packages a package depends is known once it was
//! crawled. Who depends on whom never changes and follows from the numbers alone, circles included.

use std::collections::BTreeMap;

use gleaner_model::JobState;

use crate::chance::Chance;

/// The bit of a target that stands for a package's older part.
pub(crate) const OLDER: u64 = 1 << 40;

/// The bit of a target that stands for a resolution of the package, which asks no host.
pub(crate) const RESOLVE: u64 = 1 << 41;

/// Resolutions are about packages below this, so that a set of them is one number.
pub(crate) const UNIVERSE: u64 = 60;

/// A set of packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packages(pub(crate) u64);

impl Packages {
    /// The packages, in ascending order.
    pub(crate) fn iter(self) -> impl Iterator<Item = u64> {
        (0..UNIVERSE).filter(move |package| self.0 & (1 << package) != 0)
    }
}

/// What the catalogue knows of a package that was crawled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Rises whenever its content changes; 0 if it never had any.
    pub(crate) revision: u64,
    pub(crate) present: bool,
    /// Its older part was not crawled.
    pub(crate) pending: bool,
}

/// The records that are durable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue(BTreeMap<u64, Record>);

impl Catalogue {
    /// Takes in how a crawl of this target ended, which was the task of this number.
    pub(crate) fn crawled(&mut self, target: u64, state: JobState, task: u64) {
        let record = self.0.entry(target & !(OLDER | RESOLVE)).or_default();
        let is_first = record.revision == 0;
        match state {
            JobState::Done if target & OLDER != 0 => {
                // What was there already is no change.
                record.revision += u64::from(record.pending);
                record.pending = false;
            }
            JobState::Done => {
                record.present = true;
                // Most crawls find what was found before.
                if is_first || task.is_multiple_of(4) {
                    record.revision += 1;
                    record.pending |= is_first && target.is_multiple_of(4);
                }
            }
            JobState::NotFound => record.present = false,
            _ => {}
        }
    }

    pub(crate) fn get(&self, package: u64) -> Option<Record> {
        self.0.get(&package).copied()
    }

    /// What a resolution of a package lacks: of all that it needs as far as that is known, what was never crawled, what
    /// is not there, and what is needed of the older part.
    pub(crate) fn lacks(&self, root: u64) -> Packages {
        let (mut seen, mut lacks, mut next) = (1_u64 << root, 0_u64, vec![root]);
        while let Some(package) = next.pop() {
            let record = self.get(package).unwrap_or_default();
            if !record.present || (record.pending && package.is_multiple_of(8)) {
                lacks |= 1 << package;
            }
            if record.present {
                let fresh = dependencies(package).filter(|other| seen & (1 << other) == 0).collect::<Vec<_>>();
                fresh.iter().for_each(|other| seen |= 1 << other);
                next.extend(fresh);
            }
        }
        Packages(lacks)
    }
}

/// Which packages one depends on: none to three.
fn dependencies(package: u64) -> impl Iterator<Item = u64> {
    let mut chance = Chance::new(package);
    let count = chance.below(4);
    (0..count).map(move |_| chance.next() % UNIVERSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_shrinks_to_nothing_layer_by_layer() {
        let (mut catalogue, mut rounds) = (Catalogue::default(), 0);
        while catalogue.lacks(7) != Packages(0) {
            for package in catalogue.lacks(7).iter() {
                let part = if catalogue.get(package).is_some() { OLDER } else { 0 };
                catalogue.crawled(package | part, JobState::Done, 1);
            }
            rounds += 1;
            assert!(rounds < 60, "{:?}", catalogue.lacks(7));
        }
        assert!(rounds > 2, "there are layers: {rounds}");
    }

    #[test]
    fn a_package_that_is_not_there_stays_lacking_and_does_not_change() {
        let mut catalogue = Catalogue::default();
        catalogue.crawled(5, JobState::NotFound, 1);
        let before = catalogue.get(5);
        catalogue.crawled(5, JobState::NotFound, 4);
        assert_eq!((catalogue.get(5), before), (Some(Record::default()), Some(Record::default())));
        assert_eq!(catalogue.lacks(5), Packages(1 << 5));
    }
}
