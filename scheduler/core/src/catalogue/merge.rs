//! Merging: what is known of a version and was not fetched again is carried into the new facts.
//!
//! A worker is told which versions are settled and leaves them as pending; and a registry at times fails to serve a
//! file that it served before. What a version's files said stays true as long as those files are there: registries'
//! files do not change, and files that are added later do not take back what the earlier ones said.

use std::hash::Hash;

use foldhash::fast::FixedState;
use gleaner_model::{Dependencies, Dependency, Feature, Package, Pool, PoolIndex, Version};
use hashbrown::HashMap;

/// The new facts, completed by the old ones. Its pools are in the order of first appearance and hold nothing unused,
/// so that the same facts always give the same value.
pub(super) fn merge(old: Option<&Package>, new: &Package) -> Package {
    let olds: HashMap<&str, &Version, FixedState> =
        old.iter().flat_map(|old| &old.versions).map(|version| (version.number.as_str(), version)).collect();
    let mut pools = Pools::default();
    let mut from_new = Moves::of(new);
    let mut from_old = old.map(Moves::of);
    let mut latest_carried = false;
    let mut versions = Vec::with_capacity(new.versions.len());
    for version in &new.versions {
        let carried = olds.get(version.number.as_str()).filter(|old| outlives(old, version));
        versions.push(match (carried, &mut from_old) {
            (Some(old), Some(from_old)) => {
                latest_carried |= new.latest.as_deref() == Some(&version.number);
                complete(version, old, &mut from_new, from_old, &mut pools)
            }
            _ => from_new.version(version, &mut pools),
        });
    }
    // Where the repository is stands in the same extra document, that of the latest version.
    let repository = new.repository.clone().or_else(|| old.filter(|_| latest_carried)?.repository.clone());
    Package {
        latest: new.latest.clone(),
        tags: new.tags.clone(),
        repository,
        versions,
        dependencies: pools.dependencies.into_values(),
        features: pools.features.into_values(),
        licences: pools.licences.into_values(),
        edition: new.edition.or_else(|| old?.edition),
    }
}

/// Does what is known of `old` outlive what `new` says of the same version?
fn outlives(old: &Version, new: &Version) -> bool {
    let knows_more = match new.dependencies {
        Dependencies::Fetched(_) => false,
        Dependencies::NotFound | Dependencies::Malformed => old.dependencies.fetched().is_some(),
        Dependencies::NotFetched | Dependencies::Pending => old.dependencies.is_settled(),
    };
    knows_more && old.artifacts.iter().all(|file| new.artifacts.contains(file))
}

/// `new` with the dependencies of `old`, and with what else stands in the same document unless `new` has it.
fn complete(
    new: &Version,
    old: &Version,
    from_new: &mut Moves<'_>,
    from_old: &mut Moves<'_>,
    pools: &mut Pools,
) -> Version {
    let mut version = from_new.version(&Version { dependencies: Dependencies::Pending, ..new.clone() }, pools);
    let known = from_old.version(
        &Version {
            licence: old.licence.filter(|_| new.licence.is_none()),
            features: if new.features.is_empty() { old.features.clone() } else { Vec::new() },
            ..old.clone()
        },
        pools,
    );
    version.dependencies = known.dependencies;
    version.licence = version.licence.or(known.licence);
    version.runtime = version.runtime.or(known.runtime);
    if version.features.is_empty() {
        version.features = known.features;
    }
    version
}

#[derive(Default)]
struct Pools {
    dependencies: Pool<Dependency>,
    features: Pool<Feature>,
    licences: Pool<String>,
}

/// Where the pooled values of one package went in the new pools; each is looked up once.
struct Moves<'a> {
    dependencies: Move<'a, Dependency>,
    features: Move<'a, Feature>,
    licences: Move<'a, String>,
}

impl<'a> Moves<'a> {
    fn of(package: &'a Package) -> Self {
        Self {
            dependencies: Move::of(&package.dependencies),
            features: Move::of(&package.features),
            licences: Move::of(&package.licences),
        }
    }

    fn version(&mut self, version: &Version, pools: &mut Pools) -> Version {
        let dependencies = match &version.dependencies {
            Dependencies::Fetched(positions) => {
                Dependencies::Fetched(self.dependencies.all(positions, &mut pools.dependencies))
            }
            other => other.clone(),
        };
        Version {
            dependencies,
            features: self.features.all(&version.features, &mut pools.features),
            licence: version.licence.map(|at| self.licences.one(at, &mut pools.licences)),
            ..version.clone()
        }
    }
}

struct Move<'a, T> {
    values: &'a [T],
    to: Vec<Option<PoolIndex>>,
}

impl<'a, T: Clone + Eq + Hash> Move<'a, T> {
    fn of(values: &'a [T]) -> Self {
        Self { values, to: vec![None; values.len()] }
    }

    fn one(&mut self, at: PoolIndex, pool: &mut Pool<T>) -> PoolIndex {
        let at = at as usize;
        *self.to[at].get_or_insert_with(|| {
            let value = &self.values[at];
            pool.intern_ref(value, |known| known == value, || value.clone())
        })
    }

    fn all(&mut self, positions: &[PoolIndex], pool: &mut Pool<T>) -> Vec<PoolIndex> {
        positions.iter().map(|at| self.one(*at, pool)).collect()
    }
}
