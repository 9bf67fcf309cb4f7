//! Which Node and npm, and on what they run.
//!
//! Engines never make npm refuse a version, but it prefers versions whose engines fit (`npm-pick-manifest`). The platform
//! makes it refuse a version that is not optional (`npm-install-checks`).

use super::semver::Version;
use crate::InvalidEnvironment;

const NODE: &str = "20.20.2";
const NPM: &str = "11.19.0";

const SYSTEM: &str = "an operating system as Node names it: linux, darwin, win32";
const PROCESSOR: &str = "a processor as Node names it: x64, arm64, ia32";

/// The tool's versions and the platform, as `process.platform`, `process.arch` and the C library's family.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NpmEnvironment {
    pub(super) node: String,
    pub(super) npm: String,
    pub(super) os: String,
    pub(super) cpu: String,
    /// Empty where there is no such thing, as on any system but Linux.
    pub(super) libc: String,
}

impl Default for NpmEnvironment {
    fn default() -> Self {
        let text = str::to_owned;
        Self { node: text(NODE), npm: text(NPM), os: text("linux"), cpu: text("x64"), libc: text("glibc") }
    }
}

impl NpmEnvironment {
    pub(super) fn read(entries: &[(String, String)]) -> Result<Self, InvalidEnvironment> {
        let mut environment = Self::default();
        for (key, value) in entries {
            match key.as_str() {
                "node" => environment.node = version(key, value)?,
                "npm" => environment.npm = version(key, value)?,
                "os" => environment.os = word(key, value, SYSTEM)?,
                "cpu" => environment.cpu = word(key, value, PROCESSOR)?,
                "libc" if value.is_empty() => environment.libc.clear(),
                "libc" => environment.libc = word(key, value, "glibc, musl or nothing")?,
                _ => {
                    let known = "node, npm, os, cpu, libc";
                    return Err(InvalidEnvironment::UnknownKey { key: key.clone(), ecosystem: "npm", known });
                }
            }
        }
        // Only Linux has families of C libraries.
        if environment.os != "linux" && !entries.iter().any(|(key, _)| key == "libc") {
            environment.libc.clear();
        }
        Ok(environment)
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        let Self { node, npm, os, cpu, libc } = self.clone();
        vec![("node", node), ("npm", npm), ("os", os), ("cpu", cpu), ("libc", libc)]
    }
}

/// A version, with zeros where it has less than three numbers.
fn version(key: &str, value: &str) -> Result<String, InvalidEnvironment> {
    let numbers = value.split('.').count();
    let zeros = if value.contains(['-', '+']) { "" } else { ["", ".0.0", ".0"].get(numbers).copied().unwrap_or("") };
    let found = Version::parse(&format!("{value}{zeros}"), false);
    found.map(|version| version.to_string()).ok_or_else(|| InvalidEnvironment::Value {
        key: key.to_owned(),
        value: value.to_owned(),
        expected: "a version such as 20.20.2",
    })
}

fn word(key: &str, value: &str, expected: &'static str) -> Result<String, InvalidEnvironment> {
    let is_word = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
    let wrong = || InvalidEnvironment::Value { key: key.to_owned(), value: value.to_owned(), expected };
    is_word.then(|| value.to_owned()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[(&str, &str)]) -> Result<NpmEnvironment, InvalidEnvironment> {
        let entries: Vec<_> = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        NpmEnvironment::read(&entries)
    }

    #[test]
    fn short_versions_are_filled_up() {
        let environment = read(&[("node", "18"), ("npm", "11.19"), ("os", "darwin")]).expect("valid");
        assert_eq!((environment.node.as_str(), environment.npm.as_str()), ("18.0.0", "11.19.0"));
        assert_eq!(environment.libc, "");
        assert_eq!(read(&[]).expect("valid").libc, "glibc");
        assert_eq!(read(&[("libc", "")]).expect("valid").libc, "");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(matches!(read(&[("rustc", "1")]), Err(InvalidEnvironment::UnknownKey { .. })));
        for (key, value) in [("node", "new"), ("node", ""), ("npm", "1.2.3.4"), ("os", ""), ("cpu", "x 64")] {
            assert!(matches!(read(&[(key, value)]), Err(InvalidEnvironment::Value { .. })), "{key}={value}");
        }
    }
}
