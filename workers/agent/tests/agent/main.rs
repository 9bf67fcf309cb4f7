//! The agent as a scheduler and a registry see it: a real agent between a scheduler that the test plays over gRPC and
//! a registry that it plays over HTTP, both on loopback.
#![allow(missing_docs, clippy::unwrap_used)]

mod bad_answers;
mod catalogue;
mod control;
mod crawls;
mod documents;
mod harness;
mod outbox;
mod permits;
mod registry;
mod resolutions;
mod scheduler;
mod several;
mod suspended;
