//! Rust: the sparse index.
//!
//! Format: <https://doc.rust-lang.org/cargo/reference/registry-index.html>. Where that page is silent, cargo's own
//! reading decides.

mod line;
pub(crate) mod order;
mod parse;
pub(crate) mod plan;

pub(crate) use parse::read;
