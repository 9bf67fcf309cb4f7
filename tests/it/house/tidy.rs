//! What no file of the repository may contain, and how long a source may be.

#![allow(clippy::disallowed_methods, reason = "looks for places of this machine")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use url::{Host, Url};

use super::files::{all, root, sources};

/// The hosts of the package registries, as their own tools name them. They are configuration, so no file of ours may
/// name one, this one included: they are asked for when the test runs.
fn registry_hosts() -> BTreeSet<String> {
    let asked = [
        Some(tame_index::CRATES_IO_HTTP_INDEX.trim_start_matches("sparse+").to_owned()),
        ask("npm", &["config", "get", "registry"]),
        ask("python3", &["-c", "from pip._internal.models.index import PyPI; print(PyPI.url)"]),
    ];
    let mut hosts = BTreeSet::new();
    for host in asked.into_iter().flatten().filter_map(|answer| host(&answer)) {
        // The registry's other hosts are siblings of the one that its tool names.
        let labels: Vec<_> = host.rsplitn(3, '.').collect();
        if let [top, domain, _] = labels[..] {
            hosts.insert(format!("{domain}.{top}"));
        }
        hosts.insert(host);
    }
    assert!(!hosts.is_empty(), "cargo's own constant names a host");
    hosts
}

fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The host of a URL, if it is a name of the public network and not one of this machine.
fn host(url: &str) -> Option<String> {
    match Url::parse(url).ok()?.host()?.to_owned() {
        Host::Domain(name) if name.contains('.') => Some(name),
        _ => None,
    }
}

/// A file's bytes, uncompressed if it is a zstd file.
fn contents(file: &Path) -> Vec<u8> {
    let bytes = fs::read(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    if file.extension().is_some_and(|extension| extension == "zst") {
        return zstd::decode_all(&bytes[..]).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
    bytes
}

/// Where `needle` is in `bytes`, letters of either case being equal.
fn position(bytes: &[u8], needle: &str) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[test]
fn no_file_names_a_registry_host() {
    let hosts = registry_hosts();
    // Written by cargo alone, which names the index of its registry in it.
    let generated = Path::new("Cargo.lock");
    for file in all().iter().filter(|file| *file != generated) {
        let bytes = contents(file);
        for host in &hosts {
            let found = position(&bytes, host);
            assert!(found.is_none(), "{} names a registry's host at byte {found:?}", file.display());
        }
    }
}

#[test]
fn no_file_names_a_place_on_this_machine() {
    let mut places = vec![env!("CARGO_MANIFEST_DIR").to_owned()];
    places
        .extend(["HOME", "CARGO_HOME"].iter().filter_map(|name| env::var(name).ok()).map(|place| format!("{place}/")));
    // A single component, such as `/src` or a system user's home, is no sign of a machine.
    places.retain(|place| Path::new(place).components().count() > 2);
    for file in all() {
        let bytes = contents(&file);
        for place in &places {
            let found = position(&bytes, place);
            assert!(found.is_none(), "{} names {place} at byte {found:?}", file.display());
        }
    }
}

#[test]
fn sources_stay_short() {
    const MOST_LINES: usize = 500;
    let too_long: Vec<_> = sources()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines >= MOST_LINES)
        .collect();
    assert!(too_long.is_empty(), "these sources want to be split, each part doing one thing: {too_long:?}");
}

#[test]
fn a_name_is_found_wherever_it_stands_and_however_it_is_written() {
    assert_eq!(position(b"see https://Registry.INVALID/x", "registry.invalid"), Some(12));
    assert_eq!(position(b"registry_invalid", "registry.invalid"), None);
    assert_eq!(
        host("sparse+https://registry.invalid/index/".trim_start_matches("sparse+")).as_deref(),
        Some("registry.invalid")
    );
    assert_eq!(host("http://127.0.0.1:8080/"), None);
    assert_eq!(host("http://localhost/"), None);
    let packed = all().into_iter().find(|file| file.extension().is_some_and(|extension| extension == "zst"));
    let packed = packed.expect("the recorded documents are packed");
    assert!(contents(&packed).len() > fs::read(root().join(&packed)).unwrap().len());
}
