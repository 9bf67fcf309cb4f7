//! The way in, for single requests and for streams: what is asked for, taken in and durable, and its receipt.

use gleaner_model::{JobKind, JobSpec, Origin, Trace};
use gleaner_proto::v1;
use tokio::sync::oneshot;
use tonic::{Code, Status};

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
    let room = shared.room(&asked.client, asked.specs.len()).await?;
    let credit = (shared.credit().await?, room);
    let (reply, answer) = oneshot::channel();
    let Asked { specs, client, trace, stream, origin, claims } = asked;
    let submission = Submission { specs, client, trace, stream, reply, credit, origin, claims };
    shared.scheduler.cast(Message::Submit(submission)).map_err(|_| errors::gone())?;
    Ok(answer.await.map_err(|_| errors::gone())??)
}

/// What a client asks for, refused clearly if nobody can do it.
pub(super) fn spec_of(spec: v1::JobSpec) -> Result<JobSpec, Status> {
    let spec = JobSpec::try_from(spec).map_err(|error| errors::invalid(error.to_string()))?;
    match spec.kind {
        JobKind::Crawl => Ok(spec),
        JobKind::Resolve => Err(errors::status(
            Code::Unimplemented,
            "RESOLVE_NOT_IMPLEMENTED",
            "this scheduler cannot resolve dependency graphs yet; jobs of kind crawl are served",
        )),
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
