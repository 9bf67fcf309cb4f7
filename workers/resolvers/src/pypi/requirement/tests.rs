//! PEP 508's examples, what breaks its rules, and which conditions are left of markers.

#![allow(clippy::unwrap_used)]

use gleaner_model::DependencyKind;
use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    Requirement::read(text).map_or_else(|error| error, |requirement| requirement.shown())
}

/// The examples of PEP 508 ("Examples", and its test grammar), as far as a registry is meant.
#[test]
fn the_examples_of_the_rule() {
    for (text, expected) in [
        ("A", "a"),
        ("A.B-C_D", "a-b-c-d"),
        ("aa", "aa"),
        ("name", "name"),
        ("name<=1", "name<=1"),
        ("name>=3", "name>=3"),
        ("name>=3,<2", "name>=3,<2"),
        ("name@http://foo.com", "name @http://foo.com"),
        ("name [fred,bar] @ http://foo.com ; python_version=='2.7'", "name[fred,bar] @ http://foo.com"),
        ("name[quux, strange];python_version<'2.7' and platform_version=='2'", "name[quux,strange]"),
        ("name; os_name=='a' or os_name=='b'", "name"),
        ("name; os_name=='a' and os_name=='b' or os_name=='c'", "name"),
        ("name; os_name=='a' and (os_name=='b' or os_name=='c')", "name"),
        (
            "requests [security,tests] >= 2.8.1, == 2.8.* ; python_version < \"2.7\"",
            "requests[security,tests]>= 2.8.1, == 2.8.*",
        ),
        ("name (>=1.0)", "name>=1.0"),
        ("name===1.0", "name===1.0"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
    for (text, said) in [
        ("", "does not begin with a name"),
        ("-a", "does not begin with a name"),
        ("а", "does not begin with a name"),
        ("a[b", "a `[` is not closed"),
        ("a b", "`a b` is no requirement"),
        ("a>=1.*", "wildcard"),
        ("a=>1", "`a=>1` is no requirement"),
        ("a==99999999999999999999", "is no requirement"),
        ("a; what", "no marker"),
        ("a; (((((((((((((((((((((((((((((((((((((((((((((((((((((os_name=='a'", "no marker"),
        ("./a", "a path or a URL"),
        ("https://mirror.example/a.whl", "a path or a URL"),
    ] {
        assert!(shown(text).contains(said), "{text}: {}", shown(text));
    }
}

#[test]
fn what_a_registry_has_is_mended_or_none() {
    let of = |requirement: &str, target: Option<&str>| {
        let dependency = Dependency {
            name: "a".to_owned(),
            alias: None,
            requirement: requirement.to_owned(),
            kind: DependencyKind::Normal,
            optional: false,
            default_features: true,
            features: Vec::new(),
            target: target.map(str::to_owned),
            registry: None,
        };
        Requirement::of(&dependency).map(|requirement| requirement.shown())
    };
    assert_eq!(of("(>=1.*)", None).as_deref(), Some("a>=1.*"));
    assert_eq!(of("[X_y,z] (>=1.*)", None).as_deref(), Some("a[x-y,z]>=1.*"));
    assert_eq!(of("@ http://mirror.example/a.whl", None).as_deref(), Some("a @ http://mirror.example/a.whl"));
    assert_eq!(of(">=dev-master", None), None);
    assert_eq!(of("", Some("no marker at all")), None);
}

#[test]
fn markers_are_split_between_a_project_and_its_extras() {
    let condition = |text: &str, extra: Option<&str>| {
        let extra = extra.map(|extra| extra.parse().unwrap());
        Marker::read(text).unwrap().condition(extra.as_ref())
    };
    let tree = |text: &str| text.parse::<pep508_rs::MarkerTree>().unwrap();
    for (marker, alone, by_x) in [
        ("os_name == 'nt'", "os_name == 'nt'", "FALSE"),
        ("extra == 'x'", "FALSE", "TRUE"),
        ("extra == 'y'", "FALSE", "FALSE"),
        ("extra != 'x'", "TRUE", "FALSE"),
        ("os_name == 'nt' or extra == 'x'", "os_name == 'nt'", "os_name != 'nt'"),
        ("os_name == 'nt' and extra == 'X'", "FALSE", "os_name == 'nt'"),
        ("extra == 'x' and extra == 'y'", "FALSE", "FALSE"),
        ("(extra == 'x' or extra == 'y') and os_name == 'nt'", "FALSE", "os_name == 'nt'"),
    ] {
        for (extra, expected) in [(None, alone), (Some("x"), by_x)] {
            let left = condition(marker, extra);
            match expected {
                "TRUE" => assert!(left.is_true(), "{marker} with {extra:?}: {left:?}"),
                "FALSE" => assert!(left.is_false(), "{marker} with {extra:?}: {left:?}"),
                other => assert_eq!(left, tree(other), "{marker} with {extra:?}"),
            }
        }
    }
    assert_eq!(Marker::read(&format!("extra == 'x'{}", " and (os_name == 'a' or os_name == 'b')".repeat(40))), None);
}

proptest! {
    /// Nothing panics, whatever is read.
    #[test]
    fn odd_texts_do_no_harm(text in "\\PC{0,60}", odd in "[a-z]{1,3}(\\[[a-z,]{0,4}\\])?([<>=~!(@]{0,3} ?[0-9a-z.*+!]{0,6},?){0,3}(; ?[a-z_]{2,14} ?(==|in|not in|<) ?['\"][a-z0-9.*]{0,5}['\"])?") {
        for text in [&text, &odd] {
            let _ = Requirement::read(text);
            let _ = lenient::specifiers(text);
            if let Some(marker) = Marker::read(text) {
                let _ = marker.condition(None);
            }
        }
    }
}
