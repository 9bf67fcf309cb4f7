//! npm's resolver against what npm itself wrote.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod cases;
mod corpus;
mod lockfile;
