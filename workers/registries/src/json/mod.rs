//! Reading JSON without copying it, and without falling over odd fields.
//!
//! Documents are up to some hundred megabytes and mostly of no interest, so everything is visited straight into its
//! final shape: text borrows from the document, objects become lists, and nothing passes through a tree of values.

mod entries;
mod lenient;
mod surrogates;
mod text;

pub(crate) use entries::{Entries, TakeEntry};
pub(crate) use lenient::{MaybeText, Truthy, ignore_others};
pub(crate) use surrogates::with_mended_surrogates;
pub(crate) use text::Text;

use serde::de::DeserializeSeed;

/// Reads one whole JSON text through `seed`; anything behind it but white space is an error.
pub(crate) fn read_whole<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> serde_json::Result<S::Value> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}
