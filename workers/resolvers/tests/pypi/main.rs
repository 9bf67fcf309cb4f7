//! Python's rules against what uv made of the recorded documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod corpus;
