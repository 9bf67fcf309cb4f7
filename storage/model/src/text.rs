//! The texts that answers consist of.
//!
//! The problem: the graph of a root with 431 packages has some thousand names, versions and requirements, and its read set
//! as many again. As a `String` each of them is an allocation, and that took longer than finding the graph. Nearly all of
//! them are short, and every one stands in the snapshot already. So a short text lies in the value itself, where a copy of
//! it is a copy of 24 bytes, and copies of a longer one share it: neither allocates.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest text, in bytes, that needs no allocation: what fits beside its length into two words.
const SHORT: usize = 15;

/// An immutable text of any length. To copy it never allocates; to make it does, if it is longer than 15 bytes. Compares,
/// hashes, serialises and shows as the `str` does.
#[derive(Clone)]
pub struct Text(Form);

#[derive(Clone)]
enum Form {
    Short(Short),
    Shared(Arc<str>),
}

/// Two whole words, so that a copy is one move; at odd addresses it took ten times as long.
#[derive(Clone, Copy, Default)]
#[repr(align(8))]
struct Short {
    bytes: [u8; SHORT],
    length: u8,
}

impl Text {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Short(_) => str::from_utf8(self.as_bytes()).expect("it was made from a text"),
            Form::Shared(text) => text,
        }
    }

    /// The text's bytes: without the look at them that [`as_str`](Self::as_str) costs.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Short(short) => &short.bytes[..usize::from(short.length)],
            Form::Shared(text) => text.as_bytes(),
        }
    }

    /// The text if it is a short one.
    fn short(text: &str) -> Option<Self> {
        let length = u8::try_from(text.len()).ok().filter(|length| usize::from(*length) <= SHORT)?;
        let mut bytes = [0; SHORT];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self(Form::Short(Short { bytes, length })))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Form::Short(Short::default()))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::short(text).unwrap_or_else(|| Self(Form::Shared(text.into())))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::short(&text).unwrap_or_else(|| Self(Form::Shared(text.into())))
    }
}

impl From<&Arc<str>> for Text {
    fn from(text: &Arc<str>) -> Self {
        Self::short(text).unwrap_or_else(|| Self(Form::Shared(Arc::clone(text))))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, other: &Text) -> bool {
        other == self
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        other == self
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// UTF-8 sorts as its bytes do.
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::hash_map::RandomState;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn a_text_is_what_it_was_made_from() {
        let longest = "x".repeat(SHORT - 2) + "é";
        let texts = ["", "serde", "^1.0.100", &longest, &format!("{longest}x"), &"é".repeat(8), &"日本語".repeat(9)];
        let hashes = RandomState::new();
        for text in texts {
            let all = [Text::from(text), Text::from(text.to_owned()), Text::from(&Arc::from(text))];
            for made in &all {
                assert_eq!((made.as_str(), made.to_string(), made.len()), (text, text.to_owned(), text.len()));
                assert_eq!((made.clone(), hashes.hash_one(made)), (all[0].clone(), hashes.hash_one(text)));
            }
            let mut sorted = texts.map(Text::from);
            sorted.sort();
            assert!(sorted.windows(2).all(|pair| pair[0].as_str() <= pair[1].as_str()));
        }
        assert_eq!(Text::default(), "");
    }

    #[test]
    fn it_takes_three_words_and_an_option_of_it_no_more() {
        assert_eq!((size_of::<Text>(), size_of::<Option<Text>>()), (24, 24));
    }

    #[test]
    fn copies_of_a_long_one_share_it() {
        let text = Text::from("node_modules/a/node_modules/b/node_modules/c");
        assert!(std::ptr::eq(text.as_str(), text.clone().as_str()));
        assert!(!std::ptr::eq(text.as_str(), Text::from(text.as_str()).as_str()));
    }
}
