//! Batches: many jobs of one client that were submitted together and are looked at together.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ClientName, IdempotencyKey, JobId, JobState, Timestamp};

/// The id of a batch: the number of its first job. Shown as `b-1042`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BatchId(pub u64);

/// The text is not the id of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a batch id; batch ids look like b-1042")]
pub struct InvalidBatchId(pub String);

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b-{}", self.0)
    }
}

impl FromStr for BatchId {
    type Err = InvalidBatchId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("b-").and_then(|digits| digits.parse().ok());
        digits.map(Self).ok_or_else(|| InvalidBatchId(text.to_owned()))
    }
}

/// A batch as it is kept: written when it is submitted, when it is cancelled, and when its last job has ended. How far it
/// has got meanwhile, its jobs tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// Who submitted it.
    pub client: ClientName,
    /// The client's own words for it; perhaps empty.
    pub label: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Its last job; all of them lie between the first and this one.
    pub last: JobId,
    /// How many jobs it has.
    pub jobs: u32,
    /// Under which key it was submitted.
    pub key: Option<IdempotencyKey>,
    /// When somebody cancelled it.
    pub cancelled_at: Option<Timestamp>,
    /// When its last job had ended, and how all of them did.
    pub end: Option<(Timestamp, Tally)>,
}

impl Batch {
    /// Its first job.
    #[must_use]
    pub const fn first(&self) -> JobId {
        JobId(self.id.0)
    }
}

/// How many jobs are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally([u32; JobState::ALL.len()]);

impl Tally {
    /// One more in this state.
    pub fn add(&mut self, state: JobState) {
        self.0[state as usize] += 1;
    }

    /// How many are in this state.
    #[must_use]
    pub const fn of(&self, state: JobState) -> u32 {
        self.0[state as usize]
    }

    /// How many have ended.
    #[must_use]
    pub fn ended(&self) -> u32 {
        JobState::ALL.into_iter().filter(|state| state.is_terminal()).map(|state| self.of(state)).sum()
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

impl FromIterator<JobState> for Tally {
    fn from_iter<I: IntoIterator<Item = JobState>>(states: I) -> Self {
        let mut tally = Self::default();
        states.into_iter().for_each(|state| tally.add(state));
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back() {
        assert_eq!("b-17".parse(), Ok(BatchId(17)));
        assert_eq!(BatchId(17).to_string(), "b-17");
        assert_eq!("j-17".parse::<BatchId>(), Err(InvalidBatchId("j-17".to_owned())));
    }

    #[test]
    fn every_state_has_its_own_place() {
        let tally: Tally = JobState::ALL.into_iter().chain([JobState::Done]).collect();
        assert_eq!(JobState::ALL.map(|state| tally.of(state)), [1, 1, 2, 1, 1, 1, 1, 1]);
        assert_eq!((tally.ended(), tally.total()), (7, 9));
    }
}
