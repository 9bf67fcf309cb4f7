//! What is asked wrongly, and what the program says to it; and roots that are odd without being wrong.

use super::made::line;
use super::packages;
use crate::support::documents::fixtures;
use crate::support::{Answer, Place, Registry, Scheduler, Worker};

/// A refusal before anything is begun.
fn refused(arguments: &[&str], words: &[&str]) {
    let place = Place::new();
    let ended = place.gleaner(arguments).arg("--replay").arg(fixtures()).run().expect(2);
    assert_eq!(ended.stdout, "");
    for word in words {
        assert!(ended.stderr.contains(word), "{} does not say {word:?}: {}", ended.called, ended.stderr);
    }
}

#[test]
fn what_makes_no_sense_is_named() {
    refused(&["resolve", "pkg:gem/rails"], &["`gem`", "cargo, npm and pypi"]);
    refused(&["resolve"], &["--manifest FILE"]);
    refused(&["resolve", "pkg:cargo/serde", "--env", "python=3.12"], &["`python`", "rustc, target"]);
    refused(&["resolve", "pkg:pypi/flask", "--env", "platform=amiga"], &["`amiga`", "platform"]);
    refused(&["resolve", "pkg:cargo/serde", "--env", "rustc"], &["KEY=VALUE"]);
    refused(&["resolve", "pkg:cargo/serde", "--as-of", "yesterday"], &["`yesterday`", "in UTC"]);
    refused(&["resolve", "pkg:cargo/serde", "--observed"], &["--as-of"]);
    refused(&["why", "pkg:cargo/serde"], &["a root and a package"]);
    refused(&["why", "pkg:cargo/serde", "pkg:npm/express"], &["pkg:npm/express", "cargo"]);
    refused(&["diff", "pkg:cargo/serde"], &["--from"]);
    refused(&["recompute"], &["--ecosystem", "--roots"]);
    refused(&["recompute", "--ecosystem", "cargo", "--format", "parquet"], &["--output DIR"]);
    refused(&["recompute", "--ecosystem", "cargo", "--env", "node=20"], &["`node`", "rustc, target"]);
}

#[test]
fn manifests_that_are_none_are_named() {
    let place = Place::new();
    let refused = |name: &str, text: &str, words: &[&str]| {
        let path = place.write(name, text);
        let ended = place.gleaner(["resolve", "--manifest"]).arg(path).arg("--replay").arg(fixtures()).run().expect(2);
        for word in words {
            assert!(ended.stderr.contains(word), "{} does not say {word:?}: {}", ended.called, ended.stderr);
        }
    };
    refused("Gemfile", "gem 'rails'", &["Gemfile", "Cargo.toml"]);
    refused("Cargo.toml", "[dependencies", &["Cargo.toml"]);
    refused(
        "Cargo.toml",
        "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[dependencies]\nserde = \"soon\"\n",
        &["serde"],
    );
    refused("requirements.in", "flask ==\n", &["requirements.in"]);
    let ended = place.gleaner(["resolve", "--manifest", "nowhere/Cargo.toml", "--replay"]).arg(fixtures()).run();
    assert!(ended.expect(2).stderr.contains("nowhere/Cargo.toml"));
}

#[test]
fn a_package_that_nobody_has_is_a_no() {
    let place = Place::new();
    let ended = place.gleaner(["--json", "resolve", "pkg:cargo/no-such-crate-here", "--replay"]).arg(fixtures()).run();
    let answer = ended.expect(1).object();
    assert_eq!(answer["outcome"], "unsatisfiable");
    assert!(answer["reason"].as_str().unwrap().contains("no-such-crate-here"), "{answer}");
}

#[test]
fn cycles_and_long_chains_end() {
    let place = Place::new();
    let registry = Registry::start(|asked| {
        let name = asked.path.rsplit('/').next().unwrap();
        match name.strip_prefix("chain-").and_then(|number| number.parse::<u32>().ok()) {
            _ if name == "config.json" => Answer::ok("{\"dl\":\"http://registry.invalid/\"}"),
            _ if name == "round" => Answer::ok(line("round", "1.0.0", &[("again", "^1")])),
            _ if name == "again" => Answer::ok(line("again", "1.0.0", &[("round", "^1")])),
            Some(number) if number < 200 => {
                let next = format!("chain-{}", number + 1);
                Answer::ok(line(name, "1.0.0", &[(next.as_str(), "^1")]))
            }
            Some(_) => Answer::ok(line(name, "1.0.0", &[])),
            None => Answer::new("404 Not Found"),
        }
    });
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &registry.addresses(), &[]);
    let _worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 4, &[]);
    let run = |arguments: &[&str]| place.gleaner(arguments).args(["--server", &scheduler.url]).run();
    let cyclic = run(&["--json", "resolve", "pkg:cargo/round"]);
    let answer = cyclic.objects().pop().unwrap();
    // cargo refuses cyclic dependencies, and says which.
    assert_eq!((cyclic.code, &answer["outcome"]), (Some(1), &"unsatisfiable".into()), "{answer}");
    let deep = run(&["--json", "resolve", "pkg:cargo/chain-0"]).expect(0).object();
    assert_eq!(packages(&deep).len(), 201);
    let told = run(&["resolve", "pkg:cargo/chain-0"]).expect(0).stdout;
    assert!(told.contains("… deeper than 100 levels") && told.contains("201 packages"), "{told}");
}
