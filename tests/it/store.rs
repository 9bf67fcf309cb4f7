//! `gleaner store` over processes: a store in use is checked and copied over gRPC, a stopped one in its directory.

mod compact;
mod damage;
mod versions;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::documents::{Documents, fixtures};
use crate::support::{Ended, Place, Replay, Scheduler, Worker};

/// `gleaner store ARGUMENTS… --data DIR`, to its end.
fn stopped(place: &Place, arguments: &[&str], data: &Path) -> Ended {
    place.gleaner(["store"]).args(arguments).arg("--data").arg(data).arg("--json").run()
}

/// `gleaner store ARGUMENTS… --server URL`, to its end.
fn live(place: &Place, arguments: &[&str], scheduler: &Scheduler) -> Ended {
    place.gleaner(["store"]).args(arguments).args(["--server", &scheduler.url, "--json"]).run()
}

/// The last object of an answer.
fn last(ended: &Ended) -> Value {
    ended.objects().pop().unwrap_or_default()
}

/// Everything that is in a stopped store's catalogue and journal, as commands tell it.
fn told(place: &Place, data: &Path) -> (String, String) {
    let ask =
        |arguments: &[&str]| place.gleaner(arguments).arg("--data").arg(data).arg("--json").run().expect(0).stdout;
    (ask(&["jobs", "list", "--limit", "10000"]), ask(&["events"]))
}

fn purls() -> Vec<String> {
    Documents::read(&fixtures()).purls()
}

/// A store with everything of the recorded registries in it, closed.
fn crawled(place: &Place, replay: &Replay) -> PathBuf {
    let data = place.path("data");
    let refresh = place.gleaner(["refresh"]).args(purls()).args(replay.addresses.flags()).arg("--data").arg(&data);
    refresh.arg("--json").run().expect(0);
    data
}

#[test]
fn a_backup_that_is_taken_while_jobs_run_is_sound_and_goes_on_where_it_was_taken() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &["--latency", "20"]);
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &replay.addresses, &[]);
    let worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 1, &[]);
    let refresh = || place.gleaner(["refresh", "--server", &scheduler.url, "--json"]).args(purls());
    let receipts = refresh().arg("--detach").run().expect(0).objects();
    let first = receipts[0]["job"].as_str().unwrap();
    place.gleaner(["jobs", "watch", first, "--server", &scheduler.url]).run().expect(0);

    let to = place.path("backup");
    let backup = ["backup", to.to_str().unwrap()];
    let taken = live(&place, &backup, &scheduler).expect(0).object();
    assert!(taken["rows"].as_u64().unwrap() > 0 && taken["copied_packs"] == taken["packs"], "{taken}");
    assert_eq!(last(&live(&place, &["check", "--read-documents"], &scheduler).expect(0))["sound"], true);
    let checked = stopped(&place, &["check", "--read-documents"], &to).expect(0);
    assert!(checked.objects().iter().any(|row| row["table"] == "document bytes"), "{}", checked.stdout);

    // All that was there goes on being there, and what was not done then is done now.
    refresh().run().expect(0);
    let later = live(&place, &backup, &scheduler).expect(0).object();
    assert!(later["copied_packs"].as_u64() < later["packs"].as_u64(), "what is there is not copied again: {later}");
    assert_eq!(last(&stopped(&place, &["check", "--read-documents"], &to).expect(0))["sound"], true);
    drop((worker, scheduler));
    let restored = Scheduler::start(&place, &to, &replay.addresses, &[]);
    let worker = Worker::start(&place, &place.path("other"), &restored.url, 4, &[]);
    let watched = place.gleaner(["jobs", "watch", first, "--server", &restored.url, "--json"]).run().expect(0);
    assert_eq!(watched.object()["state"], "done");
    let again = place.gleaner(["refresh", "--server", &restored.url, "--json"]).args(purls()).run().expect(0);
    let rows = again.objects();
    assert!(rows.iter().all(|row| row["changed"] == false), "nothing was lost: {rows:?}");
    drop((worker, restored));
    let occupied = stopped(&place, &backup, &place.path("scheduler")).expect(3);
    assert!(occupied.stderr.contains("worked on"), "{}", occupied.stderr);
}

#[test]
fn jobs_that_were_open_when_a_backup_was_taken_are_done_by_whoever_restores_it() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &replay.addresses, &[]);
    let refresh = place.gleaner(["refresh", "--server", &scheduler.url, "--json", "--detach"]).args(purls());
    let receipts = refresh.run().expect(0).objects();
    let to = place.path("backup");
    live(&place, &["backup", to.to_str().unwrap()], &scheduler).expect(0);
    drop(scheduler);
    let restored = Scheduler::start(&place, &to, &replay.addresses, &[]);
    assert_eq!(restored.recovered, receipts.len() as u64);
    let _worker = Worker::start(&place, &place.path("worker"), &restored.url, 4, &[]);
    let jobs = receipts.iter().map(|receipt| receipt["job"].as_str().unwrap());
    place.gleaner(["jobs", "watch", "--server", &restored.url]).args(jobs).run().expect(0);
}

#[test]
fn a_stopped_store_is_backed_up_and_one_in_use_is_left_alone() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let data = crawled(&place, &replay);
    let to = place.path("backup");
    let backup = ["backup", to.to_str().unwrap()];
    stopped(&place, &backup, &data).expect(0);
    assert_eq!(last(&stopped(&place, &["check", "--read-documents"], &to).expect(0))["sound"], true);
    assert_eq!(told(&place, &to), told(&place, &data));
    let itself = stopped(&place, &["backup", data.to_str().unwrap()], &data).expect(2);
    assert!(itself.stderr.contains("the store itself"), "{}", itself.stderr);

    let _scheduler = Scheduler::start(&place, &data, &replay.addresses, &[]);
    let other = place.path("other");
    for arguments in [&["check"][..], &["compact"], &["backup", other.to_str().unwrap()]] {
        let refused = stopped(&place, arguments, &data).expect(5);
        assert!(refused.stderr.contains("--server URL"), "{}", refused.stderr);
    }
    assert!(!other.exists(), "nothing is begun if there is nothing to copy");
    stopped(&place, &["check"], &place.path("nowhere")).expect(1);
}

#[test]
fn only_operators_look_after_a_store() {
    let place = Place::new();
    let replay = Replay::start(&place, &fixtures(), &[]);
    let (internal, free) = ("an-internal-token", "somebody-elses-token");
    let client = |name, token, lane| format!("[[client]]\nname = \"{name}\"\ntoken = \"{token}\"\nlane = \"{lane}\"\n");
    let clients = client("ops", internal, "internal") + &client("guest", free, "free");
    let clients = place.write("clients.toml", clients);
    let data = place.path("scheduler");
    let scheduler = Scheduler::start(&place, &data, &replay.addresses, &["--clients", clients.to_str().unwrap()]);
    let check = |token: &str| {
        let program = place.gleaner(["store", "check", "--server", &scheduler.url, "--token-file", "-"]);
        program.stdin(token).run()
    };
    check(internal).expect(0);
    check(free).expect(4);
}
