//! Why a package is there, told to programs and to people; or that it is not.

use gleaner_model::{Answer, Graph, ResolutionRecord};
use serde::Serialize;

use super::found::{FoundRow, Wanted, find, lines};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::resolution::{moment, outcome, reason};

/// The stable keys of `gleaner why --json`.
#[derive(Serialize)]
struct Row<'a> {
    root: &'a str,
    package: &'a str,
    outcome: &'static str,
    reason: Option<&'a str>,
    found: Vec<FoundRow<'a>>,
}

/// Shows why; the answer is no if the package is not brought in.
pub(super) fn show(
    root: &str,
    wanted: &Wanted,
    record: &ResolutionRecord,
    limit: usize,
    output: Output,
) -> Result<Exit, Failure> {
    let (answer, package, none) = (&record.resolved.resolution.answer, wanted.text(), Graph::default());
    let graph = if let Answer::Graph(graph) = answer { graph } else { &none };
    let (found, reason) = (find(graph, wanted, limit), reason(answer));
    output.object(&Row {
        root,
        package: &package,
        outcome: outcome(answer),
        reason: reason.as_deref(),
        found: found.iter().map(FoundRow::from).collect(),
    })?;
    match &reason {
        Some(reason) => output.say(format!("{root} has no graph: {}", reason.trim_end()))?,
        None if found.is_empty() => {
            output.say(format!("{root} does not bring in {package} {}", moment(record.question.as_of)))?;
        }
        None => {
            for line in found.iter().flat_map(|found| lines(root, found)) {
                output.say(line)?;
            }
        }
    }
    Ok(if found.is_empty() { Exit::No } else { Exit::Done })
}
