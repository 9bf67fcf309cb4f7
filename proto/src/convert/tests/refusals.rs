//! One wrong message for each field of jobs, packages, outcomes and events that can be wrong.

use std::fmt::Debug;

use gleaner_model::{Event, JobSpec, JobView, Outcome, Package};

use crate::convert::InvalidMessage;
use crate::v1;

/// How a message is spoiled, and which field must be named for it.
pub(super) type Case<W> = (&'static str, fn(&mut W));

/// Spoils `good` in each way and compares the path of the field that is named.
pub(super) fn refuses<W: Clone, D: TryFrom<W, Error = InvalidMessage> + Debug>(
    good: &W,
    missing: &[Case<W>],
    invalid: &[Case<W>],
) {
    D::try_from(good.clone()).expect("the message is good before it is spoiled");
    let spoiled = |spoil: fn(&mut W)| {
        let mut wire = good.clone();
        spoil(&mut wire);
        D::try_from(wire).expect_err("the message was spoiled")
    };
    for (field, spoil) in missing {
        assert_eq!(spoiled(*spoil), InvalidMessage::missing(*field));
    }
    for (field, spoil) in invalid {
        let error = spoiled(*spoil);
        assert!(matches!(error, InvalidMessage::Invalid { .. }), "{field}: {error}");
        assert_eq!(error.field(), *field);
    }
}

fn spec() -> v1::JobSpec {
    v1::JobSpec { purl: "pkg:cargo/serde".to_owned(), ..v1::JobSpec::default() }
}

#[test]
fn job_specs() {
    refuses::<_, JobSpec>(
        &spec(),
        &[("purl", |w| w.purl.clear())],
        &[
            ("purl", |w| w.purl = "serde".to_owned()),
            ("purl", |w| w.purl = "pkg:gem/rails".to_owned()),
            ("purl", |w| w.purl = format!("pkg:cargo/serde@{}", "1".repeat(497))),
            ("registry", |w| w.registry = "Not A Name".to_owned()),
            ("kind", |w| w.kind = 3),
        ],
    );
    let longest = v1::JobSpec { purl: format!("pkg:cargo/serde@{}", "1".repeat(496)), ..v1::JobSpec::default() };
    assert_eq!(longest.purl.len(), 512);
    assert!(JobSpec::try_from(longest).is_ok());
}

#[test]
fn words_about_a_wrong_purl_are_its_own() {
    let expected = "gem".parse::<gleaner_model::Ecosystem>().expect_err("unknown").to_string();
    let wire = v1::JobSpec { purl: "pkg:gem/rails".to_owned(), ..v1::JobSpec::default() };
    let error = JobSpec::try_from(wire).expect_err("unknown type").inside("jobs[3]");
    assert_eq!(error.to_string(), format!("`jobs[3].purl` is invalid: {expected}"));
    assert_eq!(InvalidMessage::missing("id").to_string(), "`id` is missing");
}

#[test]
fn jobs() {
    let good = v1::Job {
        id: "j-7".to_owned(),
        spec: Some(spec()),
        client: "ci".to_owned(),
        lane: v1::Lane::Free.into(),
        state: v1::JobState::Failed.into(),
        task: "t-7".to_owned(),
        created_at_ms: 1,
        ended_at_ms: 2,
        error: Some(v1::Fault { kind: v1::FaultKind::Outage.into(), detail: String::new() }),
        ..v1::Job::default()
    };
    refuses::<_, JobView>(
        &good,
        &[
            ("id", |w| w.id.clear()),
            ("spec", |w| w.spec = None),
            ("spec.purl", |w| w.spec = Some(v1::JobSpec::default())),
            ("client", |w| w.client.clear()),
            ("lane", |w| w.lane = 0),
            ("state", |w| w.state = 0),
            ("task", |w| w.task.clear()),
            ("created_at_ms", |w| w.created_at_ms = 0),
            ("ended_at_ms", |w| w.ended_at_ms = 0),
            ("error.kind", |w| w.error = Some(v1::Fault::default())),
        ],
        &[
            ("id", |w| w.id = "t-7".to_owned()),
            ("client", |w| w.client = "C I".to_owned()),
            ("lane", |w| w.lane = 5),
            ("state", |w| w.state = -1),
            ("task", |w| w.task = "j-7".to_owned()),
            ("document", |w| w.document = vec![1; 31]),
        ],
    );
}

fn package() -> v1::Package {
    let version = v1::Version {
        number: "1.0.0".to_owned(),
        dependencies_state: v1::DependenciesState::Fetched.into(),
        dependencies: vec![0],
        features: vec![0],
        licence: Some(0),
        ..v1::Version::default()
    };
    let dependency = v1::Dependency {
        name: "itoa".to_owned(),
        kind: v1::DependencyKind::Normal.into(),
        ..v1::Dependency::default()
    };
    v1::Package {
        versions: vec![version.clone(), version],
        dependencies: vec![dependency],
        features: vec![v1::Feature::default()],
        licences: vec!["MIT".to_owned()],
        ..v1::Package::default()
    }
}

#[test]
fn packages() {
    refuses::<_, Package>(
        &package(),
        &[
            ("versions[1].number", |w| w.versions[1].number.clear()),
            ("versions[0].dependencies_state", |w| w.versions[0].dependencies_state = 0),
            ("dependencies[0].name", |w| w.dependencies[0].name.clear()),
            ("dependencies[0].kind", |w| w.dependencies[0].kind = 0),
        ],
        &[
            ("versions[0].dependencies_state", |w| w.versions[0].dependencies_state = 6),
            ("versions[1].dependencies", |w| w.versions[1].dependencies_state = v1::DependenciesState::Pending.into()),
            ("dependencies[0].kind", |w| w.dependencies[0].kind = 5),
            ("versions[1].dependencies", |w| w.versions[1].dependencies[0] = 1),
            ("versions[1].features", |w| w.versions[1].features[0] = 1),
            ("versions[1].licence", |w| w.versions[1].licence = Some(1)),
            ("versions[0].dependencies", |w| w.dependencies.clear()),
        ],
    );
}

#[test]
fn fetched_outcomes() {
    type Pair = (gleaner_model::Attempt, Outcome);
    fn fetched(outcome: &mut v1::Outcome) -> &mut v1::Fetched {
        match &mut outcome.result {
            Some(v1::outcome::Result::Fetched(fetched)) => fetched,
            other => panic!("not fetched: {other:?}"),
        }
    }
    let document = v1::Document { hash: vec![1; 32], length_bytes: 1, url: "http://mirror.example/a".to_owned() };
    let facts = v1::Fetched { package: Some(package()), documents: vec![document], validators: None, fetched_at_ms: 5 };
    let good = v1::Outcome { attempt: Some(v1::Attempt::default()), result: Some(v1::outcome::Result::Fetched(facts)) };
    refuses::<_, Pair>(
        &good,
        &[
            ("attempt", |w| w.attempt = None),
            ("result", |w| w.result = None),
            ("fetched.package", |w| fetched(w).package = None),
            ("fetched.documents", |w| fetched(w).documents.clear()),
            ("fetched.documents[0].hash", |w| fetched(w).documents[0].hash.clear()),
            ("fetched.documents[0].url", |w| fetched(w).documents[0].url.clear()),
            ("fetched.fetched_at_ms", |w| fetched(w).fetched_at_ms = 0),
        ],
        &[
            ("fetched.documents[0].hash", |w| fetched(w).documents[0].hash.push(0)),
            ("fetched.package.versions[0].licence", |w| {
                fetched(w).package.as_mut().expect("a package").versions[0].licence = Some(9);
            }),
        ],
    );
}

#[test]
fn other_outcomes() {
    use v1::outcome::Result as Wire;
    type Pair = (gleaner_model::Attempt, Outcome);
    let good = v1::Outcome { attempt: Some(v1::Attempt::default()), result: Some(Wire::HandedBack(v1::HandedBack {})) };
    refuses::<_, Pair>(
        &good,
        &[
            ("not_modified.checked_at_ms", |w| w.result = Some(Wire::NotModified(v1::NotModified::default()))),
            ("not_found.checked_at_ms", |w| w.result = Some(Wire::NotFound(v1::NotFound::default()))),
            ("gone.checked_at_ms", |w| w.result = Some(Wire::Gone(v1::Gone::default()))),
            ("failed.kind", |w| w.result = Some(Wire::Failed(v1::Fault::default()))),
        ],
        &[("failed.kind", |w| w.result = Some(Wire::Failed(v1::Fault { kind: 9, detail: String::new() })))],
    );
}

#[test]
fn events() {
    let good = v1::Event {
        cursor: "c".to_owned(),
        purl: "pkg:cargo/serde@1.0.0".to_owned(),
        registry: "cargo".to_owned(),
        r#type: "version.published".to_owned(),
        at_ms: 1,
        ..v1::Event::default()
    };
    refuses::<_, (Event, String)>(
        &good,
        &[("purl", |w| w.purl.clear()), ("type", |w| w.r#type.clear()), ("at_ms", |w| w.at_ms = 0)],
        &[
            ("purl", |w| w.purl = "pkg:cargo/serde".to_owned()),
            ("registry", |w| w.registry = "?".to_owned()),
            ("type", |w| w.r#type = "version.eaten".to_owned()),
        ],
    );
}
