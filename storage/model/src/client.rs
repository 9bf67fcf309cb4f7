//! Who asks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// The name of a client, as the clients file has it: 1 to 64 of `a-z 0-9 - _ .`. Fair share is between clients.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ClientName(Box<str>);

/// By hand, so that the name is written as it stands: the journal writes one with each job, and needs no copy for that.
impl Serialize for ClientName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The text is not a client's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a client name: use 1 to 64 of a-z, 0-9, `-`, `_` and `.`")]
pub struct InvalidClientName(pub String);

impl ClientName {
    /// Work that Gleaner gives itself, such as the older half of a long crawl.
    #[must_use]
    pub fn gleaner() -> Self {
        Self("gleaner".into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ClientName {
    type Err = InvalidClientName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
        if fits { Ok(Self(text.into())) } else { Err(InvalidClientName(text.to_owned())) }
    }
}

impl TryFrom<String> for ClientName {
    type Error = InvalidClientName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ClientName> for String {
    fn from(name: ClientName) -> Self {
        name.0.into()
    }
}
