//! A scheduler, a registry that answers when the test lets it, and a look at who works.
//!
//! While the gate is closed every request waits for its answer, so that a test can do something to a worker that is
//! known to be in the middle of a fetch, however fast or slow the machine is.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use gleaner_proto::v1;

use crate::support::process::PATIENCE;
use crate::support::rpc::{Client, crawl};
use crate::support::{Answer, Asked, Place, Registry, Scheduler, Worker};

/// How often is looked whether something has happened.
const GLANCE: Duration = Duration::from_millis(5);

/// The gate before the registry's answers.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

/// A scheduler and a registry; workers are started by the test.
pub(super) struct Crew {
    pub(super) scheduler: Scheduler,
    pub(super) client: Client,
    gate: Gate,
    registry: Registry,
    // The last one, since the processes above have their files in it.
    place: Place,
}

impl Crew {
    /// The gate is closed.
    pub(super) async fn new() -> Self {
        let (place, gate) = (Place::new(), Gate::default());
        let before = gate.clone();
        let registry = Registry::start(move |asked| {
            before.pass();
            index_file(asked)
        });
        let http = ["--http-listen", "127.0.0.1:0"];
        let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &http);
        let client = Client::connect(&scheduler.url).await;
        Self { scheduler, client, gate, registry, place }
    }

    /// From now on every request is answered, those that wait included.
    pub(super) fn open_gate(&self) {
        self.gate.open();
    }

    /// Waits until this many requests were made.
    pub(super) async fn until_asked(&self, requests: usize) {
        let begun = Instant::now();
        while self.registry.asked().len() < requests {
            assert!(begun.elapsed() < PATIENCE, "only {} requests were made", self.registry.asked().len());
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Starts a worker with a state of its own, and waits until the scheduler knows it.
    pub(super) async fn worker(&self, name: &str, slots: usize) -> Worker {
        self.worker_at(name, slots, &self.scheduler.url).await
    }

    /// The same, of the scheduler that is to be found at `server`.
    pub(super) async fn worker_at(&self, name: &str, slots: usize, server: &str) -> Worker {
        self.started(name, slots, server, &["--name", name]).await
    }

    /// The same, on the state in `directory`, which decides what it is called.
    pub(super) async fn nameless(&self, directory: &str, slots: usize) -> Worker {
        self.started(directory, slots, &self.scheduler.url, &[]).await
    }

    async fn started(&self, directory: &str, slots: usize, server: &str, more: &[&str]) -> Worker {
        let worker = Worker::start(&self.place, &self.place.path(directory), server, slots, more);
        self.until(&worker.name, |known| known.is_some_and(|known| known.connected)).await;
        worker
    }

    /// Starts the scheduler again at the same place and the same address.
    pub(super) async fn restart_scheduler(&mut self) {
        let address = self.scheduler.address().to_owned();
        let (data, registries) = (self.place.path("scheduler"), self.registry.addresses());
        self.scheduler = Scheduler::start(&self.place, &data, &registries, &["--listen", &address]);
        self.client = Client::connect(&self.scheduler.url).await;
    }

    /// Waits until the scheduler's view of a worker is as wished.
    pub(super) async fn until(&self, name: &str, wished: impl Fn(Option<&v1::Worker>) -> bool) {
        let begun = Instant::now();
        loop {
            let worker = self.known(name).await;
            if wished(worker.as_ref()) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} is still {worker:?}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The scheduler's view of a worker.
    pub(super) async fn known(&self, name: &str) -> Option<v1::Worker> {
        let workers = self.client.operator().list_workers(v1::ListWorkersRequest {}).await.unwrap().into_inner();
        workers.workers.into_iter().find(|worker| worker.name == name)
    }

    /// The rows of `gleaner workers`: name and accepted outcomes.
    pub(super) fn accepted(&self) -> Vec<(String, u64)> {
        let program = self.place.gleaner(["workers", "--json", "--server", &self.scheduler.url]);
        let row =
            |row: serde_json::Value| (row["worker"].as_str().unwrap().to_owned(), row["accepted"].as_u64().unwrap());
        program.run().expect(0).objects().into_iter().map(row).collect()
    }

    /// Submits crawls of crates with these numbers; answers the ids of the jobs.
    pub(super) async fn submit(&self, crates: std::ops::Range<usize>) -> Vec<String> {
        let jobs = crates.map(|number| crawl(&format!("pkg:cargo/crate-{number}"))).collect();
        let receipts = self.client.jobs().submit(v1::SubmitRequest { jobs }).await.unwrap().into_inner().receipts;
        receipts.into_iter().map(|receipt| receipt.job).collect()
    }

    /// Waits until all these jobs have ended; each of them as done.
    pub(super) async fn all_done(&self, ids: &[String]) -> Vec<v1::Job> {
        let request = v1::WatchRequest { ids: ids.to_vec() };
        let mut changes = self.client.jobs().watch(request).await.unwrap().into_inner();
        let mut ended = Vec::new();
        let watching = async {
            while let Some(change) = changes.message().await.unwrap() {
                ended.extend(change.job.filter(|job| job.ended_at_ms != 0));
            }
        };
        tokio::time::timeout(PATIENCE, watching).await.expect("all jobs end");
        let not_done: Vec<_> = ended.iter().filter(|job| job.state() != v1::JobState::Done).collect();
        assert!(not_done.is_empty(), "{not_done:?}");
        assert_eq!(ended.len(), ids.len());
        ended
    }
}

/// An index file of one version, for whichever crate was asked for.
fn index_file(asked: &Asked) -> Answer {
    let name = asked.path.rsplit('/').next().unwrap();
    let checksum = "0".repeat(64);
    Answer::ok(format!(
        r#"{{"name":"{name}","vers":"1.0.0","deps":[],"cksum":"{checksum}","features":{{}},"yanked":false}}"#
    ))
}
