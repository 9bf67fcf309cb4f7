//! What a lock file says of one package.

use gleaner_model::{Dependency, Details};

use super::{Locked, RootData};
use crate::npm::flags::{Flags, Wired};
use crate::npm::json::Json;
use crate::npm::memo::{Kind, NONE, kind, written};
use crate::npm::snapshot::{PackageData, VersionData};

/// An entry; `link` is the path of what it is a symbolic link to.
pub(super) fn entry(node: &Locked<'_>, link: Option<&str>, flags: Flags, is_bundled: bool) -> Json {
    let mut entry = Entry(Vec::new());
    if let Some(target) = link {
        entry.text("resolved", target);
        entry.flag("link", true);
        return Json::Object(entry.0);
    }
    if node.node.name != node.name() {
        entry.text("name", &node.node.name);
    }
    entry.text("version", &node.node.version);
    if let Some((package, version)) = node.version() {
        entry.needs(package, version);
        entry.facts(package, version);
    }
    entry.flag("inBundle", is_bundled);
    entry.flag("extraneous", flags.extraneous);
    if !flags.extraneous {
        entry.flag("peer", flags.peer);
        entry.flag("dev", flags.dev);
        entry.flag("optional", flags.optional);
        entry.flag("devOptional", flags.dev_optional && !flags.dev && !flags.optional);
    }
    Json::Object(entry.0)
}

struct Entry(Vec<(String, Json)>);

impl Entry {
    fn put(&mut self, key: &str, value: Json) {
        self.0.push((key.to_owned(), value));
    }

    fn text(&mut self, key: &str, text: &str) {
        self.put(key, Json::Text(text.to_owned()));
    }

    fn flag(&mut self, key: &str, is_set: bool) {
        if is_set {
            self.put(key, Json::Bool(true));
        }
    }

    fn list(&mut self, key: &str, words: &[String]) {
        if !words.is_empty() {
            self.put(key, Json::List(words.iter().cloned().map(Json::Text).collect()));
        }
    }

    fn object(&mut self, key: &str, entries: Vec<(String, Json)>) {
        if !entries.is_empty() {
            self.put(key, Json::Object(entries));
        }
    }

    fn needs(&mut self, package: &PackageData, version: &VersionData) {
        let listed = version.dependencies.iter().filter_map(|at| package.dependencies.get(*at as usize));
        let listed: Vec<&Dependency> = listed.collect();
        let of = |kinds: &[Kind]| {
            let wanted = listed.iter().filter(|dependency| kinds.contains(&kind(dependency)));
            let entries = wanted.map(|dependency| {
                let (name, asked) = written(dependency);
                (name.to_owned(), Json::Text(asked.into_owned()))
            });
            entries.collect::<Vec<_>>()
        };
        self.object("dependencies", of(&[Kind::Normal]));
        self.object("optionalDependencies", of(&[Kind::Optional]));
        self.object("peerDependencies", of(&[Kind::Peer, Kind::PeerOptional]));
    }

    fn facts(&mut self, package: &PackageData, version: &VersionData) {
        if let Some(licence) = version.licence.and_then(|at| package.licences.get(at as usize)) {
            self.text("license", licence);
        }
        if let Some(advice) = &version.deprecated {
            self.text("deprecated", advice);
        }
        if let Some((algorithm, checksum)) = version.integrity.as_ref().filter(|(algorithm, _)| !algorithm.is_empty()) {
            self.text("integrity", &format!("{algorithm}-{}", base64(checksum)));
        }
        if let Some(details) = package.details_of(version) {
            self.details(details);
        }
    }

    fn details(&mut self, details: &Details) {
        let texts = |entries: &[(String, String)]| {
            entries.iter().map(|(key, text)| (key.clone(), Json::Text(text.clone()))).collect::<Vec<_>>()
        };
        // Long ago it was a list: its positions stand as names then.
        if details.engines.first().is_some_and(|(engine, _)| engine == "0") {
            self.list("engines", &details.engines.iter().map(|(_, range)| range.clone()).collect::<Vec<_>>());
        } else {
            self.object("engines", texts(&details.engines));
        }
        self.object("bin", texts(&details.commands));
        self.list("os", &details.os);
        self.list("cpu", &details.cpu);
        self.list("libc", &details.libc);
        self.list("bundleDependencies", &details.bundled);
        let optional = || Json::Object(vec![("optional".to_owned(), Json::Bool(true))]);
        let peers = details.optional_peers.iter().map(|name| (name.clone(), optional()));
        self.object("peerDependenciesMeta", peers.collect());
        if let Some(funding) = details.funding.as_deref().and_then(|text| Json::parse(text).ok()) {
            self.put("funding", funding);
        }
        self.flag("hasInstallScript", details.install_script);
        self.flag("hasShrinkwrap", details.shrinkwrap);
    }
}

/// Which nodes the root's own archive would bring along: those that its manifest names, and what only they need at the
/// same level (`lib/node.js`, `getBundler`).
pub(super) fn bundled(wired: &Wired, nodes: &[Locked<'_>], root: &RootData) -> Vec<bool> {
    let mut bundled = vec![false; wired.parents.len()];
    let Some(Json::List(names)) = root.manifest.get("bundleDependencies") else { return bundled };
    let is_named = |at: usize| names.iter().any(|name| name.text() == Some(nodes[at - 1].name()));
    let mut left: Vec<usize> = (1..bundled.len()).filter(|at| wired.parents[*at] == 0 && is_named(*at)).collect();
    while let Some(at) = left.pop() {
        if std::mem::replace(&mut bundled[at], true) {
            continue;
        }
        let needed = wired.edges[wired.first[at]..wired.first[at + 1]].iter().map(|(to, _)| *to);
        left.extend(needed.filter(|to| *to != NONE && wired.parents[*to as usize] == 0).map(|to| to as usize));
        left.extend((1..bundled.len()).filter(|child| wired.parents[*child] as usize == at));
    }
    bundled
}

/// Standard base64 (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let is_there = digit <= chunk.len();
            out.push(if is_there { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_base64() {
        for (bytes, expected) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
    }
}
