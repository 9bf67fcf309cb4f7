//! Fields that may hold anything: what has the expected form is taken, everything else is passed over.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Visitor methods that accept the named forms of JSON values, and answer with the default value.
macro_rules! ignore_others {
    ($lifetime:lifetime: $($form:ident)*) => { $($crate::json::ignore_others!(@$form $lifetime);)* };
    (@bool $lifetime:lifetime) => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@number $lifetime:lifetime) => {
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@null $lifetime:lifetime) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@text $lifetime:lifetime) => {
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Default::default())
        }
    };
    (@list $lifetime:lifetime) => {
        fn visit_seq<A: serde::de::SeqAccess<$lifetime>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (@object $lifetime:lifetime) => {
        fn visit_map<A: serde::de::MapAccess<$lifetime>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            while object.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}
pub(crate) use ignore_others;

/// Text, or nothing if the field holds something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MaybeText<'de>(pub(crate) Option<Cow<'de, str>>);

impl MaybeText<'_> {
    /// The text, if there is one that is not empty.
    pub(crate) fn filled(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

impl<'de> Deserialize<'de> for MaybeText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MaybeTextVisitor;
        impl<'de> Visitor<'de> for MaybeTextVisitor {
            type Value = MaybeText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MaybeText(Some(Cow::Owned(text.to_owned()))))
            }

            ignore_others!('de: bool number null list object);
        }
        deserializer.deserialize_any(MaybeTextVisitor)
    }
}

/// A flag as JavaScript reads one: everything is true but `false`, `0`, `""` and `null`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Truthy(pub(crate) bool);

impl<'de> Deserialize<'de> for Truthy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TruthyVisitor;
        impl<'de> Visitor<'de> for TruthyVisitor {
            type Value = Truthy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Truthy, E> {
                Ok(Truthy(flag))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Truthy, E> {
                Ok(Truthy(number != 0))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Truthy, E> {
                Ok(Truthy(number != 0))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Truthy, E> {
                Ok(Truthy(number != 0.0))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Truthy, E> {
                Ok(Truthy(!text.is_empty()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Truthy, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Truthy(true))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Truthy, A::Error> {
                while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Truthy(true))
            }

            ignore_others!('de: null);
        }
        deserializer.deserialize_any(TruthyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_taken_and_the_rest_passed_over() {
        let text = |json| serde_json::from_str::<MaybeText<'_>>(json).expect("JSON").0;
        assert_eq!(text(r#""a""#).as_deref(), Some("a"));
        assert_eq!(text(r#""\u0061""#).as_deref(), Some("a"));
        for other in ["null", "1", "-1", "0.5", "true", r#"["a",{}]"#, r#"{"a":["b"]}"#] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn flags_are_javascripts() {
        let flag = |json| serde_json::from_str::<Truthy>(json).expect("JSON").0;
        for yes in ["true", "1", "-1", "0.5", r#""no""#, "[]", "{}", "[0]", r#"{"a":0}"#] {
            assert!(flag(yes), "{yes}");
        }
        for no in ["false", "0", "0.0", r#""""#, "null"] {
            assert!(!flag(no), "{no}");
        }
    }
}
