//! What was asked of the snapshot on the way.
//!
//! A read's requirement is cargo's, with what the first candidate depends on beside it: where a root's versions are not
//! tried in the order that the environment's compiler gives, `; rust-version=1.70` or `; rust-version=any` (the highest
//! first, as resolvers 1 and 2 have it) stands behind. `latest` is what `cargo add` looks up.

use std::cmp::Ordering;
use std::fmt;

use gleaner_model::{Ecosystem, PackageName};
use semver::VersionReq;

use super::memo::{Known, ListId, MemoKey, Preference, matching};
use super::prepared::{Prepared, added};
use super::root::{CargoRoot, ResolverVersion};
use super::rust_version::RustVersion;
use super::search::Search;
use super::{CargoEnvironment, CargoSnapshot};
use crate::{Read, View};

/// What `cargo add` looks up.
const LATEST: &str = "latest";
/// Stands before the Rust version by which candidates are tried.
const RUST_VERSION: &str = "; rust-version=";
/// Any Rust: the highest version first.
const ANY: &str = "any";

/// Room for collecting.
#[derive(Default)]
pub(super) struct Reads {
    seen_in: Vec<u32>,
    run: u32,
    lists: Vec<ListId>,
}

/// What stands behind a requirement of this root.
enum Suffix {
    None,
    Any,
    Rust(RustVersion),
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Any => write!(f, "{RUST_VERSION}{ANY}"),
            Self::Rust(rust) => write!(f, "{RUST_VERSION}{rust}"),
        }
    }
}

/// The read of a crate that was looked up as `cargo add` does.
pub(super) fn of_added(names: &[String]) -> Vec<Read> {
    let names = names.iter().filter_map(|name| PackageName::new(Ecosystem::Cargo, name).ok());
    names.map(|name| Read { name, requirement: LATEST.to_owned() }).collect()
}

impl Reads {
    /// All that was asked in a search.
    pub(super) fn collect(
        &mut self,
        known: &Known<'_>,
        search: &Search,
        prepared: &Prepared,
        root: &CargoRoot,
    ) -> Vec<Read> {
        self.run = self.run.wrapping_add(1);
        if self.run == 0 {
            *self = Self { run: 1, ..Self::default() };
        }
        self.lists.clear();
        // Another memo's lists have the same numbers; the run tells them apart.
        self.seen_in.resize(known.memo.lists.len().max(self.seen_in.len()), 0);
        for id in &search.asked {
            let (first, end) = known.memo.activations[*id as usize].infos;
            for info in &known.memo.infos[first as usize..end as usize] {
                let seen = &mut self.seen_in[info.list as usize];
                if *seen != self.run {
                    *seen = self.run;
                    self.lists.push(info.list);
                }
            }
        }
        let suffix = match (root.data.resolver, root.data.rust_version) {
            (ResolverVersion::Three, None) => Suffix::None,
            (ResolverVersion::Three, Some(rust)) => Suffix::Rust(rust),
            (ResolverVersion::One | ResolverVersion::Two, _) => Suffix::Any,
        };
        // In the order of the answer, as far as numbers tell it: texts are compared where those do not.
        self.lists.sort_unstable_by(|a, b| {
            let (a, b) = (known.memo.lists[*a as usize], known.memo.lists[*b as usize]);
            let names =
                || if a.of == b.of { Ordering::Equal } else { known.crate_name(a.of).cmp(known.crate_name(b.of)) };
            let requirements = || known.requirement(a.requirement).text.cmp(&known.requirement(b.requirement).text);
            a.prefix.cmp(&b.prefix).then_with(names).then_with(requirements)
        });
        let mut reads = of_added(&prepared.added);
        reads.reserve(self.lists.len());
        reads.extend(self.lists.iter().filter_map(|id| {
            let list = known.memo.lists[*id as usize];
            let text = &known.requirement(list.requirement).text;
            let requirement = match suffix {
                Suffix::None => text.as_ref().to_owned(),
                _ => format!("{text}{suffix}"),
            };
            Some(Read { name: PackageName::new(Ecosystem::Cargo, known.crate_name(list.of)).ok()?, requirement })
        }));
        let unknown =
            search.unknown(known).filter_map(|id| PackageName::new(Ecosystem::Cargo, known.crate_name(id)).ok());
        reads.extend(unknown.map(|name| Read { name, requirement: format!("*{suffix}") }));
        if !reads.is_sorted_by(|a, b| a < b) {
            reads.sort_unstable();
            reads.dedup();
        }
        reads
    }
}

/// The first candidate of a read.
pub(super) fn first_candidate(
    snapshot: &CargoSnapshot,
    name: &str,
    requirement: &str,
    environment: &CargoEnvironment,
    view: &View,
) -> Option<String> {
    let versions = snapshot.versions(snapshot.crate_id(name)?)?;
    let before_ms = view.before.map(gleaner_model::Timestamp::as_millis);
    if requirement == LATEST {
        return added(versions, environment.compiler, before_ms).map(|at| versions.all[at].number.to_string());
    }
    let (requirement, preference) = match requirement.split_once(RUST_VERSION) {
        None => (requirement, Preference::Rust(environment.compiler)),
        Some((requirement, ANY)) => (requirement, Preference::Highest),
        Some((requirement, rust)) => (requirement, Preference::Rust(RustVersion::parse(rust)?)),
    };
    let key = MemoKey { snapshot: snapshot.identity(), before_ms, preference };
    let found = matching(versions, &VersionReq::parse(requirement).ok()?, key);
    found.first().map(|at| versions.all[*at].number.to_string())
}
