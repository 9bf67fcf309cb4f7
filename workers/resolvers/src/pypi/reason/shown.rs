//! Sets of versions and reasons, as a person reads them.

use std::ops::Bound;

use pep440_rs::Version;

use crate::pypi::environment::Environment;
use crate::pypi::search::asks::{NO_EXTRA, Why};
use crate::pypi::search::world::World;
use crate::pypi::versions::line::{Versions, position, positions};

/// Runs of versions beyond which the rest is only said to be there.
const RUNS_MAX: usize = 4;

/// `a`, `a, and b`, `a, b, and c`: what is listed has commas of its own.
pub(super) fn listed(all: &[String]) -> String {
    match all.split_last() {
        None => String::new(),
        Some((one, [])) => one.clone(),
        Some((last, [one])) => format!("{one} and {last}"),
        Some((last, before)) => format!("{}, and {last}", before.join(", ")),
    }
}

/// A project, perhaps with an extra, and versions of it, as specifiers over those that there are.
pub(super) fn shown(project: u32, extra: u32, versions: &Versions, world: &World) -> String {
    let extra = if extra == NO_EXTRA { String::new() } else { format!("[{}]", world.extras[extra as usize]) };
    let name = format!("{}{extra}", world.projects[project as usize].name.as_str());
    let mut runs: Vec<String> = versions
        .iter()
        .filter_map(|(low, high)| run(project, low, high, world))
        .map(|run| format!("{name}{run}"))
        .collect();
    if runs.len() > RUNS_MAX {
        runs.truncate(RUNS_MAX);
        runs.push("others".to_owned());
    }
    match runs.split_last() {
        None => format!("no version of {name}"),
        Some((one, [])) => one.clone(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
    }
}

/// One run of versions; none if it is empty.
fn run(project: u32, low: Bound<&u64>, high: Bound<&u64>, world: &World) -> Option<String> {
    let releases = world.project(project).map_or(&[][..], |project| &project.releases);
    let (from, to) = positions(low, high, releases.len());
    if from < to {
        let (first, last) = (&releases[from].version, &releases[to - 1].version);
        return Some(match (from, to) {
            (0, to) if to == releases.len() => String::new(),
            (from, to) if to - from == 1 => format!("=={first}"),
            (0, _) => format!("<={last}"),
            (_, to) if to == releases.len() => format!(">={first}"),
            _ => format!(">={first},<={last}"),
        });
    }
    // No version is there: what was asked for is all there is to say.
    let version = |place: &u64| match position(*place) {
        Some(at) => releases.get(at).map(|release| release.version.clone()),
        None => world.projects[project as usize].candidates.as_ref()?.end_at(*place).cloned(),
    };
    let low = match low {
        Bound::Included(place) => version(place).map(|version| format!(">={version}")),
        Bound::Excluded(place) => version(place).map(|version| format!(">{}", version.with_max(None))),
        Bound::Unbounded => None,
    };
    let high = match high {
        Bound::Included(place) => version(place).map(|version| format!("<={version}")),
        Bound::Excluded(place) => version(place).map(|version| below(&version)),
        Bound::Unbounded => None,
    };
    Some([low, high].into_iter().flatten().collect::<Vec<_>>().join(","))
}

/// Ends are the least version behind what is meant.
fn below(end: &Version) -> String {
    match (end.post(), end.dev()) {
        (Some(0), Some(0)) => format!("<={}", end.clone().with_post(None).with_dev(None)),
        (_, Some(0)) => format!("<{}", end.clone().with_dev(None)),
        _ => format!("<{end}"),
    }
}

/// What is wrong with versions, and what can be done.
pub(super) fn unusable(why: Why, environment: &Environment) -> String {
    let python = environment.python.release().iter().take(2).map(ToString::to_string).collect::<Vec<_>>().join(".");
    let platform = &environment.platform;
    match why {
        Why::NoProject => "does not exist".to_owned(),
        Why::NoFiles => "has no files that can be installed".to_owned(),
        Why::SourcesOnly => {
            format!("has no wheel for CPython {python} on {platform}, and sources do not count (`sources=never`)")
        }
        Why::OtherPython | Why::OtherAbi => format!("has wheels for other Pythons than CPython {python} only"),
        Why::OtherPlatform => format!("has wheels for CPython {python} on other platforms than {platform} only"),
        Why::Yanked => "is yanked, and would have to be pinned (`==`) to be used".to_owned(),
        Why::Malformed => "has metadata that cannot be read".to_owned(),
        Why::Impossible => "depends on something of which no version can satisfy it".to_owned(),
    }
}
