//! Probes for the pools: borrowed twins of the pooled values, so that a value that is known costs no allocation.
//!
//! A probe must hash as its owned twin does. Both derive `Hash` over the same fields in the same order, and text,
//! options and lists hash alike whether owned or borrowed; a test holds this.

use gleaner_model::{Dependency, DependencyKind, Feature, Pool, PoolIndex};

use crate::json::Text;

/// A [`Dependency`] that borrows from a document.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct DependencyRef<'a> {
    pub(crate) name: &'a str,
    pub(crate) alias: Option<&'a str>,
    pub(crate) requirement: &'a str,
    pub(crate) kind: DependencyKind,
    pub(crate) optional: bool,
    pub(crate) default_features: bool,
    pub(crate) features: &'a [Text<'a>],
    pub(crate) target: Option<&'a str>,
    pub(crate) registry: Option<&'a str>,
}

impl DependencyRef<'_> {
    /// The position of this dependency in `pool`.
    pub(crate) fn intern(&self, pool: &mut Pool<Dependency>) -> PoolIndex {
        pool.intern_ref(self, |known| self.is(known), || self.own())
    }

    fn is(&self, known: &Dependency) -> bool {
        // What differs most often comes first.
        self.requirement == known.requirement
            && self.name == known.name
            && self.kind == known.kind
            && self.optional == known.optional
            && self.default_features == known.default_features
            && self.alias == known.alias.as_deref()
            && self.target == known.target.as_deref()
            && self.registry == known.registry.as_deref()
            && same_texts(self.features, &known.features)
    }

    fn own(&self) -> Dependency {
        Dependency {
            name: self.name.to_owned(),
            alias: self.alias.map(str::to_owned),
            requirement: self.requirement.to_owned(),
            kind: self.kind,
            optional: self.optional,
            default_features: self.default_features,
            features: own_texts(self.features),
            target: self.target.map(str::to_owned),
            registry: self.registry.map(str::to_owned),
        }
    }
}

/// A [`Feature`] that borrows from a document.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) struct FeatureRef<'a> {
    pub(crate) name: &'a str,
    pub(crate) enables: &'a [Text<'a>],
}

impl FeatureRef<'_> {
    /// The position of this feature in `pool`.
    pub(crate) fn intern(&self, pool: &mut Pool<Feature>) -> PoolIndex {
        let same = |known: &Feature| self.name == known.name && same_texts(self.enables, &known.enables);
        pool.intern_ref(self, same, || Feature { name: self.name.to_owned(), enables: own_texts(self.enables) })
    }
}

/// The position of `text` in `pool`.
pub(crate) fn intern_text(pool: &mut Pool<String>, text: &str) -> PoolIndex {
    pool.intern_ref(text, |known| known == text, || text.to_owned())
}

fn same_texts(borrowed: &[Text<'_>], owned: &[String]) -> bool {
    borrowed.len() == owned.len() && borrowed.iter().zip(owned).all(|(a, b)| a.as_str() == b)
}

fn own_texts(texts: &[Text<'_>]) -> Vec<String> {
    texts.iter().map(|text| text.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_find_their_owned_twins() {
        let features = [Text::from("a"), Text::from("b")];
        let plain = DependencyRef {
            name: "x",
            alias: None,
            requirement: "^1",
            kind: DependencyKind::Build,
            optional: false,
            default_features: true,
            features: &features,
            target: Some("cfg(unix)"),
            registry: None,
        };
        let aliased = DependencyRef { alias: Some("y"), features: &[], ..plain };
        let mut pool = Pool::default();
        assert_eq!(pool.intern(plain.own()), 0);
        assert_eq!(pool.intern(aliased.own()), 1);
        assert_eq!((plain.intern(&mut pool), aliased.intern(&mut pool)), (0, 1));
        assert_eq!(DependencyRef { optional: true, ..plain }.intern(&mut pool), 2);

        let mut pool = Pool::default();
        let feature = FeatureRef { name: "std", enables: &features };
        assert_eq!(pool.intern(Feature { name: "std".into(), enables: vec!["a".into(), "b".into()] }), 0);
        assert_eq!(feature.intern(&mut pool), 0);
        assert_eq!(FeatureRef { enables: &[], ..feature }.intern(&mut pool), 1);
    }
}
