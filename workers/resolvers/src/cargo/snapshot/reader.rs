//! From the catalogue's record of a crate to the snapshot's.
//!
//! Rules: cargo's `src/cargo/sources/registry/index/mod.rs` (`index_package_to_summary`, `registry_dependency_into_dep`).
//! A line of a known schema that makes no sense is a version that is there and never chosen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gleaner_model::{self as model, Dependency, Feature, Package, PoolIndex, Version};
use semver::VersionReq;

use super::super::features::Written;
use super::super::platform::Platform;
use super::super::rust_version::RustVersion;
use super::{
    CargoSnapshot, DependencyData, DependencyId, DependencyKind, FeatureTable, Requirement, TextId, VersionData,
    Versions,
};

/// A list that several versions share is made once.
#[derive(Default)]
struct Shared {
    dependencies: HashMap<Vec<PoolIndex>, Result<u32, String>>,
    features: HashMap<(Vec<PoolIndex>, Vec<PoolIndex>), Result<u32, String>>,
    /// Positions in the package's pool of dependencies.
    numbers: HashMap<PoolIndex, Result<DependencyId, String>>,
}

impl CargoSnapshot {
    pub(super) fn read(&mut self, name: &str, package: &Package) -> Versions {
        let (mut versions, mut shared) = (Versions::default(), Shared::default());
        // An empty list of either stands first: what a version without a usable one has.
        versions.lists.dependencies.push(Arc::from([]));
        versions.lists.features.push(Arc::default());
        let mut by_number: BTreeMap<semver::Version, VersionData> = BTreeMap::new();
        for version in &package.versions {
            let Ok(number) = semver::Version::parse(&version.number) else { continue };
            let data = self.version(package, version, number.clone(), &mut versions, &mut shared);
            // Of two lines for one version cargo keeps the later.
            by_number.insert(number, data);
        }
        versions.all = by_number.into_values().collect();
        for version in versions.all.iter_mut().filter(|version| version.invalid.is_some()) {
            (version.dependencies, version.features, version.links) = (0, 0, None);
        }
        debug_assert!(!name.is_empty());
        versions
    }

    fn version(
        &mut self,
        package: &Package,
        version: &Version,
        number: semver::Version,
        versions: &mut Versions,
        shared: &mut Shared,
    ) -> VersionData {
        let mut data = VersionData {
            version: number,
            number: version.number.as_str().into(),
            yanked: version.yank.is_some(),
            invalid: None,
            published_ms: version.published_at.map(model::Timestamp::as_millis),
            rust_version: version.runtime.as_deref().and_then(RustVersion::parse),
            links: package
                .details_of(version)
                .and_then(|details| details.links.as_deref())
                .map(|links| self.text(links)),
            dependencies: 0,
            features: 0,
            checksum: version.artifacts.first().and_then(|artifact| artifact.checksum.as_slice().try_into().ok()),
        };
        match self.content(package, version, versions, shared) {
            Ok((dependencies, features)) => (data.dependencies, data.features) = (dependencies, features),
            Err(what) => data.invalid = Some(what.into()),
        }
        if let Some(text) = version.runtime.as_deref().filter(|_| data.rust_version.is_none()) {
            data.invalid = Some(format!("its `rust-version` `{text}` is no version").into());
        }
        data
    }

    fn content(
        &mut self,
        package: &Package,
        version: &Version,
        versions: &mut Versions,
        shared: &mut Shared,
    ) -> Result<(u32, u32), String> {
        let positions = version.dependencies.fetched().ok_or("its dependencies are not known")?;
        let dependencies = match shared.dependencies.get(positions) {
            Some(known) => known.clone(),
            None => {
                let made = self.dependency_list(package, positions, versions, shared);
                shared.dependencies.entry(positions.to_vec()).or_insert(made).clone()
            }
        }?;
        let key = (positions.to_vec(), version.features.clone());
        let features = match shared.features.get(&key) {
            Some(known) => known.clone(),
            None => {
                let made = self.feature_table(package, positions, &version.features, versions);
                shared.features.entry(key).or_insert(made).clone()
            }
        }?;
        Ok((dependencies, features))
    }

    fn dependency_list(
        &mut self,
        package: &Package,
        positions: &[PoolIndex],
        versions: &mut Versions,
        shared: &mut Shared,
    ) -> Result<u32, String> {
        let mut list = Vec::with_capacity(positions.len());
        for at in positions {
            let dependency = package.dependencies.get(*at as usize).ok_or("a dependency of it is not in the record")?;
            if dependency.kind == model::DependencyKind::Dev {
                // Only the root's are ever looked at. That this one makes sense is all that matters.
                check_dev(dependency)?;
                continue;
            }
            let number = shared.numbers.entry(*at).or_insert_with(|| self.dependency(dependency)).clone()?;
            list.push(number);
        }
        versions.lists.dependencies.push(list.into());
        Ok(position(versions.lists.dependencies.len() - 1))
    }

    fn dependency(&mut self, dependency: &Dependency) -> Result<DependencyId, String> {
        let data = DependencyData {
            target: self.intern_crate(&dependency.name),
            requirement: self.requirement(&dependency.requirement)?,
            kind: match dependency.kind {
                model::DependencyKind::Build => DependencyKind::Build,
                _ => DependencyKind::Normal,
            },
            optional: dependency.optional,
            default_features: dependency.default_features,
            name: self.text(dependency.alias.as_ref().unwrap_or(&dependency.name)),
            features: dependency.features.iter().map(|feature| self.text(feature)).collect(),
            platform: dependency.target.as_deref().map(Platform::parse).transpose()?.map(Arc::new),
            registry: dependency.registry.as_deref().map(Arc::from),
        };
        Ok(self.dependencies.intern(&data, |one| one, || data.clone()))
    }

    fn requirement(&mut self, text: &str) -> Result<u32, String> {
        if let Some(known) = self.requirements.find(text, |one| one.text.as_str()) {
            return Ok(known);
        }
        let parsed = VersionReq::parse(text).map_err(|error| format!("its requirement `{text}`: {error}"))?;
        Ok(self.requirements.intern(text, |one| one.text.as_str(), || Requirement { text: text.into(), parsed }))
    }

    fn feature_table(
        &mut self,
        package: &Package,
        dependencies: &[PoolIndex],
        features: &[PoolIndex],
        versions: &mut Versions,
    ) -> Result<u32, String> {
        let mut written = Written::default();
        for Feature { name, enables } in features.iter().filter_map(|at| package.features.get(*at as usize)) {
            written.features.entry(name).or_default().extend(enables.iter().map(String::as_str));
        }
        for dependency in package.dependencies_at(dependencies) {
            written.dependency(dependency.alias.as_ref().unwrap_or(&dependency.name), dependency.optional);
        }
        let checked = written.check()?;
        let mut numbered = BTreeMap::new();
        for (name, values) in &checked {
            let values = values.iter().map(|value| value.map(|text| self.text(text))).collect();
            numbered.insert(self.text(name), values);
        }
        versions.lists.features.push(Arc::new(FeatureTable::new(numbered)));
        Ok(position(versions.lists.features.len() - 1))
    }

    pub(super) fn text(&mut self, text: &str) -> TextId {
        self.texts.intern(text, |one| one, || text.into())
    }
}

fn check_dev(dependency: &Dependency) -> Result<(), String> {
    if dependency.optional {
        return Err(format!("its dev-dependency `{}` is optional", dependency.name));
    }
    let text = &dependency.requirement;
    VersionReq::parse(text).map_err(|error| format!("its requirement `{text}`: {error}"))?;
    dependency.target.as_deref().map_or(Ok(()), |target| Platform::parse(target).map(|_| ()))
}

fn position(at: usize) -> u32 {
    u32::try_from(at).expect("a crate has fewer lists than versions, and those fit into an index file")
}
