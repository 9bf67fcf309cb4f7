//! cargo's resolver against what cargo itself wrote.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod cases;
mod corpus;
mod ends;
mod lockfile;
mod made;
mod random;
