//! cargo's settings: its environment, its configuration files with source replacement, and the default.
//!
//! The rules are those of the Cargo book, "Configuration" and "Source Replacement": files from the working directory
//! upwards and then cargo's home, nearer ones first, key by key; environment variables before all files. Gleaner reads
//! sparse indexes only; the other kinds of source are refused by name.

use std::path::PathBuf;

use toml::Table;

use super::environment::upwards;
use super::{AddressError, Candidate, Environment, read};

/// What cargo calls its default source.
const DEFAULT_SOURCE: &str = "crates-io";

pub(super) fn find(environment: &dyn Environment) -> Result<Candidate, AddressError> {
    let configuration = Configuration::read(environment)?;
    if let Some(index) = configuration.variable(&["registries", DEFAULT_SOURCE, "index"]) {
        return sparse(index);
    }
    let mut chain = vec![DEFAULT_SOURCE.to_owned()];
    let mut via = None;
    while let Some(next) = configuration.get(&["source", chain.last().map_or("", String::as_str), "replace-with"])? {
        let seen = chain.contains(&next.url);
        chain.push(next.url);
        if seen {
            return Err(AddressError::Loop { names: chain });
        }
        via = Some(next.source);
    }
    let name = chain.last().map_or("", String::as_str);
    match via {
        None => default(&configuration),
        Some(via) => replacement(&configuration, name, via),
    }
}

/// The default source, which may have been given another index without being replaced.
fn default(configuration: &Configuration<'_>) -> Result<Candidate, AddressError> {
    if let Some(registry) = configuration.get(&["source", DEFAULT_SOURCE, "registry"])? {
        return sparse(registry);
    }
    sparse(Candidate::new(tame_index::CRATES_IO_HTTP_INDEX, "the default that the crate tame-index carries"))
}

/// The end of a chain of replacements: a source, or a registry of that name.
fn replacement(configuration: &Configuration<'_>, name: &str, via: String) -> Result<Candidate, AddressError> {
    if let Some(registry) = configuration.get(&["source", name, "registry"])? {
        return sparse(registry);
    }
    for (key, kind) in [
        ("git", "a git repository"),
        ("directory", "a directory of vendored crates"),
        ("local-registry", "a local registry on disk"),
    ] {
        if let Some(found) = configuration.get(&["source", name, key])? {
            return Err(AddressError::Unsupported { origin: found.source, kind: kind.to_owned() });
        }
    }
    if let Some(index) = configuration.get(&["registries", name, "index"])? {
        return sparse(index);
    }
    if name == DEFAULT_SOURCE {
        return default(configuration);
    }
    Err(AddressError::UnknownSource { origin: via, name: name.to_owned() })
}

/// An index without `sparse+` in front is a git repository.
fn sparse(index: Candidate) -> Result<Candidate, AddressError> {
    if index.url.starts_with("sparse+") {
        return Ok(index);
    }
    Err(AddressError::Unsupported { origin: index.source, kind: "an index in a git repository".to_owned() })
}

/// cargo's environment and files.
struct Configuration<'a> {
    environment: &'a dyn Environment,
    files: Vec<(PathBuf, Table)>,
}

impl<'a> Configuration<'a> {
    fn read(environment: &'a dyn Environment) -> Result<Self, AddressError> {
        let home = environment.var("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(environment.home()?.join(".cargo")));
        let mut directories: Vec<PathBuf> = upwards(environment).map(|directory| directory.join(".cargo")).collect();
        directories.extend(home);
        let mut files = Vec::new();
        for directory in directories {
            // Of the two names the older, without an ending, wins where both are there.
            for name in ["config", "config.toml"] {
                let path = directory.join(name);
                if let Some(text) = read(environment, &path)? {
                    files.push((path.clone(), parse(path, &text)?));
                    break;
                }
            }
        }
        Ok(Self { environment, files })
    }

    /// The text at `key`, from the environment or the nearest file that has it.
    fn get(&self, key: &[&str]) -> Result<Option<Candidate>, AddressError> {
        if let Some(found) = self.variable(key) {
            return Ok(Some(found));
        }
        for (path, table) in &self.files {
            let mut value = table.get(key[0]);
            for part in &key[1..] {
                value = value.and_then(|value| value.get(part));
            }
            let Some(value) = value else { continue };
            let dotted = key.join(".");
            let Some(text) = value.as_str() else {
                let reason = format!("`{dotted}` is not a string");
                return Err(AddressError::Malformed { path: path.clone(), reason });
            };
            return Ok(Some(Candidate::new(text, format!("`{dotted}` in `{}`", path.display()))));
        }
        Ok(None)
    }

    /// `source.my-mirror.registry` is `CARGO_SOURCE_MY_MIRROR_REGISTRY`.
    fn variable(&self, key: &[&str]) -> Option<Candidate> {
        let name = format!("CARGO_{}", key.join("_").to_ascii_uppercase().replace(['-', '.'], "_"));
        self.environment.var(&name).map(|value| Candidate::of_variable(value, &name))
    }
}

fn parse(path: PathBuf, text: &str) -> Result<Table, AddressError> {
    toml::from_str(text).map_err(|error| AddressError::Malformed { path, reason: error.message().to_owned() })
}
