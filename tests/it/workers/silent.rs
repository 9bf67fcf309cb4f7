//! Processes that stop without ending, and connections that break: nobody says goodbye, and what was under way is done
//! once all the same.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner_proto::v1;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::crew::Crew;

/// Longer than a lease holds without a sign of life.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(12);

/// How often each crate's record was written.
async fn revisions(crew: &Crew, crates: std::ops::Range<usize>) -> Vec<u64> {
    let mut revisions = Vec::new();
    for number in crates {
        let request =
            v1::GetPackageRequest { purl: format!("pkg:cargo/crate-{number}"), ..v1::GetPackageRequest::default() };
        revisions.push(crew.client.catalog().get_package(request).await.unwrap().into_inner().revision);
    }
    revisions
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_worker_held_is_done_by_another_and_its_late_outcomes_are_refused() {
    let crew = Crew::new().await;
    let (stopped, _other) = (crew.worker("stopped", 4).await, crew.worker("other", 4).await);
    let jobs = crew.submit(0..12).await;
    crew.until_asked(8).await;
    stopped.process.signal("STOP");
    crew.open_gate();
    let ended = crew.all_done(&jobs).await;
    assert_eq!(ended.iter().filter(|job| job.attempts == 2).count(), 4, "four were begun anew: {ended:?}");
    stopped.process.signal("CONT");
    // It comes back, is told that its attempts are over, and works on.
    let more = crew.submit(12..40).await;
    crew.all_done(&more).await;
    crew.until("stopped", |known| known.is_some_and(|known| known.connected && known.running == 0)).await;
    assert_eq!(revisions(&crew, 0..12).await, [1; 12], "no outcome was accepted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_that_was_stopped_goes_on() {
    let crew = Crew::new().await;
    let _worker = crew.worker("one", 4).await;
    let jobs = crew.submit(0..12).await;
    crew.until_asked(4).await;
    crew.scheduler.process.signal("STOP");
    // What the worker has, it finishes meanwhile.
    crew.open_gate();
    tokio::time::sleep(LONGER_THAN_A_LEASE).await;
    crew.scheduler.process.signal("CONT");
    crew.all_done(&jobs).await;
    assert_eq!(revisions(&crew, 0..12).await, [1; 12]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_over_a_new_connection() {
    let crew = Crew::new().await;
    let wire = Wire::to(crew.scheduler.address()).await;
    let _worker = crew.worker_at("far", 4, &wire.url).await;
    let jobs = crew.submit(0..12).await;
    crew.until_asked(4).await;
    for _ in 0..3 {
        wire.cut();
        crew.until("far", |known| known.is_some_and(|known| known.connected)).await;
    }
    crew.open_gate();
    crew.all_done(&jobs).await;
    assert_eq!(revisions(&crew, 0..12).await, [1; 12]);
    assert!(wire.connections() >= 4, "each cut made it connect anew");
}

/// What lies between a worker and its scheduler, and can be cut.
struct Wire {
    url: String,
    open: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Wire {
    async fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (open, address) = (Arc::new(Mutex::new(Vec::new())), address.to_owned());
        let connections = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let address = address.clone();
                let carried = tokio::spawn(async move { carry(near, &address).await });
                connections.lock().unwrap().push(carried);
            }
        });
        Self { url, open }
    }

    /// Breaks every connection that there is.
    fn cut(&self) {
        self.open.lock().unwrap().iter().for_each(JoinHandle::abort);
    }

    fn connections(&self) -> usize {
        self.open.lock().unwrap().len()
    }
}

async fn carry(mut near: TcpStream, address: &str) {
    if let Ok(mut far) = TcpStream::connect(address).await {
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    }
}
