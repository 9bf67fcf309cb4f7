#![allow(clippy::unwrap_used)]

use gleaner_model::{Dependencies, FaultKind};

use super::*;

fn work() -> CrawlWork {
    CrawlWork::new("pkg:cargo/Demo".parse().unwrap(), "http://registry.invalid/")
}

fn line(vers: &str, rest: &str) -> String {
    format!(r#"{{"name":"Demo","vers":"{vers}","deps":[],"cksum":"00ff","features":{{}},"yanked":false{rest}}}"#)
}

fn package(text: &str) -> Package {
    read(&work(), text, None).unwrap()
}

fn refused(text: &str) -> String {
    let Err(Unreadable::Fault(fault)) = read(&work(), text, None) else { panic!("{text} is read") };
    assert_eq!(fault.kind, FaultKind::Malformed);
    assert!(fault.detail.contains("pkg:cargo/Demo: http://registry.invalid/de/mo/demo"), "{}", fault.detail);
    fault.detail
}

#[test]
fn a_line_is_a_version() {
    let text = r#"{"name":"Demo","vers":"1.0.0","deps":[
        {"name":"nick","req":"^1","features":["a",""],"optional":true,"default_features":false,"target":"cfg(unix)","kind":"dev","registry":"http://mirror.example/","package":"real"},
        {"name":"plain","req":"=2","features":[],"optional":false,"default_features":true,"target":null,"kind":null}],
        "cksum":"00ff","features":{"default":["std"]},"features2":{"std":["dep:nick"],"default":["x?/y"]},"yanked":true,"v":2,
        "rust_version":"1.70","links":"z","pubtime":"2014-12-05T20:20:39Z","unheard_of":[{}]}"#
        .replace('\n', " ");
    let package = package(&text);
    let version = &package.versions[0];
    assert_eq!(version.published_at.unwrap().to_string(), "2014-12-05T20:20:39Z");
    assert_eq!(version.yank, Some(Yank { reason: None }));
    assert_eq!(version.runtime.as_deref(), Some("1.70"));
    assert_eq!(package.details_of(version).and_then(|details| details.links.as_deref()), Some("z"));
    assert_eq!(version.artifacts[0].checksum, [0x00, 0xff]);
    assert_eq!((version.artifacts[0].name.as_str(), version.artifacts[0].algorithm.as_str()), ("", "sha256"));
    let features: Vec<_> = package.features.iter().map(|f| (f.name.as_str(), f.enables.join(","))).collect();
    assert_eq!(features, [("default", "std,x?/y".to_owned()), ("std", "dep:nick".to_owned())]);
    let expected = Dependency {
        name: "real".into(),
        alias: Some("nick".into()),
        requirement: "^1".into(),
        kind: DependencyKind::Dev,
        optional: true,
        default_features: false,
        features: vec!["a".into()],
        target: Some("cfg(unix)".into()),
        registry: Some("http://mirror.example/".into()),
    };
    assert_eq!(package.dependencies[0], expected);
    assert_eq!((package.dependencies[1].kind, &package.dependencies[1].alias), (DependencyKind::Normal, &None));
    assert_eq!(version.dependencies, Dependencies::Fetched(vec![0, 1]));
}

#[test]
fn what_links_nothing_has_no_details() {
    let package =
        package(&[line("1.0.0", ""), line("1.1.0", r#","links":"z""#), line("1.2.0", r#","links":"z""#)].join("\n"));
    let details: Vec<_> = package.versions.iter().map(|version| version.details).collect();
    assert_eq!((details, package.details.len()), (vec![None, Some(0), Some(0)], 1));
}

#[test]
fn latest_is_the_highest_stable_one_that_is_not_yanked() {
    let yanked = line("3.0.0", "").replace("false", "true");
    let text = [line("1.10.0", ""), line("1.9.0", ""), yanked, line("2.0.0-rc.1", "")].join("\n");
    let package = package(&text);
    let numbers: Vec<_> = package.versions.iter().map(|v| v.number.as_str()).collect();
    assert_eq!(numbers, ["1.9.0", "1.10.0", "2.0.0-rc.1", "3.0.0"]);
    assert_eq!(package.latest.as_deref(), Some("1.10.0"));
}

#[test]
fn without_a_stable_one_latest_is_the_highest() {
    assert_eq!(package(&line("1.0.0-a", "")).latest.as_deref(), Some("1.0.0-a"));
}

#[test]
fn lines_of_an_unknown_schema_are_passed_over() {
    let odd =
        [line("3.0.0", r#","v":3"#), line("x", ""), r#"{"hello":1}"#.into(), line("4.0.0", r#","v":"2""#), "[]".into()];
    let text = format!("{}\n{}\n", odd.join("\n"), line("1.0.0", r#","v":1"#));
    assert_eq!(package(&text).versions.len(), 1);
    assert!(refused(&odd.join("\n")).ends_with("no line is of a schema that is known"));
}

#[test]
fn the_last_of_equal_versions_counts() {
    let text = [line("1.0.0", r#","rust_version":"1.1""#), line("1.0.0", r#","rust_version":"1.2""#)].join("\n");
    let package = package(&text);
    assert_eq!(package.versions.len(), 1);
    assert_eq!(package.versions[0].runtime.as_deref(), Some("1.2"));
}

#[test]
fn damaged_files_are_refused() {
    assert!(refused("").ends_with("the index file is empty"));
    assert!(refused("\n\n").ends_with("the index file is empty"));
    assert!(refused(&format!("{}\nnot json\n", line("1.0.0", ""))).contains("line 2: "));
    assert!(refused(&format!("not json\n{}\n", line("1.0.0", ""))).contains("line 1: "));
    assert!(refused("<html></html>").contains("line 1: "));
    let other = line("1.0.0", "").replace("Demo", "demi");
    assert!(refused(&other).ends_with("line 1 is of the crate `demi`"));
    // Who asks for another spelling is sent the same file, and there is no such crate.
    assert_eq!(read(&work(), &line("1.0.0", "").replace("Demo", "demo"), None), Err(Unreadable::Gone));
}

#[test]
fn a_cut_line_is_noticed_at_every_byte() {
    let (first, second) = (line("1.0.0", ""), line("1.1.0", ""));
    let text = format!("{first}\n{second}\n");
    for cut in 0..text.len() {
        match read(&work(), &text[..cut], None) {
            // Nothing in the format tells of a file that is cut between two lines.
            Ok(package) => {
                assert!(cut == first.len() || cut == first.len() + 1 || cut == text.len() - 1, "{cut}");
                assert_eq!(package.versions.len(), 1 + usize::from(cut == text.len() - 1));
            }
            Err(Unreadable::Fault(fault)) => assert_eq!(fault.kind, FaultKind::Malformed),
            Err(Unreadable::Gone) => panic!("gone at {cut}"),
        }
    }
}

#[test]
fn the_edition_is_the_last_modified_date() {
    let at = |date| read(&work(), &line("1.0.0", ""), date).unwrap().edition;
    assert_eq!(at(Some("Sun, 06 Nov 1994 08:49:37 GMT")), Some(784_111_777_000));
    assert_eq!(at(Some("yesterday")), None);
    assert_eq!(at(None), None);
}
