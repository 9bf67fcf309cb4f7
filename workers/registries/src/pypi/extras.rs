//! Core metadata taken into a package that was read from its page.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use gleaner_model::{Dependencies, Feature, Package, PoolIndex};

use super::metadata;

/// What is needed to take in more documents: the project's name, and where things are in the package's pools.
#[derive(Debug)]
pub(crate) struct Extras {
    project: String,
    dependencies: Places,
    features: Places,
    licences: Places,
}

impl Extras {
    /// For a package of this project, whose pools may hold something already.
    pub(crate) fn new(project: &str, package: &Package) -> Self {
        Self {
            project: project.to_owned(),
            dependencies: Places::of(&package.dependencies),
            features: Places::of(&package.features),
            licences: Places::of(&package.licences),
        }
    }

    /// Takes the core metadata of the version at position `at`.
    pub(crate) fn add(&mut self, package: &mut Package, at: usize, document: &[u8]) {
        let Some(metadata) = metadata::read(document, &self.project, &package.versions[at].number) else {
            package.versions[at].dependencies = Dependencies::Malformed;
            return;
        };
        let version = &mut package.versions[at];
        let dependencies = metadata.dependencies.into_iter();
        let positions = dependencies.map(|value| self.dependencies.intern(&mut package.dependencies, value)).collect();
        version.dependencies = Dependencies::Fetched(positions);
        let features = metadata.extras.into_iter().map(|name| Feature { name, enables: Vec::new() });
        version.features = features.map(|value| self.features.intern(&mut package.features, value)).collect();
        version.licence = metadata.licence.map(|value| self.licences.intern(&mut package.licences, value));
        if version.runtime.is_none() {
            version.runtime = metadata.requires_python;
        }
        if package.latest.as_ref() == Some(&version.number) {
            package.repository = metadata.repository;
        }
    }
}

/// Where the values of a pool are, by hash. The pool itself stays where everybody can read it.
#[derive(Debug, Default)]
struct Places(HashMap<u64, Vec<PoolIndex>>);

impl Places {
    fn of<T: Hash>(pool: &[T]) -> Self {
        let mut places = Self::default();
        for (at, value) in pool.iter().enumerate() {
            places.0.entry(hash(value)).or_default().push(position(at));
        }
        places
    }

    /// The position of `value` in `pool`, which gets it if it is new.
    fn intern<T: Hash + Eq>(&mut self, pool: &mut Vec<T>, value: T) -> PoolIndex {
        let places = self.0.entry(hash(&value)).or_default();
        if let Some(known) = places.iter().find(|at| pool.get(**at as usize) == Some(&value)) {
            return *known;
        }
        let at = position(pool.len());
        places.push(at);
        pool.push(value);
        at
    }
}

fn hash<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn position(at: usize) -> PoolIndex {
    PoolIndex::try_from(at).expect("documents of some megabytes hold fewer than 2^32 values")
}
