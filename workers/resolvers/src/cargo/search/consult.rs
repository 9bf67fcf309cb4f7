//! Asking, now and then, whether there is anything to find.
//!
//! What the search ends with is the first graph in cargo's order, and leaving out a part of the order in which there is
//! none does not change which is the first. A judge that can prove such parts empty makes the search short where cargo's
//! own would go through millions of dead ends: if there is no graph at all it ends, and otherwise it goes back at once to
//! the last choice behind which there may be one.

use super::super::memo::{CandidateId, Known};
use super::{Dead, Search};
use crate::{Budget, Stopped};

/// Dead ends between two questions. Everyday roots have a handful of them, so that none is ever asked; the search goes
/// through as many in about a millisecond, which is what an answer costs.
pub(super) const CONSULTED_EVERY: u64 = 250;
/// By how much rarer it is asked after it did not know.
const RARER: u64 = 8;

/// Whether there can be a graph.
#[derive(Debug)]
pub(in super::super) enum Verdict {
    /// There may be one.
    Perhaps,
    /// There is none, for this reason; it is told only if nothing was chosen.
    Impossible(String),
    /// Finding out would take too long.
    Unknown,
}

/// Knows more of the whole than the search does.
pub(in super::super) trait Judge {
    /// Can there be a graph in which all of these are chosen?
    fn judge(
        &mut self,
        known: &mut Known<'_>,
        chosen: &[CandidateId],
        budget: &mut Budget<'_>,
    ) -> Result<Verdict, Stopped>;
}

impl Search {
    /// Forgets the choices behind which there is no graph.
    pub(super) fn consult(
        &mut self,
        known: &mut Known<'_>,
        budget: &mut Budget<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), Dead> {
        self.consulted_at = self.dead_ends + CONSULTED_EVERY;
        if !self.consulted {
            self.consulted = true;
            match judge.judge(known, &[], budget)? {
                Verdict::Impossible(why) => return Err(Dead::Proved(why)),
                Verdict::Perhaps => {}
                Verdict::Unknown => {
                    self.consulted_at = self.dead_ends * RARER;
                    return Ok(());
                }
            }
        }
        // What is impossible with some choices is impossible with more: the last possible one is found by halves.
        let (mut possible, mut impossible) = (0, self.stack.len());
        while possible + 1 < impossible {
            let middle = possible.midpoint(impossible);
            let chosen: Vec<CandidateId> = self.state.chosen_at(self.stack[middle].mark).collect();
            match judge.judge(known, &chosen, budget)? {
                Verdict::Impossible(_) => impossible = middle,
                Verdict::Perhaps => possible = middle,
                Verdict::Unknown => {
                    self.consulted_at = self.dead_ends * RARER;
                    possible = middle;
                }
            }
        }
        self.stack.truncate(possible + 1);
        Ok(())
    }
}
