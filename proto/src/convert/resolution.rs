//! Answers to questions, and the graphs in them.

use gleaner_model::{
    Answer, Ecosystem, Edge, Graph, Node, PackageKey, PackageName, ROOT, Read, Resolution, ResolutionRecord, Resolved,
};

use super::field::{moment, required_moment, text};
use super::question::{environment_of_wire, environment_to_wire};
use super::{InvalidMessage, enumeration, list, parse, purl, required};
use crate::v1;
use crate::v1::resolution::Answer as Wire;

impl From<Resolved> for v1::Resolution {
    fn from(resolved: Resolved) -> Self {
        let Resolved { ecosystem, resolution, environment, position, elapsed_us, lock } = resolved;
        Self {
            read: resolution.read.into_iter().map(Into::into).collect(),
            sensitivity: v1::Sensitivity::from(resolution.sensitivity).into(),
            warnings: resolution.warnings,
            steps: resolution.steps,
            environment: environment_to_wire(environment),
            position,
            elapsed_us,
            lock: lock.unwrap_or_default(),
            ecosystem: ecosystem.to_string(),
            answer: answer_to_wire(resolution.answer),
        }
    }
}

/// An answer that nobody wanted is none.
fn answer_to_wire(answer: Answer) -> Option<Wire> {
    match answer {
        Answer::Graph(graph) => Some(Wire::Graph(graph.into())),
        Answer::Unsatisfiable { reason } => Some(Wire::Unsatisfiable(reason)),
        Answer::Incomplete { names } => {
            let names = names.into_iter().map(|name| name.to_string()).collect();
            Some(Wire::Incomplete(v1::Incomplete { names }))
        }
        Answer::GaveUp { steps } => Some(Wire::GaveUp(steps)),
        Answer::Stopped => None,
    }
}

impl From<Read> for v1::Read {
    fn from(read: Read) -> Self {
        Self { name: read.name.to_string(), requirement: read.requirement.into() }
    }
}

impl From<Graph> for v1::Graph {
    fn from(graph: Graph) -> Self {
        Self {
            nodes: graph.nodes.into_iter().map(Into::into).collect(),
            edges: graph.edges.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Node> for v1::Node {
    fn from(node: Node) -> Self {
        Self { name: node.name.into(), version: node.version.into(), path: node.path.unwrap_or_default().into() }
    }
}

impl From<Edge> for v1::Edge {
    fn from(edge: Edge) -> Self {
        let kind = v1::EdgeKind::from(edge.kind).into();
        Self { from: edge.from, to: edge.to, kind, requirement: edge.requirement.into() }
    }
}

/// Names of packages must keep their ecosystem's rules.
impl TryFrom<v1::Resolution> for Resolved {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Resolution) -> Result<Self, InvalidMessage> {
        let ecosystem = parse(&wire.ecosystem, "ecosystem")?;
        let answer = answer(ecosystem, wire.answer.ok_or_else(|| InvalidMessage::missing("answer"))?)?;
        let read = wire.read.into_iter().map(|read| {
            Ok(Read { name: name(ecosystem, &read.name, "read.name")?, requirement: read.requirement.into() })
        });
        Ok(Self {
            ecosystem,
            resolution: Resolution {
                answer,
                read: read.collect::<Result<_, InvalidMessage>>()?,
                sensitivity: enumeration(wire.sensitivity, "sensitivity")?,
                warnings: wire.warnings,
                steps: wire.steps,
            },
            environment: environment_of_wire(wire.environment),
            position: wire.position,
            elapsed_us: wire.elapsed_us,
            lock: text(wire.lock),
        })
    }
}

fn answer(ecosystem: Ecosystem, wire: Wire) -> Result<Answer, InvalidMessage> {
    Ok(match wire {
        Wire::Graph(graph) => Answer::Graph(Graph::try_from(graph).map_err(|error| error.inside("graph"))?),
        Wire::Unsatisfiable(reason) => Answer::Unsatisfiable { reason },
        Wire::Incomplete(missing) => {
            let names = missing.names.iter().map(|text| name(ecosystem, text, "incomplete.names"));
            Answer::Incomplete { names: names.collect::<Result<_, _>>()? }
        }
        Wire::GaveUp(steps) => Answer::GaveUp { steps },
    })
}

fn name(ecosystem: Ecosystem, text: &str, field: &str) -> Result<PackageName, InvalidMessage> {
    PackageName::new(ecosystem, text).map_err(|error| InvalidMessage::invalid(field, error))
}

/// Every edge must begin and end at a node, or at the root.
impl TryFrom<v1::Graph> for Graph {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Graph) -> Result<Self, InvalidMessage> {
        let graph = Self { nodes: wire.nodes.into_iter().map(Into::into).collect(), edges: list(wire.edges, "edges")? };
        let is_there = |at: u32| at == ROOT || (at as usize) < graph.nodes.len();
        match graph.edges.iter().position(|edge| !is_there(edge.from) || !is_there(edge.to)) {
            Some(at) => Err(InvalidMessage::invalid(format!("edges[{at}]"), "it begins or ends at no node")),
            None => Ok(graph),
        }
    }
}

impl From<v1::Node> for Node {
    fn from(wire: v1::Node) -> Self {
        Self { name: wire.name.into(), version: wire.version.into(), path: text(wire.path).map(Into::into) }
    }
}

impl TryFrom<v1::Edge> for Edge {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Edge) -> Result<Self, InvalidMessage> {
        let kind = enumeration(wire.kind, "kind")?;
        Ok(Self { from: wire.from, to: wire.to, kind, requirement: wire.requirement.into() })
    }
}

impl From<ResolutionRecord> for v1::AnsweredQuestion {
    fn from(record: ResolutionRecord) -> Self {
        let package = record.key.purl();
        let purl = record.version.map_or_else(|| package.to_string(), |it| package.with_version(&it).to_string());
        Self {
            purl,
            registry: record.key.registry().to_string(),
            question: Some(record.question.into()),
            resolution: Some(record.resolved.into()),
            answered_at_ms: record.answered_at.as_millis(),
            confirmed_position: record.confirmed_position,
            confirmed_at_ms: record.confirmed_at.as_millis(),
        }
    }
}

impl TryFrom<v1::AnsweredQuestion> for ResolutionRecord {
    type Error = InvalidMessage;

    fn try_from(wire: v1::AnsweredQuestion) -> Result<Self, InvalidMessage> {
        let purl = purl(&wire.purl)?;
        Ok(Self {
            key: PackageKey::new(parse(&wire.registry, "registry")?, &purl),
            version: purl.version().map(str::to_owned),
            question: required(wire.question, "question")?,
            resolved: required(wire.resolution, "resolution")?,
            answered_at: required_moment(wire.answered_at_ms, "answered_at_ms")?,
            confirmed_position: wire.confirmed_position,
            confirmed_at: moment(wire.confirmed_at_ms).ok_or_else(|| InvalidMessage::missing("confirmed_at_ms"))?,
        })
    }
}
