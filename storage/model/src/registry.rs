//! Registries and the keys of the records that come from them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::{Ecosystem, Purl};

/// The name of a configured registry: 1 to 32 of `a-z 0-9 -`. The one that an ecosystem's own client would use by
/// default has the ecosystem's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RegistryName(Box<str>);

/// By hand, so that the name is written as it stands: the journal writes one with each job, and needs no copy for that.
impl Serialize for RegistryName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The text is not a registry's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a registry name: use 1 to 32 of a-z, 0-9 and `-`")]
pub struct InvalidRegistryName(pub String);

impl RegistryName {
    /// The default registry of an ecosystem.
    #[must_use]
    pub fn default_of(ecosystem: Ecosystem) -> Self {
        Self(ecosystem.as_str().into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RegistryName {
    type Err = InvalidRegistryName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.into())) } else { Err(InvalidRegistryName(text.to_owned())) }
    }
}

impl TryFrom<String> for RegistryName {
    type Error = InvalidRegistryName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<RegistryName> for String {
    fn from(name: RegistryName) -> Self {
        name.0.into()
    }
}

/// A registry that Gleaner is configured to crawl.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registry {
    /// Its name, unique in one configuration.
    pub name: RegistryName,
    /// Whose protocol it speaks.
    pub ecosystem: Ecosystem,
    /// The base URL of its documents, ending in `/`: cargo's sparse index, npm's registry, Python's simple index.
    pub base_url: String,
}

/// What a package record is kept under: the registry it came from and its purl without a version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageKey {
    registry: RegistryName,
    purl: Purl,
}

impl PackageKey {
    /// The key of `purl`'s package in `registry`; a version is dropped.
    #[must_use]
    pub fn new(registry: RegistryName, purl: &Purl) -> Self {
        Self { registry, purl: purl.without_version() }
    }

    /// The key of `purl`'s package in its ecosystem's default registry.
    #[must_use]
    pub fn in_default_registry(purl: &Purl) -> Self {
        Self::new(RegistryName::default_of(purl.ecosystem()), purl)
    }

    /// Where it came from.
    #[must_use]
    pub fn registry(&self) -> &RegistryName {
        &self.registry
    }

    /// The package, without a version.
    #[must_use]
    pub fn purl(&self) -> &Purl {
        &self.purl
    }

    /// The package alone, without a version.
    #[must_use]
    pub fn into_purl(self) -> Purl {
        self.purl
    }

    /// The key as stores keep it: registry, a space, the purl. Keys of one registry are neighbours.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (registry, purl) = (self.registry.as_str(), self.purl.to_text());
        [registry, " ", &purl].concat()
    }
}

impl fmt::Display for PackageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.registry, self.purl)
    }
}
