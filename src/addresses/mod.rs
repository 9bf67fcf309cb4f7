//! Where the registries are, found as the ecosystems' own clients find them.
//!
//! The problem: a company's mirror must just work, a fresh machine must just work too, and Gleaner may not carry any
//! registry's address itself. So for each ecosystem the settings are asked in the order in which its own clients ask
//! theirs: Gleaner's own (flag, environment, file), then cargo's, npm's, or uv's and pip's environment and files, and
//! last the default that a published crate or the installed client carries. Whatever answers first is used or, if it
//! cannot be, is an error that names it: a configured mirror is never passed over in silence.
//!
//! Everything outside is seen through [`Environment`], so that each rule is tested without a machine to suit it. What
//! this never does: speak to a registry, or hold credentials.

mod base_url;
mod cargo;
mod environment;
mod error;
mod ini;
mod npm;
mod pypi;
mod settings;

use gleaner_model::Ecosystem;

pub(crate) use environment::{Environment, System};
pub(crate) use error::AddressError;
pub(crate) use settings::Settings;

/// A registry's address and how it was come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The base URL, `http` or `https`, ending in `/`, without credentials.
    pub(crate) url: String,
    /// The setting that it comes from, in words that end a sentence: "the environment variable `PIP_INDEX_URL`".
    pub(crate) source: String,
}

/// What a setting says, before it is checked.
#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    url: String,
    source: String,
}

impl Candidate {
    fn new(url: impl Into<String>, source: impl Into<String>) -> Self {
        Self { url: url.into(), source: source.into() }
    }

    fn of_variable(url: &str, name: &str) -> Self {
        Self::new(url, format!("the environment variable `{name}`"))
    }
}

/// Finds the address of `ecosystem`'s default registry. Blocks: it reads files, and may start `npm` or `python3`.
///
/// # Errors
/// No setting names one, or the first that does cannot be used or read.
pub(crate) fn find(
    ecosystem: Ecosystem,
    settings: &Settings,
    environment: &dyn Environment,
) -> Result<Found, AddressError> {
    let candidate = match settings.find(ecosystem, environment) {
        Some(explicit) => Some(explicit),
        None => match ecosystem {
            Ecosystem::Cargo => Some(cargo::find(environment)?),
            Ecosystem::Npm => npm::find(environment)?,
            Ecosystem::Pypi => pypi::find(environment)?,
        },
    };
    let Candidate { url, source } = candidate.ok_or(AddressError::NotFound { ecosystem })?;
    base_url::check(&url, &source).map(|url| Found { url, source })
}

/// Reads a file that may well not be there.
fn read(environment: &dyn Environment, path: &std::path::Path) -> Result<Option<String>, AddressError> {
    environment
        .read(path)
        .map_err(|error| AddressError::Unreadable { path: path.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests;
