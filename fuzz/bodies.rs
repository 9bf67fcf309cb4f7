//! What is done with each input: read it, and ask of what was read all that can be asked without a catalogue.
//!
//! The problem: manifests come from strangers. Whatever one of them holds, reading it ends soon, with an answer or an error
//! that says something, and never in a panic. All goes through the one door that the worker uses, so that what stands in
//! front of a parser is tried with it.

use gleaner_resolvers::{Budget, Flow, Question, Scratches, Snapshots, View};

/// Steps that are enough to find out that nothing is known of anything.
const STEPS: u64 = 10_000;

/// Reads a manifest, and resolves it against nothing.
fn manifest(file: &str, text: &str) {
    let question = match Question::of_manifest(file, text, &[]) {
        Ok(question) => question,
        Err(invalid) => {
            assert!(!invalid.to_string().is_empty());
            return;
        }
    };
    let names = question.direct();
    assert!(names.iter().all(|name| !name.as_str().is_empty()), "{names:?}");
    let mut pause = || Flow::Continue;
    let mut budget = Budget::new(STEPS, &mut pause);
    let (snapshots, mut scratches) = (Snapshots::default(), Scratches::default());
    let resolution = snapshots.resolve(&question, &View::default(), &mut scratches, &mut budget);
    assert!(resolution.steps <= STEPS);
    assert!(resolution.read.is_sorted());
}

/// Text that stands between quotation marks in TOML and in JSON.
fn quoted(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .flat_map(|c| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] })
        .collect()
}

/// `Cargo.toml`.
pub fn cargo_manifest(text: &str) {
    manifest("Cargo.toml", text);
}

/// `cfg(…)` expressions and names of targets.
pub fn cargo_cfg(text: &str) {
    let target = quoted(text);
    manifest("Cargo.toml", &format!("[package]\nname = \"a\"\n[target.\"{target}\".dependencies]\nb = \"1\"\n"));
    manifest("Cargo.toml", &format!("[package]\nname = \"a\"\n[target.\"cfg({target})\".dependencies]\nb = \"1\"\n"));
}

/// cargo's requirements, features and names.
pub fn cargo_requirement(text: &str) {
    let text = quoted(text);
    manifest("Cargo.toml", &format!("[package]\nname = \"a\"\n[dependencies]\nb = \"{text}\"\n"));
    manifest("Cargo.toml", &format!("[package]\nname = \"a\"\n[dependencies]\n\"{text}\" = \"1\"\n"));
    let features = format!(
        "[package]\nname = \"a\"\n[dependencies.b]\nversion = \"1\"\noptional = true\n[features]\nf = [\"{text}\"]\n"
    );
    manifest("Cargo.toml", &features);
    manifest("Cargo.toml", &format!("[package]\nname = \"a\"\nrust-version = \"{text}\"\nversion = \"{text}\"\n"));
}

/// `package.json`.
pub fn npm_manifest(text: &str) {
    manifest("package.json", text);
}

/// npm's ranges, tags and addresses.
pub fn npm_range(text: &str) {
    let text = quoted(text);
    manifest(
        "package.json",
        &format!("{{\"name\":\"a\",\"version\":\"1.0.0\",\"dependencies\":{{\"b\":\"{text}\"}}}}"),
    );
    manifest(
        "package.json",
        &format!("{{\"peerDependencies\":{{\"{text}\":\"*\"}},\"overrides\":{{\"b\":\"{text}\"}}}}"),
    );
}

/// `requirements.txt`.
pub fn pypi_requirements(text: &str) {
    manifest("requirements.txt", text);
    manifest("requirements.in", text);
}

/// `pyproject.toml`.
pub fn pypi_pyproject(text: &str) {
    manifest("pyproject.toml", text);
}

/// One requirement (PEP 508), in each place where it can stand.
pub fn pypi_requirement(text: &str) {
    let line: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    manifest("requirements.txt", &line);
    manifest("requirements.txt", &format!("a {line}\n"));
    let listed = quoted(&line);
    manifest("pyproject.toml", &format!("[project]\nname = \"x\"\nversion = \"1\"\ndependencies = [\"{listed}\"]\n"));
}
