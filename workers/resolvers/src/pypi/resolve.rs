//! From a question to its answer: the search, and what is made of how it ended.

use std::collections::BTreeSet;

use gleaner_model::{PackageName, Text};

use super::environment::Environment;
use super::graph::{self, Chosen};
use super::manifest::PypiRoot;
use super::reason;
use super::search::world::Scratch;
use super::search::{End, Search};
use super::snapshot::PypiSnapshot;
use super::warnings;
use crate::{Answer, Budget, Read, Resolution, Sensitivity, Stopped, View};

pub(super) fn run(
    snapshot: &PypiSnapshot,
    root: &PypiRoot,
    environment: &Environment,
    view: &View,
    scratch: &mut Scratch,
    budget: &mut Budget<'_>,
) -> Resolution {
    if let Some(resolution) = run_once(snapshot, root, environment, view, scratch, budget) {
        return resolution;
    }
    // What is remembered is of another snapshot. What is new now cannot be.
    scratch.forget();
    run_once(snapshot, root, environment, view, scratch, budget).unwrap_or_else(|| Resolution {
        answer: Answer::GaveUp { steps: budget.taken() },
        read: Vec::new(),
        sensitivity: Sensitivity::Anything,
        warnings: Vec::new(),
        steps: budget.taken(),
    })
}

/// None if the scratch is of another snapshot.
fn run_once(
    snapshot: &PypiSnapshot,
    root: &PypiRoot,
    environment: &Environment,
    view: &View,
    scratch: &mut Scratch,
    budget: &mut Budget<'_>,
) -> Option<Resolution> {
    let world = scratch.world(environment, view);
    let mut search = Search::new(world, snapshot, root, budget);
    let end = search.run();
    let missing = names(&search);
    // A refusal came from looking behind first candidates, or may have.
    let mut is_plain = matches!(end, End::Solved(_)) && !search.met_conflicts();
    let mut found = root.warnings.clone();
    let answer = match end {
        End::Outdated => return None,
        // Whatever is missing would only be one more demand.
        End::Contradiction(proof) => Answer::Unsatisfiable { reason: reason::tell(*proof, &mut search) },
        End::Elsewhere(asks, at, what) => Answer::Unsatisfiable { reason: reason::elsewhere(asks, at, &what, &search) },
        End::Stopped(Stopped::Unwanted) => Answer::Stopped,
        _ if !missing.is_empty() => Answer::Incomplete { names: missing.into_iter().collect() },
        End::Stopped(Stopped::Exhausted) => Answer::GaveUp { steps: search.steps() },
        End::Solved(decided) => {
            let chosen = Chosen::of(&decided);
            is_plain = is_plain && chosen.are_first(&mut search);
            found.extend(warnings::of(&chosen, &search));
            Answer::Graph(graph::build(&mut search, &chosen))
        }
    };
    let sensitivity = if is_plain { Sensitivity::FirstCandidates } else { Sensitivity::Anything };
    Some(Resolution { answer, read: reads(&search), sensitivity, warnings: found, steps: search.steps() })
}

fn names(search: &Search<'_, '_>) -> BTreeSet<PackageName> {
    search.missing.iter().map(|project| search.world.projects[*project as usize].name.clone()).collect()
}

fn reads(search: &Search<'_, '_>) -> Vec<Read> {
    let mut reads: Vec<(&PackageName, &Text)> = search
        .reads
        .iter()
        .map(|read| {
            let (project, text) = search.world.question(*read);
            (&search.world.projects[project as usize].name, text)
        })
        .collect();
    reads.sort_unstable();
    reads.into_iter().map(|(name, text)| Read { name: name.clone(), requirement: text.clone() }).collect()
}
