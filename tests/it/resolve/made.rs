//! Crates that are made up while a test runs, behind a gate: as long as it is closed nobody gets an index file, so that a
//! test can do something to a scheduler whose questions are known to wait.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::process::{PATIENCE, Process};
use crate::support::{Answer, Ended, Place, Registry, Scheduler, Worker};

/// How often is looked whether something has happened.
const GLANCE: Duration = Duration::from_millis(10);

/// A dependency on a crate, by name and requirement.
type Need<'a> = (&'a str, &'a str);

/// A line of a sparse index: a version of a crate.
pub(super) fn line(name: &str, number: &str, needs: &[Need<'_>]) -> String {
    let need = |(name, requirement): &Need<'_>| {
        json!({
            "name": name, "req": requirement, "features": [], "optional": false, "default_features": true,
            "target": null, "kind": "normal",
        })
    };
    let needs: Vec<Value> = needs.iter().map(need).collect();
    let line = json!({
        "name": name, "vers": number, "deps": needs, "cksum": "0".repeat(64), "features": {}, "yanked": false,
    });
    format!("{line}\n")
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, String>,
    is_closed: bool,
}

/// The crates.
#[derive(Clone, Default)]
pub(super) struct Index(Arc<(Mutex<State>, Condvar)>);

impl Index {
    /// Has versions of a crate, each with what it needs, and no others of it any more.
    pub(super) fn put(&self, name: &str, versions: &[(&str, &[Need<'_>])]) {
        let text = versions.iter().map(|(number, needs)| line(name, number, needs)).collect();
        self.0.0.lock().unwrap().files.insert(name.to_owned(), text);
    }

    /// From now on nobody gets an answer, or everybody, those that wait included.
    pub(super) fn close(&self, is_closed: bool) {
        self.0.0.lock().unwrap().is_closed = is_closed;
        self.0.1.notify_all();
    }

    fn answer(&self, path: &str) -> Answer {
        let name = path.rsplit('/').next().unwrap();
        if name == "config.json" {
            return Answer::ok("{\"dl\":\"http://registry.invalid/\"}");
        }
        let state = self.0.0.lock().unwrap();
        let state = self.0.1.wait_while(state, |state| state.is_closed).unwrap();
        state.files.get(name).map_or_else(|| Answer::new("404 Not Found"), |text| Answer::ok(text.as_str()))
    }
}

/// A scheduler over made-up crates; workers are started by the test.
pub(super) struct World {
    pub(super) index: Index,
    pub(super) registry: Registry,
    pub(super) scheduler: Scheduler,
    // The last one, since the processes above have their files in it.
    pub(super) place: Place,
}

impl World {
    pub(super) fn new() -> Self {
        let (place, index) = (Place::new(), Index::default());
        let answering = index.clone();
        let registry = Registry::start(move |asked| answering.answer(&asked.path));
        // A host of a test takes whatever comes.
        let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
        Self { index, registry, scheduler, place }
    }

    pub(super) fn worker(&self, name: &str, slots: usize, more: &[&str]) -> Worker {
        Worker::start(&self.place, &self.place.path(name), &self.scheduler.url, slots, more)
    }

    /// SIGKILL, and another one at the same address.
    pub(super) fn kill_scheduler(&mut self) {
        let address = self.scheduler.address().to_owned();
        self.scheduler.process.kill();
        let (data, registries) = (self.place.path("scheduler"), self.registry.addresses());
        self.scheduler = Scheduler::start(&self.place, &data, &registries, &["--listen", &address]);
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        self.place.gleaner(arguments).args(["--server", &self.scheduler.url]).run()
    }

    /// Starts it and goes on.
    pub(super) fn spawn(&self, arguments: &[&str]) -> Process {
        self.place.gleaner(arguments).args(["--server", &self.scheduler.url]).spawn()
    }

    /// All jobs, newest first.
    pub(super) fn jobs(&self) -> Vec<Value> {
        self.run(&["--json", "jobs", "list", "--limit", "100000"]).expect(0).objects()
    }

    /// Waits until the jobs are as wished.
    pub(super) fn until_jobs(&self, wished: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let jobs = self.jobs();
            if wished(&jobs) {
                return jobs;
            }
            assert!(begun.elapsed() < PATIENCE, "the jobs are still {jobs:#?}");
            sleep(GLANCE);
        }
    }

    /// Writes a list of roots.
    pub(super) fn roots(&self, names: impl Iterator<Item = String>) -> PathBuf {
        let lines: String = names.map(|name| format!("pkg:cargo/{name}\n")).collect();
        self.place.write("roots.txt", lines)
    }
}

/// Of this kind.
pub(super) fn of_kind<'a>(jobs: &'a [Value], kind: &str) -> Vec<&'a Value> {
    jobs.iter().filter(|job| job["kind"] == kind).collect()
}

/// What a process that was started said when it has ended.
pub(super) fn ended(mut process: Process) -> Ended {
    let status = process.wait();
    Ended {
        code: status.code(),
        stdout: process.stdout.all(),
        stderr: process.stderr.all(),
        called: process.called.clone(),
    }
}
