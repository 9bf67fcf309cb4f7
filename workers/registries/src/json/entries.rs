//! Objects read entry by entry into something that is there already, and reused.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::{MaybeText, Text, ignore_others};

/// Something that takes in the entries of an object, one by one.
pub(crate) trait TakeEntry<'de> {
    /// Takes the entry of `key`, whose value is the next one of `object` and must be read or passed over.
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error>;
}

/// Reads an object into what is borrowed here. The answer is whether there was an object; any other form is passed
/// over.
pub(crate) struct Entries<'a, T>(pub(crate) &'a mut T);

impl<'de, T: TakeEntry<'de>> DeserializeSeed<'de> for Entries<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: TakeEntry<'de>> Visitor<'de> for Entries<'_, T> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        while let Some(Text(key)) = object.next_key()? {
            self.0.take_entry(key, &mut object)?;
        }
        Ok(true)
    }

    ignore_others!('de: bool number null text list);
}

/// A list takes the entries whose value is text.
impl<'de> TakeEntry<'de> for Vec<(Cow<'de, str>, Cow<'de, str>)> {
    fn take_entry<A: MapAccess<'de>>(&mut self, key: Cow<'de, str>, object: &mut A) -> Result<(), A::Error> {
        if let MaybeText(Some(value)) = object.next_value()? {
            self.push((key, value));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::read_whole;

    #[test]
    fn a_list_takes_what_is_text() {
        let mut list = Vec::new();
        let text = r#"{"a":"1","b":2,"c":null,"d":{"e":"f"},"g":["h"],"i":true,"j":"\n"}"#;
        assert!(read_whole(text, Entries(&mut list)).expect("an object"));
        assert_eq!(list, [("a".into(), "1".into()), ("j".into(), "\n".into())]);
    }

    #[test]
    fn other_forms_are_passed_over() {
        for text in ["1", "-1", "1.5", "null", "true", r#""{}""#, r#"[{"a":"1"}]"#] {
            let mut list = Vec::new();
            assert!(!read_whole(text, Entries(&mut list)).expect("JSON"), "{text}");
            assert!(list.is_empty());
        }
    }
}
