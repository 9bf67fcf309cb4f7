//! The whole scheduler in virtual time: one seed, one history.
//!
//! The problem: what the scheduler promises must hold whatever crashes, whatever is lost on the way and in whatever
//! order things happen; and of the orders that hurt most never happen on a desk. So here is a world in which they do:
//! clients, workers, hosts, a network and a disk, all simulated, around the real decisions (`gleaner-core`) and the
//! real store (`gleaner-store`, in some histories), with a clock that is a number and chance that is a seed. A ledger
//! that decides nothing checks what must always hold. In the end everything is healed, and everything must end.
//!
//! A history that fails is lived again by its seed, step for step, with its story told.

mod agenda;
mod chance;
mod client;
mod fault;
pub mod fleet;
mod history;
mod host;
mod ledger;
mod network;
mod packages;
mod process;
mod setup;
mod shelf;
mod story;
mod wire;
mod worker;
mod world;

pub use fault::Fault;
pub use history::{History, live};
pub use ledger::Tally;
