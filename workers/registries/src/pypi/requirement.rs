//! One `Requires-Dist`: name, extras, range and marker (PEP 508).
//!
//! The range and the marker are kept as they are written: a resolver needs them whole, and a reader expects what the
//! publisher wrote. Only the part before the marker goes through `pep508_rs`, whose markers live in a table that
//! grows for as long as the process does.

use std::str::FromStr;

use gleaner_model::{Dependency, DependencyKind};
use pep508_rs::Requirement;
use url::Url;

use super::name::normalise;

/// Reads a requirement. One that breaks the rule is kept raw: its name, and all that stands behind that up to the
/// marker as its range; none if not even a name can be told.
pub(crate) fn read(text: &str) -> Option<Dependency> {
    let (head, marker) = split_marker(text);
    let (name, rest) = split_name(head)?;
    let parsed = parse(head);
    let (features, requirement) = match &parsed {
        Some(parsed) => (parsed.extras.iter().map(ToString::to_string).collect(), range(rest)),
        None => (Vec::new(), rest),
    };
    Some(Dependency {
        name: normalise(name),
        alias: None,
        requirement: requirement.to_owned(),
        kind: DependencyKind::Normal,
        optional: marker.is_some_and(mentions_extra),
        default_features: true,
        features,
        target: marker.map(str::to_owned),
        registry: None,
    })
}

/// Reads the part before the marker; none if it breaks the rule. One with characters beyond ASCII is not handed to the
/// parser (`pep508_rs` 0.9), which takes bytes for characters in places: no name, extra or range has any.
fn parse(head: &str) -> Option<Requirement<Url>> {
    head.is_ascii().then(|| Requirement::from_str(head).ok()).flatten()
}

/// The part before the `;` and the marker behind it. In a URL, which may have a `;` in it, a blank stands before it.
fn split_marker(text: &str) -> (&str, Option<&str>) {
    let is_url = text.find('@').is_some_and(|at| !text[..at].contains([';', '<', '>', '=', '(']));
    let at = if is_url { text.find(" ;").map(|at| at + 1) } else { text.find(';') };
    match at {
        Some(at) => (text[..at].trim(), Some(text[at + 1..].trim()).filter(|marker| !marker.is_empty())),
        None => (text.trim(), None),
    }
}

/// The name at the beginning, and what stands behind it.
fn split_name(head: &str) -> Option<(&str, &str)> {
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(head.len());
    let (name, rest) = head.split_at(end);
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    (edge(name.as_bytes().first()) && edge(name.as_bytes().last())).then(|| (name, rest.trim()))
}

/// What stands behind name and extras, without the parentheses that were once usual.
fn range(rest: &str) -> &str {
    let rest = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, behind)) => behind.trim(),
        None => rest,
    };
    rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).map_or(rest, str::trim)
}

/// Does a marker ask for an extra? The word counts outside of quotes only.
fn mentions_extra(marker: &str) -> bool {
    let mut quote = None;
    let mut word = String::new();
    for c in marker.chars().chain([' ']) {
        match quote {
            Some(open) if open == c => quote = None,
            Some(_) => {}
            None if c.is_ascii_alphanumeric() || c == '_' => word.push(c),
            None if word == "extra" => return true,
            None => {
                word.clear();
                quote = matches!(c, '"' | '\'').then_some(c);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parts(text: &str) -> (String, String, Vec<String>, Option<String>, bool) {
        let Dependency { name, requirement, features, target, optional, .. } = read(text).unwrap();
        (name, requirement, features, target, optional)
    }

    fn check(text: &str, name: &str, requirement: &str, features: &[&str], target: Option<&str>, optional: bool) {
        let features = features.iter().map(|&feature| feature.to_owned()).collect();
        assert_eq!(
            parts(text),
            (name.into(), requirement.into(), features, target.map(Into::into), optional),
            "{text}"
        );
    }

    #[test]
    fn every_part_is_told_apart() {
        check("blinker", "blinker", "", &[], None, false);
        check("Click>=8.1.3", "click", ">=8.1.3", &[], None, false);
        check("zope.interface (>=4.0, <6)", "zope-interface", ">=4.0, <6", &[], None, false);
        check("a[X_y, z] >= 1 ; python_version < '3'", "a", ">= 1", &["x-y", "z"], Some("python_version < '3'"), false);
        check("a;extra=='dev'", "a", "", &[], Some("extra=='dev'"), true);
        check(r#"a>=1; os_name == "extra""#, "a", ">=1", &[], Some(r#"os_name == "extra""#), false);
        check(
            "a ; python_version<'3' and 'x' == extra",
            "a",
            "",
            &[],
            Some("python_version<'3' and 'x' == extra"),
            true,
        );
        check("a ;", "a", "", &[], None, false);
    }

    #[test]
    fn a_url_is_kept() {
        check("a @ http://mirror.example/a;b.whl", "a", "@ http://mirror.example/a;b.whl", &[], None, false);
        check(
            "a[b] @ http://mirror.example/a ; extra == 'x'",
            "a",
            "@ http://mirror.example/a",
            &["b"],
            Some("extra == 'x'"),
            true,
        );
        check("a>=1; 'x@y' == extra", "a", ">=1", &[], Some("'x@y' == extra"), true);
    }

    #[test]
    fn characters_beyond_ascii_are_survived_wherever_they_stand() {
        let whole = [
            "a[b, c] (>=1.0, <2) ; extra == 'x'",
            "a @ http://mirror.example/a.whl ; extra == 'x'",
            "a~=1.0; b in 'c'",
        ];
        for text in whole {
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                for odd in ["é", "ß", "\u{a0}", "\u{3000}", "😀", "\u{feff}"] {
                    let odd = format!("{}{odd}{}", &text[..at], &text[at..]);
                    // A blank before the name is passed over; whatever else stands there, the name is none.
                    assert!(read(&odd).is_some() || at == 0, "{odd}");
                }
            }
        }
        check("a[b]>=1é", "a", "[b]>=1é", &[], None, false);
    }

    #[test]
    fn what_breaks_the_rule_is_kept_raw() {
        check("a (>=1.*); extra == 'x'", "a", "(>=1.*)", &[], Some("extra == 'x'"), true);
        check("a >=dev-master", "a", ">=dev-master", &[], None, false);
        check("a[b", "a", "[b", &[], None, false);
        check("a>1; no marker at all", "a", ">1", &[], Some("no marker at all"), false);
        assert_eq!(read(""), None);
        assert_eq!(read(">=1"), None);
        assert_eq!(read("-a"), None);
        assert_eq!(read("; extra == 'x'"), None);
    }
}
