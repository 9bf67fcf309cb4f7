//! What holds for every answer, over made-up indexes.

use std::collections::BTreeSet;

use gleaner_model::{Ecosystem, PackageName, Timestamp};
use gleaner_resolvers::cargo::{Cargo, CargoEnvironment, CargoSnapshot};
use gleaner_resolvers::{Answer, Budget, Flow, Graph, Resolution, Resolver, Snapshot, View};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::corpus;
use crate::made::{Index, need_with, root};

const CRATES: usize = 7;

/// A dependency: on which crate, with which requirement, and whether it is optional or for one platform.
fn needs() -> impl Strategy<Value = Vec<Value>> {
    let requirement = prop_oneof![
        Just("*".to_owned()),
        (0..3_u8).prop_map(|major| format!("{major}")),
        (0..3_u8, 0..3_u8).prop_map(|(major, minor)| format!("{major}.{minor}")),
        (0..3_u8, 0..3_u8).prop_map(|(major, minor)| format!("={major}.{minor}.0")),
        (0..3_u8, 0..3_u8).prop_map(|(major, minor)| format!(">={major}.{minor}.0")),
        (0..3_u8).prop_map(|major| format!("<{major}.1")),
    ];
    let target = prop_oneof![4 => Just(Value::Null), 1 => Just(json!("cfg(windows)"))];
    let one = (0..CRATES, requirement, prop::bool::weighted(0.2), target, prop_oneof![Just("normal"), Just("build")]);
    let one = one.prop_map(|(of, requirement, optional, target, kind)| {
        need_with(&format!("c{of}"), &requirement, json!({"optional": optional, "target": target, "kind": kind}))
    });
    prop::collection::vec(one, 0..4).prop_map(|mut all| {
        let mut seen = BTreeSet::new();
        all.retain(|need| seen.insert(need["name"].as_str().unwrap().to_owned()));
        all
    })
}

/// A few crates of a few versions, some of them yanked, with times.
fn index() -> impl Strategy<Value = Index> {
    let version = (0..3_u8, 0..3_u8, needs(), prop::bool::weighted(0.1), 1..10_u8);
    prop::collection::vec((0..CRATES, version), 5..40).prop_map(|versions| {
        let (mut index, mut seen) = (Index::default(), BTreeSet::new());
        for n in 0..CRATES {
            index.version(&format!("c{n}"), "1.0.0", &[]);
            seen.insert((n, 1, 0));
        }
        for (of, (major, minor, needs, yanked, day)) in versions {
            if seen.insert((of, major, minor)) {
                let fields = json!({"yanked": yanked, "pubtime": format!("2024-01-0{day}T00:00:00Z")});
                index.version_with(&format!("c{of}"), &format!("{major}.{minor}.0"), &needs, fields);
            }
        }
        index
    })
}

const MANIFEST: &str = "[dependencies]\nc0 = \"*\"\nc1 = \"1\"\n[dev-dependencies]\nc2 = \">=0.1\"\n";

fn resolve(snapshot: &CargoSnapshot, view: &View, scratch: &mut <Cargo as Resolver>::Scratch) -> Resolution {
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(200_000, &mut pause);
    Cargo::resolve(snapshot, &root(MANIFEST), &CargoEnvironment::default(), view, scratch, &mut budget)
}

fn in_order(index: &Index, rotate: usize, reverse: bool) -> CargoSnapshot {
    let mut files: Vec<(&str, String)> = index.files().collect();
    let length = files.len();
    files.rotate_left(rotate % length);
    if reverse {
        files.reverse();
    }
    corpus::snapshot_of(files.iter().map(|(name, text)| (*name, text.as_bytes())))
}

/// Every node is needed, every edge is satisfied, and of compatible versions there is one.
fn is_sound(graph: &Graph) {
    corpus::assert_requirements_hold(graph);
    let needed: BTreeSet<u32> = graph.edges.iter().map(|edge| edge.to).collect();
    assert_eq!(needed.len(), graph.nodes.len());
    let slots: BTreeSet<(&str, u64, u64)> = graph
        .nodes
        .iter()
        .map(|node| {
            let version: semver::Version = node.version.parse().unwrap();
            (node.name.as_str(), version.major, if version.major == 0 { version.minor } else { 0 })
        })
        .collect();
    assert_eq!(slots.len(), graph.nodes.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_satisfies_every_requirement_it_shows(index in index()) {
        if let Answer::Graph(graph) = resolve(&index.snapshot(), &View::default(), &mut Default::default()).answer {
            is_sound(&graph);
        }
    }

    #[test]
    fn the_answer_does_not_depend_on_the_order_of_insertion(index in index(), rotate in 0..CRATES, reverse: bool) {
        let one = resolve(&index.snapshot(), &View::default(), &mut Default::default());
        let mut scratch = Default::default();
        let snapshot = in_order(&index, rotate, reverse);
        prop_assert_eq!(&one, &resolve(&snapshot, &View::default(), &mut scratch));
        // Nor on what was resolved before with the same scratch, nor on states that a package had before.
        prop_assert_eq!(&one, &resolve(&snapshot, &View::default(), &mut scratch));
        let mut later = snapshot.clone();
        let name = PackageName::new(Ecosystem::Cargo, "c1").unwrap();
        later.insert_absent(&name);
        let refused = matches!(resolve(&later, &View::default(), &mut scratch).answer, Answer::Unsatisfiable { .. });
        prop_assert!(refused);
        prop_assert_eq!(&one, &resolve(&snapshot, &View::default(), &mut scratch));
    }

    #[test]
    fn a_smaller_view_never_sees_a_later_version(index in index(), day in 1..11_i64) {
        const DAY_MS: i64 = 86_400_000;
        // The first of January 2024.
        let before = Timestamp::from_millis(1_704_067_200_000 + (day - 1) * DAY_MS);
        let view = View { before: Some(before) };
        let resolution = resolve(&index.snapshot(), &view, &mut Default::default());
        if let Answer::Graph(graph) = resolution.answer {
            is_sound(&graph);
            for node in &graph.nodes {
                // What has no time, the 1.0.0 of each, counts always.
                if let Some(published) = index.published(&node.name, &node.version) {
                    prop_assert!(published < day, "{} {} of day {published}", node.name, node.version);
                }
            }
        }
    }

    /// What is read is enough to know when the answer changes: without first candidates passed over, it is the same after
    /// any change that leaves the first candidates of all reads.
    #[test]
    fn reads_name_their_first_candidates(index in index()) {
        let snapshot = index.snapshot();
        let resolution = resolve(&snapshot, &View::default(), &mut Default::default());
        let Answer::Graph(graph) = &resolution.answer else { return Ok(()) };
        let read: BTreeSet<_> = resolution.read.iter().map(|read| read.name.as_str()).collect();
        prop_assert!(graph.nodes.iter().all(|node| read.contains(node.name.as_str())));
        if resolution.sensitivity == gleaner_resolvers::Sensitivity::FirstCandidates {
            let (environment, view) = (CargoEnvironment::default(), View::default());
            let firsts: BTreeSet<(String, String)> = resolution.read.iter().filter_map(|read| {
                let first = Cargo::first_candidate(&snapshot, &read.name, &read.requirement, &environment, &view)?;
                Some((read.name.as_str().to_owned(), first))
            }).collect();
            let nodes: BTreeSet<(String, String)> =
                graph.nodes.iter().map(|node| (node.name.to_string(), node.version.to_string())).collect();
            prop_assert_eq!(firsts, nodes);
        }
    }
}
