//! Crawls that a question waits for: whose they are, that they end with it, how deep they go, and what a crash leaves of
//! them.

use gleaner_proto::v1;
use tonic::Code;

use crate::resolutions::{answer, ask, crawl_until_asked, graph, kept, lacks, question, read};
use crate::stage::{Setting, Stage};

async fn listed(stage: &Stage) -> Vec<v1::Job> {
    stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs
}

fn after_a_crash() -> Setting {
    Setting { lease_ttl_ms: 300, ..Setting::default() }
}

/// A question that waits for `serde` and `itoa`, of which a worker that is gone now had one in its hands; and its receipt.
async fn crashed_while_it_waits() -> (Stage, v1::Receipt) {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let first = worker.assigned().await;
    answer(&mut worker, &first, lacks(&["serde", "itoa"])).await;
    worker.assigned().await;
    drop(worker);
    (stage.restart(after_a_crash()).await, receipt)
}

#[tokio::test]
async fn children_say_whose_they_are() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let first = worker.assigned().await;
    answer(&mut worker, &first, lacks(&["serde"])).await;
    let origins = |jobs: Vec<v1::Job>| -> Vec<_> { jobs.into_iter().map(|job| (job.id, job.child_of)).collect() };
    let before = origins(listed(&stage).await);
    assert_eq!(before.len(), 2);
    for (job, child_of) in &before {
        assert_eq!(child_of, if *job == receipt.job { "" } else { &receipt.task });
    }
    drop(worker);
    let stage = stage.restart(after_a_crash()).await;
    assert_eq!(origins(listed(&stage).await), before);
}

#[tokio::test]
async fn cancelling_a_question_cancels_its_crawls() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let first = worker.assigned().await;
    answer(&mut worker, &first, lacks(&["serde"])).await;
    let crawl = worker.assigned().await;
    stage.jobs().cancel(v1::CancelRequest { id: receipt.job.clone() }).await.unwrap();
    let told = worker.told().await;
    assert!(
        matches!(&told, v1::session_response::Message::Cancel(cancel) if cancel.attempt == crawl.attempt),
        "{told:?}"
    );
    let jobs = listed(&stage).await;
    assert_eq!(jobs.len(), 2);
    assert!(jobs.iter().all(|job| job.state() == v1::JobState::Cancelled), "{jobs:?}");
    assert_eq!(kept(&stage, &receipt.job).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_crash_while_it_waits_loses_no_wake_up() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let first = worker.assigned().await;
    answer(&mut worker, &first, lacks(&["serde", "itoa"])).await;
    let crawl = worker.assigned().await;
    worker.fetched(&crawl, &["1.0.0"]).await;
    worker.acknowledged().await;
    drop(worker);
    let stage = stage.restart(after_a_crash()).await;
    let mut worker = stage.worker("two", vec![]).await;
    let mut crawled = Vec::new();
    let mut ended = false;
    while !ended {
        let assign = crawl_until_asked(&mut worker, &mut crawled).await;
        // The catalogue has what was found so far.
        let names = read(&stage, &["serde", "itoa"], None).await;
        let missing: Vec<&str> =
            names.iter().filter(|(_, known)| known == "nothing").map(|(name, _)| name.as_str()).collect();
        ended = missing.is_empty();
        let told = if ended { graph(&[("serde", "1.0.0"), ("itoa", "1.0.0")]) } else { lacks(&missing) };
        answer(&mut worker, &assign, told).await;
    }
    assert_eq!(stage.ended(&receipt.job).await.state(), v1::JobState::Done);
    assert!(crawled.len() <= 2, "it waited for those that were recovered: {crawled:?}");
    assert_eq!(listed(&stage).await.len(), 3, "no second ones were asked for");
    kept(&stage, &receipt.job).await.unwrap();
}

#[tokio::test]
async fn cancelling_a_question_after_a_crash_cancels_its_crawls_too() {
    let (stage, receipt) = crashed_while_it_waits().await;
    // Somebody else wants one of them.
    let other = stage.submit(&["pkg:cargo/itoa"]).await.remove(0);
    stage.jobs().cancel(v1::CancelRequest { id: receipt.job.clone() }).await.unwrap();
    for job in listed(&stage).await {
        let expected = if job.id == other.job { v1::JobState::Queued } else { v1::JobState::Cancelled };
        assert_eq!(job.state(), expected, "{job:?}");
    }
    let mut worker = stage.worker("two", vec![]).await;
    let crawl = worker.assigned().await;
    assert_eq!(crawl.purl, "pkg:cargo/itoa");
    worker.fetched(&crawl, &["1.0.0"]).await;
    worker.acknowledged().await;
    assert_eq!(stage.ended(&other.job).await.state(), v1::JobState::Done);
    // And so it stays.
    drop(worker);
    let stage = stage.restart(after_a_crash()).await;
    assert!(listed(&stage).await.iter().all(|job| job.id == other.job || job.state() == v1::JobState::Cancelled));
}

#[tokio::test]
async fn an_answer_that_needs_no_crawl_any_more_ends_those_that_are_left() {
    let (stage, receipt) = crashed_while_it_waits().await;
    let mut worker = stage.worker("two", vec![]).await;
    // Whatever comes first: the crawls are never done, the question is answered without them.
    loop {
        let assign = worker.assigned().await;
        if assign.kind() == v1::JobKind::Resolve {
            answer(&mut worker, &assign, graph(&[("serde", "1.0.0")])).await;
            break;
        }
    }
    assert_eq!(stage.ended(&receipt.job).await.state(), v1::JobState::Done);
    let jobs = listed(&stage).await;
    for job in jobs.iter().filter(|job| job.id != receipt.job) {
        assert_eq!(stage.ended(&job.id).await.state(), v1::JobState::Cancelled);
    }
    assert_eq!(jobs.len(), 3);
}

#[tokio::test]
async fn a_chain_of_two_hundred_unknown_packages_is_answered() {
    const DEPTH: usize = 200;
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/chain-0", v1::Question::default())).await;
    let mut crawled = Vec::new();
    // Each package is known to be needed only when the one before it is known.
    for depth in 0..DEPTH {
        let assign = crawl_until_asked(&mut worker, &mut crawled).await;
        assert_eq!(crawled.len(), depth);
        answer(&mut worker, &assign, lacks(&[&format!("chain-{depth}")])).await;
    }
    let assign = crawl_until_asked(&mut worker, &mut crawled).await;
    assert_eq!(assign.position, DEPTH as u64);
    answer(&mut worker, &assign, graph(&[("chain-0", "1.0.0")])).await;
    assert_eq!(stage.ended(&receipt.job).await.state(), v1::JobState::Done);
    let resolution = kept(&stage, &receipt.job).await.unwrap().resolution.unwrap();
    assert_eq!(resolution.answer, Some(graph(&[("chain-0", "1.0.0")])));
}

#[tokio::test]
async fn a_record_that_changes_all_the_time_holds_no_question_for_ever() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let mut asked = 0;
    let mut versions = Vec::new();
    while stage.get(&receipt.job).await.state() != v1::JobState::Done {
        let assign = worker.assigned().await;
        if assign.kind() == v1::JobKind::Resolve {
            asked += 1;
            answer(&mut worker, &assign, lacks(&["serde"])).await;
            continue;
        }
        versions.push(format!("1.0.{}", versions.len()));
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        worker.fetched(&assign, &versions).await;
        worker.acknowledged().await;
    }
    assert!(asked < 12, "asked {asked} times");
    let resolution = kept(&stage, &receipt.job).await.unwrap().resolution.unwrap();
    assert_eq!(resolution.answer, Some(lacks(&["serde"])));
}
