//! Clients that change while the scheduler runs, and calls that claim more than their credentials give.

use gleaner_engine::Clients;
use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Status};

use crate::stage::{PATIENCE, Setting, Stage, spec, with_token};

const ACME: &str = "acme-secret-token";
const CROWD: &str = "crowd-secret-token";

fn client(name: &str, lane: &str, more: &str) -> String {
    format!("[[client]]\nname = \"{name}\"\ntoken = \"{name}-secret-token\"\nlane = \"{lane}\"\n{more}\n")
}

fn clients(entries: &[String]) -> Clients {
    Clients::parse(&entries.concat()).unwrap()
}

async fn stage(entries: &[String]) -> Stage {
    Stage::with(Setting { clients: clients(entries), ..Setting::default() }).await
}

async fn submit(stage: &Stage, token: &str, purls: &[String]) -> Result<Vec<v1::Receipt>, Status> {
    let jobs = purls.iter().map(|purl| spec(purl)).collect();
    let request = with_token(Request::new(v1::SubmitRequest { jobs }), token);
    Ok(stage.jobs().submit(request).await?.into_inner().receipts)
}

fn purls(of: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("pkg:npm/{of}-{number}")).collect()
}

#[tokio::test]
async fn a_changed_weight_acts_on_what_is_queued_already() {
    let stage = stage(&[client("acme", "free", ""), client("crowd", "free", "")]).await;
    submit(&stage, ACME, &purls("acme", 30)).await.unwrap();
    submit(&stage, CROWD, &purls("crowd", 30)).await.unwrap();
    let heavier = clients(&[client("acme", "free", ""), client("crowd", "free", "weight = 5000")]);
    let change = stage.engine.clients().replace(heavier);
    assert_eq!(change.to_string(), "1 changed (crowd)");
    let mut worker = stage.worker("one", vec![]).await;
    let mut of_crowd = 0;
    for _ in 0..20 {
        let assign = worker.assigned().await;
        of_crowd += usize::from(assign.purl.contains("crowd"));
        worker.fetched(&assign, &["1.0.0"]).await;
        worker.acknowledged().await;
    }
    assert!(of_crowd >= 19, "with equal weights it would be ten: {of_crowd}");
}

#[tokio::test]
async fn a_removed_client_is_refused_and_its_streams_end() {
    let both = [client("acme", "paid", ""), client("crowd", "free", "")];
    let stage = stage(&both).await;
    let receipts = submit(&stage, ACME, &purls("acme", 1)).await.unwrap();
    let ids = vec![receipts[0].job.clone()];
    let mut watch =
        stage.jobs().watch(with_token(Request::new(v1::WatchRequest { ids }), ACME)).await.unwrap().into_inner();
    assert!(watch.message().await.unwrap().is_some(), "its present state");
    let (items, sending) = mpsc::channel(8);
    let first = v1::SubmitStreamRequest { stream: "s".to_owned(), number: 0, job: None };
    items.send(first).await.unwrap();
    let request = with_token(Request::new(ReceiverStream::new(sending)), ACME);
    let mut acks = stage.jobs().submit_stream(request).await.unwrap().into_inner();
    assert!(acks.message().await.unwrap().is_some(), "where it begins");

    let change = stage.engine.clients().replace(clients(&both[1..]));
    assert_eq!(change.to_string(), "1 removed (acme)");
    for ended in [
        tokio::time::timeout(PATIENCE, watch.message()).await.expect("an end").map(|_| ()),
        tokio::time::timeout(PATIENCE, acks.message()).await.expect("an end").map(|_| ()),
        submit(&stage, ACME, &purls("acme", 1)).await.map(|_| ()),
    ] {
        assert_eq!(ended.unwrap_err().code(), Code::Unauthenticated);
    }
    submit(&stage, CROWD, &purls("crowd", 1)).await.unwrap();
    // What was accepted goes on, and is there if the client comes back.
    stage.engine.clients().replace(clients(&both));
    let get = with_token(Request::new(v1::GetRequest { id: receipts[0].job.clone() }), ACME);
    assert_eq!(stage.jobs().get(get).await.unwrap().into_inner().job.unwrap().state(), v1::JobState::Queued);
}

#[tokio::test]
async fn a_stream_goes_by_the_lane_that_its_client_has_now() {
    let stage = stage(&[client("acme", "free", "")]).await;
    let (items, sending) = mpsc::channel(8);
    items.send(v1::SubmitStreamRequest { stream: "s".to_owned(), number: 0, job: None }).await.unwrap();
    let request = with_token(Request::new(ReceiverStream::new(sending)), ACME);
    let mut acks = stage.jobs().submit_stream(request).await.unwrap().into_inner();
    acks.message().await.unwrap();
    let mut lanes = Vec::new();
    for (number, lane) in [(1, "free"), (2, "paid"), (3, "bulk")] {
        stage.engine.clients().replace(clients(&[client("acme", lane, "")]));
        let job = Some(spec(&format!("pkg:npm/{lane}")));
        items.send(v1::SubmitStreamRequest { stream: String::new(), number, job }).await.unwrap();
        lanes.push(acks.message().await.unwrap().unwrap().receipt.unwrap().lane());
    }
    assert_eq!(lanes, [v1::Lane::Free, v1::Lane::Paid, v1::Lane::Bulk]);
}

#[tokio::test]
async fn a_call_gets_what_its_credentials_give_and_no_more() {
    let stage = stage(&[client("acme", "internal", ""), client("crowd", "free", "")]).await;
    let ask = async |pairs: &[(&'static str, &str)]| {
        let mut request = with_token(Request::new(v1::SubmitRequest { jobs: vec![spec("pkg:npm/express")] }), ACME);
        for (key, value) in pairs {
            request.metadata_mut().insert(*key, value.parse().unwrap());
        }
        stage.jobs().submit(request).await.map(|response| response.into_inner().receipts[0].lane())
    };
    assert_eq!(ask(&[("gleaner-client", "acme")]).await.unwrap(), v1::Lane::Internal);
    assert_eq!(ask(&[("gleaner-lane", "bulk")]).await.unwrap(), v1::Lane::Bulk);
    for (pair, code, words) in [
        (("gleaner-lane", "paid"), Code::PermissionDenied, "the lane paid is more urgent"),
        (("gleaner-lane", "urgent"), Code::InvalidArgument, "`urgent` is not a lane"),
        (("gleaner-client", "crowd"), Code::PermissionDenied, "not of `crowd`"),
        (("gleaner-client", "nobody"), Code::PermissionDenied, "not of `nobody`"),
    ] {
        let refused = ask(&[pair]).await.unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        assert!(refused.message().contains(words), "{refused}");
    }
}
