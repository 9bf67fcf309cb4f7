//! Licences and repositories: one text each, whatever form they were given in.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::{MaybeText, Text, ignore_others};

/// The value of `license` or `licenses` as one text: an SPDX expression, a name, `{"type": …}` or a list of those,
/// which leaves the choice and is joined with `OR`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LicenceText<'de>(pub(crate) Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for LicenceText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LicenceVisitor)
    }
}

struct LicenceVisitor;

impl<'de> Visitor<'de> for LicenceVisitor {
    type Value = LicenceText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(LicenceText(Some(text.trim()).filter(|text| !text.is_empty()).map(Cow::Borrowed)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(LicenceText(Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Cow::Owned(text.to_owned()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        first_of(object, &["type", "name", "license", "url"]).map(LicenceText)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut joined: Option<Cow<'de, str>> = None;
        while let Some(LicenceText(item)) = list.next_element()? {
            joined = match (joined, item) {
                (Some(before), Some(item)) => Some(Cow::Owned(format!("{before} OR {item}"))),
                (before, item) => before.or(item),
            };
        }
        Ok(LicenceText(joined))
    }

    ignore_others!('de: bool number null);
}

/// The value of `repository` as one text: a text, or the `url` of an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RepositoryText<'de>(pub(crate) Option<Cow<'de, str>>);

impl<'de> Deserialize<'de> for RepositoryText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RepositoryVisitor)
    }
}

struct RepositoryVisitor;

impl<'de> Visitor<'de> for RepositoryVisitor {
    type Value = RepositoryText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(RepositoryText((!text.is_empty()).then_some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(RepositoryText((!text.is_empty()).then(|| Cow::Owned(text.to_owned()))))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        first_of(object, &["url"]).map(RepositoryText)
    }

    ignore_others!('de: bool number null list);
}

/// The text of the first of `keys`, in their order, under which the object has text that is not empty.
fn first_of<'de, A: MapAccess<'de>>(mut object: A, keys: &[&str]) -> Result<Option<Cow<'de, str>>, A::Error> {
    let mut best: Option<(usize, Cow<'de, str>)> = None;
    while let Some(Text(key)) = object.next_key()? {
        let rank = keys.iter().position(|known| *known == key);
        let MaybeText(text) = object.next_value()?;
        let better = |rank: &usize| best.as_ref().is_none_or(|(known, _)| rank <= known);
        if let (Some(rank), Some(text)) = (rank.filter(better), text.filter(|text| !text.trim().is_empty())) {
            best = Some((rank, text));
        }
    }
    Ok(best.map(|(_, text)| text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_licence_has_many_forms() {
        let licence = |text: &str| serde_json::from_str::<LicenceText<'_>>(text).unwrap().0.map(Cow::into_owned);
        assert_eq!(licence(r#"" MIT ""#).as_deref(), Some("MIT"));
        assert_eq!(licence(r#"{"url":"http://mirror.example/l","type":"BSD"}"#).as_deref(), Some("BSD"));
        assert_eq!(licence(r#"{"url":"http://mirror.example/l"}"#).as_deref(), Some("http://mirror.example/l"));
        assert_eq!(licence(r#"[{"type":"MIT"},7,"GPL-2.0"]"#).as_deref(), Some("MIT OR GPL-2.0"));
        for nothing in ["null", "true", "3", r#""  ""#, "[]", "{}", r#"{"type":[]}"#] {
            assert_eq!(licence(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_repository_is_a_text_or_has_a_url() {
        let repository = |text: &str| serde_json::from_str::<RepositoryText<'_>>(text).unwrap().0.map(Cow::into_owned);
        assert_eq!(repository(r#""person/demo""#).as_deref(), Some("person/demo"));
        assert_eq!(
            repository(r#"{"type":"git","url":"git://mirror.example/d"}"#).as_deref(),
            Some("git://mirror.example/d")
        );
        for nothing in ["null", "false", r#""""#, r#"["x"]"#, r#"{"type":"git"}"#, r#"{"url":{}}"#] {
            assert_eq!(repository(nothing), None, "{nothing}");
        }
    }
}
