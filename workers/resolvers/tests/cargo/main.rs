//! cargo's resolver against what cargo itself wrote.
#![allow(clippy::unwrap_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods, reason = "a test reads its settings, and starts what it compares with")]

mod bad;
mod cases;
mod corpus;
mod differential;
mod ends;
mod lockfile;
mod made;
mod platforms;
mod properties;
mod random;
mod real;
#[path = "../recorded/mod.rs"]
mod recorded;
mod tables;
mod tangle;
