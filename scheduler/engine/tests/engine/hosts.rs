//! What operators set for hosts.

use std::time::Duration;

use gleaner_engine::Clients;
use gleaner_proto::v1::{self, outcome, session_request};
use tonic::{Code, Request};

use crate::stage::{Setting, Stage, with_token};

const HOST: &str = "registry.invalid";

fn set(change: impl FnOnce(&mut v1::SetHostRequest)) -> v1::SetHostRequest {
    let mut request = v1::SetHostRequest { name: HOST.to_owned(), ..v1::SetHostRequest::default() };
    change(&mut request);
    request
}

async fn host(stage: &Stage) -> v1::Host {
    let hosts = stage.operator().list_hosts(v1::ListHostsRequest {}).await.unwrap().into_inner().hosts;
    hosts.into_iter().find(|host| host.name == HOST).unwrap()
}

#[tokio::test]
async fn what_is_set_holds_at_once_and_after_a_restart() {
    let stage = Stage::new().await;
    let change = set(|set| (set.rate_milli_per_s, set.burst, set.concurrency) = (Some(2_500), Some(4), Some(9)));
    let said = stage.operator().set_host(change).await.unwrap().into_inner().host.unwrap();
    assert_eq!((said.budget_rate_milli_per_s, said.burst, said.concurrency), (2_500, 4, 9));
    assert_eq!((said.under_way, said.paused), (Some(0), false));
    let change = set(|set| (set.paused, set.reserve_permille) = (Some(true), Some(250)));
    stage.operator().set_host(change).await.unwrap();
    let before = host(&stage).await;
    assert_eq!((before.burst, before.paused, before.reserve_permille), (4, true, 250), "the rest stays as it was");

    let stage = stage.restart(Setting::default()).await;
    assert_eq!(host(&stage).await, before);
    stage.operator().set_host(set(|set| set.reset = true)).await.unwrap();
    let stage = stage.restart(Setting::default()).await;
    let after = host(&stage).await;
    assert_eq!((after.burst, after.concurrency, after.paused), (1_000, 0, false), "as configured");
}

#[tokio::test]
async fn a_paused_host_is_left_alone_until_it_is_resumed() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", Vec::new()).await;
    stage.operator().set_host(set(|set| set.paused = Some(true))).await.unwrap();
    let receipts = stage.submit(&["pkg:cargo/serde"]).await;
    let job = stage.get(&receipts[0].job).await;
    assert_eq!(job.waiting_for, "registry.invalid is paused by an operator");
    stage.operator().set_host(set(|set| set.paused = Some(false))).await.unwrap();
    worker.assigned().await;
}

#[tokio::test]
async fn the_end_of_a_request_is_leave_for_the_next_one() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", Vec::new()).await;
    stage.operator().set_host(set(|set| set.concurrency = Some(2))).await.unwrap();
    let receipts = stage.submit(&["pkg:cargo/a", "pkg:cargo/b", "pkg:cargo/c"]).await;
    let (first, second) = (worker.assigned().await, worker.assigned().await);
    let waits = |job: v1::Job| job.waiting_for.contains("as many requests under way");
    assert!(waits(stage.get(&receipts[2].job).await));
    assert_eq!(host(&stage).await.under_way, Some(2));
    let attempt = second.attempt;
    let ended = vec![v1::EndedRequests { host: HOST.to_owned(), requests: 1, well: 1 }];
    worker.say(session_request::Message::RequestsEnded(v1::RequestsEnded { attempt, ended })).await;
    let third = worker.assigned().await;
    // The further request of the second one waits until the first one has ended.
    let ask = v1::PermitRequest { attempt, host: HOST.to_owned(), ended: Vec::new() };
    worker.say(session_request::Message::PermitRequest(ask)).await;
    while host(&stage).await.waiting == 0 {
        tokio::task::yield_now().await;
    }
    let not_found = outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1 });
    worker.outcome(&first.attempt.unwrap(), not_found).await;
    assert_eq!(worker.permitted().await.attempt, attempt);
    assert_eq!(host(&stage).await.under_way, Some(2));
    assert_ne!(third.attempt, attempt);
}

const FILES: &str = "files.invalid";

/// A registry's documents often lie at a second host, which is met at the first redirect. Its budget is its own, and can be
/// set before that.
#[tokio::test]
async fn a_second_host_has_a_budget_of_its_own_that_is_set_before_it_is_met() {
    let stage = Stage::new().await;
    let slow = set(|set| (set.name, set.rate_milli_per_s, set.burst) = (FILES.to_owned(), Some(1), Some(1)));
    let said = stage.operator().set_host(slow).await.unwrap().into_inner().host.unwrap();
    assert_eq!((said.name.as_str(), said.budget_rate_milli_per_s, said.burst), (FILES, 1, 1));
    let mut worker = stage.worker("one", Vec::new()).await;
    stage.submit(&["pkg:cargo/a", "pkg:cargo/b"]).await;
    let (first, second) = (worker.assigned().await.attempt, worker.assigned().await.attempt);
    let ask = |attempt, host: &str| {
        let ask = v1::PermitRequest { attempt, host: host.to_owned(), ended: Vec::new() };
        session_request::Message::PermitRequest(ask)
    };
    worker.say(ask(first, FILES)).await;
    assert_eq!(worker.permitted().await.attempt, first, "the one request that may come at once");
    worker.say(ask(first, FILES)).await;
    worker.say(ask(second, HOST)).await;
    assert_eq!(worker.permitted().await.attempt, second, "the first host is not held up by the second one's budget");
    let hosts = stage.operator().list_hosts(v1::ListHostsRequest {}).await.unwrap().into_inner().hosts;
    let files = hosts.into_iter().find(|host| host.name == FILES).unwrap();
    assert_eq!((files.granted, files.waiting), (1, 1));
}

const CLIENTS: &str = r#"
    [[client]]
    name = "ops"
    token = "ops-secret-token"
    lane = "internal"

    [[client]]
    name = "acme"
    token = "acme-secret-token"
    lane = "paid"
"#;

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_so_are_strangers() {
    let setting = Setting { clients: Clients::parse(CLIENTS).unwrap(), ..Setting::default() };
    let stage = Stage::with(setting).await;
    let refused = async |request: v1::SetHostRequest, token: &str| {
        let status = stage.operator().set_host(with_token(Request::new(request), token)).await.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    let (code, message) = refused(set(|set| set.paused = Some(true)), "acme-secret-token").await;
    assert_eq!(code, Code::PermissionDenied, "{message}");
    let (code, message) = refused(set(|set| set.name = "other.invalid".to_owned()), "ops-secret-token").await;
    assert_eq!(code, Code::InvalidArgument, "it changes nothing: {message}");
    let elsewhere = set(|set| (set.name, set.reset) = ("other.invalid".to_owned(), true));
    let (code, message) = refused(elsewhere, "ops-secret-token").await;
    assert_eq!(code, Code::NotFound);
    assert!(message.contains("no host `other.invalid`") && message.contains(HOST), "{message}");
    let (code, message) = refused(set(|set| set.reserve_permille = Some(1_000)), "ops-secret-token").await;
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.contains("reserve_permille") && message.contains("900"), "{message}");
    let drain = v1::DrainWorkerRequest { name: "nobody".to_owned() };
    let drain = with_token(Request::new(drain), "ops-secret-token");
    assert_eq!(stage.operator().drain_worker(drain).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn what_waits_for_slots_is_told_apart_from_what_waits_for_hosts() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", Vec::new()).await;
    let names: Vec<String> = (0..40).map(|number| format!("pkg:cargo/crate-{number}")).collect();
    stage.submit(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    worker.assigned().await;
    // It is counted anew within a second.
    let lane_when = async |is_so: fn(&v1::LaneDepth) -> bool| {
        loop {
            let depths = stage.operator().list_lanes(v1::ListLanesRequest {}).await.unwrap().into_inner();
            let lane = depths.lanes.into_iter().max_by_key(|lane| lane.queued).unwrap();
            if depths.slots > 0 && is_so(&lane) {
                return lane;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), async {
        let open = lane_when(|lane| lane.backlog_ms > 0).await;
        assert_eq!((open.waits_for_hosts, open.queued > 0, open.weight > 0), (0, true, true));
        stage.operator().set_host(set(|set| set.paused = Some(true))).await.unwrap();
        lane_when(|lane| lane.waits_for_hosts == lane.queued).await
    });
    assert_eq!(told.await.expect("seconds fresh").backlog_ms, 0);
}
