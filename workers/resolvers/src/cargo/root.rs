//! What is resolved: a project of one package.
//!
//! A manifest lists dependencies in tables and features beside them. For the lock file cargo takes all of it: every
//! feature of the root is on and its dev-dependencies are wanted, so that every optional dependency is there too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use semver::{Version, VersionReq};

use super::platform::Platform;
use super::rust_version::RustVersion;
use super::snapshot::DependencyKind;

/// Which resolver a manifest asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResolverVersion {
    One,
    Two,
    Three,
}

/// A dependency of the root, as its manifest has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RootDependency {
    /// Its name in the manifest.
    pub(super) name: String,
    /// The crate.
    pub(super) target: String,
    pub(super) requirement: RootRequirement,
    pub(super) kind: DependencyKind,
    pub(super) optional: bool,
    pub(super) default_features: bool,
    pub(super) features: Vec<String>,
    pub(super) platform: Option<Arc<Platform>>,
}

/// Which versions the root wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RootRequirement {
    /// Those that satisfy this, as written.
    Written(String, VersionReq),
    /// Those compatible with the one that `cargo add` would write down.
    AsAdded,
}

/// A dependency that is not from a registry, or not from the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Its name in the manifest.
    pub(super) name: String,
    /// What it is, for a sentence: `a path dependency (../x)`.
    pub(super) what: String,
}

/// A project whose dependencies are resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct CargoRoot {
    /// No two roots that differ have the same.
    pub(super) id: u64,
    pub(super) data: Arc<RootData>,
}

/// What a root says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RootData {
    pub(super) name: String,
    pub(super) version: Version,
    /// What was asked for, if this project is made up around it: `serde`, `serde 1.0.0`.
    pub(super) asked: Option<String>,
    pub(super) resolver: ResolverVersion,
    pub(super) rust_version: Option<RustVersion>,
    pub(super) links: Option<String>,
    /// Is its library a procedural macro?
    pub(super) is_macro: bool,
    /// In the order in which cargo has them.
    pub(super) dependencies: Vec<RootDependency>,
    pub(super) features: BTreeMap<String, Vec<String>>,
    pub(super) foreign: Vec<Foreign>,
}

impl RootData {
    /// What people know it by: a made-up project nobody has ever seen.
    pub(super) fn title(&self) -> String {
        match &self.asked {
            Some(asked) => format!("the question for `{asked}`"),
            None => format!("`{} {}`", self.name, self.version),
        }
    }
}

/// What the next root's id is.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl CargoRoot {
    pub(super) fn new(data: RootData) -> Self {
        // Only that no two are the same matters, not which comes first.
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), data: Arc::new(data) }
    }

    /// A project of the newest edition whose only dependency is this crate.
    pub(super) fn of_crate(name: &str, version: Option<&str>) -> Self {
        let exact = version.and_then(|version| {
            let text = format!("={}", version.split('+').next().unwrap_or(version));
            VersionReq::parse(&text).ok().map(|parsed| RootRequirement::Written(text, parsed))
        });
        let requirement = match (version, exact) {
            (None, _) => RootRequirement::AsAdded,
            (Some(_), Some(exact)) => exact,
            // A version that is none: nothing satisfies it, and the answer says so.
            (Some(version), None) => {
                RootRequirement::Written(format!("={version}"), VersionReq::parse("<0.0.0-0").unwrap_or_default())
            }
        };
        Self::new(RootData {
            name: "case".to_owned(),
            version: Version::new(0, 0, 0),
            asked: Some(version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))),
            resolver: ResolverVersion::Three,
            rust_version: None,
            links: None,
            is_macro: false,
            dependencies: vec![RootDependency {
                name: name.to_owned(),
                target: name.to_owned(),
                requirement,
                kind: DependencyKind::Normal,
                optional: false,
                default_features: true,
                features: Vec::new(),
                platform: None,
            }],
            features: BTreeMap::new(),
            foreign: Vec::new(),
        })
    }
}
