//! What is kept, on real files.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use gleaner_model::{
    Artifact, Dependencies, Dependency, DependencyKind, Details, Ecosystem, Feature, Package, Timestamp, Version, Yank,
};

use super::*;
use crate::catalogue::content::Content;

fn place(dir: &Path) -> Where {
    Where { dir: dir.to_owned(), bytes_max: 1 << 20, cache_bytes: 1 << 20, level: 1 }
}

fn name(text: &str) -> PackageName {
    PackageName::new(Ecosystem::Cargo, text).unwrap()
}

fn registry() -> RegistryName {
    RegistryName::default_of(Ecosystem::Cargo)
}

fn put(position: u64, names: &[(&str, &[u8])]) -> Changes {
    let put = names.iter().map(|(text, bytes)| (name(text), bytes.to_vec())).collect();
    Changes { position, mark: Some(77), put, ..Changes::default() }
}

async fn found(kept: &Kept, tenure: &Tenure, names: &[&str]) -> Vec<String> {
    let found = kept.load(tenure, names.iter().map(|text| name(text)).collect()).await;
    let mut found: Vec<String> = found.into_keys().map(|name| name.to_string()).collect();
    found.sort();
    found
}

/// Waits until the file is closed, which its thread does when nobody can reach it any more.
async fn close(kept: Kept) {
    let Some(orders) = kept.0 else { return };
    let thread = orders.downgrade();
    drop(orders);
    // Only the thread's end drops the receiver; nothing else tells.
    while thread.upgrade().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn file(dir: &Path) -> PathBuf {
    let is_ours = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("packages");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(is_ours);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[tokio::test]
async fn what_was_put_is_there_at_the_next_start_with_its_position() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(place(dir.path()));
    let (tenure, at) = kept.begin(registry()).await;
    assert_eq!(at, None);
    kept.change(&tenure, put(5, &[("a", b"one"), ("b", b"two")])).await;
    kept.change(&tenure, Changes { forget: vec![name("b")], ..put(7, &[]) }).await;
    close(kept).await;
    let kept = Kept::open(place(dir.path()));
    let (tenure, at) = kept.begin(registry()).await;
    assert_eq!(at, Some((7, 77)));
    assert_eq!(found(&kept, &tenure, &["a", "b", "c"]).await, ["a"]);
    assert_eq!(kept.load(&tenure, vec![name("a")]).await[&name("a")], b"one");
    kept.change(&tenure, Changes::all_is_stale(9, Some(78))).await;
    assert_eq!(found(&kept, &tenure, &["a"]).await, [""; 0]);
    assert_eq!(kept.begin(registry()).await.1, Some((9, 78)));
    kept.change(&kept.begin(registry()).await.0, Changes::all_is_stale(10, None)).await;
    assert_eq!(kept.begin(registry()).await.1, None, "without a mark nobody can go on from it");
}

#[tokio::test]
async fn registries_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(place(dir.path()));
    let (ours, _) = kept.begin(registry()).await;
    let (other, _) = kept.begin("cargo-2".parse().unwrap()).await;
    kept.change(&ours, put(1, &[("a", b"ours")])).await;
    kept.change(&other, put(2, &[("a", b"other"), ("b", b"other")])).await;
    kept.change(&ours, Changes::all_is_stale(3, None)).await;
    assert_eq!(found(&kept, &ours, &["a", "b"]).await, [""; 0]);
    assert_eq!(found(&kept, &other, &["a", "b"]).await, ["a", "b"]);
}

#[tokio::test]
async fn whoever_took_a_registry_up_last_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(place(dir.path()));
    let (before, _) = kept.begin(registry()).await;
    kept.change(&before, put(5, &[("a", b"one")])).await;
    let (after, at) = kept.begin(registry()).await;
    assert_eq!(at, Some((5, 77)));
    kept.change(&before, put(6, &[("b", b"late")])).await;
    assert_eq!(found(&kept, &before, &["a"]).await, [""; 0]);
    assert_eq!(found(&kept, &after, &["a", "b"]).await, ["a"]);
}

#[tokio::test]
async fn the_oldest_go_when_there_is_too_much() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(Where { bytes_max: 3_000, ..place(dir.path()) });
    let (tenure, _) = kept.begin(registry()).await;
    let mut chance = crate::chance::Chance::new(1);
    let mut noise = || (0..900).map(|_| chance.next().to_le_bytes()[0]).collect::<Vec<u8>>();
    for text in ["a", "b", "c"] {
        kept.change(&tenure, put(1, &[(text, &noise())])).await;
    }
    kept.change(&tenure, put(2, &[("a", &noise()), ("d", &noise())])).await;
    assert_eq!(found(&kept, &tenure, &["a", "b", "c", "d"]).await, ["a", "c", "d"], "what is put again is new");
}

#[tokio::test]
async fn a_file_that_is_none_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(place(dir.path()));
    let (tenure, _) = kept.begin(registry()).await;
    kept.change(&tenure, put(5, &[("a", b"one")])).await;
    close(kept).await;
    std::fs::write(file(dir.path()), b"no database").unwrap();
    let kept = Kept::open(place(dir.path()));
    let (tenure, at) = kept.begin(registry()).await;
    assert_eq!(at, None);
    kept.change(&tenure, put(6, &[("a", b"one")])).await;
    assert_eq!(found(&kept, &tenure, &["a"]).await, ["a"]);
}

#[tokio::test]
async fn damage_in_the_middle_of_the_file_is_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(place(dir.path()));
    let (tenure, _) = kept.begin(registry()).await;
    let mut chance = crate::chance::Chance::new(2);
    let contents: Vec<(String, Vec<u8>)> =
        (0..200).map(|at| (format!("p{at}"), (0..2_000).map(|_| chance.next().to_le_bytes()[0]).collect())).collect();
    let borrowed: Vec<(&str, &[u8])> = contents.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    kept.change(&tenure, put(5, &borrowed)).await;
    close(kept).await;
    let path = file(dir.path());
    let whole = std::fs::read(&path).unwrap();
    for seed in 0..20 {
        let dir = tempfile::tempdir().unwrap();
        let mut chance = crate::chance::Chance::new(seed);
        let mut damaged = whole.clone();
        for _ in 0..20 {
            let at = usize::try_from(chance.up_to(damaged.len() as u64 - 1)).unwrap();
            damaged[at] ^= 1 + u8::try_from(chance.up_to(254)).unwrap();
        }
        std::fs::write(dir.path().join(path.file_name().unwrap()), damaged).unwrap();
        let kept = Kept::open(place(dir.path()));
        let (tenure, _) = kept.begin(registry()).await;
        let found = kept.load(&tenure, contents.iter().map(|(text, _)| name(text)).collect()).await;
        for (text, bytes) in &contents {
            assert!(found.get(&name(text)).is_none_or(|found| found == bytes), "{text} differs, seed {seed}");
        }
    }
}

#[tokio::test]
async fn files_of_other_starts_go_unread() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("packages-0000.redb"), b"torn").unwrap();
    let kept = Kept::open(place(dir.path()));
    kept.begin(registry()).await;
    assert!(!file(dir.path()).ends_with("packages-0000.redb"));
}

#[tokio::test]
async fn nothing_is_kept_if_nothing_may_be() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(Where { bytes_max: 0, ..place(dir.path()) });
    let (tenure, at) = kept.begin(registry()).await;
    kept.change(&tenure, put(6, &[("a", b"one")])).await;
    assert_eq!((at, found(&kept, &tenure, &["a"]).await.len()), (None, 0));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// If this fails, the fields of a package changed: raise `FORMAT`, and write down here what is written now.
#[test]
fn a_package_is_written_as_the_format_has_it() {
    let text = |text: &str| text.to_owned();
    let yank = Some(Yank { reason: Some(text("why")) });
    let package = Package {
        latest: Some(text("1")),
        tags: vec![(text("latest"), text("1"))],
        repository: Some(text("r")),
        versions: vec![Version {
            number: text("1"),
            published_at: Some(Timestamp::from_millis(3)),
            yank: yank.clone(),
            deprecated: Some(text("d")),
            licence: Some(0),
            runtime: Some(text("n")),
            dependencies: Dependencies::Fetched(vec![0]),
            features: vec![0],
            details: Some(0),
            artifacts: vec![Artifact {
                name: text("f"),
                algorithm: text("sha1"),
                checksum: vec![1, 2],
                published_at: Some(Timestamp::from_millis(4)),
                yank,
                runtime: Some(text("p")),
            }],
        }],
        dependencies: vec![Dependency {
            name: text("b"),
            alias: Some(text("c")),
            requirement: text("^1"),
            kind: DependencyKind::Build,
            optional: true,
            default_features: true,
            features: vec![text("g")],
            target: Some(text("t")),
            registry: Some(text("i")),
        }],
        features: vec![Feature { name: text("g"), enables: vec![text("h")] }],
        licences: vec![text("MIT")],
        details: vec![Details {
            links: Some(text("z")),
            os: vec![text("linux")],
            cpu: vec![text("x64")],
            libc: vec![text("glibc")],
            engines: vec![(text("node"), text("*"))],
            bundled: vec![text("k")],
            optional_peers: vec![text("o")],
            commands: vec![(text("m"), text("m.js"))],
            funding: Some(text("{}")),
            install_script: true,
            shrinkwrap: true,
        }],
        edition: Some(5),
    };
    let content = Content::Package(Box::new(package));
    let written = content.write();
    assert_eq!(Content::read(&written), Some(content));
    assert_eq!(Content::read(&written[..written.len() - 1]), None);
    let expected = "be23665d9769caff3eecb2eb3662b0e2d28148c9c630cc02ff755c787fd4b36b";
    assert_eq!(crate::document::hash(&written).to_string(), expected);
    assert_eq!(super::tables::FORMAT, 1);
}
