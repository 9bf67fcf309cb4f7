//! Two workers share the work, and one takes over what the other one leaves behind.

use super::crew::Crew;

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_split_the_work() {
    let crew = Crew::new().await;
    let _workers = (crew.worker("one", 4).await, crew.worker("two", 4).await);
    let jobs = crew.submit(0..60).await;
    crew.until_asked(8).await;
    crew.open_gate();
    crew.all_done(&jobs).await;
    let accepted = crew.accepted();
    assert_eq!(accepted.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert!(accepted.iter().all(|(_, accepted)| *accepted >= 4), "each has four slots, all were in use: {accepted:?}");
    assert_eq!(accepted.iter().map(|(_, accepted)| accepted).sum::<u64>(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_was_fetching_is_fetched_by_another() {
    let crew = Crew::new().await;
    let (mut killed, _other) = (crew.worker("killed", 4).await, crew.worker("other", 4).await);
    let jobs = crew.submit(0..12).await;
    crew.until_asked(8).await;
    killed.process.kill();
    crew.open_gate();
    let ended = crew.all_done(&jobs).await;
    assert_eq!(ended.iter().filter(|job| job.attempts == 2).count(), 4, "four were begun anew: {ended:?}");
    assert_eq!(ended.iter().filter(|job| job.attempts == 1).count(), 8, "the others were not: {ended:?}");
}

/// One worker is stopped before the other one is killed. A stopped worker's connection stays, and only the end of its
/// leases, seconds later, tells that it is gone; the killed one's work does not wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_worker_had_waits_for_no_lease() {
    let crew = Crew::new().await;
    let (stopped, mut killed) = (crew.worker("stopped", 4).await, crew.worker("killed", 4).await);
    let jobs = crew.submit(0..8).await;
    crew.until_asked(8).await;
    let _other = crew.worker("other", 4).await;
    stopped.process.signal("STOP");
    killed.process.kill();
    crew.until_asked(12).await;
    let leases_hold = |known: Option<&gleaner_proto::v1::Worker>| known.is_some_and(|known| known.running == 4);
    assert!(leases_hold(crew.known("stopped").await.as_ref()), "its leases end later");
    stopped.process.signal("CONT");
    crew.open_gate();
    let ended = crew.all_done(&jobs).await;
    assert_eq!(ended.iter().filter(|job| job.attempts == 2).count(), 4, "the killed one's were begun anew: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_comes_back_as_itself() {
    let crew = Crew::new().await;
    let mut killed = crew.nameless("state", 4).await;
    let jobs = crew.submit(0..6).await;
    crew.until_asked(4).await;
    killed.process.kill();
    let again = crew.nameless("state", 4).await;
    assert_eq!(again.name, killed.name);
    crew.open_gate();
    crew.all_done(&jobs).await;
    assert_eq!(crew.accepted(), [(killed.name.clone(), 6)]);
}
