//! Who may ask, and how urgent that is: the clients file.
//!
//! ```toml
//! [[client]]
//! name = "acme"
//! token_sha256 = "…64 hexadecimal digits…"   # or: token = "…"
//! lane = "paid"
//! weight = 10
//! ```
//!
//! Lane and weight follow from the token and from nothing else: no request can claim them.

use std::collections::{BTreeMap, HashMap};

use gleaner_model::{ClientName, Lane};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Weights are small numbers that are compared with each other; above this a typing error is more likely.
const WEIGHT_MAX: u32 = 10_000;

/// Somebody who may submit jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Who.
    pub name: ClientName,
    /// How urgent everything is that they ask for.
    pub lane: Lane,
    /// Their share of that lane, relative to the others'.
    pub weight: u32,
}

/// All clients, by the SHA-256 of their tokens, so that a token can neither be read from memory dumps nor be found
/// byte by byte from how long a comparison takes.
#[derive(Clone, Debug)]
pub struct Clients {
    by_token: HashMap<[u8; 32], Client>,
    anonymous: Option<Client>,
}

/// What is wrong with a clients file.
#[derive(Debug, thiserror::Error)]
pub enum ClientsError {
    /// Not TOML, or not of the right form.
    #[error("the clients file cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// An entry makes no sense.
    #[error("the clients file's entry `{name}`: {reason}")]
    Entry {
        /// The entry's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    client: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    token: Option<String>,
    token_sha256: Option<String>,
    lane: String,
    #[serde(default = "one")]
    weight: u32,
}

fn one() -> u32 {
    1
}

impl Clients {
    /// Everybody is the same client, credentials or not: for a scheduler that only its own machine can reach.
    #[must_use]
    pub fn everybody_is(name: ClientName, lane: Lane) -> Self {
        Self { by_token: HashMap::new(), anonymous: Some(Client { name, lane, weight: 1 }) }
    }

    /// Reads a clients file; whoever shows none of its tokens is refused.
    ///
    /// # Errors
    /// The text is not of the form above, or two entries share a name or a token.
    pub fn parse(text: &str) -> Result<Self, ClientsError> {
        let file: File = toml::from_str(text)?;
        let mut by_token = HashMap::new();
        let mut names = BTreeMap::new();
        for entry in file.client {
            let refuse = |reason: String| ClientsError::Entry { name: entry.name.clone(), reason };
            let client = entry.client().map_err(refuse)?;
            let token = entry.token_hash().map_err(refuse)?;
            if names.insert(client.name.clone(), ()).is_some() {
                return Err(refuse("another entry has this name".to_owned()));
            }
            if by_token.insert(token, client).is_some() {
                return Err(refuse("another entry has this token".to_owned()));
            }
        }
        Ok(Self { by_token, anonymous: None })
    }

    /// Who shows this token, or none at all.
    #[must_use]
    pub fn who(&self, token: Option<&str>) -> Option<&Client> {
        token.and_then(|token| self.by_token.get(&sha256(token.as_bytes()))).or(self.anonymous.as_ref())
    }

    /// Does nobody need to show a token?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.anonymous.is_some()
    }

    /// The client of this name, as it is now.
    #[must_use]
    pub fn find(&self, name: &ClientName) -> Option<Client> {
        let anonymous = || self.anonymous.as_ref().map(|client| Client { name: name.clone(), ..client.clone() });
        self.by_token.values().find(|client| client.name == *name).cloned().or_else(anonymous)
    }

    /// The weight of a client by name; 1 for one that the file does not have any more.
    #[must_use]
    pub fn weight_of(&self, name: &ClientName) -> u32 {
        self.by_token.values().find(|client| client.name == *name).map_or(1, |client| client.weight)
    }
}

impl Entry {
    fn client(&self) -> Result<Client, String> {
        let name: ClientName = self.name.parse().map_err(|error| format!("{error}"))?;
        if name == ClientName::gleaner() {
            return Err("this name is the scheduler's own".to_owned());
        }
        let lane = self.lane.parse().map_err(|error| format!("{error}"))?;
        if !(1..=WEIGHT_MAX).contains(&self.weight) {
            return Err(format!("weight must be 1 to {WEIGHT_MAX}, not {}", self.weight));
        }
        Ok(Client { name, lane, weight: self.weight })
    }

    fn token_hash(&self) -> Result<[u8; 32], String> {
        match (&self.token, &self.token_sha256) {
            (Some(token), None) if token.len() >= 16 => Ok(sha256(token.as_bytes())),
            (Some(_), None) => Err("a token needs at least 16 characters".to_owned()),
            (None, Some(digits)) => digits
                .parse::<gleaner_model::ContentHash>()
                .map(|hash| hash.0)
                .map_err(|_| "token_sha256 must be 64 hexadecimal digits".to_owned()),
            _ => Err("give either token or token_sha256".to_owned()),
        }
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [[client]]
        name = "acme"
        token = "acme-secret-token"
        lane = "paid"
        weight = 10

        [[client]]
        name = "crowd"
        token_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
        lane = "free"
    "#;

    #[test]
    fn lane_and_weight_follow_from_the_token() {
        let clients = Clients::parse(FILE).expect("valid");
        let acme = clients.who(Some("acme-secret-token")).expect("known");
        assert_eq!((acme.name.as_str(), acme.lane, acme.weight), ("acme", Lane::Paid, 10));
        assert_eq!(clients.who(Some("acme-secret-tokem")), None);
        assert_eq!(clients.who(None), None);
        assert_eq!(clients.weight_of(&"crowd".parse().expect("valid")), 1);
    }

    #[test]
    fn says_which_entry_is_wrong() {
        let wrong = |from: &str, to: &str| Clients::parse(&FILE.replace(from, to)).expect_err("wrong").to_string();
        assert!(wrong("\"paid\"", "\"urgent\"").contains("`acme`: `urgent` is not a lane"));
        assert!(wrong("acme-secret-token", "short").contains("16 characters"));
        assert!(wrong("\"crowd\"", "\"acme\"").contains("another entry has this name"));
        assert!(wrong("\"crowd\"", "\"gleaner\"").contains("scheduler's own"));
        assert!(wrong("weight = 10", "weight = 0").contains("1 to 10000"));
        assert!(wrong("weight = 10", "colour = 1").contains("unknown field"));
    }
}
