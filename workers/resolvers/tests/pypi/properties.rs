//! What holds for every answer, over registries small enough to try everything.

use std::collections::BTreeMap;

use gleaner_model::Timestamp;
use gleaner_resolvers::{Answer, Graph, ROOT, View};
use pep440_rs::{Version, VersionSpecifiers};
use proptest::prelude::*;
use serde_json::json;

use crate::made::{Made, resolve, resolve_in};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const NUMBERS: [&str; 4] = ["1.0", "1.1", "2.0", "2.1rc1"];

/// Of each project and version what it needs; a version without an entry is not there.
type Registry = BTreeMap<(usize, usize), Vec<(usize, String)>>;

fn need() -> impl Strategy<Value = (usize, String)> {
    let specifier = prop_oneof![
        Just(String::new()),
        (prop_oneof![Just(">="), Just("<"), Just("=="), Just("!="), Just("<="), Just(">")], 0..NUMBERS.len())
            .prop_map(|(operator, at)| format!("{operator}{}", NUMBERS[at])),
        Just("==1.*".to_owned()),
    ];
    (0..NAMES.len(), specifier)
}

fn registry() -> impl Strategy<Value = Registry> {
    let needs = proptest::collection::vec(need(), 0..3);
    proptest::collection::btree_map((0..NAMES.len(), 0..NUMBERS.len()), needs, 4..14)
}

fn manifest() -> impl Strategy<Value = Vec<(usize, String)>> {
    proptest::collection::vec(need(), 1..4)
}

fn made(registry: &Registry, order: &[(usize, usize)]) -> gleaner_resolvers::pypi::PypiSnapshot {
    use gleaner_model::{Ecosystem, PackageName};
    use gleaner_resolvers::Snapshot;
    let mut made = Made::default();
    for key in order {
        let needs: Vec<String> = registry[key].iter().map(|(name, text)| format!("{}{text}", NAMES[*name])).collect();
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        let day = json!({"upload-time": format!("2024-01-{:02}T00:00:00Z", 1 + key.1)});
        made = made.version_with(NAMES[key.0], NUMBERS[key.1], &needs, &day);
    }
    let mut snapshot = made.snapshot();
    for (at, name) in NAMES.iter().enumerate() {
        if !registry.keys().any(|(known, _)| *known == at) {
            snapshot.insert_absent(&PackageName::new(Ecosystem::Pypi, name).unwrap());
        }
    }
    snapshot
}

fn text(manifest: &[(usize, String)]) -> String {
    manifest.iter().map(|(name, text)| format!("{}{text}\n", NAMES[*name])).collect()
}

fn fits(version: usize, text: &str) -> bool {
    let specifiers: VersionSpecifiers = text.parse().unwrap();
    let version: Version = NUMBERS[version].parse().unwrap();
    // By PEP 440 `<2.0` leaves out 2.0's pre-releases, which here are none.
    specifiers.contains(&version)
}

/// Is there any choice of versions that satisfies everything? By trying all.
fn is_satisfiable(registry: &Registry, manifest: &[(usize, String)]) -> bool {
    let choices = NUMBERS.len() + 1;
    (0..choices.pow(u32::try_from(NAMES.len()).unwrap())).any(|code| {
        let chosen: Vec<Option<usize>> = (0..NAMES.len())
            .map(|name| code / choices.pow(u32::try_from(name).unwrap()) % choices)
            .map(|choice| choice.checked_sub(1))
            .collect();
        let is_met = |needs: &[(usize, String)]| {
            needs.iter().all(|(name, text)| chosen[*name].is_some_and(|version| fits(version, text)))
        };
        let are_there = chosen.iter().enumerate().all(|(name, version)| {
            version.is_none_or(|version| registry.get(&(name, version)).is_some_and(|needs| is_met(needs)))
        });
        are_there && is_met(manifest)
    })
}

fn holds(graph: &Graph, manifest: &[(usize, String)], registry: &Registry) -> Result<(), TestCaseError> {
    for edge in &graph.edges {
        let specifiers: VersionSpecifiers = edge.requirement.parse().unwrap();
        let version: Version = graph.nodes[edge.to as usize].version.parse().unwrap();
        prop_assert!(specifiers.contains(&version), "{edge:?} in {graph:?}");
    }
    let mut reached = vec![false; graph.nodes.len()];
    let mut open = vec![ROOT];
    while let Some(from) = open.pop() {
        for edge in graph.edges.iter().filter(|edge| edge.from == from) {
            if !std::mem::replace(&mut reached[edge.to as usize], true) {
                open.push(edge.to);
            }
        }
    }
    prop_assert!(reached.iter().all(|reached| *reached), "{graph:?}");
    let edges_from = |from: u32| graph.edges.iter().filter(|edge| edge.from == from).count();
    let distinct = |needs: &[(usize, String)], own: Option<usize>| {
        let mut needs: Vec<_> = needs.iter().filter(|(name, _)| Some(*name) != own).collect();
        needs.sort();
        needs.dedup();
        needs.len()
    };
    prop_assert_eq!(edges_from(ROOT), distinct(manifest, None));
    for (at, node) in (0_u32..).zip(&graph.nodes) {
        let name = NAMES.iter().position(|name| *name == node.name).unwrap();
        let version = NUMBERS.iter().position(|number| *number == node.version).unwrap();
        prop_assert_eq!(edges_from(at), distinct(&registry[&(name, version)], Some(name)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_graph_satisfies_all_and_there_is_one_if_there_can_be(registry in registry(), manifest in manifest()) {
        let order: Vec<_> = registry.keys().copied().collect();
        let answer = resolve(&made(&registry, &order), &text(&manifest)).answer;
        match &answer {
            Answer::Graph(graph) => holds(graph, &manifest, &registry)?,
            Answer::Unsatisfiable { reason } => {
                prop_assert!(!is_satisfiable(&registry, &manifest), "{reason}");
                prop_assert!(reason.contains("you require"), "{reason}");
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_order_of_what_is_known_does_not_matter(registry in registry(), manifest in manifest(), seed in any::<u64>()) {
        let order: Vec<_> = registry.keys().copied().collect();
        let mut other = order.clone();
        other.sort_by_key(|key| (key.0 as u64 * 31 + key.1 as u64 * 17 + 1).wrapping_mul(seed | 1));
        let first = resolve(&made(&registry, &order), &text(&manifest));
        let second = resolve(&made(&registry, &other), &text(&manifest));
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_smaller_view_never_sees_a_later_version(registry in registry(), manifest in manifest(), day in 1..6_usize) {
        let order: Vec<_> = registry.keys().copied().collect();
        let before: Timestamp = format!("2024-01-{day:02}T00:00:00Z").parse().unwrap();
        let view = View { before: Some(before) };
        let seen = resolve_in(&made(&registry, &order), &text(&manifest), &[], view).answer;
        let there: Registry = registry.into_iter().filter(|((_, version), _)| version + 1 < day).collect();
        let order: Vec<_> = there.keys().copied().collect();
        let alone = resolve(&made(&there, &order), &text(&manifest)).answer;
        match (seen, alone) {
            (Answer::Graph(seen), Answer::Graph(alone)) => prop_assert_eq!(seen, alone),
            (Answer::Unsatisfiable { .. }, Answer::Unsatisfiable { .. }) => {}
            (seen, alone) => prop_assert!(false, "{seen:?} and {alone:?}"),
        }
    }
}
