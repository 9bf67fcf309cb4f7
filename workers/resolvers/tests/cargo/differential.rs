//! Roots that are made up from a seed, resolved here and by the real cargo.
//!
//! The recorded cases are what people write; what else a manifest can say is found by chance: odd requirements, optional,
//! renamed and platform-specific dependencies, features of all forms, each resolver, each age of Rust. `GLEANER_DIFFERENTIAL`
//! is how many roots are made (40 without it), `GLEANER_SEED` the first of their seeds (1).

use std::collections::BTreeSet;
use std::fmt::Write;

use gleaner_resolvers::cargo::{Cargo, CargoSnapshot};
use gleaner_resolvers::{Answer, Resolver};
use serde_json::Value;

use crate::random::Random;
use crate::real::{RealCargo, Said};
use crate::tangle::{first_of_tangle, tangle};
use crate::{corpus, lockfile, platforms};

/// Was more asked for than an everyday run?
pub(crate) fn is_thorough() -> bool {
    std::env::var_os("GLEANER_DIFFERENTIAL").is_some()
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |text| text.parse().unwrap())
}

/// All that can be depended on.
struct Pool {
    crates: Vec<Crate>,
}

struct Crate {
    name: String,
    lines: Vec<Value>,
}

impl Pool {
    fn of_documents() -> Self {
        let parse = |text: &[u8]| -> Vec<Value> {
            let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
        };
        let crates = corpus::documents().iter();
        Self { crates: crates.map(|(name, text)| Crate { name: name.clone(), lines: parse(text) }).collect() }
    }

    /// The documents, and that there is nothing else.
    fn snapshot(&self) -> CargoSnapshot {
        let mut snapshot = corpus::snapshot().clone();
        let here: BTreeSet<&str> = self.crates.iter().map(|one| one.name.as_str()).collect();
        let needs = self.crates.iter().flat_map(|one| &one.lines).flat_map(|line| line["deps"].as_array().unwrap());
        let named = needs.map(|need| need["package"].as_str().unwrap_or_else(|| need["name"].as_str().unwrap()));
        for name in named.filter(|name| !here.contains(name)).collect::<BTreeSet<_>>() {
            corpus::insert_absent(&mut snapshot, name);
        }
        snapshot
    }
}

/// A manifest of this seed.
fn manifest(pool: &Pool, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = "[package]\nname = \"case\"\nversion = \"0.0.0\"\n".to_owned();
    let edition = *random.one_of(&["2015", "2018", "2021", "2024", "2024", "2024"]);
    let _ = writeln!(text, "edition = \"{edition}\"");
    if random.once_in(3) {
        let _ = writeln!(text, "resolver = \"{}\"", random.one_of(&["1", "2", "3"]));
    }
    if random.once_in(4) {
        let version = *random.one_of(&["1.85", "1.90.0", "1.95", "1.88"]);
        let _ = writeln!(text, "rust-version = \"{version}\"");
    }
    if random.once_in(12) {
        text.push_str("links = \"z\"\nbuild = \"build.rs\"\n");
    }
    let mut optional: Vec<(String, Vec<String>)> = Vec::new();
    let mut taken = BTreeSet::new();
    for _ in 0..=random.below(7) {
        let one = random.one_of(&pool.crates);
        let line = if random.once_in(3) { random.one_of(&one.lines) } else { recent(one, &mut random) };
        let mut name = one.name.clone();
        if random.once_in(8) {
            name = format!("renamed_{}", taken.len());
        }
        if !taken.insert(name.replace('-', "_")) {
            continue;
        }
        let is_optional = random.once_in(5);
        let table = table(is_optional, &mut random);
        let features = some_features(line, &mut random);
        let _ = write!(
            text,
            "[{table}.{name}]\npackage = \"{}\"\nversion = \"{}\"\ndefault-features = {}\nfeatures = {features:?}\n",
            one.name,
            requirement(line["vers"].as_str().unwrap(), &mut random),
            !random.once_in(4),
        );
        if is_optional {
            text.push_str("optional = true\n");
            optional.push((name, some_features(line, &mut random)));
        }
    }
    features(&mut text, &optional, &mut random);
    text
}

/// One of the newest versions.
fn recent<'a>(one: &'a Crate, random: &mut Random) -> &'a Value {
    let newest = one.lines.len().saturating_sub(6);
    &one.lines[newest + random.below(one.lines.len() - newest)]
}

fn table(is_optional: bool, random: &mut Random) -> String {
    let kind = match random.below(8) {
        0 => "build-dependencies",
        1 if !is_optional => "dev-dependencies",
        _ => "dependencies",
    };
    let target =
        *random.one_of(&["cfg(unix)", "cfg(windows)", "x86_64-unknown-linux-gnu", "cfg(not(target_os = \"linux\"))"]);
    if random.once_in(6) { format!("target.'{target}'.{kind}") } else { kind.to_owned() }
}

/// A requirement of any form, in the neighbourhood of a version.
fn requirement(version: &str, random: &mut Random) -> String {
    let parsed: semver::Version = version.parse().unwrap();
    let (major, minor, patch) = (parsed.major, parsed.minor, parsed.patch);
    let plain = version.split('+').next().unwrap();
    match random.below(20) {
        0 => "*".to_owned(),
        1 => format!("{major}.*"),
        2 => format!("={plain}"),
        3 => format!("~{plain}"),
        4 => format!("~{major}.{minor}"),
        5 => format!(">={plain}"),
        6 => format!("<={plain}"),
        7 => format!(">={major}.{minor}, <{}", major + 1),
        8 => format!("<{}.0.0", major + 1),
        9 => format!(">{major}.{minor}.{patch}"),
        10 => format!("{major}.{minor}.*"),
        11 => format!("{major}"),
        12 => format!("{major}.{minor}"),
        13 => format!("={major}.{minor}"),
        _ => format!("^{plain}"),
    }
}

fn some_features(line: &Value, random: &mut Random) -> Vec<String> {
    let mut names: Vec<&String> = line["features"].as_object().into_iter().flat_map(|all| all.keys()).collect();
    names.extend(line["features2"].as_object().into_iter().flat_map(|all| all.keys()));
    let count = if names.is_empty() { 0 } else { random.below(3) };
    (0..count).map(|_| (*random.one_of(&names)).clone()).filter(|name| !name.contains('/')).collect()
}

/// Features that turn the optional dependencies on, in each form.
fn features(text: &mut String, optional: &[(String, Vec<String>)], random: &mut Random) {
    text.push_str("[features]\n");
    for (n, (name, of)) in optional.iter().enumerate() {
        let mut values = vec![match random.below(3) {
            0 => format!("dep:{name}"),
            1 => format!("{name}/{}", of.first().map_or("default", String::as_str)),
            _ => name.clone(),
        }];
        if let (true, Some(feature)) = (random.once_in(2), of.last()) {
            values.push(format!("{name}?/{feature}"));
        }
        let _ = writeln!(text, "f{n} = {values:?}");
    }
    if !optional.is_empty() && random.once_in(2) {
        text.push_str("default = [\"f0\"]\n");
    }
}

/// What of both answers differs, if anything does.
fn difference(snapshot: &CargoSnapshot, cargo: &RealCargo, manifest: &str) -> Result<bool, String> {
    let said = cargo.lock(manifest);
    let root = match (Cargo::read_manifest("Cargo.toml", manifest), &said) {
        (Ok(root), _) => root,
        (Err(_), Said::Refused(_)) => return Ok(false),
        (Err(invalid), _) => return Err(format!("we do not read it: {invalid}")),
    };
    let resolution = corpus::resolve(snapshot, &root);
    match (resolution.answer, said) {
        (Answer::Graph(graph), Said::Locked(theirs)) => {
            corpus::assert_requirements_hold(&graph);
            let ours = lockfile::of_graph(&graph);
            if ours == theirs {
                return Ok(true);
            }
            let more: Vec<_> = ours.edges.difference(&theirs.edges).collect();
            let less: Vec<_> = theirs.edges.difference(&ours.edges).collect();
            Err(format!("we have {more:?}, cargo has {less:?}"))
        }
        (Answer::Unsatisfiable { .. }, Said::Refused(_)) => Ok(false),
        // It takes cargo long, and that is all that is known.
        (_, Said::Nothing) => Ok(false),
        (Answer::Graph(_), Said::Refused(why)) => Err(format!("cargo refuses: {why}")),
        (ours, theirs) => Err(format!("we say {ours:?}, cargo {theirs:?}")),
    }
}

fn compare(snapshot: &CargoSnapshot, cargo: &RealCargo, manifests: impl Iterator<Item = (String, String)>) -> u64 {
    let (mut graphs, mut differences) = (0, Vec::new());
    for (name, manifest) in manifests {
        match difference(snapshot, cargo, &manifest) {
            Ok(is_graph) => graphs += u64::from(is_graph),
            Err(what) => differences.push(format!("{name}: {what}\n{manifest}")),
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    graphs
}

#[test]
fn differential_roots_over_the_documents() {
    let pool = Pool::of_documents();
    let Some(cargo) = RealCargo::start(corpus::documents().iter().cloned()) else { return };
    let snapshot = pool.snapshot();
    let (first, count) = (number("GLEANER_SEED", 1), number("GLEANER_DIFFERENTIAL", 40));
    let manifests = (first..first + count).map(|seed| (format!("seed {seed}"), manifest(&pool, seed)));
    let graphs = compare(&snapshot, &cargo, manifests);
    println!("{count} roots, {graphs} of them with a graph: no difference");
    assert!(graphs * 4 >= count, "{graphs} of {count} roots have a graph: too few to say much");
}

/// Tangled inputs, where the judge takes part: what it cuts off must not change which graph comes first.
#[test]
fn differential_tangles() {
    let sizes = if is_thorough() { 40 } else { 6 };
    for seed in 1..=sizes {
        let index = tangle(seed, 30, 8, 4, 4);
        let files = index.files().map(|(name, text)| (name.to_owned(), text.into_bytes()));
        let Some(cargo) = RealCargo::start(files) else { return };
        let head = "[package]\nname = \"case\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
        let manifest = format!("{head}{}", first_of_tangle(5));
        compare(&index.snapshot(), &cargo, std::iter::once((format!("tangle {seed}"), manifest)));
    }
}

/// The graphs of such roots for a platform.
#[test]
fn differential_platforms() {
    if !is_thorough() {
        println!("skipped: it takes seconds a root; GLEANER_DIFFERENTIAL asks for it");
        return;
    }
    let pool = Pool::of_documents();
    let snapshot = pool.snapshot();
    let lines = platforms::lines(corpus::documents().iter().map(|(_, text)| text.as_slice()));
    let count = number("GLEANER_DIFFERENTIAL", 0) / 10;
    let mut compared = 0;
    for seed in (number("GLEANER_SEED", 1)..).take(usize::try_from(count * 4).unwrap()) {
        let manifest = manifest(&pool, seed);
        let Ok(root) = Cargo::read_manifest("Cargo.toml", &manifest) else { continue };
        if matches!(corpus::resolve(&snapshot, &root).answer, Answer::Graph(_)) && compared < count {
            let target = *Random::new(seed).one_of(&platforms::TARGETS);
            platforms::compare(&format!("seed {seed}: {manifest}"), &snapshot, &lines, &manifest, &[target]);
            compared += 1;
        }
    }
    println!("{compared} roots for a platform: no difference");
}

/// The generator itself: the same seed makes the same manifest, and all of them are manifests.
#[test]
fn what_is_made_up_is_a_manifest() {
    let pool = Pool::of_documents();
    for seed in 1..200 {
        let text = manifest(&pool, seed);
        assert_eq!(text, manifest(&pool, seed));
        text.parse::<toml::Table>().unwrap();
    }
}
