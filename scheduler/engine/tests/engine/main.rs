//! The engine over its real door: gRPC on a socket, a real redb file, and a worker that the test plays.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bad_input;
mod bad_workers;
mod batches;
mod campaigns;
mod children;
mod clients;
mod displacing;
mod drain;
mod floods;
mod hosts;
mod jobs;
mod keys;
mod outcomes;
mod resolutions;
mod restart;
mod retry;
mod schedules;
mod several;
mod stage;
mod streams;
mod terms;
