//! Jobs: what a client asks for, and how the job is shown to it.

use gleaner_model::{ContentHash, CrawlPart, JobKind, JobResult, JobSpec, JobState, JobView, Origin, Question, TaskId};

use super::field::{parsed_or_none, required_moment, text};
use super::{
    InvalidMessage, content_hash, enumeration, job_kind, moment, moment_or_zero, optional, parse, purl, registry,
    required,
};
use crate::v1;

/// The part is not told: clients ask for packages, and only Gleaner itself splits a crawl.
impl From<JobSpec> for v1::JobSpec {
    fn from(spec: JobSpec) -> Self {
        Self {
            kind: v1::JobKind::from(spec.kind).into(),
            purl: spec.purl.to_string(),
            registry: spec.registry.into(),
            max_age_ms: spec.max_age_ms,
            expires_at_ms: moment_or_zero(spec.expires_at),
            not_before_at_ms: moment_or_zero(spec.not_before),
            deadline_at_ms: moment_or_zero(spec.deadline),
            idempotency_key: spec.key.map(Into::into).unwrap_or_default(),
            question: spec.question.map(|question| (*question).into()),
        }
    }
}

/// The part is always [`CrawlPart::Newest`]; an empty registry becomes the default one of the purl's ecosystem.
impl TryFrom<v1::JobSpec> for JobSpec {
    type Error = InvalidMessage;

    fn try_from(wire: v1::JobSpec) -> Result<Self, InvalidMessage> {
        let purl = purl(&wire.purl)?;
        let kind = job_kind(wire.kind, "kind")?;
        Ok(Self {
            question: question(kind, wire.question)?,
            kind,
            part: CrawlPart::Newest,
            registry: registry(&wire.registry, &purl)?,
            purl,
            max_age_ms: wire.max_age_ms,
            expires_at: moment(wire.expires_at_ms),
            not_before: moment(wire.not_before_at_ms),
            deadline: moment(wire.deadline_at_ms),
            key: parsed_or_none(&wire.idempotency_key, "idempotency_key")?,
        })
    }
}

/// Reads what a resolution is asked, in its plain form the default; a crawl is asked nothing.
pub(super) fn question(kind: JobKind, wire: Option<v1::Question>) -> Result<Option<Box<Question>>, InvalidMessage> {
    match (kind, optional(wire, "question")?) {
        (JobKind::Crawl, Some(_)) => Err(InvalidMessage::invalid("question", "a crawl is asked no question")),
        (JobKind::Crawl, None) => Ok(None),
        (JobKind::Resolve, question) => Ok(Some(Box::new(question.unwrap_or_default()))),
    }
}

/// The job as clients see it.
#[must_use]
pub fn job_to_wire(job: JobView) -> v1::Job {
    let shown = v1::Job {
        id: job.id.to_string(),
        spec: Some(job.spec.into()),
        client: job.client.into(),
        lane: v1::Lane::from(job.lane).into(),
        state: v1::JobState::from(job.state).into(),
        task: job.task.to_string(),
        created_at_ms: job.created_at.as_millis(),
        attempts: job.attempts,
        waiting_for: job.waiting_for,
        retried_as: job.retried_as.map(|job| job.to_string()).unwrap_or_default(),
        ..v1::Job::default()
    };
    let shown = with_origin(shown, job.origin);
    match job.result {
        None => shown,
        Some(result) => with_result(shown, result),
    }
}

impl From<JobView> for v1::Job {
    fn from(job: JobView) -> Self {
        job_to_wire(job)
    }
}

/// One field tells what the job came from; of an ask for it alone none does.
fn with_origin(shown: v1::Job, origin: Origin) -> v1::Job {
    match origin {
        Origin::Asked => shown,
        Origin::Retry(of) => v1::Job { retry_of: of.to_string(), ..shown },
        Origin::Batch(batch) => v1::Job { batch: batch.to_string(), ..shown },
        Origin::Schedule(name) => v1::Job { schedule: name.into(), ..shown },
        Origin::Campaign(name) => v1::Job { campaign: name.into(), ..shown },
        Origin::Child(task) => v1::Job { child_of: task.to_string(), ..shown },
    }
}

/// Of several fields that tell, the first one counts.
fn origin(wire: &v1::Job) -> Result<Origin, InvalidMessage> {
    let retry = parsed_or_none(&wire.retry_of, "retry_of")?.map(Origin::Retry);
    let batch = parsed_or_none(&wire.batch, "batch")?.map(Origin::Batch);
    let schedule = parsed_or_none(&wire.schedule, "schedule")?.map(Origin::Schedule);
    let campaign = parsed_or_none(&wire.campaign, "campaign")?.map(Origin::Campaign);
    let child =
        (!wire.child_of.is_empty()).then(|| task_id(&wire.child_of, "child_of").map(Origin::Child)).transpose()?;
    Ok(retry.or(batch).or(schedule).or(campaign).or(child).unwrap_or_default())
}

/// The result's own state and number of attempts stand over those that the view was given.
fn with_result(shown: v1::Job, result: JobResult) -> v1::Job {
    v1::Job {
        state: v1::JobState::from(result.state).into(),
        attempts: result.attempts,
        ended_at_ms: result.ended_at.as_millis(),
        changed: result.changed,
        versions: result.versions,
        latest: result.latest.unwrap_or_default(),
        fetched_at_ms: moment_or_zero(result.fetched_at),
        document: result.document.map(|hash| hash.0.to_vec()).unwrap_or_default(),
        error: result.error.map(Into::into),
        ..shown
    }
}

impl TryFrom<v1::Job> for JobView {
    type Error = InvalidMessage;

    fn try_from(mut wire: v1::Job) -> Result<Self, InvalidMessage> {
        let state: JobState = enumeration(wire.state, "state")?;
        Ok(Self {
            id: parse(&wire.id, "id")?,
            spec: required(wire.spec.take(), "spec")?,
            client: parse(&wire.client, "client")?,
            lane: enumeration(wire.lane, "lane")?,
            task: task_id(&wire.task, "task")?,
            created_at: required_moment(wire.created_at_ms, "created_at_ms")?,
            origin: origin(&wire)?,
            retried_as: parsed_or_none(&wire.retried_as, "retried_as")?,
            state,
            attempts: wire.attempts,
            waiting_for: std::mem::take(&mut wire.waiting_for),
            result: state.is_terminal().then(|| result(state, wire)).transpose()?,
        })
    }
}

fn result(state: JobState, wire: v1::Job) -> Result<JobResult, InvalidMessage> {
    Ok(JobResult {
        state,
        ended_at: required_moment(wire.ended_at_ms, "ended_at_ms")?,
        attempts: wire.attempts,
        changed: wire.changed,
        versions: wire.versions,
        latest: text(wire.latest),
        fetched_at: moment(wire.fetched_at_ms),
        document: document(&wire.document)?,
        error: optional(wire.error, "error")?,
        // Told in explanations only.
        journey: None,
    })
}

fn document(hash: &[u8]) -> Result<Option<ContentHash>, InvalidMessage> {
    if hash.is_empty() { Ok(None) } else { content_hash(hash, "document").map(Some) }
}

/// Reads a task's id, such as `t-1042`.
///
/// # Errors
/// It is empty, hence missing, or not a task's id.
pub fn task_id(text: &str, field: &str) -> Result<TaskId, InvalidMessage> {
    if text.is_empty() {
        return Err(InvalidMessage::missing(field));
    }
    text.strip_prefix("t-").and_then(|digits| digits.parse().ok()).map(TaskId).ok_or_else(|| {
        InvalidMessage::invalid(field, format_args!("`{text}` is not a task id; task ids look like t-1042"))
    })
}
