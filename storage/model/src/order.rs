//! Standing orders: what asks again and again on a client's behalf. A *schedule* asks for the same packages at certain
//! times; a *campaign* asks once for every known package of a range.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ClientName, Ecosystem, JobId, JobSpec, Question, RegistryName, Timestamp};

/// The name of a standing order, unique among its client's: 1 to 64 of `a-z 0-9 - _ .`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderName(Box<str>);

/// The text is no name for a standing order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name for a schedule or a campaign: use 1 to 64 of a-z, 0-9, `-`, `_` and `.`")]
pub struct InvalidOrderName(pub String);

impl OrderName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OrderName {
    type Err = InvalidOrderName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
        // What a client sent is quoted back; not all of it.
        if fits { Ok(Self(text.into())) } else { Err(InvalidOrderName(text.chars().take(80).collect())) }
    }
}

impl TryFrom<String> for OrderName {
    type Error = InvalidOrderName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OrderName> for String {
    fn from(name: OrderName) -> Self {
        name.0.into()
    }
}

/// Asks for the same packages again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name.
    pub name: OrderName,
    /// On whose behalf.
    pub client: ClientName,
    /// When, in cron's five fields, UTC.
    pub cron: String,
    /// What to ask for each time.
    pub jobs: Vec<JobSpec>,
    /// When it was made or changed.
    pub created_at: Timestamp,
    /// Does it ask for nothing at present?
    pub paused: bool,
    /// When it asks next; none if its times are over for good.
    pub next_at: Option<Timestamp>,
    /// The last time that it asked.
    pub last: Option<ScheduleRun>,
}

/// One time that a schedule asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRun {
    /// The time that it was due; of several that were missed, the first.
    pub due_at: Timestamp,
    /// When it asked.
    pub asked_at: Timestamp,
    /// How many jobs were taken in.
    pub jobs: u32,
    /// The first of them.
    pub first: Option<JobId>,
    /// Why others were not, or none; in words for people.
    pub refusal: Option<String>,
}

/// How far a campaign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CampaignState {
    /// It goes on.
    Running,
    /// It rests until somebody resumes it.
    Paused,
    /// It came to the end of its range, and all its jobs have ended.
    Done,
    /// Somebody cancelled it.
    Cancelled,
}

impl CampaignState {
    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Will it never go on again?
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

impl fmt::Display for CampaignState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Asks once for every package of a range that is in the catalogue, in the order of their names, a few at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name.
    pub name: OrderName,
    /// On whose behalf.
    pub client: ClientName,
    /// The packages of this registry,
    pub registry: RegistryName,
    /// which are of this ecosystem,
    pub ecosystem: Ecosystem,
    /// and whose names begin so; empty for all.
    pub prefix: String,
    /// Most jobs of it that are open at once.
    pub window: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// How far it is.
    pub state: CampaignState,
    /// The key of the last package that it came to, as stores keep it; it goes on behind it.
    pub cursor: Option<String>,
    /// Has it come to the end of its range? Then it waits for its last jobs.
    pub exhausted: bool,
    /// How many jobs it has submitted.
    pub submitted: u64,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// What is asked of each package instead of having it crawled. Its `as_of` is a
    /// [`Position`](crate::AsOf::Position) or [`PublishedAt`](crate::AsOf::PublishedAt).
    pub question: Option<Box<Question>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded() {
        assert_eq!("nightly.npm_2-a".parse::<OrderName>().map(String::from).as_deref(), Ok("nightly.npm_2-a"));
        for bad in ["", "Nightly", "a b", "ü", &"x".repeat(65)] {
            assert!(bad.parse::<OrderName>().is_err(), "{bad:?}");
        }
        let quoted = "y".repeat(5_000).parse::<OrderName>().expect_err("too long").to_string();
        assert!(quoted.len() < 250, "{quoted}");
    }
}
