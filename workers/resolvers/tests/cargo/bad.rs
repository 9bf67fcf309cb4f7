//! Input that is wrong, hostile or odd: a clear answer, no panic, and no runaway.

use std::fmt::Write;

use gleaner_resolvers::cargo::{Cargo, CargoEnvironment};
use gleaner_resolvers::{Answer, Budget, Flow, Resolver, View};
use serde_json::json;

use crate::corpus;
use crate::made::{Index, need, need_with, root};

fn nodes(index: &Index, manifest: &str) -> Vec<String> {
    let graph = index.graph(manifest);
    corpus::assert_requirements_hold(&graph);
    graph.nodes.iter().map(|node| format!("{} {}", node.name, node.version)).collect()
}

#[test]
fn a_version_that_needs_itself_is_refused() {
    let mut index = Index::default();
    index.version("a", "1.0.0", &[need("a", "1")]);
    assert!(index.refusal("[dependencies]\na = \"1\"").contains("`a 1.0.0` needs itself"));
    // Another version of itself is another package.
    index.version("b", "2.0.0", &[need("b", "1")]).version("b", "1.0.0", &[]);
    assert_eq!(nodes(&index, "[dependencies]\nb = \"2\""), ["b 1.0.0", "b 2.0.0"]);
}

#[test]
fn a_circle_is_refused_and_told() {
    let mut index = Index::default();
    index.version("a", "1.0.0", &[need("b", "1")]);
    index.version("b", "1.0.0", &[need("c", "1")]);
    index.version("c", "1.0.0", &[need("a", "1")]);
    let reason = index.refusal("[dependencies]\na = \"1\"");
    assert!(["`a 1.0.0`", "`b 1.0.0`", "`c 1.0.0`"].iter().all(|one| reason.contains(one)), "{reason}");
}

/// Neither the search nor what comes after it goes as deep as the chain is long.
#[test]
fn a_chain_of_many_thousands() {
    let length = 20_000;
    let mut index = Index::default();
    for n in 0..length {
        let needs = if n + 1 < length { vec![need(&format!("c{}", n + 1), "1")] } else { Vec::new() };
        index.version(&format!("c{n}"), "1.0.0", &needs);
    }
    let (snapshot, root) = (index.snapshot(), root("[dependencies]\nc0 = \"1\""));
    for environment in [&[][..], &[("target", "x86_64-unknown-linux-gnu")]] {
        let Answer::Graph(graph) = corpus::resolve_with(&snapshot, &root, environment).answer else {
            panic!("no graph")
        };
        assert_eq!((graph.nodes.len(), graph.edges.len()), (length, length));
    }
    // A circle of that length, and a contradiction at its end.
    index.version(&format!("c{}", length - 1), "1.0.0", &[need("c0", "1")]);
    assert!(index.refusal("[dependencies]\nc0 = \"1\"").contains("needs itself"));
    index.version(&format!("c{}", length - 1), "1.0.0", &[need("c0", "=2.0.0")]);
    assert!(index.refusal("[dependencies]\nc0 = \"1\"").contains("no version of `c0`"));
}

/// cargo passes over index lines that make no sense, and so do we.
#[test]
fn lines_that_make_no_sense_are_no_candidates() {
    let mut index = Index::default();
    index.version("a", "1.0.0", &[]);
    index.version("a", "1.1.0", &[need("b", ">>2")]);
    index.version("a", "1.2.0", &[need_with("b", "1", json!({"target": "cfg(("}))]);
    index.version_with("a", "1.3.0", &[], json!({"features": {"f": ["nothing-of-this-name"]}}));
    index.version_with("a", "1.4.0", &[], json!({"rust_version": "new"}));
    index.version_with("a", "1.5.0", &[], json!({"v": 99}));
    index.version("a", "1.99999999999999999999999.0", &[]);
    index.version("a", "one", &[]);
    assert_eq!(nodes(&index, "[dependencies]\na = \"1\""), ["a 1.0.0"]);
    let reason = index.refusal("[dependencies]\na = \">1.0.0\"");
    assert!(reason.contains("1.4.0") && reason.contains("makes no sense"), "{reason}");
}

#[test]
fn features_that_do_not_exist() {
    let mut index = Index::default();
    index.version("a", "1.0.0", &[need_with("b", "1", json!({"features": ["nope"]}))]);
    index.version("b", "1.0.0", &[need_with("c", "1", json!({"optional": true}))]);
    index.version("c", "1.0.0", &[]);
    for (manifest, expected) in [
        ("a = \"1\"", "the feature `nope` of `b`"),
        ("b = { version = \"1\", features = [\"nope\"] }", "no such feature"),
    ] {
        let reason = index.refusal(&format!("[dependencies]\n{manifest}"));
        assert!(reason.contains(expected), "{reason}");
    }
    // That of an optional dependency exists without being written.
    assert_eq!(nodes(&index, "[dependencies]\nb = { version = \"1\", features = [\"c\"] }"), ["b 1.0.0", "c 1.0.0"]);
}

/// The index tells names apart that look alike, and the answer says which one there is.
#[test]
fn names_that_look_alike() {
    let mut index = Index::default();
    index.version("ab-cd", "1.0.0", &[]).version("Inflector", "1.0.0", &[]);
    let mut snapshot = index.snapshot();
    corpus::insert_absent(&mut snapshot, "ab_cd");
    for (asked, there) in [("ab_cd", "ab-cd"), ("inflector", "Inflector")] {
        let answer = corpus::resolve(&snapshot, &root(&format!("[dependencies]\n{asked} = \"1\""))).answer;
        let Answer::Unsatisfiable { reason } = answer else { panic!("{answer:?}") };
        assert!(reason.contains(&format!("there is no crate `{asked}` (there is `{there}`)")), "{reason}");
    }
}

/// A package that is asked about alone stands in a project that is made up around it, which nobody should hear of.
#[test]
fn a_project_that_is_made_up_is_not_named() {
    let mut index = Index::default();
    index.version("a", "1.0.0", &[need("b", "^2")]).version("b", "1.0.0", &[]);
    index.version_with("new", "1.0.0", &[], json!({"rust_version": "9.0.0"}));
    index.version_with("bad", "1.0.0", &[], json!({"yanked": true}));
    let mut snapshot = index.snapshot();
    corpus::insert_absent(&mut snapshot, "no-such");
    for (asked, words) in [
        ("pkg:cargo/no-such", "it is needed by the question for `no-such`"),
        ("pkg:cargo/a@7.0.0", "it is needed by the question for `a 7.0.0`"),
        ("pkg:cargo/a@1.0.0", "needed by the question for `a 1.0.0`"),
        ("pkg:cargo/new", "`new` has no version that Rust"),
        ("pkg:cargo/bad", "`bad` has no version that may be chosen"),
    ] {
        let root = Cargo::root_of(&asked.parse().unwrap());
        let answer = corpus::resolve(&snapshot, &root).answer;
        let Answer::Unsatisfiable { reason } = answer else { panic!("{answer:?}") };
        assert!(reason.contains(words) && !reason.contains("case"), "{reason}");
    }
}

#[test]
fn what_nothing_is_known_of_is_incomplete() {
    let mut index = Index::default();
    index.version("a", "1.0.0", &[]);
    let answer = corpus::resolve(&index.snapshot(), &root("[dependencies]\na = \"1\"\nx = \"1\"\ny = \"2\"")).answer;
    let Answer::Incomplete { names } = answer else { panic!("{answer:?}") };
    assert_eq!(names.iter().map(gleaner_model::PackageName::as_str).collect::<Vec<_>>(), ["x", "y"]);
}

#[test]
fn numbers_that_are_as_large_as_they_can_be() {
    let mut index = Index::default();
    let largest = u64::MAX;
    index.version("a", &format!("{largest}.{largest}.{largest}"), &[]).version("a", "0.0.0", &[]);
    assert_eq!(nodes(&index, "[dependencies]\na = \"*\""), [format!("a {largest}.{largest}.{largest}")]);
    assert_eq!(nodes(&index, "[dependencies]\na = \"0.0.0\""), ["a 0.0.0"]);
    assert_eq!(nodes(&index, &format!("[dependencies]\na = \"^{largest}\"")).len(), 1);
    assert_eq!(nodes(&index, &format!("[dependencies]\na = \">={largest}.0.0\"")).len(), 1);
    let beyond = "[package]\nname = \"case\"\n[dependencies]\na = \"18446744073709551616\"";
    assert!(Cargo::read_manifest("Cargo.toml", beyond).unwrap_err().what.contains("dependencies.a"));
}

#[test]
fn a_root_of_thousands_of_dependencies() {
    let (mut index, mut manifest) = (Index::default(), "[dependencies]\n".to_owned());
    for n in 0..3000 {
        index.version(&format!("c{n}"), "1.0.0", &[]);
        let _ = writeln!(manifest, "c{n} = \"1\"");
    }
    assert_eq!(index.graph(&manifest).nodes.len(), 3000);
}

#[test]
fn an_environment_that_cannot_be() {
    for (key, value) in [("rustc", "new"), ("rustc", ""), ("target", "x86_64"), ("target", "all"), ("os", "linux")] {
        let error = Cargo::environment(&[(key.to_owned(), value.to_owned())]).unwrap_err().to_string();
        assert!(error.contains(key) || error.contains(value), "{error}");
    }
}

#[test]
fn a_budget_ends_everything() {
    let index = crate::tangle::tangle(3, 40, 10, 5, 5);
    let (snapshot, root) = (index.snapshot(), root(&crate::tangle::first_of_tangle(5)));
    for steps in [0, 1, 100, 1_000, 3_000] {
        let mut pause = || Flow::Continue;
        let mut budget = Budget::new(steps, &mut pause);
        let (view, environment) = (View::default(), CargoEnvironment::default());
        let resolution = Cargo::resolve(&snapshot, &root, &environment, &view, &mut Default::default(), &mut budget);
        assert_eq!((resolution.answer, resolution.steps), (Answer::GaveUp { steps }, steps));
    }
    let mut pause = || Flow::Stop;
    let mut budget = Budget::new(u64::MAX, &mut pause);
    let (view, environment) = (View::default(), CargoEnvironment::default());
    let resolution = Cargo::resolve(&snapshot, &root, &environment, &view, &mut Default::default(), &mut budget);
    assert_eq!(resolution.answer, Answer::Stopped);
}
