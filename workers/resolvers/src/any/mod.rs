//! One door to all ecosystems' rules.
//!
//! The problem: whoever asks holds a purl or a file and does not care whose rules answer it; yet each ecosystem's snapshot,
//! root and environment have types of their own, and mixing them up must be impossible. So the types over all of them are
//! made by a macro from the list below: the next ecosystem is one line here, and a folder.

mod asked;
mod ecosystems;
mod error;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use error::InvalidQuestion;

use self::ecosystems::ecosystems;

ecosystems! {
    Cargo, cargo, crate::cargo::Cargo;
    Npm, npm, crate::npm::Npm;
    Pypi, pypi, crate::pypi::Pypi;
}
