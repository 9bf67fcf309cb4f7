//! A fleet of today's size in virtual time: how long each lane waits, what hosts are asked, how even shares are, and
//! what pre-emption costs, over a day and under ten times its load.
//!
//! The problem: whether lanes, budgets and shares hold at the size that they are made for cannot be tried on a desk with
//! two cores, and a benchmark of a second shows neither noon, when half of the workers go, nor the evening, when what was
//! left lying is worked off. So the real decisions (`gleaner-core`, as they are) are driven here by a fleet that is a
//! table of bodies of work and by clients that are a rate. Nothing crashes here but the workers that leave at noon; the
//! histories of this crate are for the rest. Everything follows from one seed.

mod bodies;
mod carry_out;
mod curves;
mod demand;
mod figures;
mod hosts;
mod measure;
mod report;
mod scenario;
mod shares;
mod svg;
#[cfg(test)]
mod tests;
mod waits;
mod work;
mod world;

pub use figures::{duration, number};
pub use measure::Measure;
pub use report::table;
pub use scenario::{Asking, Scenario};

/// Lives a scenario from its beginning to its end.
#[must_use]
pub fn live(scenario: &Scenario) -> Measure {
    world::World::new(scenario.clone()).live()
}

/// The curves of a lived scenario, as a drawing.
#[must_use]
pub fn drawing(scenario: &Scenario, measure: &Measure) -> String {
    curves::draw(scenario, measure)
}
