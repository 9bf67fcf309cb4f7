//! Small answers for tests, written as people would write them down.

use gleaner_model::{
    Answer, AsOf, Ecosystem, Edge, EdgeKind, Graph, Node, PackageKey, PackageName, Purl, Question, ROOT, Read,
    RegistryName, Resolution, ResolutionRecord, Resolved, Sensitivity, Timestamp,
};

/// Nodes as `name version`, edges as `from to requirement kind`. An end is `root`, or a node's name, or, where several
/// have it, `name@version`.
pub(crate) fn graph(nodes: &[&str], edges: &[&str]) -> Graph {
    let node = |text: &&str| {
        let (name, version) = text.split_once(' ').expect("a name and a version");
        Node { name: name.into(), version: version.into(), path: None }
    };
    linked(nodes.iter().map(node).collect(), edges)
}

/// The same with nodes as `path name version`. An end may be a path, too.
pub(crate) fn npm_graph(nodes: &[&str], edges: &[&str]) -> Graph {
    let node = |text: &&str| {
        let [path, name, version] = words(text);
        Node { name: name.into(), version: version.into(), path: Some(path.into()) }
    };
    linked(nodes.iter().map(node).collect(), edges)
}

fn linked(nodes: Vec<Node>, edges: &[&str]) -> Graph {
    let is = |node: &Node, end: &str| {
        node.name == end || node.path.as_deref() == Some(end) || format!("{}@{}", node.name, node.version) == end
    };
    let place = |end: &str| match nodes.iter().position(|node| is(node, end)) {
        _ if end == "root" => ROOT,
        Some(at) => u32::try_from(at).expect("a small graph"),
        None => panic!("there is no {end}"),
    };
    let edge = |text: &&str| {
        let [from, to, requirement, kind] = words(text);
        let kind = EdgeKind::ALL.into_iter().find(|known| known.as_str() == kind).expect("a kind");
        Edge { from: place(&from), to: place(&to), kind, requirement: requirement.into() }
    };
    let edges = edges.iter().map(edge).collect();
    Graph { nodes, edges }
}

fn words<const N: usize>(text: &str) -> [String; N] {
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    words.try_into().unwrap_or_else(|_| panic!("{text} has not {N} words"))
}

/// An answer to the plain question.
pub(crate) fn answered(ecosystem: Ecosystem, answer: Answer) -> ResolutionRecord {
    asked_at(AsOf::Now, ecosystem, answer)
}

/// An answer to a question of another time.
pub(crate) fn asked_at(as_of: AsOf, ecosystem: Ecosystem, answer: Answer) -> ResolutionRecord {
    let name = PackageName::new(ecosystem, "a").expect("a name");
    let purl = Purl::new(ecosystem, name.clone());
    ResolutionRecord {
        key: PackageKey::new(RegistryName::default_of(ecosystem), &purl),
        version: None,
        question: Question { as_of, ..Question::default() },
        resolved: Resolved {
            ecosystem,
            resolution: Resolution {
                answer,
                read: vec![Read { name, requirement: "^1".into() }],
                sensitivity: Sensitivity::FirstCandidates,
                warnings: Vec::new(),
                steps: 3,
            },
            environment: vec![("rustc".to_owned(), "1.95.0".to_owned())],
            position: 12,
            elapsed_us: 417,
            lock: None,
        },
        answered_at: Timestamp::from_millis(1_000),
        confirmed_position: 15,
        confirmed_at: Timestamp::from_millis(2_000),
    }
}
