//! Schedules ask when they are due, once, and what is wrong with one is said when it is made.

use std::sync::Arc;
use std::time::Duration;

use gleaner_engine::Clients;
use gleaner_model::{JobSpec, Purl, RegistryName, Schedule, Timestamp};
use gleaner_proto::v1;
use gleaner_store::{Group, OrderWrite, RedbOptions, RedbStore, Store};
use tempfile::TempDir;
use tonic::{Code, Request};

use crate::stage::{PATIENCE, Setting, Stage, spec};

fn add(name: &str, cron: &str) -> v1::AddScheduleRequest {
    v1::AddScheduleRequest { name: name.to_owned(), cron: cron.to_owned(), jobs: vec![spec("pkg:npm/express")] }
}

fn named(name: &str) -> v1::PauseScheduleRequest {
    v1::PauseScheduleRequest { name: name.to_owned(), client: String::new() }
}

async fn list(stage: &Stage) -> Vec<v1::Schedule> {
    stage.schedules().list_schedules(v1::ListSchedulesRequest::default()).await.unwrap().into_inner().schedules
}

async fn jobs(stage: &Stage) -> Vec<v1::Job> {
    stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs
}

/// A schedule of the tester's whose time was missed long ago.
fn missed(purls: &[&str]) -> Schedule {
    let job = |purl: &&str| {
        let purl: Purl = purl.parse().unwrap();
        JobSpec::crawl(purl.clone(), RegistryName::default_of(purl.ecosystem()))
    };
    Schedule {
        name: "nightly".parse().unwrap(),
        client: "tester".parse().unwrap(),
        cron: "* * * * *".to_owned(),
        jobs: purls.iter().map(job).collect(),
        created_at: Timestamp::from_millis(1),
        paused: false,
        next_at: Some(Timestamp::from_millis(60_000)),
        last: None,
    }
}

async fn over(schedule: Schedule, setting: Setting) -> Stage {
    let directory = TempDir::new().unwrap();
    let store = RedbStore::open(directory.path(), RedbOptions::default()).unwrap();
    store.commit(&Group { orders: vec![OrderWrite::Schedule(Box::new(schedule))], ..Group::default() }).unwrap();
    Stage::over(Arc::new(store), directory, setting).await
}

/// The schedule, once it has asked.
async fn asked(stage: &Stage) -> v1::Schedule {
    let waited = async {
        loop {
            let schedule = list(stage).await.remove(0);
            if schedule.last.is_some() {
                return schedule;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("it asks")
}

#[tokio::test]
async fn times_that_were_missed_are_made_up_for_by_one_run() {
    let stage = over(missed(&["pkg:npm/a", "pkg:npm/b"]), Setting::default()).await;
    let schedule = asked(&stage).await;
    let last = schedule.last.clone().unwrap();
    assert_eq!((last.due_at_ms, last.jobs, last.refusal.as_str()), (60_000, 2, ""));
    assert!(schedule.next_at_ms > last.asked_at_ms, "the next time is to come");
    let stage = stage.restart(Setting::default()).await;
    let found = jobs(&stage).await;
    assert!(found.iter().all(|job| job.schedule == "nightly" && job.client == "tester"));
    let mut purls: Vec<_> = found.into_iter().map(|job| job.spec.unwrap().purl).collect();
    purls.sort();
    // The next minute may have come meanwhile, and its jobs wait for the same tasks.
    purls.dedup();
    assert_eq!(purls, ["pkg:npm/a", "pkg:npm/b"]);
    assert!(asked(&stage).await.last.unwrap().asked_at_ms >= last.asked_at_ms);
}

#[tokio::test]
async fn what_can_never_be_asked_for_is_said_and_the_rest_is_asked_for() {
    let cargo_only = Setting { ecosystems: vec![gleaner_model::Ecosystem::Cargo], ..Setting::default() };
    let stage = over(missed(&["pkg:npm/a", "pkg:cargo/b"]), cargo_only).await;
    let last = asked(&stage).await.last.unwrap();
    assert_eq!(last.jobs, 1);
    assert!(last.refusal.contains("`npm` is not configured"), "{}", last.refusal);

    let clients = "[[client]]\nname = \"other\"\ntoken = \"other-secret-token\"\nlane = \"internal\"";
    let clients = Clients::parse(clients).unwrap();
    let stage = over(missed(&["pkg:npm/a"]), Setting { clients, ..Setting::default() }).await;
    let waited = async {
        loop {
            let mut request = Request::new(v1::ListSchedulesRequest { all: true });
            request.metadata_mut().insert("authorization", "Bearer other-secret-token".parse().unwrap());
            let found = stage.schedules().list_schedules(request).await.unwrap().into_inner().schedules.remove(0);
            if let Some(last) = found.last {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let last = tokio::time::timeout(PATIENCE, waited).await.expect("it asks");
    assert_eq!((last.jobs, last.refusal.as_str()), (0, "the client `tester` is not known any more"));
}

#[tokio::test]
async fn schedules_are_made_paused_resumed_and_removed_durably() {
    let stage = Stage::new().await;
    let made =
        stage.schedules().add_schedule(add("nightly", "0 3 1 1 *")).await.unwrap().into_inner().schedule.unwrap();
    assert!(made.next_at_ms > made.created_at_ms);
    let twice = stage.schedules().add_schedule(add("nightly", "0 3 1 1 *")).await.unwrap_err();
    assert_eq!((twice.code(), twice.message()), (Code::AlreadyExists, "there is a schedule `nightly` already"));
    let paused = stage.schedules().pause_schedule(named("nightly")).await.unwrap().into_inner().schedule.unwrap();
    assert_eq!((paused.paused, paused.next_at_ms), (true, 0));

    let stage = stage.restart(Setting::default()).await;
    assert_eq!(list(&stage).await, [paused]);
    let resume = v1::ResumeScheduleRequest { name: "nightly".to_owned(), client: String::new() };
    let resumed = stage.schedules().resume_schedule(resume).await.unwrap().into_inner().schedule.unwrap();
    assert_eq!((resumed.paused, resumed.next_at_ms), (false, made.next_at_ms));
    let remove = v1::RemoveScheduleRequest { name: "nightly".to_owned(), client: String::new() };
    stage.schedules().remove_schedule(remove.clone()).await.unwrap();
    let gone = stage.schedules().remove_schedule(remove).await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Code::NotFound, "there is no schedule `nightly`"));
    let stage = stage.restart(Setting::default()).await;
    assert_eq!(list(&stage).await, []);
    assert_eq!(stage.schedules().pause_schedule(named("nightly")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_schedule_that_makes_no_sense_is_refused_and_its_field_is_named() {
    let cargo_only = Setting { ecosystems: vec![gleaner_model::Ecosystem::Cargo], ..Setting::default() };
    let stage = Stage::with(cargo_only).await;
    let cargo = |cron: &str| v1::AddScheduleRequest { jobs: vec![spec("pkg:cargo/serde")], ..add("s", cron) };
    let with = |job: v1::JobSpec| v1::AddScheduleRequest { jobs: vec![job], ..cargo("@daily") };
    for (request, words) in [
        (cargo("0 25 * * *"), "its hour `25` cannot be read"),
        (cargo("0 0 * *"), "it has 4 fields"),
        (cargo("0 0 31 2 *"), "it never comes"),
        (v1::AddScheduleRequest { name: "No Name".to_owned(), ..cargo("@daily") }, "`name` is invalid"),
        (v1::AddScheduleRequest { jobs: vec![], ..cargo("@daily") }, "1 to 1000 jobs"),
        (with(spec("pkg:gem/rails")), "`gem` is not known"),
        (with(spec("pkg:npm/express")), "`npm` is not configured"),
        (with(v1::JobSpec { deadline_at_ms: i64::MAX, ..spec("pkg:cargo/serde") }), "times or a key of its own"),
        (with(v1::JobSpec { idempotency_key: "k".to_owned(), ..spec("pkg:cargo/serde") }), "times or a key of its own"),
    ] {
        let refused = stage.schedules().add_schedule(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains(words), "{refused}");
    }
    assert_eq!(list(&stage).await, []);
}

#[tokio::test]
async fn clients_have_their_own_schedules() {
    let clients = r#"
        [[client]]
        name = "acme"
        token = "acme-secret-token"
        lane = "paid"
        [[client]]
        name = "crowd"
        token = "crowd-secret-token"
        lane = "bulk"
        [[client]]
        name = "house"
        token = "house-secret-token"
        lane = "internal"
    "#;
    let stage = Stage::with(Setting { clients: Clients::parse(clients).unwrap(), ..Setting::default() }).await;
    fn as_client<T>(token: &str, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}-secret-token").parse().unwrap());
        request
    }
    stage.schedules().add_schedule(as_client("acme", add("nightly", "@daily"))).await.unwrap();
    let of = |client: &str| v1::RemoveScheduleRequest { name: "nightly".to_owned(), client: client.to_owned() };
    assert_eq!(stage.schedules().remove_schedule(as_client("crowd", of(""))).await.unwrap_err().code(), Code::NotFound);
    let denied = stage.schedules().remove_schedule(as_client("crowd", of("acme"))).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    let all = v1::ListSchedulesRequest { all: true };
    assert_eq!(
        stage.schedules().list_schedules(as_client("crowd", all)).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    let seen = stage.schedules().list_schedules(as_client("house", all)).await.unwrap().into_inner().schedules;
    assert_eq!(seen[0].client, "acme");
    stage.schedules().remove_schedule(as_client("house", of("acme"))).await.unwrap();
}
