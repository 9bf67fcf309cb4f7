//! All rows of node-semver's fixtures.
#![allow(clippy::unwrap_used)]

mod beside;
mod forms;
mod membership;
mod versions;

use proptest::prelude::*;

use super::comparator::{Comparator, Piece};
use super::{Options, Range, Version};

const fn options(loose: bool, include_prerelease: bool) -> Options {
    Options { loose, include_prerelease }
}

/// `{a*3}` is `aaa`.
fn long(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (repeated, behind) = behind.split_once('}').unwrap();
        let (letter, times) = repeated.split_once('*').unwrap();
        out += before;
        out += &letter.repeat(times.parse().unwrap());
        rest = behind;
    }
    out + rest
}

fn is_in(range: &str, version: &str, options: Options) -> bool {
    let version = Version::parse(version, options.loose);
    Range::parse(range, options).zip(version).is_some_and(|(range, version)| range.allows(&version))
}

#[test]
fn ranges_have_their_versions() {
    for &(range, version, loose, pre) in membership::INCLUDE {
        assert!(is_in(range, version, options(loose, pre)), "{range} {version}");
    }
    for &(range, version, loose, pre) in membership::EXCLUDE {
        assert!(!is_in(range, version, options(loose, pre)), "{range} {version}");
    }
    for &(range, version, loose, pre, expected) in beside::BESIDE {
        assert_eq!(is_in(range, version, options(loose, pre)), expected, "{range} {version}");
    }
}

#[test]
fn ranges_are_comparisons() {
    for &(text, expected, loose, pre) in forms::PARSE {
        let range = Range::parse(&long(text), options(loose, pre)).map(|range| range.to_string());
        let range = range.map(|text| if text.is_empty() { "*".to_owned() } else { text });
        assert_eq!(range.as_deref(), expected, "{text}");
    }
}

#[test]
fn versions_have_an_order() {
    for &(greater, lesser, loose) in versions::COMPARISONS {
        let parse = |text| Version::parse(text, loose).unwrap();
        assert!(parse(greater) > parse(lesser), "{greater} {lesser}");
    }
    for &(a, b, loose) in versions::EQUALITY {
        assert_eq!(Version::parse(a, loose).unwrap(), Version::parse(b, loose).unwrap(), "{a} {b}");
    }
}

#[test]
fn what_is_no_version_is_none() {
    for &(text, loose) in versions::INVALID {
        assert_eq!(Version::parse(&long(text), loose), None, "{text}");
    }
    for &(text, numbers, pre) in versions::VALID {
        let version = Version::parse(text, false).unwrap();
        assert_eq!((version.major, version.minor, version.patch), numbers, "{text}");
        let plain = format!("{}.{}.{}", numbers.0, numbers.1, numbers.2);
        let expected = if pre.is_empty() { plain } else { format!("{plain}-{pre}") };
        assert_eq!(version.to_string(), expected);
    }
}

#[test]
fn ranges_meet() {
    let comparator = |text: &str| match Comparator::read(text, false) {
        Piece::Comparator(one) => Some(one),
        Piece::Any => None,
        Piece::Wrong(_) => panic!("{text}"),
    };
    for &(a, b, expected, pre) in versions::COMPARATOR_INTERSECTION {
        let range = |text| Range::of(comparator(text).as_ref(), pre);
        assert_eq!(range(a).intersects(&range(b), pre), expected, "{a} {b}");
    }
    for &(a, b, expected) in versions::RANGE_INTERSECTION {
        let range = |text| Range::parse(text, Options::default()).unwrap();
        assert_eq!(range(a).intersects(&range(b), false), expected, "{a} {b}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in "[ -~\u{80}-\u{ff}]{0,40}", loose: bool, pre: bool) {
        let _ = Version::parse(&text, loose);
        let _ = Version::clean(&text);
        let _ = Range::parse(&text, options(loose, pre));
    }

    #[test]
    fn near_misses_do_not_panic(
        text in r"([<>=^~v|x* .+-]{0,3}(0|1|20|9007199254740991|99999999999999999999999|beta)){0,8}",
        loose: bool,
        pre: bool,
    ) {
        if let Some(range) = Range::parse(&text, options(loose, pre)) {
            // What a range is in comparisons is a range, and that one is itself in comparisons. (`>=00.0.0` is not taken
            // for any version, as `>=0.0.0` is.)
            let again = Range::parse(&range.to_string(), options(loose, pre)).unwrap();
            let once_more = Range::parse(&again.to_string(), options(loose, pre)).unwrap();
            prop_assert_eq!(once_more.to_string(), again.to_string());
        }
    }
}
