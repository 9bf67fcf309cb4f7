//! Very many roots at one position: lists with wrong lines, campaigns, and what is exported.

use serde_json::Value;

use super::Stand;
use crate::support::Place;
use crate::support::documents::fixtures;
use crate::support::program::json_lines;

const LIST: &str =
    "# some roots\npkg:pypi/flask\nflask\npkg:cargo/serde\npkg:gem/rails\npkg:cargo/no-such-crate-here\n";

#[test]
fn a_list_is_answered_and_its_wrong_lines_are_named() {
    let stand = Stand::new(&fixtures());
    let list = stand.place.write("roots.txt", LIST);
    let run = |more: &[&str]| {
        let arguments = ["--json", "recompute", "--name", "mine", "--roots", list.to_str().unwrap()];
        stand.run(&[&arguments[..], more].concat())
    };
    let ended = run(&[]).expect(1);
    let rows = ended.objects();
    let told: Vec<_> =
        rows.iter().map(|row| (row["root"].as_str().unwrap(), row["outcome"].as_str().unwrap())).collect();
    let expected =
        [("pkg:pypi/flask", "graph"), ("pkg:cargo/serde", "graph"), ("pkg:cargo/no-such-crate-here", "unsatisfiable")];
    assert_eq!(told, expected);
    let aside = json_lines(&ended.stderr);
    assert_eq!(aside.iter().filter_map(|row| row["line"].as_u64()).collect::<Vec<_>>(), [3, 5]);
    let sum = aside.last().unwrap();
    assert_eq!((&sum["graph"], &sum["refused"], &sum["name"]), (&2.into(), &2.into(), &"mine".into()));
    assert!(sum["position"].is_u64(), "{sum}");
    // Under the same name nothing is asked again, and the answers are the same.
    let jobs = |stand: &Stand| stand.run(&["--json", "jobs", "list", "--limit", "1000"]).expect(0).objects().len();
    let before = jobs(&stand);
    assert_eq!(run(&[]).expect(1).objects(), rows);
    assert_eq!(jobs(&stand), before);
}

#[test]
fn an_ecosystem_is_a_campaign() {
    let stand = Stand::new(&fixtures());
    stand.object(&["resolve", "pkg:cargo/tokio"]);
    let output = stand.place.path("answers.jsonl");
    let arguments = ["recompute", "--ecosystem", "cargo", "--name", "all", "--output", output.to_str().unwrap()];
    let sum = stand.object(&arguments);
    let rows = json_lines(&std::fs::read_to_string(&output).unwrap());
    assert_eq!(sum["roots"], rows.len());
    assert!(rows.iter().any(|row| row["root"] == "pkg:cargo/tokio" && row["outcome"] == "graph"), "{rows:?}");
    assert!(rows.iter().all(|row| row["position"] == sum["position"]), "{sum}");
    let campaign = stand.run(&["--json", "campaigns", "list"]).expect(0).object();
    assert_eq!((&campaign["kind"], &campaign["state"]), (&"resolve".into(), &"done".into()));
}

#[test]
fn a_cold_start_exports_parquet() {
    let place = Place::new();
    let output = place.path("export");
    let program = place.gleaner(["--json", "recompute", "--ecosystem", "pypi", "--format", "parquet", "--output"]);
    let sum = program.arg(&output).arg("--replay").arg(fixtures()).run().expect(0).object();
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(output.join("manifest.json")).unwrap()).unwrap();
    assert_eq!((&manifest["counts"]["roots"], &manifest["position"]), (&sum["roots"], &sum["position"]));
    assert_eq!(sum["roots"], 13);
    for file in manifest["files"].as_array().unwrap() {
        let bytes = std::fs::read(output.join(file["file"].as_str().unwrap())).unwrap();
        assert_eq!((bytes.len() as u64, &bytes[..4]), (file["bytes"].as_u64().unwrap(), &b"PAR1"[..]));
    }
}
