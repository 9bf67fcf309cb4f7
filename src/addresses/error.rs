//! Why there is no address.

use std::path::PathBuf;

use gleaner_model::Ecosystem;

use super::settings::variable;

/// Each names the setting and what to do. None shows a URL that may hold credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    /// Nobody says where the registry is.
    #[error(
        "no address of the {ecosystem} registry is configured, and no installed client knows one: give it by \
         --registry {ecosystem}=URL, by the environment variable {}, or as registries.{ecosystem} in the configuration \
         file", variable(*ecosystem)
    )]
    NotFound {
        /// Whose registry.
        ecosystem: Ecosystem,
    },
    /// A flag that is not ECOSYSTEM=URL.
    #[error("`--registry {text}` is not understood: write it as cargo=URL, npm=URL or pypi=URL")]
    Flag {
        /// What was given, without anything that may be a secret.
        text: String,
    },
    /// Not a base URL.
    #[error("the registry address from {origin} cannot be used: {reason}")]
    Invalid {
        /// The setting.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A URL with a user name or a password in it.
    #[error(
        "the registry address from {origin} has credentials in it; they belong to the workers and are not supported \
         yet: give an address without them, for example by --registry"
    )]
    Credentials {
        /// The setting.
        origin: String,
    },
    /// A kind of registry that has no documents to crawl over HTTP.
    #[error("{origin} is {kind}, which cannot be crawled: name a sparse index, for example by --registry cargo=URL")]
    Unsupported {
        /// The setting.
        origin: String,
        /// What it names.
        kind: String,
    },
    /// Sources that replace each other in a circle.
    #[error("cargo's source replacement goes in a circle: {}", names.join(" -> "))]
    Loop {
        /// The sources in order, the first again at the end.
        names: Vec<String>,
    },
    /// A source that is replaced by one that nobody defines.
    #[error("{origin} names `{name}`, and cargo's configuration defines no such source or registry")]
    UnknownSource {
        /// The setting.
        origin: String,
        /// The missing name.
        name: String,
    },
    /// A configuration file that is there and cannot be read.
    #[error("cannot read `{}`: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A configuration file that makes no sense.
    #[error("`{}` is not understood: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
