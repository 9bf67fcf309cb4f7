//! What the catalogue shows: pooled facts written out, and none of them made up.

use gleaner_model::{
    Artifact, ContentHash, Dependencies, Dependency, DependencyKind, Document, Feature, Outline, Package,
    PackageContent, PackageHead, PackageKey, PackageRecord, Presence, Purl, Source, Timestamp, Validators, Version,
    Yank,
};

use crate::convert::{dependencies_response, package_response, version_summary};
use crate::v1;

fn dependency(name: &str, kind: DependencyKind) -> Dependency {
    Dependency {
        name: name.to_owned(),
        alias: None,
        requirement: "^1".to_owned(),
        kind,
        optional: false,
        default_features: true,
        features: Vec::new(),
        target: None,
        registry: None,
    }
}

fn version(number: &str, dependencies: Dependencies) -> Version {
    Version {
        number: number.to_owned(),
        published_at: Some(Timestamp::from_millis(77)),
        yank: Some(Yank { reason: Some("broken".to_owned()) }),
        deprecated: None,
        licence: Some(1),
        runtime: Some("1.60".to_owned()),
        dependencies,
        features: vec![1],
        details: None,
        artifacts: vec![Artifact { algorithm: "sha256".to_owned(), checksum: vec![9; 32], ..Artifact::default() }],
    }
}

fn package() -> Package {
    Package {
        latest: Some("2.0.0".to_owned()),
        tags: vec![("next".to_owned(), "2.0.0".to_owned())],
        repository: Some("https://code.example/serde".to_owned()),
        versions: vec![version("1.0.0", Dependencies::NotFetched), version("2.0.0", Dependencies::Fetched(vec![1, 0]))],
        dependencies: vec![dependency("itoa", DependencyKind::Normal), dependency("ryu", DependencyKind::Dev)],
        features: ["std", "derive"].map(|name| Feature { name: name.to_owned(), enables: Vec::new() }).into(),
        licences: vec!["MIT".to_owned(), "Apache-2.0".to_owned()],
        details: Vec::new(),
        edition: None,
    }
}

fn serde() -> Purl {
    "pkg:cargo/serde@9".parse().expect("valid")
}

fn record(presence: Presence, package: Package, source: Option<Source>) -> PackageRecord {
    let head = PackageHead {
        key: PackageKey::in_default_registry(&serde()),
        revision: 3,
        content_revision: 2,
        presence,
        source,
        last_attempt: Timestamp::from_millis(10),
        last_success: Some(Timestamp::from_millis(11)),
        last_change: None,
        missing_since: None,
        next_due: Timestamp::from_millis(12),
        outline: Outline::default(),
    };
    let more_documents = head.source.iter().map(|_| document(5)).collect();
    PackageRecord { head, content: PackageContent { package, more_documents } }
}

fn response(record: PackageRecord) -> v1::GetPackageResponse {
    package_response(record.head, &record.content)
}

fn document(hash: u8) -> Document {
    Document { hash: ContentHash([hash; 32]), length: 8, url: "http://mirror.example/se/rd".to_owned() }
}

#[test]
fn a_record_is_shown_without_its_versions() {
    let source =
        Source { document: document(4), validators: Validators::default(), fetched_at: Timestamp::from_millis(9) };
    let shown = response(record(Presence::Present, package(), Some(source)));
    let expected = v1::GetPackageResponse {
        purl: "pkg:cargo/serde".to_owned(),
        registry: "cargo".to_owned(),
        presence: v1::Presence::Present.into(),
        versions: 2,
        latest: "2.0.0".to_owned(),
        tags: vec![v1::Tag { name: "next".to_owned(), version: "2.0.0".to_owned() }],
        repository: "https://code.example/serde".to_owned(),
        licence: "Apache-2.0".to_owned(),
        documents: vec![document(4).into(), document(5).into()],
        fetched_at_ms: 9,
        last_attempt_at_ms: 10,
        last_success_at_ms: 11,
        last_change_at_ms: 0,
        missing_since_at_ms: 0,
        next_due_at_ms: 12,
        revision: 3,
    };
    assert_eq!(shown, expected);
}

#[test]
fn a_package_that_never_was_has_nothing_but_its_presence() {
    let shown = response(record(Presence::NotFound, Package::default(), None));
    assert_eq!(shown.presence(), v1::Presence::NotFound);
    assert_eq!((shown.versions, shown.fetched_at_ms, shown.latest.as_str()), (0, 0, ""));
    assert!(shown.documents.is_empty() && shown.licence.is_empty());
}

#[test]
fn a_version_is_shown_with_its_facts_written_out() {
    let package = package();
    let shown = version_summary(&package, &package.versions[1]);
    assert_eq!((shown.number.as_str(), shown.licence.as_str()), ("2.0.0", "Apache-2.0"));
    assert_eq!((shown.published_at_ms, shown.runtime.as_str()), (77, "1.60"));
    assert_eq!(shown.yank, Some(v1::Yank { reason: "broken".to_owned() }));
    assert_eq!(shown.features, [v1::Feature { name: "derive".to_owned(), enables: Vec::new() }]);
    assert_eq!(shown.artifacts[0].checksum, [9; 32]);
    assert_eq!((shown.dependencies_state(), shown.dependencies), (v1::DependenciesState::Fetched, Some(2)));
}

#[test]
fn a_version_that_was_not_fetched_has_no_number_of_dependencies() {
    let package = package();
    let shown = version_summary(&package, &package.versions[0]);
    assert_eq!((shown.dependencies_state(), shown.dependencies), (v1::DependenciesState::NotFetched, None));
}

#[test]
fn dependencies_keep_the_order_of_their_version() {
    let package = package();
    let shown = dependencies_response(&package, &package.versions[1], &serde());
    assert_eq!(shown.purl, "pkg:cargo/serde@2.0.0");
    let names: Vec<_> = shown.dependencies.iter().map(|dependency| dependency.name.as_str()).collect();
    assert_eq!(names, ["ryu", "itoa"]);
    let unknown = dependencies_response(&package, &package.versions[0], &serde());
    assert_eq!((unknown.state(), unknown.dependencies.len()), (v1::DependenciesState::NotFetched, 0));
}
