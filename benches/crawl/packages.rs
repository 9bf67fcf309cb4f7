//! Which packages the recorded documents tell of.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use gleaner_model::{Ecosystem, InvalidPurl, PackageName, Purl};

/// A package, and where its main document is found below its registry's base URL.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) purl: Purl,
    pub(crate) path: String,
}

/// Every package at `documents`: a folder of documents, or one with an archive of them.
///
/// # Errors
/// There are none, or they cannot be read.
pub(crate) fn list(documents: &Path) -> io::Result<Vec<Package>> {
    let archive = documents.join("documents.tar.zst");
    let mut files = Vec::new();
    if documents.join("npm").is_dir() {
        below(documents, Path::new(""), &mut files)?;
    } else {
        let decoded = zstd::Decoder::new(File::open(&archive)?)?;
        for entry in tar::Archive::new(decoded).entries()? {
            let entry = entry?;
            if entry.header().entry_type().is_file() {
                files.push(entry.path()?.into_owned());
            }
        }
    }
    let mut packages = Vec::new();
    for file in &files {
        packages.extend(package(file).transpose().map_err(io::Error::other)?);
    }
    packages.sort_by(|a, b| a.purl.cmp(&b.purl));
    if packages.is_empty() {
        return Err(io::Error::other(format!("there are no documents in {}", documents.display())));
    }
    Ok(packages)
}

fn below(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            below(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The package whose main document this file is, if it is one.
fn package(file: &Path) -> Option<Result<Package, InvalidPurl>> {
    let parts: Vec<&str> = file.iter().filter_map(|part| part.to_str()).filter(|part| *part != ".").collect();
    let (ecosystem, name, path) = match parts.as_slice() {
        ["cargo", folders @ .., name] if !folders.is_empty() => {
            (Ecosystem::Cargo, (*name).to_owned(), format!("{}/{name}", folders.join("/")))
        }
        ["npm", name] => {
            let name = name.strip_suffix(".json")?;
            (Ecosystem::Npm, name.replace("%2f", "/"), name.to_owned())
        }
        ["pypi", "simple", name] => {
            let name = name.strip_suffix(".json")?;
            (Ecosystem::Pypi, name.to_owned(), format!("{name}/"))
        }
        _ => return None,
    };
    let made = PackageName::new(ecosystem, &name);
    Some(made.map(|name| Package { purl: Purl::new(ecosystem, name), path }))
}
