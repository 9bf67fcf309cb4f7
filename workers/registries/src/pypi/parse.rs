//! A project page: from JSON to a package and the requests for its core metadata.

use std::borrow::Cow;
use std::collections::HashMap;

use gleaner_model::{Artifact, CrawlPart, Dependencies, Fault, Package, Timestamp, Version, Yank};
use url::Url;

use super::filename::{Stated, version_of};
use super::name::is_spelling_of;
use super::order::PypiOrder;
use super::page::{File, Page, Yanked};
use super::plan::ACCEPT_FILE;
use super::releases::Releases;
use super::wheel::Candidate;
use crate::checksum::hex_artifact;
use crate::json::{Entries, read_whole, with_mended_surrogates};
use crate::moment::moment;
use crate::order::sort;
use crate::work::{CORE_METADATA_MAX_BYTES, CrawlWork, DocumentRequest};

/// Reads a project page. Its edition is `meta._last-serial`. The requests are for the newest versions that offer core
/// metadata and are not settled.
pub(crate) fn read(work: &CrawlWork, text: &str) -> Result<(Package, Vec<DocumentRequest>), Fault> {
    with_mended_surrogates(text, |text| read_text(work, text))
}

fn read_text(work: &CrawlWork, text: &str) -> Result<(Package, Vec<DocumentRequest>), Fault> {
    let mut page = Page::default();
    match read_whole(text, Entries(&mut page)) {
        Ok(true) => {}
        Ok(false) => return Err(work.malformed("not a project page: it is no object")),
        Err(error) => return Err(work.malformed(format_args!("not a project page: {error}"))),
    }
    if let Some(version) = page.meta.api_version.filled().filter(|version| !version.starts_with("1.")) {
        return Err(work.malformed(format_args!("a project page of the unknown API version {version}")));
    }
    let Some(name) = page.name.filled() else {
        return Err(work.malformed("not a project page: it names no project"));
    };
    if !is_spelling_of(name, work.purl.name().as_str()) {
        return Err(work.malformed(format_args!("the page is of the project `{name}`")));
    }
    let Some(files) = page.files.take() else {
        return Err(work.malformed("not a project page: it has no list of files"));
    };
    Ok(assemble(work, &page, &files))
}

fn assemble(work: &CrawlWork, page: &Page<'_>, files: &[File<'_>]) -> (Package, Vec<DocumentRequest>) {
    let mut releases = Releases::<Release<'_>>::new(page.versions.iter().map(Cow::as_ref));
    let mut unclear = Vec::new();
    for file in files {
        let Some((filename, stated)) = stated_version(work, file) else { continue };
        match releases.stated(stated) {
            Some(release) => release.add(filename, file),
            None => unclear.push((filename, stated, file)),
        }
    }
    for (filename, stated, file) in unclear {
        if let Some(release) = releases.guessed(stated) {
            release.add(filename, file);
        }
    }
    let (mut versions, mut candidates) = (Vec::new(), HashMap::new());
    for (number, release) in releases.into_list() {
        if let Some(candidate) = release.best.filter(|_| !work.settled.contains(&number)) {
            candidates.insert(number.clone(), candidate);
        }
        versions.push(release.into_version(number, &candidates));
    }
    let ordered = sort::<PypiOrder>(versions);
    let latest = ordered.latest();
    let pending = ordered.versions.iter().rev().filter_map(|version| candidates.get_key_value(&version.number));
    let more = requests(work, pending);
    let edition = page.meta.last_serial.0;
    (Package { latest, versions: ordered.versions, edition, ..Package::default() }, more)
}

fn stated_version<'a>(work: &CrawlWork, file: &'a File<'_>) -> Option<(&'a str, Stated<'a>)> {
    let filename = file.filename.filled()?;
    Some((filename, version_of(filename, work.purl.name().as_str())?))
}

/// The requests for the newest of the versions that have a candidate.
fn requests<'a>(
    work: &CrawlWork,
    pending: impl Iterator<Item = (&'a String, &'a Candidate<'a>)>,
) -> Vec<DocumentRequest> {
    let count = match work.part {
        CrawlPart::Newest => work.newest,
        CrawlPart::Older => work.older,
    };
    let page = Url::parse(&work.document_url()).ok();
    let request = |(number, candidate): (&String, &Candidate<'_>)| {
        let mut url = page.as_ref()?.join(candidate.url).ok()?;
        url.set_fragment(None);
        Some(DocumentRequest {
            url: format!("{url}.metadata"),
            accept: ACCEPT_FILE,
            max_bytes: CORE_METADATA_MAX_BYTES,
            version: Some(number.clone()),
        })
    };
    pending.filter_map(request).take(count).collect()
}

/// What is gathered of a version's files.
#[derive(Default)]
struct Release<'a> {
    artifacts: Vec<Artifact>,
    published_at: Option<Timestamp>,
    runtime: Option<&'a str>,
    yanked_files: usize,
    reason: Option<&'a str>,
    best: Option<Candidate<'a>>,
}

impl<'a> Release<'a> {
    fn add(&mut self, filename: &'a str, file: &'a File<'_>) {
        let uploaded_at = file.upload_time.filled().and_then(moment);
        let runtime = file.requires_python.filled();
        self.artifacts.push(Artifact {
            published_at: uploaded_at,
            yank: match &file.yanked {
                Yanked::Yes(reason) => Some(Yank { reason: reason.as_deref().map(str::to_owned) }),
                Yanked::No => None,
            },
            runtime: runtime.map(str::to_owned),
            ..hex_artifact(filename, "sha256", file.hashes.sha256.filled())
        });
        self.published_at = self.published_at.into_iter().chain(uploaded_at).min();
        self.runtime = self.runtime.or(runtime);
        let yanked = if let Yanked::Yes(reason) = &file.yanked {
            self.yanked_files += 1;
            self.reason = self.reason.or(reason.as_deref());
            true
        } else {
            false
        };
        if file.offers_metadata() {
            let candidate = file.url.filled().and_then(|url| Candidate::new(filename, url, yanked));
            self.best = self.best.into_iter().chain(candidate).min();
        }
    }

    /// The version with this number; it is pending if it is among those that metadata can be fetched for.
    fn into_version(self, number: String, pending: &HashMap<String, Candidate<'_>>) -> Version {
        let is_pending = pending.contains_key(&number);
        let is_yanked = !self.artifacts.is_empty() && self.yanked_files == self.artifacts.len();
        Version {
            number,
            published_at: self.published_at,
            yank: is_yanked.then(|| Yank { reason: self.reason.map(str::to_owned) }),
            deprecated: None,
            licence: None,
            runtime: self.runtime.map(str::to_owned),
            dependencies: if is_pending { Dependencies::Pending } else { Dependencies::NotFetched },
            features: Vec::new(),
            details: None,
            artifacts: self.artifacts,
        }
    }
}

#[cfg(test)]
mod tests;
