//! Asking the scheduler, as any client does.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use gleaner_proto::v1::job_service_client::JobServiceClient;
use gleaner_proto::v1::operator_service_client::OperatorServiceClient;
use gleaner_proto::v1::{JobKind, JobSpec, JobState, ListRequest, ListWorkersRequest, SubmitRequest, WatchRequest};
use tonic::transport::Channel;

use crate::packages::Package;

/// Jobs of one request, the most that the service takes.
const SUBMIT_MAX: usize = 1_000;

/// How often to ask for what cannot be watched.
const POLL: Duration = Duration::from_millis(20);

/// Connects, and waits until a worker is there.
///
/// # Errors
/// The scheduler does not answer.
pub(crate) async fn connect(server: &str) -> Result<Channel, Box<dyn Error>> {
    let channel = Channel::from_shared(server.to_owned())?.connect().await?;
    let mut operator = OperatorServiceClient::new(channel.clone());
    while operator.list_workers(ListWorkersRequest::default()).await?.into_inner().workers.is_empty() {
        tokio::time::sleep(POLL).await;
    }
    Ok(channel)
}

/// Submits every package, waits until the last has ended, and tells how long that took.
///
/// # Errors
/// The scheduler fails, or a job does not end well.
pub(crate) async fn crawl(channel: &Channel, packages: &[Package]) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    let mut watches = Vec::new();
    for packages in packages.chunks(SUBMIT_MAX) {
        let specs = packages.iter().map(|package| JobSpec {
            kind: JobKind::Crawl.into(),
            purl: package.purl.to_string(),
            ..JobSpec::default()
        });
        let request = SubmitRequest { jobs: specs.collect() };
        let receipts = JobServiceClient::new(channel.clone()).submit(request).await?.into_inner().receipts;
        let ids = receipts.into_iter().map(|receipt| receipt.job).collect();
        watches.push(tokio::spawn(watch(channel.clone(), ids)));
    }
    let mut ended = BTreeMap::new();
    for watch in watches {
        for (state, jobs) in watch.await?? {
            *ended.entry(state.as_str_name()).or_insert(0) += jobs;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    if ended.get(JobState::Done.as_str_name()) == Some(&packages.len()) {
        Ok(seconds)
    } else {
        Err(format!("not all of {} jobs are done: {ended:?}", packages.len()).into())
    }
}

/// Watches jobs to their end; how many ended in which state.
async fn watch(channel: Channel, ids: Vec<String>) -> Result<BTreeMap<JobState, usize>, tonic::Status> {
    let mut changes = JobServiceClient::new(channel).watch(WatchRequest { ids }).await?.into_inner();
    let mut ended = BTreeMap::new();
    while let Some(change) = changes.message().await? {
        let state = change.job.unwrap_or_default().state();
        if !matches!(state, JobState::Unspecified | JobState::Queued | JobState::Running) {
            *ended.entry(state).or_insert(0) += 1;
        }
    }
    Ok(ended)
}

/// Waits until the scheduler has no open job any more, those included that it gave itself.
///
/// # Errors
/// The scheduler fails.
pub(crate) async fn idle(channel: &Channel) -> Result<(), Box<dyn Error>> {
    let states = vec![JobState::Queued.into(), JobState::Running.into()];
    let request = ListRequest { states, page_size: 1, page_token: String::new() };
    while !JobServiceClient::new(channel.clone()).list(request.clone()).await?.into_inner().jobs.is_empty() {
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
