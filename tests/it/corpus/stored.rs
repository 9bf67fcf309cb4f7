//! What the catalogue has, over gRPC.

use gleaner_proto::v1::catalog_service_client::CatalogServiceClient;
use gleaner_proto::v1::{self, VersionSummary};
use tonic::transport::Channel;

/// A package without its versions.
pub(super) async fn package(catalog: &CatalogServiceClient<Channel>, purl: &str) -> v1::GetPackageResponse {
    let request = v1::GetPackageRequest { purl: purl.to_owned(), registry: String::new() };
    catalog.clone().get_package(request).await.unwrap_or_else(|error| panic!("{purl}: {error}")).into_inner()
}

/// All versions of a package, highest first. Pages are small, so that there are several of some packages.
pub(super) async fn versions(catalog: &CatalogServiceClient<Channel>, purl: &str) -> Vec<VersionSummary> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request =
            v1::ListVersionsRequest { purl: purl.to_owned(), page_size: 1_000, page_token, ..Default::default() };
        let page = catalog.clone().list_versions(request).await.unwrap_or_else(|error| panic!("{purl}: {error}"));
        let page = page.into_inner();
        all.extend(page.versions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// The dependencies of a version.
pub(super) async fn dependencies(
    catalog: &CatalogServiceClient<Channel>,
    purl: &str,
    number: &str,
) -> v1::ListDependenciesResponse {
    let purl = with_version(purl, number);
    let request = v1::ListDependenciesRequest { purl: purl.clone(), registry: String::new() };
    catalog.clone().list_dependencies(request).await.unwrap_or_else(|error| panic!("{purl}: {error}")).into_inner()
}

/// The purl of a version.
pub(super) fn with_version(purl: &str, number: &str) -> String {
    let encoded: String = number
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-_~".contains(c) { c.to_string() } else { encode(c) })
        .collect();
    format!("{purl}@{encoded}")
}

fn encode(c: char) -> String {
    c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}
