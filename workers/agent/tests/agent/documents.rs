//! Small documents of the three kinds.

/// A sparse-index file.
pub(crate) const CARGO: &str = concat!(
    r#"{"name":"abc","vers":"1.0.0","deps":[],"cksum":"0000000000000000000000000000000000000000000000000000000000000001","features":{},"yanked":false}"#,
    "\n",
    r#"{"name":"abc","vers":"1.1.0","deps":[{"name":"memchr","req":"^2","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}],"cksum":"0000000000000000000000000000000000000000000000000000000000000002","features":{},"yanked":true}"#,
    "\n",
);

/// A packument.
pub(crate) const NPM: &str = r#"{
    "name": "abc", "dist-tags": {"latest": "1.0.0"},
    "versions": {"1.0.0": {"name": "abc", "version": "1.0.0", "dependencies": {"ms": "^2.0.0"},
        "dist": {"shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "tarball": "http://registry.invalid/abc.tgz"}}},
    "time": {"created": "2020-01-01T00:00:00.000Z", "modified": "2021-01-01T00:00:00.000Z", "1.0.0": "2020-01-01T00:00:00.000Z"}
}"#;

/// A project page with `versions` versions, `1.0` the lowest, each with one wheel and core metadata.
pub(crate) fn pypi(versions: usize) -> String {
    let file = |minor| {
        serde_json::json!({
            "filename": format!("abc-1.{minor}-py3-none-any.whl"),
            "url": format!("/files/abc-1.{minor}-py3-none-any.whl"),
            "hashes": {},
            "core-metadata": true,
            "yanked": false,
        })
    };
    let files: Vec<_> = (0..versions).map(file).collect();
    serde_json::json!({"meta": {"api-version": "1.1"}, "name": "abc", "files": files}).to_string()
}

/// Where version `1.minor` of that page has its core metadata.
pub(crate) fn metadata_path(minor: usize) -> String {
    format!("/files/abc-1.{minor}-py3-none-any.whl.metadata")
}

/// The core metadata of version `1.minor`.
pub(crate) fn metadata(minor: usize) -> String {
    format!("Metadata-Version: 2.1\nName: abc\nVersion: 1.{minor}\nRequires-Dist: click (>={minor})\n\n")
}
