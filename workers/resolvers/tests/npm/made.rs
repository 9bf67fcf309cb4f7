//! Small registries made up by hand: what is odd, and what ends badly.

use std::collections::BTreeMap;

use gleaner_resolvers::npm::{Npm, NpmSnapshot};
use gleaner_resolvers::{Answer, Budget, Flow, Graph, Resolution, Resolver, Sensitivity, Snapshot, View};
use serde_json::{Value, json};

use crate::corpus;

/// Packages by name: versions and their manifests.
fn registry(packages: &Value) -> NpmSnapshot {
    let mut documents: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, versions) in packages.as_object().unwrap() {
        let versions = versions.as_object().unwrap();
        // The last one in the text is the latest.
        let latest = versions.keys().next_back().unwrap();
        let times: BTreeMap<&String, String> = (1..)
            .zip(versions.keys())
            .map(|(day, number)| (number, format!("2024-01-{day:02}T00:00:00.000Z")))
            .collect();
        let document = json!({ "name": name, "dist-tags": { "latest": latest }, "versions": versions, "time": times });
        documents.push((name.clone(), document.to_string().into_bytes()));
    }
    corpus::snapshot_of(documents.iter().map(|(name, text)| (name.as_str(), &**text)))
}

fn ask(packages: &Value, manifest: &Value) -> Resolution {
    let root = Npm::read_manifest("package.json", &manifest.to_string()).unwrap();
    corpus::resolve(&registry(packages), &root)
}

fn graph(packages: &Value, manifest: &Value) -> Graph {
    match ask(packages, manifest).answer {
        Answer::Graph(graph) => graph,
        other => panic!("{other:?}"),
    }
}

/// `a@1 b/c@2`: paths without `node_modules`, and versions.
fn tree(packages: &Value, manifest: &Value) -> String {
    shown(&graph(packages, manifest))
}

fn shown(graph: &Graph) -> String {
    let mut nodes: Vec<String> = graph
        .nodes
        .iter()
        .map(|node| {
            let path = node.path.as_deref().unwrap().replace("/node_modules/", " > ").replace("node_modules/", "");
            format!("{path}@{}", node.version)
        })
        .collect();
    nodes.sort();
    nodes.join(", ")
}

fn refusal(packages: &Value, manifest: &Value) -> String {
    match ask(packages, manifest).answer {
        Answer::Unsatisfiable { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_are_hoisted_until_something_is_in_the_way() {
    let packages = json!({
        "a": { "1.0.0": { "dependencies": { "c": "^1" } } },
        "b": { "1.0.0": { "dependencies": { "c": "^2", "d": "*" } } },
        "c": { "1.0.0": {}, "2.0.0": {} },
        "d": { "1.0.0": { "dependencies": { "c": "2" } } },
    });
    let manifest = json!({ "dependencies": { "a": "*", "b": "*" } });
    assert_eq!(tree(&packages, &manifest), "a@1.0.0, b > c@2.0.0, b@1.0.0, c@1.0.0, d > c@2.0.0, d@1.0.0");
}

#[test]
fn circles_end() {
    let packages = json!({
        "a": { "1.0.0": { "dependencies": { "b": "1", "a": "1" } } },
        "b": { "1.0.0": { "dependencies": { "a": "1" } } },
        "p": { "1.0.0": { "peerDependencies": { "q": "1" } } },
        "q": { "1.0.0": { "peerDependencies": { "p": "1" } } },
    });
    let manifest = json!({ "name": "a", "dependencies": { "a": "*", "p": "*" } });
    assert_eq!(tree(&packages, &manifest), "a@1.0.0, b@1.0.0, p@1.0.0, q@1.0.0");
}

#[test]
fn a_loop_of_versions_becomes_a_link() {
    let packages = json!({
        "x": { "1.0.0": { "dependencies": { "y": "1" } }, "2.0.0": { "dependencies": { "y": "2" } } },
        "y": { "1.0.0": { "dependencies": { "x": "2" } }, "2.0.0": { "dependencies": { "x": "1" } } },
    });
    let manifest = json!({ "dependencies": { "x": "1" } });
    let found = graph(&packages, &manifest);
    let root = Npm::read_manifest("package.json", &manifest.to_string()).unwrap();
    let lock: Value =
        serde_json::from_str(&Npm::lock(&registry(&packages), &root, &Default::default(), &found)).unwrap();
    let links: Vec<_> = lock["packages"].as_object().unwrap().values().filter(|entry| entry["link"] == true).collect();
    assert_eq!(shown(&found), "x@1.0.0, y > x@2.0.0, y > y > x@1.0.0, y > y > y@1.0.0, y > y@2.0.0, y@1.0.0");
    assert_eq!(links, [&json!({ "resolved": "node_modules/y", "link": true })]);
}

#[test]
fn long_chains_do_not_overflow() {
    let chain = |kind: &str, length: usize| {
        let package = |at: usize| (format!("p{at}"), json!({ "1.0.0": { kind: { format!("p{}", at + 1): "1" } } }));
        let mut packages: serde_json::Map<String, Value> = (0..length).map(package).collect();
        packages.insert(format!("p{length}"), json!({ "1.0.0": {} }));
        Value::Object(packages)
    };
    let manifest = json!({ "dependencies": { "p0": "*" } });
    assert_eq!(graph(&chain("dependencies", 3000), &manifest).nodes.len(), 3001);
    assert_eq!(graph(&chain("peerDependencies", 150), &manifest).nodes.len(), 151);
    assert!(matches!(ask(&chain("peerDependencies", 3000), &manifest).answer, Answer::GaveUp { .. }));
}

#[test]
fn deep_trees_do_not_overflow() {
    // Each level needs another version of the same package, so that nothing can be hoisted.
    let versions = |deep: usize| -> Value {
        let needs =
            |at: usize| if at == deep { json!({}) } else { json!({ "dependencies": { "p": format!("{}", at + 1) } }) };
        Value::Object((1..=deep).map(|at| (format!("{at}.0.0"), needs(at))).collect())
    };
    let manifest = json!({ "dependencies": { "p": "1" } });
    assert_eq!(graph(&json!({ "p": versions(600) }), &manifest).nodes.len(), 600);
    assert!(matches!(ask(&json!({ "p": versions(2000) }), &manifest).answer, Answer::GaveUp { .. }));
}

#[test]
fn what_is_no_requirement_is_refused_and_said() {
    let packages = json!({ "a": { "1.0.0": { "dependencies": { "b": "workspace:*" } } }, "b": { "1.0.0": {} } });
    let reason = refusal(&packages, &json!({ "dependencies": { "a": "*" } }));
    assert!(reason.contains("asked of b") && reason.contains("workspace:"), "{reason}");
}

#[test]
fn what_is_from_elsewhere_is_left_out_and_said() {
    let packages = json!({ "a": { "1.0.0": { "dependencies": { "b": "user/project" } } } });
    let resolution = ask(&packages, &json!({ "dependencies": { "a": "*", "c": "file:../c" } }));
    let Answer::Graph(graph) = &resolution.answer else { panic!("{resolution:?}") };
    assert_eq!(shown(graph), "a@1.0.0");
    assert_eq!(resolution.warnings.len(), 2, "{:?}", resolution.warnings);
}

#[test]
fn optional_ones_may_be_missing() {
    let packages = json!({
        "a": { "1.0.0": { "optionalDependencies": { "b": "9", "c": "1" } } },
        "b": { "1.0.0": {} },
        "c": { "1.0.0": { "os": ["win32"], "dependencies": { "b": "1" } } },
    });
    assert_eq!(tree(&packages, &json!({ "dependencies": { "a": "*" } })), "a@1.0.0, b@1.0.0, c@1.0.0");
    let reason = refusal(&packages, &json!({ "dependencies": { "b": "9" } }));
    assert!(reason.contains("no version of b is 9") && reason.contains("the project"), "{reason}");
    let reason = refusal(&packages, &json!({ "dependencies": { "c": "*" } }));
    assert!(reason.contains("EBADPLATFORM") && reason.contains("win32"), "{reason}");
    assert!(refusal(&packages, &json!({ "name": "mine", "os": "darwin" })).contains("mine is for another platform"));
}

#[test]
fn peers_conflict_at_the_root_and_pass_elsewhere() {
    let packages = json!({
        "x": { "1.0.0": { "peerDependencies": { "r": "1" } } },
        "y": { "1.0.0": { "peerDependencies": { "r": "2" } } },
        "r": { "1.0.0": {}, "2.0.0": {} },
        "both": { "1.0.0": { "dependencies": { "x": "1", "y": "1" } } },
    });
    let reason = refusal(&packages, &json!({ "dependencies": { "x": "*", "y": "*" } }));
    assert!(reason.starts_with("ERESOLVE") && reason.contains("r@2 (a peer of y@1.0.0)"), "{reason}");
    let resolution = ask(&packages, &json!({ "dependencies": { "both": "*" } }));
    assert!(matches!(resolution.answer, Answer::Graph(_)), "{resolution:?}");
}

#[test]
fn names_that_differ_in_case_share_a_folder() {
    let packages = json!({
        "JSONStream": { "1.0.0": {} },
        "jsonstream": { "1.0.0": {} },
        "a": { "1.0.0": { "dependencies": { "jsonstream": "1" } } },
    });
    let manifest = json!({ "dependencies": { "JSONStream": "*", "a": "*" } });
    assert_eq!(tree(&packages, &manifest), "JSONStream@1.0.0, a > jsonstream@1.0.0, a@1.0.0");
}

#[test]
fn overrides_hold_where_they_say() {
    let packages = json!({
        "a": { "1.0.0": { "dependencies": { "c": "^1" } } },
        "b": { "1.0.0": { "dependencies": { "c": "^1" } } },
        "c": { "1.0.0": {}, "1.1.0": {}, "2.0.0": {} },
    });
    let with =
        |overrides: Value| tree(&packages, &json!({ "dependencies": { "a": "*", "b": "*" }, "overrides": overrides }));
    assert_eq!(with(json!({ "c": "2" })), "a@1.0.0, b@1.0.0, c@2.0.0");
    assert_eq!(with(json!({ "b": { "c": "2" } })), "a@1.0.0, b > c@2.0.0, b@1.0.0, c@1.1.0");
    assert_eq!(with(json!({ "c@<1": "2" })), "a@1.0.0, b@1.0.0, c@1.1.0");
    let manifest = json!({ "dependencies": { "c": "1" }, "overrides": { "c": "2" } });
    assert!(refusal(&packages, &manifest).contains("override"));
    let manifest = json!({ "dependencies": { "a": "1", "c": "1.0.0" }, "overrides": { "c": "$c" } });
    assert_eq!(tree(&packages, &manifest), "a@1.0.0, c@1.0.0");
}

#[test]
fn all_that_is_not_known_is_named_at_once() {
    let packages = json!({ "a": { "1.0.0": { "dependencies": { "u": "1", "v": "1" } } } });
    let resolution =
        ask(&packages, &json!({ "dependencies": { "a": "*", "t": "*" }, "optionalDependencies": { "s": "1" } }));
    let Answer::Incomplete { names } = resolution.answer else { panic!("{resolution:?}") };
    assert_eq!(names.iter().map(gleaner_model::PackageName::as_str).collect::<Vec<_>>(), ["s", "t", "u", "v"]);
    assert_eq!(resolution.sensitivity, Sensitivity::FirstCandidates);
    assert_eq!(resolution.read.len(), 5);
}

#[test]
fn every_budget_ends_it() {
    let packages = json!({ "a": { "1.0.0": { "dependencies": { "b": "1" } } }, "b": { "1.0.0": {} } });
    let snapshot = registry(&packages);
    let root = Npm::read_manifest("package.json", r#"{"dependencies":{"a":"*"}}"#).unwrap();
    let mut ended = Vec::new();
    for steps in 0..100 {
        let mut pause = || Flow::Continue;
        let mut budget = Budget::new(steps, &mut pause);
        let view = View::default();
        let resolution =
            Npm::resolve(&snapshot, &root, &Default::default(), &view, &mut Default::default(), &mut budget);
        match resolution.answer {
            Answer::GaveUp { .. } => ended.push(false),
            Answer::Graph(_) => ended.push(true),
            other => panic!("{other:?}"),
        }
    }
    assert!(!ended[0] && ended[99] && ended.is_sorted());
}

#[test]
fn a_view_has_no_later_version() {
    let packages = json!({ "a": { "1.0.0": {}, "1.1.0": {}, "1.2.0": {} } });
    let snapshot = registry(&packages);
    for (asked, day, expected) in [("*", 2, "1.1.0"), ("latest", 2, "1.1.0"), ("^1.0.0", 1, "1.0.0"), ("*", 9, "1.2.0")]
    {
        let root = Npm::read_manifest("package.json", &json!({ "dependencies": { "a": asked } }).to_string()).unwrap();
        // The first of January 2024 and so many days, less the half of one.
        let before = 1_704_067_200_000 + day * 86_400_000 - 43_200_000;
        let view = View { before: Some(gleaner_model::Timestamp::from_millis(before)) };
        let resolution = corpus::resolve_at(&snapshot, &root, view);
        let Answer::Graph(graph) = resolution.answer else { panic!("{resolution:?}") };
        assert_eq!(graph.nodes[0].version, expected, "{asked} {day}");
        let name = "pkg:npm/a".parse::<gleaner_model::Purl>().unwrap().name().clone();
        let read = Npm::first_candidate(&snapshot, &name, &resolution.read[0].requirement, &Default::default(), &view);
        assert_eq!(read.as_deref(), Some(expected));
    }
}

#[test]
fn a_package_is_added_as_npm_adds_it() {
    let packages = json!({ "a": { "1.0.0": {}, "1.1.0": {}, "1.2.0": {} } });
    let snapshot = registry(&packages);
    for (purl, version, saved) in [("pkg:npm/a", "1.2.0", "^1.2.0"), ("pkg:npm/a@1.0.0", "1.0.0", "^1.0.0")] {
        let root = Npm::root_of(&purl.parse().unwrap());
        let Answer::Graph(graph) = corpus::resolve(&snapshot, &root).answer else { panic!("{purl}") };
        assert_eq!(shown(&graph), format!("a@{version}"));
        let lock: Value = serde_json::from_str(&Npm::lock(&snapshot, &root, &Default::default(), &graph)).unwrap();
        assert_eq!(lock["packages"][""]["dependencies"]["a"], saved);
    }
}

#[test]
fn what_is_absent_is_not_unknown() {
    let mut snapshot = registry(&json!({ "a": { "1.0.0": { "dependencies": { "b": "1" } } } }));
    let root = Npm::read_manifest("package.json", r#"{"dependencies":{"a":"*"}}"#).unwrap();
    let name = "pkg:npm/b".parse::<gleaner_model::Purl>().unwrap().name().clone();
    assert_eq!(corpus::resolve(&snapshot, &root).answer, Answer::Incomplete { names: vec![name.clone()] });
    snapshot.insert_absent(&name);
    let Answer::Unsatisfiable { reason } = corpus::resolve(&snapshot, &root).answer else { panic!("it is absent") };
    assert_eq!(reason, "there is no package b (it is asked for as 1): needed is b@1 (a dependency of a@1.0.0)");
}
