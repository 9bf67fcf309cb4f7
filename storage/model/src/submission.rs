//! What belongs to a submission beside what it asks for: the client's own key for it, and what it came from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{BatchId, JobId, OrderName, TaskId};

/// A client's own name for one ask: whoever sends the same ask again under it gets the same job. 1 to 128 visible
/// ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(Box<str>);

/// The text is not an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an idempotency key has 1 to {} visible ASCII characters and no spaces; this one has {length} bytes",
    IdempotencyKey::BYTES_MAX
)]
pub struct InvalidIdempotencyKey {
    /// How long it is.
    pub length: usize,
}

impl IdempotencyKey {
    /// The longest key, in bytes: room for a UUID and some words of the client's own, and little enough that a million
    /// of them are no burden.
    pub const BYTES_MAX: usize = 128;

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=Self::BYTES_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(InvalidIdempotencyKey { length: text.len() }) }
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0.into()
    }
}

/// What a job came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// An ask for it alone, or what an outcome left to do.
    #[default]
    Asked,
    /// This dead letter was to be tried again.
    Retry(JobId),
    /// It is one of a batch.
    Batch(BatchId),
    /// A schedule of its client was due.
    Schedule(OrderName),
    /// A campaign of its client came to its package.
    Campaign(OrderName),
    /// This task lacks its package, and waits for it. It ends with the task, if nobody else wants it.
    Child(TaskId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_bounded_and_visible() {
        for good in ["a", "6f1c-…".trim_end_matches('…'), &"k".repeat(128), "order/2026#7"] {
            assert_eq!(good.parse::<IdempotencyKey>().map(String::from).as_deref(), Ok(good));
        }
        for bad in ["", " ", "a b", "schlüssel", "a\n", &"k".repeat(129)] {
            assert_eq!(bad.parse::<IdempotencyKey>(), Err(InvalidIdempotencyKey { length: bad.len() }), "{bad:?}");
        }
    }
}
