//! One requirement: a project, its extras, its versions, and when it counts (PEP 508).

pub(super) mod lenient;
mod marker;

use gleaner_model::{Dependency, Ecosystem, PackageName};
use pep440_rs::{Operator, Version, VersionSpecifiers};
use pep508_rs::{ExtraName, VerbatimUrl};
use pubgrub::Ranges;

use super::versions::ranges;

pub(super) use marker::{Marker, applies};

/// Longest requirement that is read, in bytes; those of the registry are a tenth of this.
const LENGTH_MAX: usize = 20_000;

/// A requirement of a version, or of a manifest.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) name: PackageName,
    /// The versions, as written.
    pub(super) text: String,
    pub(super) asked: Asked,
    /// In normal form.
    pub(super) extras: Vec<String>,
    pub(super) marker: Marker,
}

/// What a requirement asks for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// Versions that a registry has.
    Versions(VersionSpecifiers),
    /// What is at a URL.
    Elsewhere,
}

impl Requirement {
    /// All versions of a project, or those that specifiers ask for.
    pub(super) fn new(name: PackageName, text: &str, specifiers: VersionSpecifiers) -> Self {
        let asked = Asked::Versions(specifiers);
        Self { name, text: text.to_owned(), asked, extras: Vec::new(), marker: Marker::ALWAYS }
    }

    /// Stands where nothing could be read.
    pub(super) fn none() -> Self {
        let name = PackageName::new(Ecosystem::Pypi, "none").expect("a name");
        Self::new(name, "", VersionSpecifiers::empty())
    }

    /// A dependency as a registry has it; none if it breaks the rules and cannot be mended.
    pub(super) fn of(dependency: &Dependency) -> Option<Self> {
        let name = PackageName::new(Ecosystem::Pypi, &dependency.name).ok()?;
        let mut extras: Vec<String> = dependency.features.iter().map(|extra| normal_extra(extra)).collect();
        let mut text = dependency.requirement.as_str();
        // What breaks the rules is kept as it was written behind the name.
        if let Some((inside, behind)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            extras = extras_in(inside).collect();
            text = behind.trim();
        }
        let range = without_parentheses(text);
        let asked =
            if range.starts_with('@') { Asked::Elsewhere } else { Asked::Versions(lenient::specifiers(range)?) };
        let marker = dependency.target.as_deref().map_or(Some(Marker::ALWAYS), Marker::read)?;
        Some(Self { name, text: range.to_owned(), asked, extras, marker })
    }

    /// A requirement as a manifest has it, where nothing is mended.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("`{text}` is no requirement: {what}");
        if text.len() > LENGTH_MAX {
            return Err(format!("a requirement of {} bytes is too long to be one", text.len()));
        }
        let is_url = text.find('@').is_some_and(|at| !text[..at].contains([';', '<', '>', '=', '(', '/']));
        let (head, marker) = match if is_url { text.find(" ;").map(|at| at + 1) } else { text.find(';') } {
            Some(at) => (text[..at].trim(), text[at + 1..].trim()),
            None => (text.trim(), ""),
        };
        let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(head.len());
        let (name, rest) = head.split_at(end);
        let rest = rest.trim();
        if rest.starts_with([':', '/', '\\']) || name.starts_with('.') {
            return Err(wrong("it is a path or a URL without the name of what is there (`name @ URL`)"));
        }
        let name = PackageName::new(Ecosystem::Pypi, name).map_err(|_| wrong("it does not begin with a name"))?;
        let (extras, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(|| wrong("a `[` is not closed"))?,
            None => ("", rest),
        };
        let range = without_parentheses(rest.trim());
        let extras = extras_in(extras).collect();
        let marker = match marker {
            "" => Marker::ALWAYS,
            marker => Marker::read(marker).ok_or_else(|| wrong("what stands behind the `;` is no marker"))?,
        };
        if range.starts_with('@') {
            return Ok(Self { name, text: range.to_owned(), asked: Asked::Elsewhere, extras, marker });
        }
        // A URL apart nothing of it may have any, and the parser (`pep508_rs` 0.9) takes bytes for characters.
        if !head.is_ascii() {
            return Err(wrong("it has characters beyond ASCII"));
        }
        // The whole grammar is the parser's business; above is only what must be kept as it was written.
        if let Err(error) = head.parse::<pep508_rs::Requirement<VerbatimUrl>>() {
            return Err(wrong(error.message.to_string().trim_end_matches('.')));
        }
        let specifiers = range.parse().map_err(|_| wrong("what stands behind the name is no version specifier"))?;
        Ok(Self { name, text: range.to_owned(), asked: Asked::Versions(specifiers), extras, marker })
    }

    /// The version that it names, if it says nothing else.
    pub(super) fn pin(&self) -> Option<&Version> {
        let Asked::Versions(specifiers) = &self.asked else { return None };
        let [only] = &**specifiers else { return None };
        matches!(only.operator(), Operator::Equal | Operator::ExactEqual).then(|| only.version())
    }

    /// Does it ask for what no version can be?
    pub(super) fn is_impossible(&self) -> bool {
        matches!(&self.asked, Asked::Versions(specifiers) if ranges::asked(specifiers) == Ranges::empty())
    }

    /// As PEP 508 has it, without its marker.
    pub(super) fn shown(&self) -> String {
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        let blank = if self.text.starts_with('@') { " " } else { "" };
        format!("{}{extras}{blank}{}", self.name.as_str(), self.text)
    }
}

/// An extra in normal form (PEP 685); as it stands if it is none.
pub(super) fn normal_extra(extra: &str) -> String {
    ExtraName::new(extra.to_owned()).map_or_else(|_| extra.to_owned(), |extra| extra.to_string())
}

fn extras_in(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(normal_extra)
}

fn without_parentheses(text: &str) -> &str {
    text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text).trim()
}

#[cfg(test)]
mod tests;
