//! Where Python's index is: uv's environment and files, pip's environment and files, and what an installed pip says.
//!
//! uv: its reference pages `settings` and `environment`. pip: its page `configuration`.

use std::path::PathBuf;

use toml::Table;

use super::environment::upwards;
use super::{AddressError, Candidate, Environment, ini, read};

/// Asks pip for the default that it carries.
const PIP_DEFAULT: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";

pub(super) fn find(environment: &dyn Environment) -> Result<Option<Candidate>, AddressError> {
    if let Some(found) = uv_variable(environment) {
        return Ok(Some(found));
    }
    if let Some(found) = uv_files(environment)? {
        return Ok(Some(found));
    }
    if let Some(url) = environment.var("PIP_INDEX_URL") {
        return Ok(Some(Candidate::of_variable(url, "PIP_INDEX_URL")));
    }
    if let Some(found) = pip_files(environment)? {
        return Ok(Some(found));
    }
    Ok(installed_pip(environment))
}

fn uv_variable(environment: &dyn Environment) -> Option<Candidate> {
    if let Some(value) = environment.var("UV_DEFAULT_INDEX") {
        // It may be NAME=URL.
        let named = value.split_once('=').filter(|(name, _)| !name.contains([':', '/']));
        return Some(Candidate::of_variable(named.map_or(value, |(_, url)| url), "UV_DEFAULT_INDEX"));
    }
    environment.var("UV_INDEX_URL").map(|url| Candidate::of_variable(url, "UV_INDEX_URL"))
}

fn uv_files(environment: &dyn Environment) -> Result<Option<Candidate>, AddressError> {
    if environment.var("UV_NO_CONFIG").is_some() {
        return Ok(None);
    }
    if let Some(only) = environment.var("UV_CONFIG_FILE") {
        let path = PathBuf::from(only);
        return Ok(uv_toml(environment, &path)?.and_then(|settings| uv_index(&settings, &path)));
    }
    if let Some(found) = uv_project(environment)? {
        return Ok(Some(found));
    }
    let user = environment.var("XDG_CONFIG_HOME").map(PathBuf::from);
    let user = user.or_else(|| Some(environment.home()?.join(".config")));
    let system = xdg_config_directories(environment).into_iter().chain([PathBuf::from("/etc")]);
    for directory in user.into_iter().chain(system) {
        let path = directory.join("uv/uv.toml");
        if let Some(found) = uv_toml(environment, &path)?.and_then(|settings| uv_index(&settings, &path)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The nearest directory with a `uv.toml`, or with a `pyproject.toml` that has a `tool.uv`, is the project; there the
/// first hides the second.
fn uv_project(environment: &dyn Environment) -> Result<Option<Candidate>, AddressError> {
    for directory in upwards(environment) {
        let path = directory.join("uv.toml");
        if let Some(settings) = uv_toml(environment, &path)? {
            return Ok(uv_index(&settings, &path));
        }
        let path = directory.join("pyproject.toml");
        let project = uv_toml(environment, &path)?;
        if let Some(settings) = project.as_ref().and_then(|project| project.get("tool")?.get("uv")?.as_table()) {
            return Ok(uv_index(settings, &path));
        }
    }
    Ok(None)
}

fn uv_toml(environment: &dyn Environment, path: &std::path::Path) -> Result<Option<Table>, AddressError> {
    let Some(text) = read(environment, path)? else { return Ok(None) };
    let malformed =
        |error: toml::de::Error| AddressError::Malformed { path: path.to_owned(), reason: error.message().to_owned() };
    toml::from_str(&text).map(Some).map_err(malformed)
}

/// The index marked as default, or the older `index-url`.
fn uv_index(settings: &Table, path: &std::path::Path) -> Option<Candidate> {
    let is_default = |index: &&toml::Value| index.get("default").and_then(toml::Value::as_bool) == Some(true);
    let default = settings.get("index").and_then(toml::Value::as_array).and_then(|all| all.iter().find(is_default));
    let (url, key) = match default.and_then(|index| index.get("url")) {
        Some(url) => (url, "the default `[[index]]`"),
        None => (settings.get("index-url")?, "`index-url`"),
    };
    Some(Candidate::new(url.as_str()?, format!("{key} in `{}`", path.display())))
}

/// pip merges its files first and looks a command's own section up before the global one.
fn pip_files(environment: &dyn Environment) -> Result<Option<Candidate>, AddressError> {
    let mut files = Vec::new();
    for path in pip_file_paths(environment) {
        if let Some(text) = read(environment, &path)? {
            files.push((path, text));
        }
    }
    for section in ["install", "global"] {
        for (path, text) in &files {
            if let Some(url) = ini::pip_conf(text, section, "index-url") {
                return Ok(Some(Candidate::new(url, format!("`index-url` of `[{section}]` in `{}`", path.display()))));
            }
        }
    }
    Ok(None)
}

/// pip's files, the strongest first: the one named by the environment, the virtual environment's, the user's (only
/// without a named one), the machine's.
fn pip_file_paths(environment: &dyn Environment) -> Vec<PathBuf> {
    let named = environment.var("PIP_CONFIG_FILE").map(PathBuf::from);
    // The null device is pip's way to say "no files at all".
    if named.as_deref() == Some(std::path::Path::new("/dev/null")) {
        return Vec::new();
    }
    let hides_user = named.as_ref().is_some_and(|path| environment.exists(path));
    let mut paths: Vec<PathBuf> = named.into_iter().collect();
    paths.extend(environment.var("VIRTUAL_ENV").map(|root| PathBuf::from(root).join("pip.conf")));
    if let Some(home) = environment.home().filter(|_| !hides_user) {
        let config = environment.var("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
        paths.extend([config.join("pip/pip.conf"), home.join(".pip/pip.conf")]);
    }
    paths.push(PathBuf::from("/etc/pip.conf"));
    paths.extend(xdg_config_directories(environment).into_iter().map(|directory| directory.join("pip/pip.conf")));
    paths
}

fn xdg_config_directories(environment: &dyn Environment) -> Vec<PathBuf> {
    let directories = environment.var("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    directories.split(':').filter(|directory| !directory.is_empty()).map(PathBuf::from).collect()
}

fn installed_pip(environment: &dyn Environment) -> Option<Candidate> {
    for python in ["python3", "python"] {
        if let Some(url) = environment.run(python, &["-m", "pip", "config", "get", "global.index-url"]) {
            let source = format!("the installed pip (`{python} -m pip config get global.index-url`)");
            return Some(Candidate::new(url, source));
        }
        if let Some(url) = environment.run(python, &["-c", PIP_DEFAULT]) {
            return Some(Candidate::new(url, format!("the default that the installed pip carries (`{python}`)")));
        }
    }
    None
}
