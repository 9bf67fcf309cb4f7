//! Project pages and core metadata: a page tells of files, and a version is what its files say together.
//!
//! Which file belongs to which version is stated by the file's name alone, in many historical forms. So the answer is
//! taken from the catalogue and judged: every file is in exactly one version, whose number its name states, and what
//! the version says is what the files that were put into it say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gleaner_proto::v1::{DependenciesState, Dependency, VersionSummary};
use serde_json::Value;

use super::facts::{milliseconds, sorted};

/// What a page says.
pub(super) struct Project {
    purl: String,
    listed: BTreeSet<String>,
    files: BTreeMap<String, File>,
    metadata: Arc<BTreeMap<String, Vec<u8>>>,
}

struct File {
    yanked: bool,
    uploaded_at_ms: Option<i64>,
    offers_metadata: bool,
}

impl Project {
    pub(super) fn read(name: &str, page: &[u8], metadata: &Arc<BTreeMap<String, Vec<u8>>>) -> Self {
        let page: Value = serde_json::from_slice(page).unwrap();
        let listed = page["versions"].as_array().unwrap().iter().map(|version| version.as_str().unwrap().to_owned());
        let file = |file: &Value| {
            let facts = File {
                yanked: file["yanked"] == true || file["yanked"].is_string(),
                uploaded_at_ms: file["upload-time"].as_str().map(milliseconds),
                offers_metadata: file["core-metadata"] == true || file["core-metadata"].is_object(),
            };
            (file["filename"].as_str().unwrap().to_owned(), facts)
        };
        let files = page["files"].as_array().unwrap();
        let project = Self {
            purl: format!("pkg:pypi/{name}"),
            listed: listed.collect(),
            files: files.iter().map(file).collect(),
            metadata: Arc::clone(metadata),
        };
        assert_eq!(project.files.len(), files.len(), "{name} has a file twice");
        project
    }

    /// Judges the list of versions as it is stored.
    pub(super) fn judge(&self, versions: &[VersionSummary]) {
        let purl = &self.purl;
        let stored: BTreeSet<&str> = versions.iter().map(|version| version.number.as_str()).collect();
        assert_eq!(stored.len(), versions.len(), "{purl} has a version twice");
        let missing: Vec<_> = self.listed.iter().filter(|version| !stored.contains(version.as_str())).collect();
        assert!(missing.is_empty(), "{purl} lacks {missing:?}");
        let mut placed = BTreeSet::new();
        for version in versions {
            let number = &version.number;
            assert!(self.listed.contains(number) || !version.artifacts.is_empty(), "{purl}@{number} is nowhere listed");
            for artifact in &version.artifacts {
                assert!(states(&artifact.name, number), "{} is no file of {purl}@{number}", artifact.name);
                assert!(placed.insert(artifact.name.as_str()), "{} is in two versions", artifact.name);
            }
            self.judge_version(version);
        }
        assert_eq!(placed, self.files.keys().map(String::as_str).collect(), "{purl}");
    }

    fn judge_version(&self, version: &VersionSummary) {
        let files = self.files_of(version);
        let yanked = !files.is_empty() && files.iter().all(|(_, file)| file.yanked);
        assert_eq!(version.yank.is_some(), yanked, "{}@{}", self.purl, version.number);
        let published = files.iter().filter_map(|(_, file)| file.uploaded_at_ms).min();
        assert_eq!(version.published_at_ms, published.unwrap_or(0), "{}@{}", self.purl, version.number);
        assert_eq!(version.deprecated, "");

        let offering: Vec<&str> = self.offering(version).collect();
        let there = offering.iter().filter(|name| self.metadata.contains_key(**name)).count();
        let known: &[DependenciesState] = match (offering.len(), there) {
            (0, _) => &[DependenciesState::NotFetched],
            (_, 0) => &[DependenciesState::NotFound],
            (offered, there) if offered == there => &[DependenciesState::Fetched],
            _ => &[DependenciesState::NotFound, DependenciesState::Fetched],
        };
        let state = version.dependencies_state();
        assert!(known.contains(&state), "{}@{} is {state:?}, not {known:?}", self.purl, version.number);
    }

    /// Judges dependencies that were fetched: they are those of one of the version's metadata documents.
    pub(super) fn judge_dependencies(&self, version: &VersionSummary, stored: &[Dependency]) {
        let stored = sorted(stored.to_vec());
        let candidates: Vec<Vec<Dependency>> = self
            .offering(version)
            .filter_map(|name| self.metadata.get(name))
            .map(|document| sorted(requirements(document)))
            .collect();
        let (purl, number) = (&self.purl, &version.number);
        assert!(candidates.contains(&stored), "{purl}@{number}: {stored:#?} is none of {candidates:#?}");
    }

    fn files_of(&self, version: &VersionSummary) -> Vec<(&str, &File)> {
        let file = |name: &str| self.files.get_key_value(name).unwrap_or_else(|| panic!("{name} is not on the page"));
        version
            .artifacts
            .iter()
            .map(|artifact| file(&artifact.name))
            .map(|(name, file)| (name.as_str(), file))
            .collect()
    }

    fn offering(&self, version: &VersionSummary) -> impl Iterator<Item = &str> {
        self.files_of(version).into_iter().filter(|(_, file)| file.offers_metadata).map(|(name, _)| name)
    }
}

/// Does a file's name state this version?
fn states(filename: &str, number: &str) -> bool {
    /// Source distributions first, which state nothing but the version behind the name.
    const ENDINGS: [&str; 12] =
        [".tar.gz", ".tar.bz2", ".tgz", ".zip", ".tar.Z", ".tar.xz", ".egg", ".exe", ".msi", ".rpm", ".dmg", ".deb"];
    const PLATFORMS: [&str; 5] = ["linux", "win32", "win-amd64", "macosx", "noarch"];
    let number = plain(number);
    if let Some(wheel) = filename.strip_suffix(".whl") {
        return wheel.split('-').nth(1).is_some_and(|stated| plain(stated) == number);
    }
    let Some((at, stem)) = ENDINGS.iter().enumerate().find_map(|(at, end)| Some((at, filename.strip_suffix(end)?)))
    else {
        panic!("{filename} is of no known form");
    };
    let is_built = at > 5 || PLATFORMS.iter().any(|platform| stem.contains(platform));
    // Behind the version of what was built for a platform stands that platform.
    let ends = |rest: &str| {
        let places = rest.char_indices().filter(|(_, c)| is_built && "-.".contains(*c)).map(|(at, _)| at);
        places.chain([rest.len()]).any(|end| plain(&rest[..end]) == number)
    };
    stem.match_indices('-').any(|(at, _)| ends(&stem[at + 1..]))
}

/// A version's number without what PEP 440 calls different spellings of it.
fn plain(number: &str) -> String {
    let mut text = number.to_ascii_lowercase().trim_start_matches('v').to_owned();
    // `1.0-1` is an old way of writing `1.0.post1`.
    if let Some((release, post)) = number.rsplit_once('-').filter(|(_, post)| post.chars().all(|c| c.is_ascii_digit()))
    {
        text = format!("{release}.post{post}");
    }
    text = text.replace(['-', '_'], ".");
    for (long, short) in [("alpha", "a"), ("beta", "b"), ("preview", "rc"), ("pre", "rc"), ("rev", "post")] {
        text = text.replace(long, short);
    }
    // `1.0.rc.1` and `1.0rc1` are the same: separators beside letters go.
    let mut parts: Vec<String> = Vec::new();
    for part in text.split(['.', '+']) {
        let mut rest = part;
        while !rest.is_empty() {
            let letters = rest.starts_with(|c: char| !c.is_ascii_digit());
            let end = rest.find(|c: char| c.is_ascii_digit() == letters).unwrap_or(rest.len());
            let piece = &rest[..end];
            parts.push(if letters { piece.to_owned() } else { format!("{:0>6}", piece.trim_start_matches('0')) });
            rest = &rest[end..];
        }
    }
    let zero = "000000";
    let release = parts.iter().position(|part| part.starts_with(char::is_alphabetic)).unwrap_or(parts.len());
    let suffix = parts.split_off(release);
    while parts.len() > 1 && parts.last().is_some_and(|part| part == zero) {
        parts.pop();
    }
    parts.extend(suffix);
    parts.join(".")
}

/// The requirements of core metadata: the headers before the first empty line, with their continuation lines.
fn requirements(document: &[u8]) -> Vec<Dependency> {
    let text = String::from_utf8_lossy(document).replace("\r\n", "\n");
    let head = text.split("\n\n").next().unwrap();
    let mut headers: Vec<String> = Vec::new();
    for line in head.lines() {
        match headers.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(last) => last.push_str(&format!(" {}", line.trim())),
            None => headers.push(line.to_owned()),
        }
    }
    headers.iter().filter_map(|header| header.strip_prefix("Requires-Dist:")).map(requirement).collect()
}

fn requirement(text: &str) -> Dependency {
    let (head, marker) = text.split_once(';').unwrap_or((text, ""));
    let (head, marker) = (head.trim(), marker.trim());
    assert!(!head.contains('@'), "`{text}` names a URL, which this reading does not know");
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    let (extras, range) = match rest.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, range)) => (extras.split(',').map(normalised).collect(), range.trim()),
        None => (Vec::new(), rest.trim()),
    };
    let range = range.strip_prefix('(').and_then(|range| range.strip_suffix(')')).unwrap_or(range).trim();
    Dependency {
        optional: asks_for_extra(marker),
        features: extras,
        target: marker.to_owned(),
        ..super::facts::dependency(&normalised(name), range, gleaner_proto::v1::DependencyKind::Normal)
    }
}

/// A name as PEP 503 compares it.
fn normalised(name: &str) -> String {
    let lower = name.trim().to_ascii_lowercase();
    lower.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

/// Is the word `extra` in the marker, outside of quotes?
fn asks_for_extra(marker: &str) -> bool {
    let outside: String = marker.replace('"', "'").split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    outside.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == "extra")
}
