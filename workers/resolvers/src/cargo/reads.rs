//! What was asked of the snapshot on the way.
//!
//! A read's requirement is cargo's, with what the first candidate depends on beside it: where a root's versions are not
//! tried in the order that the environment's compiler gives, `; rust-version=1.70` or `; rust-version=any` (the highest
//! first, as resolvers 1 and 2 have it) stands behind. `latest` is what `cargo add` looks up.

use std::fmt;

use gleaner_model::{Ecosystem, PackageName, Text};
use semver::VersionReq;

use super::memo::{Known, ListId, Memo, MemoKey, Preference, matching};
use super::prepared::{Prepared, added};
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

/// What stands behind a requirement.
impl fmt::Display for Preference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiler(_) => Ok(()),
            Self::Highest => write!(f, "{RUST_VERSION}{ANY}"),
            Self::Rust(rust) => write!(f, "{RUST_VERSION}{rust}"),
        }
    }
}

/// What an answer says of a requirement that was asked for, if there can be such a crate.
pub(super) fn of(name: &str, requirement: &Text, preference: Preference) -> Option<Read> {
    let requirement = match preference {
        Preference::Compiler(_) => requirement.clone(),
        Preference::Highest | Preference::Rust(_) => format!("{requirement}{preference}").into(),
    };
    Some(Read { name: PackageName::new(Ecosystem::Cargo, name).ok()?, requirement })
}

/// The read of a crate that was looked up as `cargo add` does.
pub(super) fn of_added(names: &[String]) -> Vec<Read> {
    let names = names.iter().filter_map(|name| PackageName::new(Ecosystem::Cargo, name).ok());
    names.map(|name| Read { name, requirement: LATEST.into() }).collect()
}

impl Reads {
    /// All that was asked in a search.
    pub(super) fn collect(&mut self, known: &mut Known<'_>, search: &Search, prepared: &Prepared) -> Vec<Read> {
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
        let Memo { reads: all, list_ranks, .. } = &mut *known.memo;
        list_ranks.sort(&mut self.lists, all.len(), |a, b| all[a as usize].cmp(&all[b as usize]));
        let mut reads = of_added(&prepared.added);
        reads.reserve(self.lists.len());
        reads.extend(self.lists.iter().filter_map(|id| all[*id as usize].clone()));
        let preference = known.memo.key.expect("a memo is prepared before it is used").preference;
        let any = Text::from("*");
        reads.extend(search.unknown(known).filter_map(|id| of(known.crate_name(id), &any, preference)));
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
        None => (requirement, Preference::Compiler(environment.compiler)),
        Some((requirement, ANY)) => (requirement, Preference::Highest),
        Some((requirement, rust)) => (requirement, Preference::Rust(RustVersion::parse(rust)?)),
    };
    let key = MemoKey { snapshot: snapshot.identity(), before_ms, preference };
    let found = matching(versions, &VersionReq::parse(requirement).ok()?, key);
    found.first().map(|at| versions.all[*at].number.to_string())
}
