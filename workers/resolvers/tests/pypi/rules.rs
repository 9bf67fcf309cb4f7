//! One rule a test, over registries of a few versions.

use gleaner_model::{Ecosystem, PackageName, Timestamp};
use gleaner_resolvers::pypi::{Environment, Pypi, Scratch};
use gleaner_resolvers::{Budget, Flow, Resolver, Sensitivity, Snapshot, View};
use serde_json::json;

use crate::made::{Made, resolve, resolve_in, shown};

fn check(made: Made, manifest: &str, expected: &str) {
    assert_eq!(shown(&resolve(&made.snapshot(), manifest).answer), expected, "{manifest}");
}

#[test]
fn pre_releases_are_for_want_of_others() {
    let made = || Made::default().version("a", "1.0", &[]).version("a", "2.0rc1", &[]).version("b", "1.0b1", &[]);
    check(made(), "a\nb", "a==1.0 b==1.0b1");
    check(made(), "a>=2.0rc1", "a==2.0rc1");
    check(made(), "a>1.0", "a==2.0rc1");
    check(made(), "a>=2.0.dev1", "a==2.0rc1");
}

#[test]
fn withdrawn_versions_are_for_who_pins_them() {
    let made = || {
        Made::default().version("a", "1.0", &[]).version_with("a", "2.0", &[], &json!({"yanked": "broken"})).version(
            "b",
            "1.0",
            &["a==2.0"],
        )
    };
    check(made(), "a", "a==1.0");
    check(
        made(),
        "a>=2.0,==2.0",
        "Because a==2.0 is yanked, and would have to be pinned (`==`) to be used and you require a>=2.0,==2.0, your requirements cannot be satisfied.",
    );
    assert!(shown(&resolve(&made().snapshot(), "b").answer).contains("is yanked"));
    check(made(), "b\na==2.0", "a==2.0 b==1.0");
    assert_eq!(resolve(&made().snapshot(), "a==2.0").warnings, ["`a==2.0` is yanked (reason: \"broken\")"]);
}

#[test]
fn each_file_may_ask_for_a_python() {
    let made = || {
        Made::default()
            .version_with("a", "1.0", &[], &json!({"requires-python": ">=3.8,<3.10"}))
            .version_with("a", "2.0", &[], &json!({"requires-python": ">=3.12.1"}))
            .version_with("a", "3.0", &[], &json!({"requires-python": "nonsense"}))
    };
    check(made(), "a", "a==1.0");
    let answer = |manifest, python| {
        shown(&resolve_in(&made().snapshot(), manifest, &[("python", python)], View::default()).answer)
    };
    assert_eq!(answer("a", "3.12.1"), "a==2.0");
    assert_eq!(
        answer("a>1", "3.11"),
        "Because a==2.0 needs Python >=3.12.1 where this is 3.11.0, a==3.0 has no files that can be installed, and you require a>1, your requirements cannot be satisfied."
    );
}

#[test]
fn a_date_hides_what_came_later_and_what_has_no_date() {
    let at = |date: &str| json!({"upload-time": date});
    let made = Made::default()
        .version_with("a", "1.0", &[], &at("2024-01-01T00:00:00Z"))
        .version_with("a", "2.0", &[], &at("2024-06-01T12:00:00Z"))
        .version("a", "3.0", &[]);
    let snapshot = made.snapshot();
    for (before, expected) in [
        ("2024-06-01T12:00:00Z", "a==1.0"),
        ("2024-06-01T12:00:01Z", "a==2.0"),
        (
            "2023-01-01T00:00:00Z",
            "Because there is no version of a for this environment and you require a, your requirements cannot be satisfied.",
        ),
    ] {
        let view = View { before: Some(before.parse::<Timestamp>().unwrap()) };
        assert_eq!(shown(&resolve_in(&snapshot, "a", &[], view).answer), expected);
    }
    assert_eq!(shown(&resolve(&snapshot, "a").answer), "a==3.0");
}

#[test]
fn sources_count_where_they_are_allowed() {
    let made =
        || Made::default().version("a", "1.0", &[]).version_with("a", "2.0", &[], &json!({"filename": "a-2.0.tar.gz"}));
    check(made(), "a", "a==1.0");
    let answer = resolve_in(&made().snapshot(), "a", &[("sources", "allow")], View::default()).answer;
    assert_eq!(shown(&answer), "lacks a");
    check(
        made(),
        "a>1",
        "Because a==2.0 has no wheel for CPython 3.12 on x86_64-unknown-linux-gnu, and sources do not count (`sources=never`) and you require a>1, your requirements cannot be satisfied.",
    );
}

#[test]
fn extras_bring_in_more_and_missing_ones_a_warning() {
    let made = Made::default()
        .version("a", "1.0", &["b; extra == 'X'", "c; sys_platform == 'win32' or extra == 'x'", "a[x]; extra == 'all'"])
        .version("b", "1.0", &[])
        .version("c", "1.0", &[]);
    let snapshot = made.snapshot();
    assert_eq!(shown(&resolve(&snapshot, "a").answer), "a==1.0");
    assert_eq!(shown(&resolve(&snapshot, "a[x]").answer), "a==1.0 b==1.0 c==1.0");
    assert_eq!(shown(&resolve(&snapshot, "a[all]").answer), "a==1.0 b==1.0 c==1.0");
    let windows = resolve_in(&snapshot, "a", &[("platform", "windows")], View::default());
    assert_eq!(shown(&windows.answer), "a==1.0 c==1.0");
    let resolution = resolve(&snapshot, "a[no_such]");
    assert_eq!(shown(&resolution.answer), "a==1.0");
    assert_eq!(resolution.warnings, ["The package `a==1.0` does not have an extra named `no-such`"]);
}

#[test]
fn local_versions_and_epochs_are_versions() {
    let made = || {
        Made::default().version("a", "1.0", &[]).version("a", "1.0+cpu", &[]).version("b", "2024.1", &[]).version(
            "b",
            "1!1.0",
            &[],
        )
    };
    check(made(), "a==1.0", "a==1.0+cpu");
    check(made(), "a===1.0", "a==1.0");
    check(made(), "b", "b==1!1.0");
    check(made(), "b<1!0", "b==2024.1");
}

#[test]
fn what_no_registry_has_ends_it() {
    let made = || Made::default().version("a", "1.0", &[]).version("a", "2.0", &["b @ http://mirror.example/b.whl"]);
    check(
        made(),
        "a",
        "Because a==2.0 depends on `b @ http://mirror.example/b.whl`, and only what a registry offers can be resolved, your requirements cannot be satisfied.",
    );
    check(made(), "a<2", "a==1.0");
    assert!(shown(&resolve(&made().snapshot(), "a @ http://mirror.example/a.whl").answer).contains("you require `a @"));
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let made = Made::default().version("a", "1.0", &["b", "c>=2", "d"]).version("c", "2.0", &["e"]);
    let mut snapshot = made.snapshot();
    let name = |name| PackageName::new(Ecosystem::Pypi, name).unwrap();
    assert_eq!(shown(&resolve(&snapshot, "a\nf").answer), "lacks b d e f");
    // What nothing satisfies is no better for what is missing.
    assert!(shown(&resolve(&snapshot, "a\nc<2").answer).starts_with("Because a"));
    for missing in ["b", "d", "e", "f"] {
        snapshot.insert_absent(&name(missing));
    }
    assert_eq!(
        shown(&resolve(&snapshot, "f").answer),
        "Because there is no project f and you require f, your requirements cannot be satisfied."
    );
}

#[test]
fn a_scratch_does_not_remember_another_snapshot() {
    let old = Made::default().version("a", "1.0", &["b"]).version("b", "1.0", &[]).snapshot();
    let new = Made::default().version("a", "1.0", &["b"]).version("b", "2.0", &[]).snapshot();
    let root = Pypi::read_manifest("requirements.in", "a").unwrap();
    let mut scratch = Scratch::default();
    let mut answer = |snapshot| {
        let mut pause = || Flow::Continue;
        let mut budget = Budget::new(1_000, &mut pause);
        let environment = Environment::default();
        let resolution = Pypi::resolve(snapshot, &root, &environment, &View::default(), &mut scratch, &mut budget);
        shown(&resolution.answer)
    };
    assert_eq!(answer(&old), "a==1.0 b==1.0");
    assert_eq!(answer(&new), "a==1.0 b==2.0");
    assert_eq!(answer(&old), "a==1.0 b==1.0");
}

#[test]
fn what_changes_an_answer_is_told() {
    let made = Made::default().version("a", "1.0", &["b<3"]).version("b", "1.0", &[]).version("b", "2.0", &[]).version(
        "b",
        "3.0",
        &[],
    );
    let snapshot = made.snapshot();
    let plain = resolve(&snapshot, "a\nb");
    assert_eq!((shown(&plain.answer).as_str(), plain.sensitivity), ("a==1.0 b==2.0", Sensitivity::FirstCandidates));
    // Neither `b<3` nor `b!=2.0` has 1.0 as its first candidate: a new 1.5 would be one of no read.
    let between = resolve(&snapshot, "a\nb!=2.0");
    assert_eq!((shown(&between.answer).as_str(), between.sensitivity), ("a==1.0 b==1.0", Sensitivity::Anything));
    let reads: Vec<String> =
        between.read.iter().map(|read| format!("{}{}", read.name.as_str(), read.requirement)).collect();
    assert_eq!(reads, ["a", "b!=2.0", "b<3"]);
    let first = |requirement: &str| {
        let name = PackageName::new(Ecosystem::Pypi, "b").unwrap();
        Pypi::first_candidate(&snapshot, &name, requirement, &Environment::default(), &View::default())
    };
    assert_eq!(
        (first("b"), first("").as_deref(), first("<3").as_deref(), first(">9")),
        (None, Some("3.0"), Some("2.0"), None)
    );
}
