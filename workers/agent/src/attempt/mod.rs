//! One attempt, from its assignment to its outcome in the outbox.
//!
//! An attempt is a task of its own. What it decides is small and stands in functions without side effects elsewhere
//! (`registries` for documents, [`crate::http::Trail`] for redirects, [`desk`] for permits); what is here is their
//! order: plan, fetch within permits, read, fetch what belongs to it, report. It never holds a lock over an await, and
//! it can be dropped at any await without harm. A resolution ([`resolve`]) fetches nothing: it reads what the catalogue has.

mod checkpoint;
mod crawl;
mod desk;
mod drain;
mod ended;
mod errand;
mod extras;
mod fetch;
mod lease;
mod leave;
mod main_document;
mod pace;
mod resolve;
mod run;

pub(crate) use desk::Leave;
pub(crate) use drain::Drains;
pub(crate) use errand::{Errand, Tools, pack};
pub(crate) use lease::Lease;
pub(crate) use run::{Stored, run};
