//! Outcomes, each with the attempt that it ended.

use gleaner_model::{Attempt, CrawlFacts, Outcome, Validators};

use super::field::required_moment;
use super::{InvalidMessage, list, required};
use crate::v1;
use crate::v1::outcome::Result as Wire;

impl From<(Attempt, Outcome)> for v1::Outcome {
    fn from((attempt, outcome): (Attempt, Outcome)) -> Self {
        let result = match outcome {
            Outcome::Fetched(facts) => Wire::Fetched((*facts).into()),
            Outcome::NotModified { at } => Wire::NotModified(v1::NotModified { checked_at_ms: at.as_millis() }),
            Outcome::NotFound { at } => Wire::NotFound(v1::NotFound { checked_at_ms: at.as_millis() }),
            Outcome::Gone { at } => Wire::Gone(v1::Gone { checked_at_ms: at.as_millis() }),
            Outcome::Resolved(resolved) => Wire::Resolved((*resolved).into()),
            Outcome::Failed(fault) => Wire::Failed(fault.into()),
            Outcome::HandedBack => Wire::HandedBack(v1::HandedBack {}),
        };
        Self { attempt: Some(attempt.into()), result: Some(result) }
    }
}

impl TryFrom<v1::Outcome> for (Attempt, Outcome) {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Outcome) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        let outcome = match wire.result.ok_or_else(|| InvalidMessage::missing("result"))? {
            Wire::Fetched(fetched) => Outcome::Fetched(Box::new(required(Some(fetched), "fetched")?)),
            Wire::NotModified(answer) => {
                Outcome::NotModified { at: required_moment(answer.checked_at_ms, "not_modified.checked_at_ms")? }
            }
            Wire::NotFound(answer) => {
                Outcome::NotFound { at: required_moment(answer.checked_at_ms, "not_found.checked_at_ms")? }
            }
            Wire::Gone(answer) => Outcome::Gone { at: required_moment(answer.checked_at_ms, "gone.checked_at_ms")? },
            Wire::Resolved(resolved) => Outcome::Resolved(Box::new(required(Some(resolved), "resolved")?)),
            Wire::Failed(fault) => Outcome::Failed(required(Some(fault), "failed")?),
            Wire::HandedBack(v1::HandedBack {}) => Outcome::HandedBack,
        };
        Ok((attempt, outcome))
    }
}

impl From<CrawlFacts> for v1::Fetched {
    fn from(facts: CrawlFacts) -> Self {
        Self {
            package: Some(facts.package.into()),
            documents: facts.documents.into_iter().map(Into::into).collect(),
            validators: Some(facts.validators.into()),
            fetched_at_ms: facts.fetched_at.as_millis(),
        }
    }
}

/// At least one document is wanted: facts without one could never be checked against what they were made from.
impl TryFrom<v1::Fetched> for CrawlFacts {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Fetched) -> Result<Self, InvalidMessage> {
        if wire.documents.is_empty() {
            return Err(InvalidMessage::missing("documents"));
        }
        Ok(Self {
            package: required(wire.package, "package")?,
            documents: list(wire.documents, "documents")?,
            validators: wire.validators.map(Validators::from).unwrap_or_default(),
            fetched_at: required_moment(wire.fetched_at_ms, "fetched_at_ms")?,
        })
    }
}
