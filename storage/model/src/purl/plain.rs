//! Purls in which nothing is to be decoded, lower-cased or left out: nearly all.
//!
//! The problem: a purl is read with each job that is submitted, and the specification has many rules of which a plain
//! one (`pkg:cargo/serde`, `pkg:npm/%40types/node@20.1.0`) needs none. Such a purl is taken apart here, without a copy of
//! its parts; whatever is not plain is left to the crate that knows all rules. Both ways come to the same, which a test
//! holds against each other.

use super::{Ecosystem, InvalidPurl, PackageName, Purl};

/// The parts of a plain purl.
pub(super) struct Plain<'a> {
    ecosystem: Ecosystem,
    /// Without its mark.
    scope: Option<&'a str>,
    name: &'a str,
    version: Option<&'a str>,
}

/// Takes a purl apart; nothing if it is not plain. Python's names have a normal form of their own and are left out.
pub(super) fn read(text: &str) -> Option<Plain<'_>> {
    let (kind, rest) = text.strip_prefix("pkg:")?.split_once('/')?;
    let ecosystem = match kind {
        "cargo" => Ecosystem::Cargo,
        "npm" => Ecosystem::Npm,
        _ => return None,
    };
    let (path, version) = match rest.split_once('@') {
        Some((path, version)) => (path, Some(version)),
        None => (rest, None),
    };
    let (scope, name) = match path.split_once('/') {
        // A scope is written in small letters, and only npm has any.
        Some((scope, name)) if ecosystem == Ecosystem::Npm => (Some(scope.strip_prefix("%40")?), name),
        Some(_) => return None,
        None => (None, path),
    };
    let is_scope = |scope: &str| is_plain(scope) && !scope.bytes().any(|byte| byte.is_ascii_uppercase());
    let plain = is_plain(name) && version.is_none_or(is_plain) && scope.is_none_or(is_scope);
    plain.then_some(Plain { ecosystem, scope, name, version })
}

fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

impl Plain<'_> {
    /// The purl, if the ecosystem allows the name.
    pub(super) fn into_purl(self) -> Result<Purl, InvalidPurl> {
        let Self { ecosystem, scope, name, version } = self;
        let name = match scope {
            Some(scope) => PackageName::new(ecosystem, &format!("@{scope}/{name}"))?,
            None => PackageName::new(ecosystem, name)?,
        };
        Ok(Purl { ecosystem, name, version: version.map(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ones_are_plain() {
        for text in ["pkg:cargo/serde", "pkg:npm/JSONStream@1.3.5", "pkg:npm/%40types/node@20.1.0", "pkg:npm/a_b.c-d"] {
            assert!(read(text).is_some(), "{text}");
        }
        for text in
            ["pkg:pypi/six", "pkg:npm/@types/node", "pkg:npm/a%2Fb", "pkg:cargo/a/b", "pkg:npm/a?os=x", "pkg:npm/a@"]
        {
            assert!(read(text).is_none(), "{text}");
        }
    }

    /// Everything that looks like a purl, with every mark that means something somewhere.
    #[test]
    fn both_ways_come_to_the_same() {
        let kinds =
            ["pkg:cargo/", "pkg:npm/", "pkg:NPM/", "pkg:pypi/", "pkg:gem/", "pkg:/npm/", "pkg:npm", "PKG:npm/", ""];
        let scopes = ["", "%40a/", "%40a.b-c_1/", "@a/", "%40aB/", "a/", "%40./", "%40../", "%40/", "/", "%41/", "../"];
        let long = "x".repeat(215);
        let names =
            ["a", "A.b-c_1", "JSONStream", "..", ".", "", ".a", "a%2Fb", "a+b", "é", "a~", "a:b", long.as_str()];
        let versions = ["", "@", "@1.0", "@1%2E0", "@v@2", "@1/2", "@1+b", "@V1", "@.", "@%"];
        let tails = ["", "?os=x", "?", "#sub", "#", "/", "%"];
        let mut plain = 0;
        for (kind, scope) in kinds.iter().flat_map(|kind| scopes.map(|scope| (kind, scope))) {
            for (name, version) in names.iter().flat_map(|name| versions.map(|version| (name, version))) {
                for tail in tails {
                    let text = format!("{kind}{scope}{name}{version}{tail}");
                    plain += usize::from(read(&text).is_some());
                    assert_eq!(text.parse::<Purl>(), super::super::read(&text), "{text}");
                }
            }
        }
        assert!(plain > 100, "{plain} of them are plain");
    }
}
