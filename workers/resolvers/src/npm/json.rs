//! JSON with objects in the order of JavaScript's, read and written.
//!
//! The order in which a manifest lists its dependencies decides in which order they are gathered, so that it must be kept.
//! A lock file's keys have an order of their own: first what is no object, certain keys first, and the rest as in English.
//!
//! Source of the written form: `json-stringify-nice`, with the keys of `lib/shrinkwrap.js` (`swKeyOrder`).

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::collation;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A number as text.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        // Files of some systems begin with a mark of their encoding.
        serde_json::from_str(text.trim_start_matches('\u{feff}'))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of an object; of anything else there are none.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Object(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Has JavaScript this for something?
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) => false,
            Self::Number(number) => number.parse() != Ok(0.0),
            Self::Text(text) => !text.is_empty(),
            _ => true,
        }
    }

    /// The text with lines, as a lock file has it.
    pub(super) fn write(&self, indent: &str) -> String {
        let mut out = String::new();
        self.write_at(indent, 0, &mut out);
        out.push('\n');
        out
    }

    fn write_at(&self, indent: &str, depth: usize, out: &mut String) {
        let line = |depth: usize, out: &mut String| {
            out.push('\n');
            (0..depth).for_each(|_| out.push_str(indent));
        };
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::List(items) if items.is_empty() => out.push_str("[]"),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    line(depth + 1, out);
                    item.write_at(indent, depth + 1, out);
                }
                line(depth, out);
                out.push(']');
            }
            Self::Object(entries) if entries.is_empty() => out.push_str("{}"),
            Self::Object(entries) => {
                out.push('{');
                for (at, (key, value)) in sorted(entries).into_iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    line(depth + 1, out);
                    out.push_str(&quoted(key));
                    out.push_str(": ");
                    value.write_at(indent, depth + 1, out);
                }
                line(depth, out);
                out.push('}');
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Keys that come first, wherever they are.
const FIRST: [&str; 8] =
    ["name", "version", "lockfileVersion", "resolved", "integrity", "requires", "packages", "dependencies"];

fn sorted(entries: &[(String, Json)]) -> Vec<(&str, &Json)> {
    let mut sorted: Vec<(&str, &Json)> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
    sorted.sort_by_cached_key(|(key, value)| {
        let rank = FIRST.iter().position(|first| first == key).unwrap_or(FIRST.len());
        (matches!(value, Json::Object(_)), rank, collation::key(key))
    });
    sorted
}

/// Keys that are positions of a list come first in JavaScript's objects, by their numbers.
fn position(key: &str) -> Option<u32> {
    key.parse::<u32>().ok().filter(|number| *number != u32::MAX && number.to_string() == key)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut at = std::collections::HashMap::new();
        while let Some((key, value)) = object.next_entry::<String, Json>()? {
            match at.get(&key) {
                Some(at) => entries[*at] = (key, value),
                None => {
                    at.insert(key.clone(), entries.len());
                    entries.push((key, value));
                }
            }
        }
        entries.sort_by_key(|(key, _)| position(key).unwrap_or(u32::MAX));
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_javascripts_order() {
        let json = Json::parse(r#"{"b":1,"a":{"2":"x","10":"y","z":[],"1":null},"b":true}"#).expect("valid");
        let keys: Vec<&str> = json.entries().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["b", "a"]);
        assert_eq!(json.get("b"), Some(&Json::Bool(true)));
        let inner: Vec<&str> = json.get("a").expect("there").entries().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(inner, ["1", "2", "10", "z"]);
    }

    #[test]
    fn what_is_written_is_sorted() {
        let json = Json::parse(r#"{"z":1,"a":{"b":[1,{"y":0,"x":"ä\n"}],"version":"1"},"name":"n","e":{},"f":[]}"#);
        let expected = "{\n  \"name\": \"n\",\n  \"f\": [],\n  \"z\": 1,\n  \"a\": {\n    \"version\": \"1\",\n    \"b\": \
                        [\n      1,\n      {\n        \"x\": \"ä\\n\",\n        \"y\": 0\n      }\n    ]\n  },\n  \"e\": {}\n}\n";
        assert_eq!(json.expect("valid").write("  "), expected);
    }
}
