//! Which wheels a platform can use, and which of them best: the tags of their names (PEP 425, PEP 600, PEP 656), as uv
//! makes and orders them (`crates/uv-platform-tags/src/tags.rs`).

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
    /// The best first.
    platforms: Vec<String>,
}

/// How well a wheel suits: the least is the best. First by what it was built for, then by platform.
pub(super) type Rank = (u64, usize);

/// What of a wheel does not fit, the farthest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Misfit {
    /// Its name has no tags.
    Name,
    Python,
    Abi,
    Platform,
}

impl Tags {
    pub(super) fn new(family: Family, machine: &str, minor: u64) -> Self {
        Self { minor, platforms: platforms(family, machine) }
    }

    /// How well the wheel with this file name suits. Its last three parts are its tags, each perhaps several with dots.
    pub(super) fn rank(&self, filename: &str) -> Result<Rank, Misfit> {
        let stem = filename.strip_suffix(".whl").ok_or(Misfit::Name)?;
        let mut parts = stem.rsplitn(4, '-');
        let (Some(platform), Some(abi), Some(python), Some(_)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Misfit::Name);
        };
        let mut best = Err(Misfit::Name);
        for python in python.split('.') {
            for abi in abi.split('.') {
                for platform in platform.split('.') {
                    best = better(best, self.rank_of(python, abi, platform));
                }
            }
        }
        best
    }

    fn rank_of(&self, python: &str, abi: &str, platform: &str) -> Result<Rank, Misfit> {
        let (on_platform, anywhere) = self.kinds(python, abi)?;
        if platform == "any" {
            return anywhere.map(|kind| (kind, 0)).ok_or(Misfit::Platform);
        }
        let at = self.platforms.iter().position(|known| known == platform).ok_or(Misfit::Platform)?;
        on_platform.map(|kind| (kind, at)).ok_or(Misfit::Platform)
    }

    /// What a wheel for this Python and ABI ranks as: on a platform of its own, and on any.
    fn kinds(&self, python: &str, abi: &str) -> Result<(Option<u64>, Option<u64>), Misfit> {
        let cpython = number(python, "cp3");
        let own = cpython == Some(self.minor);
        let behind = |minor: u64| self.minor.checked_sub(minor);
        let generic = match python {
            "py3" => Some(1),
            _ => number(python, "py3").and_then(behind).map(|behind| if behind == 0 { 0 } else { behind + 1 }),
        };
        let known = own || generic.is_some() || cpython.and_then(behind).is_some_and(|_| cpython >= Some(2));
        match abi {
            _ if !known => Err(Misfit::Python),
            "none" if own => Ok((Some(2), Some(200))),
            "none" => generic.map(|kind| (Some(100 + kind), Some(201 + kind))).ok_or(Misfit::Abi),
            "abi3" => match cpython.and_then(behind) {
                Some(0) => Ok((Some(1), None)),
                Some(behind) => Ok((Some(2 + behind), None)),
                None => Err(Misfit::Abi),
            },
            _ => {
                let suffix = if self.minor <= 7 { "m" } else { "" };
                let is_own = own && number(abi.strip_suffix(suffix).unwrap_or("none"), "cp3") == Some(self.minor);
                if is_own { Ok((Some(0), None)) } else { Err(Misfit::Abi) }
            }
        }
    }
}

fn better(one: Result<Rank, Misfit>, other: Result<Rank, Misfit>) -> Result<Rank, Misfit> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok(one.min(other)),
        (Ok(rank), Err(_)) | (Err(_), Ok(rank)) => Ok(rank),
        (Err(one), Err(other)) => Err(one.max(other)),
    }
}

/// The number behind a beginning: `cp312` is 12 behind `cp3`.
fn number(tag: &str, beginning: &str) -> Option<u64> {
    let digits = tag.strip_prefix(beginning)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn platforms(family: Family, machine: &str) -> Vec<String> {
    match family {
        Family::Manylinux(newest) => manylinux(newest, machine),
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
        Family::Macos => macos(machine),
    }
}

fn manylinux(newest: u16, machine: &str) -> Vec<String> {
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

fn macos(machine: &str) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_with_glibc() {
        let tags = Tags::new(Family::Manylinux(28), "x86_64", 12);
        let from_best = [
            "a-1-1-cp312-cp312-manylinux_2_28_x86_64.whl",
            "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "a-1-cp312-cp312-linux_x86_64.whl",
            "a-1-cp312-abi3-manylinux1_x86_64.whl",
            "a-1-cp312-none-manylinux1_x86_64.whl",
            "a-1-cp39-abi3-manylinux1_x86_64.whl",
            "a-1-py312-none-manylinux_2_5_x86_64.whl",
            "a-1-py3-none-manylinux_2_5_x86_64.whl",
            "a-1-py38-none-manylinux_2_5_x86_64.whl",
            "a-1-cp312-none-any.whl",
            "a-1-py2.py3-none-any.whl",
            "a-1-py38-none-any.whl",
        ];
        let ranks: Vec<_> = from_best.iter().map(|name| tags.rank(name)).collect();
        assert!(ranks.iter().all(Result::is_ok), "{ranks:?}");
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
        for (bad, why) in [
            ("a-1-py2-none-any.whl", Misfit::Python),
            ("a-1-py313-none-any.whl", Misfit::Python),
            ("a-1-cp313-abi3-manylinux_2_17_x86_64.whl", Misfit::Python),
            ("a-1-cp311-cp311-manylinux_2_17_x86_64.whl", Misfit::Abi),
            ("a-1-cp312-cp312t-manylinux_2_17_x86_64.whl", Misfit::Abi),
            ("a-1-cp311-none-any.whl", Misfit::Abi),
            ("a-1-cp312-cp312-manylinux_2_29_x86_64.whl", Misfit::Platform),
            ("a-1-cp312-cp312-manylinux_2_17_aarch64.whl", Misfit::Platform),
            ("a-1-cp312-cp312-win_amd64.whl", Misfit::Platform),
            ("a-1-cp312-cp312-any.whl", Misfit::Platform),
            ("a-1.tar.gz", Misfit::Name),
            ("a.whl", Misfit::Name),
        ] {
            assert_eq!(tags.rank(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn other_platforms() {
        let accepts = |family, machine, name| Tags::new(family, machine, 11).rank(name).is_ok();
        assert!(accepts(Family::Windows, "x86_64", "a-1-cp311-cp311-win_amd64.whl"));
        assert!(accepts(Family::Macos, "arm64", "a-1-cp311-cp311-macosx_10_9_universal2.whl"));
        assert!(!accepts(Family::Macos, "arm64", "a-1-cp311-cp311-macosx_10_9_x86_64.whl"));
        assert!(accepts(Family::Macos, "x86_64", "a-1-cp311-cp311-macosx_10_9_intel.whl"));
        assert!(accepts(Family::Musllinux(2), "x86_64", "a-1-cp311-cp311-musllinux_1_1_x86_64.whl"));
        assert!(!accepts(Family::Musllinux(2), "x86_64", "a-1-cp311-cp311-manylinux_2_5_x86_64.whl"));
    }
}
