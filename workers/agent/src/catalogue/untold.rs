//! What cannot be told of the past, as warnings beside an answer. Pure.
//!
//! The problem: a question as of a past position is answered from what can be brought back of it, and whoever reads the
//! answer must know where it may differ from what was observed then. But of the thousands of facts that were lost only
//! those matter whose package the resolution read, and of lost words only those that the tool would have said: about
//! versions that are in the graph.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_model::{Answer, PackageName, Resolution, Untold, UntoldFact};

/// Versions that one warning names.
const NAMED_MAX: usize = 5;

/// A sentence for each package and kind of fact, by package; `of` tells what was lost of one.
pub(super) fn warnings<'a>(resolution: &Resolution, of: impl Fn(&PackageName) -> &'a [Untold]) -> Vec<String> {
    let names: BTreeSet<&PackageName> = resolution.read.iter().map(|read| &read.name).collect();
    let mut warnings = Vec::new();
    for name in names {
        let mut by_fact: BTreeMap<UntoldFact, Vec<&str>> = BTreeMap::new();
        for untold in of(name).iter().filter(|untold| matters(resolution, name, untold)) {
            by_fact.entry(untold.fact).or_default().push(&untold.version);
        }
        warnings.extend(by_fact.iter().map(|(fact, versions)| sentence(name, *fact, versions)));
    }
    warnings
}

/// Words are told of versions that are in the graph alone.
fn matters(resolution: &Resolution, name: &PackageName, untold: &Untold) -> bool {
    let is_words = matches!(untold.fact, UntoldFact::YankReason | UntoldFact::DeprecationWords);
    let Answer::Graph(graph) = &resolution.answer else { return !is_words };
    !is_words || graph.nodes.iter().any(|node| node.name == name.as_str() && *node.version == *untold.version)
}

fn sentence(name: &PackageName, fact: UntoldFact, versions: &[&str]) -> String {
    let listed = listed(versions);
    match fact {
        UntoldFact::Version => {
            format!("{name} {listed}: there at that time, removed since, and not to be brought back")
        }
        UntoldFact::Dependencies => {
            format!("{name} {listed}: the dependencies have changed since that time, and today's are taken")
        }
        UntoldFact::YankReason => format!("{name} {listed}: yanked at that time; why is not known any more"),
        UntoldFact::DeprecationWords => {
            format!("{name} {listed}: deprecated at that time; in which words is not known any more")
        }
        UntoldFact::Facts => {
            format!("{name}: files, features or licences have changed since that time, and today's are taken")
        }
    }
}

fn listed(versions: &[&str]) -> String {
    let named = versions.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    match versions.len().saturating_sub(NAMED_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Ecosystem, Graph, Node, Read, Sensitivity};

    use super::*;

    fn name(text: &str) -> PackageName {
        PackageName::new(Ecosystem::Cargo, text).expect("a name")
    }

    fn resolution(answer: Answer) -> Resolution {
        let read = [("b", "^1"), ("a", "^1"), ("a", "^2")];
        let read = read.map(|(of, requirement)| Read { name: name(of), requirement: requirement.into() }).to_vec();
        Resolution { answer, read, sensitivity: Sensitivity::Anything, warnings: Vec::new(), steps: 1 }
    }

    fn lost(fact: UntoldFact, version: &str) -> Untold {
        Untold { fact, version: version.to_owned() }
    }

    #[test]
    fn what_was_read_is_warned_of_once_a_kind() {
        let graph =
            Graph { nodes: vec![Node { name: "b".into(), version: "1.1.0".into(), path: None }], edges: Vec::new() };
        let of_a: Vec<Untold> = (0..7).map(|at| lost(UntoldFact::Version, &format!("1.0.{at}"))).collect();
        let of_b = [
            lost(UntoldFact::Dependencies, "1.0.0"),
            lost(UntoldFact::YankReason, "1.0.0"),
            lost(UntoldFact::YankReason, "1.1.0"),
            lost(UntoldFact::Facts, ""),
        ];
        let of_c = [lost(UntoldFact::Version, "9.0.0")];
        let of = |of: &PackageName| match of.as_str() {
            "a" => &of_a[..],
            "b" => &of_b[..],
            _ => &of_c[..],
        };
        let expected = [
            "a 1.0.0, 1.0.1, 1.0.2, 1.0.3, 1.0.4 and 2 more: there at that time, removed since, and not to be brought back",
            "b 1.0.0: the dependencies have changed since that time, and today's are taken",
            "b 1.1.0: yanked at that time; why is not known any more",
            "b: files, features or licences have changed since that time, and today's are taken",
        ];
        assert_eq!(warnings(&resolution(Answer::Graph(graph)), of), expected);
        let refused = warnings(&resolution(Answer::Unsatisfiable { reason: "no".to_owned() }), of);
        assert_eq!(refused.len(), 3, "words matter only in a graph: {refused:?}");
        assert_eq!(warnings(&resolution(Answer::Unsatisfiable { reason: "no".to_owned() }), |_| &[]), [""; 0]);
    }
}
