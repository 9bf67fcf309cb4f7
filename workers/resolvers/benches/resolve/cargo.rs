//! cargo's roots: small ones, large ones, one without a graph and one whose graph is far away.

use std::hint::black_box;
use std::time::{Duration, Instant};

use gleaner_model::{Package, Purl};
use gleaner_registries::{CrawlWork, read};
use gleaner_resolvers::cargo::{Cargo, CargoEnvironment, CargoRoot, CargoScratch, CargoSnapshot};
use gleaner_resolvers::{Answer, Budget, Flow, Graph, Resolver, Snapshot, View};

use crate::corpus;
use crate::made::root;
use crate::random::Random;
use crate::real::{RealCargo, Said};
use crate::table::{Table, beside, median, of_children, on_processor};
use crate::tangle::{first_of_tangle, tangle};

/// A root is small up to so many packages.
const SMALL: usize = 25;
/// Large roots have about so many.
const LARGE: usize = 440;
/// So many different large roots take turns.
const LARGE_ROOTS: u64 = 12;

pub(crate) fn measure(table: &mut Table) {
    let snapshot = build(table);
    if table.wants("small") {
        small(table, &snapshot);
    }
    if table.wants("large") {
        large(table, &snapshot);
    }
    if table.wants("tangled") {
        tangled(table);
    }
}

fn large(table: &mut Table, snapshot: &CargoSnapshot) {
    let large = large_roots(snapshot);
    let packages = large.iter().map(|one| one.nodes).sum::<usize>() / large.len();
    let edges = large.iter().map(|one| one.edges).sum::<usize>() / large.len();
    let roots: Vec<CargoRoot> = large.iter().map(|one| root(&one.manifest)).collect();
    let what = format!("cargo, roots of about {packages} packages and {edges} edges");
    rate(table, &what, snapshot, &roots, &[], Some(4_000.0));
    let target = [("target", "x86_64-pc-windows-msvc")];
    rate(table, "cargo, the same for a platform", snapshot, &roots, &target, None);
    real(table, "cargo generate-lockfile, a process, warm, offline: the first of those", &large[0].manifest);
}

/// The cost of a snapshot.
fn build(table: &mut Table) -> CargoSnapshot {
    let documents = corpus::documents();
    let began = Instant::now();
    let packages: Vec<(CrawlWork, Package)> = documents
        .iter()
        .map(|(name, text)| {
            let work = CrawlWork::new(format!("pkg:cargo/{name}").parse().unwrap(), "http://registry.invalid/");
            let package = read(&work, text, None).unwrap().package;
            (work, package)
        })
        .collect();
    let parsed = began.elapsed();
    let (began, used) = (Instant::now(), on_processor());
    let mut snapshot = CargoSnapshot::default();
    for (work, package) in &packages {
        snapshot.insert(work.purl.name(), package);
    }
    let processor = used.zip(on_processor()).map(|(before, after)| Duration::from_nanos(after - before));
    let built = processor.unwrap_or_else(|| began.elapsed());
    let size = snapshot.size();
    let versions = format!("{} crates, {} versions", size.packages, size.versions);
    table.figure(&format!("cargo, reading index files: {versions}"), format!("{:.0} ms", parsed.as_secs_f64() * 1e3));
    table.figure(
        &format!("cargo, snapshot of them: {:.1} µs a version", built.as_secs_f64() * 1e6 / size.versions as f64),
        format!("{:.0} ms", built.as_secs_f64() * 1e3),
    );
    table.figure("cargo, snapshot's size", format!("{} bytes a version", size.bytes / size.versions.max(1)));
    snapshot
}

fn small(table: &mut Table, snapshot: &CargoSnapshot) {
    let mut scratch = CargoScratch::default();
    let roots: Vec<CargoRoot> = corpus::documents()
        .iter()
        .map(|(name, _)| Cargo::root_of(&format!("pkg:cargo/{name}").parse::<Purl>().unwrap()))
        .filter(|root| graph(snapshot, root, &mut scratch).is_some_and(|graph| graph.nodes.len() <= SMALL))
        .collect();
    let what = format!("cargo, {} small roots (up to {SMALL} packages)", roots.len());
    rate(table, &what, snapshot, &roots, &[], Some(50_000.0));
}

struct Large {
    manifest: String,
    nodes: usize,
    edges: usize,
}

/// Manifests that need crate after crate, in an order by chance, until there are enough packages.
fn large_roots(snapshot: &CargoSnapshot) -> Vec<Large> {
    let mut scratch = CargoScratch::default();
    let mut found = Vec::new();
    for seed in 1..=LARGE_ROOTS {
        let (mut random, mut manifest, mut nodes) = (Random::new(seed), "[dependencies]\n".to_owned(), 0);
        let mut edges = 0;
        let mut names: Vec<&str> = corpus::documents().iter().map(|(name, _)| name.as_str()).collect();
        while nodes < LARGE - 10 && !names.is_empty() {
            let name = names.swap_remove(random.below(names.len()));
            let more = format!("{manifest}{name} = \"*\"\n");
            let graph = graph(snapshot, &root(&more), &mut scratch);
            if let Some(graph) = graph.filter(|graph| graph.nodes.len() <= LARGE + 10) {
                (manifest, nodes, edges) = (more, graph.nodes.len(), graph.edges.len());
            }
        }
        found.push(Large { manifest, nodes, edges });
    }
    found
}

fn graph(snapshot: &CargoSnapshot, root: &CargoRoot, scratch: &mut CargoScratch) -> Option<Graph> {
    match answer(snapshot, root, &CargoEnvironment::default(), scratch) {
        Answer::Graph(graph) => Some(graph),
        _ => None,
    }
}

fn answer(
    snapshot: &CargoSnapshot,
    root: &CargoRoot,
    environment: &CargoEnvironment,
    scratch: &mut CargoScratch,
) -> Answer {
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(10_000_000, &mut pause);
    Cargo::resolve(snapshot, root, environment, &View::default(), scratch, &mut budget).answer
}

/// Resolutions of these roots in turn, warm.
fn rate(
    table: &mut Table,
    what: &str,
    snapshot: &CargoSnapshot,
    roots: &[CargoRoot],
    environment: &[(&str, &str)],
    aim: Option<f64>,
) {
    let entries: Vec<_> = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let environment = Cargo::environment(&entries).unwrap();
    let mut scratch = CargoScratch::default();
    let answers: Vec<Answer> = roots.iter().map(|root| answer(snapshot, root, &environment, &mut scratch)).collect();
    let (mut one, mut other) = (roots.iter().cycle(), answers.iter().cycle());
    let (nanos, floor) = beside(
        || drop(black_box(answer(snapshot, one.next().unwrap(), &environment, &mut scratch))),
        || drop(black_box(other.next().unwrap().clone())),
    );
    table.rate(what, nanos, Some(floor), aim);
}

/// The real cargo for one root, if it is installed.
fn real(table: &mut Table, what: &str, manifest: &str) {
    let Some(cargo) = RealCargo::start(corpus::documents().iter().cloned()) else { return };
    let manifest = format!("[package]\nname = \"case\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{manifest}");
    real_rate(table, what, &cargo, &manifest);
}

fn real_rate(table: &mut Table, what: &str, cargo: &RealCargo, manifest: &str) {
    // The first run fetches; the others find everything in cargo's own cache.
    let _ = cargo.lock(manifest);
    let mut runs = Vec::new();
    for _ in 0..3 {
        let (began, used) = (Instant::now(), of_children());
        let said = cargo.lock_with(manifest, &["--offline"]);
        let processor = used.zip(of_children()).map(|(before, after)| (after - before) * 1e9);
        runs.push(processor.unwrap_or(began.elapsed().as_nanos() as f64));
        if matches!(said, Said::Nothing) {
            return table.figure(what, "no answer in a minute".to_owned());
        }
    }
    table.rate(what, median(runs), None, None);
}

fn tangled(table: &mut Table) {
    for (what, seed, needs, width) in
        [("no graph, and it is hard to see", 2, 6, 4), ("a graph that is far away", 5, 5, 5)]
    {
        let index = tangle(seed, 40, 10, needs, width);
        let manifest = first_of_tangle(5);
        let (snapshot, roots) = (index.snapshot(), [root(&manifest)]);
        rate(table, &format!("cargo, {what}"), &snapshot, &roots, &[], None);
        let files = index.files().map(|(name, text)| (name.to_owned(), text.into_bytes()));
        let Some(cargo) = RealCargo::start(files) else { continue };
        let manifest = format!("[package]\nname = \"case\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{manifest}");
        real_rate(table, "cargo generate-lockfile, a process, warm, offline: the same", &cargo, &manifest);
    }
}
