//! The house rules, held by tests: which crate may see which, where things are, what no file may contain.
//!
//! A rule that is only written down is broken by the third commit. Each of these reads the repository as it is.

mod adr;
mod edges;
mod files;
mod folders;
mod metrics;
mod tidy;
