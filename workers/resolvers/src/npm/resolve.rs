//! One resolution, from a root to an answer.

use gleaner_model::{Ecosystem, PackageName};

use super::build::{Build, End, Site};
use super::environment::NpmEnvironment;
use super::memo::{Memo, Memos};
use super::pick::Picker;
use super::platform;
use super::root::NpmRoot;
use super::snapshot::{Known, NpmSnapshot};
use super::spec::Spec;
use crate::{Answer, Budget, Read, Resolution, Sensitivity, Stopped, View};

/// Room for resolutions.
#[derive(Default)]
pub struct NpmScratch {
    memos: Memos,
    site: Site,
}

pub(super) fn resolve(
    snapshot: &NpmSnapshot,
    root: &NpmRoot,
    environment: &NpmEnvironment,
    view: &View,
    scratch: &mut NpmScratch,
    budget: &mut Budget<'_>,
) -> Resolution {
    let before = budget.taken();
    let memo = scratch.memos.get(snapshot, environment, before_ms(view));
    let (answer, warnings) = answer(memo, snapshot, &mut scratch.site, root, budget);
    let steps = budget.taken() - before;
    let answer = match answer {
        Answer::GaveUp { .. } => Answer::GaveUp { steps },
        other => other,
    };
    // Only what is taken for a want is ever looked at, and never what else there is.
    let read = reads(memo, &scratch.site);
    Resolution { answer, read, sensitivity: Sensitivity::FirstCandidates, warnings, steps }
}

fn before_ms(view: &View) -> Option<i64> {
    view.before.map(gleaner_model::Timestamp::as_millis)
}

fn answer(
    memo: &mut Memo,
    snapshot: &NpmSnapshot,
    site: &mut Site,
    root: &NpmRoot,
    budget: &mut Budget<'_>,
) -> (Answer, Vec<String>) {
    let ended = Build::new(memo, snapshot, site, budget, &root.data).and_then(|mut build| {
        build.build(&root.data)?;
        // With something unknown the tree is none.
        if build.site.unknown.is_empty() { build.finish().map(Some) } else { Ok(None) }
    });
    if let Err(End::Stopped(stopped)) = ended {
        return match stopped {
            Stopped::Exhausted => (Answer::GaveUp { steps: 0 }, Vec::new()),
            Stopped::Unwanted => (Answer::Stopped, Vec::new()),
        };
    }
    if !site.unknown.is_empty() {
        return (Answer::Incomplete { names: unknown(memo, site) }, Vec::new());
    }
    let refusal = platform::refusal(root.data.title(), &root.data.platforms, &memo.key.environment);
    match ended {
        Ok(Some(_)) if refusal.is_some() => {
            let reason = format!("EBADPLATFORM: {}", refusal.unwrap_or_default());
            (Answer::Unsatisfiable { reason }, Vec::new())
        }
        Ok(Some(finished)) => {
            let warnings = root.data.warnings.iter().cloned().chain(finished.warnings).collect();
            (Answer::Graph(finished.graph), warnings)
        }
        Err(End::Refused(reason)) => (Answer::Unsatisfiable { reason }, Vec::new()),
        Ok(None) | Err(End::Stopped(_)) => (Answer::Stopped, Vec::new()),
    }
}

/// The packages of which nothing is known.
fn unknown(memo: &Memo, site: &Site) -> Vec<PackageName> {
    let names = site.unknown.iter().filter_map(|want| {
        let package = memo.wants[*want as usize].package;
        memo.names.get(package as usize)?.package.clone()
    });
    let mut names: Vec<PackageName> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn reads(memo: &Memo, site: &Site) -> Vec<Read> {
    let reads = site.asked.iter().filter_map(|want| {
        let want = &memo.wants[*want as usize];
        let Spec::Registry { text, .. } = &want.spec else { return None };
        let name = memo.names.get(want.package as usize)?.package.clone()?;
        Some(Read { name, requirement: text.clone() })
    });
    let mut reads: Vec<Read> = reads.collect();
    reads.sort_unstable();
    reads.dedup();
    reads
}

/// The number of the version that is taken for a requirement.
pub(super) fn first_candidate(
    snapshot: &NpmSnapshot,
    name: &PackageName,
    requirement: &str,
    environment: &NpmEnvironment,
    view: &View,
) -> Option<String> {
    let Known::Package(package) = snapshot.known(name)? else { return None };
    let Spec::Registry { asked, .. } = Spec::of_registry(requirement, None) else { return None };
    let at = Picker::new(environment, before_ms(view)).pick(package, &asked).ok()?;
    Some(package.versions[at as usize].number.to_string())
}

/// A package's name, if the catalogue can have it.
pub(super) fn package_name(name: &str) -> Option<PackageName> {
    PackageName::new(Ecosystem::Npm, name).ok()
}
