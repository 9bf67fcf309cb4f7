//! `gleaner show --json` says the same as the services, for some packages and versions of every ecosystem.

use std::collections::BTreeMap;

use gleaner_proto::v1::{DependenciesState, Dependency, DependencyKind};
use serde_json::{Value, json};

use super::facts::{Facts, milliseconds};
use super::stored;
use crate::support::Place;
use crate::support::rpc::Client;

/// Packages that are shown: a process is started for each of them and for one of its versions.
const SHOWN: usize = 24;

/// Shows every so-many-th package.
pub(super) async fn some(place: &Place, server: &str, expected: &[Facts]) {
    let catalog = Client::connect(server).await.catalog();
    for (at, facts) in expected.iter().step_by(expected.len().div_ceil(SHOWN)).enumerate() {
        let purl = &facts.purl;
        let stored = stored::versions(&catalog, purl).await;
        let shown = show(place, server, purl);
        assert_eq!(shown["purl"], purl.as_str());
        assert_eq!(shown["presence"], "present");
        assert!(shown["next_due_at"].is_string() && shown["fetched_at"].is_string(), "{shown}");
        let versions = shown["versions"].as_array().unwrap();
        assert_eq!(versions.len(), stored.len(), "{purl}");
        for (shown, stored) in versions.iter().zip(&stored) {
            assert_eq!(shown["version"], stored.number.as_str(), "{purl}");
            assert_eq!(shown["yanked"], stored.yank.is_some(), "{purl}");
            assert_eq!(shown["deprecated"].as_str().unwrap_or_default(), stored.deprecated, "{purl}");
            assert_eq!(shown["published_at"].as_str().map_or(0, milliseconds), stored.published_at_ms, "{purl}");
            assert_eq!(shown["dependencies_state"], state(stored.dependencies_state()), "{purl}");
            assert_eq!(shown["dependencies"], json!(stored.dependencies), "{purl}");
            let features: BTreeMap<&str, &Vec<String>> =
                stored.features.iter().map(|feature| (feature.name.as_str(), &feature.enables)).collect();
            assert_eq!(features_of(shown), json!(features), "{purl}");
        }
        if let Some(version) = stored.get(at % stored.len().max(1)) {
            show_version(place, server, purl, &version.number, &catalog).await;
        }
    }
}

async fn show_version(
    place: &Place,
    server: &str,
    purl: &str,
    number: &str,
    catalog: &gleaner_proto::v1::catalog_service_client::CatalogServiceClient<tonic::transport::Channel>,
) {
    let stored = stored::dependencies(catalog, purl, number).await;
    let shown = show(place, server, &stored::with_version(purl, number));
    assert_eq!(shown["state"], state(stored.state()), "{purl}@{number}");
    let dependencies: Vec<Value> = stored.dependencies.iter().map(dependency).collect();
    let nothing = json!([]);
    let listed = if shown["dependencies"].is_null() { &nothing } else { &shown["dependencies"] };
    assert_eq!(*listed, json!(dependencies), "{purl}@{number}");
}

fn show(place: &Place, server: &str, purl: &str) -> Value {
    place.gleaner(["show", "--json", "--server", server, purl]).run().expect(0).object()
}

fn features_of(version: &Value) -> Value {
    let features = version["features"].as_array().unwrap().iter();
    features.map(|feature| (feature["name"].as_str().unwrap().to_owned(), feature["enables"].clone())).collect()
}

fn state(state: DependenciesState) -> &'static str {
    match state {
        DependenciesState::Fetched => "fetched",
        DependenciesState::Pending => "pending",
        DependenciesState::NotFetched => "not_fetched",
        DependenciesState::NotFound => "not_found",
        DependenciesState::Malformed => "malformed",
        DependenciesState::Unspecified => "unspecified",
    }
}

fn dependency(stored: &Dependency) -> Value {
    let text = |text: &String| (!text.is_empty()).then(|| text.clone());
    json!({
        "name": stored.name,
        "alias": text(&stored.alias),
        "requirement": stored.requirement,
        "kind": match stored.kind() {
            DependencyKind::Normal | DependencyKind::Unspecified => "normal",
            DependencyKind::Build => "build",
            DependencyKind::Dev => "dev",
            DependencyKind::Peer => "peer",
        },
        "optional": stored.optional,
        "default_features": !stored.no_default_features,
        "features": stored.features,
        "target": text(&stored.target),
        "registry": text(&stored.registry),
    })
}
