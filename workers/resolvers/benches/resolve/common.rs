//! What is measured alike in every ecosystem.

use std::hint::black_box;
use std::time::Instant;

use gleaner_model::{Package, Purl};
use gleaner_resolvers::{Answer, Budget, Flow, Graph, Resolver, Snapshot, View};

use crate::table::{Table, beside, median, of_children, on_processor};

/// More than any of these inputs needs.
const STEPS: u64 = 10_000_000;

pub(crate) fn answer<R: Resolver>(snapshot: &R::Snapshot, root: &R::Root, scratch: &mut R::Scratch) -> Answer {
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(STEPS, &mut pause);
    R::resolve(snapshot, root, &R::Environment::default(), &View::default(), scratch, &mut budget).answer
}

pub(crate) fn graph<R: Resolver>(snapshot: &R::Snapshot, root: &R::Root, scratch: &mut R::Scratch) -> Option<Graph> {
    match answer::<R>(snapshot, root, scratch) {
        Answer::Graph(graph) => Some(graph),
        _ => None,
    }
}

/// The cost of a snapshot of these packages.
pub(crate) fn build<R: Resolver>(table: &mut Table, tool: &str, packages: &[(Purl, Package)]) -> R::Snapshot {
    let (began, used) = (Instant::now(), on_processor());
    let mut snapshot = R::Snapshot::default();
    packages.iter().for_each(|(purl, package)| snapshot.insert(purl.name(), package));
    let processor = used.zip(on_processor()).map(|(before, after)| (after - before) as f64 / 1e9);
    let built = processor.unwrap_or_else(|| began.elapsed().as_secs_f64());
    let size = snapshot.size();
    let each = built * 1e6 / size.versions as f64;
    table.figure(
        &format!("{tool}, snapshot of {} packages, {} versions: {each:.1} µs a version", size.packages, size.versions),
        format!("{:.0} ms", built * 1e3),
    );
    table.figure(&format!("{tool}, snapshot's size"), format!("{} bytes a version", size.bytes / size.versions.max(1)));
    snapshot
}

/// Roots of single packages that pull in up to so many.
pub(crate) fn small_roots<R: Resolver>(
    snapshot: &R::Snapshot,
    packages: &[(Purl, Package)],
    most: usize,
) -> Vec<R::Root> {
    let mut scratch = R::Scratch::default();
    packages
        .iter()
        .map(|(purl, _)| R::root_of(purl))
        .filter(|root| graph::<R>(snapshot, root, &mut scratch).is_some_and(|graph| graph.nodes.len() <= most))
        .collect()
}

/// Resolutions of these roots in turn, warm, beside copies of their answers.
pub(crate) fn rate<R: Resolver>(
    table: &mut Table,
    what: &str,
    snapshot: &R::Snapshot,
    roots: &[R::Root],
    aim: Option<f64>,
) {
    let mut scratch = R::Scratch::default();
    let answers: Vec<Answer> = roots.iter().map(|root| answer::<R>(snapshot, root, &mut scratch)).collect();
    assert!(!answers.iter().any(|answer| matches!(answer, Answer::GaveUp { .. })), "{what}: out of steps");
    let (mut one, mut other) = (roots.iter().cycle(), answers.iter().cycle());
    let (nanos, floor) = beside(
        || drop(black_box(answer::<R>(snapshot, one.next().unwrap(), &mut scratch))),
        || drop(black_box(other.next().unwrap().clone())),
    );
    table.rate(what, nanos, Some(floor), aim);
}

/// Runs of a real tool: the first fills its cache, the others count, by the processor that they use.
pub(crate) fn processes(table: &mut Table, what: &str, mut run: impl FnMut(bool) -> bool) {
    if !run(false) {
        return table.figure(what, "no answer from the tool".to_owned());
    }
    let mut runs = Vec::new();
    for _ in 0..3 {
        let (began, used) = (Instant::now(), of_children());
        if !run(true) {
            return table.figure(what, "no answer from the tool, offline".to_owned());
        }
        let processor = used.zip(of_children()).map(|(before, after)| (after - before) * 1e9);
        runs.push(processor.unwrap_or(began.elapsed().as_nanos() as f64));
    }
    table.rate(what, median(runs), None, None);
}
