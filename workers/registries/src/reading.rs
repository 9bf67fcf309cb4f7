//! What was read of a package so far, and what is still to be asked.

use gleaner_model::{Dependencies, Ecosystem, Fault, Package};

use crate::pypi::Extras;
use crate::work::{CrawlWork, DocumentRequest};
use crate::{cargo, npm, pypi};

/// Why a main document gave no package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It says that the package was withdrawn as a whole (npm's unpublished packages), or that there is one only of a name
    /// that is spelt in another way (cargo).
    #[error("the document says that there is no such package")]
    Gone,
    /// It is not what it should be.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A package as its main document tells it, and the documents that tell more.
#[derive(Debug)]
pub struct Reading {
    /// The facts so far.
    pub package: Package,
    /// What to fetch next and to give to [`Reading::read_more`]; newest version first.
    pub more: Vec<DocumentRequest>,
    /// How to read those, in the ecosystem that has such documents.
    extras: Option<Extras>,
}

/// The answer to one of the documents that [`Reading::more`] asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra<'a> {
    /// Its bytes.
    Document(&'a [u8]),
    /// The registry does not have it, though it said so.
    NotFound,
}

/// Reads a package's main document, which was received with this `Last-Modified` header.
///
/// # Errors
/// [`Unreadable::Gone`] if the document says that there is no such package, else a fault of kind `Malformed` that
/// names the package, the URL and what is wrong: cut off, of another format, of another package.
pub fn read(work: &CrawlWork, document: &[u8], last_modified: Option<&str>) -> Result<Reading, Unreadable> {
    let text = std::str::from_utf8(document)
        .map_err(|error| work.malformed(format_args!("not UTF-8 text (perhaps wrongly compressed): {error}")))?;
    match work.purl.ecosystem() {
        Ecosystem::Cargo => Ok(Reading::whole(cargo::read(work, text, last_modified)?)),
        Ecosystem::Npm => npm::read(work, text).map(Reading::whole),
        Ecosystem::Pypi => {
            let (package, more) = pypi::read(work, text)?;
            let extras = Extras::new(work.purl.name().as_str(), &package);
            Ok(Reading { package, more, extras: Some(extras) })
        }
    }
}

impl Reading {
    /// A package whose main document tells everything.
    const fn whole(package: Package) -> Self {
        Self { package, more: Vec::new(), extras: None }
    }

    /// Takes in the answer to the request for `version`'s own document, which settles that version: its dependencies
    /// are then `Fetched`, `NotFound` or `Malformed`. A version that the package does not have is passed over.
    pub fn read_more(&mut self, version: &str, extra: Extra<'_>) {
        let Some(extras) = &mut self.extras else { return };
        let Some(at) = self.package.versions.iter().position(|known| known.number == version) else { return };
        match extra {
            Extra::NotFound => self.package.versions[at].dependencies = Dependencies::NotFound,
            Extra::Document(document) => extras.add(&mut self.package, at, document),
        }
    }
}
