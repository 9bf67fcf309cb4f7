//! npm's roots: small ones, a recorded project of 280 packages, one whose peers conflict, and one that nests deeply.
//!
//! npm never goes back to another version; what costs it most is a tree in which little can be shared, since each place
//! above is tried for each need. That is the heavy input here.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use gleaner_model::{Package, Purl};
use gleaner_resolvers::Resolver;
use gleaner_resolvers::npm::{Npm, NpmRoot, NpmScratch, NpmSnapshot};
use serde_json::{Value, json};

use crate::common::{build, graph, processes, rate, small_roots};
use crate::random::Random;
use crate::table::Table;
use crate::{npm_corpus, npm_registry};

/// A root is small up to so many packages.
const SMALL: usize = 25;
/// The recorded project that is large.
const LARGE: &str = "jest";
/// Peers of each other's older versions.
const REFUSED: &str = r#"{ "name": "case", "dependencies": { "react": "^18", "react-dom": "^19" } }"#;

pub(crate) fn measure(table: &mut Table) {
    let Some((folder, documents)) = npm_corpus::folder().zip(npm_corpus::documents()) else {
        return table.figure("npm", "skipped: not enough documents here (`GLEANER_DOCUMENTS`)".to_owned());
    };
    let texts = documents.iter().map(|(name, text)| (name.as_str(), &**text));
    let packages: Vec<(Purl, Package)> = npm_corpus::packages_of(texts).collect();
    let snapshot = build::<Npm>(table, "npm", &packages);
    if table.wants("small") {
        let roots = small_roots::<Npm>(&snapshot, &packages, SMALL);
        let what = format!("npm, {} small roots (up to {SMALL} packages)", roots.len());
        rate::<Npm>(table, &what, &snapshot, &roots, None);
    }
    if table.wants("large") {
        let manifest = fs::read_to_string(folder.join("resolutions/npm").join(LARGE).join("package.json")).unwrap();
        measure_one(table, &format!("npm, {LARGE}"), &snapshot, &manifest, Some(1_000.0));
        real(table, &manifest, documents);
    }
    if table.wants("refused") {
        measure_one(table, "npm, peers that conflict", &snapshot, REFUSED, None);
    }
    if table.wants("tangled") {
        let (snapshot, manifest) = nested();
        measure_one(table, "npm, a tree that shares little", &snapshot, &manifest, None);
    }
}

fn measure_one(table: &mut Table, what: &str, snapshot: &NpmSnapshot, manifest: &str, aim: Option<f64>) {
    let root: NpmRoot = Npm::read_manifest("package.json", manifest).unwrap();
    let size = graph::<Npm>(snapshot, &root, &mut NpmScratch::default())
        .map_or_else(|| "refused".to_owned(), |graph| format!("{} packages", graph.nodes.len()));
    rate::<Npm>(table, &format!("{what}: {size}"), snapshot, &[root], aim);
}

/// Packages of a few versions, each of which pins some version of a few later ones.
fn nested() -> (NpmSnapshot, String) {
    let (count, versions, mut random) = (14, 4, Random::new(3));
    let mut documents: Vec<(String, Vec<u8>)> = Vec::new();
    for at in 0..count {
        let manifests: serde_json::Map<String, Value> =
            (0..versions).map(|minor| (format!("1.{minor}.0"), pins(at, count, versions, &mut random))).collect();
        let name = format!("nested-{at}");
        let document =
            json!({ "name": name, "dist-tags": { "latest": "1.0.0" }, "versions": manifests }).to_string().into_bytes();
        documents.push((name, document));
    }
    let snapshot = npm_corpus::snapshot_of(documents.iter().map(|(name, text)| (name.as_str(), &**text)));
    (
        snapshot,
        r#"{ "name": "case", "dependencies": { "nested-0": "1.0.0", "nested-1": "1.1.0", "nested-2": "1.2.0" } }"#
            .to_owned(),
    )
}

fn pins(at: usize, count: usize, versions: usize, random: &mut Random) -> Value {
    let mut needs = serde_json::Map::new();
    for later in (at + 1..count).take(4) {
        needs.insert(format!("nested-{later}"), json!(format!("1.{}.0", random.below(versions))));
    }
    json!({ "dependencies": needs })
}

/// npm itself, with what it fetched in its cache and a registry that it must not ask again.
fn real(table: &mut Table, manifest: &str, documents: &'static [(String, Vec<u8>)]) {
    let what = format!("npm install --package-lock-only, a process, warm, offline: {LARGE}");
    let version = Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !version.is_ok_and(|status| status.success()) {
        return table.figure(&what, "not here".to_owned());
    }
    let registry = npm_registry::serve(documents);
    let folder = std::env::temp_dir().join(format!("gleaner-bench-npm-{}", std::process::id()));
    processes(table, &what, |is_warm| lock(&folder, manifest, &registry, is_warm));
    let _ = fs::remove_dir_all(&folder);
}

fn lock(folder: &Path, manifest: &str, registry: &str, is_warm: bool) -> bool {
    let project = folder.join("project");
    let _ = fs::remove_dir_all(&project);
    fs::create_dir_all(&project).unwrap();
    fs::write(project.join("package.json"), manifest).unwrap();
    let mut command = Command::new("npm");
    command.args(["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    command.args(["--registry", registry, "--fetch-retries=0", if is_warm { "--offline" } else { "--prefer-offline" }]);
    command.arg("--cache").arg(folder.join("cache")).env("HOME", folder).env_remove("NODE_OPTIONS");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir(&project).status().is_ok_and(|status| status.success())
        && project.join("package-lock.json").exists()
}
