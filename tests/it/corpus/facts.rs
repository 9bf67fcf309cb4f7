//! What the documents say, in a form that can be set beside what is stored.

use std::collections::BTreeMap;

use gleaner_proto::v1::{Dependency, DependencyKind};

use crate::support::documents::{Documents, npm_purl};

/// What a document says of a package.
pub(super) struct Facts {
    pub(super) purl: String,
    pub(super) latest: Option<String>,
    pub(super) versions: Versions,
}

/// How the versions are to be compared.
pub(super) enum Versions {
    /// The document says all of every version; by number.
    Stated(BTreeMap<String, Version>),
    /// A Python project: what is said of its files, by which its versions are judged.
    Files(super::pypi::Project),
}

/// What is said of a version.
#[derive(Debug, Default)]
pub(super) struct Version {
    pub(super) yanked: bool,
    pub(super) deprecated: String,
    pub(super) published_at_ms: Option<i64>,
    /// In the order of [`sorted`].
    pub(super) dependencies: Vec<Dependency>,
    /// Features and what they enable.
    pub(super) features: BTreeMap<String, Vec<String>>,
}

/// Reads all documents.
pub(super) fn read(documents: Documents) -> Vec<Facts> {
    let Documents { cargo, npm, pages, metadata } = documents;
    let mut facts = Vec::new();
    for (name, index) in cargo {
        let versions = Versions::Stated(super::cargo::versions(&name, &index));
        facts.push(Facts { purl: format!("pkg:cargo/{name}"), latest: None, versions });
    }
    for (name, packument) in npm {
        let (latest, versions) = super::npm::versions(&name, &packument);
        facts.push(Facts { purl: npm_purl(&name), latest, versions: Versions::Stated(versions) });
    }
    let metadata = std::sync::Arc::new(metadata);
    for (name, page) in pages {
        let project = super::pypi::Project::read(&name, &page, &metadata);
        facts.push(Facts { purl: format!("pkg:pypi/{name}"), latest: None, versions: Versions::Files(project) });
    }
    facts
}

/// A dependency without anything special.
pub(super) fn dependency(name: &str, requirement: &str, kind: DependencyKind) -> Dependency {
    Dependency {
        name: name.to_owned(),
        requirement: requirement.to_owned(),
        kind: kind.into(),
        ..Dependency::default()
    }
}

/// Dependencies in an order of their own, since objects of JSON have none.
pub(super) fn sorted(mut dependencies: Vec<Dependency>) -> Vec<Dependency> {
    fn key(of: &Dependency) -> (&str, &str, &str, i32, bool, &str, &[String], bool) {
        let Dependency { name, alias, requirement, kind, optional, target, features, no_default_features, .. } = of;
        (name, requirement, alias, *kind, *optional, target, features, *no_default_features)
    }
    dependencies.sort_by(|one, other| key(one).cmp(&key(other)));
    dependencies
}

/// Milliseconds since 1970 of a time such as `2014-12-30T01:02:03.456789Z`; digits behind the milliseconds are cut.
pub(super) fn milliseconds(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| -> i64 {
        text.get(range).and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("`{text}` is no time"))
    };
    let utc = text.strip_suffix('Z').or(text.strip_suffix("+00:00"));
    let text = utc.unwrap_or_else(|| panic!("`{text}` is not in UTC"));
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let seconds = (number(11..13) * 60 + number(14..16)) * 60 + number(17..19);
    let fraction: String = text[19..].chars().filter(char::is_ascii_digit).chain("000".chars()).take(3).collect();
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][usize::try_from(month - 1).unwrap()];
    let leap_day = i64::from(month > 2 && is_leap(year));
    let years = (1970..year).map(|year| 365 + i64::from(is_leap(year))).sum::<i64>();
    let days = years + days_before + leap_day + day - 1;
    (days * 86_400 + seconds) * 1_000 + fraction.parse::<i64>().unwrap()
}

#[test]
fn times_are_read() {
    assert_eq!(milliseconds("1970-01-01T00:00:00Z"), 0);
    assert_eq!(milliseconds("2000-03-01T00:00:00.5+00:00"), 951_868_800_500);
    assert_eq!(milliseconds("2026-11-23T19:20:21.123999Z"), 1_795_461_621_123);
}
