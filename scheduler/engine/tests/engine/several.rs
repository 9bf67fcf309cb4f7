//! Sessions in which messages say several things, with workers that know such messages and with older ones.

use std::collections::BTreeSet;

use gleaner_proto::convert::{ACKS_MAX, ASSIGNS_MAX, OUTCOMES_MAX};
use gleaner_proto::v1::{self, outcome, session_request};

use crate::stage::{Stage, Worker, spec};

/// More than fit into one message of any kind.
const JOBS: usize = 700;
const SLOTS: u32 = 1_000;

/// Submits many jobs, each about a package of its own, and gives back their ids.
async fn submit(stage: &Stage) -> Vec<String> {
    let jobs = (0..JOBS).map(|number| spec(&format!("pkg:cargo/package-{number}"))).collect();
    let receipts = stage.jobs().submit(v1::SubmitRequest { jobs }).await.unwrap().into_inner().receipts;
    receipts.into_iter().map(|receipt| receipt.job).collect()
}

async fn attempts(worker: &mut Worker) -> Vec<v1::Attempt> {
    let mut attempts = Vec::new();
    for _ in 0..JOBS {
        let assign = worker.assigned().await;
        assert_eq!(assign.registry, "cargo");
        assert_eq!(assign.base_url, "http://registry.invalid/cargo/");
        let permit = assign.permit.expect("leave for the first request");
        assert_eq!((permit.host.as_str(), permit.attempt), ("registry.invalid", assign.attempt));
        attempts.extend(assign.attempt);
    }
    attempts
}

fn not_found(attempt: &v1::Attempt) -> v1::Outcome {
    let result = outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1_000 });
    v1::Outcome { attempt: Some(*attempt), result: Some(result) }
}

fn sorted(attempts: &[v1::Attempt]) -> BTreeSet<u64> {
    attempts.iter().map(|attempt| attempt.task).collect()
}

async fn acknowledged(worker: &mut Worker) -> BTreeSet<u64> {
    let mut tasks = BTreeSet::new();
    for _ in 0..JOBS {
        let again = !tasks.insert(worker.acknowledged().await.task);
        assert!(!again, "an outcome is acknowledged once");
    }
    tasks
}

async fn are_ended(stage: &Stage, jobs: &[String]) {
    for job in jobs {
        assert_eq!(stage.get(job).await.state(), v1::JobState::NotFound, "{job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn much_is_said_in_few_messages_of_bounded_size() {
    let stage = Stage::new().await;
    let jobs = submit(&stage).await;
    let mut worker = Worker::join_with(stage.channel.clone(), "new", SLOTS).await;
    assert!(worker.welcome.takes_several);
    let attempts = attempts(&mut worker).await;
    assert!(worker.together.iter().all(|several| (2..=ASSIGNS_MAX).contains(several)), "{:?}", worker.together);
    assert!(worker.together.len() < JOBS / 10, "{:?}", worker.together);

    worker.together.clear();
    for outcomes in attempts.chunks(OUTCOMES_MAX) {
        let outcomes = outcomes.iter().map(not_found).collect();
        worker.say(session_request::Message::Outcomes(v1::Outcomes { outcomes })).await;
    }
    assert_eq!(acknowledged(&mut worker).await, sorted(&attempts));
    assert!(worker.together.iter().all(|several| (2..=ACKS_MAX).contains(several)), "{:?}", worker.together);
    are_ended(&stage, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_worker_is_told_one_thing_at_a_time() {
    let stage = Stage::new().await;
    let jobs = submit(&stage).await;
    let mut worker = Worker::join_plain(stage.channel.clone(), "old", SLOTS).await;
    let attempts = attempts(&mut worker).await;
    for attempt in &attempts {
        worker.say(session_request::Message::Outcome(not_found(attempt))).await;
    }
    assert_eq!(acknowledged(&mut worker).await, sorted(&attempts));
    assert!(worker.together.is_empty(), "{:?}", worker.together);
    are_ended(&stage, &jobs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_in_one_message_are_judged_one_by_one() {
    let stage = Stage::new().await;
    let jobs = stage.submit(&["pkg:cargo/a", "pkg:cargo/b", "pkg:cargo/c"]).await;
    let mut worker = stage.worker("new", Vec::new()).await;
    let mut attempts = Vec::new();
    for _ in 0..3 {
        attempts.extend(worker.assigned().await.attempt);
    }
    let [a, b, c] = attempts.as_slice() else { panic!("{attempts:?}") };
    // Of no lease that there is; a failure for good; two that end well. Each is acknowledged.
    let stale = v1::Attempt { sequence: a.sequence + 1_000, ..*a };
    let denied = v1::Fault { kind: v1::FaultKind::Denied.into(), detail: "no".to_owned() };
    let denied = v1::Outcome { attempt: Some(*b), result: Some(outcome::Result::Failed(denied)) };
    let outcomes = vec![not_found(&stale), denied, not_found(c), not_found(a)];
    worker.say(session_request::Message::Outcomes(v1::Outcomes { outcomes })).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(worker.acknowledged().await.sequence);
    }
    told.sort_unstable();
    let mut expected = vec![a.sequence, b.sequence, c.sequence, stale.sequence];
    expected.sort_unstable();
    assert_eq!(told, expected);
    let mut states = Vec::new();
    for receipt in &jobs {
        states.push(stage.get(&receipt.job).await.state());
    }
    let of = |attempt: &v1::Attempt| jobs.iter().position(|job| job.task == format!("t-{}", attempt.task)).unwrap();
    assert_eq!(states[of(a)], v1::JobState::NotFound);
    assert_eq!(states[of(b)], v1::JobState::Failed);
    assert_eq!(states[of(c)], v1::JobState::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_its_bound_ends_the_session() {
    let stage = Stage::new().await;
    stage.submit(&["pkg:cargo/a"]).await;
    let mut worker = stage.worker("wild", Vec::new()).await;
    let attempt = worker.assigned().await.attempt.unwrap();
    let outcomes = vec![not_found(&attempt); OUTCOMES_MAX + 1];
    worker.say(session_request::Message::Outcomes(v1::Outcomes { outcomes })).await;
    // Nothing of it was believed: the next worker gets the task.
    let mut next = stage.worker("tame", Vec::new()).await;
    let again = next.assigned().await.attempt.unwrap();
    assert_eq!(again.task, attempt.task);
    assert_ne!(again.sequence, attempt.sequence);
}
