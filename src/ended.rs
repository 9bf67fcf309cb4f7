//! Waiting for jobs to end, also while their scheduler is started anew.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use gleaner_model::{JobId, JobView};
use gleaner_proto::v1;
use tonic::{Code, Status};

use crate::exit::Failure;
use crate::remote::Remote;

/// Jobs of one watch, as the service allows.
const WATCH_MAX: usize = 10_000;

/// How often a broken watch is opened again, a second apart, before the scheduler counts as lost.
const WATCH_TRIES: u32 = 30;

type Changes = SelectAll<BoxStream<'static, Result<v1::WatchResponse, Status>>>;

/// Jobs that are waited for.
pub(crate) struct Endings {
    remote: Remote,
    open: HashSet<JobId>,
    changes: Changes,
    tries: u32,
}

impl Endings {
    /// Begins to watch.
    pub(crate) async fn of(remote: &Remote, jobs: impl IntoIterator<Item = JobId>) -> Result<Self, Failure> {
        let mut endings = Self { remote: remote.clone(), open: HashSet::new(), changes: SelectAll::new(), tries: 0 };
        endings.add(jobs).await?;
        Ok(endings)
    }

    /// Watches these, too.
    pub(crate) async fn add(&mut self, jobs: impl IntoIterator<Item = JobId>) -> Result<(), Failure> {
        let more: HashSet<JobId> = jobs.into_iter().collect();
        let changes = watch(&self.remote, &more).await?;
        self.changes.extend(changes);
        self.open.extend(more);
        Ok(())
    }

    /// Those that have not ended.
    pub(crate) const fn open(&self) -> &HashSet<JobId> {
        &self.open
    }

    /// The next job that has ended; none if all have. To drop this future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<JobView>, Failure> {
        while !self.open.is_empty() {
            let failed = match self.changes.next().await {
                Some(Ok(change)) => {
                    let job = view(change.job.unwrap_or_default())?;
                    if job.state.is_terminal() && self.open.remove(&job.id) {
                        self.tries = 0;
                        return Ok(Some(job));
                    }
                    continue;
                }
                Some(Err(status)) => status,
                None => match watch(&self.remote, &self.open).await {
                    Ok(changes) => {
                        self.changes = changes;
                        continue;
                    }
                    Err(status) => status,
                },
            };
            // The scheduler went away for a moment, perhaps to be started anew; it knows the jobs.
            if failed.code() == Code::NotFound || self.tries >= WATCH_TRIES {
                return Err(failed.into());
            }
            self.tries += 1;
            self.changes = SelectAll::new();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(None)
    }

    /// Gives up what is not done; what is under way goes on to its end.
    pub(crate) async fn cancel(&self) {
        for job in &self.open {
            let request = v1::CancelRequest { id: job.to_string() };
            if let Err(status) = self.remote.jobs().cancel(request).await {
                tracing::warn!(%job, %status, "could not be cancelled");
            }
        }
    }
}

async fn watch(remote: &Remote, open: &HashSet<JobId>) -> Result<Changes, Status> {
    let ids: Vec<String> = open.iter().map(ToString::to_string).collect();
    let mut all = SelectAll::new();
    for ids in ids.chunks(WATCH_MAX) {
        all.push(remote.jobs().watch(v1::WatchRequest { ids: ids.to_vec() }).await?.into_inner().boxed());
    }
    Ok(all)
}

/// A job as it came.
pub(crate) fn view(job: v1::Job) -> Result<JobView, Failure> {
    JobView::try_from(job).map_err(|error| Failure::failed(format!("the scheduler's answer makes no sense: {error}")))
}

/// The ids in receipts, in their order.
pub(crate) fn ids(receipts: &[v1::Receipt]) -> Result<Vec<JobId>, Failure> {
    receipts.iter().map(|receipt| receipt.job.parse().map_err(Failure::failed)).collect()
}
