//! Versions and ranges as npm's own library reads them (node-semver 7.8).
//!
//! The problem: what a range means is what that library's chain of textual replacements makes of it, and registries hold
//! ranges that no grammar foresees (`>= 1.x`, `~> 1`, `1.2.3beta`, `^1 || junk`). So a range is rewritten here in the same
//! steps, and what comes out are plain comparators. All rows of the library's own fixtures are tests (`tests/`).
//!
//! Sources: `classes/range.js`, `classes/comparator.js`, `classes/semver.js`, `internal/re.js`, `ranges/intersects.js`.

mod comparator;
mod intersects;
mod range;
mod rewrite;
mod text;
mod version;

#[cfg(test)]
mod tests;

pub(super) use range::{Options, Range};
pub(super) use version::Version;
