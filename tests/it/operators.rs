//! What operators do to a running scheduler: hosts that are paused and limited, workers that are to be stopped.

use serde_json::Value;

use crate::support::{Answer, Place, Registry, Scheduler, Worker};

fn gleaner(place: &Place, scheduler: &Scheduler, arguments: &[&str]) -> crate::support::Program {
    place.gleaner(arguments).args(["--server", &scheduler.url])
}

fn object(place: &Place, scheduler: &Scheduler, arguments: &[&str]) -> Value {
    gleaner(place, scheduler, arguments).arg("--json").run().expect(0).object()
}

/// Starts the scheduler again at the same place and the same address.
fn restart(place: &Place, scheduler: Scheduler, registry: &Registry) -> Scheduler {
    let address = scheduler.address().to_owned();
    drop(scheduler);
    Scheduler::start(place, &place.path("scheduler"), &registry.addresses(), &["--listen", &address])
}

#[test]
fn a_host_is_paused_and_limited_and_a_restart_keeps_it() {
    let place = Place::new();
    let registry = Registry::start(|_| Answer::new("404 Not Found"));
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
    let known = object(&place, &scheduler, &["hosts"]);
    let host = known["host"].as_str().unwrap().to_owned();
    assert_eq!((&known["concurrency"], &known["paused"]), (&Value::Null, &Value::Bool(false)));

    let set = ["hosts", "set", &host, "--rate", "2.5/s", "--burst", "3", "--concurrency", "2", "--reserve", "250"];
    let set = object(&place, &scheduler, &set);
    assert_eq!((set["budget_rate_per_s"].as_f64(), set["burst"].as_u64()), (Some(2.5), Some(3)));
    assert_eq!((set["concurrency"].as_u64(), set["reserve_permille"].as_u64()), (Some(2), Some(250)));
    assert!(object(&place, &scheduler, &["hosts", "pause", &host])["paused"].as_bool().unwrap());

    let scheduler = restart(&place, scheduler, &registry);
    let kept = object(&place, &scheduler, &["hosts"]);
    assert_eq!((&kept["paused"], kept["concurrency"].as_u64()), (&Value::Bool(true), Some(2)));
    let worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 4, &[]);
    let refresh = gleaner(&place, &scheduler, &["refresh", "pkg:cargo/abc", "--detach"]).arg("--json");
    let job = refresh.run().expect(0).object()["job"].as_str().unwrap().to_owned();
    let waiting = object(&place, &scheduler, &["jobs", "get", &job]);
    assert!(waiting["waiting_for"].as_str().unwrap().contains("paused"), "{waiting}");
    assert!(registry.asked().is_empty());
    let shown = gleaner(&place, &scheduler, &["hosts", "resume", &host]).run().expect(0);
    assert!(shown.stdout.contains("25.0 %") && !shown.stdout.contains("paused"), "{}", shown.stdout);
    let ended = gleaner(&place, &scheduler, &["jobs", "watch", &job]).run();
    assert!(ended.stdout.contains("not_found") || ended.stdout.contains("not found"), "{ended:?}");
    assert_eq!(registry.asked().len(), 1);
    let reset = object(&place, &scheduler, &["hosts", "reset", &host]);
    assert_eq!((&reset["concurrency"], reset["burst"].as_u64()), (&Value::Null, known["burst"].as_u64()));
    drop(worker);

    let unknown = gleaner(&place, &scheduler, &["hosts", "reset", "nobody.invalid"]).run().expect(1);
    assert!(unknown.stderr.contains("`nobody.invalid`") && unknown.stderr.contains(&host), "{}", unknown.stderr);
    gleaner(&place, &scheduler, &["hosts", "set", &host, "--reserve", "1000"]).run().expect(2);
    gleaner(&place, &scheduler, &["hosts", "set", &host, "--rate", "fast"]).run().expect(2);
    gleaner(&place, &scheduler, &["hosts", "set", &host]).run().expect(2);
}

#[test]
fn a_drained_worker_gets_nothing_new_whichever_scheduler_it_meets() {
    let place = Place::new();
    let registry = Registry::start(|_| Answer::new("404 Not Found"));
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
    let mut leaving = Worker::start(&place, &place.path("leaving"), &scheduler.url, 4, &["--name", "leaving"]);
    let drained = || gleaner(&place, &scheduler, &["drain", "leaving", "--wait", "--json"]).run();
    // It may not be connected yet.
    let mut drain = drained();
    while drain.code == Some(1) {
        drain = drained();
    }
    let row = drain.expect(0).object();
    assert_eq!((row["draining"].as_bool(), row["running"].as_u64()), (Some(true), Some(0)));

    let scheduler = restart(&place, scheduler, &registry);
    let mut shown = String::new();
    while !shown.contains("leaving (drained)") {
        shown = gleaner(&place, &scheduler, &["workers"]).run().expect(0).stdout;
    }
    let refresh = gleaner(&place, &scheduler, &["refresh", "pkg:cargo/abc", "--detach"]).arg("--json");
    let job = refresh.run().expect(0).object()["job"].as_str().unwrap().to_owned();
    let waiting = object(&place, &scheduler, &["jobs", "get", &job]);
    assert_eq!(waiting["waiting_for"], "no connected worker can do this");
    leaving.process.signal("INT");
    assert_eq!(leaving.process.wait().code(), Some(0), "{}", leaving.process.stderr.all());
    gleaner(&place, &scheduler, &["drain", "leaving"]).run().expect(1);
}
