//! Damaged documents: whatever arrives, reading ends with a package whose positions hold or with a clear refusal.

use gleaner_model::FaultKind;
use gleaner_registries::{CrawlWork, Extra, Unreadable, read};
use proptest::prelude::*;
use proptest::sample::Index;

const CARGO: &str = r#"{"name":"demo","vers":"1.0.0","deps":[{"name":"nick","req":"^1","features":["a"],"optional":true,"default_features":false,"target":"cfg(unix)","kind":"dev","package":"real"}],"cksum":"00ff","features":{"default":["std"]},"features2":{"std":["dep:nick"]},"yanked":false,"v":2,"pubtime":"2014-12-05T20:20:39Z"}
{"name":"demo","vers":"1.1.0-a","deps":[],"cksum":"00ff","features":{},"yanked":true}
"#;
const NPM: &str = r#"{"_id":"demo","name":"demo","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"license":{"type":"MIT"},"repository":{"url":"git://mirror.example/d"},"engines":{"node":">=8"},"dist":{"integrity":"sha512-Zm9v"},"dependencies":{"a":"npm:b@^1"},"optionalDependencies":{"c":"2"},"peerDependencies":{"p":"4"},"peerDependenciesMeta":{"p":{"optional":true}},"deprecated":"\ud83d\ude00 no"},"0.9.0":{"dependencies":["x@1"],"licenses":["A","B"]}},"time":{"modified":"2020-01-02T03:04:05.678Z","1.0.0":"2019-01-01T00:00:00.000Z"}}"#;
const PYPI: &str = r#"{"meta":{"api-version":"1.1","_last-serial":42},"name":"demo","files":[{"filename":"demo-1.0-py3-none-any.whl","url":"../../files/demo-1.0-py3-none-any.whl","hashes":{"sha256":"00ff"},"requires-python":">=3.8","upload-time":"2020-01-02T00:00:00Z","yanked":"why","core-metadata":{"sha256":"00"}},{"filename":"demo-0.9.win32-py2.7.exe","url":"x","hashes":{}}],"versions":["1.0","0.9"]}"#;
const METADATA: &str = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: a[b] (>=1, <2); extra == 'x'\nRequires-Dist: c @ http://mirror.example/c ; os_name == 'nt'\nProvides-Extra: x\nLicense: MIT\n  text\n\nbody\n";

fn check(purl: &str, document: &[u8]) {
    let work = CrawlWork::new(purl.parse().expect("a purl"), "http://registry.invalid/");
    match read(&work, document, None) {
        Ok(reading) => assert!(reading.package.positions_are_valid()),
        Err(Unreadable::Fault(fault)) => {
            assert_eq!(fault.kind, FaultKind::Malformed);
            assert!(fault.detail.contains(purl), "{}", fault.detail);
        }
        Err(Unreadable::Gone) => panic!("nothing here says that it is gone"),
    }
}

fn damaged(text: &str, changes: &[(Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, how, byte) in changes {
        let at = at.index(bytes.len());
        match how % 4 {
            0 => bytes[at] = *byte,
            1 => bytes.insert(at, *byte),
            2 => drop(bytes.remove(at)),
            // Marks of the formats do more harm than random bytes.
            _ => bytes[at] = b"\"{}[],:\\ \n-@;'0e"[usize::from(*byte) % 16],
        }
    }
    bytes
}

proptest! {
    #[test]
    fn nothing_panics(changes in prop::collection::vec((any::<Index>(), any::<u8>(), any::<u8>()), 1..6)) {
        check("pkg:cargo/demo", &damaged(CARGO, &changes));
        check("pkg:npm/demo", &damaged(NPM, &changes));
        check("pkg:pypi/demo", &damaged(PYPI, &changes));
        let work = CrawlWork::new("pkg:pypi/demo".parse().expect("a purl"), "http://registry.invalid/");
        let mut reading = read(&work, PYPI.as_bytes(), None).expect("a good page");
        reading.read_more("1.0", Extra::Document(&damaged(METADATA, &changes)));
        prop_assert!(reading.package.positions_are_valid());
        prop_assert!(reading.package.version("1.0").is_some_and(|version| version.dependencies.is_settled()));
    }
}

#[test]
fn the_undamaged_documents_are_good() {
    for (purl, document) in [("pkg:cargo/demo", CARGO), ("pkg:npm/demo", NPM), ("pkg:pypi/demo", PYPI)] {
        let work = CrawlWork::new(purl.parse().expect("a purl"), "http://registry.invalid/");
        let mut reading = read(&work, document.as_bytes(), None).expect("a good document");
        assert_eq!(reading.package.versions.len(), 2, "{purl}");
        reading.read_more("1.0", Extra::Document(METADATA.as_bytes()));
        assert!(!reading.package.dependencies.is_empty(), "{purl}");
    }
}

#[test]
fn metadata_may_be_cut_anywhere() {
    let work = CrawlWork::new("pkg:pypi/demo".parse().expect("a purl"), "http://registry.invalid/");
    for cut in 0..METADATA.len() {
        let mut reading = read(&work, PYPI.as_bytes(), None).expect("a good page");
        reading.read_more("1.0", Extra::Document(&METADATA.as_bytes()[..cut]));
        assert!(reading.package.version("1.0").is_some_and(|version| version.dependencies.is_settled()), "{cut}");
    }
}
