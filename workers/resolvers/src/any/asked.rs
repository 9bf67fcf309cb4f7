//! What one ecosystem is asked, with its types; the whole crate's [`Question`](super::Question) is one of these.

use gleaner_model::Purl;

use super::InvalidQuestion;
use crate::{InvalidEnvironment, Resolver};

/// A root and an environment of one ecosystem.
pub struct Asked<R: Resolver> {
    /// What is resolved.
    pub root: R::Root,
    /// Under which circumstances.
    pub environment: R::Environment,
}

impl<R: Resolver> Asked<R> {
    pub(super) fn of_purl(purl: &Purl, environment: &[(String, String)]) -> Result<Self, InvalidEnvironment> {
        Ok(Self { environment: R::environment(environment)?, root: R::root_of(purl) })
    }

    pub(super) fn of_manifest(
        file: &str,
        text: &str,
        environment: &[(String, String)],
    ) -> Result<Self, InvalidQuestion> {
        Ok(Self { environment: R::environment(environment)?, root: R::read_manifest(file, text)? })
    }
}

// Derived, it would ask that the rules themselves can be cloned.
impl<R: Resolver> Clone for Asked<R> {
    fn clone(&self) -> Self {
        Self { root: self.root.clone(), environment: self.environment.clone() }
    }
}
