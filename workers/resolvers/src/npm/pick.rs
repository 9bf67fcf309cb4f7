//! Which version of a package npm takes for what is asked.
//!
//! Source: `npm-pick-manifest` (`lib/index.js`), `npm-install-checks` (`checkEngine`). The version behind `latest` is taken
//! if it fits and nothing speaks against it; otherwise the best by: neither deprecated nor of other engines, engines fit,
//! not deprecated, highest.

use super::environment::NpmEnvironment;
use super::semver::{Options, Range, Version};
use super::snapshot::{PackageData, VersionData};
use super::spec::Asked;

/// What versions are chosen for.
#[derive(Clone, Debug)]
pub(super) struct Picker {
    node: Option<Version>,
    npm: Option<Version>,
    /// What was published later does not count; what has no date does (`--before`).
    before_ms: Option<i64>,
}

/// Why there is no version to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPick {
    /// The package has no version, or none that is old enough.
    NoVersions,
    /// None of its versions is asked for.
    NoMatch,
}

impl Picker {
    pub(super) fn new(environment: &NpmEnvironment, before_ms: Option<i64>) -> Self {
        let version = |text: &str| Version::parse(text, false);
        Self { node: version(&environment.node), npm: version(&environment.npm), before_ms }
    }

    /// The position of the version to take.
    pub(super) fn pick(&self, package: &PackageData, asked: &Asked) -> Result<u32, NoPick> {
        match asked {
            Asked::Tag(tag) => self.tagged(package, tag),
            Asked::Version(number, _) => {
                let at = package.find(number).filter(|at| self.is_in_time(&package.versions[*at as usize]));
                at.ok_or(NoPick::NoMatch)
            }
            Asked::Any => self.best(package, None),
            Asked::Range(range) => self.best(package, Some(range)),
        }
    }

    /// What a tag names; if that is too young, the best of what is not above it.
    fn tagged(&self, package: &PackageData, tag: &str) -> Result<u32, NoPick> {
        let number = package.tag(tag).ok_or(NoPick::NoMatch)?;
        let at = package.find(number).ok_or(NoPick::NoMatch)?;
        if self.is_in_time(&package.versions[at as usize]) {
            return Ok(at);
        }
        let lower = Range::parse(&format!("<={number}"), Options::LOOSE).ok_or(NoPick::NoMatch)?;
        self.best(package, Some(&lower))
    }

    fn best(&self, package: &PackageData, range: Option<&Range>) -> Result<u32, NoPick> {
        let fits = |version: &VersionData| {
            let number = version.version.as_ref();
            number.is_some_and(|number| range.map_or(!number.is_prerelease(), |range| range.allows(number)))
        };
        let latest = package.tag("latest").and_then(|number| package.find(number));
        if let Some(at) = latest {
            let version = &package.versions[at as usize];
            let asked_for = range.is_none() || fits(version);
            if asked_for
                && self.is_in_time(version)
                && self.engines_fit(package, version)
                && version.deprecated.is_none()
            {
                return Ok(at);
            }
        }
        let highest_first = package.versions.iter().enumerate().rev();
        let mut in_time = highest_first.filter(|(_, version)| self.is_in_time(version)).peekable();
        if in_time.peek().is_none() {
            return Err(NoPick::NoVersions);
        }
        // Highest first: only a better rank takes the place of a higher version.
        let mut best: Option<(u8, usize)> = None;
        for (at, version) in in_time.filter(|(_, version)| fits(version)) {
            let rank = self.rank(package, version);
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, at));
            }
            if rank == RANK_MAX {
                break;
            }
        }
        best.and_then(|(_, at)| u32::try_from(at).ok()).ok_or(NoPick::NoMatch)
    }

    fn rank(&self, package: &PackageData, version: &VersionData) -> u8 {
        let (engines, current) = (self.engines_fit(package, version), version.deprecated.is_none());
        4 * u8::from(engines && current) + 2 * u8::from(engines) + u8::from(current)
    }

    fn is_in_time(&self, version: &VersionData) -> bool {
        self.before_ms.is_none_or(|before| version.published_ms.is_none_or(|at| at <= before))
    }

    /// Do Node and npm fit what the version asks for?
    pub(super) fn engines_fit(&self, package: &PackageData, version: &VersionData) -> bool {
        let npm = package.details_of(version).and_then(|details| {
            details.engines.iter().find(|(engine, _)| engine == "npm").map(|(_, range)| range.as_str())
        });
        fits(self.node.as_ref(), version.node.as_deref()) && fits(self.npm.as_ref(), npm)
    }
}

/// The rank of a version that nothing speaks against.
const RANK_MAX: u8 = 7;

/// A range that is none fits nothing.
fn fits(engine: Option<&Version>, range: Option<&str>) -> bool {
    let (Some(engine), Some(range)) = (engine, range.filter(|range| !range.is_empty())) else { return true };
    Range::parse(range, Options::ENGINES).is_some_and(|range| range.allows(engine))
}
