//! `package.json`.
//!
//! Source: `@npmcli/package-json` (`lib/normalize.js`) for npm's own repairs, `lib/node.js` (`_loadDeps`) for the order of
//! needs, `json-parse-even-better-errors` for the form of the file.

use std::sync::Arc;

use gleaner_model::Details;

use super::json::Json;
use super::memo::Kind;
use super::root::{NpmRoot, RootData, RootNeed};
use crate::InvalidManifest;

pub(super) const FILE: &str = "package.json";

fn invalid(what: impl Into<String>) -> InvalidManifest {
    InvalidManifest { file: FILE.to_owned(), what: what.into() }
}

/// Reads a manifest.
pub(super) fn read(text: &str) -> Result<NpmRoot, InvalidManifest> {
    let json = Json::parse(text).map_err(|error| invalid(error.to_string()))?;
    let Json::Object(mut manifest) = json else { return Err(invalid("it is no object")) };
    repair(&mut manifest);
    let manifest = Json::Object(manifest);
    let needs = needs(&manifest)?;
    let (indent, newline) = form(text);
    let overrides = manifest.get("overrides").filter(|overrides| overrides.is_truthy()).cloned();
    let has_workspaces = manifest.get("workspaces").is_some_and(Json::is_truthy);
    let warning = "workspaces are passed over: they are folders beside the manifest, which is all that is known here";
    let platforms = Details {
        os: words(&manifest, "os"),
        cpu: words(&manifest, "cpu"),
        libc: words(&manifest, "libc"),
        ..Details::default()
    };
    let data = RootData {
        needs,
        platforms,
        manifest,
        overrides,
        indent,
        newline,
        is_added: false,
        warnings: has_workspaces.then(|| warning.to_owned()).into_iter().collect(),
    };
    Ok(NpmRoot { data: Arc::new(data) })
}

/// A text or a list of texts.
fn words(manifest: &Json, key: &str) -> Vec<String> {
    match manifest.get(key) {
        Some(Json::Text(word)) if !word.is_empty() => vec![word.clone()],
        Some(Json::List(words)) => words.iter().filter_map(Json::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// npm's own repairs, as far as something that matters here is concerned.
fn repair(manifest: &mut Vec<(String, Json)>) {
    manifest.retain(|(key, _)| !key.starts_with('_'));
    let has = |manifest: &[(String, Json)], key: &str| manifest.iter().any(|(name, _)| name == key);
    if !has(manifest, "bundleDependencies") {
        for (key, _) in manifest.iter_mut().filter(|(key, _)| key == "bundledDependencies") {
            "bundleDependencies".clone_into(key);
        }
    }
    manifest.retain(|(key, _)| key != "bundledDependencies");
    let names = |key: &str, manifest: &[(String, Json)]| -> Vec<String> {
        let table = manifest.iter().find(|(name, _)| name == key);
        table.map(|(_, table)| table.entries().iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default()
    };
    let (normal, optional) = (names("dependencies", manifest), names("optionalDependencies", manifest));
    for (key, value) in manifest.iter_mut() {
        match (key.as_str(), &mut *value) {
            ("bundleDependencies", Json::Bool(true)) => {
                *value = Json::List(normal.iter().cloned().map(Json::Text).collect());
            }
            ("bundleDependencies", Json::Bool(false)) => *value = Json::List(Vec::new()),
            ("bundleDependencies", Json::Object(entries)) => {
                *value = Json::List(entries.iter().map(|(name, _)| Json::Text(name.clone())).collect());
            }
            ("dependencies", Json::Object(entries)) => entries.retain(|(name, _)| !optional.contains(name)),
            ("funding", Json::Text(url)) if !url.is_empty() => {
                *value = Json::Object(vec![("url".to_owned(), Json::Text(std::mem::take(url)))]);
            }
            _ => {}
        }
    }
}

/// Needs in the order in which npm makes their edges; a later one takes the place of an earlier one of the same name.
fn needs(manifest: &Json) -> Result<Vec<RootNeed>, InvalidManifest> {
    let meta = manifest.get("peerDependenciesMeta");
    let may_miss = |name: &str| meta.and_then(|meta| meta.get(name)?.get("optional")).is_some_and(Json::is_truthy);
    let mut needs: Vec<RootNeed> = Vec::new();
    let tables = [
        ("peerDependencies", Kind::Peer),
        ("peerDependencies", Kind::PeerOptional),
        ("dependencies", Kind::Normal),
        ("optionalDependencies", Kind::Optional),
        ("devDependencies", Kind::Dev),
    ];
    for (table, kind) in tables {
        for (name, asked) in manifest.get(table).map_or(&[][..], Json::entries) {
            if kind.is_peer() && may_miss(name) != (kind == Kind::PeerOptional) {
                continue;
            }
            let Json::Text(asked) = asked else {
                return Err(invalid(format!("`{table}.{name}` is no text")));
            };
            let lower = name.to_lowercase();
            needs.retain(|need| need.name.to_lowercase() != lower);
            needs.push(RootNeed { name: name.clone(), asked: asked.clone(), kind });
        }
    }
    Ok(needs)
}

/// With what the lines are indented, and how they end.
fn form(text: &str) -> (String, &'static str) {
    let body = text.trim_start_matches('\u{feff}').trim_start();
    let rest = body.strip_prefix(['{', '[']).unwrap_or(body);
    let lines = rest.trim_start_matches(['\r', '\n']);
    let newline = if rest.starts_with("\r\n") { "\r\n" } else { "\n" };
    if lines.len() == rest.len() {
        return ("  ".to_owned(), newline);
    }
    let end = lines.find(|c: char| c != ' ' && c != '\t').unwrap_or(lines.len());
    (lines[..end].to_owned(), newline)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs_of(text: &str) -> Vec<String> {
        let root = read(text).expect("valid");
        root.data.needs.iter().map(|need| format!("{:?} {} {}", need.kind, need.name, need.asked)).collect()
    }

    #[test]
    fn needs_have_npms_order() {
        let text = r#"{"dependencies":{"b":"1","a":"2","o":"1"},"devDependencies":{"A":"3"},"optionalDependencies":{"o":"2"},
            "peerDependencies":{"p":"1","q":"2","b":"9"},"peerDependenciesMeta":{"p":{"optional":true}}}"#;
        assert_eq!(needs_of(text), ["Peer q 2", "PeerOptional p 1", "Normal b 1", "Optional o 2", "Dev A 3"]);
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in ["", "[]", "{", "3", r#"{"dependencies":{"a":1}}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(needs_of("{}").is_empty() && needs_of(r#"{"dependencies":"none"}"#).is_empty());
    }

    #[test]
    fn the_form_is_that_of_the_file() {
        assert_eq!(form("{\n \"a\": 1\n}"), (" ".to_owned(), "\n"));
        assert_eq!(form("{\r\n\t\"a\": 1\r\n}"), ("\t".to_owned(), "\r\n"));
        assert_eq!(form("{}"), ("  ".to_owned(), "\n"));
    }
}
