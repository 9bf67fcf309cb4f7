//! One resolution, from a root to an answer.

use gleaner_model::{Ecosystem, PackageName};

use super::graph::Chosen;
use super::judge::Prover;
use super::memo::{Known, Memo, MemoKey};
use super::prepared::{NotPrepared, Prepared, preference};
use super::reads::{self, Reads};
use super::reason::Teller;
use super::root::CargoRoot;
use super::search::{Dead, Search};
use super::{CargoEnvironment, CargoSnapshot, cycles, tree};
use crate::{Answer, Budget, Graph, Resolution, Sensitivity, Stopped, View};

/// Memos that are kept: roots of different resolvers and Rust versions come in any order.
const MEMOS: usize = 4;

/// Room for resolutions.
#[derive(Default)]
pub struct CargoScratch {
    /// The most recently used last.
    memos: Vec<Memo>,
    search: Search,
    chosen: Chosen,
    reads: Reads,
}

impl CargoScratch {
    /// The memo for a key, made if there is none; it is the last then.
    fn memo(&mut self, key: MemoKey) {
        let found = self.memos.iter().position(|memo| memo.key == Some(key));
        let mut memo = match found {
            Some(at) => self.memos.remove(at),
            None if self.memos.len() >= MEMOS => self.memos.remove(0),
            None => Memo::default(),
        };
        memo.prepare(key);
        // What was kept for a snapshot that has gone is of no use any more.
        self.memos.retain(|other| other.key.is_some_and(|other| other.snapshot == key.snapshot));
        self.memos.push(memo);
    }
}

/// What a resolution is about.
struct Question<'a> {
    snapshot: &'a CargoSnapshot,
    root: &'a CargoRoot,
    environment: &'a CargoEnvironment,
    key: MemoKey,
}

pub(super) fn resolve(
    snapshot: &CargoSnapshot,
    root: &CargoRoot,
    environment: &CargoEnvironment,
    view: &View,
    scratch: &mut CargoScratch,
    budget: &mut Budget<'_>,
) -> Resolution {
    let preference = preference(&root.data, environment);
    let before_ms = view.before.map(gleaner_model::Timestamp::as_millis);
    let key = MemoKey { snapshot: snapshot.identity(), before_ms, preference };
    let before = budget.taken();
    let mut resolution = Question { snapshot, root, environment, key }.answer(scratch, budget);
    resolution.steps = budget.taken() - before;
    if let Answer::GaveUp { steps } = &mut resolution.answer {
        *steps = resolution.steps;
    }
    resolution
}

fn unsatisfiable(reason: String) -> Answer {
    Answer::Unsatisfiable { reason }
}

impl Question<'_> {
    fn answer(&self, scratch: &mut CargoScratch, budget: &mut Budget<'_>) -> Resolution {
        if !self.root.data.foreign.is_empty() {
            return plain(unsatisfiable(self.foreign()));
        }
        scratch.memo(self.key);
        let CargoScratch { memos, search, chosen, reads } = scratch;
        let memo = memos.last_mut().expect("it was just made");
        let mut known = Known { memo, snapshot: self.snapshot };
        let rust = self.key.preference.rust().unwrap_or(self.environment.compiler);
        search.clear();
        let prepared = match known.prepare(self.root, rust) {
            Ok(prepared) => prepared,
            Err(NotPrepared::Features(what)) => return plain(unsatisfiable(what)),
            Err(NotPrepared::NothingToAdd { name, is_too_new }) => {
                let what = if is_too_new {
                    format!("that Rust {rust} can build")
                } else {
                    "that may be chosen: each is yanked, or was published later".to_owned()
                };
                let mut resolution = plain(unsatisfiable(format!("`{name}` has no version {what}")));
                resolution.read = reads::of_added(std::slice::from_ref(&name));
                return resolution;
            }
        };
        let mut resolution = plain(self.search(&mut known, search, chosen, &prepared, budget));
        if search.went_behind {
            resolution.sensitivity = Sensitivity::Anything;
        }
        resolution.read = reads.collect(&mut known, search, &prepared);
        if let Answer::Graph(_) = resolution.answer {
            resolution.warnings = self.warnings(chosen, &known);
        }
        resolution
    }

    fn search(
        &self,
        known: &mut Known<'_>,
        search: &mut Search,
        chosen: &mut Chosen,
        prepared: &Prepared,
        budget: &mut Budget<'_>,
    ) -> Answer {
        search.begin(known, prepared.activation, prepared.link);
        let mut prover = Prover::new(prepared, &self.root.data);
        let ended = search.run(known, budget, &mut prover);
        search.ask_all(&prover.asked);
        match ended {
            Ok(()) if search.needs_unknown(known) => Answer::Incomplete { names: unknown(known, search) },
            Ok(()) => self.graph(known, search, chosen, prepared),
            Err(dead) => self.dead(dead, known, search),
        }
    }

    fn dead(&self, dead: Dead, known: &Known<'_>, search: &Search) -> Answer {
        let teller = Teller { known, root: &self.root.data, state: &search.state };
        match dead {
            Dead::Stopped(Stopped::Exhausted) => Answer::GaveUp { steps: 0 },
            Dead::Stopped(Stopped::Unwanted) => Answer::Stopped,
            Dead::Proved(why) => unsatisfiable(why),
            Dead::Fatal(id, failure) => unsatisfiable(teller.fatal(id, failure)),
            Dead::Unmet(unmet) => unsatisfiable(teller.unmet(&unmet)),
        }
    }

    fn graph(&self, known: &mut Known<'_>, search: &Search, chosen: &mut Chosen, prepared: &Prepared) -> Answer {
        chosen.fill(&search.state, known);
        if let Some(cycle) = cycles::find(chosen) {
            let teller = Teller { known, root: &self.root.data, state: &search.state };
            let titles: Vec<String> = cycle.iter().map(|at| teller.title(chosen.nodes[*at as usize])).collect();
            return unsatisfiable(format!("{} needs itself: {}", titles[0], titles.join(" needs ")));
        }
        let graph: Graph = match &self.environment.target {
            Some(target) => tree::graph(chosen, known, prepared, &self.root.data, target),
            None => chosen.graph(known),
        };
        Answer::Graph(graph)
    }

    fn foreign(&self) -> String {
        let named = self.root.data.foreign.iter().map(|foreign| format!("`{}` is {}", foreign.name, foreign.what));
        format!(
            "not everything is from the registry, and of what is not nothing can be known here: {}",
            named.collect::<Vec<_>>().join(", ")
        )
    }

    /// cargo says of each version that asks for a newer Rust that it does.
    fn warnings(&self, chosen: &Chosen, known: &Known<'_>) -> Vec<String> {
        let compiler = self.environment.compiler;
        let asks_for_more = chosen.nodes.iter().filter_map(|id| {
            let asked = known.version(*id).rust_version.filter(|asked| !asked.is_met_by(compiler))?;
            let name = known.crate_name(known.memo.candidates[*id as usize].of);
            Some(format!("`{name} {}` asks for Rust {asked}, and this is {compiler}", known.version(*id).number))
        });
        asks_for_more.collect()
    }
}

/// A resolution that read nothing.
fn plain(answer: Answer) -> Resolution {
    Resolution { answer, read: Vec::new(), sensitivity: Sensitivity::FirstCandidates, warnings: Vec::new(), steps: 0 }
}

/// Names of the crates that were asked for and of which nothing is known.
fn unknown(known: &Known<'_>, search: &Search) -> Vec<PackageName> {
    let names = search.unknown(known).filter_map(|id| PackageName::new(Ecosystem::Cargo, known.crate_name(id)).ok());
    let mut names: Vec<PackageName> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}
