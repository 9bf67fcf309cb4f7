//! `package-lock.json`, version 3, as npm would write it for a graph.
//!
//! The graph has paths and versions; all else is looked up: manifests in the snapshot, and where each need leads by the
//! paths themselves. Without the addresses of archives, which are the registry's affair
//! (npm's option `omit-lockfile-registry-resolved`).
//!
//! Source: `lib/shrinkwrap.js` (`metaFromNode`, `commit`).

mod entry;

use std::collections::HashMap;
use std::sync::Arc;

use gleaner_model::{Dependency, PackageName};

use super::flags::Wired;
use super::json::Json;
use super::memo::{Kind, NONE, kind, written};
use super::resolve::package_name;
use super::root::{NpmRoot, RootData, UNNAMED};
use super::snapshot::{Known, NpmSnapshot, PackageData, VersionData};
use crate::{Graph, Node};

/// A node of the lock file.
pub(super) struct Locked<'a> {
    /// Where it stands; the root's is empty.
    path: &'a str,
    node: &'a Node,
    package: Option<Arc<PackageData>>,
    at: usize,
    /// What it is a symbolic link to.
    link: Option<u32>,
}

impl Locked<'_> {
    fn version(&self) -> Option<(&PackageData, &VersionData)> {
        let package = self.package.as_deref()?;
        Some((package, package.versions.get(self.at)?))
    }

    /// The last part of the path, which is the name by which it is asked for.
    fn name(&self) -> &str {
        self.path.rsplit_once("node_modules/").map_or(self.path, |(_, name)| name)
    }
}

/// Writes the lock file.
pub(super) fn write(snapshot: &NpmSnapshot, root: &NpmRoot, graph: &Graph) -> String {
    let nodes = locked(snapshot, graph);
    let places: HashMap<String, u32> = (1..).zip(&nodes).map(|(at, node)| (node.path.to_lowercase(), at)).collect();
    let wired = wire(&nodes, &places, &root.data);
    let flags = wired.flags();
    let bundled = entry::bundled(&wired, &nodes, &root.data);
    let mut packages = vec![(String::new(), root_entry(&root.data, graph))];
    for (at, node) in nodes.iter().enumerate() {
        let link = node.link.and_then(|link| nodes.get(link as usize - 1)).map(|target| target.path);
        packages.push((node.path.to_owned(), entry::entry(node, link, flags[at + 1], bundled[at + 1])));
    }
    let text = |text: &str| Json::Text(text.to_owned());
    let name = root.data.manifest.get("name").and_then(Json::text).filter(|name| !name.is_empty());
    let mut lock = vec![("name".to_owned(), text(name.unwrap_or(UNNAMED)))];
    if let Some(version) = root.data.manifest.get("version").and_then(Json::text).filter(|version| !version.is_empty())
    {
        lock.push(("version".to_owned(), text(version)));
    }
    lock.push(("lockfileVersion".to_owned(), Json::Number("3".to_owned())));
    lock.push(("requires".to_owned(), Json::Bool(true)));
    lock.push(("packages".to_owned(), Json::Object(packages)));
    Json::Object(lock).write(&root.data.indent).replace('\n', root.data.newline)
}

/// The graph's nodes in the order of their paths, each after the one that it is in.
fn locked<'a>(snapshot: &NpmSnapshot, graph: &'a Graph) -> Vec<Locked<'a>> {
    let mut nodes: Vec<Locked<'a>> = graph
        .nodes
        .iter()
        .filter_map(|node| {
            let path = node.path.as_deref()?;
            let package = package_name(&node.name).and_then(|name| package(snapshot, &name));
            let at = package.as_ref().and_then(|package| package.find(&node.version)).unwrap_or(NONE);
            Some(Locked { path, node, package, at: at as usize, link: None })
        })
        .collect();
    nodes.sort_by(|a, b| a.path.split("/node_modules/").cmp(b.path.split("/node_modules/")));
    // A version within itself is a link: npm does not nest it again.
    let places: HashMap<&str, u32> = (1..).zip(&nodes).map(|(at, node)| (node.path, at)).collect();
    let links: Vec<Option<u32>> = nodes
        .iter()
        .map(|node| {
            let above = std::iter::successors(parent(node.path), |path| parent(path));
            let mut above = above.filter_map(|path| places.get(path).copied());
            above.find(|at| {
                let other = &nodes[*at as usize - 1];
                other.node.version == node.node.version
                    && other.node.name == node.node.name
                    && other.name() == node.name()
            })
        })
        .collect();
    nodes.iter_mut().zip(links).for_each(|(node, link)| node.link = link);
    nodes
}

fn package(snapshot: &NpmSnapshot, name: &PackageName) -> Option<Arc<PackageData>> {
    match snapshot.known(name)? {
        Known::Package(package) => Some(Arc::clone(package)),
        Known::Absent => None,
    }
}

/// The path of the folder that a path is in; none for the root's own.
fn parent(path: &str) -> Option<&str> {
    path.rfind("/node_modules/").map(|at| &path[..at])
}

/// Needs of a version in the order of their edges, each name once.
fn needs<'a>(package: &'a PackageData, version: &VersionData) -> Vec<(&'a str, Kind)> {
    let listed: Vec<&Dependency> =
        version.dependencies.iter().filter_map(|at| package.dependencies.get(*at as usize)).collect();
    let mut needs: Vec<(&str, Kind)> = Vec::new();
    for wanted in [Kind::Peer, Kind::PeerOptional, Kind::Normal, Kind::Optional] {
        for dependency in listed.iter().filter(|dependency| kind(dependency) == wanted) {
            let (name, _) = written(dependency);
            needs.retain(|(known, _)| *known != name);
            needs.push((name, wanted));
        }
    }
    needs
}

/// Edges by the paths.
fn wire(nodes: &[Locked<'_>], places: &HashMap<String, u32>, root: &RootData) -> Wired {
    let mut wired = Wired::default();
    let resolve = |from: &str, name: &str| {
        let mut folder = Some(from);
        while let Some(path) = folder {
            let slash = if path.is_empty() { "" } else { "/" };
            let to = format!("{path}{slash}node_modules/{name}").to_lowercase();
            if let Some(at) = places.get(&to) {
                return *at;
            }
            folder = if path.is_empty() { None } else { Some(parent(path).unwrap_or("")) };
        }
        NONE
    };
    wired.parents.push(NONE);
    wired.links.push(NONE);
    wired.first.push(0);
    wired.edges.extend(root.needs.iter().map(|need| (resolve("", &need.name), need.kind)));
    for node in nodes {
        let above = parent(node.path).unwrap_or("");
        wired.parents.push(places.get(&above.to_lowercase()).copied().unwrap_or(0));
        wired.links.push(node.link.unwrap_or(NONE));
        wired.first.push(wired.edges.len());
        if let Some((package, version)) = node.version().filter(|_| node.link.is_none()) {
            let needs = needs(package, version);
            wired.edges.extend(needs.into_iter().map(|(name, kind)| (resolve(node.path, name), kind)));
        }
    }
    wired.first.push(wired.edges.len());
    wired
}

/// What is said of the root.
fn root_entry(root: &RootData, graph: &Graph) -> Json {
    const KEPT: [&str; 16] = [
        "name",
        "version",
        "dependencies",
        "peerDependencies",
        "peerDependenciesMeta",
        "optionalDependencies",
        "bundleDependencies",
        "acceptDependencies",
        "funding",
        "engines",
        "os",
        "cpu",
        "libc",
        "hasInstallScript",
        "bin",
        "devDependencies",
    ];
    let manifest = &root.manifest;
    let is_something = |value: &&Json| match value {
        Json::Object(entries) => !entries.is_empty(),
        Json::List(items) => !items.is_empty(),
        value => value.is_truthy(),
    };
    let kept = KEPT.iter().filter_map(|key| Some(((*key).to_owned(), manifest.get(key).filter(is_something)?.clone())));
    let mut entry: Vec<(String, Json)> = kept.collect();
    let license = manifest.get("license").map(|license| license.get("type").unwrap_or(license));
    if let Some(license) = license.filter(is_something) {
        entry.push(("license".to_owned(), license.clone()));
    }
    if let Some(workspaces) = manifest.get("workspaces").filter(is_something) {
        entry.push(("workspaces".to_owned(), workspaces.clone()));
    }
    let scripts = ["install", "preinstall", "postinstall"];
    let runs = |script: &&str| manifest.get("scripts").and_then(|all| all.get(script)).is_some_and(Json::is_truthy);
    if scripts.iter().any(runs) {
        entry.push(("hasInstallScript".to_owned(), Json::Bool(true)));
    }
    if root.is_added {
        let added = root.needs.iter().map(|need| {
            let path = format!("node_modules/{}", need.name);
            let found = graph.nodes.iter().find(|node| node.path.as_deref() == Some(&path));
            let saved = found.map_or_else(|| need.asked.clone(), |node| RootData::saved(&need.asked, &node.version));
            (need.name.clone(), Json::Text(saved))
        });
        entry.push(("dependencies".to_owned(), Json::Object(added.collect())));
    }
    Json::Object(entry)
}
