//! Gleaner's own settings, which come before everyone else's.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gleaner_model::Ecosystem;

use super::{AddressError, Candidate, Environment};

/// The addresses that the operator gave, as far as they did. The environment variables `GLEANER_REGISTRY_CARGO`,
/// `…_NPM` and `…_PYPI` are read through the [`Environment`]; they stand between the flags and the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `--registry npm=URL`.
    pub(crate) flags: BTreeMap<Ecosystem, String>,
    /// `registries.npm` of the configuration file.
    pub(crate) file: BTreeMap<Ecosystem, String>,
    /// Which file that was, for messages.
    pub(crate) file_path: Option<PathBuf>,
}

impl Settings {
    /// Reads the values of `--registry`, each ECOSYSTEM=URL; of two for one ecosystem the last holds.
    ///
    /// # Errors
    /// One is not of that form.
    pub(crate) fn with_flags<T: AsRef<str>>(mut self, flags: &[T]) -> Result<Self, AddressError> {
        for flag in flags {
            let flag = flag.as_ref();
            let parsed = flag.split_once('=').and_then(|(name, url)| Some((name.parse().ok()?, url)));
            let Some((ecosystem, url)) = parsed.filter(|(_, url)| !url.is_empty()) else {
                // With an `@` in it the text may hold a password, so it is not repeated.
                let text = if flag.contains('@') { "…" } else { flag };
                return Err(AddressError::Flag { text: text.to_owned() });
            };
            self.flags.insert(ecosystem, url.to_owned());
        }
        Ok(self)
    }

    pub(super) fn find(&self, ecosystem: Ecosystem, environment: &dyn Environment) -> Option<Candidate> {
        if let Some(url) = self.flags.get(&ecosystem) {
            return Some(Candidate::new(url, "the flag --registry"));
        }
        let variable = variable(ecosystem);
        if let Some(url) = environment.var(&variable) {
            return Some(Candidate::of_variable(url, &variable));
        }
        let url = self.file.get(&ecosystem)?;
        let file =
            self.file_path.as_ref().map_or("the configuration file".to_owned(), |p| format!("`{}`", p.display()));
        Some(Candidate::new(url, format!("registries.{ecosystem} in {file}")))
    }
}

/// The environment variable that gives `ecosystem`'s address.
pub(super) fn variable(ecosystem: Ecosystem) -> String {
    format!("GLEANER_REGISTRY_{}", ecosystem.as_str().to_ascii_uppercase())
}
