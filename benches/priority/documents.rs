//! Packages made up for the demonstration, as recorded documents that `gleaner replay` serves.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

/// Versions of a project, each of which has a document of its own.
pub(crate) const VERSIONS: usize = 6;

/// The name of one of many.
pub(crate) fn name(kind: &str, number: usize) -> String {
    format!("{kind}-{number:05}")
}

/// Writes so many projects of a kind: a page and a document a version, so seven requests each.
///
/// # Errors
/// The disk says no.
pub(crate) fn projects(folder: &Path, kind: &str, count: usize) -> io::Result<()> {
    let (pages, metadata) = (folder.join("pypi/simple"), folder.join("pypi/metadata"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&metadata)?;
    for number in 0..count {
        let name = name(kind, number);
        let wheels: Vec<String> = (0..VERSIONS).map(|minor| wheel(&name, minor)).collect();
        let file = |wheel: &String| {
            let url = format!("http://registry.invalid/files/{wheel}");
            json!({"filename": wheel, "url": url, "hashes": {}, "core-metadata": true, "yanked": false})
        };
        let files: Vec<_> = wheels.iter().map(file).collect();
        let page = json!({"meta": {"api-version": "1.1"}, "name": name, "files": files});
        fs::write(pages.join(format!("{name}.json")), page.to_string())?;
        for (minor, wheel) in wheels.iter().enumerate() {
            let text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.{minor}\nRequires-Dist: click\n\n");
            fs::write(metadata.join(format!("{wheel}.metadata")), text)?;
        }
    }
    Ok(())
}

fn wheel(name: &str, minor: usize) -> String {
    format!("{}-1.{minor}-py3-none-any.whl", name.replace('-', "_"))
}

/// Writes so many crates of a kind: one request each.
///
/// # Errors
/// The disk says no.
pub(crate) fn crates(folder: &Path, kind: &str, count: usize) -> io::Result<()> {
    for number in 0..count {
        let name = name(kind, number);
        let path = folder.join("cargo").join(&name[..2]).join(&name[2..4]);
        fs::create_dir_all(&path)?;
        let line = json!({"name": name, "vers": "1.0.0", "deps": [], "cksum": "0".repeat(64), "features": {}, "yanked": false});
        fs::write(path.join(&name), line.to_string() + "\n")?;
    }
    Ok(())
}

/// Where a project's first request goes.
pub(crate) fn page_path(name: &str) -> String {
    format!("/pypi/simple/{name}/")
}

/// Where a crate's only request goes.
pub(crate) fn index_path(name: &str) -> String {
    format!("/cargo/{}/{}/{name}", &name[..2], &name[2..4])
}
