//! Package URLs: the one name of a package across ecosystems.
//!
//! Syntax and percent-encoding are the `packageurl` crate's, which carries the specification's own tests
//! (<https://github.com/package-url/purl-spec>). What is added here is what the specification leaves to each
//! ecosystem: which names exist at all, so that a name can stand in a path or a key without surprises.

mod plain;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Text;

/// A package ecosystem that Gleaner crawls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Rust crates.
    Cargo,
    /// JavaScript packages.
    Npm,
    /// Python projects.
    Pypi,
}

impl Ecosystem {
    /// Every ecosystem.
    pub const ALL: [Self; 3] = [Self::Cargo, Self::Npm, Self::Pypi];

    /// The purl type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Ecosystem {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|ecosystem| ecosystem.as_str() == text)
            .ok_or_else(|| InvalidPurl::UnknownType { kind: text.to_owned() })
    }
}

/// A package's name in its ecosystem's own normal form: `serde`, `@types/node`, `typing-extensions`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PackageName(Text);

impl PackageName {
    /// Checks `name` against the rules of `ecosystem` and brings it into normal form.
    ///
    /// # Errors
    /// The ecosystem allows no such name.
    pub fn new(ecosystem: Ecosystem, name: &str) -> Result<Self, InvalidPurl> {
        let allowed = match ecosystem {
            Ecosystem::Cargo => is_cargo_name(name),
            Ecosystem::Npm => is_npm_name(name),
            Ecosystem::Pypi => is_pypi_name(name),
        };
        let normal = || match ecosystem {
            Ecosystem::Pypi => normalise_pypi(name).into(),
            Ecosystem::Cargo | Ecosystem::Npm => name.into(),
        };
        if allowed { Ok(Self(normal())) } else { Err(InvalidPurl::Name { ecosystem, name: name.to_owned() }) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An npm scope and the rest (`@types/node` is `@types` and `node`), or nothing and the whole name.
    #[must_use]
    pub fn split_scope(&self) -> (Option<&str>, &str) {
        match self.0.split_once('/') {
            Some((scope, rest)) => (Some(scope), rest),
            None => (None, &self.0),
        }
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Letters, digits, `-` and `_`, at most 64, as the Rust registry's own check has it.
fn is_cargo_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// An optional `@scope/` and a name, 214 bytes together. Old names have capitals and odd marks, so this only shuts
/// out what is not URL-safe or could be read as a path.
fn is_npm_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&b))
    };
    let parts = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, rest)| part(scope) && part(rest)),
        None => part(name),
    };
    parts && name.len() <= 214
}

/// PEP 508 names: letters, digits and `.`, `-`, `_` between them; 128 bytes at most.
fn is_pypi_name(name: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    (1..=128).contains(&bytes.len())
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// PEP 503: lower case, each run of `.`, `-` and `_` one `-`.
fn normalise_pypi(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.push(c.to_ascii_lowercase());
        }
    }
    normal
}

/// A package URL of an ecosystem that Gleaner knows, in normal form: `pkg:npm/%40types/node@20.1.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Purl {
    ecosystem: Ecosystem,
    name: PackageName,
    version: Option<Box<str>>,
}

/// Why a text is not a purl that Gleaner can work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPurl {
    /// Not a purl at all.
    #[error("`{input}` is not a package URL: {reason}; write it like pkg:cargo/serde or pkg:npm/express@4.19.2")]
    Malformed {
        /// What was given.
        input: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A well-formed purl of an ecosystem that Gleaner does not crawl.
    #[error("purl type `{kind}` is not known; the known types are cargo, npm and pypi")]
    UnknownType {
        /// The type that was given.
        kind: String,
    },
    /// No package of this ecosystem can have this name.
    #[error("`{name}` cannot be the name of a package of {ecosystem}")]
    Name {
        /// The ecosystem whose rule it breaks.
        ecosystem: Ecosystem,
        /// The name that was given.
        name: String,
    },
}

impl Purl {
    /// A purl without a version.
    #[must_use]
    pub fn new(ecosystem: Ecosystem, name: PackageName) -> Self {
        Self { ecosystem, name, version: None }
    }

    /// The same package at `version`.
    #[must_use]
    pub fn with_version(&self, version: &str) -> Self {
        Self { version: Some(version.into()), ..self.clone() }
    }

    /// The same package without a version.
    #[must_use]
    pub fn without_version(&self) -> Self {
        Self { version: None, ..self.clone() }
    }

    /// How the purls of all packages of `ecosystem` begin whose names begin with `name`.
    #[must_use]
    pub fn beginning(ecosystem: Ecosystem, name: &str) -> String {
        let name = match ecosystem {
            // A run of marks at the end may go on in the name, and is one mark in any case.
            Ecosystem::Pypi => normalise_pypi(name),
            Ecosystem::Cargo | Ecosystem::Npm => name.to_owned(),
        };
        let mut text = String::new();
        write_path(
            ecosystem,
            name.split_once('/').map_or((None, &*name), |(scope, rest)| (Some(scope), rest)),
            &mut text,
        )
        .expect("a text takes what is written");
        text
    }

    /// The purl as text. As `to_string`, without letting the text grow piece by piece.
    #[must_use]
    pub fn to_text(&self) -> String {
        let marks = "pkg:cargo/%40@".len();
        let capacity = marks + self.name.as_str().len() + self.version().map_or(0, str::len);
        let mut text = String::with_capacity(capacity);
        self.write(&mut text).expect("a text takes what is written");
        text
    }

    fn write(&self, to: &mut impl fmt::Write) -> fmt::Result {
        write_path(self.ecosystem, self.name.split_scope(), to)?;
        match self.version() {
            Some(version) => {
                to.write_char('@')?;
                encode(version, to)
            }
            None => Ok(()),
        }
    }

    /// The ecosystem, which is the purl's type.
    #[must_use]
    pub fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// The name, scope included.
    #[must_use]
    pub fn name(&self) -> &PackageName {
        &self.name
    }

    /// The version, as the registry writes it.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// Type, scope and name, as a purl begins.
fn write_path(ecosystem: Ecosystem, (scope, name): (Option<&str>, &str), to: &mut impl fmt::Write) -> fmt::Result {
    to.write_str("pkg:")?;
    to.write_str(ecosystem.as_str())?;
    to.write_char('/')?;
    if let Some(scope) = scope {
        encode(scope, to)?;
        to.write_char('/')?;
    }
    encode(name, to)
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// Percent-encodes what the specification wants encoded in a name or a version: all but letters, digits, `.-_~` and
/// the colon. Nearly no name has anything of that, and a scheduler writes hundreds of thousands a second.
fn encode(part: &str, to: &mut impl fmt::Write) -> fmt::Result {
    const ENCODED: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~').remove(b':');
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':');
    if part.bytes().all(is_plain) {
        return to.write_str(part);
    }
    percent_encoding::utf8_percent_encode(part, ENCODED).try_for_each(|piece| to.write_str(piece))
}

/// The specification lower-cases npm names, but npm has old packages such as `JSONStream` beside `jsonstream`, and they
/// are different ones. So the name is taken as it stands in `text`, wherever it differs from the parsed one by case.
fn name_as_written<'a>(text: &'a str, parsed: &'a str) -> &'a str {
    let path = text.split(['?', '#']).next().unwrap_or(text);
    let last = path.rsplit('/').next().unwrap_or(path);
    let written = last.split('@').next().unwrap_or(last);
    if written.eq_ignore_ascii_case(parsed) { written } else { parsed }
}

impl FromStr for Purl {
    type Err = InvalidPurl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match plain::read(text) {
            Some(plain) => plain.into_purl(),
            None => read(text),
        }
    }
}

/// Reads any purl there is.
fn read(text: &str) -> Result<Purl, InvalidPurl> {
    let malformed = |reason: String| InvalidPurl::Malformed { input: text.to_owned(), reason };
    let parsed = packageurl::PackageUrl::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let ecosystem: Ecosystem = parsed.ty().parse()?;
    if parsed.subpath().is_some() || !parsed.qualifiers().is_empty() {
        return Err(malformed("qualifiers and subpaths name no package of a registry".to_owned()));
    }
    let name = name_as_written(text, parsed.name());
    let whole = match parsed.namespace() {
        Some(scope) => format!("{scope}/{name}"),
        None => name.to_owned(),
    };
    let name = PackageName::new(ecosystem, &whole)?;
    let version = parsed.version().filter(|version| !version.is_empty()).map(Into::into);
    Ok(Purl { ecosystem, name, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Result<String, InvalidPurl> {
        text.parse::<Purl>().map(|purl| purl.to_string())
    }

    #[test]
    fn has_one_normal_form() {
        assert_eq!(normal("pkg:cargo/serde").as_deref(), Ok("pkg:cargo/serde"));
        assert_eq!(normal("pkg:npm/%40types/node@20.1.0").as_deref(), Ok("pkg:npm/%40types/node@20.1.0"));
        assert_eq!(normal("pkg:npm/@types/node").as_deref(), Ok("pkg:npm/%40types/node"));
        assert_eq!(normal("pkg:npm/JSONStream@1.3.5").as_deref(), Ok("pkg:npm/JSONStream@1.3.5"));
        assert_eq!(normal("pkg:cargo/Inflector").as_deref(), Ok("pkg:cargo/Inflector"));
        assert_eq!(normal("pkg:npm/a@1.0.0%2Bbuild").as_deref(), Ok("pkg:npm/a@1.0.0%2Bbuild"));
        assert_eq!(normal("pkg:pypi/Typing_Extensions").as_deref(), Ok("pkg:pypi/typing-extensions"));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(matches!(normal("serde"), Err(InvalidPurl::Malformed { .. })));
        assert!(matches!(normal("pkg:cargo"), Err(InvalidPurl::Malformed { .. })));
        assert_eq!(normal("pkg:gem/rails"), Err(InvalidPurl::UnknownType { kind: "gem".to_owned() }));
        assert!(matches!(normal("pkg:cargo/ser%2e%2e"), Err(InvalidPurl::Name { .. })));
        assert!(matches!(normal("pkg:npm/..%2f..%2fetc"), Err(InvalidPurl::Name { .. })));
        assert!(matches!(normal("pkg:pypi/-x-"), Err(InvalidPurl::Name { .. })));
        assert!(matches!(normal("pkg:cargo/serde?os=linux"), Err(InvalidPurl::Malformed { .. })));
    }

    #[test]
    fn beginnings_are_those_of_the_names() {
        for (ecosystem, name, purl) in [
            (Ecosystem::Npm, "", "pkg:npm/express"),
            (Ecosystem::Npm, "exp", "pkg:npm/express"),
            (Ecosystem::Npm, "@ty", "pkg:npm/%40types/node"),
            (Ecosystem::Npm, "@types/", "pkg:npm/%40types/node"),
            (Ecosystem::Npm, "@types/no", "pkg:npm/%40types/node"),
            (Ecosystem::Cargo, "Inf", "pkg:cargo/Inflector"),
            (Ecosystem::Pypi, "Typing_", "pkg:pypi/typing-extensions"),
        ] {
            let beginning = Purl::beginning(ecosystem, name);
            assert!(purl.starts_with(&beginning), "{beginning}");
        }
        assert!(!"pkg:npm/%40types/node".starts_with(&Purl::beginning(Ecosystem::Npm, "types")));
    }

    #[test]
    fn splits_npm_scopes() {
        let purl: Purl = "pkg:npm/%40types/node".parse().expect("valid");
        assert_eq!(purl.name().split_scope(), (Some("@types"), "node"));
        assert_eq!(purl.name().as_str(), "@types/node");
    }
}
