//! The same roots once more: a version is published between two recomputations, and only those roots are resolved anew
//! whose answers it can change.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::program::json_lines;
use crate::support::registry::{Answer, Registry};
use crate::support::{Ended, Place, Scheduler, Worker};

/// What everything here depends on.
const BASE: &str = "base";
/// Crates with what they need of `base`, if they need it.
const CRATES: [(&str, Option<&str>); 4] =
    [("alpha", Some("^1")), ("beta", Some(">=0.9")), ("gamma", Some("^0.9")), ("delta", None)];

fn line(name: &str, version: &str, needs: Option<&str>) -> String {
    let needs = needs.map(|requirement| {
        json!({"name": BASE, "req": requirement, "features": [], "optional": false, "default_features": true,
            "target": null, "kind": "normal"})
    });
    let line = json!({"name": name, "vers": version, "deps": needs.into_iter().collect::<Vec<_>>(),
        "cksum": "0".repeat(64), "features": {}, "yanked": false, "v": 2});
    format!("{line}\n")
}

/// A registry in which `base` gets another version when that is said.
fn registry(published: Arc<AtomicBool>) -> Registry {
    Registry::start(move |asked| {
        let name = asked.path.rsplit('/').next().unwrap_or_default();
        if name == BASE {
            let newest = published.load(Ordering::SeqCst).then_some("1.1.0");
            let versions = ["0.9.0", "1.0.0"].into_iter().chain(newest);
            return Answer::ok(versions.map(|version| line(BASE, version, None)).collect::<String>());
        }
        match CRATES.iter().find(|(known, _)| *known == name) {
            Some((name, needs)) => Answer::ok(line(name, "1.0.0", *needs)),
            None => Answer::new("404 Not Found"),
        }
    })
}

struct Stand {
    place: Place,
    scheduler: Scheduler,
    _worker: Worker,
    _registry: Registry,
    published: Arc<AtomicBool>,
}

impl Stand {
    fn new() -> Self {
        let (place, published) = (Place::new(), Arc::new(AtomicBool::new(false)));
        let registry = registry(Arc::clone(&published));
        let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
        let worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 16, &[]);
        Self { place, scheduler, _worker: worker, _registry: registry, published }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.place.gleaner(["--json"]).args(arguments).args(["--server", &self.scheduler.url]).run()
    }

    fn publish(&self) {
        self.published.store(true, Ordering::SeqCst);
        self.run(&["refresh", "pkg:cargo/base"]).expect(0);
    }

    fn memory(&self) -> PathBuf {
        self.place.path("memory")
    }

    /// Asks for these roots; the sum, the rows without what differs from run to run, and how many jobs that took.
    fn recompute(&self, which: &[&str], name: &str, memory: bool) -> (Value, Vec<Value>, usize) {
        let (output, memory_path, before) = (self.place.path(name), self.memory(), self.jobs());
        let mut arguments = vec!["recompute", "--name", name, "--output", output.to_str().unwrap()];
        arguments.extend(which);
        if memory {
            arguments.extend(["--memory", memory_path.to_str().unwrap()]);
        }
        let sum = self.run(&arguments).expect(0).object();
        let mut rows = json_lines(&std::fs::read_to_string(&output).unwrap());
        rows.iter_mut().for_each(|row| row["elapsed_us"] = Value::Null);
        (sum, rows, self.jobs() - before)
    }

    fn jobs(&self) -> usize {
        self.run(&["jobs", "list", "--limit", "1000"]).expect(0).objects().len()
    }
}

fn roots() -> Vec<&'static str> {
    CRATES.iter().map(|(name, _)| *name).chain([BASE]).collect()
}

fn version_of_base(rows: &[Value], root: &str) -> Option<String> {
    let row = rows.iter().find(|row| row["root"] == format!("pkg:cargo/{root}")).unwrap();
    let nodes = row["nodes"].as_array().unwrap();
    nodes.iter().find(|node| node["name"] == BASE).map(|node| node["version"].as_str().unwrap().to_owned())
}

#[test]
fn only_what_a_new_version_touches_is_resolved_anew() {
    let stand = Stand::new();
    let lines: String = roots().iter().map(|root| format!("pkg:cargo/{root}\n")).collect();
    let list = stand.place.write("roots.txt", &lines);
    let which = ["--roots", list.to_str().unwrap()];
    let (first, old, _) = stand.recompute(&which, "first", true);
    assert_eq!((&first["graph"], &first["kept"]), (&5.into(), &Value::Null), "{first}");
    let (same, rows, jobs) = stand.recompute(&which, "same", true);
    assert_eq!((&same["kept"], jobs, &same["position"]), (&5.into(), 0, &first["position"]), "{same}");
    assert_eq!(rows, old);

    stand.publish();
    let (again, new, jobs) = stand.recompute(&which, "again", true);
    // `gamma` wants an older one, and `delta` none.
    assert_eq!((&again["kept"], jobs), (&2.into(), 3), "{again}");
    assert!(again["position"].as_u64() > first["position"].as_u64(), "{again}");
    let versions = |rows: &[Value]| roots().into_iter().map(|root| version_of_base(rows, root)).collect::<Vec<_>>();
    let some = |version: &str| Some(version.to_owned());
    assert_eq!(versions(&old), [some("1.0.0"), some("1.0.0"), some("0.9.0"), None, some("1.0.0")]);
    assert_eq!(versions(&new), [some("1.1.0"), some("1.1.0"), some("0.9.0"), None, some("1.1.0")]);
    let (full, all, jobs) = stand.recompute(&which, "full", false);
    assert_eq!((&full["kept"], jobs), (&Value::Null, 5), "{full}");
    assert_eq!(new, all);
    // What was written by the second run is what the third one begins with.
    let (third, rows, jobs) = stand.recompute(&which, "third", true);
    assert_eq!((&third["kept"], jobs, rows), (&5.into(), 0, all), "{third}");
}

#[test]
fn an_ecosystem_gets_what_was_discovered_since() {
    let stand = Stand::new();
    stand.run(&["resolve", "pkg:cargo/alpha"]).expect(0);
    let which = ["--ecosystem", "cargo"];
    let (first, rows, _) = stand.recompute(&which, "first", true);
    assert_eq!((&first["roots"], rows.len()), (&2.into(), 2), "{first}");
    stand.run(&["refresh", "pkg:cargo/delta", "pkg:cargo/gamma"]).expect(0);
    let (again, mut rows, jobs) = stand.recompute(&which, "again", true);
    assert_eq!((&again["roots"], &again["kept"], jobs), (&4.into(), &2.into(), 2), "{again}");
    let (full, mut all, _) = stand.recompute(&which, "full", false);
    assert!(full["position"].as_u64() >= again["position"].as_u64(), "{full}");
    // From when on an answer holds is another question of another campaign.
    rows.iter_mut().chain(&mut all).for_each(|row| row["position"] = Value::Null);
    assert_eq!(rows, all);
}

#[test]
fn a_view_of_publication_has_one_position_as_well() {
    let stand = Stand::new();
    let list = stand.place.write("roots.txt", "pkg:cargo/alpha\npkg:cargo/delta\n");
    let view = ["--as-of", "2030-01-01"];
    let which = [&["--roots", list.to_str().unwrap()], &view[..]].concat();
    let (list, rows, _) = stand.recompute(&which, "list", false);
    assert!(list["position"].is_u64() && rows.iter().all(|row| row["outcome"] == "graph"), "{list} {rows:?}");
    let (all, rows, _) = stand.recompute(&[&["--ecosystem", "cargo"], &view[..]].concat(), "all", false);
    assert!(all["position"].is_u64(), "{all}");
    assert!(rows.iter().all(|row| row["position"] == all["position"] && !row["as_of"].is_null()), "{rows:?}");
}

#[test]
fn a_memory_of_something_else_is_refused() {
    let stand = Stand::new();
    let list = stand.place.write("roots.txt", "pkg:cargo/delta\n");
    let which = ["--roots", list.to_str().unwrap()];
    stand.recompute(&which, "first", true);
    let memory = stand.memory();
    let other = ["recompute", "--memory", memory.to_str().unwrap(), "--env", "rustc=1.80.0"];
    let refused = stand.run(&[&other[..], &which].concat()).expect(2);
    assert!(refused.stderr.contains("another question"), "{}", refused.stderr);
    std::fs::write(&memory, "my thesis").unwrap();
    let mine = ["recompute", "--memory", memory.to_str().unwrap()];
    stand.run(&[&mine[..], &which].concat()).expect(2);
    assert_eq!(std::fs::read_to_string(&memory).unwrap(), "my thesis");
}
