//! Answers on their way out: JSON lines, or Parquet.

mod lines;
mod manifest;
mod parquet;
mod table;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use gleaner_model::{Answer, ResolutionRecord};
use serde::Serialize;

use self::lines::Lines;
use self::parquet::Parquet;
use crate::exit::Failure;

/// In which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// One JSON object a line and root.
    #[default]
    Jsonl,
    /// A directory with Parquet files of roots, nodes, edges and reads, and manifest.json.
    Parquet,
}

/// How many roots were answered how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) roots: u64,
    pub(crate) graph: u64,
    pub(crate) unsatisfiable: u64,
    pub(crate) incomplete: u64,
    pub(crate) gave_up: u64,
}

impl Counts {
    fn add(&mut self, answer: &Answer) {
        self.roots += 1;
        *match answer {
            Answer::Graph(_) => &mut self.graph,
            Answer::Unsatisfiable { .. } => &mut self.unsatisfiable,
            Answer::Incomplete { .. } => &mut self.incomplete,
            Answer::GaveUp { .. } | Answer::Stopped => &mut self.gave_up,
        } += 1;
    }
}

enum Sink {
    Lines(Lines),
    Parquet(Box<Parquet>),
}

/// Where answers go. What is at the place is replaced when all is written, and not before.
pub(crate) struct Export {
    sink: Sink,
    counts: Counts,
}

impl Export {
    /// To `output`, or to standard output, which takes lines only.
    pub(crate) fn begin(form: Form, output: Option<&PathBuf>) -> Result<Self, Failure> {
        let sink = match (form, output) {
            (Form::Jsonl, path) => Sink::Lines(Lines::begin(path)?),
            (Form::Parquet, Some(path)) => Sink::Parquet(Box::new(Parquet::begin(path)?)),
            (Form::Parquet, None) => return Err(Failure::usage("--format parquet wants a directory: --output DIR")),
        };
        Ok(Self { sink, counts: Counts::default() })
    }

    pub(crate) fn put(&mut self, root: &str, record: &ResolutionRecord) -> Result<(), Failure> {
        self.counts.add(&record.resolved.resolution.answer);
        match &mut self.sink {
            Sink::Lines(lines) => lines.put(root, record),
            Sink::Parquet(parquet) => parquet.put(root, record),
        }
    }

    /// Writes what is left. `position` is the one that all answers are as of, if there is one.
    pub(crate) fn end(self, position: Option<u64>) -> Result<Counts, Failure> {
        match self.sink {
            Sink::Lines(lines) => lines.end()?,
            Sink::Parquet(parquet) => parquet.end(self.counts, position)?,
        }
        Ok(self.counts)
    }
}

/// An error with the file or directory that it is about.
fn at(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    move |error| Failure::failed(format!("{}: {error}", path.display()))
}

/// Beside a place, where it is made ready.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}
