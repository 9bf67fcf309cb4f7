//! The outer object of a packument.
//!
//! Its fields come in any order and versions are turned into the model's as they pass by, so what stands outside of
//! them (times, tags) is kept aside and joined at the end.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};

use super::licence::RepositoryText;
use super::manifest::Manifest;
use crate::json::{Entries, MaybeText, TakeEntry};

/// What takes in the versions of a packument.
pub(crate) trait TakeVersion<'de> {
    /// Takes the version `number`. The manifest is reused afterwards; what is of use may be moved out of it.
    fn take_version(&mut self, number: &str, manifest: &mut Manifest<'de>);
}

/// A packument; `sink` gets its versions.
#[derive(Default)]
pub(crate) struct Packument<'de, S> {
    pub(crate) id: MaybeText<'de>,
    pub(crate) name: MaybeText<'de>,
    pub(crate) tags: Vec<(Cow<'de, str>, Cow<'de, str>)>,
    pub(crate) times: Times<'de>,
    pub(crate) repository: RepositoryText<'de>,
    /// Was there an object of versions?
    pub(crate) has_versions: bool,
    pub(crate) sink: S,
}

impl<'de, S: TakeVersion<'de>> TakeEntry<'de> for Packument<'de, S> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "_id" => self.id = object.next_value()?,
            "name" => self.name = object.next_value()?,
            "dist-tags" => drop(object.next_value_seed(Entries(&mut self.tags))?),
            "time" => drop(object.next_value_seed(Entries(&mut self.times))?),
            "repository" => self.repository = object.next_value()?,
            "versions" => {
                let mut versions = Versions { sink: &mut self.sink, manifest: Manifest::default() };
                self.has_versions |= object.next_value_seed(Entries(&mut versions))?;
            }
            _ => drop(object.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// The `time` object: a moment a version, and some that are of no version.
#[derive(Default)]
pub(crate) struct Times<'de> {
    /// When the packument last changed.
    pub(crate) modified: MaybeText<'de>,
    /// Was the package as a whole unpublished?
    pub(crate) unpublished: bool,
    /// Version numbers and moments.
    pub(crate) versions: Vec<(Cow<'de, str>, Cow<'de, str>)>,
}

impl<'de> TakeEntry<'de> for Times<'de> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        match &*key {
            "modified" => self.modified = object.next_value()?,
            "unpublished" => {
                self.unpublished = true;
                object.next_value::<IgnoredAny>()?;
            }
            _ => self.versions.take_entry(key, object)?,
        }
        Ok(())
    }
}

struct Versions<'a, 'de, S> {
    sink: &'a mut S,
    manifest: Manifest<'de>,
}

impl<'de, S: TakeVersion<'de>> TakeEntry<'de> for Versions<'_, 'de, S> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        self.manifest.clear();
        // What is no object is no version: npm could not choose it either.
        if object.next_value_seed(Entries(&mut self.manifest))? {
            self.sink.take_version(&key, &mut self.manifest);
        }
        Ok(())
    }
}
