//! What a newcomer types wrongly, and what the program says to it: the thing that is wrong, what to do, and an exit code
//! that tells the kinds of wrong apart.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::{Addresses, Ended, Place, Scheduler, Worker};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/";

fn nowhere() -> Addresses {
    let base = || NOWHERE.to_owned();
    Addresses { cargo: base(), npm: base(), pypi: base(), stats: base() }
}

/// Runs `arguments` in a fresh place, where no ecosystem's client is installed.
fn run(arguments: &[&str]) -> Ended {
    run_in(&Place::new(), arguments)
}

fn run_in(place: &Place, arguments: &[&str]) -> Ended {
    place.gleaner(arguments).env("PATH", place.path("no-programs")).run()
}

/// Checks the exit code and that standard error, in one line for people, has all of `words`.
fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    says(&run(arguments).expect(code), words);
}

fn says(ended: &Ended, words: &[&str]) {
    for word in words {
        assert!(ended.stderr.contains(word), "{} does not say {word:?}: {}", ended.called, ended.stderr);
    }
    assert_eq!(ended.stdout, "", "{}", ended.called);
}

#[test]
fn wrong_purls_are_named() {
    refused(&["refresh", "pkg:gem/rails"], 2, &["`gem`", "cargo, npm and pypi"]);
    refused(&["refresh", "serde"], 2, &["`serde`", "pkg:cargo/serde"]);
    refused(&["refresh", "pkg:npm/"], 2, &["`pkg:npm/`", "missing name"]);
    refused(&["show", "pkg:gem/rails"], 2, &["`gem`"]);
    // One wrong purl among many: nothing is begun.
    let place = Place::new();
    let ended = place.gleaner(["refresh", "-", "--data", "d"]).stdin("pkg:npm/express\npkg:gem/rails\n").run();
    says(&ended.expect(2), &["`gem`"]);
    assert!(!place.path("home/d").exists());
}

#[test]
fn errors_for_programs_are_one_object() {
    let ended = run(&["--json", "refresh", "pkg:gem/rails"]).expect(2);
    let object: Value = serde_json::from_str(ended.stderr.trim_end()).unwrap();
    assert_eq!(object["exit_code"], 2);
    assert!(object["error"].as_str().unwrap().contains("`gem`"), "{object}");
    assert_eq!(object.as_object().unwrap().len(), 2);
}

#[test]
fn registries_that_cannot_be_used_are_errors_and_not_passed_over() {
    refused(&["serve", "--registry", "rubbish"], 2, &["`--registry rubbish`", "npm=URL"]);
    refused(&["serve", "--registry", "npm=rubbish"], 2, &["--registry", "`rubbish`"]);
    let secret = "npm=http://user:hunter2@127.0.0.1:1/";
    let ended = run(&["serve", "--registry", secret]).expect(2);
    says(&ended, &["--registry", "credentials"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    refused(&["refresh", "pkg:npm/express", "--rate", "npm=0"], 2, &["--rate npm=0", "1 to 10000"]);
}

#[test]
fn a_registry_that_nobody_knows_names_the_settings() {
    let words = ["--registry npm=URL", "GLEANER_REGISTRY_NPM", "registries.npm"];
    refused(&["refresh", "pkg:npm/express"], 2, &words);
}

#[test]
fn settings_files_are_checked() {
    let place = Place::new();
    let ended = run_in(&place, &["serve", "--config", "nope.toml"]).expect(2);
    says(&ended, &["nope.toml", "is not there"]);
    let config = place.write("home/some.toml", "[registries]\nnpm = \"http://127.0.0.1:1/\"\n\n[colours]\n");
    let ended = place.gleaner(["serve", "--config"]).arg(config).run().expect(2);
    says(&ended, &["some.toml", "colours", "registries"]);
}

#[test]
fn listening_for_others_wants_tls() {
    let flag = format!("npm={NOWHERE}");
    refused(
        &["serve", "--listen", "0.0.0.0:0", "--registry", &flag],
        2,
        &["0.0.0.0:0", "without TLS", "--insecure", "--tls-cert"],
    );
}

#[test]
fn schedulers_that_cannot_be_reached_are_named() {
    refused(&["jobs", "list", "--server", "http://127.0.0.1:1"], 3, &["nothing listens at http://127.0.0.1:1"]);
    refused(&["jobs", "list", "--server", "rubbish"], 2, &["`rubbish`", "http://"]);
}

#[test]
fn what_was_never_stored_is_a_no() {
    refused(&["show", "pkg:npm/express"], 1, &["there is no store in", "--data DIR", "--server URL"]);
    refused(&["jobs", "list"], 1, &["there is no store in"]);
}

#[test]
fn a_data_directory_has_one_owner() {
    let place = Place::new();
    let data = place.path("data");
    let scheduler = Scheduler::start(&place, &data, &nowhere(), &[]);
    let npm = format!("npm={NOWHERE}");
    let second = place.gleaner(["refresh", "pkg:npm/express", "--registry", &npm, "--data"]).arg(&data).run();
    says(&second.expect(5), &[data.to_str().unwrap(), "in use"]);

    let worker = place.path("worker");
    let _first = Worker::start(&place, &worker, &scheduler.url, 1, &[]);
    let second = place.gleaner(["worker", "--server", &scheduler.url, "--data"]).arg(&worker).run();
    says(&second.expect(5), &[worker.to_str().unwrap(), "in use"]);
}

#[test]
fn clients_show_tokens() {
    let place = Place::new();
    let clients = "[[client]]\nname = \"acme\"\ntoken = \"acme-secret-token\"\nlane = \"paid\"\n";
    let path = place.write("clients.toml", clients);
    let more = ["--clients", path.to_str().unwrap()];
    let scheduler = Scheduler::start(&place, &place.path("data"), &nowhere(), &more);
    let token = |name: &str, text: &str, mode: u32| {
        let path = place.write(name, text);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    };
    let list = || place.gleaner(["jobs", "list", "--server", &scheduler.url]);
    assert!(!list().run().expect(4).stderr.is_empty());
    assert!(
        !list().arg("--token-file").arg(token("wrong", "some-other-token", 0o600)).run().expect(4).stderr.is_empty()
    );
    let open = list().arg("--token-file").arg(token("open", "acme-secret-token\n", 0o644)).run().expect(4);
    says(&open, &["chmod 600"]);
    list().arg("--token-file").arg(token("right", "acme-secret-token\n", 0o600)).run().expect(0);
}

#[test]
fn a_clients_file_with_a_mistake_names_the_entry() {
    let place = Place::new();
    let path = place.write("clients.toml", "[[client]]\nname = \"acme\"\ntoken = \"short\"\nlane = \"paid\"\n");
    let npm = format!("npm={NOWHERE}");
    let ended = place.gleaner(["serve", "--registry", &npm, "--listen", "127.0.0.1:0", "--clients"]).arg(&path).run();
    says(&ended.expect(2), &["clients.toml", "`acme`", "16 characters"]);
}
