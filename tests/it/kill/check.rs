//! Comparing what was acknowledged with what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use gleaner_proto::v1;

use super::submit::Receipts;
use crate::support::rpc::Client;

/// Jobs that are looked at after each restart.
const LOOK: u32 = 200;

/// What was seen on the way.
#[derive(Default)]
pub(super) struct Check {
    /// Jobs that were seen to have ended, as they were then.
    ended: BTreeMap<String, v1::Job>,
}

impl Check {
    /// Takes note of jobs that have ended. One that has ended stays as it is, whatever comes.
    pub(super) async fn look(&mut self, url: &str) {
        let Ok(client) = Client::try_connect(url).await else { return };
        let request = v1::ListRequest { page_size: LOOK, ..v1::ListRequest::default() };
        let Ok(page) = client.jobs().list(request).await else { return };
        let ended = page.into_inner().jobs.into_iter().filter(|job| job.ended_at_ms != 0);
        ended.for_each(|job| self.same_as_before(&job));
    }

    fn same_as_before(&mut self, job: &v1::Job) {
        let before = self.ended.entry(job.id.clone()).or_insert_with(|| job.clone());
        assert_eq!(before, job, "a job that had ended has changed");
    }

    /// Waits until no job is open.
    pub(super) async fn wait_until_settled(&self, url: &str, patience: Duration) {
        let (client, begun) = (Client::connect(url).await, Instant::now());
        let open = [v1::JobState::Queued, v1::JobState::Running];
        loop {
            let left = client.all_jobs(&open).await;
            let Some(first) = left.first() else { return };
            assert!(begun.elapsed() < patience, "{} jobs are open still, the newest is {first:?}", left.len());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Compares; answers how many jobs have ended.
    pub(super) async fn compare(&mut self, url: &str, receipts: &[Receipts]) -> usize {
        let client = Client::connect(url).await;
        let jobs = client.all_jobs(&[]).await;
        let by_id: BTreeMap<&str, &v1::Job> = jobs.iter().map(|job| (job.id.as_str(), job)).collect();
        assert_eq!(by_id.len(), jobs.len(), "two jobs have one id");
        jobs.iter().for_each(|job| self.same_as_before(job));
        for receipts in receipts {
            compare_receipts(&by_id, receipts);
        }
        accepted_once(&client, &jobs).await;
        jobs.len()
    }
}

/// Every acknowledged job is there, is the one that was asked for, and was done. Of a stream, every committed number
/// became one job.
fn compare_receipts(jobs: &BTreeMap<&str, &v1::Job>, receipts: &Receipts) {
    for (id, purl) in &receipts.jobs {
        let job = jobs.get(id.as_str()).unwrap_or_else(|| panic!("{id} was acknowledged and is not there"));
        assert_eq!(&job.spec.as_ref().unwrap().purl, purl, "{id} is another job");
        assert_eq!(job.state(), v1::JobState::Done, "{job:?}");
    }
    if let Some(committed) = receipts.committed {
        let stored = jobs.values().filter(|job| job.spec.as_ref().unwrap().purl.starts_with(receipts.of)).count();
        assert_eq!(stored as u64, committed, "numbers of the stream and jobs that it made");
    }
}

/// Each accepted outcome writes its package's record once. So a package's record has as many revisions as it has tasks
/// that were done: one more would be an outcome that was accepted twice, one less an outcome that was lost.
async fn accepted_once(client: &Client, jobs: &[v1::Job]) {
    let mut tasks: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.state() == v1::JobState::Done) {
        tasks.entry(&job.spec.as_ref().unwrap().purl).or_default().insert(&job.task);
    }
    for (purl, tasks) in &tasks {
        let request = v1::GetPackageRequest { purl: (*purl).to_owned(), registry: String::new() };
        let package = client.catalog().get_package(request).await.unwrap().into_inner();
        assert_eq!(package.revision, tasks.len() as u64, "{purl} was written by {tasks:?}");
    }
    let (events, _) = client.events("start").await;
    let discovered: Vec<&str> =
        events.iter().filter(|event| event.r#type == "package.discovered").map(|event| event.purl.as_str()).collect();
    let distinct: BTreeSet<&str> = discovered.iter().copied().collect();
    assert_eq!(distinct.len(), discovered.len(), "a package was discovered twice");
    assert_eq!(distinct.into_iter().collect::<Vec<_>>(), tasks.keys().copied().collect::<Vec<_>>());
}
