//! The one integration-test binary: each module is a subject.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bad_days;
mod cli;
mod clients;
mod corpus;
mod data;
mod explain;
mod house;
mod kill;
mod operators;
mod resolve;
mod store;
mod submissions;
mod support;
mod tls;
mod workers;
