//! The published tables of semantic versioning and of cargo's requirements, through the resolver.
//!
//! Sources: <https://semver.org> (item 11, precedence), and the tables of "Specifying Dependencies" in the Cargo book.

use crate::made::Index;

/// From the lowest to the highest, as item 11 lists them.
const PRECEDENCE: [&str; 12] = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.1.0",
    "2.0.0",
    "2.1.1",
];

fn chosen(versions: &[&str], requirement: &str) -> Option<String> {
    let mut index = Index::default();
    for version in versions {
        index.version("a", version, &[]);
    }
    match index.resolve(&format!("[dependencies]\na = \"{requirement}\"")) {
        gleaner_resolvers::Answer::Graph(graph) => Some(graph.nodes[0].version.to_string()),
        _ => None,
    }
}

#[test]
fn of_two_versions_the_one_of_higher_precedence_is_chosen() {
    for (at, low) in PRECEDENCE.iter().enumerate() {
        for high in &PRECEDENCE[at + 1..] {
            // A requirement of which every pre-release of 1.0.0, and every release, is a candidate.
            let both = ">=1.0.0-alpha";
            for order in [[*low, *high], [*high, *low]] {
                assert_eq!(chosen(&order, both).as_deref(), Some(*high), "{low} {high}");
            }
        }
    }
}

/// Build metadata has no precedence in the text of the standard; cargo orders it by its text.
#[test]
fn build_metadata_is_kept_and_does_not_matter_to_requirements() {
    assert_eq!(chosen(&["1.0.0+build.1"], "=1.0.0").as_deref(), Some("1.0.0+build.1"));
    assert_eq!(chosen(&["1.0.0+a", "0.9.0"], "*").as_deref(), Some("1.0.0+a"));
}

/// A requirement, the lowest version that satisfies it, and the lowest above it that does not any more.
const REQUIREMENTS: [(&str, &str, Option<&str>); 24] = [
    ("1.2.3", "1.2.3", Some("2.0.0")),
    ("1.2", "1.2.0", Some("2.0.0")),
    ("1", "1.0.0", Some("2.0.0")),
    ("0.2.3", "0.2.3", Some("0.3.0")),
    ("0.2", "0.2.0", Some("0.3.0")),
    ("0.0.3", "0.0.3", Some("0.0.4")),
    ("0.0", "0.0.0", Some("0.1.0")),
    ("0", "0.0.0", Some("1.0.0")),
    ("^1.2.3", "1.2.3", Some("2.0.0")),
    ("~1.2.3", "1.2.3", Some("1.3.0")),
    ("~1.2", "1.2.0", Some("1.3.0")),
    ("~1", "1.0.0", Some("2.0.0")),
    ("*", "0.0.0", None),
    ("1.*", "1.0.0", Some("2.0.0")),
    ("1.2.*", "1.2.0", Some("1.3.0")),
    (">= 1.2.0", "1.2.0", None),
    ("> 1", "2.0.0", None),
    ("> 1.2", "1.3.0", None),
    ("< 2", "0.0.0", Some("2.0.0")),
    ("<= 1.2", "0.0.0", Some("1.3.0")),
    ("= 1.2.3", "1.2.3", Some("1.2.4")),
    ("=1.2", "1.2.0", Some("1.3.0")),
    (">= 1.2, < 1.5", "1.2.0", Some("1.5.0")),
    ("=1", "1.0.0", Some("2.0.0")),
];

#[test]
fn requirements_mean_what_the_book_says() {
    for (requirement, low, end) in REQUIREMENTS {
        assert_eq!(chosen(&[low], requirement).as_deref(), Some(low), "{requirement}");
        assert_eq!(chosen(&["777.0.0"], requirement).is_some(), end.is_none(), "{requirement}");
        if let Some(end) = end {
            assert_eq!(chosen(&[end], requirement), None, "{requirement}");
        }
        if let Some(below) = before(low) {
            assert_eq!(chosen(&[&below], requirement), None, "{requirement}");
        }
        // A pre-release satisfies only what names one of its number.
        assert_eq!(chosen(&[&format!("{low}-rc.1")], requirement), None, "{requirement}");
    }
}

/// The version right below.
fn before(version: &str) -> Option<String> {
    let version: semver::Version = version.parse().unwrap();
    match (version.major, version.minor, version.patch) {
        (0, 0, 0) => None,
        (major, 0, 0) => Some(format!("{}.99.99", major - 1)),
        (major, minor, 0) => Some(format!("{major}.{}.99", minor - 1)),
        (major, minor, patch) => Some(format!("{major}.{minor}.{}", patch - 1)),
    }
}

#[test]
fn pre_releases_are_chosen_where_they_are_named() {
    for (requirement, versions, expected) in [
        ("1.0.0-alpha", &["1.0.0-beta"][..], Some("1.0.0-beta")),
        ("1.0.0-alpha", &["1.0.0-beta", "1.0.0"], Some("1.0.0")),
        ("1.0.0-alpha", &["1.0.1-beta"], None),
        ("^1.0.0-rc.1", &["1.0.0-beta.11"], None),
        ("=1.0.0-rc.1", &["1.0.0-rc.1", "1.0.0"], Some("1.0.0-rc.1")),
        (">=1.0.0-rc.1, <2", &["1.0.0-rc.2", "1.4.0-rc.1"], Some("1.0.0-rc.2")),
        ("*", &["2.0.0-rc.1"], None),
    ] {
        assert_eq!(chosen(versions, requirement).as_deref(), expected, "{requirement} {versions:?}");
    }
}
