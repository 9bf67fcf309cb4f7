//! Trying dead letters again.
//!
//! A job that ended stays as it ended: whoever wants another try gets a new job, which says what it came from. Both stand
//! under a key of their own, so that of many who ask for it one succeeds and all hear of the same job.

use futures_util::{StreamExt, stream};
use gleaner_model::{FaultKind, JobId, JobKind, JobSpec, JobState, JobView, Lane, Origin};
use gleaner_proto::{convert, v1};
use gleaner_store::KeyEntry;
use tonic::{Code, Status};

use super::admission::{Asked, receipt, take_in};
use super::jobs::{Jobs, job_id, not_found};
use super::{errors, keyed};
use crate::clients::{Client, Clients};
use crate::scheduler::Admitted;

/// Dead letters of one request that are named.
const IDS_MAX: usize = 1_000;

/// Dead letters of one request when all are asked for.
const PAGE: usize = 200;

/// Dead letters that are taken in at once; they share commits.
const AT_ONCE: usize = 64;

impl Jobs {
    pub(super) async fn retry_some(
        &self,
        request: v1::RetryRequest,
        client: &Client,
    ) -> Result<v1::RetryResponse, Status> {
        if request.all {
            return self.retry_page(request, client).await;
        }
        if !(1..=IDS_MAX).contains(&request.ids.len()) {
            let found = request.ids.len();
            return Err(errors::invalid(format!("a request names 1 to {IDS_MAX} jobs, or wants all; not {found}")));
        }
        let ids = request.ids.iter().map(|id| job_id(id)).collect::<Result<Vec<_>, _>>()?;
        self.0.pay(client, ids.len())?;
        let tried = stream::iter(ids).map(async |id| match self.dead_letter(id, client).await {
            Ok(view) => (id, self.retry(&view).await),
            Err(status) => (id, Err(status)),
        });
        let tried: Vec<_> = tried.buffered(AT_ONCE).collect().await;
        let retried = tried.into_iter().map(|(id, result)| retried(id, result)).collect::<Result<_, _>>()?;
        Ok(v1::RetryResponse { retried, next_page_token: String::new() })
    }

    /// Some of all dead letters that the caller may try again and nobody does yet.
    async fn retry_page(&self, request: v1::RetryRequest, client: &Client) -> Result<v1::RetryResponse, Status> {
        if !request.ids.is_empty() {
            return Err(errors::invalid("a request names jobs or wants all, not both"));
        }
        let kinds = wanted(&request.kinds, |number| convert::job_kind(number, "kinds"))?;
        let faults = wanted(&request.faults, |number| convert::enumeration::<FaultKind>(number, "faults"))?;
        let before = match request.page_token.as_str() {
            "" => None,
            token => Some(job_id(token).map_err(|_| errors::invalid(format!("`{token}` is not a page token")))?),
        };
        let is_wanted = |view: &JobView| self.may_retry(view, client) && is_of(view, &kinds, &faults);
        let page = client.quota.map_or(PAGE, |quota| PAGE.min(usize::try_from(quota.burst.get()).unwrap_or(PAGE)));
        let (found, next) = self.page(before, page, is_wanted).await?;
        self.0.pay(client, found.len())?;
        let tried = stream::iter(found).map(async |view| (view.id, self.retry(&view).await));
        let tried: Vec<_> = tried.buffered(AT_ONCE).collect().await;
        let fresh = tried.into_iter().filter(|(_, result)| !matches!(result, Ok(admitted) if admitted.known));
        let retried = fresh.map(|(id, result)| retried(id, result)).collect::<Result<_, _>>()?;
        Ok(v1::RetryResponse { retried, next_page_token: next.map(|job| job.to_string()).unwrap_or_default() })
    }

    /// Clients have their own tried again; those who run the scheduler everybody's.
    fn may_retry(&self, view: &JobView, client: &Client) -> bool {
        self.visible(view, client) || client.lane == Lane::Internal
    }

    async fn dead_letter(&self, id: JobId, client: &Client) -> Result<JobView, Status> {
        let view = self.any_view(id).await?;
        if !self.may_retry(&view, client) {
            return Err(not_found(id));
        }
        if view.state == JobState::Failed {
            return Ok(view);
        }
        let message = format!("{id} is no dead letter: it is {}; only jobs that failed are tried again", view.state);
        Err(errors::status(Code::FailedPrecondition, "NOT_A_DEAD_LETTER", message))
    }

    /// The job that tries a dead letter again; a new one, unless there is one.
    async fn retry(&self, dead: &JobView) -> Result<Admitted, Status> {
        let key = KeyEntry::of_retry(dead.id);
        let claim = self.0.claims.claim(&dead.client, key).await;
        if let Some(known) = self.retried_as(dead).await? {
            return Ok(known);
        }
        let client = as_it_is_now(&self.0.clients.now(), dead);
        let asked = Asked::new(vec![again(&dead.spec)], client, gleaner_model::Trace::default());
        let asked = Asked { origin: Origin::Retry(dead.id), claims: vec![claim], ..asked };
        take_in(&self.0, asked).await?.pop().ok_or_else(errors::gone)
    }

    /// The job that tries a dead letter again, if one does.
    pub(super) async fn retried_as(&self, dead: &JobView) -> Result<Option<Admitted>, Status> {
        let (client, key) = (dead.client.clone(), KeyEntry::of_retry(dead.id));
        let look = move |store: &dyn gleaner_store::Store| match store.key(client.as_str(), &key)? {
            Some(entry) => keyed::admitted(store, &entry),
            None => Ok(None),
        };
        self.0.read(look).await
    }
}

/// The client of a dead letter, in that one's lane unless the client has a less urgent one by now.
fn as_it_is_now(clients: &Clients, dead: &JobView) -> Client {
    let lane = clients.find(&dead.client).map_or(dead.lane, |client| client.lane.max(dead.lane));
    Client { name: dead.client.clone(), lane, weight: clients.weight_of(&dead.client), quota: None }
}

/// The same once more. Its times were those of the first try, and its key named that.
fn again(spec: &JobSpec) -> JobSpec {
    JobSpec { expires_at: None, not_before: None, deadline: None, key: None, ..spec.clone() }
}

fn is_of(view: &JobView, kinds: &[JobKind], faults: &[FaultKind]) -> bool {
    let fault = view.result.as_ref().and_then(|result| result.error.as_ref()).map(|fault| fault.kind);
    let of_fault = || fault.is_some_and(|fault| faults.contains(&fault));
    view.state == JobState::Failed
        && (kinds.is_empty() || kinds.contains(&view.spec.kind))
        && (faults.is_empty() || of_fault())
}

fn wanted<T>(numbers: &[i32], read: impl Fn(i32) -> Result<T, convert::InvalidMessage>) -> Result<Vec<T>, Status> {
    let read = numbers.iter().map(|number| read(*number));
    read.collect::<Result<_, _>>().map_err(|error| errors::invalid(error.to_string()))
}

/// What became of one. What stops all of them ends the request.
fn retried(id: JobId, result: Result<Admitted, Status>) -> Result<v1::Retried, Status> {
    let job = id.to_string();
    match result {
        Ok(admitted) => Ok(v1::Retried { job, receipt: Some(receipt(admitted)), refused: None }),
        Err(status) if errors::is_for_good(&status) || status.code() == Code::NotFound => {
            let refused = Some(v1::Refused { reason: status.message().to_owned() });
            Ok(v1::Retried { job, receipt: None, refused })
        }
        Err(status) => Err(status),
    }
}
