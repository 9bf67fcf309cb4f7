//! What a job's task went through until the job ended, and how that is written beside the result.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ContentHash, Fault, JobResult, JobState, Lane, TaskId, Timestamp};

/// One time that a task's attempt was displaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displacement {
    /// The task that took the slot.
    pub by: TaskId,
    /// That task's lane.
    pub lane: Lane,
    /// When.
    pub at: Timestamp,
}

/// What a task went through since it was submitted, or since its scheduler started if that was later. What is neither
/// running nor suspended was waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journey {
    /// How long its attempts were in slots, in milliseconds.
    pub ran_ms: u64,
    /// How long they were suspended, in milliseconds.
    pub suspended_ms: u64,
    /// Who displaced them, the first one first.
    pub displaced_by: Vec<Displacement>,
    /// The task whose attempt was displaced to make room for its last one.
    pub displaced: Option<TaskId>,
}

/// A result as it is written: the fields in their order, the last two in one.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    state: JobState,
    ended_at: Timestamp,
    attempts: u32,
    changed: Option<bool>,
    versions: Option<u32>,
    latest: Cow<'a, Option<String>>,
    fetched_at: Option<Timestamp>,
    document: Option<ContentHash>,
    tail: Tail<'a>,
}

/// What stands at the end. The first two are what an optional fault looks like in postcard, which is all that earlier
/// versions wrote there: so their results are read as they are, and nobody has to rewrite millions of them.
#[derive(Serialize, Deserialize)]
enum Tail<'a> {
    Nothing,
    Error(Cow<'a, Fault>),
    Journey(Cow<'a, Journey>),
    ErrorAndJourney(Cow<'a, Fault>, Cow<'a, Journey>),
}

impl Serialize for JobResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tail = match (self.error.as_ref().map(Cow::Borrowed), self.journey.as_ref().map(Cow::Borrowed)) {
            (None, None) => Tail::Nothing,
            (Some(error), None) => Tail::Error(error),
            (None, Some(journey)) => Tail::Journey(journey),
            (Some(error), Some(journey)) => Tail::ErrorAndJourney(error, journey),
        };
        let written = Written {
            state: self.state,
            ended_at: self.ended_at,
            attempts: self.attempts,
            changed: self.changed,
            versions: self.versions,
            latest: Cow::Borrowed(&self.latest),
            fetched_at: self.fetched_at,
            document: self.document,
            tail,
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JobResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let (error, journey) = match written.tail {
            Tail::Nothing => (None, None),
            Tail::Error(error) => (Some(error.into_owned()), None),
            Tail::Journey(journey) => (None, Some(journey.into_owned())),
            Tail::ErrorAndJourney(error, journey) => (Some(error.into_owned()), Some(journey.into_owned())),
        };
        Ok(Self {
            state: written.state,
            ended_at: written.ended_at,
            attempts: written.attempts,
            changed: written.changed,
            versions: written.versions,
            latest: written.latest.into_owned(),
            fetched_at: written.fetched_at,
            document: written.document,
            error,
            journey,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaultKind;

    /// A result as it was until format 3 of the store.
    #[derive(Serialize)]
    struct Old {
        state: JobState,
        ended_at: Timestamp,
        attempts: u32,
        changed: Option<bool>,
        versions: Option<u32>,
        latest: Option<String>,
        fetched_at: Option<Timestamp>,
        document: Option<ContentHash>,
        error: Option<Fault>,
    }

    fn result(error: Option<Fault>, journey: Option<Journey>) -> JobResult {
        let bare = JobResult::bare(JobState::Done, Timestamp::from_millis(1_700_000_000_000), 2);
        JobResult { changed: Some(true), latest: Some("1.0.0".to_owned()), error, journey, ..bare }
    }

    fn journey() -> Journey {
        let displacement = Displacement { by: TaskId(7), lane: Lane::Paid, at: Timestamp::from_millis(5) };
        Journey { ran_ms: 40, suspended_ms: 1_000, displaced_by: vec![displacement], displaced: Some(TaskId(3)) }
    }

    #[test]
    fn what_is_written_is_read() {
        let fault = || Fault::new(FaultKind::Outage, "away");
        for (error, journey) in
            [(None, None), (Some(fault()), None), (None, Some(journey())), (Some(fault()), Some(journey()))]
        {
            let result = result(error, journey);
            let bytes = postcard::to_allocvec(&result).expect("plain data");
            assert_eq!(postcard::from_bytes::<JobResult>(&bytes), Ok(result));
        }
    }

    #[test]
    fn results_of_earlier_versions_are_read_as_they_are() {
        for error in [None, Some(Fault::new(FaultKind::Outage, "away"))] {
            let new = result(error.clone(), None);
            let JobResult { state, ended_at, attempts, changed, versions, latest, fetched_at, document, .. } =
                new.clone();
            let old = Old { state, ended_at, attempts, changed, versions, latest, fetched_at, document, error };
            let bytes = postcard::to_allocvec(&old).expect("plain data");
            assert_eq!(postcard::from_bytes::<JobResult>(&bytes), Ok(new.clone()));
            assert_eq!(postcard::to_allocvec(&new), Ok(bytes));
        }
    }

    #[test]
    fn a_journey_takes_few_bytes() {
        let bytes = |journey| postcard::to_allocvec(&result(None, journey)).expect("plain data").len();
        let plain = Journey { ran_ms: 250, ..Journey::default() };
        assert_eq!(bytes(Some(plain)) - bytes(None), 5);
    }
}
