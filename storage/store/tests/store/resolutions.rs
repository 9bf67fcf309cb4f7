//! Answers to questions: kept from the position at which they were given to the last one at which they were given again,
//! and forgotten when another one has come since and their time is over.

use std::collections::BTreeMap;

use gleaner_model::{
    Answer, AsOf, Ecosystem, Graph, Node, PackageKey, Question, RegistryName, Resolution, ResolutionRecord, Resolved,
    Root, Sensitivity,
};
use gleaner_store::{Group, RedbStore, ResolutionWrite, Store, fingerprint_of_question};
use proptest::prelude::*;

use crate::build::{at, package, purl};
use crate::disk::Disk;
use crate::suite::forget;
use crate::upkeep::found;
use crate::{Open, options};

pub(crate) fn run(fresh: impl Fn() -> Open) {
    an_answer_that_is_given_again_prolongs_the_one_that_is_there(&fresh());
    superseded_answers_are_forgotten_when_their_time_is_over(&fresh());
    answers_to_manifests_are_forgotten_when_nobody_asks_again(&fresh());
    pages_the_newest_answers_in_the_order_of_their_purls(&fresh());
}

pub(crate) fn question(text: &str) -> Question {
    Question { environment: vec![("rustc".to_owned(), text.to_owned())], ..Question::default() }
}

/// `answer` to the question `asked` about a crate, at a position and a time ten times that.
pub(crate) fn answered(name: &str, asked: &Question, answer: &str, position: u64) -> ResolutionRecord {
    let node = Node { name: "dep".into(), version: answer.into(), path: None };
    let moment = at(i64::try_from(position).unwrap() * 10);
    ResolutionRecord {
        key: PackageKey::new(RegistryName::default_of(Ecosystem::Cargo), &purl(name)),
        version: None,
        question: asked.clone(),
        resolved: Resolved {
            ecosystem: Ecosystem::Cargo,
            resolution: Resolution {
                answer: Answer::Graph(Graph { nodes: vec![node], edges: Vec::new() }),
                read: Vec::new(),
                sensitivity: Sensitivity::Anything,
                warnings: Vec::new(),
                steps: position,
            },
            environment: asked.environment.clone(),
            position,
            elapsed_us: position,
            lock: None,
        },
        answered_at: moment,
        confirmed_position: position,
        confirmed_at: moment,
    }
}

fn write(store: &dyn Store, records: &[ResolutionRecord]) {
    let resolutions = records.iter().map(ResolutionWrite::new).collect();
    store.commit(&Group { resolutions, ..Group::default() }).unwrap();
}

/// Events up to this position, so that no answer is of one that never was.
fn up_to(store: &dyn Store, position: usize) {
    store.commit(&Group { packages: vec![package("events", 1, position)], ..Group::default() }).unwrap();
    assert_eq!(store.position(), position as u64);
}

/// The version in the answer that held at a time, where it was given and where it was given last.
fn told(store: &dyn Store, name: &str, asked: &Question, ms: Option<i64>) -> Option<(String, u64, u64)> {
    let key = PackageKey::new(RegistryName::default_of(Ecosystem::Cargo), &purl(name));
    let record = store.resolution(&key, None, &fingerprint_of_question(asked), ms.map(at)).unwrap()?;
    let Answer::Graph(graph) = &record.resolved.resolution.answer else { panic!("a graph") };
    Some((graph.nodes[0].version.to_string(), record.resolved.position, record.confirmed_position))
}

fn some(answer: &str, from: u64, to: u64) -> Option<(String, u64, u64)> {
    Some((answer.to_owned(), from, to))
}

fn an_answer_that_is_given_again_prolongs_the_one_that_is_there(open: &Open) {
    let store = open();
    up_to(&*store, 20);
    let one = question("1");
    for (answer, position) in [("a", 1), ("a", 3), ("b", 5), ("a", 7), ("a", 9)] {
        write(&*store, &[answered("x", &one, answer, position)]);
    }
    drop(store);
    let store = open();
    assert_eq!(told(&*store, "x", &one, None), some("a", 7, 9));
    assert_eq!(told(&*store, "x", &one, Some(69)), some("b", 5, 5));
    assert_eq!(told(&*store, "x", &one, Some(49)), some("a", 1, 3));
    assert_eq!(told(&*store, "x", &one, Some(9)), None);
    assert_eq!(told(&*store, "x", &question("2"), None), None);
    assert_eq!(told(&*store, "y", &one, None), None);
    // Of one position the last word holds.
    write(&*store, &[answered("x", &one, "c", 9), answered("x", &one, "d", 9)]);
    assert_eq!(told(&*store, "x", &one, None), some("d", 9, 9));
    assert_eq!(found(&*store.snapshot().unwrap()).0, []);
}

fn superseded_answers_are_forgotten_when_their_time_is_over(open: &Open) {
    let store = open();
    up_to(&*store, 20);
    let one = question("1");
    write(&*store, &[answered("x", &one, "a", 1), answered("x", &one, "b", 2), answered("x", &one, "b", 4)]);
    forget(&*store, 10);
    assert_eq!(told(&*store, "x", &one, Some(15)), some("a", 1, 1));
    forget(&*store, 11);
    assert_eq!(told(&*store, "x", &one, Some(15)), None);
    forget(&*store, 1_000_000);
    assert_eq!(told(&*store, "x", &one, None), some("b", 2, 4), "the newest one stays");
    write(&*store, &[answered("x", &one, "c", 5)]);
    forget(&*store, 1_000_000);
    assert_eq!(told(&*store, "x", &one, None), some("c", 5, 5));
    assert_eq!(told(&*store, "x", &one, Some(45)), None);
}

fn answers_to_manifests_are_forgotten_when_nobody_asks_again(open: &Open) {
    let store = open();
    up_to(&*store, 20);
    let root = Root::Manifest { file: "Cargo.toml".to_owned(), text: "[package]".to_owned() };
    let asked = Question { root, as_of: AsOf::Now, ..Question::default() };
    write(&*store, &[answered("manifest", &asked, "a", 1), answered("manifest", &asked, "a", 3)]);
    forget(&*store, 30);
    assert_eq!(told(&*store, "manifest", &asked, None), some("a", 1, 3), "it was given again since");
    forget(&*store, 31);
    assert_eq!(told(&*store, "manifest", &asked, None), None);
    assert_eq!(found(&*store.snapshot().unwrap()).0, []);
}

fn pages_the_newest_answers_in_the_order_of_their_purls(open: &Open) {
    let store = open();
    up_to(&*store, 20);
    let (one, two) = (question("1"), question("2"));
    let mut records = Vec::new();
    for name in ["b", "aa", "a", "ab-c"] {
        records.extend([
            answered(name, &one, "old", 1),
            answered(name, &one, "new", 2),
            answered(name, &two, "new", 3),
        ]);
    }
    let versioned = ResolutionRecord { version: Some("1.0.0".to_owned()), ..answered("aa", &one, "v", 4) };
    records.push(versioned);
    write(&*store, &records);
    let cargo = RegistryName::default_of(Ecosystem::Cargo);
    let all = |beginning: &str, asked: Option<&Question>, most: (usize, usize)| {
        let fingerprint = asked.map(fingerprint_of_question);
        let (mut names, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = store.resolutions(&cargo, beginning, fingerprint.as_ref(), after.as_deref(), most).unwrap();
            assert!(page.records.len() <= most.0);
            pages += 1;
            names.extend(page.records.into_iter().map(|it| {
                assert_ne!(it.resolved.position, 1, "only the newest ones");
                (it.key.purl().name().to_string(), it.version.is_some())
            }));
            after = page.next;
            if after.is_none() {
                return (names, pages);
            }
        }
    };
    let plain = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), false)).collect::<Vec<_>>();
    let mut expected = plain(&["a", "aa", "ab-c", "b"]);
    expected.insert(2, ("aa".to_owned(), true));
    assert_eq!(all("pkg:cargo/", Some(&one), (100, usize::MAX)), (expected.clone(), 1));
    assert_eq!(all("pkg:cargo/", Some(&one), (2, usize::MAX)).0, expected);
    assert_eq!(all("pkg:cargo/", Some(&one), (100, 1)), (expected, 5), "bytes bound a page as well");
    assert_eq!(all("pkg:cargo/a", Some(&two), (100, usize::MAX)).0, plain(&["a", "aa", "ab-c"]));
    assert_eq!(all("pkg:cargo/", None, (3, usize::MAX)).0.len(), 9);
    assert_eq!(all("pkg:cargo/c", None, (3, usize::MAX)).0, []);
    assert_eq!(found(&*store.snapshot().unwrap()).0, []);
}

/// What ought to be known of one line: by position the answer, when it was given, and when it was given last.
type Line = BTreeMap<u64, (u8, u64)>;

fn tell(line: &mut Line, answer: u8, position: u64) {
    let before = line.range_mut(..=position).next_back();
    match before {
        Some((_, (known, confirmed))) if *known == answer => *confirmed = position.max(*confirmed),
        _ => _ = line.insert(position, (answer, position)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_line_knows_what_a_plain_map_knows(
        told_ones in prop::collection::vec((0_u8..2, 0_u8..3, 1_u64..15, any::<bool>()), 1..30),
    ) {
        let disk = Disk::default();
        let open = || RedbStore::with_backend(disk.clone(), options()).unwrap();
        let mut store = open();
        up_to(&store, 20);
        let mut lines = [Line::new(), Line::new()];
        for (which, answer, position, reopen) in told_ones {
            let asked = question(&which.to_string());
            write(&store, &[answered("x", &asked, &answer.to_string(), position)]);
            tell(&mut lines[usize::from(which)], answer, position);
            if reopen {
                drop(store);
                store = open();
            }
            for (which, line) in (0_u8..).zip(&lines) {
                let newest = line.last_key_value().map(|(at, (answer, to))| (answer.to_string(), *at, *to));
                prop_assert_eq!(told(&store, "x", &question(&which.to_string()), None), newest);
            }
            prop_assert_eq!(found(&*store.snapshot().unwrap()).0, []);
        }
        forget(&store, 1_000_000);
        for (which, line) in (0_u8..).zip(&lines) {
            let newest = line.last_key_value().map(|(at, (answer, to))| (answer.to_string(), *at, *to));
            prop_assert_eq!(told(&store, "x", &question(&which.to_string()), None), newest, "the newest one stays");
            if let Some(first) = line.keys().next().filter(|_| line.len() > 1) {
                let ms = i64::try_from(first * 10).unwrap();
                prop_assert_eq!(told(&store, "x", &question(&which.to_string()), Some(ms)), None, "and no other");
            }
        }
    }
}
