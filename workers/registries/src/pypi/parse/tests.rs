#![allow(clippy::unwrap_used)]

use gleaner_model::FaultKind;

use super::*;
use crate::{Extra, Reading, Unreadable};

fn work() -> CrawlWork {
    CrawlWork::new("pkg:pypi/demo-project".parse().unwrap(), "http://registry.invalid/simple/")
}

fn file(filename: &str, rest: &str) -> String {
    format!(
        r#"{{"filename":"{filename}","url":"../../files/{filename}#sha256=00ff","hashes":{{"sha256":"00ff"}}{rest}}}"#
    )
}

fn page(files: &[String], versions: &str) -> String {
    format!(
        r#"{{"meta":{{"api-version":"1.1","_last-serial":42}},"name":"Demo.Project","files":[{}],"versions":[{versions}]}}"#,
        files.join(",")
    )
}

fn reading(work: &CrawlWork, text: &str) -> Reading {
    crate::read(work, text.as_bytes(), None).unwrap()
}

fn refused(text: &str) -> String {
    match crate::read(&work(), text.as_bytes(), None).unwrap_err() {
        Unreadable::Fault(fault) => {
            assert_eq!(fault.kind, FaultKind::Malformed);
            let place = "pkg:pypi/demo-project: http://registry.invalid/simple/demo-project/: ";
            assert!(fault.detail.starts_with(place), "{}", fault.detail);
            fault.detail
        }
        Unreadable::Gone => panic!("gone"),
    }
}

#[test]
fn files_are_gathered_under_their_versions() {
    let text = page(
        &[
            file(
                "demo_project-1.10-py3-none-any.whl",
                r#","requires-python":">=3.8","upload-time":"2020-01-02T00:00:00.5Z","size":7"#,
            ),
            file("demo-project-1.10.0.tar.gz", r#","requires-python":null,"upload-time":"2020-01-01T00:00:00Z""#),
            file("demo-project-1.9.win32-py2.7.exe", ""),
            file("demo-project-1.9.tar.gz", r#","hashes":{}"#),
            file("demo_project-2.0rc1-py3-none-any.whl", ""),
            file("other-9.0.tar.gz", ""),
            "17".to_owned(),
        ],
        r#""1.10","1.9","0.1",3"#,
    );
    let Reading { package, more, .. } = reading(&work(), &text);
    let numbers: Vec<_> = package.versions.iter().map(|v| (v.number.as_str(), v.artifacts.len())).collect();
    assert_eq!(numbers, [("0.1", 0), ("1.9", 2), ("1.10", 2), ("2.0rc1", 1)]);
    assert_eq!(package.latest.as_deref(), Some("1.10"));
    assert_eq!(package.edition, Some(42));
    let version = &package.versions[2];
    assert_eq!(version.published_at.unwrap().to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(version.runtime.as_deref(), Some(">=3.8"));
    assert_eq!(version.artifacts[0].name, "demo_project-1.10-py3-none-any.whl");
    assert_eq!(
        (version.artifacts[0].algorithm.as_str(), version.artifacts[0].checksum.as_slice()),
        ("sha256", [0, 0xff].as_slice())
    );
    assert!(package.versions.iter().all(|version| version.dependencies == Dependencies::NotFetched));
    assert!(more.is_empty());
}

#[test]
fn a_version_is_yanked_if_all_its_files_are() {
    let files = [
        file("demo-project-1.tar.gz", r#","yanked":true"#),
        file("demo_project-1-py3-none-any.whl", r#","yanked":"broken""#),
        file("demo-project-2.tar.gz", r#","yanked":true"#),
        file("demo-project-3.tar.gz", r#","yanked":"half""#),
        file("demo_project-3-py3-none-any.whl", r#","yanked":false"#),
        file("demo-project-4.tar.gz", r#","yanked":"""#),
    ];
    let package = reading(&work(), &page(&files, r#""0""#)).package;
    let yanks: Vec<_> = package.versions.iter().map(|version| version.yank.clone()).collect();
    let expected = [None, Some(Yank { reason: Some("broken".into()) }), Some(Yank { reason: None }), None, None];
    assert_eq!(yanks, expected);
}

/// Versions 1 to 4 with metadata under each of its names; 5 says that it has none, 6 has no wheel.
fn with_metadata() -> String {
    let wheel = |number: u32, rest: &str| file(&format!("demo_project-{number}-py3-none-any.whl"), rest);
    let files = [
        wheel(1, r#","core-metadata":true"#),
        wheel(2, r#","core-metadata":{"sha256":"00"}"#),
        wheel(3, r#","dist-info-metadata":{}"#),
        wheel(4, r#","data-dist-info-metadata":true"#),
        wheel(5, r#","core-metadata":false,"data-dist-info-metadata":true"#),
        file("demo-project-6.tar.gz", r#","core-metadata":true"#),
    ];
    page(&files, "")
}

fn asked(work: &CrawlWork) -> (Vec<String>, Vec<String>) {
    let Reading { package, more, .. } = reading(work, &with_metadata());
    let pending = package.versions.into_iter().filter(|version| version.dependencies == Dependencies::Pending);
    (
        more.into_iter().map(|request| request.version.unwrap()).collect(),
        pending.map(|version| version.number).collect(),
    )
}

#[test]
fn metadata_is_asked_for_newest_first() {
    assert_eq!(
        asked(&work()),
        (vec!["4".into(), "3".into(), "2".into(), "1".into()], vec!["1".into(), "2".into(), "3".into(), "4".into()])
    );
    let newest = CrawlWork { newest: 1, older: 2, settled: ["3".to_owned()].into(), ..work() };
    assert_eq!(asked(&newest), (vec!["4".into()], vec!["1".into(), "2".into(), "4".to_owned()]));
    let older = CrawlWork { part: CrawlPart::Older, ..newest };
    assert_eq!(asked(&older), (vec!["4".into(), "2".into()], vec!["1".into(), "2".into(), "4".to_owned()]));
}

#[test]
fn one_wheel_a_version_is_asked_for() {
    let offered = r#","core-metadata":true"#;
    let files = [
        file("demo_project-1-cp312-cp312-win32.whl", offered),
        file("demo_project-1-py3-none-any.whl", r#","core-metadata":true,"yanked":true"#),
        file("demo_project-1-cp311-cp311-win32.whl", offered),
    ];
    let more = reading(&work(), &page(&files, "")).more;
    let expected = DocumentRequest {
        url: "http://registry.invalid/files/demo_project-1-cp311-cp311-win32.whl.metadata".into(),
        accept: "*/*",
        max_bytes: CORE_METADATA_MAX_BYTES,
        version: Some("1".into()),
    };
    assert_eq!(more, [expected]);
}

#[test]
fn metadata_settles_its_version() {
    let mut reading = reading(&work(), &with_metadata());
    let metadata = |number: u32| {
        format!(
            "Metadata-Version: 2.1\nName: demo-project\nVersion: {number}\nRequires-Dist: click>=8\n\
             Requires-Dist: blinker; extra == 'async'\nProvides-Extra: async\nRequires-Python: >=3.9\n\
             License: MIT\nHome-page: http://mirror.example/{number}\n"
        )
    };
    reading.read_more("4", Extra::Document(metadata(4).as_bytes()));
    reading.read_more("3", Extra::Document(metadata(3).as_bytes()));
    reading.read_more("2", Extra::Document(b"<html>"));
    reading.read_more("1", Extra::NotFound);
    reading.read_more("99", Extra::NotFound);
    let package = reading.package;
    let known: Vec<_> = package.versions.iter().map(|version| version.dependencies.clone()).collect();
    let fetched = Dependencies::Fetched(vec![0, 1]);
    let expected = [
        Dependencies::NotFound,
        Dependencies::Malformed,
        fetched.clone(),
        fetched,
        Dependencies::NotFetched,
        Dependencies::NotFetched,
    ];
    assert_eq!(known, expected);
    assert_eq!(
        (package.dependencies.len(), package.features.len(), package.licences.as_slice()),
        (2, 1, ["MIT".to_owned()].as_slice())
    );
    assert_eq!(package.versions[3].runtime.as_deref(), Some(">=3.9"));
    assert_eq!((package.versions[3].licence, package.versions[3].features.as_slice()), (Some(0), [0].as_slice()));
    // Version 6 is the latest, and told nothing.
    assert_eq!(package.repository, None);
    assert!(package.positions_are_valid());
}

#[test]
fn the_latest_version_states_the_repository() {
    let mut reading =
        reading(&work(), &page(&[file("demo_project-1-py3-none-any.whl", r#","core-metadata":true"#)], ""));
    let metadata = "Metadata-Version: 2.1\nName: demo-project\nVersion: 1\nHome-page: http://mirror.example/\n";
    reading.read_more("1", Extra::Document(metadata.as_bytes()));
    assert_eq!(reading.package.repository.as_deref(), Some("http://mirror.example/"));
}

#[test]
fn odd_fields_never_cost_a_page() {
    for field in ["url", "hashes", "requires-python", "upload-time", "yanked", "core-metadata", "size", "gpg-sig"] {
        for value in ["null", "true", "false", "-7", "1.5", r#""text""#, "[1]", r#"{"sha256":[]}"#] {
            let text = page(&[file("demo_project-1-py3-none-any.whl", &format!(r#","{field}":{value}"#))], "");
            assert_eq!(reading(&work(), &text).package.versions.len(), 1, "{field}: {value}");
        }
    }
    let text = r#"{"meta":{"api-version":1,"_last-serial":"43"},"name":"demo-project","files":[{"filename":7}],"versions":null}"#;
    let package = reading(&work(), text).package;
    assert_eq!((package.versions.len(), package.edition, package.latest), (0, Some(43), None));
}

#[test]
fn what_is_no_page_is_refused() {
    assert!(refused("<!doctype html>").contains("not a project page: expected value"));
    assert!(refused("[]").ends_with("not a project page: it is no object"));
    assert!(refused("{}").ends_with("not a project page: it names no project"));
    assert!(refused(r#"{"name":"demo-project"}"#).ends_with("it has no list of files"));
    assert!(refused(r#"{"name":"demo-project","files":{}}"#).ends_with("it has no list of files"));
    assert!(refused(r#"{"name":"demo","files":[]}"#).ends_with("the page is of the project `demo`"));
    assert!(refused(&page(&[], "").replace("1.1", "2.0")).ends_with("of the unknown API version 2.0"));
}

#[test]
fn a_cut_page_is_noticed_at_every_byte() {
    let text = with_metadata();
    for cut in 0..text.len() {
        assert!(matches!(crate::read(&work(), &text.as_bytes()[..cut], None), Err(Unreadable::Fault(_))), "{cut}");
    }
}
