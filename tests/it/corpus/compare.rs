//! Everything that is stored beside everything that the documents say.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use gleaner_proto::v1::catalog_service_client::CatalogServiceClient;
use gleaner_proto::v1::{DependenciesState, Presence, VersionSummary};
use tonic::transport::Channel;

use super::facts::{Facts, Version, Versions, sorted};
use super::stored;
use crate::support::rpc::Client;

/// Packages that are compared at a time: enough to keep the scheduler busy while others are being compared.
const AT_A_TIME: usize = 8;

/// Compares all packages.
pub(super) async fn all(server: &str, expected: &[Facts]) {
    let catalog = Client::connect(server).await.catalog();
    let compared: Vec<usize> =
        stream::iter(expected).map(|facts| package(&catalog, facts)).buffer_unordered(AT_A_TIME).collect().await;
    println!("{} versions of {} packages were compared", compared.iter().sum::<usize>(), expected.len());
}

async fn package(catalog: &CatalogServiceClient<Channel>, facts: &Facts) -> usize {
    let purl = &facts.purl;
    let package = stored::package(catalog, purl).await;
    assert_eq!(package.presence(), Presence::Present, "{purl}");
    if let Some(latest) = &facts.latest {
        assert_eq!(&package.latest, latest, "{purl}");
    }
    let versions = stored::versions(catalog, purl).await;
    assert_eq!(usize::try_from(package.versions).unwrap(), versions.len(), "{purl}");
    match &facts.versions {
        Versions::Stated(stated) => compare_list(purl, stated, &versions),
        Versions::Files(project) => project.judge(&versions),
    }
    for version in &versions {
        dependencies(catalog, facts, version).await;
    }
    versions.len()
}

fn compare_list(purl: &str, stated: &BTreeMap<String, Version>, versions: &[VersionSummary]) {
    let mut numbers: Vec<&str> = versions.iter().map(|version| version.number.as_str()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, stated.keys().map(String::as_str).collect::<Vec<_>>(), "{purl}");
    for version in versions {
        let (number, stated) = (&version.number, &stated[&version.number]);
        assert_eq!(version.yank.is_some(), stated.yanked, "{purl}@{number}");
        assert_eq!(version.deprecated, stated.deprecated, "{purl}@{number}");
        assert_eq!(version.published_at_ms, stated.published_at_ms.unwrap_or(0), "{purl}@{number}");
        assert_eq!(version.dependencies_state(), DependenciesState::Fetched, "{purl}@{number}");
        let features: BTreeMap<_, _> =
            version.features.iter().map(|feature| (feature.name.clone(), feature.enables.clone())).collect();
        assert_eq!(features.len(), version.features.len(), "{purl}@{number}");
        assert_eq!(features, stated.features, "{purl}@{number}");
    }
}

async fn dependencies(catalog: &CatalogServiceClient<Channel>, facts: &Facts, version: &VersionSummary) {
    let (purl, number) = (&facts.purl, &version.number);
    let answer = stored::dependencies(catalog, purl, number).await;
    assert_eq!(answer.state(), version.dependencies_state(), "{purl}@{number}");
    let fetched = answer.state() == DependenciesState::Fetched;
    let count = fetched.then(|| u32::try_from(answer.dependencies.len()).unwrap());
    assert_eq!(version.dependencies, count, "{purl}@{number}");
    match &facts.versions {
        Versions::Stated(stated) => {
            assert_eq!(sorted(answer.dependencies), stated[number].dependencies, "{purl}@{number}");
        }
        Versions::Files(project) if fetched => project.judge_dependencies(version, &answer.dependencies),
        Versions::Files(_) => assert!(answer.dependencies.is_empty(), "{purl}@{number}"),
    }
}
