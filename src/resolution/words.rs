//! What a question was answered, for people: one line.

use gleaner_model::{Answer, AsOf, Graph, ResolutionRecord};

use super::row::reason;

/// How many packages, how long it took, as of when, and under which circumstances; or why there is no graph.
pub(crate) fn summary(record: &ResolutionRecord) -> String {
    let resolved = &record.resolved;
    let what = match &resolved.resolution.answer {
        Answer::Graph(Graph { nodes, edges }) => {
            format!("{}, {}; resolved in", count(nodes.len(), "package"), count(edges.len(), "edge"))
        }
        answer => format!("no graph: {}\ntold after", reason(answer).unwrap_or_default().trim_end()),
    };
    let environment: Vec<_> = resolved.environment.iter().map(|(key, value)| format!("{key} {value}")).collect();
    let (took, as_of) = (elapsed(resolved.elapsed_us), moment(record.question.as_of));
    format!("{what} {took} {as_of} ({}: {})", resolved.ecosystem, environment.join(", "))
}

/// As of when, as people say it.
pub(crate) fn moment(as_of: AsOf) -> String {
    match as_of {
        AsOf::Now => "as of now".to_owned(),
        AsOf::Published(at) => format!("as published before {at}"),
        AsOf::Observed(at) => format!("as observed by {at}"),
        AsOf::Position(position) => format!("as of position {position}"),
        AsOf::PublishedAt { before, position } => format!("as published before {before}, as of position {position}"),
    }
}

/// `1 package`, `2 packages`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A short length of time.
fn elapsed(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Ecosystem, Timestamp};

    use super::super::samples::{answered, asked_at, graph};
    use super::*;

    #[test]
    fn a_graph_is_counted() {
        let record = answered(Ecosystem::Cargo, Answer::Graph(graph(&["a 1.0.0"], &["root a ^1 normal", "a a * dev"])));
        assert_eq!(summary(&record), "1 package, 2 edges; resolved in 417 µs as of now (cargo: rustc 1.95.0)");
        let then = AsOf::Published(Timestamp::from_millis(0));
        let mut record = asked_at(then, Ecosystem::Cargo, Answer::Graph(Graph::default()));
        record.resolved.elapsed_us = 1_234_567;
        let expected = "0 packages, 0 edges; resolved in 1.2 s as published before 1970-01-01T00:00:00Z \
                        (cargo: rustc 1.95.0)";
        assert_eq!(summary(&record), expected);
    }

    #[test]
    fn no_graph_has_its_reason() {
        let mut record = answered(Ecosystem::Cargo, Answer::Unsatisfiable { reason: "a wants b 2\n".to_owned() });
        record.resolved.elapsed_us = 12_345;
        assert_eq!(summary(&record), "no graph: a wants b 2\ntold after 12.3 ms as of now (cargo: rustc 1.95.0)");
    }
}
