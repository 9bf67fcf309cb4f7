//! Which attempts this worker has, and what may happen to each. Pure: it starts, stops and sends nothing itself.
//!
//! An attempt is running (in a slot), suspended (in none), or finished, which means that its outcome is in the outbox.
//! It leaves the roster when the scheduler says that it is of no interest any more. `R` is whatever the owner needs to
//! reach a running attempt.
//!
//! A scheduler looks an assignment's details up before it sends it, and may have changed its mind meanwhile: so word to
//! suspend or cancel an attempt can come before the attempt does ([`early`]).

mod early;

use std::collections::HashMap;

use gleaner_model::Attempt;
use gleaner_proto::convert::{Claim, ClaimVerdict, HELD_MAX, HeldAttempt};

use crate::state::OutboxId;
use early::{Early, Word};

/// Where an attempt stands.
#[derive(Debug)]
enum Phase<R> {
    Running(R),
    Suspended(R),
    Finished(OutboxId),
}

/// How many attempts stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) running: usize,
    pub(crate) suspended: usize,
    pub(crate) finished: usize,
}

/// What to do with an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Run it.
    Run,
    /// Begin it suspended.
    Wait,
    /// It is here already, or it was cancelled before it came.
    Known,
    /// There is no room, or this worker is going away.
    HandBack,
}

/// What to do with an attempt that is to be suspended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Suspension<'a, R> {
    /// It waits.
    Waits(&'a R),
    /// Too many wait already: it is given back, and is here no more.
    GivenBack(R),
    /// It is not here, or has finished.
    Nothing,
}

/// What to do with an attempt that was cancelled or taken away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Dropped<R> {
    /// Stop it.
    Stop(R),
    /// Forget its outcome.
    Forget(OutboxId),
    /// It is not here.
    Nothing,
}

/// What to do with an attempt after a new session's greeting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Claimed<'a, R> {
    /// It goes on under this token.
    GoesOn(&'a R, Attempt),
    /// Its outcome is to be sent under this token.
    Send(OutboxId, Attempt),
    /// It is of no interest.
    Dropped(Dropped<R>),
}

/// Which attempts this worker has.
#[derive(Debug)]
pub(crate) struct Roster<R> {
    slots: usize,
    suspended_max: usize,
    draining: bool,
    early: Early,
    // At most HELD_MAX entries, the most that a hello may name; beyond that assignments are handed back.
    entries: HashMap<Attempt, Phase<R>>,
    counts: Counts,
}

impl<R> Roster<R> {
    /// A roster that begins with the outcomes of an earlier run.
    pub(crate) fn new(
        slots: usize,
        suspended_max: usize,
        outbox: impl IntoIterator<Item = (OutboxId, Attempt)>,
    ) -> Self {
        let (entries, counts) = (HashMap::new(), Counts::default());
        let mut roster = Self { slots, suspended_max, draining: false, early: Early::default(), entries, counts };
        for (id, attempt) in outbox {
            roster.insert(attempt, Phase::Finished(id));
        }
        roster
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes no new attempts from now on.
    pub(crate) const fn drain(&mut self) {
        self.draining = true;
    }

    /// Does it take no new attempts?
    pub(crate) const fn is_draining(&self) -> bool {
        self.draining
    }

    /// Has everything ended that was to end before the worker goes?
    pub(crate) fn is_drained(&self) -> bool {
        self.draining && self.entries.is_empty()
    }

    /// May this attempt run here?
    pub(crate) fn admit(&mut self, attempt: Attempt) -> Admission {
        let word = self.early.take(attempt);
        if self.entries.contains_key(&attempt) || word == Some(Word::Cancel) {
            return Admission::Known;
        }
        let full = match word {
            Some(_) => self.counts.suspended >= self.suspended_max,
            None => self.counts.running >= self.slots,
        };
        match word {
            _ if self.draining || full || self.entries.len() >= HELD_MAX => Admission::HandBack,
            Some(_) => Admission::Wait,
            None => Admission::Run,
        }
    }

    /// It runs.
    pub(crate) fn start(&mut self, attempt: Attempt, run: R) {
        self.insert(attempt, Phase::Running(run));
    }

    /// It is here, and waits.
    pub(crate) fn start_suspended(&mut self, attempt: Attempt, run: R) {
        self.insert(attempt, Phase::Suspended(run));
    }

    /// The way to an attempt that has not finished.
    pub(crate) fn live(&self, attempt: Attempt) -> Option<&R> {
        match self.entries.get(&attempt)? {
            Phase::Running(run) | Phase::Suspended(run) => Some(run),
            Phase::Finished(_) => None,
        }
    }

    /// Takes an attempt out of its slot.
    pub(crate) fn suspend(&mut self, attempt: Attempt) -> Suspension<'_, R> {
        match self.take(attempt) {
            Some(Phase::Running(run)) if self.counts.suspended >= self.suspended_max => Suspension::GivenBack(run),
            Some(Phase::Running(run) | Phase::Suspended(run)) => {
                self.insert(attempt, Phase::Suspended(run));
                self.live(attempt).map_or(Suspension::Nothing, Suspension::Waits)
            }
            Some(finished @ Phase::Finished(_)) => {
                self.insert(attempt, finished);
                Suspension::Nothing
            }
            None => {
                self.early.note(attempt, Word::Suspend);
                Suspension::Nothing
            }
        }
    }

    /// Puts a suspended attempt back into a slot. The scheduler counts the slots then; this one is always granted.
    pub(crate) fn resume(&mut self, attempt: Attempt) -> Option<&R> {
        self.early.take(attempt);
        match self.take(attempt)? {
            Phase::Suspended(run) => {
                self.insert(attempt, Phase::Running(run));
                self.live(attempt)
            }
            other => {
                self.insert(attempt, other);
                None
            }
        }
    }

    /// An attempt's outcome is in the outbox. False if the attempt was dropped meanwhile: nobody wants the outcome.
    pub(crate) fn finish(&mut self, attempt: Attempt, id: OutboxId) -> bool {
        if self.take(attempt).is_none() {
            return false;
        }
        self.insert(attempt, Phase::Finished(id));
        true
    }

    /// An outcome was acknowledged. An acknowledgement of what has not finished is not about an outcome of ours.
    pub(crate) fn acknowledge(&mut self, attempt: Attempt) -> Option<OutboxId> {
        let Phase::Finished(id) = *self.entries.get(&attempt)? else { return None };
        self.take(attempt);
        Some(id)
    }

    /// An attempt is of no interest any more.
    pub(crate) fn cancel(&mut self, attempt: Attempt) -> Dropped<R> {
        match self.take(attempt) {
            Some(Phase::Running(run) | Phase::Suspended(run)) => Dropped::Stop(run),
            Some(Phase::Finished(id)) => Dropped::Forget(id),
            None => {
                self.early.note(attempt, Word::Cancel);
                Dropped::Nothing
            }
        }
    }

    /// Everything that is here, in ascending order, as a hello names it.
    pub(crate) fn held(&self) -> Vec<HeldAttempt> {
        let is_finished = |phase: &Phase<R>| matches!(phase, Phase::Finished(_));
        let held = self.entries.iter().map(|(attempt, phase)| (*attempt, is_finished(phase)));
        let mut held: Vec<HeldAttempt> = held.map(|(attempt, finished)| HeldAttempt { attempt, finished }).collect();
        held.sort_unstable_by_key(|held| held.attempt);
        held
    }

    /// What became of a held attempt.
    pub(crate) fn claim(&mut self, claim: Claim) -> Claimed<'_, R> {
        let ClaimVerdict::Adopted(token) = claim.verdict else {
            return Claimed::Dropped(self.cancel(claim.attempt));
        };
        let Some(phase) = self.take(claim.attempt) else { return Claimed::Dropped(Dropped::Nothing) };
        let adopted = Attempt { token, ..claim.attempt };
        self.insert(adopted, phase);
        match &self.entries[&adopted] {
            Phase::Running(run) | Phase::Suspended(run) => Claimed::GoesOn(run, adopted),
            Phase::Finished(id) => Claimed::Send(*id, adopted),
        }
    }

    /// Takes out the attempts that a worker on its way out need not finish: those that `untouched` says may go, and
    /// all that are suspended, since nobody will resume them here.
    pub(crate) fn hand_back(&mut self, mut untouched: impl FnMut(&R) -> bool) -> Vec<(Attempt, R)> {
        let mut leaving: Vec<Attempt> = Vec::new();
        for (attempt, phase) in &self.entries {
            match phase {
                Phase::Running(run) if untouched(run) => leaving.push(*attempt),
                Phase::Suspended(_) => leaving.push(*attempt),
                _ => {}
            }
        }
        leaving.sort_unstable();
        let taken = leaving.into_iter().map(|attempt| (attempt, self.cancel(attempt)));
        taken
            .filter_map(|(attempt, dropped)| if let Dropped::Stop(run) = dropped { Some((attempt, run)) } else { None })
            .collect()
    }

    fn insert(&mut self, attempt: Attempt, phase: Phase<R>) {
        *self.count(&phase) += 1;
        if let Some(replaced) = self.entries.insert(attempt, phase) {
            *self.count(&replaced) -= 1;
        }
    }

    fn take(&mut self, attempt: Attempt) -> Option<Phase<R>> {
        let phase = self.entries.remove(&attempt)?;
        *self.count(&phase) -= 1;
        Some(phase)
    }

    const fn count(&mut self, phase: &Phase<R>) -> &mut usize {
        match phase {
            Phase::Running(_) => &mut self.counts.running,
            Phase::Suspended(_) => &mut self.counts.suspended,
            Phase::Finished(_) => &mut self.counts.finished,
        }
    }
}

#[cfg(test)]
mod tests;
