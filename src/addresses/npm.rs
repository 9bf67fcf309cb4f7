//! npm's settings, in npm's order (its manual's page `npmrc`): environment, project, user and global file; then what
//! an installed npm says, which also knows its built-in file and default.

use std::path::{Path, PathBuf};

use super::environment::upwards;
use super::{AddressError, Candidate, Environment, ini, read};

pub(super) fn find(environment: &dyn Environment) -> Result<Option<Candidate>, AddressError> {
    if let Some((name, url)) = setting(environment, "registry") {
        return Ok(Some(Candidate::of_variable(url, name)));
    }
    for path in files(environment) {
        let Some(text) = read(environment, &path)? else { continue };
        if let Some(url) = ini::npmrc(&text, "registry", |name| environment.vars().get(name).map(String::as_str)) {
            return Ok(Some(Candidate::new(url, format!("`registry` in `{}`", path.display()))));
        }
    }
    let answer = environment.run("npm", &["config", "get", "registry"]);
    // npm says so when a key has no value at all.
    let url = answer.filter(|url| url != "undefined" && url != "null");
    Ok(url.map(|url| Candidate::new(url, "the installed npm (`npm config get registry`)")))
}

/// `npm_config_<key>` in any case, `-` as good as `_`, as npm reads its environment; lower case wins.
fn setting<'a>(environment: &'a dyn Environment, key: &str) -> Option<(&'a str, &'a str)> {
    let wanted = format!("npm_config_{key}");
    let spelt = |name: &str| name.to_ascii_lowercase().replace('-', "_") == wanted;
    let mut found = environment.vars().iter().filter(|(name, value)| spelt(name) && !value.is_empty());
    // Capitals sort before small letters.
    found.next_back().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn files(environment: &dyn Environment) -> Vec<PathBuf> {
    let path = |key| setting(environment, key).map(|(_, value)| PathBuf::from(value));
    let user = path("userconfig").or_else(|| Some(environment.home()?.join(".npmrc")));
    let prefix = || path("prefix").or_else(|| environment.var("PREFIX").map(PathBuf::from));
    let global = path("globalconfig").or_else(|| Some(prefix()?.join("etc/npmrc")));
    [Some(project(environment).join(".npmrc")), user, global].into_iter().flatten().collect()
}

/// The nearest directory that looks like a package's root, otherwise the working directory.
fn project(environment: &dyn Environment) -> &Path {
    let is_root =
        |path: &&Path| ["package.json", "node_modules"].iter().any(|name| environment.exists(&path.join(name)));
    upwards(environment).find(is_root).unwrap_or(environment.cwd())
}
