//! What brings a package in: its nodes in a graph, and the paths to each. For programs and for people.

use gleaner_model::{Graph, Node, PackageName, ROOT};
use serde::Serialize;

use super::paths::{More, Paths, shortest};
use crate::resolution::{Link, Links, NodeRow, count, label};

/// The package that is asked about.
pub(super) struct Wanted {
    pub(super) name: PackageName,
    /// Only this version of it.
    pub(super) version: Option<String>,
}

impl Wanted {
    pub(super) fn text(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.name),
            None => self.name.to_string(),
        }
    }

    fn is(&self, node: &Node) -> bool {
        node.name == self.name.as_str() && self.version.as_ref().is_none_or(|version| node.version == version.as_str())
    }
}

/// One version of the package, or one place of it, and the paths to it.
pub(super) struct Found<'a> {
    node: &'a Node,
    paths: Vec<Vec<Step<'a>>>,
    more: More,
}

/// A node of a path, and why it is there.
struct Step<'a> {
    node: &'a Node,
    link: Link,
}

/// All that is found, in the order of the graph's nodes, with at most `limit` paths each.
pub(super) fn find<'a>(graph: &'a Graph, wanted: &Wanted, limit: usize) -> Vec<Found<'a>> {
    let links = Links::of(graph);
    let wanted = (0..).zip(&graph.nodes).filter(|(_, node)| wanted.is(node));
    wanted
        .map(|(at, node)| {
            let Paths { shown, more } = shortest(graph, &links, at, limit);
            Found { node, paths: shown.iter().map(|path| steps(graph, &links, path)).collect(), more }
        })
        .collect()
}

fn steps<'a>(graph: &'a Graph, links: &Links, path: &[u32]) -> Vec<Step<'a>> {
    let begins = std::iter::once(ROOT).chain(path.iter().copied());
    let step = |(from, to): (u32, &u32)| {
        let link = links.from(from).iter().find(|link| link.to == *to)?;
        Some(Step { node: &graph.nodes[*to as usize], link: link.clone() })
    };
    begins.zip(path).filter_map(step).collect()
}

/// The stable keys of one version or place.
#[derive(Serialize)]
pub(super) struct FoundRow<'a> {
    #[serde(flatten)]
    node: NodeRow<'a>,
    paths: Vec<Vec<StepRow<'a>>>,
    more: u64,
    more_is_exact: bool,
}

#[derive(Serialize)]
struct StepRow<'a> {
    #[serde(flatten)]
    node: NodeRow<'a>,
    requirement: &'a str,
    kind: &'static str,
}

impl<'a> From<&'a Found<'_>> for FoundRow<'a> {
    fn from(found: &'a Found<'_>) -> Self {
        let (more, more_is_exact) = match found.more {
            More::Exactly(more) => (more, true),
            More::AtLeast(more) => (more, false),
        };
        let path = |path: &'a Vec<Step<'_>>| path.iter().map(StepRow::from).collect();
        Self { node: found.node.into(), paths: found.paths.iter().map(path).collect(), more, more_is_exact }
    }
}

impl<'a> From<&'a Step<'_>> for StepRow<'a> {
    fn from(step: &'a Step<'_>) -> Self {
        let kind = step.link.kinds[0].as_str();
        Self { node: step.node.into(), requirement: &step.link.requirement, kind }
    }
}

/// The same for people: the package's name, and a line a path.
pub(super) fn lines(root: &str, found: &Found<'_>) -> Vec<String> {
    let place = found.node.path.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
    let mut lines = vec![format!("{}{place}", label(found.node))];
    for path in &found.paths {
        let steps: String = path.iter().map(words).collect();
        lines.push(format!("  {root}{steps}"));
    }
    lines.extend(more(found.more));
    lines
}

fn words(step: &Step<'_>) -> String {
    // Python's requirement for "any" is nothing at all.
    let requirement = Some(&step.link.requirement).filter(|text| !text.is_empty());
    let requirement = requirement.map(|text| format!(" [{text}]")).unwrap_or_default();
    format!(" → {}{requirement}{}", label(step.node), step.link.mark())
}

fn more(more: More) -> Option<String> {
    let paths = |number| count(usize::try_from(number).unwrap_or(usize::MAX), "more path");
    match more {
        More::Exactly(0) => None,
        More::Exactly(number) => Some(format!("  … and {}; --limit shows more", paths(number))),
        More::AtLeast(0) => Some("  … and perhaps more".to_owned()),
        More::AtLeast(number) => Some(format!("  … and at least {}; --limit shows more", paths(number))),
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::Ecosystem;

    use super::*;
    use crate::resolution::samples::{graph, npm_graph};

    fn wanted(ecosystem: Ecosystem, name: &str, version: Option<&str>) -> Wanted {
        let name = PackageName::new(ecosystem, name).expect("a name");
        Wanted { name, version: version.map(str::to_owned) }
    }

    fn shown(graph: &Graph, wanted: &Wanted, limit: usize) -> Vec<String> {
        find(graph, wanted, limit).iter().flat_map(|found| lines("the root", found)).collect()
    }

    #[test]
    fn each_version_has_its_paths() {
        let nodes = ["a 1.0.0", "b 1.0.0", "s 1.0.0", "s 2.0.0"];
        let edges = [
            "root a ^1 normal",
            "root b ~1.0 dev",
            "a b ^1 build",
            "a s@2.0.0 ^2 normal",
            "b s@1.0.0 =1.0.0 normal",
            "b s@2.0.0 >=2 optional",
        ];
        let graph = graph(&nodes, &edges);
        let expected = [
            "s 1.0.0",
            "  the root → b 1.0.0 [~1.0] (dev) → s 1.0.0 [=1.0.0]",
            "  … and 1 more path; --limit shows more",
            "s 2.0.0",
            "  the root → a 1.0.0 [^1] → s 2.0.0 [^2]",
            "  … and 2 more paths; --limit shows more",
        ];
        assert_eq!(shown(&graph, &wanted(Ecosystem::Cargo, "s", None), 1), expected);
        let second = wanted(Ecosystem::Cargo, "s", Some("2.0.0"));
        assert_eq!(shown(&graph, &second, 9).len(), 4);
        let row = serde_json::to_string(&FoundRow::from(&find(&graph, &second, 1)[0])).expect("plain texts");
        let expected = concat!(
            r#"{"name":"s","version":"2.0.0","path":null,"paths":["#,
            r#"[{"name":"a","version":"1.0.0","path":null,"requirement":"^1","kind":"normal"},"#,
            r#"{"name":"s","version":"2.0.0","path":null,"requirement":"^2","kind":"normal"}]],"#,
            r#""more":2,"more_is_exact":true}"#,
        );
        assert_eq!(row, expected);
        assert!(shown(&graph, &wanted(Ecosystem::Cargo, "t", None), 9).is_empty());
        assert!(shown(&graph, &wanted(Ecosystem::Cargo, "s", Some("3.0.0")), 9).is_empty());
    }

    #[test]
    fn places_of_npm_are_told() {
        let nodes = ["node_modules/a a 1.0.0", "node_modules/a/node_modules/old b 1.0.0"];
        let graph = npm_graph(&nodes, &["root node_modules/a * normal", "a b npm:b@1 peer"]);
        let expected = [
            "old = b 1.0.0 at node_modules/a/node_modules/old",
            "  the root → a 1.0.0 [*] → old = b 1.0.0 [npm:b@1] (peer)",
        ];
        assert_eq!(shown(&graph, &wanted(Ecosystem::Npm, "b", None), 5), expected);
    }
}
