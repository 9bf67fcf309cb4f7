#![allow(clippy::unwrap_used)]

use gleaner_model::FaultKind;

use super::*;

fn work(purl: &str) -> CrawlWork {
    CrawlWork::new(purl.parse().unwrap(), "http://registry.invalid/")
}

fn package(text: &str) -> Package {
    read(&work("pkg:npm/demo"), text).unwrap()
}

/// A package with one version, which has these fields.
fn version(fields: &str) -> Package {
    package(&format!(r#"{{"name":"demo","versions":{{"1.0.0":{{{fields}}}}}}}"#))
}

fn dependencies(package: &Package) -> Vec<String> {
    let positions = package.versions[0].dependencies.fetched().unwrap();
    let text = |d: &Dependency| {
        let alias = d.alias.as_deref().map(|alias| format!(" as {alias}")).unwrap_or_default();
        let optional = if d.optional { " optional" } else { "" };
        format!("{} {} {}{optional}{alias}", d.kind.as_str(), d.name, d.requirement)
    };
    package.dependencies_at(positions).map(text).collect()
}

fn refused(text: &str) -> String {
    match read(&work("pkg:npm/%40s/demo"), text).unwrap_err() {
        Unreadable::Fault(fault) => {
            assert_eq!(fault.kind, FaultKind::Malformed);
            assert!(
                fault.detail.starts_with("pkg:npm/%40s/demo: http://registry.invalid/@s%2fdemo: "),
                "{}",
                fault.detail
            );
            fault.detail
        }
        Unreadable::Gone => panic!("gone"),
    }
}

const WHOLE: &str = r#"{"_id":"demo","name":"demo","readme":"x","dist-tags":{"next":"2.0.0-a","latest":"1.10.0","odd":1},
    "versions":{
        "1.10.0":{"license":"MIT","repository":{"url":"git://mirror.example/demo"},"engines":{"node":">=8","npm":1},
            "dist":{"integrity":"sha512-Zm9v","shasum":"00ff"},"dependencies":{"a":"^1"},"deprecated":"use \"b\"","scripts":{"x":"y"}},
        "2.0.0-a":{"license":"MIT","repository":"git://mirror.example/later","dependencies":{"a":"^1"},"dist":{"shasum":"00ff"}},
        "1.9.0":{}},
    "time":{"created":"2019-01-01T00:00:00.000Z","modified":"2020-01-02T03:04:05.678Z","1.9.0":"2019-01-01T00:00:00.000Z","1.10.0":7,"0.1.0":"2018-01-01T00:00:00Z"},
    "repository":"git://mirror.example/top"}"#;

#[test]
fn a_packument_is_a_package() {
    let package = package(WHOLE);
    let numbers: Vec<_> = package.versions.iter().map(|v| v.number.as_str()).collect();
    assert_eq!(numbers, ["1.9.0", "1.10.0", "2.0.0-a"]);
    assert_eq!(package.latest.as_deref(), Some("1.10.0"));
    assert_eq!(package.tags, [("latest".into(), "1.10.0".into()), ("next".into(), "2.0.0-a".to_owned())]);
    assert_eq!(package.repository.as_deref(), Some("git://mirror.example/demo"));
    assert_eq!(package.edition, Some(1_577_934_245_678));
    assert_eq!(package.licences, ["MIT"]);
    assert_eq!(package.dependencies.len(), 1);

    let [old, stable, next] = package.versions.as_slice() else { panic!("three versions") };
    assert_eq!(old.published_at.unwrap().to_string(), "2019-01-01T00:00:00Z");
    assert_eq!((stable.published_at, next.published_at), (None, None));
    assert_eq!(stable.deprecated.as_deref(), Some("use \"b\""));
    assert_eq!(stable.runtime.as_deref(), Some(">=8"));
    assert_eq!((old.licence, stable.licence), (None, Some(0)));
    assert_eq!(old.dependencies, Dependencies::Fetched(vec![]));
    assert_eq!(stable.dependencies, next.dependencies);
    assert!(old.artifacts.is_empty());
    assert_eq!(
        (stable.artifacts[0].algorithm.as_str(), stable.artifacts[0].checksum.as_slice()),
        ("sha512", b"foo".as_slice())
    );
    assert_eq!(
        (next.artifacts[0].algorithm.as_str(), next.artifacts[0].checksum.as_slice()),
        ("sha1", [0, 0xff].as_slice())
    );
}

#[test]
fn optional_ones_override_and_peers_may_be_missing() {
    let package = version(
        r#""dependencies":{"a":"1","b":"1"},"optionalDependencies":{"b":"2","c":"2"},"devDependencies":{"a":"3"},
           "peerDependencies":{"p":"4","q":"4","r":"4"},"peerDependenciesMeta":{"r":{"optional":true},"p":{"optional":1},"q":{"optional":false},"z":{"optional":true},"odd":3}"#,
    );
    let expected = [
        "normal a 1",
        "normal b 2 optional",
        "normal c 2 optional",
        "peer p 4 optional",
        "peer q 4",
        "peer r 4 optional",
        "dev a 3",
    ];
    assert_eq!(dependencies(&package), expected);
}

#[test]
fn aliases_name_their_target() {
    let package = version(
        r#""dependencies":{"mine":"npm:@s/theirs@^2"},"peerDependencies":{"x":"npm:y@1"},"peerDependenciesMeta":{"x":{"optional":true}}"#,
    );
    assert_eq!(dependencies(&package), ["normal @s/theirs ^2 as mine", "peer y 1 optional as x"]);
}

#[test]
fn odd_fields_never_cost_a_version() {
    let odd = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        r#""""#,
        r#""text""#,
        "[]",
        r#"["text",[],{}]"#,
        "{}",
        r#"{"a":{"b":[1]},"c":null}"#,
    ];
    let fields = [
        "dependencies",
        "devDependencies",
        "optionalDependencies",
        "peerDependencies",
        "peerDependenciesMeta",
        "engines",
        "dist",
        "deprecated",
        "license",
        "licenses",
        "repository",
        "bundleDependencies",
        "bin",
        "funding",
        "os",
        "hasInstallScript",
        "name",
        "version",
        "scripts",
    ];
    for field in fields {
        for value in odd {
            let package = version(&format!(r#""{field}":{value},"dependencies":{{"last":"1"}}"#));
            assert_eq!(package.versions.len(), 1, "{field}: {value}");
            assert!(dependencies(&package).contains(&"normal last 1".to_owned()), "{field}: {value}");
        }
    }
}

#[test]
fn odd_outer_fields_never_cost_a_package() {
    for field in ["dist-tags", "time", "repository", "readme", "users"] {
        for value in ["null", "true", "3", r#""text""#, "[1]", r#"{"a":[]}"#] {
            let package = package(&format!(
                r#"{{"name":"demo","{field}":{value},"versions":{{"1.0.0":{{}},"odd":{value},"not semver":{{}}}}}}"#
            ));
            assert!(package.versions.iter().any(|version| version.number == "1.0.0"), "{field}: {value}");
            assert_eq!(package.versions[0].number, "not semver");
        }
    }
}

#[test]
fn historical_forms_are_understood() {
    let package = version(
        r#""dependencies":["a@1","b"],"licenses":[{"type":"MIT"},{"type":"BSD"}],"deprecated":true,"engines":["node >= 0.8"]"#,
    );
    assert_eq!(dependencies(&package), ["normal a 1", "normal b "]);
    assert_eq!(package.licences, ["MIT OR BSD"]);
    assert_eq!(package.versions[0].deprecated.as_deref(), Some("true"));
    assert_eq!(package.versions[0].runtime, None);
    assert_eq!(version(r#""deprecated":false"#).versions[0].deprecated, None);
    assert_eq!(version(r#""deprecated":"""#).versions[0].deprecated, None);
    assert_eq!(version(r#""license":{"type":"ISC"},"licenses":["MIT"]"#).licences, ["ISC"]);
}

#[test]
fn half_characters_cost_nothing() {
    let package = version(r#""deprecated":"cut \ud83d","license":"MIT""#);
    assert_eq!(package.versions[0].deprecated.as_deref(), Some("cut \u{fffd}"));
}

#[test]
fn the_last_of_equal_versions_counts() {
    let package = package(r#"{"name":"demo","versions":{"1.0.0":{"license":"A"},"2.0.0":{},"1.0.0":{"license":"B"}}}"#);
    assert_eq!(package.versions.len(), 2);
    assert_eq!(package.licences[package.versions[0].licence.unwrap() as usize], "B");
}

#[test]
fn unpublished_packages_are_gone() {
    let gone = r#"{"_id":"demo","name":"demo","time":{"created":"2019-01-01T00:00:00Z","unpublished":{"name":"person","versions":["1.0.0"]}}}"#;
    assert_eq!(read(&work("pkg:npm/demo"), gone), Err(Unreadable::Gone));
    let back = gone.replace(r#""time""#, r#""versions":{"2.0.0":{}},"time""#);
    assert_eq!(package(&back).versions.len(), 1);
    let empty = r#"{"_id":"demo","versions":{}}"#;
    assert!(package(empty).versions.is_empty());
}

#[test]
fn what_is_no_packument_is_refused() {
    assert!(refused("<!doctype html>").contains("not a packument: expected value at line 1 column 1"));
    assert!(refused("[]").ends_with("not a packument: it is no object"));
    assert!(refused("{}").ends_with("not a packument: it names no package"));
    assert!(refused(r#"{"error":"not_found"}"#).ends_with("it names no package"));
    assert!(refused(r#"{"name":"@s/demo"}"#).ends_with("it has no object of versions"));
    assert!(refused(r#"{"name":"@s/demo","versions":[]}"#).ends_with("it has no object of versions"));
    assert!(refused(r#"{"name":"demo","versions":{}}"#).ends_with("the packument is of the package `demo`"));
    assert!(refused(r#"{"name":"@s/demo","versions":{}} x"#).contains("trailing characters"));
}

#[test]
fn a_cut_packument_is_noticed_at_every_byte() {
    for cut in 0..WHOLE.len() {
        assert!(matches!(read(&work("pkg:npm/demo"), &WHOLE[..cut]), Err(Unreadable::Fault(_))), "{cut}");
    }
}

/// The details of the only version.
fn details(fields: &str) -> gleaner_model::Details {
    let package = version(fields);
    package.details_of(&package.versions[0]).cloned().unwrap_or_default()
}

#[test]
fn what_only_npms_resolver_asks_is_kept() {
    let found = details(
        r#""name":"@s/demo","os":["linux","!win32"],"cpu":"x64","libc":["glibc"],"engines":{"node":">=8","npm":">=6","odd":1},
           "bundleDependencies":["b"],"bundledDependencies":["c"],"bin":"./cli.js","funding":"http://mirror.example/f",
           "scripts":{"postinstall":"x","test":"y"},"_hasShrinkwrap":true,"peerDependenciesMeta":{"p":{"optional":true}}"#,
    );
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!((found.os, found.cpu, found.libc), (texts(&["linux", "!win32"]), texts(&["x64"]), texts(&["glibc"])));
    assert_eq!(found.engines, [pair("node", ">=8"), pair("npm", ">=6")]);
    assert_eq!((found.bundled, found.optional_peers), (texts(&["b"]), texts(&["p"])));
    assert_eq!(found.commands, [pair("demo", "cli.js")]);
    assert_eq!(found.funding.as_deref(), Some(r#"{"url":"http://mirror.example/f"}"#));
    assert!(found.install_script && found.shrinkwrap);
}

#[test]
fn old_forms_of_details_are_read() {
    assert_eq!(details(r#""engines":["node >= 0.6"]"#).engines, [("0".to_owned(), "node >= 0.6".to_owned())]);
    assert_eq!(details(r#""bundledDependencies":true,"dependencies":{"a":"1"}"#).bundled, ["a"]);
    assert_eq!(details(r#""bin":{"../x":"../../y.js","n":1,"":"z"}"#).commands, [("x".to_owned(), "y.js".to_owned())]);
    assert!(
        version(r#""engines":{},"bundleDependencies":false,"funding":"","scripts":{"test":"y"}"#).details.is_empty()
    );
}
