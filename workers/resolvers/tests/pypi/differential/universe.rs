//! A registry made up from the recorded one: some of its versions, and dependencies for those whose metadata was not
//! recorded, so that there is something to go back to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chance::Chance;
use super::server::Server;
use crate::corpus::Documents;

/// Versions that a project keeps at most.
const VERSIONS_MAX: usize = 14;

/// The recorded registry, read once.
pub(crate) struct Recorded {
    /// Each project's page without its files, and its files by version.
    pages: BTreeMap<String, (Value, BTreeMap<String, Vec<Value>>)>,
    /// Core metadata by project and version.
    texts: BTreeMap<String, BTreeMap<String, String>>,
}

impl Recorded {
    pub(crate) fn new(documents: &Documents) -> Self {
        let mut pages = BTreeMap::new();
        for (name, page) in &documents.pages {
            let mut page: Value = serde_json::from_slice(page).unwrap();
            let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for file in page["files"].as_array_mut().unwrap().drain(..) {
                if let Some(version) = version_of(&file) {
                    files.entry(version).or_default().push(file);
                }
            }
            pages.insert(name.clone(), (page, files));
        }
        let mut texts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (file, text) in &documents.metadata {
            let mut parts = file.split('-');
            let name = parts.next().unwrap().to_ascii_lowercase().replace(['_', '.'], "-");
            let text = String::from_utf8_lossy(text).into_owned();
            texts.entry(name).or_default().insert(parts.next().unwrap().to_owned(), text);
        }
        Self { pages, texts }
    }

    /// The metadata of a version, or of any.
    fn text(&self, project: &str, version: Option<&str>) -> Option<&str> {
        let all = self.texts.get(project)?;
        version.map_or_else(|| all.values().next(), |version| all.get(version)).map(String::as_str)
    }
}

/// What is known of each project while dependencies are made up.
pub(crate) struct Project {
    pub(crate) versions: Vec<String>,
    pub(crate) extras: Vec<String>,
}

pub(crate) struct Universe {
    pub(crate) documents: Documents,
    pub(crate) projects: BTreeMap<String, Project>,
}

impl Universe {
    pub(crate) fn new(recorded: &Recorded, chance: &mut Chance) -> Self {
        let mut universe = Self { documents: Documents::default(), projects: BTreeMap::new() };
        for (name, (page, _)) in &recorded.pages {
            let extras = recorded.text(name, None).map_or_else(Vec::new, extras_of);
            universe.projects.insert(
                name.clone(),
                Project { versions: choose_versions(page, recorded.texts.get(name), chance), extras },
            );
        }
        for name in recorded.pages.keys() {
            universe.add(name, recorded, chance);
        }
        universe
    }

    fn add(&mut self, name: &str, recorded: &Recorded, chance: &mut Chance) {
        let (page, by_version) = &recorded.pages[name];
        let versions = self.projects[name].versions.clone();
        let mut files = Vec::new();
        for version in &versions {
            let mut text = None;
            for file in by_version.get(version).into_iter().flatten() {
                let (filename, mut file) = (file["filename"].as_str().unwrap().to_owned(), file.clone());
                file["url"] = json!(format!("../../files/{filename}"));
                if chance.percent(2) {
                    file["yanked"] = json!("made up");
                }
                if chance.percent(1) {
                    file.as_object_mut().unwrap().remove("upload-time");
                }
                if filename.ends_with(".whl") {
                    file["core-metadata"] = json!(true);
                    let python = file["requires-python"].as_str().map(str::to_owned);
                    let text = text.get_or_insert_with(|| {
                        let known = recorded.text(name, Some(version)).map(str::to_owned);
                        let text = known.unwrap_or_else(|| made_up(recorded, name, version, &self.projects, chance));
                        with_python(&text, python.as_deref())
                    });
                    self.documents.metadata.insert(format!("{filename}.metadata"), text.clone().into_bytes());
                }
                files.push(file);
            }
        }
        let mut page = page.clone();
        (page["versions"], page["files"]) = (json!(versions), json!(files));
        self.documents.pages.insert(name.to_owned(), serde_json::to_vec(&page).unwrap());
    }

    /// Puts it on a server.
    pub(crate) fn serve(&self, server: &Server, below: &str) {
        server.clear();
        for (name, page) in &self.documents.pages {
            server.put(format!("{below}/simple/{name}/"), "application/vnd.pypi.simple.v1+json", page.clone());
        }
        for (name, text) in &self.documents.metadata {
            server.put(format!("{below}/files/{name}"), "text/plain", text.clone());
        }
    }
}

/// The version in the name of a wheel or of a source archive.
fn version_of(file: &Value) -> Option<String> {
    let name = file["filename"].as_str()?;
    if let Some(stem) = name.strip_suffix(".whl") {
        return stem.split('-').nth(1).map(str::to_owned);
    }
    let stem = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".zip"))?;
    stem.rsplit_once('-').map(|(_, version)| version.to_owned())
}

fn choose_versions(page: &Value, recorded: Option<&BTreeMap<String, String>>, chance: &mut Chance) -> Vec<String> {
    let mut versions: Vec<String> =
        page["versions"].as_array().unwrap().iter().map(|version| version.as_str().unwrap().to_owned()).collect();
    // The newest are what most resolutions are about.
    versions.sort_by(|a, b| match (a.parse::<pep440_rs::Version>(), b.parse::<pep440_rs::Version>()) {
        (Ok(a), Ok(b)) => b.cmp(&a),
        _ => b.cmp(a),
    });
    let keep = 2 + chance.below(VERSIONS_MAX - 2);
    let share = (100 * keep / versions.len().max(1)).max(15);
    // What was recorded stays, since what was recorded needs it.
    let stays = |version: &String| recorded.is_some_and(|recorded| recorded.contains_key(version));
    let mut others = 0;
    versions.retain(|version| {
        others += usize::from(!stays(version));
        stays(version) || (others <= 3 * keep && chance.percent(share))
    });
    versions
}

fn extras_of(text: &str) -> Vec<String> {
    let headers = text.lines().take_while(|line| !line.is_empty());
    headers.filter_map(|line| line.strip_prefix("Provides-Extra: ")).map(str::to_owned).collect()
}

/// Metadata with what the page says of Python, as registries have it.
fn with_python(text: &str, python: Option<&str>) -> String {
    let headers = text.lines().take_while(|line| !line.is_empty());
    let mut lines: Vec<String> =
        headers.filter(|line| !line.starts_with("Requires-Python:")).map(str::to_owned).collect();
    lines.extend(python.map(|python| format!("Requires-Python: {python}")));
    lines.join("\n") + "\n"
}

/// Metadata for a version that none was recorded of: the project's dependencies, with other versions of them.
fn made_up(
    recorded: &Recorded,
    name: &str,
    version: &str,
    projects: &BTreeMap<String, Project>,
    chance: &mut Chance,
) -> String {
    let head = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let Some(text) = recorded.text(name, None) else { return head };
    let mut lines = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with("Provides-Extra:") {
            lines.push(line.to_owned());
        }
        let Some(requirement) = line.strip_prefix("Requires-Dist: ") else { continue };
        if chance.percent(20) {
            continue;
        }
        lines.push(format!("Requires-Dist: {}", varied(requirement, projects, chance)));
    }
    if chance.percent(15) {
        let other = chance.one_of(&projects.keys().collect::<Vec<_>>()).as_str();
        lines.push(format!("Requires-Dist: {}", asked(other, projects, chance)));
    }
    head + &lines.join("\n") + "\n"
}

fn varied(requirement: &str, projects: &BTreeMap<String, Project>, chance: &mut Chance) -> String {
    if chance.percent(45) {
        return requirement.to_owned();
    }
    let (head, marker) = requirement.split_once(';').map_or((requirement, None), |(head, marker)| (head, Some(marker)));
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(head.len());
    let name = head[..end].to_ascii_lowercase().replace(['_', '.'], "-");
    let asked = asked(&name, projects, chance);
    match marker {
        Some(marker) if asked.contains(';') => format!("{asked} and ({})", marker.trim()),
        Some(marker) => format!("{asked} ;{marker}"),
        None => asked,
    }
}

const OPERATORS: [&str; 12] = [">=", ">=", ">=", ">=", ">=", ">=", "<", "<=", ">", "==", "!=", "!="];
const MARKERS: [&str; 9] = [
    "python_version < '3.10'",
    "python_version >= '3.9'",
    "python_full_version < '3.12.3'",
    "sys_platform == 'win32'",
    "sys_platform != 'win32'",
    "platform_machine == 'x86_64' or platform_machine == 'arm64'",
    "platform_system in 'Linux Darwin'",
    "os_name == 'posix' and implementation_name == 'cpython'",
    "platform_python_implementation != 'PyPy'",
];

/// Something that could be asked of a project.
pub(crate) fn asked(name: &str, projects: &BTreeMap<String, Project>, chance: &mut Chance) -> String {
    let Some(project) = projects.get(name) else { return name.to_owned() };
    let mut text = name.to_owned();
    if !project.extras.is_empty() && chance.percent(15) {
        text.push_str(&format!("[{}]", chance.one_of(&project.extras)));
    } else if chance.percent(1) {
        text.push_str("[no-such-extra]");
    }
    text.push_str(&specifiers(project, chance));
    if chance.percent(12) {
        text.push_str(&format!(" ; {}", chance.one_of(&MARKERS)));
    }
    text
}

fn specifiers(project: &Project, chance: &mut Chance) -> String {
    if project.versions.is_empty() || chance.percent(45) {
        return String::new();
    }
    let count = 1 + chance.below(2);
    let one = |chance: &mut Chance| {
        let version = chance.one_of(&project.versions).clone();
        let release: Vec<&str> = version.split('.').take(2).collect();
        match chance.below(12) {
            0 if release.len() > 1 => format!(
                "~={}.{}",
                release[0].trim_end_matches(|c: char| !c.is_ascii_digit()),
                release[1].split(|c: char| !c.is_ascii_digit()).next().unwrap_or("0").parse::<u32>().unwrap_or(0)
            ),
            1 => format!(
                "=={}.*",
                release[0].split(|c: char| !c.is_ascii_digit()).next().unwrap_or("1").parse::<u32>().unwrap_or(1)
            ),
            2 => format!(">={}", release[0]),
            3 => format!(
                "<{}",
                release[0].split(|c: char| !c.is_ascii_digit()).next().unwrap_or("1").parse::<u32>().unwrap_or(1) + 1
            ),
            _ => format!("{}{version}", chance.one_of(&OPERATORS)),
        }
    };
    (0..count).map(|_| one(chance)).collect::<Vec<_>>().join(",")
}
