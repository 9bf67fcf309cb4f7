//! What a question was answered, for programs: the stable keys of `gleaner resolve --json`.

use std::collections::BTreeMap;

use gleaner_model::{Answer, AsOf, Edge, Graph, Node, PackageName, ROOT, ResolutionRecord};
use serde::Serialize;

/// One answer. Every key is always there, but `lock`, which is there if it was asked for, and `warnings`, which is there if
/// there are any.
#[derive(Serialize)]
pub(crate) struct AnswerRow<'a> {
    outcome: &'static str,
    ecosystem: &'static str,
    environment: BTreeMap<&'a str, &'a str>,
    as_of: Option<String>,
    nodes: Vec<NodeRow<'a>>,
    edges: Vec<EdgeRow<'a>>,
    reason: Option<String>,
    elapsed_us: u64,
    read_set: Vec<ReadRow<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<&'a str>,
}

/// A package of a graph.
#[derive(Serialize)]
pub(crate) struct NodeRow<'a> {
    name: &'a str,
    version: &'a str,
    path: Option<&'a str>,
}

/// Who needs whom: positions in `nodes`, nothing for the root.
#[derive(Serialize)]
struct EdgeRow<'a> {
    from: Option<u32>,
    to: Option<u32>,
    requirement: &'a str,
    kind: &'static str,
}

#[derive(Serialize)]
struct ReadRow<'a> {
    name: &'a str,
    requirement: &'a str,
}

impl<'a> AnswerRow<'a> {
    pub(crate) fn of(record: &'a ResolutionRecord) -> Self {
        let resolved = &record.resolved;
        let graph = match &resolved.resolution.answer {
            Answer::Graph(graph) => Some(graph),
            _ => None,
        };
        let read = resolved.resolution.read.iter();
        Self {
            outcome: outcome(&resolved.resolution.answer),
            ecosystem: resolved.ecosystem.as_str(),
            environment: resolved.environment.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            as_of: as_of(record.question.as_of),
            nodes: graph.map(nodes).unwrap_or_default(),
            edges: graph.map(edges).unwrap_or_default(),
            reason: reason(&resolved.resolution.answer),
            elapsed_us: resolved.elapsed_us,
            read_set: read.map(|it| ReadRow { name: it.name.as_str(), requirement: &it.requirement }).collect(),
            warnings: &resolved.resolution.warnings,
            lock: resolved.lock.as_deref().filter(|_| record.question.lock),
        }
    }

    /// For one whose lock file goes elsewhere.
    pub(crate) fn without_lock(self) -> Self {
        Self { lock: None, ..self }
    }
}

impl<'a> From<&'a Node> for NodeRow<'a> {
    fn from(node: &'a Node) -> Self {
        Self { name: &node.name, version: &node.version, path: node.path.as_deref() }
    }
}

fn nodes(graph: &Graph) -> Vec<NodeRow<'_>> {
    graph.nodes.iter().map(NodeRow::from).collect()
}

fn edges(graph: &Graph) -> Vec<EdgeRow<'_>> {
    graph.edges.iter().map(EdgeRow::from).collect()
}

impl<'a> From<&'a Edge> for EdgeRow<'a> {
    fn from(edge: &'a Edge) -> Self {
        let position = |at: u32| (at != ROOT).then_some(at);
        let (from, to) = (position(edge.from), position(edge.to));
        Self { from, to, requirement: &edge.requirement, kind: edge.kind.as_str() }
    }
}

/// How it ended, as a stable key.
pub(crate) const fn outcome(answer: &Answer) -> &'static str {
    match answer {
        Answer::Graph(_) => "graph",
        Answer::Unsatisfiable { .. } => "unsatisfiable",
        Answer::Incomplete { .. } => "incomplete",
        // Nobody is ever sent that an answer was not wanted any more.
        Answer::GaveUp { .. } | Answer::Stopped => "gave_up",
    }
}

/// Why there is no graph.
pub(crate) fn reason(answer: &Answer) -> Option<String> {
    match answer {
        Answer::Graph(_) => None,
        Answer::Unsatisfiable { reason } => Some(reason.clone()),
        Answer::Incomplete { names } => Some(format!("it hangs on what the registry did not tell of {}", list(names))),
        Answer::GaveUp { steps } => Some(format!("the search was given up after {steps} steps")),
        Answer::Stopped => Some("nobody wanted an answer any more".to_owned()),
    }
}

/// The moment that was asked for; nothing for "now", and for a position, which is no moment.
pub(crate) fn as_of(as_of: AsOf) -> Option<String> {
    match as_of {
        AsOf::Published(at) | AsOf::PublishedAt { before: at, .. } | AsOf::Observed(at) => Some(at.to_string()),
        AsOf::Now | AsOf::Position(_) => None,
    }
}

fn list(names: &[PackageName]) -> String {
    names.iter().map(PackageName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Ecosystem, Timestamp};

    use super::super::samples::{answered, asked_at, graph, npm_graph};
    use super::*;

    fn text(record: &ResolutionRecord) -> String {
        serde_json::to_string(&AnswerRow::of(record)).expect("plain texts")
    }

    #[test]
    fn a_graph_has_every_key() {
        let record = answered(Ecosystem::Cargo, Answer::Graph(graph(&["a 1.0.0"], &["root a ^1 normal"])));
        let expected = concat!(
            r#"{"outcome":"graph","ecosystem":"cargo","environment":{"rustc":"1.95.0"},"as_of":null,"#,
            r#""nodes":[{"name":"a","version":"1.0.0","path":null}],"#,
            r#""edges":[{"from":null,"to":0,"requirement":"^1","kind":"normal"}],"#,
            r#""reason":null,"elapsed_us":417,"read_set":[{"name":"a","requirement":"^1"}]}"#,
        );
        assert_eq!(text(&record), expected);
    }

    #[test]
    fn paths_locks_and_moments_are_told_where_there_are_any() {
        let graph = npm_graph(&["node_modules/b b 2.0.0"], &["root b ^2 peer-optional", "b root * normal"]);
        let mut record = asked_at(AsOf::Published(Timestamp::from_millis(0)), Ecosystem::Npm, Answer::Graph(graph));
        record.question.lock = true;
        record.resolved.resolution.warnings = vec!["b 2.0.0 is old".to_owned()];
        record.resolved.lock = Some("{}\n".to_owned());
        let expected = concat!(
            r#"{"outcome":"graph","ecosystem":"npm","environment":{"rustc":"1.95.0"},"as_of":"1970-01-01T00:00:00Z","#,
            r#""nodes":[{"name":"b","version":"2.0.0","path":"node_modules/b"}],"#,
            r#""edges":[{"from":null,"to":0,"requirement":"^2","kind":"peer-optional"},"#,
            r#"{"from":0,"to":null,"requirement":"*","kind":"normal"}],"#,
            r#""reason":null,"elapsed_us":417,"read_set":[{"name":"a","requirement":"^1"}],"warnings":["b 2.0.0 is old"],"lock":"{}\n"}"#,
        );
        assert_eq!(text(&record), expected);
    }

    #[test]
    fn other_outcomes_have_their_reasons() {
        let names = ["b", "c"].map(|name| PackageName::new(Ecosystem::Cargo, name).expect("a name")).to_vec();
        for (answer, outcome, why) in [
            (Answer::Unsatisfiable { reason: "a wants b".to_owned() }, "unsatisfiable", "a wants b"),
            (Answer::Incomplete { names }, "incomplete", "of b, c"),
            (Answer::GaveUp { steps: 7 }, "gave_up", "after 7 steps"),
        ] {
            let text = text(&answered(Ecosystem::Cargo, answer));
            assert!(text.starts_with(&format!(r#"{{"outcome":"{outcome}","#)), "{text}");
            assert!(text.contains(r#""nodes":[],"edges":[],"reason":""#) && text.contains(why), "{text}");
        }
    }
}
