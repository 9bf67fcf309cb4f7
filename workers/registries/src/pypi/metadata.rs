//! Core metadata: what one version says of itself.

use gleaner_model::Dependency;

use super::headers::headers;
use super::name::{is_spelling_of, normalise};
use super::requirement;

/// Longest licence that is kept, in bytes. Many versions have the whole text of a licence in that field; its first
/// line is its name.
const LICENCE_MAX_BYTES: usize = 256;

/// What is read of core metadata.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CoreMetadata {
    pub(crate) dependencies: Vec<Dependency>,
    /// Extras that it offers, in normal form.
    pub(crate) extras: Vec<String>,
    pub(crate) requires_python: Option<String>,
    pub(crate) licence: Option<String>,
    pub(crate) repository: Option<String>,
}

/// Reads the core metadata of the version `number` of `project`; none if it is not that.
pub(crate) fn read(document: &[u8], project: &str, number: &str) -> Option<CoreMetadata> {
    // Old versions were written in whatever encoding their author's machine had; names and ranges are ASCII.
    let text = String::from_utf8_lossy(document);
    let headers = headers(&text);
    let all = |name: &str| {
        let name = name.to_owned();
        headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, value)| value.as_str())
    };
    let first = |name: &str| all(name).map(str::trim).find(|value| !value.is_empty() && *value != "UNKNOWN");
    let is_this = is_spelling_of(first("Name")?, project) && is_number(first("Version")?, number);
    if first("Metadata-Version").is_none() || !is_this {
        return None;
    }
    Some(CoreMetadata {
        dependencies: all("Requires-Dist")
            .map(|text| requirement::read(&text.replace('\n', " ")))
            .collect::<Option<_>>()?,
        extras: all("Provides-Extra").filter(|extra| !extra.is_empty()).map(normalise).collect(),
        requires_python: first("Requires-Python").map(str::to_owned),
        licence: first("License-Expression").or(first("License")).map(licence),
        repository: repository(all("Project-URL"), first("Home-page")),
    })
}

/// Are both the same version?
fn is_number(stated: &str, number: &str) -> bool {
    let parse = |text: &str| text.parse::<pep440_rs::Version>().ok();
    stated == number || parse(stated).is_some_and(|stated| parse(number) == Some(stated))
}

/// The first line of a licence, cut to a length that can be shown.
fn licence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let end = (0..=line.len().min(LICENCE_MAX_BYTES)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    line[..end].to_owned()
}

/// Where the source is: the link with the best known label (PEP 753), else the home page.
fn repository<'a>(links: impl Iterator<Item = &'a str>, home_page: Option<&'a str>) -> Option<String> {
    const SOURCE: [&str; 5] = ["source", "repository", "sourcecode", "github", "code"];
    let ranked = links.filter_map(|link| {
        let (label, url) = link.split_once(',')?;
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        let label = label.to_ascii_lowercase();
        let rank = SOURCE.iter().position(|known| *known == label);
        let rank = rank.or((label == "homepage").then_some(SOURCE.len()))?;
        Some((rank, url.trim())).filter(|(_, url)| !url.is_empty())
    });
    // Of two links with the same label the first counts, as `min_by_key` has it.
    let best = ranked.min_by_key(|(rank, _)| *rank);
    match (best, home_page) {
        (Some((rank, url)), _) if rank < SOURCE.len() => Some(url.to_owned()),
        (_, Some(home_page)) => Some(home_page.to_owned()),
        (best, None) => best.map(|(_, url)| url.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HEAD: &str = "Metadata-Version: 2.4\nName: Demo.Project\nVersion: 1.0\n";

    fn with(rest: &str) -> CoreMetadata {
        read(format!("{HEAD}{rest}").as_bytes(), "demo-project", "1.0.0").unwrap()
    }

    #[test]
    fn headers_become_facts() {
        let metadata = with(
            "Requires-Dist: click>=8\nrequires-dist: blinker\n ; extra == \"async\"\nProvides-Extra: Async_IO\n\
             Requires-Python: >=3.9\nLicense: The whole\n        text\nLicense-Expression: MIT\n\
             Home-page: http://mirror.example/home\nProject-URL: Source Code, http://mirror.example/source\n\nRequires-Dist: body\n",
        );
        let dependencies: Vec<_> = metadata.dependencies.iter().map(|d| (d.name.as_str(), d.optional)).collect();
        assert_eq!(dependencies, [("click", false), ("blinker", true)]);
        assert_eq!(metadata.extras, ["async-io"]);
        assert_eq!(metadata.requires_python.as_deref(), Some(">=3.9"));
        assert_eq!(metadata.licence.as_deref(), Some("MIT"));
        assert_eq!(metadata.repository.as_deref(), Some("http://mirror.example/source"));
    }

    #[test]
    fn a_licence_is_one_line() {
        assert_eq!(with("License: BSD\n  Redistribution and use\n").licence.as_deref(), Some("BSD"));
        assert_eq!(with("License: UNKNOWN\n").licence, None);
        assert_eq!(with(&format!("License: {}\n", "é".repeat(500))).licence.unwrap().len(), LICENCE_MAX_BYTES);
    }

    #[test]
    fn a_repository_is_the_best_link() {
        let links = "Project-URL: Homepage, http://a.invalid\nProject-URL: Docs, http://b.invalid\n";
        assert_eq!(with(links).repository.as_deref(), Some("http://a.invalid"));
        assert_eq!(
            with(&format!("{links}Home-page: http://c.invalid\n")).repository.as_deref(),
            Some("http://c.invalid")
        );
        let source =
            format!("{links}Project-URL: GitHub, http://d.invalid\nProject-URL: repository, http://e.invalid\n");
        assert_eq!(with(&source).repository.as_deref(), Some("http://e.invalid"));
        assert_eq!(with("").repository, None);
    }

    #[test]
    fn what_is_not_this_versions_metadata_is_refused() {
        let refused =
            |text: &str, number: &str| assert_eq!(read(text.as_bytes(), "demo-project", number), None, "{text}");
        refused("", "1.0");
        refused("<html></html>", "1.0");
        refused(HEAD, "1.1");
        refused(&HEAD.replace("Demo", "Other"), "1.0");
        refused(&HEAD.replace("Metadata-Version: 2.4\n", ""), "1.0");
        refused(&format!("{HEAD}Requires-Dist: >=1\n"), "1.0");
        refused(&format!("\n{HEAD}"), "1.0");
    }

    #[test]
    fn other_encodings_are_survived() {
        let document = [HEAD.as_bytes(), b"Author: Andr\xe9\nRequires-Dist: click\n"].concat();
        assert_eq!(read(&document, "demo-project", "1.0").unwrap().dependencies.len(), 1);
    }
}
