//! Probes for the pools: borrowed twins of the pooled values, so that a value that is known costs no allocation.
//!
//! A probe must hash as its owned twin does. Both derive `Hash` over the same fields in the same order, and text,
//! options and lists hash alike whether owned or borrowed; a test holds this.

use std::hash::Hash;

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
    /// The position of this dependency in `pool`, looked for first where the version before has its own.
    pub(crate) fn intern(&self, pool: &mut Pool<Dependency>, before: &mut Before) -> PoolIndex {
        let near = before.find(pool, |known| self.is(known));
        near.unwrap_or_else(|| pool.intern_ref(self, |known| self.is(known), || self.own()))
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
    /// The position of this feature in `pool`, looked for first where the version before has its own.
    pub(crate) fn intern(&self, pool: &mut Pool<Feature>, before: &mut Before) -> PoolIndex {
        let same = |known: &Feature| self.name == known.name && same_texts(self.enables, &known.enables);
        let own = || Feature { name: self.name.to_owned(), enables: own_texts(self.enables) };
        before.find(pool, same).unwrap_or_else(|| pool.intern_ref(self, same, own))
    }
}

/// Where the version before has its values, in its order. The next one has most of them again and in that order, and to
/// compare with one value costs a fraction of a look-up in the pool.
#[derive(Debug, Default)]
pub(crate) struct Before {
    positions: Vec<PoolIndex>,
    /// Where in `positions` the next value is expected.
    at: usize,
}

impl Before {
    /// The version that was read with this is the one before now, and has its values at these positions.
    pub(crate) fn turn(&mut self, positions: &[PoolIndex]) {
        self.positions.clear();
        self.positions.extend_from_slice(positions);
        self.at = 0;
    }

    /// The position of the value that `is` accepts, if the version before has it about here. A value that was left out
    /// or added moves the rest by one.
    fn find<T: Hash + Eq>(&mut self, pool: &Pool<T>, is: impl Fn(&T) -> bool) -> Option<PoolIndex> {
        for at in [self.at, self.at + 1, self.at.saturating_sub(1)] {
            let position = self.positions.get(at).copied();
            if position.is_some_and(|position| pool.get(position).is_some_and(&is)) {
                self.at = at + 1;
                return position;
            }
        }
        self.at += 1;
        None
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
        assert_eq!((plain.intern(&mut pool, &mut none()), aliased.intern(&mut pool, &mut none())), (0, 1));
        assert_eq!(DependencyRef { optional: true, ..plain }.intern(&mut pool, &mut none()), 2);

        let mut pool = Pool::default();
        let feature = FeatureRef { name: "std", enables: &features };
        assert_eq!(pool.intern(Feature { name: "std".into(), enables: vec!["a".into(), "b".into()] }), 0);
        assert_eq!(feature.intern(&mut pool, &mut none()), 0);
        assert_eq!(FeatureRef { enables: &[], ..feature }.intern(&mut pool, &mut none()), 1);
    }

    fn none() -> Before {
        Before::default()
    }

    #[test]
    fn values_are_found_whatever_the_version_before_had() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut pool = Pool::<Feature>::default();
        let mut before = Before::default();
        let versions: [&[usize]; 7] =
            [&[0, 1, 2], &[0, 1, 2], &[0, 2], &[0, 1, 2, 3], &[4, 1, 5, 3], &[3, 2, 1, 0], &[5, 5]];
        for version in versions {
            let feature = |at: &usize| FeatureRef { name: names[*at], enables: &[] };
            let positions: Vec<PoolIndex> =
                version.iter().map(|at| feature(at).intern(&mut pool, &mut before)).collect();
            before.turn(&positions);
            let found: Vec<&str> =
                positions.iter().map(|at| pool.get(*at).expect("in the pool").name.as_str()).collect();
            assert_eq!(found, version.iter().map(|at| names[*at]).collect::<Vec<_>>());
        }
        assert_eq!(pool.into_values().len(), names.len(), "each is there once");
    }
}
