//! Python's rules against what uv made of the recorded documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]

mod cases;
mod corpus;
mod differential;
mod inputs;
mod made;
mod odd;
mod properties;
mod rules;
mod speed;
