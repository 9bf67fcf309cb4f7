//! `Cargo.toml`, as far as it decides what is pulled in.
//!
//! Rules: cargo's `src/cargo/util/toml/mod.rs` (`to_real_manifest`, `dep_to_dependency`, `inner_dependency_inherit_with`)
//! and `src/cargo/core/workspace.rs` (`set_resolve_behavior`). One file is all that there is: what it inherits must stand
//! in its own `[workspace]`, and a dependency on a path or a repository is named and not followed.

mod dependency;
mod value;

use std::collections::BTreeMap;

use semver::Version;
use toml::Table;

use super::features::Written;
use super::root::{CargoRoot, Foreign, ResolverVersion, RootData, RootDependency};
use super::rust_version::RustVersion;
use super::snapshot::DependencyKind;
use crate::InvalidManifest;
use value::{Path, flag, strings, table, text};

/// The only manifest that there is.
pub(super) const FILE: &str = "Cargo.toml";

/// Editions, the Rust that each needs, and whether underscores in keys are still read as dashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edition {
    E2015,
    E2018,
    E2021,
    E2024,
}

impl Edition {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "2015" => Ok(Self::E2015),
            "2018" => Ok(Self::E2018),
            "2021" => Ok(Self::E2021),
            "2024" => Ok(Self::E2024),
            _ => Err(format!("package.edition: `{text}` is no edition: 2015, 2018, 2021 and 2024 are")),
        }
    }

    const fn rust_version(self) -> Option<RustVersion> {
        match self {
            Self::E2015 => None,
            Self::E2018 => Some(RustVersion::new(1, 31, 0)),
            Self::E2021 => Some(RustVersion::new(1, 56, 0)),
            Self::E2024 => Some(RustVersion::new(1, 85, 0)),
        }
    }

    const fn resolver(self) -> ResolverVersion {
        match self {
            Self::E2015 | Self::E2018 => ResolverVersion::One,
            Self::E2021 => ResolverVersion::Two,
            Self::E2024 => ResolverVersion::Three,
        }
    }
}

/// Reads a manifest.
pub(super) fn read(file: &str, text: &str) -> Result<CargoRoot, InvalidManifest> {
    let invalid = |what: String| InvalidManifest { file: FILE.to_owned(), what };
    if file != FILE {
        return Err(invalid(format!("`{file}` is not the name of a manifest of cargo")));
    }
    let document: Table =
        text.parse().map_err(|error: toml::de::Error| invalid(error.to_string().trim_end().to_owned()))?;
    Reader::new(&document).and_then(|reader| reader.root()).map(CargoRoot::new).map_err(invalid)
}

/// A manifest, and what it inherits from.
struct Reader<'a> {
    document: &'a Table,
    package: &'a Table,
    workspace: Option<&'a Table>,
    edition: Edition,
}

impl<'a> Reader<'a> {
    fn new(document: &'a Table) -> Result<Self, String> {
        let top = Path::new("");
        let workspace = table(document, "workspace", &top)?;
        let package = match (table(document, "package", &top)?, table(document, "project", &top)?) {
            (Some(package), _) | (None, Some(package)) => package,
            (None, None) if workspace.is_some() => {
                return Err("it is a workspace without a package: name the manifest of one of its members".to_owned());
            }
            (None, None) => return Err("it has no `[package]`".to_owned()),
        };
        let mut reader = Self { document, package, workspace, edition: Edition::E2015 };
        if let Some(edition) = reader.inherited("edition")? {
            reader.edition = Edition::parse(edition)?;
        }
        Ok(reader)
    }

    /// A text of `[package]`, which may say that it is the workspace's.
    fn inherited(&self, key: &str) -> Result<Option<&'a str>, String> {
        let path = Path::new("package");
        match self.package.get(key) {
            Some(toml::Value::Table(value)) if value.get("workspace") == Some(&toml::Value::Boolean(true)) => {
                let shared = self.workspace.map(|workspace| table(workspace, "package", &Path::new("workspace")));
                let shared = shared.transpose()?.flatten();
                let found =
                    shared.map(|shared| text(shared, key, &Path::new("workspace.package"))).transpose()?.flatten();
                found.map(Some).ok_or_else(|| {
                    format!("package.{key}: inherited from a workspace, and this file has no `workspace.package.{key}`")
                })
            }
            _ => text(self.package, key, &path),
        }
    }

    fn root(&self) -> Result<RootData, String> {
        let path = Path::new("package");
        let name = text(self.package, "name", &path)?.ok_or("package.name is missing")?;
        let version = self.inherited("version")?.unwrap_or("0.0.0");
        let version =
            Version::parse(version.trim()).map_err(|error| format!("package.version `{version}`: {error}"))?;
        let mut root = RootData {
            name: name.to_owned(),
            version,
            asked: None,
            resolver: self.resolver()?,
            rust_version: self.rust_version()?,
            links: text(self.package, "links", &path)?.map(str::to_owned),
            is_macro: self.is_macro()?,
            dependencies: Vec::new(),
            features: self.features()?,
            foreign: Vec::new(),
        };
        self.dependencies(&mut root)?;
        self.foreign(&mut root.foreign)?;
        check_features(&root)?;
        Ok(root)
    }

    fn resolver(&self) -> Result<ResolverVersion, String> {
        let of_package = text(self.package, "resolver", &Path::new("package"))?;
        let of_workspace = self.workspace.map(|workspace| text(workspace, "resolver", &Path::new("workspace")));
        match (of_package, of_workspace.transpose()?.flatten()) {
            (Some(_), Some(_)) => Err("`resolver` stands in both `[workspace]` and `[package]`".to_owned()),
            (None, None) => Ok(self.edition.resolver()),
            (Some("1"), None) | (None, Some("1")) => Ok(ResolverVersion::One),
            (Some("2"), None) | (None, Some("2")) => Ok(ResolverVersion::Two),
            (Some("3"), None) | (None, Some("3")) => Ok(ResolverVersion::Three),
            (Some(other), None) | (None, Some(other)) => {
                Err(format!("`resolver` is `{other}`: \"1\", \"2\" and \"3\" are valid"))
            }
        }
    }

    fn is_macro(&self) -> Result<bool, String> {
        let path = Path::new("lib");
        let Some(library) = table(self.document, "lib", &Path::new(""))? else { return Ok(false) };
        let new = flag(library, "proc-macro", &path)?;
        Ok(new.or(flag(library, "proc_macro", &path)?).unwrap_or(false))
    }

    fn rust_version(&self) -> Result<Option<RustVersion>, String> {
        let Some(text) = self.inherited("rust-version")? else { return Ok(None) };
        let version = RustVersion::parse(text).ok_or_else(|| format!("package.rust-version `{text}` is no version"))?;
        match self.edition.rust_version() {
            Some(needed) if !needed.is_met_by(version) => {
                Err(format!("package.rust-version {version} is older than {needed}, which the edition needs"))
            }
            _ => Ok(Some(version)),
        }
    }

    fn features(&self) -> Result<BTreeMap<String, Vec<String>>, String> {
        let path = Path::new("features");
        let Some(features) = table(self.document, "features", &Path::new(""))? else { return Ok(BTreeMap::new()) };
        features.keys().map(|name| Ok((name.clone(), strings(features, name, &path)?.unwrap_or_default()))).collect()
    }

    /// All dependencies, in cargo's order.
    fn dependencies(&self, root: &mut RootData) -> Result<(), String> {
        let kinds = [DependencyKind::Normal, DependencyKind::Dev, DependencyKind::Build];
        for kind in kinds {
            self.dependency_table(self.document, &Path::new(""), kind, None, root)?;
        }
        let Some(targets) = table(self.document, "target", &Path::new(""))? else { return Ok(()) };
        let sorted: BTreeMap<&String, &toml::Value> = targets.iter().collect();
        for name in sorted.into_keys() {
            let path = Path::new("target").at(name);
            let Some(of_target) = table(targets, name, &Path::new("target"))? else { continue };
            for kind in [DependencyKind::Normal, DependencyKind::Build, DependencyKind::Dev] {
                self.dependency_table(of_target, &path, kind, Some(name), root)?;
            }
        }
        Ok(())
    }

    fn dependency_table(
        &self,
        of: &Table,
        path: &Path,
        kind: DependencyKind,
        target: Option<&str>,
        root: &mut RootData,
    ) -> Result<(), String> {
        let (key, old) = match kind {
            DependencyKind::Normal => ("dependencies", None),
            DependencyKind::Dev => ("dev-dependencies", Some("dev_dependencies")),
            DependencyKind::Build => ("build-dependencies", Some("build_dependencies")),
        };
        if let Some(old) = old.filter(|old| of.contains_key(*old))
            && self.edition >= Edition::E2024
        {
            return Err(format!("{}: write `{key}` from edition 2024 on", path.at(old)));
        }
        let found = match (table(of, key, path)?, old) {
            (None, Some(old)) => table(of, old, path)?,
            (found, _) => found,
        };
        let sorted: BTreeMap<&String, &toml::Value> = found.into_iter().flatten().collect();
        for (name, value) in sorted {
            let path = path.at(key).at(name);
            match self.dependency(name, value, &path)? {
                dependency::Read::Registry(dependency) => {
                    root.dependencies.push(RootDependency { kind, platform: self.platform(target)?, ..dependency });
                    if kind == DependencyKind::Dev && root.dependencies.last().is_some_and(|one| one.optional) {
                        return Err(format!("{path}: a dev-dependency cannot be optional"));
                    }
                }
                dependency::Read::Foreign(what) => root.foreign.push(Foreign { name: name.clone(), what }),
            }
        }
        Ok(())
    }

    /// What else is not from a registry.
    fn foreign(&self, foreign: &mut Vec<Foreign>) -> Result<(), String> {
        for section in ["patch", "replace"] {
            let Some(found) = table(self.document, section, &Path::new(""))? else { continue };
            let names: Vec<&String> = match section {
                "patch" => found.values().filter_map(toml::Value::as_table).flat_map(Table::keys).collect(),
                _ => found.keys().collect(),
            };
            for name in names {
                foreign.push(Foreign { name: name.clone(), what: format!("replaced by `[{section}]`") });
            }
        }
        Ok(())
    }
}

/// Do the root's features make sense? Dependencies that are not from a registry count as well.
fn check_features(root: &RootData) -> Result<(), String> {
    let mut written = Written::default();
    for (name, values) in &root.features {
        written.features.insert(name, values.iter().map(String::as_str).collect());
    }
    for dependency in &root.dependencies {
        written.dependency(&dependency.name, dependency.optional);
    }
    if !root.foreign.is_empty() {
        return Ok(());
    }
    written.check().map(|_| ())
}

#[cfg(test)]
mod tests;
