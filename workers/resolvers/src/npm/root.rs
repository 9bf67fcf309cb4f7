//! What is resolved: a project, as its manifest has it.

use std::sync::Arc;

use gleaner_model::{Details, Ecosystem, PackageName, Purl};

use super::json::Json;
use super::memo::Kind;
use super::spec::{Asked, Spec};

/// A need of the root.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RootNeed {
    /// The name by which it is asked for.
    pub(super) name: String,
    /// What is asked, as written.
    pub(super) asked: String,
    pub(super) kind: Kind,
}

/// A project.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RootData {
    /// Its needs in the order of their edges, each name once.
    pub(super) needs: Vec<RootNeed>,
    /// The manifest after npm's own repairs.
    pub(super) manifest: Json,
    pub(super) overrides: Option<Json>,
    /// The platforms that it is for.
    pub(super) platforms: Details,
    /// With what a line of the manifest, and hence of the lock file, is indented.
    pub(super) indent: String,
    /// The end of a line.
    pub(super) newline: &'static str,
    /// Is the only need one that npm would add, and write down as `^` and the version that it took?
    pub(super) is_added: bool,
    /// Sentences about what of the manifest is passed over.
    pub(super) warnings: Vec<String>,
}

/// A project whose dependencies are resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct NpmRoot {
    pub(super) data: Arc<RootData>,
}

/// What a project without a name is called: npm takes the folder's.
pub(super) const UNNAMED: &str = "project";

impl NpmRoot {
    /// A project to which a package is added.
    pub(super) fn of_purl(purl: &Purl) -> Self {
        let need = RootNeed {
            name: purl.name().as_str().to_owned(),
            asked: purl.version().unwrap_or("*").to_owned(),
            kind: Kind::Normal,
        };
        let data = RootData {
            needs: vec![need],
            manifest: Json::Object(Vec::new()),
            overrides: None,
            platforms: Details::default(),
            indent: "  ".to_owned(),
            newline: "\n",
            is_added: true,
            warnings: Vec::new(),
        };
        Self { data: Arc::new(data) }
    }

    /// Names of the packages of the registry that it asks for.
    pub(super) fn direct(&self) -> Vec<PackageName> {
        let names = self.data.needs.iter().filter_map(|need| match Spec::parse(&need.asked) {
            Spec::Registry { package, .. } => {
                PackageName::new(Ecosystem::Npm, package.as_deref().unwrap_or(&need.name)).ok()
            }
            Spec::Elsewhere(_) | Spec::Wrong(_) => None,
        });
        let mut names: Vec<PackageName> = names.collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl RootData {
    /// How the root is called in a sentence.
    pub(super) fn title(&self) -> &str {
        self.manifest.get("name").and_then(Json::text).filter(|name| !name.is_empty()).unwrap_or("the project")
    }

    /// What the root asks of a dependency, for overrides that refer to it.
    pub(super) fn asked_for(&self, name: &str) -> Option<&str> {
        let tables = ["devDependencies", "optionalDependencies", "dependencies", "peerDependencies"];
        let asked = tables.iter().filter_map(|table| self.manifest.get(table)?.get(name)?.text());
        asked.into_iter().find(|asked| !asked.is_empty())
    }

    /// What npm writes down for a package that it added.
    pub(super) fn saved(asked: &str, version: &str) -> String {
        match Spec::of_registry(asked, None) {
            // A range is kept as it is if the usual one would allow more.
            Spec::Registry { asked: Asked::Range(_), .. } => asked.to_owned(),
            _ => format!("^{version}"),
        }
    }
}
