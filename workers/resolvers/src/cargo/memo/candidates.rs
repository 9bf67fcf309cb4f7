//! Versions that satisfy a requirement, in the order in which cargo tries them.
//!
//! Rules: cargo's `src/cargo/sources/registry/mod.rs` (`RegistrySource::query`: yanked and invalid versions are no
//! candidates), `src/cargo/core/resolver/version_prefs.rs` (the order) and `types.rs` (`SemverCompatibility`).

use std::cmp::Reverse;

use semver::{Version, VersionReq};

use super::super::reads;
use super::super::snapshot::{CargoSnapshot, CrateId, RequirementId, VersionData, Versions};
use super::{Known, LinkId, MemoKey, NONE, SlotId};

/// A version's number in this memo.
pub(in super::super) type CandidateId = u32;
/// Stands for the root where a version is asked for.
pub(in super::super) const ROOT: CandidateId = u32::MAX - 1;
/// A list's number.
pub(in super::super) type ListId = u32;

/// A version that may be chosen.
#[derive(Clone, Copy)]
pub(in super::super) struct Candidate {
    pub(in super::super) of: CrateId,
    /// Its position in the crate's versions.
    pub(in super::super) version: u32,
    pub(in super::super) slot: SlotId,
    /// [`NONE`] if it links nothing.
    pub(in super::super) link: LinkId,
    /// Words that a set of its features takes.
    pub(in super::super) words: u32,
}

/// The candidates for a requirement: a part of what is listed in the memo.
#[derive(Clone, Copy)]
pub(in super::super) struct List {
    pub(in super::super) first: u32,
    pub(in super::super) end: u32,
    pub(in super::super) of: CrateId,
    pub(in super::super) requirement: RequirementId,
    /// The slot of all of them; [`NONE`] if they have several.
    pub(in super::super) slot: SlotId,
}

impl List {
    pub(in super::super) const fn len(&self) -> u32 {
        self.end - self.first
    }
}

/// Versions are compatible if their first number that is not zero is the same.
const fn compatibility(version: &Version) -> (u8, u64) {
    if version.major != 0 {
        (0, version.major)
    } else if version.minor != 0 {
        (1, version.minor)
    } else {
        (2, version.patch)
    }
}

/// May it be chosen anew, as far as its own state and the view go?
pub(in super::super) fn is_offered(version: &VersionData, before_ms: Option<i64>) -> bool {
    let in_view = match (before_ms, version.published_ms) {
        (Some(before), Some(published)) => published < before,
        // Of unknown age: cargo keeps it.
        _ => true,
    };
    in_view && !version.yanked && version.invalid.is_none()
}

/// Positions of the versions that satisfy a requirement, in the order in which they are tried.
pub(in super::super) fn matching<'a>(versions: &'a Versions, requirement: &'a VersionReq, key: MemoKey) -> Vec<usize> {
    let offered = |(_, version): &(usize, &VersionData)| {
        is_offered(version, key.before_ms) && requirement.matches(&version.version)
    };
    let mut found: Vec<usize> = versions.all.iter().enumerate().rev().filter(offered).map(|(at, _)| at).collect();
    if let Some(rust) = key.preference.rust() {
        found.sort_by_key(|at| Reverse(versions.all[*at].rust_version.is_none_or(|asked| asked.is_met_by(rust))));
    }
    found
}

impl Known<'_> {
    /// The candidates for a requirement on a crate that something is known of.
    pub(in super::super) fn list(&mut self, of: CrateId, requirement: RequirementId) -> ListId {
        if let Some(known) = self.memo.list_of.get(&(of, requirement)) {
            return *known;
        }
        let key = self.memo.key.expect("a memo is prepared before it is used");
        let versions = self.snapshot_for(of).and_then(|snapshot| snapshot.versions(of)).cloned();
        let first = self.memo.listed.len();
        if let Some(versions) = versions {
            let found = matching(&versions, &self.requirement(requirement).parsed, key);
            for at in found {
                let candidate = self.candidate(of, at, &versions);
                self.memo.listed.push(candidate);
            }
        }
        let number = |at: usize| u32::try_from(at).expect("a memo is emptied long before");
        let slots = self.memo.listed[first..].iter().map(|id| self.memo.candidates[*id as usize].slot);
        let slot = slots.reduce(|one, other| if one == other { one } else { NONE }).unwrap_or(NONE);
        let list = List { first: number(first), end: number(self.memo.listed.len()), of, requirement, slot };
        let id = number(self.memo.lists.len());
        let read = reads::of(self.crate_name(of), &self.requirement(requirement).text, key.preference);
        self.memo.reads.push(read);
        self.memo.lists.push(list);
        self.memo.list_of.insert((of, requirement), id);
        id
    }

    fn candidate(&mut self, of: CrateId, at: usize, versions: &Versions) -> CandidateId {
        let version = u32::try_from(at).expect("versions of one index file");
        if let Some(known) = self.memo.candidate_of.get(&(of, version)) {
            return *known;
        }
        let data = &versions.all[at];
        let (rank, number) = compatibility(&data.version);
        let memo = &mut *self.memo;
        let slot = *memo.slot_of.entry((of, rank, number)).or_insert_with(|| {
            memo.slots += 1;
            memo.slots - 1
        });
        let link = data.links.map_or(NONE, |text| {
            *memo.link_of.entry(text).or_insert_with(|| {
                memo.links += 1;
                memo.links - 1
            })
        });
        let words = u32::try_from(versions.features(at).len().div_ceil(64)).expect("features of one line");
        let id = u32::try_from(memo.candidates.len()).expect("a memo is emptied long before");
        memo.candidates.push(Candidate { of, version, slot, link, words });
        memo.candidate_of.insert((of, version), id);
        id
    }

    /// The slot and the library that the root itself takes: none, and one if it links something.
    pub(in super::super) fn link_of(&mut self, links: &str) -> LinkId {
        let text = self.text_id(links);
        let memo = &mut *self.memo;
        *memo.link_of.entry(text).or_insert_with(|| {
            memo.links += 1;
            memo.links - 1
        })
    }

    /// The version behind a candidate.
    pub(in super::super) fn version(&self, id: CandidateId) -> &VersionData {
        let candidate = self.memo.candidates[id as usize];
        &versions_of(self.snapshot, candidate.of).all[candidate.version as usize]
    }
}

/// The versions of a crate that has candidates.
pub(in super::super) fn versions_of(snapshot: &CargoSnapshot, of: CrateId) -> &Versions {
    snapshot.versions(of).expect("a candidate is one of a known crate's versions")
}
