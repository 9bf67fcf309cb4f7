//! npm's resolver against what npm itself wrote.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod cases;
mod corpus;
mod differential;
mod lockfile;
mod made;
#[path = "../recorded/mod.rs"]
mod recorded;
mod registry;
mod roots;
mod speed;
