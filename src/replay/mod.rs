//! The loopback registries: recorded documents, served in the registries' own protocols.
//!
//! The problem: a newcomer, a test or a benchmark needs registries that behave like the real ones (paths, redirects,
//! ETags, throttling, bad days), answer the same every time, need no network, and are fast enough never to be what is
//! measured. So the documents are read into memory once, hashed and rewritten once, and every request after that is a
//! look-up that hands out shared bytes.
//!
//! - `documents`, with `archive` and `folder`: read what is on disk, within limits.
//! - `route`, `conditional`, `answer`: from a request to its answer. Pure.
//! - `faults`: bad days on demand, from a seed.
//! - `server`: the sockets; `connections` bounds them, `counters` counts what was answered.
//!
//! This never knows what a crawler is; it speaks to `npm` and `pip` as well as to Gleaner.

mod answer;
mod archive;
mod conditional;
mod connections;
mod counters;
mod documents;
mod faults;
mod folder;
mod log;
mod route;
mod server;

pub(crate) use documents::Documents;
pub(crate) use server::{Replay, ReplayOptions, serve};
