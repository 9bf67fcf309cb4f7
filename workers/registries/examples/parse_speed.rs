//! Megabytes of JSON a second on one core. `cargo run --release --example parse_speed FOLDER`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]
use gleaner_registries::{CrawlWork, read};
use std::path::{Path, PathBuf};
use std::time::Instant;
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}
fn main() {
    let root = PathBuf::from(std::env::args().nth(1).unwrap());
    for (below, kind) in [("cargo", "cargo"), ("npm", "npm"), ("pypi/simple", "pypi")] {
        let mut found = Vec::new();
        walk(&root.join(below), &mut found);
        let docs: Vec<_> = found
            .iter()
            .map(|path| {
                let bytes = std::fs::read(path).unwrap();
                let name = match kind {
                    "cargo" => {
                        let l = bytes.split(|b| *b == b'\n').next().unwrap();
                        serde_json::from_slice::<serde_json::Value>(l).unwrap()["name"].as_str().unwrap().to_owned()
                    }
                    _ => path.file_stem().unwrap().to_str().unwrap().replace("%2f", "/").replace('@', "%40"),
                };
                (CrawlWork::new(format!("pkg:{kind}/{name}").parse().unwrap(), "http://registry.invalid/"), bytes)
            })
            .collect();
        let bytes: usize = docs.iter().map(|(_, b)| b.len()).sum();
        let mut best = f64::MAX;
        let mut versions = 0;
        let mut deps = 0;
        for _ in 0..5 {
            let start = Instant::now();
            versions = 0;
            deps = 0;
            for (work, doc) in &docs {
                let r = read(work, doc, None).unwrap();
                versions += r.package.versions.len();
                deps += r.package.dependencies.len();
            }
            best = best.min(start.elapsed().as_secs_f64());
        }
        let mut floor = f64::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            for (_, doc) in &docs {
                let text = std::str::from_utf8(doc).unwrap();
                if kind == "cargo" {
                    for l in text.lines() {
                        serde_json::from_str::<serde::de::IgnoredAny>(l).unwrap();
                    }
                } else {
                    serde_json::from_str::<serde::de::IgnoredAny>(text).unwrap();
                }
            }
            floor = floor.min(start.elapsed().as_secs_f64());
        }
        println!(
            "{kind}: {} documents, {versions} versions, {deps} pooled, {:.0} MB/s, skipping alone {:.0} MB/s",
            docs.len(),
            bytes as f64 / 1e6 / best,
            bytes as f64 / 1e6 / floor
        );
    }
}
