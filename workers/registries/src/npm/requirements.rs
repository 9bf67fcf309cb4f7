//! What a version asks for: one object of names and ranges, or one of the forms that it had long ago.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::{MaybeText, Text, ignore_others};

/// Names and what is asked of each, in the document's order.
pub(crate) type Requirements<'de> = Vec<(Cow<'de, str>, Cow<'de, str>)>;

/// Reads the value of `dependencies`, `devDependencies` or `optionalDependencies` into a list.
///
/// Today's form is an object; entries whose range is not text are dropped. A list of `name@range` and a text with
/// several of those are old forms.
pub(crate) struct RequirementsSeed<'a, 'de>(pub(crate) &'a mut Requirements<'de>);

impl<'de> DeserializeSeed<'de> for RequirementsSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.clear();
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RequirementsSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(Text(name)) = object.next_key()? {
            if let MaybeText(Some(range)) = object.next_value()? {
                self.0.push((name, range));
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(MaybeText(item)) = list.next_element()? {
            self.0.extend(item.as_deref().and_then(split_item));
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let items = text.split(|c: char| c.is_whitespace() || c == ',');
        self.0.extend(items.filter_map(split_item));
        Ok(())
    }

    ignore_others!('de: bool number null);
}

/// `name@range`, `name range` or `name>=range`: the name ends at the first of these marks, and an `@` there is no
/// part of the range. (A scope was not yet known when this form was in use.)
fn split_item<'de>(item: &str) -> Option<(Cow<'de, str>, Cow<'de, str>)> {
    let item = item.trim();
    let end = item.find(|c: char| c.is_whitespace() || "@<>=".contains(c)).unwrap_or(item.len());
    let (name, range) = item.split_at(end);
    let range = range.trim();
    let range = range.strip_prefix('@').unwrap_or(range);
    (!name.is_empty()).then(|| (Cow::Owned(name.to_owned()), Cow::Owned(range.to_owned())))
}

/// A dependency's real name, the name it is used by where that differs, and its range: `npm:other@^1` as a range is
/// the package `other` (an alias, in the syntax of `npm-package-arg`).
pub(crate) fn resolve_alias<'a>(key: &'a str, range: &'a str) -> (&'a str, Option<&'a str>, &'a str) {
    let Some(prefix) = range.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("npm:")) else {
        return (key, None, range);
    };
    let target = &range[prefix.len()..];
    // The first character may be the `@` of a scope.
    let at = target.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(target.len(), |(at, _)| at);
    let (name, range_of_target) = target.split_at(at);
    match (name, range_of_target.strip_prefix('@')) {
        ("" | "@", _) => (key, None, range),
        (name, asked) => (name, (name != key).then_some(key), asked.filter(|asked| !asked.is_empty()).unwrap_or("*")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::json::read_whole;

    fn requirements(text: &str) -> Vec<String> {
        let mut list = Vec::new();
        read_whole(text, RequirementsSeed(&mut list)).unwrap();
        list.iter().map(|(name, range)| format!("{name} {range}")).collect()
    }

    #[test]
    fn every_historical_form_is_read() {
        assert_eq!(requirements(r#"{"a":"^1","b":2,"c":{"x":1},"d":"*","e":null}"#), ["a ^1", "d *"]);
        assert_eq!(requirements(r#"["a@1.x","b >= 2",3,"c","d>=4",""]"#), ["a 1.x", "b >= 2", "c ", "d >=4"]);
        assert_eq!(requirements(r#""a@1, b  c@2""#), ["a 1", "b ", "c 2"]);
        for nothing in ["null", "true", "17", "[]", "{}", r#""""#] {
            assert!(requirements(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn an_alias_names_its_target() {
        assert_eq!(resolve_alias("a", "^1"), ("a", None, "^1"));
        assert_eq!(resolve_alias("a", "npm:b@^1"), ("b", Some("a"), "^1"));
        assert_eq!(resolve_alias("a", "NPM:@s/b@1 || 2"), ("@s/b", Some("a"), "1 || 2"));
        assert_eq!(resolve_alias("a", "npm:@s/b"), ("@s/b", Some("a"), "*"));
        assert_eq!(resolve_alias("a", "npm:a@2"), ("a", None, "2"));
        assert_eq!(resolve_alias("a", "npm:"), ("a", None, "npm:"));
        assert_eq!(resolve_alias("a", "npm:@"), ("a", None, "npm:@"));
        assert_eq!(resolve_alias("a", "git+ssh://mirror.example/x"), ("a", None, "git+ssh://mirror.example/x"));
        assert_eq!(resolve_alias("a", "nämlich"), ("a", None, "nämlich"));
    }
}
