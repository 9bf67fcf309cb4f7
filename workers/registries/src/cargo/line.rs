//! One line of an index file: one version.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::json::Text;

/// The newest schema of lines that is understood. cargo passes over lines of a newer one, and so does this reader.
pub(crate) const SCHEMA_MAX: u32 = 2;

/// A version as its line tells it.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    pub(crate) vers: Text<'a>,
    #[serde(default)]
    pub(crate) deps: Vec<LineDependency<'a>>,
    pub(crate) cksum: Text<'a>,
    #[serde(default)]
    pub(crate) features: Features<'a>,
    /// Features in syntax that old cargos could not read; they belong to the others.
    pub(crate) features2: Option<Features<'a>>,
    pub(crate) yanked: Option<bool>,
    pub(crate) v: Option<u32>,
    pub(crate) rust_version: Option<Text<'a>>,
    pub(crate) links: Option<Text<'a>>,
    pub(crate) pubtime: Option<Text<'a>>,
}

/// A dependency as a line tells it.
#[derive(Deserialize)]
pub(crate) struct LineDependency<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    pub(crate) req: Text<'a>,
    #[serde(default)]
    pub(crate) features: Vec<Text<'a>>,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default = "yes")]
    pub(crate) default_features: bool,
    pub(crate) target: Option<Text<'a>>,
    pub(crate) kind: Option<Text<'a>>,
    pub(crate) registry: Option<Text<'a>>,
    /// The real name, where `name` is a rename.
    pub(crate) package: Option<Text<'a>>,
}

const fn yes() -> bool {
    true
}

/// Features and what each enables, in the line's order.
#[derive(Default)]
pub(crate) struct Features<'de>(pub(crate) Vec<(Text<'de>, Vec<Text<'de>>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Features<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FeaturesVisitor;
        impl<'de> Visitor<'de> for FeaturesVisitor {
            type Value = Features<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of features")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut features = Vec::with_capacity(object.size_hint().unwrap_or_default());
                while let Some(entry) = object.next_entry()? {
                    features.push(entry);
                }
                Ok(Features(features))
            }
        }
        deserializer.deserialize_map(FeaturesVisitor)
    }
}

impl<'de> Features<'de> {
    /// Adds other features; a feature that is in both enables what either enables.
    pub(crate) fn merge(&mut self, others: Self) {
        // Keyed, so that a hostile line with very many features costs no quadratic time.
        let mut known: HashMap<Text<'de>, usize> =
            self.0.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)).collect();
        for (name, enables) in others.0 {
            match known.entry(name) {
                Entry::Occupied(entry) => self.0[*entry.get()].1.extend(enables),
                Entry::Vacant(entry) => {
                    self.0.push((entry.key().clone(), enables));
                    entry.insert(self.0.len() - 1);
                }
            }
        }
    }
}
