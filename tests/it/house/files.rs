//! The files of the repository: those that git knows or would add, or all but build output where git is not there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository, relative to its root, sorted.
pub(crate) fn all() -> Vec<PathBuf> {
    let mut files = from_git().unwrap_or_else(|| {
        let mut found = Vec::new();
        walk(root(), &mut found);
        found
    });
    files.retain(|file| root().join(file).is_file());
    files.sort();
    assert!(files.iter().any(|file| file == Path::new("Cargo.toml")), "the repository has no files?");
    files
}

/// Every Rust source of the repository outside tests and benches, with its text.
pub(crate) fn sources() -> Vec<(PathBuf, String)> {
    all().into_iter().filter(|file| is_source(file)).map(|file| (file.clone(), text(&file))).collect()
}

/// A file's text.
pub(crate) fn text(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn is_source(file: &Path) -> bool {
    let in_tests = file.iter().any(|part| part == "tests" || part == "benches");
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    file.extension().is_some_and(|extension| extension == "rs") && !in_tests && !stem.ends_with("tests")
}

fn from_git() -> Option<Vec<PathBuf>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
    let output = Command::new("git").args(arguments).current_dir(root()).output().ok()?;
    let listing = String::from_utf8(output.stdout).ok()?;
    let files: Vec<_> = listing.split_terminator('\0').map(PathBuf::from).collect();
    (output.status.success() && !files.is_empty()).then_some(files)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() {
            if name != "target" && name != ".git" && name != "mutants.out" {
                walk(&path, found);
            }
        } else {
            found.push(path.strip_prefix(root()).expect("below the root").to_owned());
        }
    }
}
