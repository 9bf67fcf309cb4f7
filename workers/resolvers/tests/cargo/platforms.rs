//! What a platform needs, against `cargo tree`.
//!
//! `cargo tree` reads manifests out of crates' archives. The recorded documents have none, so that each chosen version gets
//! a manifest made from its index line, in a folder that cargo takes for its registry, and the lock file is ours. What no
//! line tells, whether the crate is a procedural macro, is decided by the same guess as in the resolver.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use gleaner_resolvers::cargo::{Cargo, CargoEnvironment, CargoSnapshot};
use gleaner_resolvers::{Answer, Graph, Resolver};
use serde_json::Value;

use crate::corpus;
use crate::lockfile::{self, Package};
use crate::real::{command, fresh_folder, run, write_project};

/// Edges between packages; from the root where there is no beginning.
type Edges = BTreeSet<(Option<Package>, Package)>;

/// Index lines by package.
pub(crate) type Lines = HashMap<Package, Value>;

/// The lines of index files.
pub(crate) fn lines<'a>(files: impl Iterator<Item = &'a [u8]>) -> Lines {
    let lines = files.flat_map(|text| text.split(|byte| *byte == b'\n')).filter(|line| !line.is_empty());
    let parsed = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let field = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    parsed.map(|line| ((field(&line, "name"), field(&line, "vers")), line)).collect()
}

/// What cargo shows of a locked project for a target.
pub(crate) fn shown_by_cargo(lines: &Lines, manifest: &str, lock: &str, graph: &Graph, target: &str) -> Edges {
    let folder = fresh_folder("tree");
    let (home, vendor, project) = (folder.join("home"), folder.join("vendor"), folder.join("project"));
    fs::create_dir_all(&home).unwrap();
    let config =
        format!("[source.crates-io]\nreplace-with = \"made\"\n[source.made]\ndirectory = \"{}\"\n", vendor.display());
    fs::write(home.join("config.toml"), config).unwrap();
    for node in &graph.nodes {
        let line = &lines[&(node.name.to_string(), node.version.to_string())];
        vendored(&vendor.join(format!("{}-{}", node.name, node.version)), line);
    }
    write_project(&project, manifest);
    fs::write(project.join("Cargo.lock"), lock).unwrap();
    let mut command = command(&home, &project);
    command.args(["tree", "--locked", "--offline", "--edges", "normal,build", "--prefix", "depth"]);
    command.args(["--format", " {p}", "--target", target]);
    let output = run(&mut command).expect("cargo ends");
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    fs::remove_dir_all(&folder).unwrap();
    edges_of(&stdout)
}

/// Lines of a depth, a space, a name, `v` and a version, and more.
fn edges_of(tree: &str) -> Edges {
    let (mut path, mut edges): (Vec<Option<Package>>, Edges) = (Vec::new(), Edges::new());
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split(' ');
        let depth: usize = words.next().unwrap().parse().unwrap();
        let (name, version) = (words.next().unwrap(), words.next().unwrap().strip_prefix('v').unwrap());
        path.truncate(depth);
        let package = (depth > 0).then(|| (name.to_owned(), version.to_owned()));
        if let (Some(package), Some(parent)) = (&package, path.last()) {
            edges.insert((parent.clone(), package.clone()));
        }
        path.push(package);
    }
    edges
}

/// Writes a package as cargo would unpack it.
fn vendored(folder: &Path, line: &Value) {
    write_project(folder, &manifest_of(line));
    let checksum = serde_json::json!({"files": {}, "package": line["cksum"]});
    fs::write(folder.join(".cargo-checksum.json"), checksum.to_string()).unwrap();
}

fn manifest_of(line: &Value) -> String {
    let text = |value: &Value| toml::Value::String(value.as_str().unwrap_or_default().to_owned()).to_string();
    let mut manifest = format!(
        "[package]\nname = {}\nversion = {}\nedition = \"2021\"\nautobenches = false\nbuild = \"build.rs\"\n",
        text(&line["name"]),
        text(&line["vers"])
    );
    if line["links"].is_string() {
        let _ = writeln!(manifest, "links = {}", text(&line["links"]));
    }
    let _ = writeln!(manifest, "[lib]\nproc-macro = {}", is_macro(line));
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for need in line["deps"].as_array().unwrap() {
        let kind = match need["kind"].as_str() {
            Some("build") => "build-dependencies",
            Some("dev") => "dev-dependencies",
            _ => "dependencies",
        };
        let table = match need["target"].as_str() {
            Some(target) => format!("[target.{}.{kind}]\n", toml::Value::String(target.to_owned())),
            None => format!("[{kind}]\n"),
        };
        let package = need["package"].as_str().map_or_else(|| need["name"].clone(), Value::from);
        let _ = writeln!(
            tables.entry(table).or_default(),
            "{} = {{ version = {}, package = {}, optional = {}, default-features = {}, features = {} }}",
            text(&need["name"]),
            text(&need["req"]),
            text(&package),
            need["optional"],
            need["default_features"],
            need["features"]
        );
    }
    for (table, needs) in tables {
        let _ = write!(manifest, "{table}{needs}");
    }
    manifest.push_str("[features]\n");
    for features in [&line["features"], &line["features2"]] {
        for (name, values) in features.as_object().into_iter().flatten() {
            let _ = writeln!(manifest, "{} = {values}", toml::Value::String(name.clone()));
        }
    }
    manifest
}

/// The resolver's guess, told again from an index line.
fn is_macro(line: &Value) -> bool {
    let is_kit = |name: &Value| ["proc-macro2", "quote", "syn"].contains(&name.as_str().unwrap_or_default());
    !is_kit(&line["name"])
        && line["deps"].as_array().unwrap().iter().any(|need| {
            let package = if need["package"].is_string() { &need["package"] } else { &need["name"] };
            need["kind"] != "build"
                && need["kind"] != "dev"
                && need["optional"] == false
                && need["target"].is_null()
                && is_kit(package)
        })
}

/// Graph for a target and what cargo shows of it are the same.
pub(crate) fn compare(name: &str, snapshot: &CargoSnapshot, lines: &Lines, manifest: &str, targets: &[&str]) {
    let root = Cargo::read_manifest("Cargo.toml", manifest).unwrap();
    let Answer::Graph(whole) = corpus::resolve(snapshot, &root).answer else { panic!("{name} has no graph") };
    let lock = Cargo::lock(snapshot, &root, &CargoEnvironment::default(), &whole);
    for target in targets {
        let answer = corpus::resolve_with(snapshot, &root, &[("target", target)]).answer;
        let Answer::Graph(graph) = answer else { panic!("{name} for {target}: {answer:?}") };
        let (ours, theirs) = (lockfile::of_graph(&graph).edges, shown_by_cargo(lines, manifest, &lock, &whole, target));
        let more: Vec<_> = ours.difference(&theirs).collect();
        let less: Vec<_> = theirs.difference(&ours).collect();
        assert!(more.is_empty() && less.is_empty(), "{name} for {target}: we show {more:?}, cargo shows {less:?}");
        assert!(graph.nodes.len() <= whole.nodes.len());
        corpus::assert_requirements_hold(&graph);
    }
}

pub(crate) const TARGETS: [&str; 4] =
    ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc", "aarch64-apple-darwin", "wasm32-unknown-unknown"];

#[test]
fn recorded_cases_for_four_platforms() {
    let Some(cases) = crate::cases::folders() else { return };
    if std::process::Command::new("cargo").arg("--version").output().is_err() {
        println!("skipped: cargo is not installed here");
        return;
    }
    let lines = lines(corpus::documents().iter().map(|(_, text)| text.as_slice()));
    let old = |manifest: &str| manifest.replacen("edition = \"2024\"", "edition = \"2024\"\nresolver = \"1\"", 1);
    // Each takes a second and a half: a part of them unless more is asked for.
    let part = if crate::differential::is_thorough() { 1 } else { 23 };
    let questions = cases.iter().flat_map(|case| TARGETS.map(|target| (case, target)));
    for (case, target) in questions.step_by(part) {
        let manifest = fs::read_to_string(case.join("Cargo.toml")).unwrap();
        let name = case.display().to_string();
        compare(&name, corpus::snapshot(), &lines, &manifest, &[target]);
        compare(&format!("{name}, resolver 1"), corpus::snapshot(), &lines, &old(&manifest), &[target]);
    }
}
