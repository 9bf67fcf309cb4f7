//! Ctrl-C and the system's polite request to end: the first one drains, the second one stops.

use std::time::Duration;

use gleaner_proto::v1;

use super::crew::Crew;
use crate::support::http;

/// A worker that drained was given work again and again and handed it back each time, since nobody told the scheduler.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_asked_to_end_finishes_what_it_has_and_gets_nothing_new() {
    for signal in ["INT", "TERM"] {
        let crew = Crew::new().await;
        let mut leaving = crew.worker("leaving", 6).await;
        let mut jobs = crew.submit(0..4).await;
        crew.until_asked(4).await;
        leaving.process.signal(signal);
        crew.until("leaving", |worker| worker.is_some_and(|worker| worker.draining)).await;
        // It has two slots free, and may not use them.
        jobs.extend(crew.submit(4..10).await);
        crew.open_gate();
        assert_eq!(leaving.process.wait().code(), Some(0), "{}", leaving.process.stderr.all());
        let done = crew.client.all_jobs(&[v1::JobState::Done]).await;
        assert_eq!(done.len(), 4, "what it had begun is done, and nothing else");

        let _staying = crew.worker("staying", 4).await;
        let ended = crew.all_done(&jobs).await;
        assert!(ended.iter().all(|job| job.attempts == 1), "nothing was begun twice: {ended:?}");
    }
}

/// A scheduler that drained sent its workers away for good, and ended before the last outcomes were committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_that_is_asked_to_end_commits_what_runs_and_keeps_its_workers() {
    // At once, since what was recovered waits for the length of a lease.
    tokio::join!(scheduler_ends("INT"), scheduler_ends("TERM"));
}

async fn scheduler_ends(signal: &str) {
    let mut crew = Crew::new().await;
    let _worker = crew.worker("steady", 4).await;
    let jobs = crew.submit(0..10).await;
    crew.until_asked(4).await;
    crew.scheduler.process.signal(signal);
    until_unready(&crew).await;
    crew.open_gate();
    let status = crew.scheduler.process.wait();
    assert_eq!(status.code(), Some(0), "{}", crew.scheduler.process.stderr.all());

    crew.restart_scheduler().await;
    assert!(crew.scheduler.recovered <= 6, "four were running, and {} are open still", crew.scheduler.recovered);
    let ended = crew.all_done(&jobs).await;
    assert!(ended.iter().all(|job| job.attempts == 1), "nothing was begun twice: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_stops_at_once() {
    let mut crew = Crew::new().await;
    let mut worker = crew.worker("stubborn", 2).await;
    crew.submit(0..2).await;
    crew.until_asked(2).await;
    worker.process.signal("INT");
    crew.until("stubborn", |worker| worker.is_some_and(|worker| worker.draining)).await;
    worker.process.signal("INT");
    assert_eq!(worker.process.wait().code(), Some(130));

    // Another worker takes over what it had, and the scheduler waits for that.
    let _other = crew.worker("other", 2).await;
    crew.until_asked(4).await;
    crew.scheduler.process.signal("INT");
    until_unready(&crew).await;
    crew.scheduler.process.signal("INT");
    assert_eq!(crew.scheduler.process.wait().code(), Some(130));
}

/// Waits until the scheduler says that it is about to end.
async fn until_unready(crew: &Crew) {
    let ready = format!("{}/readyz", crew.scheduler.http.as_deref().unwrap());
    while http::get(&ready).0 == 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
