//! Resolutions that take long: more pigeons than holes.
//!
//! `pigeon-p` has a version for each hole, and version `1.0.k` needs `hole-k` at exactly `1.0.p`. Of versions that go
//! together a graph holds one, so no two pigeons can be in one hole; there is one pigeon more than there are holes, hence no
//! graph. No search by resolution shows that in fewer than exponentially many steps (A. Haken, "The intractability of
//! resolution", 1985), so the victim computes until its budget ends it.

use gleaner_proto::v1::{JobKind, JobSpec, Manifest, Question};
use serde_json::json;

/// Holes; enough for minutes of searching.
const HOLES: usize = 14;

/// Every package of the puzzle.
pub(super) fn packages() -> Vec<String> {
    let pigeons = (1..=HOLES + 1).map(|pigeon| format!("pigeon-{pigeon}"));
    pigeons.chain((1..=HOLES).map(|hole| format!("hole-{hole}"))).collect()
}

/// The cargo index's document of one of them; none if it is not of the puzzle.
pub(super) fn document(package: &str) -> Option<String> {
    let (kind, number) = package.split_once('-')?;
    let number: usize = number.parse().ok()?;
    let versions = match kind {
        "pigeon" => 1..=HOLES,
        "hole" => 1..=HOLES + 1,
        _ => return None,
    };
    let needs = |version: usize| match kind {
        "pigeon" => vec![json!({
            "name": format!("hole-{version}"), "req": format!("=1.0.{number}"), "features": [], "optional": false,
            "default_features": true, "target": null, "kind": "normal",
        })],
        _ => Vec::new(),
    };
    let line = |version: usize| {
        json!({
            "name": package, "vers": format!("1.0.{version}"), "deps": needs(version), "cksum": "0".repeat(64),
            "features": {}, "yanked": false,
        })
    };
    Some(versions.map(|version| format!("{}\n", line(version))).collect())
}

/// The question whether all pigeons can be had together. Each number makes another one of it.
pub(super) fn question(number: usize) -> JobSpec {
    let needs: String = (1..=HOLES + 1).map(|pigeon| format!("pigeon-{pigeon} = \"1\"\n")).collect();
    let text = format!("[package]\nname = \"dovecote-{number}\"\nversion = \"1.0.0\"\n\n[dependencies]\n{needs}");
    JobSpec {
        kind: JobKind::Resolve.into(),
        purl: "pkg:cargo/manifest".to_owned(),
        question: Some(Question {
            manifest: Some(Manifest { file: "Cargo.toml".to_owned(), text }),
            ..Question::default()
        }),
        ..JobSpec::default()
    }
}
