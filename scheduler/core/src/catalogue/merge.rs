//! Merging: what is known of a version and was not fetched again is carried into the new facts.
//!
//! A worker is told which versions are settled and leaves them as pending; and a registry at times fails to serve a
//! file that it served before. What a version's files said stays true as long as those files are there: registries'
//! files do not change, and files that are added later do not take back what the earlier ones said.

use std::hash::Hash;

use foldhash::fast::FixedState;
use gleaner_model::{Artifact, Dependencies, Dependency, Details, Feature, Package, Pool, PoolIndex, Version};
use hashbrown::HashMap;

/// The new facts, completed by the old ones. Its pools are in the order of first appearance and hold nothing unused,
/// so that the same facts always give the same value.
pub(super) fn merge(old: Option<&Package>, new: Package) -> Package {
    let Package { latest, tags, mut repository, mut versions, dependencies, features, licences, details, mut edition } =
        new;
    let mut pools = Pools {
        dependencies: Pool::with_room_for(dependencies.len()),
        features: Pool::with_room_for(features.len()),
        licences: Pool::with_room_for(licences.len()),
        details: Pool::with_room_for(details.len()),
    };
    let mut from_new = Moves {
        dependencies: Move::of(Values::Own(dependencies.into_iter().map(Some).collect())),
        features: Move::of(Values::Own(features.into_iter().map(Some).collect())),
        licences: Move::of(Values::Own(licences.into_iter().map(Some).collect())),
        details: Move::of(Values::Own(details.into_iter().map(Some).collect())),
    };
    let mut carried = Carried::of(old, &versions);
    let mut latest_carried = false;
    for version in &mut versions {
        let known = carried.known(version);
        if known.is_some() {
            version.dependencies = Dependencies::Pending;
        }
        from_new.place(version, &mut pools);
        if let Some(known) = known {
            latest_carried |= latest.as_deref() == Some(&version.number);
            carried.complete(version, known, &mut pools);
        }
    }
    if let Some(old) = old {
        // Where the repository is stands in the same extra document, that of the latest version.
        if repository.is_none() && latest_carried {
            repository.clone_from(&old.repository);
        }
        edition = edition.or(old.edition);
    }
    Package {
        latest,
        tags,
        repository,
        versions,
        dependencies: pools.dependencies.into_values(),
        features: pools.features.into_values(),
        licences: pools.licences.into_values(),
        details: pools.details.into_values(),
        edition,
    }
}

/// Does what is known of `old` outlive what `new` says of the same version?
fn outlives(old: &Version, new: &Version) -> bool {
    let knows_more = match new.dependencies {
        Dependencies::Fetched(_) => false,
        Dependencies::NotFound | Dependencies::Malformed => old.dependencies.fetched().is_some(),
        Dependencies::NotFetched | Dependencies::Pending => old.dependencies.is_settled(),
    };
    knows_more && old.artifacts.iter().all(|file| new.artifacts.iter().any(|kept| is_same_file(file, kept)))
}

/// The same bytes under the same name: a file that is withdrawn still says what it said.
fn is_same_file(one: &Artifact, other: &Artifact) -> bool {
    (&one.name, &one.algorithm, &one.checksum) == (&other.name, &other.algorithm, &other.checksum)
}

/// What was known of the versions before.
struct Carried<'a> {
    versions: HashMap<&'a str, &'a Version, FixedState>,
    moves: Moves<'a>,
}

impl<'a> Carried<'a> {
    /// What is known of `old`, or nothing if the new facts are complete, as they always are where one document tells
    /// everything.
    fn of(old: Option<&'a Package>, new: &[Version]) -> Self {
        let old = old.filter(|_| new.iter().any(|version| version.dependencies.fetched().is_none()));
        let pools = old.map(|old| (old.dependencies.as_slice(), old.features.as_slice(), old.licences.as_slice()));
        let (dependencies, features, licences) = pools.unwrap_or_default();
        Self {
            versions: old.iter().flat_map(|old| &old.versions).map(|known| (known.number.as_str(), known)).collect(),
            moves: Moves {
                dependencies: Move::of(Values::Lent(dependencies)),
                features: Move::of(Values::Lent(features)),
                licences: Move::of(Values::Lent(licences)),
                // They stand in the document that is always read.
                details: Move::of(Values::Lent(&[])),
            },
        }
    }

    /// What is known of `new` and outlives it.
    fn known(&self, new: &Version) -> Option<&'a Version> {
        self.versions.get(new.number.as_str()).copied().filter(|known| outlives(known, new))
    }

    /// Gives `new` the dependencies of `known`, and what else stands in the same document unless `new` has it.
    fn complete(&mut self, new: &mut Version, known: &Version, pools: &mut Pools) {
        new.dependencies = known.dependencies.clone();
        if let Dependencies::Fetched(positions) = &mut new.dependencies {
            self.moves.dependencies.all(positions, &mut pools.dependencies);
        }
        if new.licence.is_none() {
            new.licence = known.licence.map(|at| self.moves.licences.one(at, &mut pools.licences));
        }
        if new.runtime.is_none() {
            new.runtime.clone_from(&known.runtime);
        }
        if new.features.is_empty() {
            new.features.clone_from(&known.features);
            self.moves.features.all(&mut new.features, &mut pools.features);
        }
    }
}

struct Pools {
    dependencies: Pool<Dependency>,
    features: Pool<Feature>,
    licences: Pool<String>,
    details: Pool<Details>,
}

/// Where the pooled values of one package went in the new pools; each is looked up once.
struct Moves<'a> {
    dependencies: Move<'a, Dependency>,
    features: Move<'a, Feature>,
    licences: Move<'a, String>,
    details: Move<'a, Details>,
}

impl Moves<'_> {
    /// Lets `version` point into the new pools.
    fn place(&mut self, version: &mut Version, pools: &mut Pools) {
        if let Dependencies::Fetched(positions) = &mut version.dependencies {
            self.dependencies.all(positions, &mut pools.dependencies);
        }
        self.features.all(&mut version.features, &mut pools.features);
        if let Some(at) = &mut version.licence {
            *at = self.licences.one(*at, &mut pools.licences);
        }
        if let Some(at) = &mut version.details {
            *at = self.details.one(*at, &mut pools.details);
        }
    }
}

/// The values of a pool: to be moved away one by one, or to be copied.
enum Values<'a, T> {
    Own(Vec<Option<T>>),
    Lent(&'a [T]),
}

struct Move<'a, T> {
    values: Values<'a, T>,
    to: Vec<Option<PoolIndex>>,
}

impl<'a, T: Clone + Eq + Hash> Move<'a, T> {
    fn of(values: Values<'a, T>) -> Self {
        let length = match &values {
            Values::Own(values) => values.len(),
            Values::Lent(values) => values.len(),
        };
        Self { values, to: vec![None; length] }
    }

    fn one(&mut self, at: PoolIndex, pool: &mut Pool<T>) -> PoolIndex {
        let at = at as usize;
        *self.to[at].get_or_insert_with(|| match &mut self.values {
            Values::Own(values) => pool.intern(values[at].take().expect("each is moved once")),
            Values::Lent(values) => pool.intern_ref(&values[at], |known| *known == values[at], || values[at].clone()),
        })
    }

    fn all(&mut self, positions: &mut [PoolIndex], pool: &mut Pool<T>) {
        positions.iter_mut().for_each(|at| *at = self.one(*at, pool));
    }
}
