//! The form of the clients file, and each way in which one can be wrong.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use gleaner_model::{ClientName, Lane};
use serde::Deserialize;

use super::{Client, Clients, LaneTerms, QuotaTerms, TokenHash};

/// Weights are small numbers that are compared with each other; above this a typing error is more likely.
const WEIGHT_MAX: u32 = 10_000;

/// Jobs a second and at once; above this a quota is none, and the arithmetic stays far from its limits.
const QUOTA_MAX: u32 = 1_000_000;

/// All floors together, in thousandths: the other half is what urgent work can always reach.
const FLOORS_MAX: u32 = 500;

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
    /// What it says of the lanes makes no sense.
    #[error("the clients file's lanes: {0}")]
    Lanes(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    lanes: BTreeMap<String, LaneEntry>,
    #[serde(default)]
    client: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LaneEntry {
    weight: Option<u32>,
    floor_permille: Option<u16>,
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
    jobs_per_s: Option<u32>,
    burst: Option<u32>,
}

fn one() -> u32 {
    1
}

pub(super) fn parse(text: &str) -> Result<Clients, ClientsError> {
    let file: File = toml::from_str(text)?;
    let lanes = lanes(&file.lanes)?;
    let (mut by_name, mut by_token) = (BTreeMap::new(), HashMap::new());
    for entry in file.client {
        let refuse = |reason: String| ClientsError::Entry { name: entry.name.clone(), reason };
        let client = entry.client().map_err(refuse)?;
        let token = entry.token_hash().map_err(refuse)?;
        if by_token.insert(token, client.name.clone()).is_some() {
            return Err(refuse("another entry has this token".to_owned()));
        }
        if by_name.insert(client.name.clone(), client).is_some() {
            return Err(refuse("another entry has this name".to_owned()));
        }
    }
    Ok(Clients { by_name, by_token, anonymous: None, lanes })
}

fn lanes(entries: &BTreeMap<String, LaneEntry>) -> Result<[LaneTerms; 4], ClientsError> {
    let mut lanes = [LaneTerms::default(); 4];
    for (name, entry) in entries {
        let lane: Lane = name.parse().map_err(|error| ClientsError::Lanes(format!("{error}")))?;
        if let Some(weight) = entry.weight.filter(|weight| !(1..=WEIGHT_MAX).contains(weight)) {
            return Err(ClientsError::Lanes(format!("{name}: weight must be 1 to {WEIGHT_MAX}, not {weight}")));
        }
        lanes[lane.index()] = LaneTerms { weight: entry.weight, floor_permille: entry.floor_permille };
    }
    let floors: u32 = lanes.iter().filter_map(|lane| lane.floor_permille).map(u32::from).sum();
    if floors > FLOORS_MAX {
        let reason = format!("all floor_permille together are at most {FLOORS_MAX}, not {floors}");
        return Err(ClientsError::Lanes(reason));
    }
    Ok(lanes)
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
        Ok(Client { name, lane, weight: self.weight, quota: self.quota()? })
    }

    fn quota(&self) -> Result<Option<QuotaTerms>, String> {
        let Some(jobs_per_s) = self.jobs_per_s else {
            return match self.burst {
                None => Ok(None),
                Some(_) => Err("burst says nothing without jobs_per_s".to_owned()),
            };
        };
        let checked = |name: &str, number: u32| {
            let fits = NonZeroU32::new(number).filter(|number| number.get() <= QUOTA_MAX);
            fits.ok_or_else(|| format!("{name} must be 1 to {QUOTA_MAX}, not {number}"))
        };
        let burst = checked("burst", self.burst.unwrap_or(jobs_per_s.max(1)))?;
        Ok(Some(QuotaTerms { jobs_per_s: checked("jobs_per_s", jobs_per_s)?, burst }))
    }

    fn token_hash(&self) -> Result<TokenHash, String> {
        match (&self.token, &self.token_sha256) {
            (Some(token), None) if token.len() >= 16 => Ok(TokenHash::of(token)),
            (Some(_), None) => Err("a token needs at least 16 characters".to_owned()),
            (None, Some(digits)) => digits
                .parse::<gleaner_model::ContentHash>()
                .map(|hash| TokenHash(hash.0))
                .map_err(|_| "token_sha256 must be 64 hexadecimal digits".to_owned()),
            _ => Err("give either token or token_sha256".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [lanes.free]
        weight = 12
        floor_permille = 40

        [[client]]
        name = "acme"
        token = "acme-secret-token"
        lane = "paid"
        weight = 10
        jobs_per_s = 200

        [[client]]
        name = "crowd"
        token_sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
        lane = "free"
    "#;

    #[test]
    fn lane_weight_and_quota_follow_from_the_token() {
        let clients = Clients::parse(FILE).expect("valid");
        let acme = clients.who(Some("acme-secret-token")).expect("known");
        assert_eq!((acme.name.as_str(), acme.lane, acme.weight), ("acme", Lane::Paid, 10));
        let quota = acme.quota.expect("it has one");
        assert_eq!((quota.jobs_per_s.get(), quota.burst.get()), (200, 200));
        assert_eq!(clients.who(Some("acme-secret-tokem")), None);
        assert_eq!(clients.who(None), None);
        assert_eq!(clients.weight_of(&"crowd".parse().expect("valid")), 1);
        assert_eq!(clients.find(&"crowd".parse().expect("valid")).expect("known").quota, None);
    }

    #[test]
    fn lanes_are_as_the_file_says_and_otherwise_as_they_were() {
        let options = gleaner_core::Options::default();
        let (weights, floors) = Clients::parse(FILE).expect("valid").lanes(&options);
        let [paid, internal, _, bulk] = options.lane_weights;
        assert_eq!(weights, [paid, internal, 12, bulk]);
        assert_eq!(floors, [0, 60, 40, 10]);
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
        assert!(wrong("jobs_per_s = 200", "jobs_per_s = 0").contains("jobs_per_s must be 1 to 1000000, not 0"));
        assert!(wrong("jobs_per_s = 200", "burst = 5").contains("without jobs_per_s"));
        assert!(wrong("lanes.free", "lanes.urgent").contains("`urgent` is not a lane"));
        assert!(wrong("weight = 12", "weight = 0").contains("free: weight must be 1 to 10000"));
        assert!(wrong("floor_permille = 40", "floor_permille = 501").contains("at most 500, not 501"));
    }

    /// What deployments begin with says what it takes for the defaults.
    #[test]
    fn the_example_is_a_good_file_with_the_default_lanes() {
        let clients = Clients::parse(include_str!("../../../../deploy/clients.toml")).expect("a good file");
        let options = gleaner_core::Options::default();
        assert_eq!(clients.lanes(&options), (options.lane_weights, options.lane_floors_permille));
        assert_eq!(clients.len(), 3);
    }
}
