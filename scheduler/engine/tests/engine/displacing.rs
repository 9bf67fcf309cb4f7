//! Paid work takes a slot from free work, which goes on from where it was; and whoever asks is told.

use gleaner_engine::Clients;
use gleaner_proto::v1::{self, session_request, session_response};
use tonic::Request;

use crate::stage::{Setting, Stage, Worker, spec};

const CLIENTS: &str = r#"
    [[client]]
    name = "acme"
    token = "acme-secret-token"
    lane = "paid"

    [[client]]
    name = "crowd"
    token = "crowd-secret-token"
    lane = "free"
"#;

/// A stage on which free work has all four slots of a worker.
struct Scene {
    stage: Stage,
    worker: Worker,
    free: Vec<v1::Receipt>,
}

fn by<T>(client: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {client}-secret-token").parse().unwrap());
    request
}

impl Scene {
    async fn new() -> Self {
        let clients = Clients::parse(CLIENTS).unwrap();
        let stage = Stage::with(Setting { clients, ..Setting::default() }).await;
        let mut worker = stage.worker("one", Vec::new()).await;
        let free = submit(&stage, "crowd", &["pkg:cargo/a", "pkg:cargo/b", "pkg:cargo/c", "pkg:cargo/d"]).await;
        for _ in &free {
            worker.assigned().await;
        }
        Self { stage, worker, free }
    }

    async fn explain(&self, client: &str, job: &str) -> v1::ExplainResponse {
        let request = by(client, v1::ExplainRequest { id: job.to_owned() });
        self.stage.jobs().explain(request).await.unwrap().into_inner()
    }
}

async fn submit(stage: &Stage, client: &str, purls: &[&str]) -> Vec<v1::Receipt> {
    let jobs = purls.iter().map(|purl| spec(purl)).collect();
    stage.jobs().submit(by(client, v1::SubmitRequest { jobs })).await.unwrap().into_inner().receipts
}

/// The attempt that the worker is told to suspend.
async fn suspended(worker: &mut Worker) -> v1::Attempt {
    loop {
        if let session_response::Message::Suspend(suspend) = worker.told().await {
            return suspend.attempt.unwrap();
        }
    }
}

async fn leave_checkpoint(worker: &Worker, attempt: v1::Attempt, checkpoint: &[u8]) {
    let suspended = v1::Suspended { attempt: Some(attempt), checkpoint: checkpoint.to_vec() };
    worker.say(session_request::Message::Suspended(suspended)).await;
}

#[tokio::test]
async fn a_worker_that_dies_with_suspended_work_loses_none_of_it() {
    let mut scene = Scene::new().await;
    let paid = submit(&scene.stage, "acme", &["pkg:cargo/urgent"]).await;
    let displaced = suspended(&mut scene.worker).await;
    leave_checkpoint(&scene.worker, displaced, b"what it has").await;
    let urgent = scene.worker.assigned().await;
    scene.worker.fetched(&urgent, &["1.0.0"]).await;
    // Its acknowledgement comes after the checkpoint was taken in.
    scene.worker.acknowledged().await;
    drop(scene.worker);

    let mut other = scene.stage.worker("other", Vec::new()).await;
    for _ in &scene.free {
        let again = other.assigned().await;
        let is_displaced = again.attempt.unwrap().task == displaced.task;
        assert_eq!(again.checkpoint, if is_displaced { b"what it has".to_vec() } else { Vec::new() });
        other.fetched(&again, &["1.0.0"]).await;
    }
    for receipt in &scene.free {
        let request = by("crowd", v1::WatchRequest { ids: vec![receipt.job.clone()] });
        let mut changes = scene.stage.jobs().watch(request).await.unwrap().into_inner();
        let mut last = None;
        while let Some(change) = changes.message().await.unwrap() {
            last = change.job;
        }
        let job = last.unwrap();
        assert_eq!(job.state(), v1::JobState::Done);
        let was_displaced = receipt.task == format!("t-{}", displaced.task);
        assert_eq!(job.attempts, if was_displaced { 1 } else { 2 }, "what was set aside is no lost try");
    }
    assert!(!paid.is_empty());
}

#[tokio::test]
async fn who_displaced_whom_is_explained_while_it_lasts_and_kept_with_the_result() {
    let mut scene = Scene::new().await;
    let paid = submit(&scene.stage, "acme", &["pkg:cargo/urgent"]).await.remove(0);
    let displaced = suspended(&mut scene.worker).await;
    let receipt = scene.free.iter().find(|receipt| receipt.task == format!("t-{}", displaced.task)).unwrap().clone();
    let urgent = scene.worker.assigned().await;

    let told = scene.explain("crowd", &receipt.job).await;
    assert_eq!(told.waits_for(), v1::WaitCause::Slot);
    let journey = told.journey.unwrap();
    assert_eq!((journey.displaced_by.len(), journey.displaced_by[0].task.as_str()), (1, paid.task.as_str()));
    assert_eq!(journey.displaced_by[0].lane(), v1::Lane::Paid);
    assert_eq!(scene.explain("acme", &paid.job).await.journey.unwrap().displaced, receipt.task);
    let waiting = submit(&scene.stage, "crowd", &["pkg:cargo/later"]).await.remove(0);
    let told = scene.explain("crowd", &waiting.job).await;
    assert_eq!(told.waits_for(), v1::WaitCause::Slot);
    assert!(told.forecast.unwrap().starts_in_ms.is_some() && told.waited.is_some());
    let foreign = by("acme", v1::ExplainRequest { id: waiting.job.clone() });
    let refused = scene.stage.jobs().explain(foreign).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound, "other clients' jobs are nobody's business");

    scene.worker.fetched(&urgent, &["1.0.0"]).await;
    scene.worker.acknowledged().await;
    let ended = scene.explain("acme", &paid.job).await;
    assert_eq!(ended.job.unwrap().state(), v1::JobState::Done);
    assert!(ended.waited.is_none() && ended.forecast.is_none());
    assert_eq!(ended.journey.unwrap().displaced, receipt.task);
}
