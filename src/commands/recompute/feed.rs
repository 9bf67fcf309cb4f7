//! Submitting a list, item by item, over a connection that may break at any of them.
//!
//! A submit stream has an id, and the scheduler keeps how far it came. So a run that was stopped goes on where it was:
//! what the scheduler has of the list is not sent again. What became of these items it does not say on the stream; that
//! is asked for under the key that each item has, which is answered with the job that there is.

use std::collections::BTreeMap;

use futures_util::stream;
use gleaner_model::{ContentHash, JobId};
use gleaner_proto::v1;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use crate::exit::{Exit, Failure};
use crate::patience::{PAUSE, TRIES, is_passing};
use crate::remote::Remote;
use crate::signals::Signals;
use crate::submit::submit;

/// Items that may be on their way without an acknowledgement: as many as the service takes together, twice.
const UNDER_WAY: usize = 512;

/// What became of an item: its job, or why there never will be one.
pub(super) type Told = Result<JobId, String>;

/// The list's way to the scheduler.
pub(super) struct Feed {
    remote: Remote,
    id: String,
    tries: u32,
}

impl Feed {
    /// A feed whose id is the list's own.
    pub(super) fn new(remote: &Remote, id: String) -> Self {
        Self { remote: remote.clone(), id, tries: 0 }
    }

    /// Submits the items that have the numbers from `first` on; tells what became of each, in their order.
    pub(super) async fn submit(
        &mut self,
        first: u64,
        mut jobs: Vec<v1::JobSpec>,
        signals: &Signals,
    ) -> Result<Vec<Told>, Failure> {
        jobs.iter_mut().for_each(|job| job.idempotency_key = key(&self.id, &job.purl));
        let numbered: Vec<_> = (first..).zip(jobs).collect();
        let mut told = BTreeMap::new();
        while told.len() < numbered.len() {
            let result = self.connection(&numbered, &mut told, signals).await;
            match result {
                Ok(()) => self.tries = 0,
                Err(Broken::Status(status)) if self.tries < TRIES && is_passing(&status) => {
                    tracing::warn!(%status, "the stream is opened again");
                    self.tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(Broken::Status(status)) => return Err(status.into()),
                Err(Broken::Failure(failure)) => return Err(failure),
            }
        }
        Ok(told.into_values().collect())
    }

    /// One connection: asks how far the stream is, asks after what is there already, sends the rest.
    async fn connection(
        &self,
        items: &[(u64, v1::JobSpec)],
        told: &mut BTreeMap<u64, Told>,
        signals: &Signals,
    ) -> Result<(), Broken> {
        let (send, mut receive) = mpsc::channel(UNDER_WAY);
        let hello = v1::SubmitStreamRequest { stream: self.id.clone(), ..v1::SubmitStreamRequest::default() };
        send.send(hello).await.map_err(|_| Status::unavailable("the stream ended before it began"))?;
        let items_of_stream = stream::poll_fn(move |context| receive.poll_recv(context));
        let mut answers = self.remote.jobs().submit_stream(items_of_stream).await?.into_inner();
        let committed = next(&mut answers).await?.number;
        let is_open = |number: &u64| !told.contains_key(number);
        let open: Vec<_> = items.iter().filter(|(number, _)| is_open(number)).cloned().collect();
        let (there, new): (Vec<_>, Vec<_>) = open.into_iter().partition(|(number, _)| *number <= committed);
        told.extend(self.known(there, signals).await?);
        let last = new.last().map(|(number, _)| *number);
        tokio::spawn(async move {
            for (number, job) in new {
                let item = v1::SubmitStreamRequest { stream: String::new(), number, job: Some(job) };
                // If nobody takes it any more, the other side says why.
                if send.send(item).await.is_err() {
                    break;
                }
            }
        });
        while let Some(last) = last {
            let answer = next(&mut answers).await?;
            let Some(item) = item(&answer)? else { continue };
            told.insert(answer.number, item);
            if answer.number >= last {
                break;
            }
        }
        Ok(())
    }

    /// What became of items that were committed before; those that were refused then are refused again.
    async fn known(&self, items: Vec<(u64, v1::JobSpec)>, signals: &Signals) -> Result<Vec<(u64, Told)>, Broken> {
        let jobs = |items: &[(u64, v1::JobSpec)]| items.iter().map(|(_, job)| job.clone()).collect();
        if items.is_empty() {
            return Ok(Vec::new());
        }
        match submit(&self.remote, jobs(&items), signals).await {
            Ok(receipts) => {
                let numbers = items.iter().map(|(number, _)| *number);
                return numbers.zip(&receipts).map(|(number, receipt)| Ok((number, told(receipt)?))).collect();
            }
            // One of them is refused; which one, they are asked for one by one.
            Err(failure) if failure.exit == Exit::Usage => {}
            Err(failure) => return Err(failure.into()),
        }
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let told = match submit(&self.remote, vec![item.1], signals).await {
                Ok(receipts) => receipts.first().map_or_else(|| Err(Failure::failed("no receipt came")), told)?,
                Err(failure) if failure.exit == Exit::Usage => Err(failure.message),
                Err(failure) => return Err(failure.into()),
            };
            all.push((item.0, told));
        }
        Ok(all)
    }
}

/// Why a connection ended.
enum Broken {
    Status(Status),
    Failure(Failure),
}

impl From<Status> for Broken {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        match failure.exit {
            // The scheduler is away, as far as anybody can tell.
            Exit::Failed => Self::Status(Status::unavailable(failure.message)),
            _ => Self::Failure(failure),
        }
    }
}

async fn next(answers: &mut Streaming<v1::SubmitStreamResponse>) -> Result<v1::SubmitStreamResponse, Status> {
    answers.message().await?.ok_or_else(|| Status::unavailable("the scheduler ended the stream"))
}

/// What an answer tells of an item; nothing if it only asks to slow down, which waiting for it does.
fn item(answer: &v1::SubmitStreamResponse) -> Result<Option<Told>, Failure> {
    match (&answer.receipt, &answer.refused) {
        (Some(receipt), _) => told(receipt).map(Some),
        (None, Some(refused)) => Ok(Some(Err(refused.reason.clone()))),
        (None, None) => Ok(None),
    }
}

fn told(receipt: &v1::Receipt) -> Result<Told, Failure> {
    receipt.job.parse().map(Ok).map_err(Failure::failed)
}

/// The item's own key: the list's name and a hash of the purl.
fn key(list: &str, purl: &str) -> String {
    format!("{list}/{}", ContentHash(Sha256::digest(purl).into()))
}
