//! What to ask a registry, and what its answers mean.
//!
//! The problem: three ecosystems tell the same facts (versions, yanks, dependencies, checksums) in three protocols,
//! with twenty years of odd documents between them. This crate turns each into the model's [`Package`] and says which
//! documents are needed for that. It knows neither sockets nor clocks: the caller fetches, this crate plans and reads.
//!
//! 1. [`plan`] names the main document of a package.
//! 2. [`classify`] says what an HTTP answer means in this ecosystem.
//! 3. [`read`] turns the main document into a [`Reading`], which may ask for more documents.
//! 4. [`Reading::read_more`] adds each of those.
//!
//! One folder an ecosystem; none of them sees another.

mod answer;
mod cargo;
mod checksum;
mod intern;
mod json;
mod moment;
mod npm;
mod order;
mod pypi;
mod reading;
mod work;

pub use answer::{AnswerHead, RETRY_AFTER_MAX_MS, Verdict, classify};
pub use order::{compare, is_prerelease};
pub use reading::{Extra, Reading, Unreadable, read};
pub use work::{
    CARGO_INDEX_MAX_BYTES, CORE_METADATA_MAX_BYTES, CrawlWork, DocumentRequest, NEWEST_DEFAULT,
    NPM_PACKUMENT_MAX_BYTES, OLDER_DEFAULT, PYPI_PAGE_MAX_BYTES, plan,
};

#[cfg(doc)]
use gleaner_model::Package;
