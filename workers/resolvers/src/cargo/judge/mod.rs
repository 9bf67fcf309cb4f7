//! Is there a graph at all?
//!
//! The search goes back in cargo's order, and where many choices are tangled into one contradiction that order can take
//! years to find out that nothing helps. The question whether there is any graph needs no order: PubGrub
//! (<https://nex3.medium.com/pubgrub-2fb6470504f>, by the `pubgrub` crate) learns from each contradiction and proves such
//! inputs impossible in milliseconds. What it finds when there is a graph is not cargo's, and is thrown away.
//!
//! **Why its "no" can be believed.** It is asked about a world in which more is allowed than in cargo's ([`model`]): every
//! graph of cargo's is one there. If even that world has none, cargo has none. Its "perhaps" says nothing, and the search
//! goes on.

mod model;
mod reason;

use std::cell::RefCell;
use std::cmp::Reverse;

use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, PubGrubError, resolve};

use super::memo::{ActivationId, CandidateId, Known};
use super::prepared::Prepared;
use super::root::RootData;
use super::search::{Judge, Verdict};
use crate::{Budget, Stopped};
use model::{Asks, Model, Set, Why};

/// Steps of a proof at most. Proofs that help take some hundred, and each costs more than the one before.
const STEPS_MAX: u32 = 4_000;

/// Why a proof ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped: {0:?}")]
struct Ended(Option<Stopped>);

struct Provider<'a, 'k, 'b> {
    model: RefCell<Model<'a, 'k>>,
    budget: RefCell<(&'a mut Budget<'b>, u32)>,
}

/// Proves that a root has no graph, if it has none.
pub(super) struct Prover<'a> {
    prepared: &'a Prepared,
    root: &'a RootData,
    /// What was looked at on the way.
    pub(super) asked: Vec<ActivationId>,
}

impl<'a> Prover<'a> {
    pub(super) const fn new(prepared: &'a Prepared, root: &'a RootData) -> Self {
        Self { prepared, root, asked: Vec::new() }
    }
}

impl Judge for Prover<'_> {
    fn judge(
        &mut self,
        known: &mut Known<'_>,
        chosen: &[CandidateId],
        budget: &mut Budget<'_>,
    ) -> Result<Verdict, Stopped> {
        let model = Model::new(known, self.prepared, chosen);
        let provider = Provider { model: RefCell::new(model), budget: RefCell::new((budget, STEPS_MAX)) };
        let solved = resolve(&provider, Asks::Root, 0_u32);
        let mut model = provider.model.into_inner();
        self.asked.append(&mut model.asked);
        match solved {
            Ok(_) => Ok(Verdict::Perhaps),
            Err(PubGrubError::NoSolution(tree)) if chosen.is_empty() => {
                Ok(Verdict::Impossible(reason::tell(tree, &model, self.root)))
            }
            // Nobody reads why a choice does not help.
            Err(PubGrubError::NoSolution(tree)) => {
                reason::take_apart(tree, |_| ());
                Ok(Verdict::Impossible(String::new()))
            }
            Err(
                PubGrubError::ErrorChoosingVersion { source: Ended(why), .. }
                | PubGrubError::ErrorRetrievingDependencies { source: Ended(why), .. }
                | PubGrubError::ErrorInShouldCancel(Ended(why)),
            ) => why.map_or(Ok(Verdict::Unknown), Err),
        }
    }
}

impl DependencyProvider for Provider<'_, '_, '_> {
    type P = Asks;
    type V = u32;
    type VS = Set;
    /// What was often in conflict comes first, then what has few versions.
    type Priority = (u32, Reverse<u32>);
    type M = Why;
    type Err = Ended;

    fn prioritize(&self, package: &Asks, range: &Set, conflicts: &PackageResolutionStatistics) -> Self::Priority {
        (conflicts.conflict_count(), Reverse(self.model.borrow().count(*package, range)))
    }

    fn choose_version(&self, package: &Asks, range: &Set) -> Result<Option<u32>, Ended> {
        Ok(self.model.borrow_mut().best(*package, range))
    }

    fn get_dependencies(&self, package: &Asks, at: &u32) -> Result<Dependencies<Asks, Set, Why>, Ended> {
        Ok(self.model.borrow_mut().dependencies(*package, *at))
    }

    fn should_cancel(&self) -> Result<(), Ended> {
        let (budget, left) = &mut *self.budget.borrow_mut();
        *left = left.checked_sub(1).ok_or(Ended(None))?;
        budget.step().map_err(|stopped| Ended(Some(stopped)))
    }
}
