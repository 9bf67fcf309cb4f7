//! What a client may say beside a package, as a user says it: keys that survive kills, times, batches, schedules,
//! campaigns, and dead letters that are tried again.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use crate::support::documents::fixtures;
use crate::support::{Addresses, Ended, Place, Replay, Scheduler, Worker};

/// How often the scheduler is killed while keys are submitted.
const KILLS: u64 = 12;

struct Stand {
    place: Place,
    replay: Replay,
    scheduler: Scheduler,
}

impl Stand {
    fn new() -> Self {
        let place = Place::new();
        let replay = Replay::start(&place, &fixtures(), &[]);
        let scheduler = Scheduler::start(&place, &place.path("scheduler"), &replay.addresses, &[]);
        Self { place, replay, scheduler }
    }

    /// Kills the scheduler and starts another one in its place.
    fn kill(&mut self) {
        let address = self.scheduler.address().to_owned();
        self.scheduler.process.kill();
        let (data, more) = (self.place.path("scheduler"), ["--listen", &address]);
        self.scheduler = Scheduler::start(&self.place, &data, &self.replay.addresses, &more);
    }

    fn worker(&self) -> Worker {
        Worker::start(&self.place, &self.place.path("worker"), &self.scheduler.url, 8, &[])
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.place.gleaner(["--json"]).args(arguments).args(["--server", &self.scheduler.url]).run()
    }

    fn text(&self, arguments: &[&str]) -> Ended {
        self.place.gleaner(arguments).args(["--server", &self.scheduler.url]).run()
    }
}

#[test]
fn a_key_is_one_job_whenever_the_scheduler_is_killed() {
    let mut stand = Stand::new();
    let mut jobs = Vec::new();
    for round in 0..KILLS {
        let key = format!("order-{round}");
        let arguments = ["refresh", "--detach", "--idempotency-key", &key, "pkg:npm/express"];
        // The ask may be killed in its middle, and then nobody knows whether it was heard.
        let program = stand.place.gleaner(["--json"]).args(arguments).args(["--server", &stand.scheduler.url]);
        let asking = std::thread::spawn(move || program.run());
        sleep(Duration::from_millis(round * 7 % 50));
        stand.kill();
        let first = asking.join().unwrap();
        let again = stand.run(&arguments).expect(0).object();
        if first.code == Some(0) {
            let first = first.object();
            assert_eq!((first["job"].clone(), again["known"].clone()), (again["job"].clone(), true.into()));
        }
        jobs.push(again["job"].clone());
    }
    let listed = stand.run(&["jobs", "list"]).expect(0).objects();
    assert_eq!(listed.len(), jobs.len(), "one job a key: {listed:?}");
    let other = stand.run(&["refresh", "--detach", "--idempotency-key", "order-0", "pkg:npm/koa"]).expect(2);
    assert!(other.stderr.contains("`order-0` was used for another ask"), "{}", other.stderr);
}

#[test]
fn times_are_told_and_wrong_ones_are_named() {
    let stand = Stand::new();
    let arguments = ["refresh", "--detach", "pkg:npm/express", "--not-before", "2h", "--deadline", "3h"];
    let job = stand.run(&arguments).expect(0).object()["job"].as_str().unwrap().to_owned();
    let shown = stand.run(&["jobs", "get", &job]).expect(0).object();
    assert_eq!(shown["state"], "queued");
    assert!(shown["waiting_for"].as_str().unwrap().contains("not to begin before"), "{shown}");
    assert!(shown["not_before"].is_string() && shown["deadline"].is_string(), "{shown}");
    let refused = |arguments: &[&str], words: &str| {
        let ended = stand.text(&[&["refresh", "--detach", "pkg:npm/express"], arguments].concat()).expect(2);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    };
    refused(&["--deadline", "2020-01-01T00:00:00Z"], "deadline is past");
    refused(&["--not-before", "2h", "--deadline", "1h"], "deadline is not after its not-before");
    refused(&["--not-before", "900d"], "366 days");
    refused(&["--not-before", "soon"], "2h30m");
}

#[test]
fn a_batch_is_submitted_watched_and_listed() {
    let stand = Stand::new();
    let _worker = stand.worker();
    let submitted = stand.run(&["batches", "submit", "pkg:npm/express", "pkg:gem/rails", "pkg:cargo/serde"]).expect(1);
    let [refused, batch] = &submitted.objects()[..] else { panic!("{}", submitted.stdout) };
    assert_eq!(refused["purl"], "pkg:gem/rails");
    assert!(refused["error"].as_str().unwrap().contains("`gem`"), "{refused}");
    assert_eq!(batch["jobs"], 2);
    let id = batch["batch"].as_str().unwrap();
    let watched = stand.run(&["batches", "watch", id]);
    let end = watched.objects().pop().unwrap();
    let ended = ["done", "not_found"].map(|state| end[state].as_u64().unwrap()).iter().sum::<u64>();
    assert_eq!((ended, end["ended_at"].is_string()), (2, true), "{end}");
    assert_eq!(stand.run(&["batches", "list"]).expect(0).object(), end);
    stand.run(&["batches", "get", "b-99999"]).expect(1);
}

#[test]
fn schedules_and_campaigns_are_kept_across_a_kill() {
    let mut stand = Stand::new();
    let wrong = stand.text(&["schedules", "add", "nightly", "--cron", "0 24 * * *", "pkg:npm/express"]).expect(2);
    assert!(wrong.stderr.contains("its hour `24` cannot be read"), "{}", wrong.stderr);
    stand.run(&["schedules", "add", "nightly", "--cron", "30 3 1 1 *", "pkg:npm/express"]).expect(0);
    stand.run(&["schedules", "pause", "nightly"]).expect(0);
    let worker = stand.worker();
    stand.run(&["refresh", "pkg:npm/express", "pkg:cargo/serde"]);
    stand.run(&["campaigns", "add", "again", "--ecosystem", "npm"]).expect(0);
    let ended = |stand: &Stand| {
        let campaign = stand.run(&["campaigns", "list"]).expect(0).object();
        (campaign["state"] == "done").then_some(campaign)
    };
    let done = std::iter::repeat_with(|| ended(&stand)).find_map(|done| {
        sleep(Duration::from_millis(10));
        done
    });
    let done = done.unwrap();
    assert_eq!((&done["submitted"], &done["open"]), (&1.into(), &0.into()), "{done}");
    drop(worker);
    stand.kill();
    assert_eq!(stand.run(&["campaigns", "list"]).expect(0).object(), done);
    let schedule = stand.run(&["schedules", "list"]).expect(0).object();
    assert_eq!((&schedule["paused"], &schedule["purls"][0]), (&true.into(), &"pkg:npm/express".into()));
    let resumed = stand.run(&["schedules", "resume", "nightly"]).expect(0).object();
    assert!(resumed["next_at"].as_str().unwrap().ends_with("-01-01T03:30:00Z"), "{resumed}");
    stand.run(&["schedules", "remove", "nightly"]).expect(0);
    stand.run(&["schedules", "remove", "nightly"]).expect(1);
}

#[test]
fn dead_letters_are_tried_again() {
    let place = Place::new();
    let base = || "http://127.0.0.1:1/".to_owned();
    let nowhere = Addresses { cargo: base(), npm: base(), pypi: base(), stats: base() };
    let data: PathBuf = place.path("scheduler");
    let scheduler = Scheduler::start(&place, &data, &nowhere, &["--attempts", "1"]);
    let _worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 2, &[]);
    let run = |arguments: &[&str]| place.gleaner(["--json"]).args(arguments).args(["--server", &scheduler.url]).run();
    let failed = run(&["refresh", "pkg:npm/express"]).expect(1).object();
    assert_eq!(failed["state"], "failed");
    let dead = failed["job"].as_str().unwrap();
    assert_eq!(run(&["jobs", "retry", "--all", "--fault", "malformed"]).expect(0).objects().len(), 0);
    let retried = run(&["jobs", "retry", "--all", "--kind", "crawl", "--fault", "outage"]).expect(0).object();
    assert_eq!(retried["job"], dead);
    let new = retried["retried_as"].as_str().unwrap();
    assert_eq!(run(&["jobs", "retry", dead]).expect(0).object()["retried_as"], new);
    assert_eq!(run(&["jobs", "get", dead]).expect(0).object()["retried_as"], new);
    run(&["jobs", "watch", new]).expect(1);
    assert_eq!(run(&["jobs", "get", new]).expect(0).object()["retry_of"], dead);
    let again = run(&["jobs", "retry", dead, "j-99999"]).expect(1).objects();
    assert_eq!(again.len(), 2);
    assert!(again[1]["error"].as_str().unwrap().contains("there is no job"), "{again:?}");
}
