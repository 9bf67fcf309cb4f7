//! Python's rules against what uv made of the recorded documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "what is skipped is said")]
#![allow(
    clippy::disallowed_methods,
    reason = "which uv, and how much, is for the caller to say; measuring needs a clock"
)]

mod cases;
mod corpus;
mod differential;
mod inputs;
mod made;
mod odd;
mod properties;
#[path = "../recorded/mod.rs"]
mod recorded;
mod rules;
mod speed;
