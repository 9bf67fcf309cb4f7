//! `gleaner.v1.JobService`.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use gleaner_model::{JobId, JobState, JobView};
use gleaner_proto::v1;
use gleaner_store::StoredJob;
use tonic::{Code, Request, Response, Status, Streaming};

use super::admission::{receipt, spec_of, submit};
use super::credentials::{Standing, while_standing};
use super::{Shared, credentials, errors, submit_stream};
use crate::clients::Client;
use crate::scheduler::{Message, bare_view};

/// Jobs of one request: they are decided and committed together, so they bound how long others wait.
const SUBMIT_MAX: usize = 1_000;

/// Jobs of one watch: each may hold one view in memory.
const WATCH_MAX: usize = 10_000;

/// Jobs of one page.
const PAGE_MAX: usize = 1_000;
const PAGE_DEFAULT: usize = 100;

/// Pages of the journal that one request reads when it looks for rare states.
const PAGES_MAX: usize = 20;

/// The service.
pub(crate) struct Jobs(pub(crate) Arc<Shared>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::job_service_server::JobService for Jobs {
    type SubmitStreamStream = Answers<v1::SubmitStreamResponse>;
    type WatchStream = Answers<v1::WatchResponse>;

    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let trace = gleaner_proto::trace::extract(request.metadata());
        let jobs = request.into_inner().jobs;
        if !(1..=SUBMIT_MAX).contains(&jobs.len()) {
            return Err(errors::invalid(format!("a request has 1 to {SUBMIT_MAX} jobs, not {}", jobs.len())));
        }
        self.0.pay(&client, jobs.len())?;
        let specs = jobs.into_iter().map(spec_of).collect::<Result<Vec<_>, _>>()?;
        let admitted = submit(&self.0, specs, client, trace, None).await?;
        let receipts = admitted.into_iter().map(receipt).collect();
        Ok(Response::new(v1::SubmitResponse { receipts }))
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<v1::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let standing = Standing::of(&self.0.clients, request.metadata())?;
        let trace = gleaner_proto::trace::extract(request.metadata());
        let answers = submit_stream::run(Arc::clone(&self.0), standing, trace, request.into_inner());
        Ok(Response::new(answers.boxed()))
    }

    async fn get(&self, request: Request<v1::GetRequest>) -> Result<Response<v1::GetResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let id = job_id(&request.get_ref().id)?;
        let view = self.view(id, &client).await?;
        let retried_as = match view.state {
            JobState::Failed => self.retried_as(&view).await?.map(|admitted| admitted.job),
            _ => None,
        };
        Ok(Response::new(v1::GetResponse { job: Some(JobView { retried_as, ..view }.into()) }))
    }

    async fn list(&self, request: Request<v1::ListRequest>) -> Result<Response<v1::ListResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let request = request.into_inner();
        let states = states_of(&request.states)?;
        let before = match request.page_token.as_str() {
            "" => None,
            token => Some(job_id(token).map_err(|_| errors::invalid(format!("`{token}` is not a page token")))?),
        };
        let size = match usize::try_from(request.page_size).unwrap_or(usize::MAX) {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let wanted =
            |view: &JobView| self.visible(view, &client) && (states.is_empty() || states.contains(&view.state));
        let (jobs, next) = self.page(before, size, wanted).await?;
        let next_page_token = next.map(|job| job.to_string()).unwrap_or_default();
        Ok(Response::new(v1::ListResponse { jobs: jobs.into_iter().map(Into::into).collect(), next_page_token }))
    }

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let mut standing = Standing::of(&self.0.clients, request.metadata())?;
        let client = standing.client()?;
        let ids = request.into_inner().ids;
        if ids.len() > WATCH_MAX {
            return Err(errors::invalid(format!("a watch has at most {WATCH_MAX} jobs, not {}", ids.len())));
        }
        let mut ids = ids.iter().map(|id| job_id(id)).collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        // First listen, then look: what happens between the two is heard twice rather than not at all.
        let watcher = self.0.hub.watch(&ids);
        for view in self.views(&ids, &client).await? {
            watcher.put(view);
        }
        let changes = stream::unfold((watcher, ids.len()), |(watcher, open)| async move {
            if open == 0 {
                return None;
            }
            let view = watcher.next().await;
            let open = open - usize::from(view.state.is_terminal());
            Some((Ok(v1::WatchResponse { job: Some(view.into()) }), (watcher, open)))
        });
        Ok(Response::new(while_standing(standing, changes.boxed()).boxed()))
    }

    async fn explain(&self, request: Request<v1::ExplainRequest>) -> Result<Response<v1::ExplainResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let id = job_id(&request.get_ref().id)?;
        Ok(Response::new(self.explanation(id, &client).await?.into()))
    }

    async fn cancel(&self, request: Request<v1::CancelRequest>) -> Result<Response<v1::CancelResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let job = job_id(&request.get_ref().id)?;
        let credit = self.0.credit().await?;
        let owner = (!self.0.clients.is_open()).then(|| client.name.clone());
        self.0.ask(|reply| Message::Cancel { job, client: owner, reply, credit }).await??;
        let view = self.view(job, &client).await?;
        Ok(Response::new(v1::CancelResponse { job: Some(view.into()) }))
    }

    async fn retry(&self, request: Request<v1::RetryRequest>) -> Result<Response<v1::RetryResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        Ok(Response::new(self.retry_some(request.into_inner(), &client).await?))
    }
}

impl Jobs {
    /// A job, whosever it is.
    pub(super) async fn any_view(&self, id: JobId) -> Result<JobView, Status> {
        let mut open = self.0.ask(|reply| Message::JobViews { jobs: vec![id], reply }).await?;
        if let Some(view) = open.pop() {
            return Ok(view);
        }
        let stored = self.0.read(move |store| store.job(id)).await?;
        stored.and_then(stored_view).ok_or_else(|| not_found(id))
    }

    /// Clients see their own jobs; where nobody shows credentials, everybody sees all.
    pub(super) fn visible(&self, view: &JobView, client: &Client) -> bool {
        self.0.clients.is_open() || view.client == client.name
    }

    pub(super) async fn view(&self, id: JobId, client: &Client) -> Result<JobView, Status> {
        self.views(&[id], client).await?.pop().ok_or_else(|| not_found(id))
    }

    /// The present state of jobs, all of which must be there and visible.
    async fn views(&self, ids: &[JobId], client: &Client) -> Result<Vec<JobView>, Status> {
        let jobs = ids.to_vec();
        let mut views = self.0.ask(|reply| Message::JobViews { jobs, reply }).await?;
        let open: std::collections::HashSet<JobId> = views.iter().map(|view| view.id).collect();
        let ended: Vec<JobId> = ids.iter().copied().filter(|id| !open.contains(id)).collect();
        if !ended.is_empty() {
            let stored = self
                .0
                .read(move |store| ended.iter().map(|id| Ok((*id, store.job(*id)?))).collect::<Result<Vec<_>, _>>())
                .await?;
            for (id, stored) in stored {
                views.push(stored.and_then(stored_view).ok_or_else(|| not_found(id))?);
            }
        }
        match views.iter().find(|view| !self.visible(view, client)) {
            Some(hidden) => Err(not_found(hidden.id)),
            None => Ok(views),
        }
    }

    /// A page of jobs below `before` that are wanted, and where the next page begins, if there is one.
    pub(super) async fn page(
        &self,
        mut before: Option<JobId>,
        size: usize,
        wanted: impl Fn(&JobView) -> bool,
    ) -> Result<(Vec<JobView>, Option<JobId>), Status> {
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let from = before;
            let stored = self.0.read(move |store| store.jobs(from, PAGE_MAX)).await?;
            let Some(lowest) = stored.last().map(|job| job.job) else { return Ok((found, None)) };
            let jobs = stored.iter().filter(|job| job.result.is_none()).map(|job| job.job).collect();
            let open = self.0.ask(|reply| Message::JobViews { jobs, reply }).await?;
            for stored in stored {
                let live = open.iter().find(|view| view.id == stored.job).cloned();
                let id = stored.job;
                found.extend(live.or_else(|| stored_view(stored)).filter(&wanted));
                if found.len() == size {
                    return Ok((found, Some(id)));
                }
            }
            before = Some(lowest);
        }
        Ok((found, before))
    }
}

pub(super) fn job_id(text: &str) -> Result<JobId, Status> {
    text.parse().map_err(|error: gleaner_model::InvalidId| errors::invalid(error.to_string()))
}

pub(super) fn not_found(id: JobId) -> Status {
    errors::status(Code::NotFound, "NO_SUCH_JOB", format!("there is no job {id}, or its result was forgotten"))
}

fn states_of(states: &[i32]) -> Result<Vec<JobState>, Status> {
    let state = |state: &i32| {
        v1::JobState::try_from(*state)
            .ok()
            .and_then(|state| JobState::try_from(state).ok())
            .ok_or_else(|| errors::invalid(format!("{state} is not the state of a job")))
    };
    states.iter().map(state).collect()
}

/// A job as the journal has it. One without a result that the scheduler does not hold waits for its registry.
fn stored_view(stored: StoredJob) -> Option<JobView> {
    let payload = stored.submit.into_payload()?;
    let state = stored.result.as_ref().map_or(JobState::Queued, |result| result.state);
    let attempts = stored.result.as_ref().map_or(0, |result| result.attempts);
    let waiting_for = match &stored.result {
        Some(_) => String::new(),
        None => format!("the registry `{}`, which is not configured here", payload.spec.registry),
    };
    Some(JobView { attempts, waiting_for, result: stored.result, ..bare_view(stored.job, &payload, state) })
}
