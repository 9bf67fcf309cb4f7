//! Values of a manifest, each asked for by its type, with where it stands when that is not what is there.

use std::fmt;

use toml::{Table, Value};

/// Where something stands: `target.cfg(unix).dependencies.libc`.
#[derive(Clone)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn at(&self, key: &str) -> Self {
        if self.0.is_empty() { Self(key.to_owned()) } else { Self(format!("{}.{key}", self.0)) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn wrong(path: &Path, key: &str, expected: &str, found: &Value) -> String {
    format!("{}: {expected} is expected, not {}", path.at(key), found.type_str())
}

pub(super) fn table<'a>(of: &'a Table, key: &str, path: &Path) -> Result<Option<&'a Table>, String> {
    match of.get(key) {
        None => Ok(None),
        Some(Value::Table(found)) => Ok(Some(found)),
        Some(other) => Err(wrong(path, key, "a table", other)),
    }
}

pub(super) fn text<'a>(of: &'a Table, key: &str, path: &Path) -> Result<Option<&'a str>, String> {
    match of.get(key) {
        None => Ok(None),
        Some(Value::String(found)) => Ok(Some(found)),
        Some(other) => Err(wrong(path, key, "a string", other)),
    }
}

pub(super) fn flag(of: &Table, key: &str, path: &Path) -> Result<Option<bool>, String> {
    match of.get(key) {
        None => Ok(None),
        Some(Value::Boolean(found)) => Ok(Some(*found)),
        Some(other) => Err(wrong(path, key, "true or false", other)),
    }
}

pub(super) fn strings(of: &Table, key: &str, path: &Path) -> Result<Option<Vec<String>>, String> {
    let Some(found) = of.get(key) else { return Ok(None) };
    let Value::Array(found) = found else { return Err(wrong(path, key, "an array of strings", found)) };
    let one =
        |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| wrong(path, key, "an array of strings", value));
    found.iter().map(one).collect::<Result<Vec<_>, _>>().map(Some)
}
