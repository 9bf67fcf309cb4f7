//! The dependencies of a `pyproject.toml`
//! (<https://packaging.python.org/en/latest/specifications/pyproject-toml/>), and what uv's own table there says of them.
//!
//! As `uv pip compile pyproject.toml`: the dependencies count, the optional ones only where the project asks for its own
//! extras, groups not at all.

use std::collections::BTreeSet;

use gleaner_model::{Ecosystem, PackageName};
use toml::{Table, Value};

use super::PypiRoot;
use crate::pypi::requirement::{Requirement, normal_extra};

/// What of `tool.uv` changes an answer in ways that are not followed here.
const UNSUPPORTED: [&str; 3] = ["override-dependencies", "exclude-dependencies", "dependency-metadata"];

pub(super) fn read(text: &str) -> Result<PypiRoot, String> {
    let document: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let project = document.get("project").and_then(Value::as_table).ok_or("it has no table `project`")?;
    let name = project.get("name").and_then(Value::as_str).ok_or("its `project` has no `name`")?;
    let name = PackageName::new(Ecosystem::Pypi, name).map_err(|_| format!("`{name}` is no name of a project"))?;
    for what in ["dependencies", "optional-dependencies"] {
        if is_dynamic(project, what) {
            return Err(format!("its `{what}` are `dynamic`: only who builds the project knows them"));
        }
    }
    let uv = document.get("tool").and_then(|tool| tool.get("uv")).and_then(Value::as_table);
    if let Some(key) = UNSUPPORTED.iter().find(|key| uv.is_some_and(|uv| uv.contains_key(**key))) {
        return Err(format!("`tool.uv.{key}` is not supported here"));
    }
    let mut root = PypiRoot {
        requirements: requirements(project.get("dependencies"), "project.dependencies")?,
        constraints: requirements(
            uv.and_then(|uv| uv.get("constraint-dependencies")),
            "tool.uv.constraint-dependencies",
        )?,
        warnings: Vec::new(),
        origin: Some(format!("{} (pyproject.toml)", name.as_str())),
    };
    expand_own_extras(&mut root, &name, project)?;
    let sources = uv.and_then(|uv| uv.get("sources")).and_then(Value::as_table);
    let from_elsewhere = |requirement: &&Requirement| {
        sources.is_some_and(|sources| {
            let names = sources.keys().filter_map(|key| PackageName::new(Ecosystem::Pypi, key).ok());
            names.into_iter().any(|name| name == requirement.name)
        })
    };
    if let Some(other) = root.requirements.iter().find(from_elsewhere) {
        return Err(format!(
            "`{}` comes from `tool.uv.sources`, and only registries are known here",
            other.name.as_str()
        ));
    }
    Ok(root)
}

fn is_dynamic(project: &Table, what: &str) -> bool {
    let listed = project.get("dynamic").and_then(Value::as_array);
    listed.is_some_and(|names| names.iter().any(|name| name.as_str() == Some(what)))
}

fn requirements(value: Option<&Value>, what: &str) -> Result<Vec<Requirement>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let list = value.as_array().ok_or_else(|| format!("`{what}` is no list"))?;
    let one = |value: &Value| {
        let text = value.as_str().ok_or_else(|| format!("`{what}` has what is no text"))?;
        Requirement::read(text).map_err(|error| format!("`{what}`: {error}"))
    };
    list.iter().map(one).collect()
}

/// A project that asks for its own extras means what they ask for.
fn expand_own_extras(root: &mut PypiRoot, name: &PackageName, project: &Table) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    while let Some(at) = root.requirements.iter().position(|requirement| requirement.name == *name) {
        let own = root.requirements.remove(at);
        for extra in own.extras {
            if !seen.insert(extra.clone()) {
                continue;
            }
            let optional = project.get("optional-dependencies").and_then(Value::as_table);
            let listed = optional.and_then(|all| all.iter().find(|(key, _)| normal_extra(key) == extra));
            let (key, value) =
                listed.ok_or_else(|| format!("it asks for its own extra `{extra}`, which it has not"))?;
            root.requirements.extend(requirements(Some(value), &format!("project.optional-dependencies.{key}"))?);
        }
    }
    Ok(())
}
