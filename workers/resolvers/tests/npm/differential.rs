//! Made-up roots against npm itself, which is served the recorded packuments on loopback.
//!
//! Ignored by default: it takes npm, and a second or two a root. `GLEANER_ROOTS` says how many roots there are (300), and
//! `GLEANER_SEED` with which number they begin. What npm answered is kept in the folder `GLEANER_ANSWERS`, if that is set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gleaner_resolvers::npm::{Npm, NpmRoot, NpmSnapshot};
use gleaner_resolvers::{Answer, Resolution, Resolver, Snapshot, View};

use crate::roots::{Chance, Made, Shelf};
use crate::{corpus, lockfile, registry};

/// What npm answered: a lock file, or why not.
type Theirs = Result<String, String>;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn has_npm() -> bool {
    Command::new("npm")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|it| it.success())
}

/// What is not recorded is what the registry does not have.
fn resolve(snapshot: &mut NpmSnapshot, root: &NpmRoot, view: View) -> Resolution {
    loop {
        let resolution = corpus::resolve_at(snapshot, root, view);
        let Answer::Incomplete { names } = &resolution.answer else { return resolution };
        names.iter().for_each(|name| snapshot.insert_absent(name));
    }
}

/// Refusals that most roots would end with, and that say little.
const DULL: [&str; 4] = ["there is no package", "no version of", "has no version", "EBADPLATFORM"];

/// A root of which something can be said: few of what is recorded ask only for what is recorded.
fn make(shelf: &Shelf, seed: u64, snapshot: &mut NpmSnapshot) -> (Made, NpmRoot, Resolution) {
    let mut chance = Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    loop {
        let made = shelf.make(&mut chance);
        let root = Npm::read_manifest("package.json", &made.manifest.to_string()).unwrap();
        let resolution = resolve(snapshot, &root, View { before: made.before });
        let is_dull = match &resolution.answer {
            Answer::Unsatisfiable { reason } => DULL.iter().any(|dull| reason.contains(dull)),
            _ => false,
        };
        if !is_dull || chance.once_in(20) {
            return (made, root, resolution);
        }
    }
}

fn ask_npm(made: &Made, folder: &Path, registry: &str) -> Theirs {
    let project = folder.join("project");
    let _ = fs::remove_dir_all(&project);
    fs::create_dir_all(&project).unwrap();
    fs::write(project.join("package.json"), serde_json::to_string_pretty(&made.manifest).unwrap()).unwrap();
    let mut command = Command::new("npm");
    command.args(["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    command
        .args(["--registry", registry, "--fetch-retries=0", "--prefer-offline"])
        .arg("--cache")
        .arg(folder.join("cache"));
    if let Some(before) = made.before {
        command.arg(format!("--before={before}"));
    }
    let output = command.current_dir(&project).env("HOME", folder).env_remove("NODE_OPTIONS").output().unwrap();
    let lock = fs::read_to_string(project.join("package-lock.json"));
    match lock {
        Ok(lock) if output.status.success() => Ok(lock),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Asks npm, unless its answer is kept.
fn theirs(seed: u64, made: &Made, folder: &Path, registry: &str) -> Theirs {
    let kept = std::env::var_os("GLEANER_ANSWERS").map(PathBuf::from);
    let question = format!("{} {:?}", made.manifest, made.before.map(gleaner_model::Timestamp::as_millis));
    let file = kept.map(|kept| kept.join(format!("{seed}.json")));
    if let Some(text) = file.as_ref().and_then(|file| fs::read_to_string(file).ok()) {
        let (known, answer): (String, Theirs) = serde_json::from_str(&text).unwrap();
        if known == question {
            return answer;
        }
    }
    let answer = ask_npm(made, folder, registry);
    if let Some(file) = file {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, serde_json::to_string(&(question, &answer)).unwrap()).unwrap();
    }
    answer
}

/// How ours and theirs differ, if they do.
fn difference(ours: &Answer, theirs: &Theirs) -> Option<String> {
    match (ours, theirs) {
        (Answer::Graph(graph), Ok(lock)) => {
            let differences = lockfile::differences(&lockfile::of_graph(graph), &lockfile::read(lock));
            (!differences.is_empty()).then(|| differences.join("\n  "))
        }
        (Answer::Unsatisfiable { reason }, Err(error)) => {
            let is_conflict = |text: &str| text.contains("ERESOLVE");
            // npm stumbles over references in overrides while it gathers peers (`docs/fidelity.md`).
            let is_stumble = error.contains("Unable to resolve reference");
            (is_conflict(reason) != is_conflict(error) && !is_stumble)
                .then(|| format!("ours: {reason}\n  theirs: {error}"))
        }
        (ours, Ok(_)) => Some(format!("npm has a tree, and we {ours:?}")),
        (Answer::Graph(_), Err(error)) => Some(format!("we have a tree, and npm refuses: {error}")),
        (ours, Err(error)) => Some(format!("we {ours:?}, and npm: {error}")),
    }
}

#[test]
#[ignore = "takes npm and some minutes"]
fn made_up_roots_agree() {
    let (Some(shelf), true) = (Shelf::new(), has_npm()) else {
        println!("skipped: there is no npm here, or there are no recorded documents");
        return;
    };
    let registry = registry::serve(corpus::documents().unwrap());
    let folder = std::env::temp_dir().join(format!("gleaner-npm-{}", std::process::id()));
    let mut snapshot = corpus::snapshot().unwrap().clone();
    let (first, count) = (number("GLEANER_SEED", 1), number("GLEANER_ROOTS", 300));
    let (mut wrong, mut trees, mut archives) = (Vec::new(), 0, 0);
    for seed in first..first + count {
        let (made, _, resolution) = make(&shelf, seed, &mut snapshot);
        let theirs = theirs(seed, &made, &folder, &registry);
        trees += u32::from(theirs.is_ok());
        // npm opens archives that bring dependencies along, and there are no archives here.
        if resolution.warnings.iter().any(|warning| warning.contains("own archive")) {
            archives += 1;
            continue;
        }
        if let Some(difference) = difference(&resolution.answer, &theirs) {
            println!("{seed}: {} {:?}\n  {difference}", made.manifest, made.before);
            wrong.push(seed);
        }
    }
    let _ = fs::remove_dir_all(&folder);
    println!(
        "{count} roots, {trees} of them with a tree, {archives} with archives to open: {} differ: {wrong:?}",
        wrong.len()
    );
    assert!(wrong.is_empty());
}
