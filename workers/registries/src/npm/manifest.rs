//! One version's entry in a packument: its manifest, of which a dozen fields out of hundreds are of interest.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::details::{EnginesSeed, Extras};
use super::licence::{LicenceText, RepositoryText};
use super::requirements::{Requirements, RequirementsSeed};
use crate::json::{Entries, MaybeText, TakeEntry, Truthy, ignore_others};

/// What is read of a manifest. One is reused for all versions of a package, so that its lists keep their room.
#[derive(Default)]
pub(crate) struct Manifest<'de> {
    pub(crate) dependencies: Requirements<'de>,
    pub(crate) dev: Requirements<'de>,
    pub(crate) optional: Requirements<'de>,
    pub(crate) peer: Requirements<'de>,
    pub(crate) peer_meta: PeerMeta<'de>,
    pub(crate) extras: Extras<'de>,
    pub(crate) dist: Dist<'de>,
    pub(crate) deprecation: Deprecation<'de>,
    /// From `license`.
    pub(crate) licence: LicenceText<'de>,
    /// From the older `licenses`.
    pub(crate) licences: LicenceText<'de>,
    pub(crate) repository: RepositoryText<'de>,
}

impl Manifest<'_> {
    /// Forgets the version that was read last.
    pub(crate) fn clear(&mut self) {
        self.dependencies.clear();
        self.dev.clear();
        self.optional.clear();
        self.peer.clear();
        self.peer_meta.0.clear();
        self.extras = Extras::default();
        self.dist = Dist::default();
        self.deprecation = Deprecation::default();
        self.licence = LicenceText::default();
        self.licences = LicenceText::default();
        self.repository = RepositoryText::default();
    }
}

impl<'de> TakeEntry<'de> for Manifest<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "dependencies" => object.next_value_seed(RequirementsSeed(&mut self.dependencies))?,
            "devDependencies" => object.next_value_seed(RequirementsSeed(&mut self.dev))?,
            "optionalDependencies" => object.next_value_seed(RequirementsSeed(&mut self.optional))?,
            // Peer dependencies are younger than the old forms, and are only ever an object.
            "peerDependencies" => drop(object.next_value_seed(Entries(&mut self.peer))?),
            "peerDependenciesMeta" => drop(object.next_value_seed(Entries(&mut self.peer_meta))?),
            "engines" => object.next_value_seed(EnginesSeed(&mut self.extras.engines))?,
            "dist" => drop(object.next_value_seed(Entries(&mut self.dist))?),
            "deprecated" => self.deprecation = object.next_value()?,
            "license" => self.licence = object.next_value()?,
            "licenses" => self.licences = object.next_value()?,
            "repository" => self.repository = object.next_value()?,
            key if self.extras.take(key, object)? => {}
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// Names of the peer dependencies that may be missing: `{"name": {"optional": true}}`.
#[derive(Default)]
pub(crate) struct PeerMeta<'de>(pub(crate) Vec<Cow<'de, str>>);

impl<'de> TakeEntry<'de> for PeerMeta<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        let mut optional = Optional(false);
        object.next_value_seed(Entries(&mut optional))?;
        if optional.0 {
            self.0.push(key);
        }
        Ok(())
    }
}

struct Optional(bool);

impl<'de> TakeEntry<'de> for Optional {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "optional" => self.0 = object.next_value::<Truthy>()?.0,
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// The tarball's checksums.
#[derive(Default)]
pub(crate) struct Dist<'de> {
    pub(crate) integrity: MaybeText<'de>,
    pub(crate) shasum: MaybeText<'de>,
}

impl<'de> TakeEntry<'de> for Dist<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "integrity" => self.integrity = object.next_value()?,
            "shasum" => self.shasum = object.next_value()?,
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// The advice against a version: text, or `true`, which npm prints as it stands; empty text takes the advice back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Deprecation<'de>(pub(crate) Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for Deprecation<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DeprecationVisitor;
        impl<'de> Visitor<'de> for DeprecationVisitor {
            type Value = Deprecation<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Deprecation((!text.is_empty()).then_some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Deprecation((!text.is_empty()).then(|| Cow::Owned(text.to_owned()))))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(Deprecation(flag.then_some(Cow::Borrowed("true"))))
            }

            ignore_others!('de: number null list object);
        }
        deserializer.deserialize_any(DeprecationVisitor)
    }
}
