//! What a package's features turn on.
//!
//! A line of the index lists features as texts. Whether they make sense together (does what they name exist? is it
//! optional?) is decided when the line is read: a version with features that do not is no candidate for cargo.
//!
//! Rules: cargo's `src/cargo/core/summary.rs` (`build_feature_map`, `FeatureValue`) and
//! `crates/cargo-util-schemas/src/restricted_names.rs` (`validate_feature_name`).

use std::collections::{BTreeMap, BTreeSet};

/// Something that a feature turns on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum FeatureValue<S> {
    /// Another feature.
    Feature(S),
    /// An optional dependency: `dep:name`.
    Dependency(S),
    /// A feature of a dependency: `name/feature`, or `name?/feature`, which is weak.
    DependencyFeature { dependency: S, feature: S, weak: bool },
}

impl<'a> FeatureValue<&'a str> {
    /// Reads a value as a features table writes it.
    pub(super) fn parse(text: &'a str) -> Self {
        if let Some((dependency, feature)) = text.split_once('/') {
            let stripped = dependency.strip_suffix('?');
            let weak = stripped.is_some();
            return Self::DependencyFeature { dependency: stripped.unwrap_or(dependency), feature, weak };
        }
        text.strip_prefix("dep:").map_or(Self::Feature(text), Self::Dependency)
    }
}

impl<S> FeatureValue<S> {
    /// The same with other names.
    pub(super) fn map<T>(&self, mut f: impl FnMut(&S) -> T) -> FeatureValue<T> {
        match self {
            Self::Feature(name) => FeatureValue::Feature(f(name)),
            Self::Dependency(name) => FeatureValue::Dependency(f(name)),
            Self::DependencyFeature { dependency, feature, weak } => {
                FeatureValue::DependencyFeature { dependency: f(dependency), feature: f(feature), weak: *weak }
            }
        }
    }
}

/// Features as they are written, and dependencies' names in the manifest with whether they are optional.
#[derive(Default)]
pub(super) struct Written<'a> {
    pub(super) features: BTreeMap<&'a str, Vec<&'a str>>,
    /// A name is optional if any of its dependencies is.
    pub(super) dependencies: BTreeMap<&'a str, bool>,
}

/// Features with their values, the implicit ones of optional dependencies included.
pub(super) type Checked<'a> = BTreeMap<&'a str, Vec<FeatureValue<&'a str>>>;

impl<'a> Written<'a> {
    /// Adds a dependency.
    pub(super) fn dependency(&mut self, name: &'a str, optional: bool) {
        *self.dependencies.entry(name).or_insert(false) |= optional;
    }

    /// The features that the package has.
    ///
    /// # Errors
    /// What is wrong with them, in a sentence.
    pub(super) fn check(&self) -> Result<Checked<'a>, String> {
        let mut checked: Checked<'a> = self
            .features
            .iter()
            .map(|(name, values)| (*name, values.iter().map(|text| FeatureValue::parse(text)).collect()))
            .collect();
        self.add_implicit(&mut checked);
        for (name, values) in &checked {
            check_name(name)?;
            for value in values {
                self.check_value(&checked, name, value)?;
            }
        }
        self.check_every_optional_one_is_used(&checked)?;
        Ok(checked)
    }

    /// An optional dependency that is named nowhere with `dep:` is a feature of its own name.
    fn add_implicit(&self, checked: &mut Checked<'a>) {
        let explicit: BTreeSet<&str> = checked
            .values()
            .flatten()
            .filter_map(|value| if let FeatureValue::Dependency(name) = value { Some(*name) } else { None })
            .collect();
        for (name, optional) in &self.dependencies {
            if *optional && !self.features.contains_key(name) && !explicit.contains(name) {
                checked.insert(name, vec![FeatureValue::Dependency(name)]);
            }
        }
    }

    fn check_value(&self, checked: &Checked<'a>, feature: &str, value: &FeatureValue<&'a str>) -> Result<(), String> {
        let optional = |name: &str| self.dependencies.get(name).copied();
        match value {
            FeatureValue::Feature(name) if self.features.contains_key(name) => Ok(()),
            FeatureValue::Feature(name) => match optional(name) {
                None => {
                    Err(format!("feature `{feature}` includes `{name}`, which is neither a dependency nor a feature"))
                }
                Some(true) if checked.contains_key(name) => Ok(()),
                Some(true) => Err(format!(
                    "feature `{feature}` includes `{name}`, an optional dependency without a feature of its name: use `dep:{name}`"
                )),
                Some(false) => {
                    Err(format!("feature `{feature}` includes `{name}`, which is not an optional dependency"))
                }
            },
            FeatureValue::Dependency(name) => match optional(name) {
                None => Err(format!("feature `{feature}` includes `dep:{name}`, and `{name}` is no dependency")),
                Some(true) => Ok(()),
                Some(false) => Err(format!(
                    "feature `{feature}` includes `dep:{name}`, and `{name}` is not an optional dependency"
                )),
            },
            FeatureValue::DependencyFeature { dependency, feature: of, weak } => {
                let what = if of.contains('/') {
                    "has more than one slash"
                } else if dependency.starts_with("dep:") {
                    "has both `dep:` and a slash"
                } else {
                    match optional(dependency) {
                        None => "names no dependency",
                        Some(false) if *weak => "has a `?` after a dependency that is not optional",
                        Some(_) => return Ok(()),
                    }
                };
                let mark = if *weak { "?" } else { "" };
                Err(format!("feature `{feature}` includes `{dependency}{mark}/{of}`, which {what}"))
            }
        }
    }

    fn check_every_optional_one_is_used(&self, checked: &Checked<'a>) -> Result<(), String> {
        let used: BTreeSet<&str> = checked
            .values()
            .flatten()
            .filter_map(|value| match value {
                FeatureValue::Dependency(name) | FeatureValue::DependencyFeature { dependency: name, .. } => {
                    Some(*name)
                }
                FeatureValue::Feature(_) => None,
            })
            .collect();
        match self.dependencies.iter().find(|(name, optional)| **optional && !used.contains(*name)) {
            Some((name, _)) => Err(format!("no feature includes the optional dependency `{name}`")),
            None => Ok(()),
        }
    }
}

/// May a feature be named so? Letters and digits of any script stand here for Unicode's identifier classes.
fn check_name(name: &str) -> Result<(), String> {
    let first = |c: char| c.is_alphabetic() || c == '_' || c.is_ascii_digit();
    let rest = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.');
    let valid = name.chars().next().is_some_and(first) && name.chars().skip(1).all(rest) && !name.starts_with("dep:");
    if valid { Ok(()) } else { Err(format!("`{name}` cannot be the name of a feature")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(features: &[(&'static str, &[&'static str])], optional: &[&'static str]) -> Result<String, String> {
        let mut written = Written::default();
        for (name, values) in features {
            written.features.insert(name, values.to_vec());
        }
        written.dependency("needed", false);
        for name in optional {
            written.dependency(name, true);
        }
        written.check().map(|checked| checked.keys().copied().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn optional_dependencies_are_features_unless_hidden() {
        assert_eq!(check(&[], &["a", "b"]).unwrap(), "a b");
        assert_eq!(check(&[("f", &["dep:a"])], &["a", "b"]).unwrap(), "b f");
        assert_eq!(check(&[("a", &["dep:a", "needed/x"])], &["a"]).unwrap(), "a");
        assert_eq!(check(&[("f", &["a?/x", "a"])], &["a"]).unwrap(), "a f");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        type Case = (&'static [(&'static str, &'static [&'static str])], &'static [&'static str], &'static str);
        let refused: [Case; 10] = [
            (&[("f", &["g"])], &[], "neither a dependency nor a feature"),
            (&[("f", &["needed"])], &[], "is not an optional dependency"),
            (&[("f", &["a"]), ("g", &["dep:a"])], &["a"], "use `dep:a`"),
            (&[("f", &["dep:g"])], &[], "is no dependency"),
            (&[("f", &["dep:needed"])], &[], "is not an optional dependency"),
            (&[("f", &["needed?/x"])], &[], "not optional"),
            (&[("f", &["g/x"])], &[], "names no dependency"),
            (&[("f", &["needed/x/y"])], &[], "more than one slash"),
            (&[("f", &["dep:a/x"])], &["a"], "both `dep:` and a slash"),
            (&[("f-\u{20}", &[])], &[], "cannot be the name"),
        ];
        for (features, optional, expected) in refused {
            let what = check(features, optional).unwrap_err();
            assert!(what.contains(expected), "{what}");
        }
        // Hidden and only ever weak: nothing can turn it on, but it is named.
        assert!(check(&[("f", &["a?/x"]), ("a", &[])], &["a"]).is_ok());
        assert!(check(&[("a", &[])], &["a"]).unwrap_err().contains("no feature includes"));
    }
}
