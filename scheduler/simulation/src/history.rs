//! One history from one seed: a storm, then calm, and a verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fault::Fault;
use crate::ledger::Tally;
use crate::world::{CALM_MS, World};

/// More happens in no history, so that one that runs in circles ends.
const EVENTS_MAX: u64 = 3_000_000;

/// What came of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// What it was made of.
    pub seed: u64,
    /// What must not be and was, if anything.
    pub violation: Option<String>,
    /// How much came to pass.
    pub tally: Tally,
    /// Things that happened.
    pub events: u64,
    /// Milliseconds of virtual time.
    pub lasted_ms: u64,
    /// The story, line by line, if it was to be told.
    pub lines: Vec<String>,
}

/// Lives the history of `seed`, with a fault planted or not, and tells it if `told`.
#[must_use]
pub fn live(seed: u64, fault: Option<Fault>, told: bool) -> History {
    let mut world = World::of_seed(seed, fault, told);
    let began_ms = world.now_ms();
    let ended = catch_unwind(AssertUnwindSafe(|| run(&mut world)));
    let violation = match ended {
        Ok(violation) => violation,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Some(format!("panicked: {}", text.unwrap_or_default()))
        }
    };
    let (tally, events, lasted_ms) = (world.ledger.tally, world.events, world.now_ms() - began_ms);
    History { seed, violation, tally, events, lasted_ms, lines: world.story.into_lines() }
}

fn run(world: &mut World) -> Option<String> {
    let calm_until_ms = world.now_ms() + world.setup.stormy_ms + CALM_MS;
    loop {
        if !world.step() {
            return Some("nothing will ever happen again".to_owned());
        }
        if let Some(violation) = world.ledger.violation() {
            return Some(violation.clone());
        }
        if world.is_at_rest() {
            world.ledger.keeps_its_word();
            world.ledger.leaves_nothing();
            match world.shelf.rows() {
                Ok(rows) => {
                    world.ledger.orders_agree(&rows);
                    world.ledger.orders_are_over(&rows);
                }
                Err(error) => world.ledger.fail(format!("the rows cannot be read: {error}")),
            }
            return world.ledger.violation().cloned();
        }
        if world.now_ms() > calm_until_ms || world.events > EVENTS_MAX {
            return Some(format!("it does not come to rest: {}", world.unrest()));
        }
    }
}
