//! PEP 440's tables of specifiers, and what they ask for here.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn range(text: &str) -> Ranges<Version> {
    asked(&text.parse().unwrap())
}

fn holds(specifiers: &str, version: &str) -> bool {
    range(specifiers).contains(&version.parse().unwrap())
}

/// The rows of PEP 440's sections on specifiers, and of the tests of pypa/packaging for them.
#[test]
fn the_published_tables() {
    for (specifiers, inside, outside) in [
        ("~=2.2", "2.2 2.3 2.9.post1 2.2.post3 2.99", "2.1 3.0 3 2.2rc1 3.0.dev0 2.2.dev1"),
        ("~=1.4.5", "1.4.5 1.4.9 1.4.5.0", "1.4.4 1.5 1.5.0a1"),
        ("~=2.2.post3", "2.2.post3 2.9", "2.2 2.2.post2 3.0"),
        ("~=1.4.5a4", "1.4.5a4 1.4.5 1.4.6", "1.4.5a3 1.5"),
        ("~=2.2.0", "2.2.0 2.2.7", "2.3"),
        ("~=1.4.5.0", "1.4.5 1.4.5.8", "1.4.6"),
        ("~=1!2.2", "1!2.3", "2.3 1!3.0"),
        ("==1.1", "1.1 1.1.0 1.1+dev 1.1.0.0", "1.1.post1 1.1a1 1.1.1"),
        ("==1.1.post1", "1.1.post1 1.1.post1+a", "1.1 1.1.post2"),
        ("==1.1.*", "1.1 1.1.post1 1.1a1 1.1.3 1.1.dev1 1.1.0+x", "1.0 1.2 1.2.dev0 1.2a1"),
        ("==1.0+a", "1.0+a 1+A", "1.0 1.0+a.1 1.0+b"),
        ("==1!1.0", "1!1", "1.0 2!1"),
        ("!=1.1", "1.1.post1 1.1a1 1.2", "1.1 1.1.0 1.1+x"),
        ("!=1.1.post1", "1.1 1.1.post2", "1.1.post1"),
        ("!=1.1.*", "1.0 1.2 1.2.dev1", "1.1 1.1.post1 1.1a1"),
        (">=1.0", "1.0 1.0+x 1.0.post1 2.0.dev1", "1.0rc1 1.0.dev1 0.9"),
        ("<=1.0", "1.0 1.0+x 1.0a1 0.1", "1.0.post1 1.0.1"),
        (">1.7", "1.7.1 1.8 1.8.dev0", "1.7 1.7.0.post1 1.7.post1 1.7+x 1.7rc1"),
        (">1.7.post2", "1.7.1 1.7.0.post3", "1.7.0 1.7.post2 1.7.post2+x"),
        (">1.7a1", "1.7a2 1.7", "1.7a1 1.7a1.post1"),
        (">1.0.dev3", "1.0.dev4 1.0", "1.0.dev3"),
        ("<1.0", "0.9 0.9.post1 0.99a1", "1.0 1.0a1 1.0.dev1 1.0+x"),
        ("<1.0rc1", "1.0b2 1.0a1 1.0.dev1", "1.0rc1 1.0"),
        ("<1.0.post2", "1.0.post1 1.0", "1.0.post2 1.0.post2.dev1"),
        ("===1.0", "1.0", "1.0+x 1.1"),
        (">=1.0,!=1.3.4.*,<2.0", "1.0 1.3.5 1.9.9", "1.3.4 1.3.4.1 2.0 2.0a1"),
        (">=1!0", "1!0 2!0", "99"),
    ] {
        for version in inside.split(' ') {
            assert!(holds(specifiers, version), "{version} in {specifiers}");
        }
        for version in outside.split(' ') {
            assert!(!holds(specifiers, version), "{version} not in {specifiers}");
        }
    }
}

#[test]
fn what_asks_for_the_same_is_the_same() {
    assert_eq!(range(">1.0a1"), range(">=1.0a2.dev0"));
    assert_eq!(range("<=1.0"), range("<1.0.post0.dev0"));
    assert_eq!(range("==1.0"), range(">=1.0,<1.0.post0.dev0"));
    assert_eq!(range(">=0.dev0"), Ranges::full());
    assert_eq!(range("<0.dev0"), Ranges::empty());
    assert_eq!(range(">=2,<1"), Ranges::empty());
}

#[test]
fn pins_are_told() {
    let is_pin = |text: &str| {
        let specifiers = text.parse().unwrap();
        is_pin(&specifiers, &asked(&specifiers))
    };
    for pin in ["==1.0", "===1.0", "==1.0+x", "==1.0,>=0.5", "==1.0.post1"] {
        assert!(is_pin(pin), "{pin}");
    }
    for other in ["==1.0.*", ">=1.0,<=1.0", "~=1.0.0", "", "==1.0,!=1.0+x", "!=1.0"] {
        assert!(!is_pin(other), "{other}");
    }
}

#[test]
fn numbers_at_their_end_do_not_overflow() {
    let most = u64::MAX;
    for text in [
        format!("~={most}.{most}"),
        format!("=={most}.*"),
        format!("!={most}.*"),
        format!(">1.dev{most}"),
        format!(">1.post{most}"),
        format!("<=1.post{most}"),
        format!(">1a{most}"),
        format!("==1a{most}.*"),
        format!("==1.post{most}.*"),
    ] {
        if let Ok(specifiers) = text.parse() {
            let _ = asked(&specifiers);
            let _ = asked_of_python(&specifiers);
        }
    }
}

proptest! {
    /// `pep440_rs` decides version by version; both must agree on every version.
    #[test]
    fn ranges_hold_what_the_specifier_allows(specifier in specifier(), version in version()) {
        let (Ok(specifier), Ok(version)) = (specifier.parse::<VersionSpecifiers>(), version.parse::<Version>()) else {
            return Ok(());
        };
        // Known disagreements of that crate with PEP 440 and uv are of `>` and `<` next to local and post versions.
        let is_order = specifier.iter().any(|one| {
            matches!(one.operator(), Operator::GreaterThan | Operator::LessThan)
                && (one.version().is_post() || one.version().any_prerelease() || version.is_local())
        });
        // Nor does it fill a version up with zeros that has fewer parts than a prefix: to it `2` is `==2.1.*`.
        let is_short = specifier.iter().any(|one| {
            matches!(one.operator(), Operator::EqualStar | Operator::NotEqualStar)
                && version.release().len() < one.version().release().len()
        });
        prop_assume!(!is_order && !is_short);
        prop_assert_eq!(asked(&specifier).contains(&version), specifier.contains(&version));
    }

    /// Nothing panics, whatever is read.
    #[test]
    fn odd_texts_do_no_harm(text in "[ -~]{0,40}", odd in "([<>=~!]{1,3} ?[0-9a-z.*+!-]{0,12},? ?){0,4}") {
        for text in [text, odd] {
            if let Ok(specifiers) = text.parse::<VersionSpecifiers>() {
                let _ = (asked(&specifiers), asked_of_python(&specifiers));
            }
            let _ = text.parse::<Version>();
        }
    }
}

fn version() -> impl Strategy<Value = String> {
    "([01]!)?[0-2](\\.[0-2]){0,2}((a|b|rc)[0-2])?(\\.post[0-2])?(\\.dev[0-2])?(\\+[a-b0-1])?"
}

fn specifier() -> impl Strategy<Value = String> {
    ("(==|!=|<=|>=|<|>|~=|===)", version(), "(\\.\\*)?")
        .prop_map(|(operator, version, star)| format!("{operator}{version}{star}"))
}
