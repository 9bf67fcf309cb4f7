//! Assignments and permits.

use std::sync::Arc;

use gleaner_model::{Assignment, Attempt, Host, Permit, Purl, Registry, RegistryName, Trace, Validators};

use super::field::at_most;
use super::job::question;
use super::request::CHECKPOINT_BYTES_MAX;
use super::{InvalidMessage, enumeration, job_kind, optional, parse, purl, required};
use crate::v1;

/// What need not be said of an assignment, since the one before it said the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) registry: bool,
    pub(super) base_url: bool,
    pub(super) host: bool,
    /// That the permit is for the attempt.
    pub(super) permitted: bool,
}

impl From<Assignment> for v1::Assign {
    fn from(assignment: Assignment) -> Self {
        Self::short(assignment, Known::default())
    }
}

impl v1::Assign {
    /// The message without what is known; its texts are not even copied.
    pub(super) fn short(assignment: Assignment, known: Known) -> Self {
        let unless = |known: bool, text: &str| if known { String::new() } else { text.to_owned() };
        let attempt = assignment.attempt;
        let validators = Some(assignment.validators).filter(|validators| !validators.is_empty());
        let permit = v1::Permit {
            attempt: (!known.permitted).then(|| attempt.into()),
            host: unless(known.host, assignment.permit.host.as_str()),
            use_within_ms: assignment.permit.use_within_ms,
        };
        Self {
            attempt: Some(attempt.into()),
            kind: v1::JobKind::from(assignment.kind).into(),
            part: v1::CrawlPart::from(assignment.part).into(),
            purl: assignment.purl.to_text(),
            registry: unless(known.registry, assignment.registry.name.as_str()),
            base_url: unless(known.base_url, &assignment.registry.base_url),
            validators: validators.map(Into::into),
            document: assignment.document.map(Into::into),
            settled_versions: assignment.settled,
            lane: v1::Lane::from(assignment.lane).into(),
            permit: Some(permit),
            traceparent: assignment.trace.0.map(Into::into).unwrap_or_default(),
            checkpoint: assignment.checkpoint,
            question: assignment.question.map(|question| (*question).into()),
            position: assignment.position,
        }
    }
}

/// The registry's ecosystem is the purl's.
impl TryFrom<v1::Assign> for Assignment {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Assign) -> Result<Self, InvalidMessage> {
        let attempt: Attempt = required(wire.attempt, "attempt")?;
        let (permitted, permit): (Attempt, Permit) = required(wire.permit, "permit")?;
        if permitted != attempt {
            return Err(InvalidMessage::invalid("permit.attempt", "the permit is another attempt's"));
        }
        let purl = purl(&wire.purl)?;
        at_most(wire.checkpoint.len(), CHECKPOINT_BYTES_MAX, "checkpoint")?;
        let kind = job_kind(wire.kind, "kind")?;
        Ok(Self {
            attempt,
            question: question(kind, wire.question)?,
            position: wire.position,
            kind,
            part: enumeration(wire.part, "part")?,
            registry: Arc::new(asked_registry(parse(&wire.registry, "registry")?, &purl, wire.base_url)?),
            purl,
            validators: wire.validators.map(Validators::from).unwrap_or_default(),
            document: optional(wire.document, "document")?,
            settled: wire.settled_versions,
            lane: enumeration(wire.lane, "lane")?,
            permit,
            trace: trace(wire.traceparent),
            checkpoint: wire.checkpoint,
        })
    }
}

fn asked_registry(name: RegistryName, purl: &Purl, base_url: String) -> Result<Registry, InvalidMessage> {
    let field = "base_url";
    if base_url.is_empty() {
        return Err(InvalidMessage::missing(field));
    }
    Host::of_url(&base_url).map_err(|error| InvalidMessage::invalid(field, error))?;
    // Paths are appended to it; without the slash they would replace its last segment.
    if !base_url.ends_with('/') {
        return Err(InvalidMessage::invalid(field, format_args!("`{base_url}` does not end in a slash")));
    }
    Ok(Registry { name, ecosystem: purl.ecosystem(), base_url })
}

fn trace(traceparent: String) -> Trace {
    Trace((!traceparent.is_empty()).then(|| traceparent.into()))
}

impl From<(Attempt, Permit)> for v1::Permit {
    fn from((attempt, permit): (Attempt, Permit)) -> Self {
        Self { attempt: Some(attempt.into()), host: permit.host.to_string(), use_within_ms: permit.use_within_ms }
    }
}

impl TryFrom<v1::Permit> for (Attempt, Permit) {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Permit) -> Result<Self, InvalidMessage> {
        let attempt = required(wire.attempt, "attempt")?;
        let permit = Permit { host: parse(&wire.host, "host")?, use_within_ms: wire.use_within_ms };
        Ok((attempt, permit))
    }
}
