//! Arbitrary questions, and answers to them.

use gleaner_model::{
    Answer, AsOf, Ecosystem, Edge, EdgeKind, Graph, Node, PackageKey, PackageName, Purl, Question, ROOT, Read,
    Resolution, ResolutionRecord, Resolved, Root, Sensitivity,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::strategies::{moment, number, text};

pub(super) fn question() -> impl Strategy<Value = Question> {
    let root = prop_oneof![
        Just(Root::Package),
        (text(), "[ -~\n]{0,30}").prop_map(|(file, text)| Root::Manifest { file, text }),
    ];
    (root, environment(), as_of(), any::<bool>()).prop_map(|(root, environment, as_of, lock)| Question {
        root,
        environment,
        as_of,
        lock,
    })
}

/// Sorted by key, each once.
fn environment() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map(text(), text(), 0..4).prop_map(|entries| entries.into_iter().collect())
}

fn as_of() -> impl Strategy<Value = AsOf> {
    prop_oneof![
        Just(AsOf::Now),
        moment().prop_map(AsOf::Published),
        moment().prop_map(AsOf::Observed),
        any::<u64>().prop_map(AsOf::Position),
        (moment(), any::<u64>()).prop_map(|(before, position)| AsOf::PublishedAt { before, position }),
    ]
}

fn ecosystem() -> impl Strategy<Value = Ecosystem> {
    select(&Ecosystem::ALL[..])
}

fn name(ecosystem: Ecosystem) -> impl Strategy<Value = PackageName> {
    "[a-z]{1,8}".prop_map(move |text| PackageName::new(ecosystem, &text).expect("letters make a name anywhere"))
}

fn answer(ecosystem: Ecosystem) -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => graph().prop_map(Answer::Graph),
        1 => text().prop_map(|reason| Answer::Unsatisfiable { reason }),
        1 => vec(name(ecosystem), 0..4).prop_map(|names| Answer::Incomplete { names }),
        1 => any::<u64>().prop_map(|steps| Answer::GaveUp { steps }),
    ]
}

fn graph() -> impl Strategy<Value = Graph> {
    let node = (text(), number(), of(text())).prop_map(|(name, version, path)| Node {
        name: name.into(),
        version: version.into(),
        path: path.map(Into::into),
    });
    vec(node, 1..5).prop_flat_map(|nodes| {
        let last = u32::try_from(nodes.len()).expect("a few");
        let end = move || prop_oneof![Just(ROOT), 0..last];
        let edge = (end(), end(), select(&EdgeKind::ALL[..]), "[ -~]{0,9}")
            .prop_map(|(from, to, kind, requirement)| Edge { from, to, kind, requirement: requirement.into() });
        (Just(nodes), vec(edge, 0..6)).prop_map(|(nodes, edges)| Graph { nodes, edges })
    })
}

pub(super) fn resolved() -> impl Strategy<Value = Resolved> {
    ecosystem().prop_flat_map(resolved_of)
}

fn resolved_of(ecosystem: Ecosystem) -> impl Strategy<Value = Resolved> {
    let read = (name(ecosystem), text()).prop_map(|(name, requirement)| Read { name, requirement: requirement.into() });
    let sensitivity = select(&[Sensitivity::FirstCandidates, Sensitivity::Anything][..]);
    let resolution = (answer(ecosystem), vec(read, 0..4), sensitivity, vec(text(), 0..3), any::<u64>()).prop_map(
        |(answer, read, sensitivity, warnings, steps)| Resolution { answer, read, sensitivity, warnings, steps },
    );
    (resolution, environment(), any::<u64>(), any::<u64>(), of(text())).prop_map(
        move |(resolution, environment, position, elapsed_us, lock)| Resolved {
            ecosystem,
            resolution,
            environment,
            position,
            elapsed_us,
            lock,
        },
    )
}

pub(super) fn resolution_record() -> impl Strategy<Value = ResolutionRecord> {
    let whose = ecosystem().prop_flat_map(|ecosystem| (name(ecosystem), of(number()), resolved_of(ecosystem)));
    (whose, question(), moment(), any::<u64>(), moment()).prop_map(
        |((name, version, resolved), question, answered_at, confirmed_position, confirmed_at)| ResolutionRecord {
            key: PackageKey::new("mirror".parse().expect("a registry"), &Purl::new(resolved.ecosystem, name)),
            version,
            question,
            resolved,
            answered_at,
            confirmed_position,
            confirmed_at,
        },
    )
}
