//! Which wheels a platform can use: the tags of their names (PEP 425, PEP 600, PEP 656), as uv makes them
//! (`crates/uv-platform-tags/src/tags.rs`).

/// A family of platforms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Family {
    /// glibc 2 of this minor version.
    Manylinux(u16),
    /// musl 1 of this minor version.
    Musllinux(u16),
    /// Version 13.
    Macos,
    Windows,
}

/// The newest macOS that is assumed.
const MACOS_MAJOR: u16 = 13;

/// What a CPython on a platform can use.
#[derive(Clone, Debug)]
pub(super) struct Tags {
    /// Of Python 3.
    minor: u64,
    platforms: Vec<String>,
}

impl Tags {
    pub(super) fn new(family: Family, machine: &str, minor: u64) -> Self {
        Self { minor, platforms: platforms(family, machine) }
    }

    /// Can the wheel with this file name be used? Its last three parts are its tags, each perhaps several with dots.
    pub(super) fn accept(&self, filename: &str) -> bool {
        let Some(stem) = filename.strip_suffix(".whl") else { return false };
        let mut parts = stem.rsplitn(4, '-');
        let (Some(platform), Some(abi), Some(python), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let any_platform = platform.split('.').any(|tag| tag == "any");
        let this_platform = platform.split('.').any(|tag| self.platforms.iter().any(|known| known == tag));
        if !any_platform && !this_platform {
            return false;
        }
        python.split('.').any(|python| abi.split('.').any(|abi| self.fits(python, abi, this_platform)))
    }

    fn fits(&self, python: &str, abi: &str, this_platform: bool) -> bool {
        let cpython = python.strip_prefix("cp3").and_then(|minor| minor.parse::<u64>().ok());
        let own = cpython == Some(self.minor);
        match abi {
            "none" => {
                let generic = match python.strip_prefix("py") {
                    Some("3") => true,
                    Some(version) => version
                        .strip_prefix('3')
                        .and_then(|minor| minor.parse().ok())
                        .is_some_and(|m: u64| m <= self.minor),
                    None => false,
                };
                generic || own
            }
            "abi3" => this_platform && cpython.is_some_and(|minor| (2..=self.minor).contains(&minor)),
            abi => {
                let suffix = if self.minor <= 7 { "m" } else { "" };
                this_platform && own && abi == format!("cp3{}{suffix}", self.minor)
            }
        }
    }
}

fn platforms(family: Family, machine: &str) -> Vec<String> {
    match family {
        Family::Manylinux(newest) => {
            let oldest = match machine {
                "x86_64" => 5,
                "riscv64" => 31,
                _ => 17,
            };
            let mut tags = Vec::new();
            for minor in (oldest..=newest).rev() {
                tags.push(format!("manylinux_2_{minor}_{machine}"));
                match minor {
                    17 => tags.push(format!("manylinux2014_{machine}")),
                    12 => tags.push(format!("manylinux2010_{machine}")),
                    5 => tags.push(format!("manylinux1_{machine}")),
                    _ => {}
                }
            }
            tags.push(format!("linux_{machine}"));
            tags
        }
        Family::Musllinux(newest) => {
            let musl = (0..=newest).rev().map(|minor| format!("musllinux_1_{minor}_{machine}"));
            musl.chain([format!("linux_{machine}")]).collect()
        }
        Family::Windows => vec![
            match machine {
                "x86" => "win32",
                "ARM64" => "win_arm64",
                _ => "win_amd64",
            }
            .to_owned(),
        ],
        Family::Macos => {
            let formats: &[&str] = if machine == "arm64" {
                &["arm64", "universal2"]
            } else {
                &["x86_64", "intel", "fat64", "fat32", "universal2", "universal"]
            };
            let all = |major: u16, minor: u16| {
                formats.iter().map(move |format| format!("macosx_{major}_{minor}_{format}")).collect::<Vec<_>>()
            };
            let mut tags: Vec<String> = (11..=MACOS_MAJOR).rev().flat_map(|major| all(major, 0)).collect();
            if machine == "arm64" {
                tags.extend((4..=16).rev().map(|minor| format!("macosx_10_{minor}_universal2")));
            } else {
                tags.extend((4..=16).rev().flat_map(|minor| all(10, minor)));
            }
            tags
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_with_glibc() {
        let tags = Tags::new(Family::Manylinux(28), "x86_64", 12);
        for good in [
            "a-1-py3-none-any.whl",
            "a-1-py2.py3-none-any.whl",
            "a-1-py38-none-any.whl",
            "a-1-cp312-none-any.whl",
            "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "a-1-1-cp312-cp312-manylinux_2_28_x86_64.whl",
            "a-1-cp39-abi3-manylinux1_x86_64.whl",
            "a-1-py3-none-manylinux_2_5_x86_64.whl",
            "a-1-cp312-cp312-linux_x86_64.whl",
        ] {
            assert!(tags.accept(good), "{good}");
        }
        for bad in [
            "a-1-py2-none-any.whl",
            "a-1-py313-none-any.whl",
            "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
            "a-1-cp313-abi3-manylinux_2_17_x86_64.whl",
            "a-1-cp312-cp312t-manylinux_2_17_x86_64.whl",
            "a-1-cp312-cp312-manylinux_2_29_x86_64.whl",
            "a-1-cp312-cp312-manylinux_2_17_aarch64.whl",
            "a-1-cp312-cp312-win_amd64.whl",
            "a-1-cp311-none-any.whl",
            "a-1.tar.gz",
            "a.whl",
        ] {
            assert!(!tags.accept(bad), "{bad}");
        }
    }

    #[test]
    fn other_platforms() {
        let accepts = |family, machine, name| Tags::new(family, machine, 11).accept(name);
        assert!(accepts(Family::Windows, "x86_64", "a-1-cp311-cp311-win_amd64.whl"));
        assert!(accepts(Family::Macos, "arm64", "a-1-cp311-cp311-macosx_10_9_universal2.whl"));
        assert!(!accepts(Family::Macos, "arm64", "a-1-cp311-cp311-macosx_10_9_x86_64.whl"));
        assert!(accepts(Family::Macos, "x86_64", "a-1-cp311-cp311-macosx_10_9_intel.whl"));
        assert!(accepts(Family::Musllinux(2), "x86_64", "a-1-cp311-cp311-musllinux_1_1_x86_64.whl"));
        assert!(!accepts(Family::Musllinux(2), "x86_64", "a-1-cp311-cp311-manylinux_2_5_x86_64.whl"));
    }
}
