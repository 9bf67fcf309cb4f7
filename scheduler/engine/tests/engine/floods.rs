//! Clients that send too much: they are told to slow down and when to come back, and nobody else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gleaner_engine::Clients;
use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt;

use crate::stage::{Setting, Stage, spec, with_token};

const FLOOD: &str = "flood-secret-token";
const OTHER: &str = "other-secret-token";

async fn stage(quota: &str) -> Stage {
    let file = format!(
        "[[client]]\nname = \"flood\"\ntoken = \"{FLOOD}\"\nlane = \"free\"\n{quota}\n\
         [[client]]\nname = \"other\"\ntoken = \"{OTHER}\"\nlane = \"free\"\n"
    );
    Stage::with(Setting { clients: Clients::parse(&file).unwrap(), ..Setting::default() }).await
}

fn jobs(of: &str, from: usize, count: usize) -> Vec<v1::JobSpec> {
    (from..from + count).map(|number| spec(&format!("pkg:npm/{of}-{number}"))).collect()
}

async fn submit(stage: &Stage, token: &str, jobs: Vec<v1::JobSpec>) -> Result<usize, Status> {
    let request = with_token(Request::new(v1::SubmitRequest { jobs }), token);
    Ok(stage.jobs().submit(request).await?.into_inner().receipts.len())
}

/// The delay that a refusal names, and the client whose quota it is.
fn slow_down(refused: &Status) -> (u128, String) {
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    assert!(refused.message().contains("slow down"), "{refused}");
    let details = refused.get_error_details();
    let violation = details.quota_failure().unwrap().violations[0].clone();
    assert_eq!(violation.description, refused.message());
    (details.retry_info().unwrap().retry_delay.unwrap().as_millis(), violation.subject)
}

#[tokio::test]
async fn a_client_over_its_quota_hears_when_to_come_back() {
    let stage = stage("jobs_per_s = 1\nburst = 100").await;
    assert_eq!(submit(&stage, FLOOD, jobs("a", 0, 100)).await.unwrap(), 100);
    let (delay_ms, who) = slow_down(&submit(&stage, FLOOD, jobs("b", 0, 50)).await.unwrap_err());
    assert!((40_000..=50_000).contains(&delay_ms), "fifty at one a second, less what the test took: {delay_ms}");
    assert_eq!(who, "client:flood");

    let batch = v1::SubmitBatchRequest { jobs: jobs("c", 0, 60), ..Default::default() };
    let refused = stage.batches().submit_batch(with_token(Request::new(batch), FLOOD)).await.unwrap_err();
    assert!(slow_down(&refused).0 > 45_000, "a batch costs its jobs");

    let never = submit(&stage, FLOOD, jobs("d", 0, 101)).await.unwrap_err();
    assert_eq!(never.code(), Code::FailedPrecondition);
    assert!(never.message().contains("at most 100 jobs at once, and these are 101"), "{never}");
    assert!(never.get_error_details().retry_info().is_none(), "it would not help");

    assert_eq!(submit(&stage, OTHER, jobs("e", 0, 1_000)).await.unwrap(), 1_000, "others notice nothing");
    let file = format!("[[client]]\nname = \"flood\"\ntoken = \"{FLOOD}\"\nlane = \"free\"\njobs_per_s = 5000");
    stage.engine.clients().replace(Clients::parse(&file).unwrap());
    assert_eq!(submit(&stage, FLOOD, jobs("f", 0, 1_000)).await.unwrap(), 1_000, "another quota begins at once");
}

/// One client floods until the other's submissions are through.
async fn flood(quota: &str, at_once: usize, per_request: usize) -> (usize, usize) {
    let stage = Arc::new(stage(quota).await);
    let (over, accepted, refused) =
        (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let floods: Vec<_> = (0..at_once)
        .map(|number| {
            let (stage, over) = (Arc::clone(&stage), Arc::clone(&over));
            let (accepted, refused) = (Arc::clone(&accepted), Arc::clone(&refused));
            tokio::spawn(async move {
                let mut from = 0;
                while !over.load(Ordering::Relaxed) {
                    match submit(&stage, FLOOD, jobs(&format!("f{number}"), from, per_request)).await {
                        Ok(count) => _ = accepted.fetch_add(count, Ordering::Relaxed),
                        Err(status) => {
                            assert!(slow_down(&status).0 > 0);
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    from += per_request;
                }
            })
        })
        .collect();
    for number in 0..100 {
        assert_eq!(submit(&stage, OTHER, jobs("o", number, 1)).await.expect("nothing of it is refused"), 1);
    }
    over.store(true, Ordering::Relaxed);
    for flood in floods {
        flood.await.unwrap();
    }
    (accepted.load(Ordering::Relaxed), refused.load(Ordering::Relaxed))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_over_a_quota_is_refused_and_others_notice_nothing() {
    let (accepted, refused) = flood("jobs_per_s = 10\nburst = 20", 50, 10).await;
    assert!(refused > 100, "{accepted} were accepted and {refused} requests refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_without_a_quota_has_its_own_part_of_the_inbox_only() {
    let (accepted, _) = flood("", 200, 100).await;
    assert!(accepted > 0, "it is served beside the other");
}

type Acks = Streaming<v1::SubmitStreamResponse>;

/// Opens a stream over a connection of its own, on which not much is under way unread.
async fn open(stage: &Stage, token: &str) -> (mpsc::Sender<v1::SubmitStreamRequest>, Acks) {
    let (items, sending) = mpsc::channel(64);
    items.send(v1::SubmitStreamRequest { stream: "s".to_owned(), number: 0, job: None }).await.unwrap();
    let request = with_token(Request::new(ReceiverStream::new(sending)), token);
    let endpoint = Channel::from_shared(stage.url.clone()).unwrap().initial_stream_window_size(65_535);
    let mut jobs = v1::job_service_client::JobServiceClient::new(endpoint.connect().await.unwrap());
    let mut acks = jobs.submit_stream(request).await.unwrap().into_inner();
    assert_eq!(acks.message().await.unwrap().unwrap().number, 0);
    (items, acks)
}

fn item(number: u64) -> v1::SubmitStreamRequest {
    let job = Some(spec(&format!("pkg:npm/item-{number}")));
    v1::SubmitStreamRequest { stream: String::new(), number, job }
}

#[tokio::test]
async fn a_stream_over_its_quota_is_slowed_and_goes_on_by_itself() {
    let stage = stage("jobs_per_s = 100\nburst = 10").await;
    let (items, mut acks) = open(&stage, FLOOD).await;
    tokio::spawn(async move {
        for number in 1..=50 {
            items.send(item(number)).await.unwrap();
        }
    });
    let (mut acknowledged, mut pauses) = (0, 0);
    while let Some(ack) = acks.message().await.unwrap() {
        match ack.slow_down {
            Some(slow_down) => {
                assert_eq!(ack.number, acknowledged, "nothing was skipped");
                assert!(slow_down.pause_ms > 0 && slow_down.reason.contains("100 jobs a second"), "{slow_down:?}");
                pauses += 1;
            }
            None => {
                acknowledged += 1;
                assert_eq!((ack.number, ack.receipt.is_some()), (acknowledged, true), "each once, and in order");
            }
        }
    }
    assert_eq!(acknowledged, 50);
    assert!(pauses >= 1, "fifty do not fit into a burst of ten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_its_acknowledgements_slowly_slows_itself_alone() {
    const ITEMS: u64 = 60_000;
    let stage = stage("").await;
    let (items, mut acks) = open(&stage, FLOOD).await;
    tokio::spawn(async move {
        for number in 1..=ITEMS {
            items.send(item(number)).await.unwrap();
        }
    });
    // It reads nothing; what is on the way fills up, and then nothing more of it is taken in.
    let (mut before, mut same) = (0, 0);
    while same < 10 {
        for number in 0..5 {
            submit(&stage, OTHER, jobs("o", number, 1)).await.expect("others go on");
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let lanes =
            stage.operator().list_lanes(with_token(Request::new(v1::ListLanesRequest {}), OTHER)).await.unwrap();
        let queued = lanes.into_inner().lanes.iter().map(|lane| lane.queued).sum::<u64>();
        same = if queued == before { same + 1 } else { 0 };
        before = queued;
    }
    assert!(before < ITEMS / 2, "it went on without anybody who reads: {before}");
    for number in 1..=ITEMS {
        assert_eq!(acks.message().await.unwrap().unwrap().number, number);
    }
    assert!(acks.message().await.unwrap().is_none());
}
