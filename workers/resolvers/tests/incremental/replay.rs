//! The replay itself: a view a week, and what changed between two of them.

use gleaner_model::{Ecosystem, Package, PackageName, Purl, Timestamp};
use gleaner_resolvers::{Answer, Budget, Change, Flow, Resolution, Resolver, ReverseIndex, RootId, Snapshot, View};

use crate::documents;

const WEEK_MS: i64 = 7 * 24 * 3_600_000;
/// Half a year.
const WEEKS: i64 = 26;
/// More than any of these roots needs.
const STEPS: u64 = 200_000;

/// What a replay came to.
#[derive(Default)]
struct Told {
    resolved: usize,
    dirty: usize,
    changed: usize,
    missed: Vec<String>,
}

struct World<R: Resolver> {
    snapshot: R::Snapshot,
    environment: R::Environment,
    scratch: R::Scratch,
    roots: Vec<(Purl, R::Root)>,
    published: Vec<(PackageName, Vec<i64>)>,
}

/// Replays half a year of an ecosystem, every recorded package a root.
pub(crate) fn replay<R: Resolver>(ecosystem: Ecosystem) {
    let Some(packages) = documents::packages(ecosystem) else {
        println!("skipped: there are no recorded documents here");
        return;
    };
    let mut world = World::<R>::new(&packages);
    let told = world.play();
    let share = 100.0 * told.dirty as f64 / told.resolved as f64;
    println!(
        "{ecosystem}: {} roots, {WEEKS} weeks: {} of {} resolutions repeated ({share:.1} %), {} answers changed",
        world.roots.len(),
        told.dirty,
        told.resolved,
        told.changed,
    );
    assert!(told.missed.is_empty(), "answers changed and nobody was told: {:?}", told.missed);
    assert!(told.changed > 0, "a replay in which nothing changes shows nothing");
    assert!(told.dirty < told.resolved / 2, "most roots stay clean: {share:.1} % were dirty");
}

impl<R: Resolver> World<R> {
    fn new(packages: &[(Purl, Package)]) -> Self {
        let mut snapshot = R::Snapshot::default();
        packages.iter().for_each(|(purl, package)| snapshot.insert(purl.name(), package));
        Self {
            snapshot,
            environment: R::Environment::default(),
            scratch: R::Scratch::default(),
            roots: packages.iter().map(|(purl, _)| (purl.clone(), R::root_of(purl))).collect(),
            published: packages.iter().map(|(purl, package)| (purl.name().clone(), moments(package))).collect(),
        }
    }

    fn play(&mut self) -> Told {
        let end = self.published.iter().flat_map(|(_, moments)| moments).max().copied().unwrap() + 1;
        let mut index = ReverseIndex::<R>::new(self.environment.clone());
        let mut told = Told::default();
        let mut from = end - WEEKS * WEEK_MS;
        let mut answers: Vec<Resolution> = (0..self.roots.len()).map(|root| self.resolve(root, &view(from))).collect();
        for (root, answer) in (0..).zip(&answers) {
            index.record(root, answer, &self.snapshot, &view(from));
        }
        while from < end {
            let dirty = self.dirty(&mut index, from, from + WEEK_MS);
            self.week(from, &dirty, &mut index, &mut answers, &mut told);
            from += WEEK_MS;
        }
        let size = index.size();
        println!("index: {size:?}, {:.1} bytes a read", size.bytes as f64 / size.reads.max(1) as f64);
        told
    }

    /// Resolves all roots at a week's end, and takes over what is new of those that are dirty.
    fn week(
        &mut self,
        from: i64,
        dirty: &[RootId],
        index: &mut ReverseIndex<R>,
        answers: &mut [Resolution],
        told: &mut Told,
    ) {
        let view = view(from + WEEK_MS);
        for (root, known) in answers.iter_mut().enumerate() {
            let now = self.resolve(root, &view);
            let number = RootId::try_from(root).unwrap();
            let is_dirty = dirty.binary_search(&number).is_ok();
            let has_changed = shown(&known.answer) != shown(&now.answer);
            told.resolved += 1;
            told.changed += usize::from(has_changed);
            told.dirty += usize::from(is_dirty);
            if has_changed && !is_dirty {
                let week = Timestamp::from_millis(from);
                told.missed.push(format!("{} in the week from {week}", self.roots[root].0));
            }
            if is_dirty {
                index.record(number, &now, &self.snapshot, &view);
                *known = now;
            }
        }
    }

    fn dirty(&self, index: &mut ReverseIndex<R>, from: i64, to: i64) -> Vec<RootId> {
        let came = |(_, moments): &&(PackageName, Vec<i64>)| moments.iter().any(|at| (from..to).contains(at));
        let mut dirty: Vec<RootId> = self
            .published
            .iter()
            .filter(came)
            .flat_map(|(name, _)| index.changed(name, Change::Versions, &self.snapshot, &view(to)))
            .collect();
        dirty.sort_unstable();
        dirty.dedup();
        dirty
    }

    fn resolve(&mut self, root: usize, view: &View) -> Resolution {
        let mut pause = || Flow::Continue;
        let mut budget = Budget::new(STEPS, &mut pause);
        R::resolve(&self.snapshot, &self.roots[root].1, &self.environment, view, &mut self.scratch, &mut budget)
    }
}

/// What of an answer counts. How the reasons of refusals are worded does not.
fn shown(answer: &Answer) -> Option<&Answer> {
    Some(answer).filter(|answer| !matches!(answer, Answer::Unsatisfiable { .. } | Answer::GaveUp { .. }))
}

fn view(before: i64) -> View {
    View { before: Some(Timestamp::from_millis(before)) }
}

fn moments(package: &Package) -> Vec<i64> {
    let of_versions = package.versions.iter().filter_map(|version| version.published_at);
    let of_files = package.versions.iter().flat_map(|version| &version.artifacts).filter_map(|file| file.published_at);
    of_versions.chain(of_files).map(Timestamp::as_millis).collect()
}
