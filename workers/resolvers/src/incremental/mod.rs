//! Which answers a change of the catalogue can change.
//!
//! The problem: a researcher keeps the graphs of all packages of an ecosystem up to date. Every minute some packages get
//! a version, and nearly all graphs stay as they are; to resolve all roots anew costs everything to learn that little. A
//! root whose every read still has the same first candidate has the same answer, as its resolution says of itself
//! ([`Sensitivity`]). So the reads of all roots are kept the other way round: by package, then by requirement, with the
//! first candidate as it was and the roots that read it. A change of a package looks at that package's distinct
//! requirements alone, however many roots there are.
//!
//! ```text
//! package ── watch (requirement, first candidate) ── roots
//!         └─ roots that any change of the package can change
//! ```
//!
//! One index is about one ecosystem, one environment and one view. Roots are numbers of the caller's own, counted from
//! zero without large gaps. What is dirty is resolved anew by the caller and [recorded](ReverseIndex::record) again.

mod roots;

use foldhash::fast::FixedState;
use gleaner_model::{PackageName, Resolution, Sensitivity};
use hashbrown::HashMap;

use self::roots::Roots;
use crate::{Resolver, View};

/// A root, by the caller's own number.
pub type RootId = u32;

/// What happened to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Versions came, went, were yanked or deprecated, or tags moved: what is chosen first tells whether that matters.
    Versions,
    /// What a version needs is not what it was, or became known: whoever read anything of the package may be changed.
    Facts,
}

/// Reads by package, with the roots that made them.
pub struct ReverseIndex<R: Resolver> {
    environment: R::Environment,
    packages: HashMap<PackageName, Package, FixedState>,
    watches: Vec<Watch>,
    /// What each root reads, to take it out again.
    reads: Vec<RootReads>,
}

#[derive(Default)]
struct Package {
    /// By requirement.
    watches: HashMap<Box<str>, u32, FixedState>,
    /// Those that any change of it can change.
    anything: Roots,
}

/// A requirement of one package.
struct Watch {
    first: Option<Box<str>>,
    roots: Roots,
}

#[derive(Default)]
struct RootReads {
    watches: Box<[u32]>,
    /// The packages of which any change counts; none if first candidates tell all.
    anything: Box<[PackageName]>,
}

/// How much an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexSize {
    /// Packages that somebody read.
    pub packages: usize,
    /// Distinct requirements of them.
    pub watches: usize,
    /// Reads of all roots together.
    pub reads: usize,
    /// Bytes, by the lengths of what is held.
    pub bytes: usize,
}

impl<R: Resolver> ReverseIndex<R> {
    /// An index in which no root is.
    #[must_use]
    pub fn new(environment: R::Environment) -> Self {
        Self { environment, packages: HashMap::default(), watches: Vec::new(), reads: Vec::new() }
    }

    /// Takes in what `root` read, in place of what it read before. `snapshot` and `view` are those that it was resolved in.
    pub fn record(&mut self, root: RootId, resolution: &Resolution, snapshot: &R::Snapshot, view: &View) {
        self.forget(root);
        let watches: Box<[u32]> =
            resolution.read.iter().map(|read| self.watch(&read.name, &read.requirement, snapshot, view)).collect();
        for watch in &watches {
            self.watches[*watch as usize].roots.insert(root);
        }
        let anything: Box<[PackageName]> = match resolution.sensitivity {
            Sensitivity::FirstCandidates => Box::default(),
            Sensitivity::Anything => {
                let mut names: Vec<PackageName> = resolution.read.iter().map(|read| read.name.clone()).collect();
                names.dedup();
                names.into()
            }
        };
        for name in &anything {
            self.packages.entry(name.clone()).or_default().anything.insert(root);
        }
        let at = root as usize;
        if self.reads.len() <= at {
            self.reads.resize_with(at + 1, RootReads::default);
        }
        self.reads[at] = RootReads { watches, anything };
    }

    /// Takes a root out. One that is not in is passed over.
    pub fn forget(&mut self, root: RootId) {
        let Some(reads) = self.reads.get_mut(root as usize).map(std::mem::take) else { return };
        for watch in reads.watches {
            self.watches[watch as usize].roots.remove(root);
        }
        for name in reads.anything {
            if let Some(package) = self.packages.get_mut(&name) {
                package.anything.remove(root);
            }
        }
    }

    /// The roots whose answers the change of a package can have changed, ascending and each once. `snapshot` and `view`
    /// are as after the change. Asked again without another change it answers none.
    pub fn changed(&mut self, name: &PackageName, change: Change, snapshot: &R::Snapshot, view: &View) -> Vec<RootId> {
        let Some(package) = self.packages.get(name) else { return Vec::new() };
        let mut dirty: Vec<RootId> = package.anything.iter().collect();
        for (requirement, at) in &package.watches {
            let watch = &mut self.watches[*at as usize];
            let first = R::first_candidate(snapshot, name, requirement, &self.environment, view);
            if change == Change::Facts || watch.first.as_deref() != first.as_deref() {
                watch.first = first.map(Into::into);
                dirty.extend(watch.roots.iter());
            }
        }
        dirty.sort_unstable();
        dirty.dedup();
        dirty
    }

    /// How much it holds.
    #[must_use]
    pub fn size(&self) -> IndexSize {
        let reads: usize = self.reads.iter().map(|reads| reads.watches.len()).sum();
        let texts = self.packages.values().flat_map(|package| package.watches.keys()).map(|text| text.len() + 32);
        let names = self.packages.keys().map(|name| name.as_str().len() + size_of::<(PackageName, Package)>());
        let firsts = self.watches.iter().map(|watch| {
            size_of::<Watch>() + watch.first.as_ref().map_or(0, |first| first.len()) + watch.roots.bytes()
        });
        let own = self.reads.len() * size_of::<RootReads>() + reads * size_of::<u32>();
        IndexSize {
            packages: self.packages.len(),
            watches: self.watches.len(),
            reads,
            bytes: texts.sum::<usize>() + names.sum::<usize>() + firsts.sum::<usize>() + own,
        }
    }

    fn watch(&mut self, name: &PackageName, requirement: &str, snapshot: &R::Snapshot, view: &View) -> u32 {
        let package = self.packages.entry(name.clone()).or_default();
        if let Some(at) = package.watches.get(requirement) {
            return *at;
        }
        let at = u32::try_from(self.watches.len()).expect("far fewer requirements are written than fit");
        let first = R::first_candidate(snapshot, name, requirement, &self.environment, view);
        self.watches.push(Watch { first: first.map(Into::into), roots: Roots::default() });
        package.watches.insert(requirement.into(), at);
        at
    }
}
