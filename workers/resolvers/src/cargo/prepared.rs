//! A root in the numbers of a memo.

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::VersionReq;

use super::CargoEnvironment;
use super::features::Written;
use super::memo::{ActivationId, Known, LinkId, LocalDependency, MemoKey, Preference, Summary, is_offered};
use super::root::{CargoRoot, ResolverVersion, RootData, RootDependency, RootRequirement};
use super::rust_version::RustVersion;
use super::snapshot::{DependencyData, DependencyId, FeatureTable, Versions};

/// A root that is ready to be resolved.
#[derive(Clone)]
pub(super) struct Prepared {
    /// The root with all features and its dev-dependencies.
    pub(super) activation: ActivationId,
    pub(super) link: Option<LinkId>,
    pub(super) features: Arc<FeatureTable>,
    /// Crates that were looked up as `cargo add` does.
    pub(super) added: Arc<[String]>,
}

/// The order in which a root's candidates are tried.
pub(super) fn preference(root: &RootData, environment: &CargoEnvironment) -> Preference {
    match root.resolver {
        ResolverVersion::Three => {
            root.rust_version.map_or(Preference::Compiler(environment.compiler), Preference::Rust)
        }
        ResolverVersion::One | ResolverVersion::Two => Preference::Highest,
    }
}

/// The version that `cargo add` would write down: of those that this Rust can build the highest, with pre-releases last.
/// A pre-release only if there is nothing else.
///
/// Rules: cargo's `src/cargo/ops/cargo_add/mod.rs` (`get_latest_dependency`).
pub(super) fn added(versions: &Versions, rust: RustVersion, before_ms: Option<i64>) -> Option<usize> {
    let all = versions.all.iter().enumerate();
    let fitting = all.filter(|(_, version)| {
        is_offered(version, before_ms) && version.rust_version.is_none_or(|asked| asked.is_met_by(rust))
    });
    fitting.max_by_key(|(at, version)| (version.version.pre.is_empty(), *at)).map(|(at, _)| at)
}

/// Why a root cannot even be begun.
pub(super) enum NotPrepared {
    /// This crate, which should be added, has no version that could be.
    NothingToAdd {
        name: String,
        /// Is there one that may be chosen, but not by this Rust?
        is_too_new: bool,
    },
    /// The features make no sense.
    Features(String),
}

impl Known<'_> {
    /// The root in this memo's numbers.
    pub(super) fn prepare(&mut self, root: &CargoRoot, rust: RustVersion) -> Result<Prepared, NotPrepared> {
        if let Some(known) = self.memo.roots.get(&root.id) {
            return Ok(known.clone());
        }
        let mut added = Vec::new();
        let mut dependencies = Vec::with_capacity(root.data.dependencies.len());
        for dependency in &root.data.dependencies {
            dependencies.push(self.root_dependency(dependency, rust, &mut added)?);
        }
        let features = self.root_features(&root.data)?;
        let summary = Summary { dependencies: &dependencies, features: &features };
        let activation = self.activate(&summary, features.names(), true);
        let link = root.data.links.as_deref().map(|links| self.link_of(links));
        let prepared = Prepared { activation, link, features, added: added.into() };
        self.memo.roots.insert(root.id, prepared.clone());
        Ok(prepared)
    }

    fn root_dependency(
        &mut self,
        dependency: &RootDependency,
        rust: RustVersion,
        added_crates: &mut Vec<String>,
    ) -> Result<DependencyId, NotPrepared> {
        let made;
        let requirement = match &dependency.requirement {
            RootRequirement::Written(text, parsed) => (text.as_str(), parsed),
            RootRequirement::AsAdded => {
                added_crates.push(dependency.target.clone());
                made = self.added_requirement(&dependency.target, rust)?;
                (made.0.as_str(), &made.1)
            }
        };
        let local = LocalDependency { target: &dependency.target, requirement };
        Ok(self.local_dependency(&local, |target, requirement, known| DependencyData {
            target,
            requirement,
            kind: dependency.kind,
            optional: dependency.optional,
            default_features: dependency.default_features,
            name: known.text_id(&dependency.name),
            features: dependency.features.iter().map(|feature| known.text_id(feature)).collect(),
            platform: dependency.platform.clone(),
            registry: None,
        }))
    }

    /// What `cargo add` would write down. Of a crate that is not known, or that there is not, any version will do.
    fn added_requirement(&self, name: &str, rust: RustVersion) -> Result<(String, VersionReq), NotPrepared> {
        let versions = self.snapshot.crate_id(name).and_then(|id| self.snapshot.versions(id));
        let Some(versions) = versions else { return Ok(("*".to_owned(), VersionReq::STAR)) };
        let MemoKey { before_ms, .. } = self.memo.key.expect("a memo is prepared before it is used");
        let nothing = || {
            let is_too_new = versions.all.iter().any(|version| is_offered(version, before_ms));
            NotPrepared::NothingToAdd { name: name.to_owned(), is_too_new }
        };
        let at = added(versions, rust, before_ms).ok_or_else(nothing)?;
        let text = without_build(&versions.all[at].number).to_owned();
        let parsed = VersionReq::parse(&text).map_err(|_| nothing())?;
        Ok((text, parsed))
    }

    fn root_features(&mut self, root: &RootData) -> Result<Arc<FeatureTable>, NotPrepared> {
        let mut written = Written::default();
        for (name, values) in &root.features {
            written.features.insert(name, values.iter().map(String::as_str).collect());
        }
        for dependency in &root.dependencies {
            written.dependency(&dependency.name, dependency.optional);
        }
        let checked = written.check().map_err(NotPrepared::Features)?;
        let mut numbered = BTreeMap::new();
        for (name, values) in &checked {
            let values = values.iter().map(|value| value.map(|text| self.text_id(text))).collect();
            numbered.insert(self.text_id(name), values);
        }
        Ok(Arc::new(FeatureTable::new(numbered)))
    }
}

/// A requirement has no build metadata.
fn without_build(number: &str) -> &str {
    number.split('+').next().unwrap_or(number)
}
