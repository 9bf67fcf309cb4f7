//! The way in, for single requests and for streams: what is asked for, taken in and durable, and its receipt.

use gleaner_model::{JobSpec, Origin, Purl, Question, Root, Trace};
use gleaner_proto::v1;
use tokio::sync::oneshot;
use tonic::Status;

use super::keyed::Asks;
use super::{Claim, Shared, errors};
use crate::clients::Client;
use crate::scheduler::{Admitted, Message, Submission};

/// Submits jobs and waits until they are durable.
pub(super) async fn submit(
    shared: &Shared,
    specs: Vec<JobSpec>,
    client: Client,
    trace: Trace,
    stream: Option<(String, u64)>,
) -> Result<Vec<Admitted>, Status> {
    // Lasts until the jobs are durable; everything that is done for them is its child.
    let span = tracing::info_span!("submit", client = %client.name, jobs = specs.len());
    let trace = gleaner_proto::trace::continued(&span, &trace);
    let asked = Asked { stream, ..Asked::new(specs, client, trace) };
    if asked.specs.iter().all(|spec| spec.key.is_none()) {
        return take_in(shared, asked).await;
    }
    let Asked { specs, client, trace, stream, .. } = asked;
    let mut asks = Asks::claim(shared, specs, &client.name).await?;
    if asks.fresh.is_empty() {
        return Ok(asks.answers(Vec::new()));
    }
    let (specs, claims) = (asks.fresh.iter().map(|(_, spec)| spec.clone()).collect(), std::mem::take(&mut asks.claims));
    let admitted = take_in(shared, Asked { stream, claims, ..Asked::new(specs, client, trace) }).await?;
    Ok(asks.answers(admitted))
}

/// What is to be taken in.
pub(super) struct Asked {
    pub(super) specs: Vec<JobSpec>,
    pub(super) client: Client,
    pub(super) trace: Trace,
    /// The stream that they belong to and the number of the last one.
    pub(super) stream: Option<(String, u64)>,
    pub(super) origin: Origin,
    /// Kept until they are durable.
    pub(super) claims: Vec<Claim>,
}

impl Asked {
    pub(super) fn new(specs: Vec<JobSpec>, client: Client, trace: Trace) -> Self {
        Self { specs, client, trace, stream: None, origin: Origin::Asked, claims: Vec::new() }
    }
}

/// Has jobs taken in and waits until they are durable.
pub(super) async fn take_in(shared: &Shared, asked: Asked) -> Result<Vec<Admitted>, Status> {
    check_positions(shared, &asked.specs)?;
    let room = shared.room(&asked.client, asked.specs.len()).await?;
    let credit = (shared.credit().await?, room);
    let (reply, answer) = oneshot::channel();
    let Asked { specs, client, trace, stream, origin, claims } = asked;
    let submission = Submission { specs, client, trace, stream, reply, credit, origin, claims };
    shared.scheduler.cast(Message::Submit(submission)).map_err(|_| errors::gone())?;
    Ok(answer.await.map_err(|_| errors::gone())??)
}

/// Longest key or value of an environment, in bytes: the longest that any resolver knows is a target's triple.
const ENVIRONMENT_BYTES_MAX: usize = 256;

/// What a client asks for, refused clearly if it makes no sense. The keys of an environment, and a manifest, are for the
/// resolver to judge.
pub(super) fn spec_of(spec: v1::JobSpec) -> Result<JobSpec, Status> {
    let spec = JobSpec::try_from(spec).map_err(|error| errors::invalid(error.to_string()))?;
    if let Some(question) = &spec.question {
        check_question(question)?;
        check_root(&spec.purl, &question.root)?;
    }
    Ok(spec)
}

/// Refuses what no resolver could answer.
pub(super) fn check_question(question: &Question) -> Result<(), Status> {
    let too_long = |text: &String| text.len() > ENVIRONMENT_BYTES_MAX;
    match question.environment.iter().find(|(key, value)| key.is_empty() || too_long(key) || too_long(value)) {
        Some((key, _)) => Err(errors::invalid(format!(
            "`question.environment` is invalid: key `{}`: keys have 1 to {ENVIRONMENT_BYTES_MAX} bytes, and values no more",
            key.chars().take(40).collect::<String>()
        ))),
        None => Ok(()),
    }
}

fn check_root(purl: &Purl, root: &Root) -> Result<(), Status> {
    let names_manifest = purl.name().as_str() == Root::MANIFEST_NAME && purl.version().is_none();
    match root {
        Root::Manifest { .. } if !names_manifest => Err(errors::invalid(format!(
            "`purl` is invalid: it is {purl}, and of a job that resolves a manifest it is pkg:{}/{}",
            purl.ecosystem(),
            Root::MANIFEST_NAME
        ))),
        Root::Manifest { .. } | Root::Package => Ok(()),
    }
}

/// Refuses a question as of a position that the events have not reached.
pub(super) fn check_positions(shared: &Shared, specs: &[JobSpec]) -> Result<(), Status> {
    let asked = specs.iter().filter_map(|spec| spec.question.as_deref()?.as_of.position());
    check_position(shared, asked.max())
}

pub(super) fn check_position(shared: &Shared, asked: Option<u64>) -> Result<(), Status> {
    let now = shared.store.position();
    match asked.filter(|asked| *asked > now) {
        Some(asked) => Err(errors::invalid(format!(
            "`as_of.position` is invalid: it is {asked}, and the catalogue's events stand at {now}"
        ))),
        None => Ok(()),
    }
}

pub(super) fn receipt(admitted: Admitted) -> v1::Receipt {
    v1::Receipt {
        job: admitted.job.to_string(),
        task: admitted.task.to_string(),
        lane: v1::Lane::from(admitted.lane).into(),
        attached: admitted.attached,
        known: admitted.known,
    }
}
