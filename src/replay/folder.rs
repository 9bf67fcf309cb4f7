//! Documents from a directory in the layout.

use std::fs;
use std::path::Path;

use super::documents::{DocumentsError, Reading, place};

/// The deepest file of the layout is `cargo/ab/cd/name`. The bound also ends loops of symbolic links.
const MAX_DEPTH: usize = 4;

/// Reads every document below `root`.
pub(super) fn read(root: &Path, reading: &mut Reading<'_>) -> Result<(), DocumentsError> {
    for top in ["cargo", "npm", "pypi"] {
        let path = root.join(top);
        if path.is_dir() {
            read_below(&path, &mut vec![top.to_owned()], reading)?;
        }
    }
    Ok(())
}

fn read_below(directory: &Path, parts: &mut Vec<String>, reading: &mut Reading<'_>) -> Result<(), DocumentsError> {
    let failed = |path: &Path, error| DocumentsError::Read { path: path.to_owned(), error };
    for entry in fs::read_dir(directory).map_err(|error| failed(directory, error))? {
        let entry = entry.map_err(|error| failed(directory, error))?;
        let path = entry.path();
        // A document's name is always ASCII; what is not even Unicode is none.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let about = fs::metadata(&path).map_err(|error| failed(&path, error))?;
        parts.push(name);
        if about.is_dir() && parts.len() < MAX_DEPTH {
            read_below(&path, parts, reading)?;
        } else if about.is_file() {
            let seen: Vec<&str> = parts.iter().map(String::as_str).collect();
            if let Some(place) = place(&seen) {
                reading.account(&path.to_string_lossy(), about.len())?;
                reading.add(place, fs::read(&path).map_err(|error| failed(&path, error))?);
            }
        }
        parts.pop();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gleaner_model::Ecosystem;

    use super::super::documents::Documents;
    use super::*;

    #[test]
    fn reads_the_layout_from_a_directory() {
        let root = tempfile::tempdir().unwrap();
        for (file, body) in [
            ("cargo/se/rd/serde", "{}"),
            ("cargo/config.json", "{}"),
            ("pypi/simple/flask.json", "{}"),
            ("pypi/metadata/flask-1-py3-none-any.whl.metadata", "Name: flask"),
            ("notes/x.json", "{}"),
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, body).unwrap();
        }
        let documents = Documents::open(root.path()).unwrap();
        assert_eq!(documents.len(), 3);
        assert_eq!(documents.names(Ecosystem::Cargo), ["serde"]);
        assert_eq!(documents.names(Ecosystem::Pypi), ["flask"]);
    }
}
