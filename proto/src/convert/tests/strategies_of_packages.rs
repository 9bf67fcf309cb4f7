//! Arbitrary packages whose positions lie within their pools.

use gleaner_model::{
    Artifact, CrawlFacts, Dependencies, Dependency, DependencyKind, Details, Feature, Package, Version, Yank,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::strategies::{document, moment, number, text, validators};

/// Length of each pool, so that any position below it is a valid one.
const POOL: u32 = 3;

fn positions() -> impl Strategy<Value = Vec<u32>> {
    vec(0..POOL, 0..5)
}

fn dependencies() -> impl Strategy<Value = Dependencies> {
    prop_oneof![
        3 => positions().prop_map(Dependencies::Fetched),
        1 => Just(Dependencies::NotFetched),
        1 => Just(Dependencies::Pending),
        1 => Just(Dependencies::NotFound),
        1 => Just(Dependencies::Malformed),
    ]
}

fn artifact() -> impl Strategy<Value = Artifact> {
    let stated = (of(moment()), of(of(text()).prop_map(|reason| Yank { reason })), of(text()));
    ("[a-z.]{0,9}", "(sha256|sha1)?", vec(any::<u8>(), 0..9), stated).prop_map(
        |(name, algorithm, checksum, (published_at, yank, runtime))| Artifact {
            name,
            algorithm,
            checksum,
            published_at,
            yank,
            runtime,
        },
    )
}

fn details() -> impl Strategy<Value = Details> {
    let names = || vec(text(), 0..3);
    let entries = || vec((text(), text()), 0..3);
    let lists = (names(), names(), names(), names(), names());
    (of(text()), lists, entries(), entries(), of(text()), any::<(bool, bool)>()).prop_map(
        |(
            links,
            (os, cpu, libc, bundled, optional_peers),
            engines,
            commands,
            funding,
            (install_script, shrinkwrap),
        )| {
            Details {
                links,
                os,
                cpu,
                libc,
                engines,
                bundled,
                optional_peers,
                commands,
                funding,
                install_script,
                shrinkwrap,
            }
        },
    )
}

fn version() -> impl Strategy<Value = Version> {
    let yank = of(of(text()).prop_map(|reason| Yank { reason }));
    let stated = (of(moment()), yank, of(text()), of(0..POOL), of(text()), of(0..POOL));
    (number(), stated, dependencies(), positions(), vec(artifact(), 0..3)).prop_map(
        |(number, (published_at, yank, deprecated, licence, runtime, details), dependencies, features, artifacts)| {
            Version {
                number,
                published_at,
                yank,
                deprecated,
                licence,
                runtime,
                dependencies,
                features,
                details,
                artifacts,
            }
        },
    )
}

fn dependency() -> impl Strategy<Value = Dependency> {
    let options = (of(text()), of(text()), of(text()));
    let flags = any::<(bool, bool)>();
    (text(), options, "[ -~]{0,9}", select(&DependencyKind::ALL[..]), flags, vec(text(), 0..3)).prop_map(
        |(name, (alias, target, registry), requirement, kind, (optional, default_features), features)| Dependency {
            name,
            alias,
            requirement,
            kind,
            optional,
            default_features,
            features,
            target,
            registry,
        },
    )
}

pub(super) fn package() -> impl Strategy<Value = Package> {
    let pool = POOL as usize;
    let feature = (text(), vec(text(), 0..3)).prop_map(|(name, enables)| Feature { name, enables });
    let pools = (vec(dependency(), pool), vec(feature, pool), vec(text(), pool), vec(details(), pool));
    let tags = vec((text(), text()), 0..3);
    (of(number()), tags, of(text()), vec(version(), 0..4), pools, of(any::<i64>())).prop_map(
        |(latest, tags, repository, versions, (dependencies, features, licences, details), edition)| Package {
            latest,
            tags,
            repository,
            versions,
            dependencies,
            features,
            licences,
            details,
            edition,
        },
    )
}

pub(super) fn crawl_facts() -> impl Strategy<Value = CrawlFacts> {
    (package(), vec(document(), 1..4), validators(), moment()).prop_map(
        |(package, documents, validators, fetched_at)| CrawlFacts { package, documents, validators, fetched_at },
    )
}
