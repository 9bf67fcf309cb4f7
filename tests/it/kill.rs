//! Schedulers and workers are killed again and again, at any moment, while jobs are submitted and done. Afterwards what
//! was acknowledged is compared with what is stored.

mod check;
mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use tokio::runtime::Runtime;

use self::check::Check;
use self::submit::{Receipts, by_request, by_stream};
use crate::support::documents::fixtures;
use crate::support::{Place, Replay, Scheduler, Worker};

/// How often the scheduler is killed, unless `GLEANER_KILLS` says otherwise.
const KILLS: u32 = 100;

/// Every so many kills the worker goes as well.
const WORKER_EVERY: u32 = 7;

/// A kill comes at most this long after the scheduler said that it listens.
const MOMENT_MS: u64 = 160;

/// How long the end may take: after the last restart tasks wait for a lease's time, then all that is open is done.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_accepted_twice() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &["--latency", "5"]);
    let (data, worker_data) = (place.path("scheduler"), place.path("worker"));
    let start = |more: &[&str]| Scheduler::start(&place, &data, &replay.addresses, more);
    let mut scheduler = start(&[]);
    let address = scheduler.address().to_owned();
    let url = scheduler.url.clone();
    let start_worker = || Worker::start(&place, &worker_data, &url, 8, &[]);
    let mut worker = start_worker();

    let runtime = Runtime::new().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stream = runtime.spawn(by_stream(url.clone(), Arc::clone(&stop)));
    let requests = runtime.spawn(by_request(url.clone(), Arc::clone(&stop)));

    let mut check = Check::default();
    let mut chance = Chance::seeded();
    for kill in 1..=kills() {
        sleep(Duration::from_millis(chance.below(MOMENT_MS)));
        scheduler.process.kill();
        if kill % WORKER_EVERY == 0 {
            worker.process.kill();
            worker = start_worker();
        }
        scheduler = start(&["--listen", &address]);
        runtime.block_on(check.look(&url));
    }
    stop.store(true, Ordering::SeqCst);
    let receipts = runtime.block_on(async {
        let (stream, requests): (Receipts, Receipts) = (stream.await.unwrap(), requests.await.unwrap());
        [stream, requests]
    });
    let acknowledged: usize = receipts.iter().map(|receipts| receipts.jobs.len()).sum();
    let ended = runtime.block_on(async {
        check.wait_until_settled(&url, SETTLED_WITHIN).await;
        check.compare(&url, &receipts).await
    });
    println!("{} kills, {acknowledged} jobs acknowledged, {ended} jobs ended", kills());
    assert!(acknowledged > 0 && ended >= acknowledged);
}

fn kills() -> u32 {
    #[allow(clippy::disallowed_methods, reason = "how long a test runs is for whoever runs it")]
    let named = std::env::var("GLEANER_KILLS").ok();
    named.and_then(|text| text.parse().ok()).unwrap_or(KILLS)
}

/// Moments from a seed that is printed, so that a run can be told from another. What happens at a moment is chance all
/// the same; the verdict must not depend on it.
struct Chance(u64);

impl Chance {
    fn seeded() -> Self {
        use std::hash::{BuildHasher, Hasher};
        let seed = std::hash::RandomState::new().build_hasher().finish();
        println!("seed {seed}");
        Self(seed)
    }

    /// A number below `bound`, by splitmix64 (Steele, Lea and Flood, 2014).
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}
