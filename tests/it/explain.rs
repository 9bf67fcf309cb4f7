//! What a job waits for, and what an ended one went through, as the command line tells it.

use gleaner_proto::v1;

use crate::support::documents::fixtures;
use crate::support::rpc::{Client, crawl};
use crate::support::{Place, Replay, Scheduler};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_a_worker_says_so_and_an_ended_one_what_it_took() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &["--latency", "50"]);
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &replay.addresses, &[]);
    let explain = |job: &str| place.gleaner(["jobs", "explain", job, "--server", &scheduler.url, "--json"]).run();

    let jobs = vec![crawl("pkg:cargo/serde")];
    let request = v1::SubmitRequest { jobs };
    let client = Client::connect(&scheduler.url).await;
    let job = client.jobs().submit(request).await.unwrap().into_inner().receipts.remove(0).job;
    let waits = explain(&job).expect(0).object();
    assert_eq!((&waits["state"], &waits["waits_for"]), (&"queued".into(), &"worker".into()), "{waits}");
    assert!(waits["starts_in_ms"].is_null() && waits["waited_ms"]["slot"] == 0, "{waits}");

    let refreshed = place.gleaner(["refresh", "pkg:npm/express", "--data"]).arg(place.path("own"));
    refreshed.arg("--replay").arg(fixtures()).run().expect(0);
    let ended = place.gleaner(["jobs", "explain", "j-1", "--json", "--data"]).arg(place.path("own"));
    let ended = ended.run().expect(0).object();
    assert_eq!((&ended["state"], &ended["waited_ms"]), (&"done".into(), &serde_json::Value::Null), "{ended}");
    assert!(ended["ran_ms"].is_u64() && ended["suspended_ms"] == 0 && ended["displaced"].is_null(), "{ended}");
    assert_eq!(explain("j-999").code, Some(1), "there is no such job");
}
