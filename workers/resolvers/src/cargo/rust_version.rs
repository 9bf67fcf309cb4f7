//! Which Rust a version asks for, and which there is.
//!
//! Rules: cargo's `crates/cargo-util-schemas/src/manifest/rust_version.rs` and `core/partial_version.rs`: a `rust-version`
//! is a version with its later parts perhaps left out, read as a caret requirement on the compiler without its
//! pre-release.

use std::fmt;

use semver::{Op, Version, VersionReq};

/// A Rust version, perhaps without its later parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct RustVersion {
    major: u64,
    minor: Option<u64>,
    patch: Option<u64>,
}

impl RustVersion {
    /// A full version.
    #[must_use]
    pub(super) const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor: Some(minor), patch: Some(patch) }
    }

    /// Reads a `rust-version`, which has no pre-release and no build.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::parse_partial(text).filter(|(_, plain)| *plain).map(|(version, _)| version)
    }

    /// Reads a compiler's version; what stands behind the numbers (`-nightly`) does not count.
    pub(super) fn parse_compiler(text: &str) -> Option<Self> {
        Self::parse_partial(text).map(|(version, _)| version)
    }

    /// The numbers, and whether nothing stands behind them.
    fn parse_partial(text: &str) -> Option<(Self, bool)> {
        if let Ok(version) = Version::parse(text) {
            let plain = version.pre.is_empty() && version.build.is_empty();
            return Some((Self::new(version.major, version.minor, version.patch), plain));
        }
        // A part left out is what a requirement has too; an operator is not allowed.
        let requirement = VersionReq::parse(text).ok()?;
        let [one] = requirement.comparators.as_slice() else { return None };
        let plain = one.op == Op::Caret && !text.starts_with('^');
        plain.then_some((Self { major: one.major, minor: one.minor, patch: one.patch }, one.pre.is_empty()))
    }

    /// Can a compiler of this version build what asks for `self`?
    pub(super) fn is_met_by(self, compiler: Self) -> bool {
        let minor = self.minor.unwrap_or_default();
        let patch = self.patch.unwrap_or_default();
        let there = (compiler.minor.unwrap_or_default(), compiler.patch.unwrap_or_default());
        if self.major != compiler.major {
            return false;
        }
        // Below 1.0 a caret holds on to the first number that is not zero; no compiler of today is there.
        match (self.major, self.minor, self.patch) {
            (1.., ..) => there >= (minor, patch),
            (0, None, _) => true,
            (0, Some(0), None) => there.0 == 0,
            (0, Some(0), Some(patch)) => there == (0, patch),
            (0, Some(_), _) => there.0 == minor && there.1 >= patch,
        }
    }
}

impl fmt::Display for RustVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        self.minor.map_or(Ok(()), |minor| write!(f, ".{minor}"))?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn partial_versions() {
        for (text, expected) in [
            ("1.56", Some("1.56")),
            ("1", Some("1")),
            ("1.85.0", Some("1.85.0")),
            ("^1.2", None),
            (">=1.2", None),
            ("1.2.3-nightly", None),
            ("1.2.3+x", None),
            ("", None),
            ("one", None),
            ("1.2, 1.3", None),
            ("99999999999999999999.0", None),
        ] {
            assert_eq!(RustVersion::parse(text).map(|v| v.to_string()).as_deref(), expected, "{text}");
        }
        assert_eq!(RustVersion::parse_compiler("1.97.0-nightly").unwrap().to_string(), "1.97.0");
    }

    /// Every small pair, against the semver crate's own caret.
    #[test]
    fn met_is_what_a_caret_requirement_matches() {
        let partials = ["0", "0.0", "0.0.2", "0.2", "0.2.1", "1", "1.0", "1.2", "1.2.3", "2", "2.1.4"];
        for asked in partials {
            let requirement = VersionReq::parse(asked).unwrap();
            for major in 0..3 {
                for minor in 0..3 {
                    for patch in 0..5 {
                        let met = RustVersion::parse(asked).unwrap().is_met_by(RustVersion::new(major, minor, patch));
                        assert_eq!(
                            met,
                            requirement.matches(&Version::new(major, minor, patch)),
                            "{asked} {major}.{minor}.{patch}"
                        );
                    }
                }
            }
        }
    }
}
