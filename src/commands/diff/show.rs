//! Differences, for programs and for people.

use gleaner_model::{Answer, AsOf, Graph, ResolutionRecord};
use serde::Serialize;

use super::changes::{Change, Changes, changes};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::resolution::{as_of, moment, outcome, reason};

/// The stable keys of `gleaner diff --json`.
#[derive(Serialize)]
struct Row<'a> {
    root: &'a str,
    ecosystem: &'static str,
    from: SideRow,
    to: SideRow,
    added: Vec<ChangeRow<'a>>,
    removed: Vec<ChangeRow<'a>>,
    changed: Vec<ChangeRow<'a>>,
    unchanged: usize,
}

/// One of the two answers.
#[derive(Serialize)]
struct SideRow {
    as_of: Option<String>,
    outcome: &'static str,
    reason: Option<String>,
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    name: &'a str,
    path: Option<&'a str>,
    from: &'a [&'a str],
    to: &'a [&'a str],
    stay: &'a [&'a str],
}

impl SideRow {
    fn of(record: &ResolutionRecord) -> Self {
        let answer = &record.resolved.resolution.answer;
        Self { as_of: as_of(record.question.as_of), outcome: outcome(answer), reason: reason(answer) }
    }
}

impl<'a> From<&'a Change<'_>> for ChangeRow<'a> {
    fn from(change: &'a Change<'_>) -> Self {
        let Change { name, path, from, to, stay } = change;
        Self { name, path: *path, from, to, stay }
    }
}

/// Shows what is different; the answer is no if there are not two graphs to compare.
pub(super) fn show(
    root: &str,
    before: &ResolutionRecord,
    after: &ResolutionRecord,
    output: Output,
) -> Result<Exit, Failure> {
    let found = match (graph(before), graph(after)) {
        (Some(before), Some(after)) => Some(changes(before, after)),
        _ => None,
    };
    let none = Changes::default();
    output.object(&row(root, before, after, found.as_ref().unwrap_or(&none)))?;
    let moments = (before.question.as_of, after.question.as_of);
    let lines = found.as_ref().map_or_else(|| refusals(root, [before, after]), |found| lines(root, moments, found));
    lines.iter().try_for_each(|line| output.say(line))?;
    Ok(if found.is_some() { Exit::Done } else { Exit::No })
}

fn graph(record: &ResolutionRecord) -> Option<&Graph> {
    match &record.resolved.resolution.answer {
        Answer::Graph(graph) => Some(graph),
        _ => None,
    }
}

fn row<'a>(root: &'a str, before: &ResolutionRecord, after: &ResolutionRecord, found: &'a Changes<'_>) -> Row<'a> {
    let rows = |changes: &'a [Change<'_>]| changes.iter().map(ChangeRow::from).collect();
    Row {
        root,
        ecosystem: after.resolved.ecosystem.as_str(),
        from: SideRow::of(before),
        to: SideRow::of(after),
        added: rows(&found.added),
        removed: rows(&found.removed),
        changed: rows(&found.changed),
        unchanged: found.unchanged,
    }
}

/// Why there is nothing to compare.
fn refusals(root: &str, sides: [&ResolutionRecord; 2]) -> Vec<String> {
    let refusal = |record: &ResolutionRecord| {
        let reason = reason(&record.resolved.resolution.answer)?;
        Some(format!("{root} has no graph {}: {}", moment(record.question.as_of), reason.trim_end()))
    };
    sides.into_iter().filter_map(refusal).collect()
}

/// A line a change, and one that sums up.
fn lines(root: &str, (before, after): (AsOf, AsOf), found: &Changes<'_>) -> Vec<String> {
    let Changes { added, removed, changed, unchanged } = found;
    let marked = |mark: &'static str, changes: &[Change<'_>]| {
        changes.iter().map(|change| format!("{mark} {}", words(change))).collect::<Vec<_>>()
    };
    let mut lines = [marked("+", added), marked("-", removed), marked("~", changed)].concat();
    let numbers = [(added, "added"), (removed, "removed"), (changed, "changed")];
    let numbers: Vec<_> = numbers.iter().map(|(changes, what)| format!("{} {what}", changes.len())).collect();
    let (from, to) = (moment(before), moment(after));
    lines.push(format!("{root}, {from} and {to}: {}, {unchanged} unchanged", numbers.join(", ")));
    lines
}

fn words(change: &Change<'_>) -> String {
    let (from, to) = (change.from.join(", "), change.to.join(", "));
    let versions = match (change.from.is_empty(), change.to.is_empty()) {
        (false, false) => format!("{from} → {to}"),
        (true, false) if !change.stay.is_empty() => format!("and {to}"),
        (false, true) if !change.stay.is_empty() => format!("no more {from}"),
        _ => format!("{from}{to}"),
    };
    let stay = if change.stay.is_empty() { String::new() } else { format!("; {} stays", change.stay.join(", ")) };
    let nested = change.path.filter(|path| path.matches("node_modules/").count() > 1);
    let place = nested.map(|path| format!(" at {path}")).unwrap_or_default();
    format!("{} {versions}{stay}{place}", change.name)
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Ecosystem, Timestamp};

    use super::*;
    use crate::resolution::samples::{asked_at, graph, npm_graph};

    const DAY_MS: i64 = 86_400_000;

    fn record(day: i64, graph: Graph) -> ResolutionRecord {
        let at = AsOf::Published(Timestamp::from_millis(day * DAY_MS));
        asked_at(at, Ecosystem::Cargo, Answer::Graph(graph))
    }

    fn two() -> [ResolutionRecord; 2] {
        let before = graph(&["gone 1.0.0", "half 1.0.0", "half 2.0.0", "syn 1.0.0", "up 1.0.0"], &[]);
        let after = graph(&["half 2.0.0", "new 0.1.0", "syn 1.0.0", "syn 2.0.0", "up 1.0.1"], &[]);
        [record(0, before), record(1, after)]
    }

    #[test]
    fn people_read_a_line_a_change() {
        let [before, after] = two();
        let graphs = [&before, &after].map(|record| super::graph(record).expect("a graph"));
        let found = changes(graphs[0], graphs[1]);
        let expected = [
            "+ new 0.1.0",
            "- gone 1.0.0",
            "~ half no more 1.0.0; 2.0.0 stays",
            "~ syn and 2.0.0; 1.0.0 stays",
            "~ up 1.0.0 → 1.0.1",
            "pkg:cargo/a, as published before 1970-01-01T00:00:00Z and as published before 1970-01-02T00:00:00Z: \
             1 added, 1 removed, 3 changed, 0 unchanged",
        ];
        assert_eq!(lines("pkg:cargo/a", (before.question.as_of, after.question.as_of), &found), expected);
    }

    #[test]
    fn nested_places_are_told() {
        let before = npm_graph(&["node_modules/a a 1.0.0", "node_modules/b/node_modules/a a 2.0.0"], &[]);
        let after = npm_graph(&["node_modules/a a 1.5.0", "node_modules/b/node_modules/a a 2.5.0"], &[]);
        let found = changes(&before, &after);
        let words: Vec<_> = found.changed.iter().map(words).collect();
        assert_eq!(words, ["a 1.0.0 → 1.5.0", "a 2.0.0 → 2.5.0 at node_modules/b/node_modules/a"]);
    }

    #[test]
    fn programs_read_one_object() {
        let [before, after] = two();
        let graphs = [&before, &after].map(|record| super::graph(record).expect("a graph"));
        let found = changes(graphs[0], graphs[1]);
        let expected = concat!(
            r#"{"root":"pkg:cargo/a","ecosystem":"cargo","#,
            r#""from":{"as_of":"1970-01-01T00:00:00Z","outcome":"graph","reason":null},"#,
            r#""to":{"as_of":"1970-01-02T00:00:00Z","outcome":"graph","reason":null},"#,
            r#""added":[{"name":"new","path":null,"from":[],"to":["0.1.0"],"stay":[]}],"#,
            r#""removed":[{"name":"gone","path":null,"from":["1.0.0"],"to":[],"stay":[]}],"#,
            r#""changed":[{"name":"half","path":null,"from":["1.0.0"],"to":[],"stay":["2.0.0"]},"#,
            r#"{"name":"syn","path":null,"from":[],"to":["2.0.0"],"stay":["1.0.0"]},"#,
            r#"{"name":"up","path":null,"from":["1.0.0"],"to":["1.0.1"],"stay":[]}],"unchanged":0}"#,
        );
        let row = row("pkg:cargo/a", &before, &after, &found);
        assert_eq!(serde_json::to_string(&row).expect("plain texts"), expected);
    }

    #[test]
    fn without_two_graphs_there_is_nothing_to_compare() {
        let [before, mut after] = two();
        after.resolved.resolution.answer = Answer::Unsatisfiable { reason: "a wants b\n".to_owned() };
        let expected = ["pkg:cargo/a has no graph as published before 1970-01-02T00:00:00Z: a wants b"];
        assert_eq!(refusals("pkg:cargo/a", [&before, &after]), expected);
    }
}
