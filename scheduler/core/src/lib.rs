//! The decisions: lanes, fair share, leases, host budgets. Pure.
//!
//! The problem: much more work than workers, asked for by clients of very different urgency, against hosts that each
//! bear only so many requests a second, by workers that die in mid-work. [`Scheduler`] decides who does what when;
//! [`catalogue`] decides what an answer means for what is known of a package.
//!
//! What this crate never knows: a clock, chance, a socket, a disk, a runtime. Time comes in with every call as a
//! [`Moment`], chance as a seed, and what is to be done goes out as [`Effect`]s. The same calls with the same times
//! and the same seed give the same effects, byte for byte.

mod admit;
mod ask;
mod attempts;
mod backlog;
mod births;
pub mod catalogue;
mod cell;
mod chance;
mod costs;
pub mod cron;
mod detach;
mod dispatch;
mod effect;
mod expiry;
mod explain;
mod field;
mod footing;
mod forecast;
mod forget;
mod hosts;
mod ids;
mod ids_table;
mod journeys;
mod limits;
mod moment;
mod options;
mod outcomes;
mod pace;
mod permits;
mod placement;
mod preempt;
mod progress;
mod queues;
mod recover;
mod roster;
mod scheduler;
mod seat;
mod session;
mod sessions;
mod shares;
mod sides;
mod streams;
mod suspend;
mod tasks;
mod terms;
mod timers;
mod turns;
mod twins;
mod under_way;
mod view;
mod views;
mod waiting;
mod waits;

pub use ask::{Admission, Ask, CancelOutcome, RecoveredJob, Refusal};
pub use backlog::{Backlog, LaneBacklog};
pub use effect::Effect;
pub use explain::Explanation;
pub use ids::{ClientIndex, HostIndex, Needs, TargetKey, WorkerId};
pub use limits::HostLimits;
pub use moment::Moment;
pub use options::{Budget, Options};
pub use scheduler::Scheduler;
pub use session::{Claim, ClaimVerdict, Held, Joining, Report, Verdict};
pub use terms::Terms;
pub use view::{ClientView, Counters, HostView, JobView, LaneView, Resident, Wait, WorkerView};

#[cfg(test)]
mod tests;
