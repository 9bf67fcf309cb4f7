//! Processes that stop without ending, and connections that break: nobody says goodbye, and what was under way is done
//! once all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gleaner_proto::v1;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
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

/// Both sides keep a connection that carries nothing any more: nobody is told that it is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_connection_carries_nothing_any_more_makes_another() {
    let crew = Crew::new().await;
    let wire = Wire::to(crew.scheduler.address()).await;
    let _worker = crew.worker_at("far", 4, &wire.url).await;
    let jobs = crew.submit(0..12).await;
    crew.until_asked(4).await;
    wire.swallow();
    crew.open_gate();
    crew.all_done(&jobs).await;
    assert_eq!(revisions(&crew, 0..12).await, [1; 12], "no outcome was accepted twice");
    assert!(wire.connections() >= 2, "the first one carried nothing");
}

/// What lies between a worker and its scheduler, and can be cut.
struct Wire {
    url: String,
    open: Arc<Mutex<Vec<Carried>>>,
}

/// A connection, and whether what is sent over it gets lost.
struct Carried {
    carrying: JoinHandle<()>,
    swallows: Arc<AtomicBool>,
}

impl Wire {
    async fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (open, address) = (Arc::new(Mutex::new(Vec::new())), address.to_owned());
        let connections = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (address, swallows) = (address.clone(), Arc::new(AtomicBool::new(false)));
                let lost = Arc::clone(&swallows);
                let carrying = tokio::spawn(async move { carry(near, &address, &lost).await });
                connections.lock().unwrap().push(Carried { carrying, swallows });
            }
        });
        Self { url, open }
    }

    /// Breaks every connection that there is.
    fn cut(&self) {
        self.open.lock().unwrap().iter().for_each(|carried| carried.carrying.abort());
    }

    /// From now on the connections that there are take everything and hand on nothing.
    fn swallow(&self) {
        self.open.lock().unwrap().iter().for_each(|carried| carried.swallows.store(true, Ordering::Relaxed));
    }

    fn connections(&self) -> usize {
        self.open.lock().unwrap().len()
    }
}

async fn carry(near: TcpStream, address: &str, swallows: &AtomicBool) {
    let Ok(far) = TcpStream::connect(address).await else { return };
    let ((near_out, near_in), (far_out, far_in)) = (near.into_split(), far.into_split());
    // Whichever side ends first ends both.
    tokio::select! {
        () = hand_on(near_out, far_in, swallows) => {}
        () = hand_on(far_out, near_in, swallows) => {}
    }
}

async fn hand_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, swallows: &AtomicBool) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let is_lost = swallows.load(Ordering::Relaxed);
        if !is_lost && to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
