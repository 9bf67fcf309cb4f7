//! The search for a graph.
//!
//! cargo takes the most constrained need, tries its candidates one after the other, adds what the chosen one needs, and
//! goes back to the last choice that could help when a need cannot be met. Which of the valid graphs it ends with follows
//! from the order of all this, so the order is ported to the letter: another way of solving finds another graph.
//!
//! Rules: cargo's `src/cargo/core/resolver/mod.rs` (`activate_deps_loop`, `activate`, `RemainingCandidates`); going back
//! is in [`back`].

mod back;
mod conflict;
mod consult;
mod queue;
mod state;

use super::memo::{ActivationId, CandidateId, Failure, Info, Known, NONE, ROOT};
use super::snapshot::CrateId;
use crate::{Budget, Stopped};
use back::Backtrack;
use conflict::Conflicts;
pub(super) use conflict::{Blame, Conflict};
use consult::CONSULTED_EVERY;
pub(super) use consult::{Judge, Verdict};
use queue::Queue;
pub(super) use state::{Met, State};

/// Room for searches.
#[derive(Default)]
pub(super) struct Search {
    pub(super) state: State,
    queue: Queue,
    conflicts: Conflicts,
    stack: Vec<Backtrack>,
    /// Activations whose needs were asked for, those of choices that were taken back included; each once.
    pub(super) asked: Vec<ActivationId>,
    /// The run in which an activation was last asked for.
    asked_in: Vec<u32>,
    run: u32,
    /// Was anything but a first candidate looked at?
    pub(super) went_behind: bool,
    /// Needs that could not be met.
    dead_ends: u64,
    /// After how many of them the judge is asked next.
    consulted_at: u64,
    /// Was it ever asked?
    consulted: bool,
}

/// Why there is no graph.
pub(super) enum Dead {
    /// This need cannot be met.
    Unmet(Unmet),
    /// A feature of this version includes itself, or it needs something from another registry.
    Fatal(CandidateId, Failure),
    /// The judge has proved that there is none, and says why.
    Proved(String),
    /// The budget ended it.
    Stopped(Stopped),
}

/// A need that cannot be met.
pub(super) struct Unmet {
    pub(super) parent: CandidateId,
    pub(super) info: u32,
    pub(super) blame: Conflict,
}

impl From<Stopped> for Dead {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// The candidates for a need that were not tried yet. One is always held back, so that it is known whether there is
/// another.
#[derive(Clone, Copy)]
struct Remaining {
    next: u32,
    end: u32,
    held: CandidateId,
    /// The one that was given out because it has the place that all of them would need.
    taken: CandidateId,
}

/// A need, while its candidates are tried.
struct Attempt {
    parent: CandidateId,
    info: u32,
    doomed: bool,
    remaining: Remaining,
    blame: Conflict,
    /// Was a choice taken back to come here? Then `blame` is not the whole reason.
    backtracked: bool,
}

/// How trying a candidate went.
enum Tried {
    /// It is chosen, and what it needs is queued.
    Chosen,
    /// It cannot be.
    Refused,
}

impl Search {
    /// Makes ready for another root.
    pub(super) fn clear(&mut self) {
        self.state.clear();
        self.queue.clear();
        self.conflicts.clear();
        self.stack.clear();
        self.asked.clear();
        self.run = self.run.wrapping_add(1);
        if self.run == 0 {
            (self.run, self.asked_in) = (1, Vec::new());
        }
        (self.went_behind, self.dead_ends, self.consulted_at, self.consulted) = (false, 0, CONSULTED_EVERY, false);
    }

    /// Puts the root's needs into the queue.
    pub(super) fn begin(&mut self, known: &mut Known<'_>, root: ActivationId, link: Option<u32>) {
        self.state.fit(known.memo);
        self.state.begin(link);
        self.ask(root);
        self.queue.push(ROOT, root, false, known.memo);
    }

    /// Notes what was asked for on the side.
    pub(super) fn ask_all(&mut self, activations: &[ActivationId]) {
        for activation in activations {
            self.ask(*activation);
        }
    }

    fn ask(&mut self, activation: ActivationId) {
        let at = activation as usize;
        if self.asked_in.len() <= at {
            self.asked_in.resize(at + 1, 0);
        }
        if self.asked_in[at] != self.run {
            self.asked_in[at] = self.run;
            self.asked.push(activation);
        }
    }

    /// Goes on until every need is met.
    pub(super) fn run(
        &mut self,
        known: &mut Known<'_>,
        budget: &mut Budget<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), Dead> {
        while let Some(taken) = self.queue.pop(known.memo) {
            let info = known.memo.infos[taken.info as usize];
            let list = known.memo.lists[info.list as usize];
            let doomed = taken.doomed && self.is_known_to_fail(known, info);
            let remaining = Remaining { next: list.first, end: list.end, held: NONE, taken: NONE };
            let attempt = Attempt {
                parent: taken.parent,
                info: taken.info,
                doomed,
                remaining,
                blame: Conflict::new(),
                backtracked: false,
            };
            self.settle(attempt, known, budget, judge)?;
        }
        Ok(())
    }

    /// Tries candidates for a need until one is chosen.
    fn settle(
        &mut self,
        mut attempt: Attempt,
        known: &mut Known<'_>,
        budget: &mut Budget<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), Dead> {
        loop {
            budget.step()?;
            let (candidate, has_another) = match self.next(&mut attempt, known) {
                Some(next) => next,
                None => {
                    self.dead_ends += 1;
                    if self.dead_ends >= self.consulted_at && !attempt.doomed {
                        self.consult(known, budget, judge)?;
                    }
                    self.go_back(&mut attempt, known)?
                }
            };
            // It will fail anyhow, and the last candidate tells it best.
            if attempt.doomed && !attempt.backtracked && has_another {
                continue;
            }
            let mark = self.state.mark();
            let backtrack = has_another.then(|| Backtrack::new(mark, self.queue.mark(), &attempt));
            match self.try_candidate(candidate, has_another, &mut attempt, known)? {
                Tried::Chosen => {
                    self.stack.extend(backtrack);
                    return Ok(());
                }
                // Without another candidate the state stays as it is: only the reason is told from it.
                Tried::Refused if has_another => self.state.restore(mark),
                Tried::Refused => {}
            }
        }
    }

    /// The next candidate that does not contradict what is chosen, and whether there is another.
    fn next(&mut self, attempt: &mut Attempt, known: &Known<'_>) -> Option<(CandidateId, bool)> {
        if let Some(only) = self.only_one(attempt, known) {
            return only;
        }
        let Attempt { remaining, blame, .. } = attempt;
        while remaining.next < remaining.end {
            let id = known.memo.listed[remaining.next as usize];
            remaining.next += 1;
            let candidate = known.memo.candidates[id as usize];
            let in_its_place = self.state.chosen(candidate.slot).filter(|chosen| *chosen != id);
            let linked = || {
                let linked = if candidate.link == NONE { None } else { self.state.linked(candidate.link) };
                linked.filter(|other| *other != id)
            };
            if let Some(chosen) = in_its_place {
                blame.entry(chosen).or_insert(Blame::Compatible);
            } else if let Some(other) = linked() {
                let links = known.version(id).links.expect("it has a number of a library");
                blame.entry(other).or_insert(Blame::Links(links));
            } else if remaining.held == NONE {
                remaining.held = id;
                continue;
            } else {
                return Some((std::mem::replace(&mut remaining.held, id), true));
            }
            // Passed over before any was found: what is chosen is not the first.
            self.went_behind |= remaining.held == NONE;
        }
        let held = std::mem::replace(&mut remaining.held, NONE);
        (held != NONE).then_some((held, false))
    }

    /// The answer for a need whose candidates all have one place, if one of them has it already: that one, and then none.
    /// Most needs are such, and there is no use in looking at every other candidate. What is to blame is told only when
    /// that is asked for.
    #[inline]
    fn only_one(&mut self, attempt: &mut Attempt, known: &Known<'_>) -> Option<Option<(CandidateId, bool)>> {
        let info = known.memo.infos[attempt.info as usize];
        let list = known.memo.lists[info.list as usize];
        let remaining = &mut attempt.remaining;
        if remaining.taken != NONE {
            if list.len() > 1 {
                attempt.blame.entry(remaining.taken).or_insert(Blame::Compatible);
            }
            return Some(None);
        }
        if list.slot == NONE || remaining.next != list.first || remaining.held != NONE {
            return None;
        }
        let chosen = self.state.chosen(list.slot)?;
        let is_first = known.memo.listed[list.first as usize] == chosen;
        // One that has met this need before is surely a candidate for it.
        if !is_first && info.last.0 != chosen {
            return None;
        }
        self.went_behind |= !is_first;
        remaining.taken = chosen;
        Some(Some((chosen, false)))
    }

    fn try_candidate(
        &mut self,
        id: CandidateId,
        has_another: bool,
        attempt: &mut Attempt,
        known: &mut Known<'_>,
    ) -> Result<Tried, Dead> {
        let info = known.memo.infos[attempt.info as usize];
        let (activation_id, candidate) =
            (activation_of(id, attempt.info, info, known), known.memo.candidates[id as usize]);
        self.state.fit(known.memo);
        self.state.meet(Met { parent: attempt.parent, child: id, dependency: info.dependency });
        let activation = &known.memo.activations[activation_id as usize];
        if self.state.choose(id, candidate, activation, &known.memo.words) {
            return Ok(Tried::Chosen);
        }
        match activation.failure {
            Some(what @ (Failure::Cycle(_) | Failure::Elsewhere(_))) => return Err(Dead::Fatal(id, what)),
            Some(what) => {
                attempt.blame.insert(attempt.parent, Blame::Feature(what));
                self.went_behind = true;
                return Ok(Tried::Refused);
            }
            None => {}
        }
        self.state.add_features(candidate, activation, &known.memo.words);
        let infos = activation.infos;
        self.ask(activation_id);
        let mut doomed = false;
        if attempt.doomed || !self.conflicts.is_empty() {
            doomed = attempt.doomed || self.will_fail(id, infos, attempt, known);
            if doomed {
                self.went_behind = true;
                // Nobody behind this one could help: it is chosen so that the reason can be told.
                let last = !has_another && (attempt.doomed || !self.can_go_back(attempt, known));
                if !last {
                    return Ok(Tried::Refused);
                }
                self.stack.clear();
            }
        }
        self.queue.push(id, activation_id, doomed, known.memo);
        Ok(Tried::Chosen)
    }

    fn is_known_to_fail(&self, known: &Known<'_>, info: Info) -> bool {
        let age_of = |id| self.state.age_of(id, known.memo);
        self.conflicts.find(info.dependency, &age_of, None, u32::MAX).is_some()
    }

    /// Do chosen versions need crates of which nothing is known?
    pub(super) fn needs_unknown(&self, known: &Known<'_>) -> bool {
        self.queue.activations().any(|id| {
            let (first, end) = known.memo.activations[id as usize].unknown;
            first < end
        })
    }

    /// Crates that were asked for and of which nothing is known.
    pub(super) fn unknown<'a>(&'a self, known: &'a Known<'_>) -> impl Iterator<Item = CrateId> + 'a {
        self.asked.iter().flat_map(|id| {
            let (first, end) = known.memo.activations[*id as usize].unknown;
            known.memo.unknown[first as usize..end as usize].iter().copied()
        })
    }
}

/// The activation of a candidate for a need; the need remembers the last.
#[inline]
fn activation_of(id: CandidateId, at: u32, info: Info, known: &mut Known<'_>) -> ActivationId {
    if info.last.0 == id {
        return info.last.1;
    }
    let activation = known.activation(id, info.request);
    known.memo.infos[at as usize].last = (id, activation);
    activation
}
