//! What is asked, from the command line. All of it is read before anything is done, so that a typing error costs nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_model::{AsOf, Ecosystem, PackageName, Purl, Question, Root};
use gleaner_resolvers::{InvalidQuestion, Question as Rules};

use super::Past;
use crate::exit::Failure;

/// Under which circumstances.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct EnvironmentArgs {
    /// The tool and what it runs on; once for each key. For cargo rustc, target; for npm node, npm, os, cpu, libc; for
    /// Python python, platform, sources (never, allow).
    #[arg(long = "env", value_name = "KEY=VALUE")]
    entries: Vec<String>,
}

impl EnvironmentArgs {
    /// Keys and values, by key.
    pub(crate) fn read(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut entries = BTreeMap::new();
        for text in &self.entries {
            let wrong = || Failure::usage(format!("--env {text}: write KEY=VALUE, such as rustc=1.85.0"));
            let (key, value) = text.split_once('=').ok_or_else(wrong)?;
            if entries.insert(key.trim().to_owned(), value.trim().to_owned()).is_some() {
                return Err(Failure::usage(format!("--env {text}: the key `{key}` was given before")));
            }
        }
        Ok(entries.into_iter().collect())
    }
}

/// As of when.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct AsOfArgs {
    /// As of a past moment, as the tools' own options have it: without versions that were published then or later. A
    /// date means its beginning in UTC; or a time in RFC 3339.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Past>,
    /// As Gleaner had observed it by then: yanks, tags and deprecations as they were known.
    #[arg(long, requires = "as_of")]
    observed: bool,
}

impl AsOfArgs {
    pub(crate) fn read(self) -> AsOf {
        self.as_of.map_or(AsOf::Now, |past| past.as_of(self.observed))
    }
}

impl Past {
    /// This moment, in either sense.
    pub(crate) const fn as_of(self, observed: bool) -> AsOf {
        if observed { AsOf::Observed(self.0) } else { AsOf::Published(self.0) }
    }
}

/// What is wrong with a manifest that was named already.
fn wrong(error: InvalidQuestion) -> String {
    match error {
        InvalidQuestion::Manifest(invalid) => invalid.what,
        other => other.to_string(),
    }
}

/// A question that has sense.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The package, or what stands for a manifest.
    pub(crate) purl: Purl,
    pub(crate) question: Question,
    /// What people call the root: the purl, or the manifest's file.
    pub(crate) root: String,
}

impl Asked {
    /// What a package, or a project with a manifest, pulls in as of now. Exactly one of them is given.
    pub(crate) fn read(
        purl: Option<&str>,
        manifest: Option<&PathBuf>,
        environment: &EnvironmentArgs,
    ) -> Result<Self, Failure> {
        let environment = environment.read()?;
        match (purl, manifest) {
            (Some(purl), None) => Self::package(purl.parse().map_err(Failure::usage)?, environment),
            (None, Some(path)) => Self::manifest(path, environment),
            _ => Err(Failure::usage("name a package, such as pkg:cargo/serde, or a manifest with --manifest FILE")),
        }
    }

    /// What a package pulls in.
    pub(crate) fn package(purl: Purl, environment: Vec<(String, String)>) -> Result<Self, Failure> {
        Rules::of_purl(&purl, &environment).map_err(Failure::usage)?;
        let question = Question { environment, ..Question::default() };
        Ok(Self { root: purl.to_string(), purl, question })
    }

    fn manifest(path: &Path, environment: Vec<(String, String)>) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let text = read_text(path).map_err(|why| Failure::usage(format!("the manifest {shown}: {why}")))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rules = Rules::of_manifest(&file, &text, &environment)
            .map_err(|error| Failure::usage(format!("the manifest {shown}: {}", wrong(error))))?;
        let root = Root::Manifest { file, text };
        let question = Question { root, environment, ..Question::default() };
        Ok(Self { purl: stand_in(rules.ecosystem()), question, root: shown })
    }

    /// The same of what was known at a position, if it is about what is known now.
    pub(crate) fn pinned(&self, position: u64) -> Self {
        let as_of = self.question.as_of.pinned(position);
        self.clone().at(as_of)
    }

    /// The same, as of then.
    pub(crate) fn at(mut self, as_of: AsOf) -> Self {
        self.question.as_of = as_of;
        self
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > Question::MANIFEST_BYTES_MAX as u64 {
        return Err(format!("it has {length} bytes, and a manifest has at most {}", Question::MANIFEST_BYTES_MAX));
    }
    String::from_utf8(std::fs::read(path).map_err(|error| error.to_string())?).map_err(|_| "it is no text".to_owned())
}

/// The purl of a job that resolves a manifest.
fn stand_in(ecosystem: Ecosystem) -> Purl {
    let name = PackageName::new(ecosystem, Root::MANIFEST_NAME).expect("every ecosystem allows this name");
    Purl::new(ecosystem, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(entries: &[&str]) -> EnvironmentArgs {
        EnvironmentArgs { entries: entries.iter().map(|entry| (*entry).to_owned()).collect() }
    }

    fn refused(purl: &str, entries: &[&str]) -> String {
        Asked::read(Some(purl), None, &environment(entries)).expect_err("it makes no sense").message
    }

    #[test]
    fn a_package_is_asked_about_in_an_environment() {
        let entries = environment(&["target=x86_64-unknown-linux-gnu", "rustc=1.85.0"]);
        let asked = Asked::read(Some("pkg:cargo/serde@1.0.0"), None, &entries).expect("it has sense");
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let expected = [entry("rustc", "1.85.0"), entry("target", "x86_64-unknown-linux-gnu")];
        assert_eq!(asked.question, Question { environment: expected.into(), ..Question::default() });
        assert_eq!((asked.purl.to_string(), asked.root.as_str()), (asked.root.clone(), "pkg:cargo/serde@1.0.0"));
    }

    #[test]
    fn what_has_no_sense_is_named() {
        assert!(refused("pkg:cargo/serde", &["python=3.12"]).contains("use rustc, target"));
        assert!(refused("pkg:pypi/flask", &["rustc=1.85.0"]).contains("`platform`"));
        assert!(refused("pkg:cargo/serde", &["rustc=new"]).contains("`new`"));
        assert!(refused("pkg:cargo/serde", &["rustc"]).contains("KEY=VALUE"));
        assert!(refused("pkg:cargo/serde", &["rustc=1.85.0", "rustc=1.85.0"]).contains("given before"));
        assert!(refused("pkg:gem/rails", &[]).contains("`gem`"));
    }

    #[test]
    fn manifests_are_read_before_they_are_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let read = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("it can be written");
            Asked::read(None, Some(&path), &EnvironmentArgs::default())
        };
        let text = "[package]\nname = \"p\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        let asked = read("Cargo.toml", text.as_bytes()).expect("a manifest");
        assert_eq!(asked.purl.to_string(), "pkg:cargo/manifest");
        let root = Root::Manifest { file: "Cargo.toml".to_owned(), text: text.to_owned() };
        assert_eq!(asked.question, Question { root, ..Question::default() });
        let refused = |name: &str, bytes: &[u8]| read(name, bytes).expect_err("no manifest").message;
        assert!(refused("Gemfile", b"").contains("Cargo.toml"));
        assert!(refused("Cargo.toml", b"[package").contains("Cargo.toml"));
        assert!(refused("Cargo.toml", b"\xff").contains("it is no text"));
        assert!(refused("Cargo.toml", &vec![b' '; Question::MANIFEST_BYTES_MAX + 1]).contains("at most 262144"));
        let missing = Asked::read(None, Some(&folder.path().join("no")), &EnvironmentArgs::default());
        assert!(missing.expect_err("it is not there").message.contains("/no: "));
    }
}
