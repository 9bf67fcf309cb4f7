//! Manifests as people write them, and as nobody should.

#![allow(clippy::unwrap_used)]

use super::super::root::RootRequirement;
use super::*;

fn root(text: &str) -> RootData {
    (*read(FILE, text).unwrap().data).clone()
}

fn refused(text: &str) -> String {
    read(FILE, text).unwrap_err().what
}

const HEAD: &str = "[package]\nname = \"case\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";

fn with(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

#[test]
fn every_form_of_a_dependency() {
    let root = root(&with(
        r#"
        [dependencies]
        z = "1"
        a = { version = ">=1, <2", package = "real", features = ["x", "y"], default-features = false, optional = true }
        shared = { workspace = true, features = ["more"] }
        [dependencies.b]
        version = "0.3"
        registry = "crates-io"
        [dev-dependencies]
        d = "*"
        [build-dependencies]
        e = "~1.2"
        [target.'cfg(unix)'.dependencies]
        f = "2"
        [target.x86_64-pc-windows-msvc.build-dependencies]
        g = "2"
        [features]
        default = ["a"]
        [workspace.dependencies]
        shared = { version = "3", features = ["some"], default-features = false }
        "#,
    ));
    let said: Vec<String> = root
        .dependencies
        .iter()
        .map(|d| {
            let RootRequirement::Written(text, _) = &d.requirement else { panic!("{d:?}") };
            let flags = (d.optional, d.default_features, d.platform.is_some());
            format!("{} {} {text} {:?} {} {flags:?}", d.name, d.target, d.kind, d.features.join(","))
        })
        .collect();
    assert_eq!(
        said,
        [
            "a real >=1, <2 Normal x,y (true, false, false)",
            "b b 0.3 Normal  (false, true, false)",
            "shared shared 3 Normal some,more (false, false, false)",
            "z z 1 Normal  (false, true, false)",
            "d d * Dev  (false, true, false)",
            "e e ~1.2 Build  (false, true, false)",
            "f f 2 Normal  (false, true, true)",
            "g g 2 Build  (false, true, true)",
        ]
    );
    assert_eq!((root.resolver, root.rust_version), (ResolverVersion::Three, None));
}

#[test]
fn the_resolver_follows_from_the_edition_unless_it_is_named() {
    for (text, expected) in [
        ("[package]\nname=\"a\"", ResolverVersion::One),
        ("[package]\nname=\"a\"\nedition=\"2021\"", ResolverVersion::Two),
        ("[package]\nname=\"a\"\nedition=\"2024\"\nresolver=\"1\"", ResolverVersion::One),
        ("[package]\nname=\"a\"\n[workspace]\nresolver=\"3\"", ResolverVersion::Three),
        ("[package]\nname=\"a\"\nedition.workspace=true\n[workspace.package]\nedition=\"2021\"", ResolverVersion::Two),
    ] {
        assert_eq!(root(text).resolver, expected, "{text}");
    }
}

#[test]
fn what_is_not_from_a_registry_is_named() {
    let text = with(
        "[dependencies]\na = { path = \"../a\" }\nb = { git = \"http://host.invalid/b\" }\nc = { version = \"1\", registry = \"mine\" }\n[patch.crates-io]\nd = { path = \"d\" }",
    );
    let said: Vec<String> = root(&text).foreign.iter().map(|f| format!("{} {}", f.name, f.what)).collect();
    assert_eq!(
        said,
        [
            "a a path dependency (../a)",
            "b a git dependency (http://host.invalid/b)",
            "c from another registry (`mine`)",
            "d replaced by `[patch]`",
        ]
    );
}

#[test]
fn what_is_no_manifest_says_why() {
    for (text, expected) in [
        ("", "no `[package]`"),
        ("[workspace]\nmembers=[]", "without a package"),
        ("[package]\nname=1", "package.name: a string is expected"),
        ("[package]\nname=\"a\"\nedition=\"2030\"", "is no edition"),
        ("[package]\nname=\"a\"\nversion=\"one\"", "package.version"),
        ("[package]\nname=\"a\"\nresolver=\"4\"", "\"1\", \"2\" and \"3\""),
        ("[package]\nname=\"a\"\nrust-version=\"^1\"", "rust-version"),
        ("[package]\nname=\"a\"\nedition=\"2024\"\nrust-version=\"1.60\"", "older than 1.85.0"),
        ("not toml", "TOML parse error"),
        (&with("[dependencies]\na = \"\""), "dependencies.a: the requirement `` is none"),
        (&with("[dependencies]\na = \">>1\""), "the requirement `>>1` is none"),
        (&with("[dependencies]\na = {}"), "neither a version"),
        (&with("[dependencies]\na = [1]"), "a version or a table"),
        (&with("[dependencies]\na = { workspace = true }"), "inherited from a workspace"),
        (&with("[dependencies]\na = { version = \"1\", features = [\"b/c\"] }"), "it is for `[features]`"),
        (&with("[dependencies]\na = { version = \"1\", default_features = false }"), "write `default-features`"),
        (&with("[dev_dependencies]\na = \"1\""), "write `dev-dependencies`"),
        (&with("[dev-dependencies]\na = { version = \"1\", optional = true }"), "cannot be optional"),
        (&with("[features]\nf = [\"g\"]"), "neither a dependency nor a feature"),
        (&with("[target.'cfg('.dependencies]\na = \"1\""), "target."),
        (&with("[dependencies]\na = { git = \"x\", path = \"y\" }"), "both `git` and `path`"),
        (&with("[dependencies]\na = \"99999999999999999999\""), "the requirement"),
    ] {
        let what = refused(text);
        assert!(what.contains(expected), "{text}: {what}");
    }
    assert!(read("package.json", "{}").is_err());
}
