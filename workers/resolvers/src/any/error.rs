//! What can be wrong with a question.

use crate::{InvalidEnvironment, InvalidManifest};

/// The question cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuestion {
    /// No ecosystem has manifests of this name.
    #[error("`{file}` is the name of no manifest that is understood: use {known}")]
    UnknownManifest {
        /// The last part of the path that was given.
        file: String,
        /// The names that there are, with commas.
        known: String,
    },
    /// The manifest is none.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    /// The environment cannot be.
    #[error(transparent)]
    Environment(#[from] InvalidEnvironment),
}
