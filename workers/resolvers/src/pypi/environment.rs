//! The Python that is resolved for: its full version, its platform, and whether sources may be built.
//!
//! What a platform's markers and wheel tags are is uv's table (`crates/uv-configuration/src/target_triple.rs`), which is
//! what `--python-platform` means: a `*-linux-gnu` stands for manylinux 2.28, a macOS for version 13.

use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder};

use super::tags::{Family, Tags};
use crate::InvalidEnvironment;

/// What `--python-version 3.12` means to uv: a patch that is not given is 0.
const PYTHON: &str = "3.12.0";
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// A platform that uv has a name for.
struct Platform {
    name: &'static str,
    family: Family,
    machine: &'static str,
}

const PLATFORMS: [Platform; 12] = [
    Platform { name: "x86_64-unknown-linux-gnu", family: Family::Manylinux(28), machine: "x86_64" },
    Platform { name: "aarch64-unknown-linux-gnu", family: Family::Manylinux(28), machine: "aarch64" },
    Platform { name: "riscv64-unknown-linux", family: Family::Manylinux(39), machine: "riscv64" },
    Platform { name: "x86_64-unknown-linux-musl", family: Family::Musllinux(2), machine: "x86_64" },
    Platform { name: "aarch64-unknown-linux-musl", family: Family::Musllinux(2), machine: "aarch64" },
    Platform { name: "x86_64-manylinux2014", family: Family::Manylinux(17), machine: "x86_64" },
    Platform { name: "aarch64-manylinux2014", family: Family::Manylinux(17), machine: "aarch64" },
    Platform { name: "x86_64-pc-windows-msvc", family: Family::Windows, machine: "x86_64" },
    Platform { name: "i686-pc-windows-msvc", family: Family::Windows, machine: "x86" },
    Platform { name: "aarch64-pc-windows-msvc", family: Family::Windows, machine: "ARM64" },
    Platform { name: "x86_64-apple-darwin", family: Family::Macos, machine: "x86_64" },
    Platform { name: "aarch64-apple-darwin", family: Family::Macos, machine: "arm64" },
];

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
    platform: &'static str,
    pub(super) sources: Sources,
    pub(super) markers: MarkerEnvironment,
    pub(super) tags: Tags,
}

impl PartialEq for Environment {
    fn eq(&self, other: &Self) -> bool {
        (&self.python, self.platform, self.sources) == (&other.python, other.platform, other.sources)
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self::new(&PYTHON.parse().expect("a version"), &PLATFORMS[0], Sources::Never)
    }
}

impl Environment {
    fn new(python: &Version, platform: &Platform, sources: Sources) -> Self {
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
            platform: platform.name,
            sources,
            markers: markers.try_into().expect("the version is one"),
            tags: Tags::new(platform.family, platform.machine, minor),
        }
    }

    pub(super) fn read(entries: &[(String, String)]) -> Result<Self, InvalidEnvironment> {
        let (mut python, mut platform, mut sources) = (PYTHON.to_owned(), PLATFORM, Sources::Never);
        for (key, value) in entries {
            let wrong = |expected| InvalidEnvironment::Value { key: key.clone(), value: value.clone(), expected };
            match key.as_str() {
                "python" => python.clone_from(value),
                "platform" => {
                    let known = PLATFORMS.iter().find(|platform| platform.name == value);
                    platform = known.ok_or_else(|| wrong("a target triple as uv names them"))?.name;
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
        let platform = PLATFORMS.iter().find(|known| known.name == platform).expect("it was found before");
        Ok(Self::new(&full, platform, sources))
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, String)> {
        let sources = match self.sources {
            Sources::Never => "never",
            Sources::Allow => "allow",
        };
        vec![
            ("python", self.python.to_string()),
            ("platform", self.platform.to_owned()),
            ("sources", sources.to_owned()),
        ]
    }
}
