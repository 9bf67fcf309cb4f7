//! Questions and their answers, as a user asks and reads them: over the recorded documents, from a cold start, against a
//! scheduler with a worker, and asked wrongly.

mod again;
mod cases;
mod killed;
mod locked;
mod made;
mod observed;
mod paused;
mod recompute;
mod wrong;

use std::path::Path;

use serde_json::Value;

use crate::support::documents::fixtures;
use crate::support::{Ended, Place, Replay, Scheduler, Worker};

/// Recorded registries, a scheduler, a worker.
struct Stand {
    place: Place,
    scheduler: Scheduler,
    replay: Replay,
    _worker: Worker,
}

impl Stand {
    fn new(documents: &Path) -> Self {
        let place = Place::new();
        let replay = Replay::start(&place, documents, &[]);
        let scheduler = Scheduler::start(&place, &place.path("scheduler"), &replay.addresses, &[]);
        let worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 16, &[]);
        Self { place, scheduler, replay, _worker: worker }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.place.gleaner(arguments).args(["--server", &self.scheduler.url]).run()
    }

    fn object(&self, arguments: &[&str]) -> Value {
        self.run(&[&["--json"], arguments].concat()).expect(0).object()
    }
}

/// `name version` of each node, in order.
fn packages(answer: &Value) -> Vec<String> {
    let text = |node: &Value, key: &str| node[key].as_str().unwrap().to_owned();
    let nodes = answer["nodes"].as_array().unwrap();
    nodes.iter().map(|node| format!("{} {}", text(node, "name"), text(node, "version"))).collect()
}

#[test]
fn one_resolve_from_a_cold_start_crawls_what_it_needs() {
    let place = Place::new();
    let replay = fixtures();
    let run = |arguments: &[&str]| place.gleaner(arguments).arg("--replay").arg(&replay).run();
    let answer = run(&["--json", "resolve", "pkg:pypi/flask"]).expect(0).object();
    let keys: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["as_of", "ecosystem", "edges", "elapsed_us", "environment", "nodes", "outcome", "read_set", "reason"];
    let sorted = {
        let mut keys = keys;
        keys.sort_unstable();
        keys
    };
    assert_eq!(sorted, expected);
    assert_eq!(
        (&answer["outcome"], &answer["ecosystem"], &answer["reason"]),
        (&"graph".into(), &"pypi".into(), &Value::Null)
    );
    assert_eq!(answer["environment"]["python"], "3.12.0");
    let names: Vec<_> = packages(&answer).iter().map(|it| it.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(names, ["blinker", "click", "flask", "itsdangerous", "jinja2", "markupsafe", "werkzeug"]);
    let flask = names.iter().position(|name| name == "flask").unwrap();
    let edges = answer["edges"].as_array().unwrap();
    let from_root: Vec<_> = edges.iter().filter(|edge| edge["from"].is_null()).map(|edge| &edge["to"]).collect();
    assert_eq!(from_root, [&Value::from(flask)]);
    // The archive by its own path, and for people.
    let told = place.gleaner(["resolve", "pkg:pypi/flask", "--replay"]).arg(replay.join("documents.tar.zst")).run();
    let told = told.expect(0);
    let lines: Vec<_> = told.stdout.lines().collect();
    assert_eq!(lines[0], "pkg:pypi/flask");
    assert!(lines[1].starts_with("└── flask ") && lines.contains(&""), "{}", told.stdout);
    assert!(lines.last().unwrap().starts_with("7 packages, "), "{}", told.stdout);
    let lock = run(&["resolve", "--lock", "pkg:pypi/flask"]).expect(0).stdout;
    let pinned: Vec<_> = packages(&answer).iter().map(|it| it.replace(' ', "==")).collect();
    assert_eq!(lock.lines().collect::<Vec<_>>(), pinned);
}

#[test]
fn the_past_is_older_and_the_difference_says_how() {
    let stand = Stand::new(&fixtures());
    let then = stand.object(&["resolve", "pkg:cargo/serde", "--as-of", "2023-01-01"]);
    let now = stand.object(&["resolve", "pkg:cargo/serde"]);
    assert_eq!((&then["as_of"], &now["as_of"]), (&"2023-01-01T00:00:00Z".into(), &Value::Null));
    assert_eq!(packages(&then), ["serde 1.0.152"]);
    assert!(packages(&now).len() > 1 && !packages(&now).contains(&"serde 1.0.152".to_owned()), "{now}");
    let diff = stand.object(&["diff", "pkg:cargo/serde", "--from", "2023-01-01"]);
    let lists = ["added", "removed", "changed"].map(|key| diff[key].as_array().unwrap().len());
    assert_eq!(lists, [packages(&now).len() - 1, 0, 1], "{diff}");
    assert_eq!((&diff["changed"][0]["name"], &diff["changed"][0]["from"][0]), (&"serde".into(), &"1.0.152".into()));
    let told = stand.run(&["diff", "pkg:cargo/serde", "--from", "2023-01-01"]).expect(0).stdout;
    assert_eq!(told.lines().count(), packages(&now).len() + 1, "{told}");
    let same = ["diff", "pkg:cargo/serde", "--from", "2023-01-01", "--to", "2023-01-01"];
    assert_eq!(stand.object(&same)["unchanged"], 1);
}

#[test]
fn why_names_the_paths() {
    let stand = Stand::new(&fixtures());
    let why = stand.object(&["why", "pkg:pypi/flask", "MarkupSafe"]);
    let paths = why["found"][0]["paths"].as_array().unwrap();
    let names = |path: &Value| -> Vec<String> {
        path.as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&paths[0]).last().unwrap(), "markupsafe");
    assert!(paths.iter().any(|path| names(path) == ["flask", "jinja2", "markupsafe"]), "{why}");
    assert!(paths.is_sorted_by_key(|path| names(path).len()));
    let told = stand.run(&["why", "pkg:pypi/flask", "markupsafe", "--limit", "1"]).expect(0).stdout;
    assert!(told.contains("  pkg:pypi/flask → flask ") && told.contains("more path"), "{told}");
    let no = stand.run(&["why", "pkg:pypi/flask", "requests"]).expect(1);
    assert_eq!(no.stdout, "pkg:pypi/flask does not bring in requests as of now\n");
    let no = stand.run(&["--json", "why", "pkg:pypi/flask", "requests"]).expect(1).object();
    assert_eq!((&no["outcome"], &no["found"]), (&"graph".into(), &Value::from(Vec::<Value>::new())));
}

#[test]
fn what_is_known_is_not_crawled_again() {
    let stand = Stand::new(&fixtures());
    let first = stand.object(&["resolve", "pkg:cargo/tokio"]);
    let asked = stand.replay.answered().requests;
    let second = stand.object(&["resolve", "pkg:cargo/tokio"]);
    assert_eq!(stand.replay.answered().requests, asked);
    assert_eq!((&first["nodes"], &first["edges"]), (&second["nodes"], &second["edges"]));
    assert!(asked < 60, "{asked} requests for one package and what it needs");
}
