//! `gleaner.v1.BatchService`.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use gleaner_model::{Batch, BatchId, IdempotencyKey, JobId, JobState, Tally, Timestamp};
use gleaner_proto::{convert, v1};
use gleaner_store::{Keyed, Store};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};

use super::admission::{check_positions, receipt, spec_of};
use super::credentials::{Standing, while_standing};
use super::{Claim, Shared, credentials, errors, keyed, owners};
use crate::clients::Client;
use crate::fingerprint::{fingerprint_of_job, half};
use crate::scheduler::{BatchItem, BatchSubmission, Message, Order, batch_states};
use crate::watch::Watcher;

/// Jobs of one batch: they are decided and committed together, so they bound how long others wait.
const JOBS_MAX: usize = 1_000;

/// Batches of one page.
const PAGE_MAX: usize = 100;
const PAGE_DEFAULT: usize = 20;

/// The service.
pub(crate) struct Batches(pub(crate) Arc<Shared>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The states of a batch's jobs, and when the last one of those that have ended did.
struct Progress {
    states: BTreeMap<JobId, JobState>,
    latest: Option<Timestamp>,
}

#[tonic::async_trait]
impl v1::batch_service_server::BatchService for Batches {
    type WatchBatchStream = Answers<v1::WatchBatchResponse>;

    async fn submit_batch(
        &self,
        request: Request<v1::SubmitBatchRequest>,
    ) -> Result<Response<v1::SubmitBatchResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let trace = gleaner_proto::trace::extract(request.metadata());
        let v1::SubmitBatchRequest { jobs, label, idempotency_key } = request.into_inner();
        if !(1..=JOBS_MAX).contains(&jobs.len()) {
            return Err(errors::invalid(format!("a batch has 1 to {JOBS_MAX} jobs, not {}", jobs.len())));
        }
        let label = convert::label(label).map_err(|error| errors::invalid(error.to_string()))?;
        let key: Option<IdempotencyKey> = convert::parsed_or_none(&idempotency_key, "idempotency_key")
            .map_err(|error| errors::invalid(error.to_string()))?;
        let items: Vec<_> = jobs.into_iter().map(|job| item(&self.0, job)).collect();
        self.0.pay(&client, items.len())?;
        let key = key.map(|key| (key, fingerprint(&items, &label)));
        let mut claim = None;
        if let Some((key, fingerprint)) = &key {
            claim = Some(self.0.claims.claim(&client.name, key.to_string()).await);
            if let Some(batch) = self.known(&client, key, *fingerprint).await? {
                let batch = Some(self.shown(batch).await?);
                return Ok(Response::new(v1::SubmitBatchResponse { batch, items: Vec::new(), known: true }));
            }
        }
        let room = self.0.room(&client, items.len()).await?;
        let held: (_, _, Option<Claim>) = (self.0.credit().await?, room, claim);
        let submit = |reply| {
            let submission = BatchSubmission { items, label, key, client, trace, reply, held };
            Message::Order(Box::new(Order::SubmitBatch(Box::new(submission))))
        };
        let admitted = self.0.ask(submit).await??;
        let batch = match admitted.batch {
            Some(batch) => Some(self.shown(batch).await?),
            None => None,
        };
        let items = admitted.items.into_iter().map(answer).collect();
        Ok(Response::new(v1::SubmitBatchResponse { batch, items, known: false }))
    }

    async fn get_batch(&self, request: Request<v1::GetBatchRequest>) -> Result<Response<v1::GetBatchResponse>, Status> {
        let batch = self.find(request.metadata(), &request.get_ref().id).await?;
        Ok(Response::new(v1::GetBatchResponse { batch: Some(self.shown(batch).await?) }))
    }

    async fn list_batches(
        &self,
        request: Request<v1::ListBatchesRequest>,
    ) -> Result<Response<v1::ListBatchesResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let request = request.into_inner();
        let size = match usize::try_from(request.page_size).unwrap_or(usize::MAX) {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let mut before = match request.page_token.as_str() {
            "" => None,
            token => Some(batch_id(token).map_err(|_| errors::invalid(format!("`{token}` is not a page token")))?),
        };
        let all = owners::is_operator(&self.0, &client);
        let mut batches = Vec::new();
        loop {
            let page = self.0.read(move |store| store.batches(before, PAGE_MAX)).await?;
            let (is_last, lowest) = (page.len() < PAGE_MAX, page.last().map(|batch| batch.id));
            for batch in page.into_iter().filter(|batch| all || batch.client == client.name) {
                let id = batch.id;
                batches.push(self.shown(batch).await?);
                if batches.len() == size {
                    return Ok(Response::new(v1::ListBatchesResponse { batches, next_page_token: id.to_string() }));
                }
            }
            if is_last {
                return Ok(Response::new(v1::ListBatchesResponse { batches, next_page_token: String::new() }));
            }
            before = lowest;
        }
    }

    async fn cancel_batch(
        &self,
        request: Request<v1::CancelBatchRequest>,
    ) -> Result<Response<v1::CancelBatchResponse>, Status> {
        let batch = self.find(request.metadata(), &request.get_ref().id).await?;
        let id = batch.id;
        let cancel = |reply| Message::Order(Box::new(Order::CancelBatch { batch: id, reply }));
        let cancelled = self.0.ask(cancel).await??;
        let batch = Some(self.shown(cancelled.unwrap_or(batch)).await?);
        Ok(Response::new(v1::CancelBatchResponse { batch }))
    }

    async fn watch_batch(
        &self,
        request: Request<v1::WatchBatchRequest>,
    ) -> Result<Response<Self::WatchBatchStream>, Status> {
        let standing = Standing::of(&self.0.clients, request.metadata())?;
        let batch = self.find(request.metadata(), &request.get_ref().id).await?;
        // First listen, then look: what happens between the two is heard twice rather than not at all.
        let jobs: Vec<JobId> = (batch.first().0..=batch.last.0).map(JobId).collect();
        let watcher = self.0.hub.watch(&jobs);
        let progress = self.progress(&batch).await?;
        let first = wire(&batch, &progress);
        let rest = stream::unfold((watcher, batch, progress), next);
        let begun = stream::once(async { Ok(v1::WatchBatchResponse { batch: Some(first) }) });
        Ok(Response::new(while_standing(standing, begun.chain(rest).boxed()).boxed()))
    }
}

type Watching = (Arc<Watcher>, Batch, Progress);

/// Waits for the next change of a batch that has not ended.
async fn next((watcher, batch, mut progress): Watching) -> Option<(Result<v1::WatchBatchResponse, Status>, Watching)> {
    if progress.is_over(&batch) {
        return None;
    }
    loop {
        let view = watcher.next().await;
        let Some(state) = progress.states.get_mut(&view.id).filter(|state| !state.is_terminal()) else { continue };
        if std::mem::replace(state, view.state) == view.state {
            continue;
        }
        progress.latest = progress.latest.max(view.result.map(|result| result.ended_at));
        let told = v1::WatchBatchResponse { batch: Some(wire(&batch, &progress)) };
        return Some((Ok(told), (watcher, batch, progress)));
    }
}

impl Progress {
    fn tally(&self) -> Tally {
        self.states.values().copied().collect()
    }

    fn is_over(&self, batch: &Batch) -> bool {
        self.tally().ended() == batch.jobs
    }
}

fn wire(batch: &Batch, progress: &Progress) -> v1::Batch {
    let ended_at = progress.latest.filter(|_| progress.is_over(batch));
    convert::batch_to_wire(batch.clone(), progress.tally(), ended_at)
}

impl Batches {
    /// A batch that the caller may see.
    async fn find(&self, metadata: &MetadataMap, id: &str) -> Result<Batch, Status> {
        let client = credentials::client(&self.0.clients, metadata)?;
        let id = batch_id(id)?;
        let batch = self.0.read(move |store| store.batch(id)).await?;
        let is_visible = |batch: &Batch| batch.client == client.name || owners::is_operator(&self.0, &client);
        batch.filter(is_visible).ok_or_else(|| {
            let message = format!("there is no batch {id}, or its results were forgotten");
            errors::status(Code::NotFound, "NO_SUCH_BATCH", message)
        })
    }

    /// The batch that a key names, if it is known.
    async fn known(
        &self,
        client: &Client,
        key: &IdempotencyKey,
        fingerprint: [u8; 16],
    ) -> Result<Option<Batch>, Status> {
        let (name, text) = (client.name.clone(), key.to_string());
        let look = move |store: &dyn Store| {
            let Some(entry) = store.key(name.as_str(), &text)? else { return Ok(Ok(None)) };
            let used = match entry.names {
                Keyed::Job(_) => keyed::admitted(store, &entry)?.map(|_| Err(())),
                Keyed::Batch(id) => store.batch(id)?.map(|batch| match entry.fingerprint == fingerprint {
                    true => Ok(batch),
                    false => Err(()),
                }),
            };
            Ok(used.transpose())
        };
        self.0.read(look).await?.map_err(|()| keyed::reused(key.as_str()))
    }

    /// How far it is. One that has ended says so itself.
    async fn shown(&self, batch: Batch) -> Result<v1::Batch, Status> {
        if let Some((at, tally)) = batch.end {
            return Ok(convert::batch_to_wire(batch, tally, Some(at)));
        }
        let progress = self.progress(&batch).await?;
        Ok(wire(&batch, &progress))
    }

    async fn progress(&self, batch: &Batch) -> Result<Progress, Status> {
        let asked = batch.clone();
        let (states, latest) = self.0.read(move |store| batch_states(store, &asked)).await?;
        let mut progress = Progress { states, latest };
        let open: Vec<JobId> =
            progress.states.iter().filter(|(_, state)| !state.is_terminal()).map(|(job, _)| *job).collect();
        if !open.is_empty() {
            let states = |reply| Message::Order(Box::new(Order::States { jobs: open, reply }));
            progress.states.extend(self.0.ask(states).await?);
        }
        Ok(progress)
    }
}

/// One item as a client sent it, or why it cannot be accepted.
fn item(shared: &Shared, job: v1::JobSpec) -> Result<gleaner_model::JobSpec, String> {
    let checked = spec_of(job).and_then(|spec| check_positions(shared, std::slice::from_ref(&spec)).map(|()| spec));
    let spec = checked.map_err(|status| status.message().to_owned())?;
    match spec.key {
        None => Ok(spec),
        Some(_) => Err("a job of a batch has no key of its own; the batch may have one".to_owned()),
    }
}

fn answer(item: BatchItem) -> v1::BatchItem {
    match item {
        Ok(admitted) => v1::BatchItem { receipt: Some(receipt(admitted)), refused: None },
        Err(reason) => v1::BatchItem { receipt: None, refused: Some(v1::Refused { reason }) },
    }
}

/// What a batch asks for, as a whole.
fn fingerprint(items: &[Result<gleaner_model::JobSpec, String>], label: &str) -> [u8; 16] {
    let mut text = format!("batch\n{label}");
    for item in items {
        match item {
            Ok(spec) => text.extend(fingerprint_of_job(spec).map(|byte| format!("{byte:02x}"))),
            Err(reason) => text.push_str(reason),
        }
        text.push('\n');
    }
    half(&text)
}

fn batch_id(text: &str) -> Result<BatchId, Status> {
    text.parse().map_err(|error: gleaner_model::InvalidBatchId| errors::invalid(error.to_string()))
}
