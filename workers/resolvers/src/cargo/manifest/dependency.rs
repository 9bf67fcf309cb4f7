//! A dependency in a manifest, in each of its forms.

use std::sync::Arc;

use semver::VersionReq;
use toml::{Table, Value};

use super::super::platform::Platform;
use super::super::root::{RootDependency, RootRequirement};
use super::super::snapshot::DependencyKind;
use super::value::{Path, flag, strings, table, text};
use super::{Edition, Reader};

/// A dependency that was read.
pub(super) enum Read {
    /// It comes from the registry.
    Registry(RootDependency),
    /// It comes from elsewhere: what it is, for a sentence.
    Foreign(String),
}

/// The default registry, by the name that a manifest may give it.
const DEFAULT_REGISTRY: &str = "crates-io";

/// What a dependency says, its workspace's part included.
#[derive(Default)]
struct Fields<'a> {
    version: Option<&'a str>,
    package: Option<&'a str>,
    features: Vec<String>,
    default_features: Option<bool>,
    optional: bool,
    /// From where it comes, if not from the registry.
    elsewhere: Option<String>,
}

impl Reader<'_> {
    pub(super) fn dependency(&self, name: &str, value: &Value, path: &Path) -> Result<Read, String> {
        let fields = match value {
            Value::Table(table) if flag(table, "workspace", path)? == Some(true) => self.inherit(name, table, path)?,
            _ => self.fields(value, path)?,
        };
        for feature in &fields.features {
            if feature.contains('/') || feature.starts_with("dep:") {
                return Err(format!("{path}: `{feature}` cannot be asked of a dependency: it is for `[features]`"));
            }
        }
        if let Some(what) = fields.elsewhere {
            return Ok(Read::Foreign(what));
        }
        let text =
            fields.version.ok_or_else(|| format!("{path}: it has neither a version nor another place to come from"))?;
        let parsed =
            VersionReq::parse(text).map_err(|error| format!("{path}: the requirement `{text}` is none: {error}"))?;
        Ok(Read::Registry(RootDependency {
            name: name.to_owned(),
            target: fields.package.unwrap_or(name).to_owned(),
            requirement: RootRequirement::Written(text.to_owned(), parsed),
            kind: DependencyKind::Normal,
            optional: fields.optional,
            default_features: fields.default_features.unwrap_or(true),
            features: fields.features.into_iter().filter(|feature| !feature.is_empty()).collect(),
            platform: None,
        }))
    }

    pub(super) fn platform(&self, target: Option<&str>) -> Result<Option<Arc<Platform>>, String> {
        let parsed = target.map(|text| Platform::parse(text).map_err(|what| format!("target.{what}"))).transpose()?;
        Ok(parsed.map(Arc::new))
    }

    fn fields<'a>(&self, value: &'a Value, path: &Path) -> Result<Fields<'a>, String> {
        match value {
            Value::String(version) => Ok(Fields { version: Some(version), ..Fields::default() }),
            Value::Table(table) => self.detailed(table, path),
            other => Err(format!("{path}: a version or a table is expected, not {}", other.type_str())),
        }
    }

    fn detailed<'a>(&self, of: &'a Table, path: &Path) -> Result<Fields<'a>, String> {
        if of.contains_key("artifact") {
            return Err(format!("{path}: `artifact` dependencies are unstable"));
        }
        Ok(Fields {
            version: text(of, "version", path)?,
            package: text(of, "package", path)?,
            features: strings(of, "features", path)?.unwrap_or_default(),
            default_features: self.default_features(of, path)?,
            optional: flag(of, "optional", path)?.unwrap_or(false),
            elsewhere: elsewhere(of, path)?,
        })
    }

    fn default_features(&self, of: &Table, path: &Path) -> Result<Option<bool>, String> {
        let (new, old) = (flag(of, "default-features", path)?, flag(of, "default_features", path)?);
        if old.is_some() && self.edition >= Edition::E2024 {
            return Err(format!("{path}: write `default-features` from edition 2024 on"));
        }
        Ok(new.or(old))
    }

    /// `workspace = true`: the workspace's dependency of this name, with what may be added to it here.
    fn inherit<'a>(&'a self, name: &str, of: &Table, path: &Path) -> Result<Fields<'a>, String> {
        let shared = Path::new("workspace.dependencies");
        let missing = || format!("{path}: inherited from a workspace, and this file has no `{shared}.{name}`");
        let workspace = self.workspace.ok_or_else(missing)?;
        let dependencies = table(workspace, "dependencies", &Path::new("workspace"))?.ok_or_else(missing)?;
        let mut fields = self.fields(dependencies.get(name).ok_or_else(missing)?, &shared.at(name))?;
        if fields.optional {
            return Err(format!("{}: it cannot be optional", shared.at(name)));
        }
        match (self.default_features(of, path)?, fields.default_features) {
            (Some(true), Some(false)) => fields.default_features = Some(true),
            (Some(false), None | Some(true)) if self.edition >= Edition::E2024 => {
                return Err(format!("{path}: `default-features = false` cannot take back what the workspace has"));
            }
            _ => {}
        }
        fields.features.extend(strings(of, "features", path)?.unwrap_or_default());
        fields.optional = flag(of, "optional", path)?.unwrap_or(false);
        Ok(fields)
    }
}

/// Where a dependency comes from, if not from the registry.
fn elsewhere(of: &Table, path: &Path) -> Result<Option<String>, String> {
    let (git, local) = (text(of, "git", path)?, text(of, "path", path)?);
    let (registry, index) = (text(of, "registry", path)?, text(of, "registry-index", path)?);
    match (git, local) {
        (Some(_), Some(_)) => return Err(format!("{path}: it has both `git` and `path`")),
        (Some(_), None) if registry.or(index).is_some() => {
            return Err(format!("{path}: it has both `git` and a registry"));
        }
        (Some(url), None) => return Ok(Some(format!("a git dependency ({url})"))),
        (None, Some(directory)) => return Ok(Some(format!("a path dependency ({directory})"))),
        (None, None) => {}
    }
    if let Some(key) = ["branch", "tag", "rev"].iter().find(|key| of.contains_key(**key)) {
        return Err(format!("{path}: `{key}` without `git`"));
    }
    match (registry, index) {
        (Some(_), Some(_)) => Err(format!("{path}: it has both `registry` and `registry-index`")),
        (Some(name), None) if name != DEFAULT_REGISTRY => Ok(Some(format!("from another registry (`{name}`)"))),
        (None, Some(url)) => Ok(Some(format!("from another registry ({url})"))),
        _ => Ok(None),
    }
}
