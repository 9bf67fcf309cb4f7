//! A crawl: a package's main document, what belongs to it, and the facts that they tell.

use std::collections::HashSet;

use gleaner_model::{CrawlFacts, Dependencies, JobKind, Outcome, Package, PackageKey};
use gleaner_registries::{CrawlWork, plan};

use super::errand::Errand;
use crate::state::{KnownDocument, Parcel};

/// How a crawl ended, and the document to keep for the next one.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) parcel: Parcel,
    pub(super) known: Option<KnownDocument>,
}

impl Report {
    /// An outcome that names no documents.
    pub(super) const fn bare(outcome: Outcome) -> Self {
        Self { parcel: Parcel { outcome, documents: Vec::new() }, known: None }
    }
}

impl Errand {
    /// Does what the assignment asks for.
    pub(super) async fn work(&self) -> Report {
        match self.assignment.kind {
            JobKind::Crawl => self.crawl().await.unwrap_or_else(Report::bare),
            JobKind::Resolve => Report::bare(self.resolve().await),
        }
    }

    async fn crawl(&self) -> Result<Report, Outcome> {
        let work = self.crawl_work();
        let request = plan(&work).map_err(Outcome::Failed)?;
        let main = self.main_document(&request).await?;
        let page = main.page(&request.url);
        let mut understood = self.understand(work, request, main).await?;
        if !understood.reading.more.is_empty() {
            self.lease.notes.page(page);
        }
        let more = self.fetch_more(&mut understood.reading).await;

        let package = understood.reading.package;
        let known = (!understood.kept && has_pending(&package)).then(|| KnownDocument {
            key: PackageKey::new(self.assignment.registry.name.clone(), &self.assignment.purl),
            packed: understood.packed.clone(),
            validators: understood.validators.clone(),
            fetched_at: understood.at,
        });
        let mut documents = vec![understood.packed];
        documents.extend(more);
        let facts = CrawlFacts {
            package,
            documents: documents.iter().map(|packed| packed.document.clone()).collect(),
            validators: understood.validators,
            fetched_at: understood.at,
        };
        Ok(Report { parcel: Parcel { outcome: Outcome::Fetched(Box::new(facts)), documents }, known })
    }

    fn crawl_work(&self) -> CrawlWork {
        CrawlWork {
            purl: self.assignment.purl.clone(),
            part: self.assignment.part,
            base_url: self.assignment.registry.base_url.clone(),
            settled: self.assignment.settled.iter().cloned().collect::<HashSet<String>>(),
            newest: self.tools.options.newest,
            older: self.tools.options.older,
        }
    }
}

/// Will a crawl of the older part follow?
fn has_pending(package: &Package) -> bool {
    package.versions.iter().any(|version| version.dependencies == Dependencies::Pending)
}
