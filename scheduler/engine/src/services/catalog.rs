//! `gleaner.v1.CatalogService`: read from the store, past the scheduler.

use std::sync::Arc;

use gleaner_model::{PackageContent, PackageHead, PackageKey, Purl};
use gleaner_proto::convert::{self, ReadPackages};
use gleaner_proto::v1;
use gleaner_store::Cursor;
use tonic::{Code, Request, Response, Status};

use super::contents::Contents;
use super::{Shared, credentials, errors, read_packages};

/// Versions or events of one page.
const PAGE_MAX: usize = 10_000;
const PAGE_DEFAULT: usize = 1_000;

/// The service.
pub(crate) struct Catalog {
    shared: Arc<Shared>,
    contents: Arc<Contents>,
}

#[tonic::async_trait]
impl v1::catalog_service_server::CatalogService for Catalog {
    type ReadFactsStream = read_packages::Answers<v1::ReadFactsResponse>;

    async fn read_facts(
        &self,
        request: Request<v1::ReadFactsRequest>,
    ) -> Result<Response<Self::ReadFactsStream>, Status> {
        credentials::client(&self.shared.clients, request.metadata())?;
        let asked = ReadPackages::try_from(request.into_inner()).map_err(|error| errors::invalid(error.to_string()))?;
        Ok(Response::new(read_packages::start(&self.shared, asked)))
    }

    async fn get_package(
        &self,
        request: Request<v1::GetPackageRequest>,
    ) -> Result<Response<v1::GetPackageResponse>, Status> {
        credentials::client(&self.shared.clients, request.metadata())?;
        let request = request.into_inner();
        let (_, head, content) = self.record(&request.purl, &request.registry).await?;
        Ok(Response::new(convert::package_response(head, &content)))
    }

    async fn list_versions(
        &self,
        request: Request<v1::ListVersionsRequest>,
    ) -> Result<Response<v1::ListVersionsResponse>, Status> {
        credentials::client(&self.shared.clients, request.metadata())?;
        let request = request.into_inner();
        let (_, _, content) = self.record(&request.purl, &request.registry).await?;
        let skipped = skipped(&request.page_token)?;
        let size = page_size(request.page_size);
        let package = &content.package;
        let highest_first = package.versions.iter().rev().skip(skipped).take(size);
        let versions = highest_first.map(|version| convert::version_summary(package, version)).collect();
        let end = skipped.saturating_add(size);
        let next_page_token = if end < package.versions.len() { end.to_string() } else { String::new() };
        Ok(Response::new(v1::ListVersionsResponse { versions, next_page_token }))
    }

    async fn list_dependencies(
        &self,
        request: Request<v1::ListDependenciesRequest>,
    ) -> Result<Response<v1::ListDependenciesResponse>, Status> {
        credentials::client(&self.shared.clients, request.metadata())?;
        let request = request.into_inner();
        let (purl, _, content) = self.record(&request.purl, &request.registry).await?;
        let number = purl.version().or(content.package.latest.as_deref()).ok_or_else(|| no_version(&purl))?;
        let purl = purl.with_version(number);
        let version = content.package.version(number).ok_or_else(|| no_version(&purl))?;
        Ok(Response::new(convert::dependencies_response(&content.package, version, &purl)))
    }

    async fn list_events(
        &self,
        request: Request<v1::ListEventsRequest>,
    ) -> Result<Response<v1::ListEventsResponse>, Status> {
        credentials::client(&self.shared.clients, request.metadata())?;
        let v1::ListEventsRequest { cursor, page_size } = request.into_inner();
        let (events, next_cursor) = events(&self.shared, &cursor, page_size).await?;
        Ok(Response::new(v1::ListEventsResponse { events, next_cursor }))
    }
}

/// A page of events from a cursor on, and where to go on.
pub(super) async fn events(shared: &Shared, cursor: &str, asked: u32) -> Result<(Vec<v1::Event>, String), Status> {
    let cursor: Cursor = match cursor {
        "" => Cursor::default(),
        text => text.parse().map_err(|error| errors::invalid(format!("{error}")))?,
    };
    let size = page_size(asked);
    let page = shared.read(move |store| store.events(&cursor, size)).await?;
    let events = page.events.into_iter().map(|(after, event)| (event, after.to_string()).into()).collect();
    Ok((events, page.next.to_string()))
}

impl Catalog {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, contents: Arc::new(Contents::new()) }
    }

    async fn record(&self, purl: &str, registry: &str) -> Result<(Purl, PackageHead, Arc<PackageContent>), Status> {
        let purl = convert::purl(purl).map_err(|error| errors::invalid(error.to_string()))?;
        let registry = convert::registry(registry, &purl).map_err(|error| errors::invalid(error.to_string()))?;
        let key = PackageKey::new(registry, &purl);
        let contents = Arc::clone(&self.contents);
        let record = self.shared.read(move |store| contents.read(store, &key)).await?;
        let (head, content) = record.ok_or_else(|| {
            errors::status(Code::NotFound, "NOT_FETCHED", format!("{} was not fetched yet", purl.without_version()))
        })?;
        Ok((purl, head, content))
    }
}

fn no_version(purl: &Purl) -> Status {
    let what = match purl.version() {
        Some(version) => format!("{} has no version {version}", purl.without_version()),
        None => format!("{purl} has no versions"),
    };
    errors::status(Code::NotFound, "NO_SUCH_VERSION", what)
}

fn skipped(token: &str) -> Result<usize, Status> {
    match token {
        "" => Ok(0),
        token => token.parse().map_err(|_| errors::invalid(format!("`{token}` is not a page token"))),
    }
}

fn page_size(asked: u32) -> usize {
    match usize::try_from(asked).unwrap_or(PAGE_MAX) {
        0 => PAGE_DEFAULT,
        size => size.min(PAGE_MAX),
    }
}
