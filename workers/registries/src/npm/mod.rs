//! JavaScript: the full packument.
//!
//! Format: <https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>, which describes what is
//! written today. What was written in 2010 is still served, and is read as npm's own normalisation reads it
//! (`normalize-package-data`, `@npmcli/arborist`): a version is never lost for an odd field.

mod details;
mod licence;
mod manifest;
pub(crate) mod order;
mod packument;
mod parse;
pub(crate) mod plan;
mod requirements;

pub(crate) use parse::read;
