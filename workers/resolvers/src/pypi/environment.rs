//! The Python that is resolved for: its full version, its platform, and whether sources may be built.
//!
//! What a platform's markers and wheel tags are is uv's table (`crates/uv-configuration/src/target_triple.rs`), which is
//! what `--python-platform` means: a `*-linux-gnu` stands for manylinux 2.28, a macOS for version 13.

use std::sync::Arc;

use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};

use super::tags::{Family, Tags};
use crate::InvalidEnvironment;

/// What `--python-version 3.12` means to uv: a patch that is not given is 0.
const PYTHON: &str = "3.12.0";
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// A platform that uv has a name for.
#[derive(Clone, Debug)]
struct Platform {
    name: String,
    family: Family,
    machine: &'static str,
}

/// Names and short names of platforms, each with its family and what Python calls its machine.
const PLATFORMS: [(&str, Family, &str); 15] = [
    (PLATFORM, Family::Manylinux(28), "x86_64"),
    ("linux", Family::Manylinux(28), "x86_64"),
    ("aarch64-unknown-linux-gnu", Family::Manylinux(28), "aarch64"),
    ("riscv64-unknown-linux", Family::Manylinux(39), "riscv64"),
    ("x86_64-unknown-linux-musl", Family::Musllinux(2), "x86_64"),
    ("aarch64-unknown-linux-musl", Family::Musllinux(2), "aarch64"),
    ("x86_64-manylinux2014", Family::Manylinux(17), "x86_64"),
    ("aarch64-manylinux2014", Family::Manylinux(17), "aarch64"),
    ("x86_64-pc-windows-msvc", Family::Windows, "AMD64"),
    ("windows", Family::Windows, "AMD64"),
    ("i686-pc-windows-msvc", Family::Windows, "x86"),
    ("aarch64-pc-windows-msvc", Family::Windows, "ARM64"),
    ("x86_64-apple-darwin", Family::Macos, "x86_64"),
    ("aarch64-apple-darwin", Family::Macos, "arm64"),
    ("macos", Family::Macos, "arm64"),
];

/// Versions of glibc 2 that a platform can be named after: `x86_64-manylinux_2_31`.
const MANYLINUX: [u16; 12] = [17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40];

impl Platform {
    fn named(name: &str) -> Option<Self> {
        let listed =
            PLATFORMS.iter().find(|(known, ..)| *known == name).map(|(_, family, machine)| (*family, *machine));
        let (family, machine) = listed.or_else(|| {
            let (machine, minor) = name.split_once("-manylinux_2_")?;
            let machine = ["x86_64", "aarch64"].into_iter().find(|known| *known == machine)?;
            let minor = MANYLINUX.into_iter().find(|known| known.to_string() == minor)?;
            Some((Family::Manylinux(minor), machine))
        })?;
        Some(Self { name: name.to_owned(), family, machine })
    }
}

/// May a release without a usable wheel be chosen?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sources {
    /// It is no candidate (`--only-binary :all:`).
    Never,
    /// It is one, and what depends on its metadata is incomplete: that is known only to who builds it.
    Allow,
}

/// What is resolved for.
#[derive(Clone, Debug)]
pub struct Environment {
    pub(super) python: Version,
    /// Without what marks a pre-release: what files ask for is meant so.
    pub(super) python_release: Version,
    pub(super) platform: String,
    pub(super) sources: Sources,
    pub(super) markers: MarkerEnvironment,
    pub(super) tags: Arc<Tags>,
}

impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        (&self.python, &self.platform, self.sources) == (&other.python, &other.platform, other.sources)
    }
}

impl Default for Environment {
    fn default() -> Self {
        let platform = Platform::named(PLATFORM).expect("it is on the list");
        Self::new(&PYTHON.parse().expect("a version"), platform, Sources::Never)
    }
}

impl Environment {
    fn new(python: &Version, platform: Platform, sources: Sources) -> Self {
        let (minor, full) = (python.release()[1], python.to_string());
        let short = format!("{}.{minor}", python.release()[0]);
        let (os_name, sys_platform, system) = match platform.family {
            Family::Manylinux(_) | Family::Musllinux(_) => ("posix", "linux", "Linux"),
            Family::Macos => ("posix", "darwin", "Darwin"),
            Family::Windows => ("nt", "win32", "Windows"),
        };
        let markers = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name,
            platform_machine: platform.machine,
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: system,
            platform_version: "",
            python_full_version: &full,
            python_version: &short,
            sys_platform,
        };
        Self {
            python: python.clone(),
            python_release: python.only_release(),
            platform: platform.name,
            sources,
            markers: markers.try_into().expect("the version is one"),
            tags: Arc::new(Tags::new(platform.family, platform.machine, minor)),
        }
    }

    pub(super) fn read(entries: &[(String, String)]) -> Result<Self, InvalidEnvironment> {
        let (mut python, mut platform, mut sources) = (PYTHON.to_owned(), Platform::named(PLATFORM), Sources::Never);
        for (key, value) in entries {
            let wrong = |expected| InvalidEnvironment::Value { key: key.clone(), value: value.clone(), expected };
            match key.as_str() {
                "python" => python.clone_from(value),
                "platform" => {
                    let known = Platform::named(value);
                    platform = Some(known.ok_or_else(|| wrong("a target triple as uv names them"))?);
                }
                "sources" => {
                    sources = match value.as_str() {
                        "never" => Sources::Never,
                        "allow" => Sources::Allow,
                        _ => return Err(wrong("`never` or `allow`")),
                    };
                }
                _ => {
                    let known = "`python`, `platform` or `sources`";
                    return Err(InvalidEnvironment::UnknownKey { key: key.clone(), ecosystem: "pypi", known });
                }
            }
        }
        let wrong = || InvalidEnvironment::Value {
            key: "python".to_owned(),
            value: python.clone(),
            expected: "a version of Python 3, such as 3.12.4 (3.12 is 3.12.0)",
        };
        let version: Version = python.parse().map_err(|_| wrong())?;
        let full = match version.release() {
            [3, minor] => Version::new([3, *minor, 0]),
            [3, _, _] => version.clone(),
            _ => return Err(wrong()),
        };
        if full.epoch() != 0 || full.is_local() || full.release()[1] > 99 {
            return Err(wrong());
        }
        Ok(Self::new(&full, platform.expect("the default is on the list"), sources))
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        let sources = match self.sources {
            Sources::Never => "never",
            Sources::Allow => "allow",
        };
        vec![("python", self.python.to_string()), ("platform", self.platform.clone()), ("sources", sources.to_owned())]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(entries: &[(&str, &str)]) -> Result<Environment, InvalidEnvironment> {
        let entries: Vec<_> = entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Environment::read(&entries)
    }

    #[test]
    fn what_is_given_comes_back_whole() {
        let entries = |given: &[(&str, &str)]| {
            let shown = read(given).unwrap().entries();
            shown.into_iter().map(|(_, value)| value).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(entries(&[]), "3.12.0 x86_64-unknown-linux-gnu never");
        assert_eq!(entries(&[("python", "3.9"), ("platform", "macos"), ("sources", "allow")]), "3.9.0 macos allow");
        assert_eq!(
            entries(&[("python", "3.13.0rc1"), ("platform", "aarch64-manylinux_2_31")]),
            "3.13.0rc1 aarch64-manylinux_2_31 never"
        );
    }

    #[test]
    fn what_is_none_is_refused() {
        for (key, value) in [
            ("python", "2.7"),
            ("python", "3"),
            ("python", "3.12.1+x"),
            ("python", "python3"),
            ("python", "3.99999999999999999999"),
            ("platform", "x86_64-manylinux_2_29"),
            ("platform", "solaris"),
            ("sources", "yes"),
        ] {
            assert!(matches!(read(&[(key, value)]), Err(InvalidEnvironment::Value { .. })), "{key}={value}");
        }
        assert!(matches!(read(&[("pyhton", "3.12")]), Err(InvalidEnvironment::UnknownKey { .. })));
    }
}
