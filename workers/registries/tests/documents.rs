//! Real documents, where there are some: every one of them parses, and says what an independent reading of it says.
//!
//! `GLEANER_DOCUMENTS` names a folder that holds `cargo/`, `npm/` and `pypi/`.

#![allow(clippy::unwrap_used, clippy::print_stderr, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gleaner_model::{Dependencies, DependencyKind, Package, Version};
use gleaner_registries::{CrawlWork, Extra, Reading, compare, plan, read};
use serde_json::Value;

/// All files below a folder of the documents; none, with a word, if there are no documents.
fn files(below: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let Some(folder) = std::env::var_os("GLEANER_DOCUMENTS").map(|folder| PathBuf::from(folder).join(below)) else {
        eprintln!("skipped: GLEANER_DOCUMENTS is not set");
        return Vec::new();
    };
    if !folder.is_dir() {
        eprintln!("skipped: {} is no folder", folder.display());
        return Vec::new();
    }
    let mut found = Vec::new();
    walk(&folder, &mut found);
    assert!(!found.is_empty());
    found
}

fn work(purl: &str) -> CrawlWork {
    CrawlWork::new(purl.parse().unwrap(), "http://registry.invalid/")
}

fn reading(work: &CrawlWork, document: &[u8]) -> Reading {
    let reading = read(work, document, None).unwrap_or_else(|error| panic!("{error}"));
    let ordered = |pair: &[Version]| compare(work.purl.ecosystem(), &pair[0].number, &pair[1].number).is_lt();
    assert!(reading.package.versions.windows(2).all(ordered), "{}", work.purl);
    assert!(reading.package.positions_are_valid(), "{}", work.purl);
    reading
}

fn numbers(package: &Package) -> BTreeSet<&str> {
    package.versions.iter().map(|version| version.number.as_str()).collect()
}

/// How often each (kind, name, requirement) is among a version's dependencies.
fn needs(package: &Package, version: &Version) -> BTreeMap<(DependencyKind, String, String), u32> {
    let mut needs = BTreeMap::new();
    for dependency in package.dependencies_at(version.dependencies.fetched().unwrap()) {
        *needs.entry((dependency.kind, dependency.name.clone(), dependency.requirement.clone())).or_default() += 1;
    }
    needs
}

#[test]
fn every_cargo_index_file() {
    for path in files("cargo") {
        let document = std::fs::read(&path).unwrap();
        let lines: Vec<Value> =
            std::str::from_utf8(&document).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let work = work(&format!("pkg:cargo/{}", lines[0]["name"].as_str().unwrap()));
        assert!(path.ends_with(plan(&work).unwrap().url.strip_prefix(&work.base_url).unwrap()), "{}", path.display());
        let package = reading(&work, &document).package;
        assert_eq!(package.versions.len(), lines.len());
        for line in &lines {
            let version = package.version(line["vers"].as_str().unwrap()).unwrap();
            assert_eq!(version.yank.is_some(), line["yanked"].as_bool().unwrap());
            assert_eq!(version.published_at.is_some(), line["pubtime"].is_string());
            assert_eq!(version.artifacts[0].checksum.len(), 32);
            let mut expected = BTreeMap::new();
            for entry in line["deps"].as_array().unwrap() {
                let kind = match entry["kind"].as_str() {
                    Some("dev") => DependencyKind::Dev,
                    Some("build") => DependencyKind::Build,
                    _ => DependencyKind::Normal,
                };
                let name = entry["package"].as_str().or(entry["name"].as_str()).unwrap().to_owned();
                *expected.entry((kind, name, entry["req"].as_str().unwrap().to_owned())).or_default() += 1;
            }
            assert_eq!(needs(&package, version), expected, "{} {}", work.purl, version.number);
            let maps = [&line["features"], &line["features2"]];
            let features: BTreeSet<_> =
                maps.into_iter().filter_map(Value::as_object).flat_map(|map| map.keys()).collect();
            assert_eq!(version.features.len(), features.len());
        }
    }
}

#[test]
fn every_npm_packument() {
    for path in files("npm") {
        let document = std::fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().replace("%2f", "/");
        let work = work(&format!("pkg:npm/{}", name.replace('@', "%40")));
        let package = reading(&work, &document).package;
        let value: Value = serde_json::from_slice(&document).unwrap();
        let versions = value["versions"].as_object().unwrap();
        assert_eq!(numbers(&package), versions.keys().map(String::as_str).collect());
        assert_eq!(package.latest.as_deref(), value["dist-tags"]["latest"].as_str());
        for version in &package.versions {
            let manifest = &versions[&version.number];
            assert_eq!(needs(&package, version), npm_needs(manifest), "{name} {}", version.number);
            assert_eq!(version.published_at.is_some(), value["time"][&version.number].is_string());
            assert_eq!(
                version.runtime.as_deref(),
                manifest["engines"]["node"].as_str().filter(|node| !node.is_empty())
            );
            assert_eq!(version.deprecated.as_deref(), manifest["deprecated"].as_str().filter(|text| !text.is_empty()));
            assert_eq!(version.artifacts.len(), usize::from(manifest["dist"]["shasum"].is_string()));
        }
    }
}

/// What a manifest of today's form asks for.
fn npm_needs(manifest: &Value) -> BTreeMap<(DependencyKind, String, String), u32> {
    let mut needs = BTreeMap::new();
    for (field, kind) in [
        ("dependencies", DependencyKind::Normal),
        ("optionalDependencies", DependencyKind::Normal),
        ("peerDependencies", DependencyKind::Peer),
        ("devDependencies", DependencyKind::Dev),
    ] {
        for (name, range) in manifest[field].as_object().into_iter().flatten() {
            if field == "dependencies" && manifest["optionalDependencies"].get(name).is_some() {
                continue;
            }
            let Some(range) = range.as_str() else { continue };
            let alias = range.strip_prefix("npm:").map(|target| target.rsplit_once('@').unwrap());
            let (name, range) = alias.unwrap_or((name, range));
            *needs.entry((kind, name.to_owned(), range.to_owned())).or_default() += 1;
        }
    }
    needs
}

#[test]
fn every_pypi_page_and_its_metadata() {
    let metadata: BTreeMap<String, PathBuf> = files("pypi/metadata")
        .into_iter()
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    let mut used = 0;
    for path in files("pypi/simple") {
        let document = std::fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let work = CrawlWork { newest: usize::MAX, ..work(&format!("pkg:pypi/{name}")) };
        let mut reading = reading(&work, &document);
        let value: Value = serde_json::from_slice(&document).unwrap();
        let listed: BTreeSet<_> = value["versions"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        let known = numbers(&reading.package);
        assert!(known.is_superset(&listed), "{name}");
        // Old projects have a file or two of a version that the list does not have.
        for number in known.difference(&listed) {
            let version = reading.package.version(number).unwrap();
            let stated = |name: &str| name.contains(&format!("-{number}"));
            assert!(version.artifacts.iter().all(|file| stated(&file.name)), "{name} {number}");
        }
        let listed_files = value["files"].as_array().unwrap();
        let gathered: usize = reading.package.versions.iter().map(|version| version.artifacts.len()).sum();
        assert_eq!(gathered, listed_files.len(), "{name}");
        for request in std::mem::take(&mut reading.more) {
            let filename = request.url.rsplit('/').next().unwrap();
            let number = request.version.unwrap();
            let Some(document) = metadata.get(filename).map(|path| std::fs::read(path).unwrap()) else {
                // Some metadata that the pages offer is not there; real registries have such gaps, too.
                reading.read_more(&number, Extra::NotFound);
                continue;
            };
            used += 1;
            reading.read_more(&number, Extra::Document(&document));
            let version = reading.package.version(&number).unwrap();
            let text = String::from_utf8(document).unwrap();
            let head = text.split("\n\n").next().unwrap();
            let count = |field: &str| head.lines().filter(|line| line.starts_with(field)).count();
            assert_eq!(version.dependencies.fetched().unwrap().len(), count("Requires-Dist:"), "{filename}");
            assert_eq!(version.features.len(), count("Provides-Extra:"), "{filename}");
        }
        assert!(reading.package.versions.iter().all(|version| version.dependencies != Dependencies::Pending));
        assert!(reading.package.positions_are_valid());
    }
    assert!(
        metadata.is_empty() || used > 100,
        "only {used} of {} documents of metadata were asked for",
        metadata.len()
    );
}
