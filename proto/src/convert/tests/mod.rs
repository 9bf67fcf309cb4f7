//! Every noun survives the wire, every wrong message is refused with the name of its field.

mod catalogue;
mod refusals;
mod refusals_in_sessions;
mod round_trips;
mod several;
mod strategies;
mod strategies_of_explanations;
mod strategies_of_packages;
mod strategies_of_questions;
