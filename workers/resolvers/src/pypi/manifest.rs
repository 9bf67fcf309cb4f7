//! Manifests: `requirements.in` and `requirements.txt` as pip defines them
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>), and the dependencies of a `pyproject.toml`
//! (<https://packaging.python.org/en/latest/specifications/pyproject-toml/>).

use gleaner_model::{Ecosystem, PackageName, Purl};
use pep508_rs::MarkerTree;
use toml::Value;

use super::snapshot::{Asked, Requirement, normal_extra};
use crate::InvalidManifest;

/// What is resolved: requirements, in the order of the manifest.
#[derive(Clone, Debug, Default)]
pub struct PypiRoot {
    pub(super) requirements: Vec<Requirement>,
}

/// Options of a line that say where to look, which is the catalogue's affair here.
const PLACES: [&str; 5] = ["-i", "--index-url", "--extra-index-url", "--trusted-host", "--no-index"];

pub(super) fn of_purl(purl: &Purl) -> PypiRoot {
    let text = purl.version().map_or_else(String::new, |version| format!("=={version}"));
    let specifiers = specifiers(&text);
    let requirement =
        Requirement { name: purl.name().clone(), text, specifiers, extras: Vec::new(), marker: MarkerTree::TRUE };
    PypiRoot { requirements: vec![requirement] }
}

pub(super) fn read(file: &str, text: &str) -> Result<PypiRoot, InvalidManifest> {
    let wrong = |what: String| InvalidManifest { file: file.to_owned(), what };
    if file == "pyproject.toml" { read_project(text) } else { read_requirements(text) }.map_err(wrong)
}

fn read_requirements(text: &str) -> Result<PypiRoot, String> {
    let mut root = PypiRoot::default();
    let mut line = String::new();
    for (at, part) in text.lines().enumerate() {
        // A comment ends a line even if a backslash stands behind it.
        let part = without_comment(part);
        if let Some(part) = part.strip_suffix('\\') {
            line.push_str(part);
            continue;
        }
        line.push_str(part);
        let whole = std::mem::take(&mut line);
        let whole = whole.trim();
        if !whole.is_empty() {
            root.requirements.extend(read_line(whole).map_err(|what| format!("line {}: {what}", at + 1))?);
        }
    }
    if !line.trim().is_empty() {
        root.requirements.extend(read_line(line.trim())?);
    }
    Ok(root)
}

fn without_comment(line: &str) -> &str {
    let begins = |at: usize| at == 0 || line[..at].ends_with([' ', '\t']);
    line.match_indices('#').map(|(at, _)| at).find(|at| begins(*at)).map_or(line, |at| &line[..at])
}

fn read_line(line: &str) -> Result<Option<Requirement>, String> {
    if line.starts_with('-') {
        let option = line.split([' ', '=']).next().unwrap_or(line);
        if PLACES.contains(&option) {
            return Ok(None);
        }
        return Err(format!("`{option}` is not supported: write the requirements themselves into this file"));
    }
    // What stands behind a requirement is for the installer.
    let requirement = line.split(" --").next().unwrap_or(line);
    requirement_of(requirement).map(Some)
}

fn read_project(text: &str) -> Result<PypiRoot, String> {
    let value: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let project = value.get("project").and_then(Value::as_table).ok_or("it has no table `project`")?;
    let is_dynamic = |value: &Value| {
        value.as_array().is_some_and(|names| names.iter().any(|name| name.as_str() == Some("dependencies")))
    };
    if project.get("dynamic").is_some_and(is_dynamic) {
        return Err("its dependencies are `dynamic`: only who builds it knows them".to_owned());
    }
    let Some(dependencies) = project.get("dependencies") else { return Ok(PypiRoot::default()) };
    let list = dependencies.as_array().ok_or("`project.dependencies` is no list")?;
    let one = |value: &Value| requirement_of(value.as_str().ok_or("`project.dependencies` has what is no text")?);
    Ok(PypiRoot { requirements: list.iter().map(one).collect::<Result<_, String>>()? })
}

/// A requirement by PEP 508.
fn requirement_of(text: &str) -> Result<Requirement, String> {
    let wrong = |what: &str| format!("`{text}` is no requirement: {what}");
    let is_url = text.find('@').is_some_and(|at| !text[..at].contains([';', '<', '>', '=', '(']));
    let (head, marker) = match if is_url { text.find(" ;").map(|at| at + 1) } else { text.find(';') } {
        Some(at) => (text[..at].trim(), text[at + 1..].trim()),
        None => (text.trim(), ""),
    };
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    let name = PackageName::new(Ecosystem::Pypi, name).map_err(|_| wrong("it does not begin with a name"))?;
    let rest = rest.trim();
    let (extras, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or_else(|| wrong("a `[` is not closed"))?,
        None => ("", rest),
    };
    let rest = rest.trim();
    let range = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest).trim();
    let specifiers = if range.starts_with('@') { Asked::Elsewhere } else { specifiers(range) };
    if matches!(specifiers, Asked::Malformed) {
        return Err(wrong("what stands behind the name is no version specifier"));
    }
    let marker = match marker {
        "" => MarkerTree::TRUE,
        marker => marker.parse().map_err(|_| wrong("its marker is none"))?,
    };
    let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(normal_extra).collect();
    Ok(Requirement { name, text: range.to_owned(), specifiers, extras, marker })
}

/// Specifiers as uv reads them, which mends what was often written before anyone checked
/// (`crates/uv-pypi-types/src/lenient_requirement.rs`): `>=1.*` is `>=1`, and a comma too many does not count.
pub(super) fn specifiers(text: &str) -> Asked {
    if let Ok(specifiers) = text.parse() {
        return Asked::Versions(specifiers);
    }
    let mended = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| {
        let part = part.trim_matches(|c| matches!(c, '"' | '\''));
        let is_order = part.starts_with(['<', '>']) || part.starts_with("~=");
        if is_order { part.strip_suffix(".*").unwrap_or(part) } else { part }
    });
    mended.collect::<Vec<_>>().join(",").parse().map_or(Asked::Malformed, Asked::Versions)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shown(root: &PypiRoot) -> Vec<String> {
        let one = |r: &Requirement| format!("{} {:?} {}", r.name.as_str(), r.extras, r.text);
        root.requirements.iter().map(one).collect()
    }

    #[test]
    fn requirement_files() {
        let text = "# head\n-i https://registry.invalid/simple\nFlask_Login [A_b, c] >= 1.0 , <2 # why\nattrs\\\n ==1 --hash=sha256:00\n\nx @ http://registry.invalid/x.whl\ny (>=1.*); python_version < '4'";
        let root = read("requirements.in", text).unwrap();
        assert_eq!(
            shown(&root),
            [
                "flask-login [\"a-b\", \"c\"] >= 1.0 , <2",
                "attrs [] ==1",
                "x [] @ http://registry.invalid/x.whl",
                "y [] >=1.*",
            ]
        );
        for (bad, said) in [
            ("-r other.txt", "line 1: `-r` is not supported"),
            ("a\n!!", "line 2: `!!` is no requirement"),
            ("a[b", "a `[` is not closed"),
            ("a b", "no version specifier"),
            ("a; what", "marker"),
        ] {
            let error = read("requirements.txt", bad).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn projects() {
        let root = read("pyproject.toml", "[project]\nname='x'\ndependencies=['a>=1','b']").unwrap();
        assert_eq!(shown(&root), ["a [] >=1", "b [] "]);
        for (bad, said) in [
            ("[tool]", "no table `project`"),
            ("[project]\ndynamic=['dependencies']", "dynamic"),
            ("[project]\ndependencies=[1]", "no text"),
            ("nonsense", "pyproject.toml: "),
        ] {
            let error = read("pyproject.toml", bad).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
