//! One JSON object a root: that of `gleaner resolve --json`, with the root and the position.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use gleaner_model::ResolutionRecord;
use serde::Serialize;

use super::{at, beside};
use crate::exit::Failure;
use crate::resolution::AnswerRow;

#[derive(Serialize)]
struct Row<'a> {
    root: &'a str,
    position: u64,
    #[serde(flatten)]
    answer: AnswerRow<'a>,
}

/// Lines on their way to a file, or to standard output.
pub(super) struct Lines {
    to: Box<dyn Write + Send>,
    path: Option<PathBuf>,
}

impl Lines {
    pub(super) fn begin(path: Option<&PathBuf>) -> Result<Self, Failure> {
        let to: Box<dyn Write + Send> = match path {
            Some(path) => Box::new(BufWriter::new(File::create(beside(path)).map_err(at(path))?)),
            None => Box::new(BufWriter::new(std::io::stdout())),
        };
        Ok(Self { to, path: path.cloned() })
    }

    pub(super) fn put(&mut self, root: &str, record: &ResolutionRecord) -> Result<(), Failure> {
        let row = Row { root, position: record.resolved.position, answer: AnswerRow::of(record) };
        serde_json::to_writer(&mut self.to, &row).map_err(std::io::Error::from).map_err(Self::gone)?;
        self.to.write_all(b"\n").map_err(Self::gone)
    }

    /// A reader that went away (`| head`) is a normal end of talking.
    fn gone(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            _ => error.into(),
        }
    }

    pub(super) fn end(mut self) -> Result<(), Failure> {
        self.to.flush().map_err(Self::gone)?;
        drop(self.to);
        self.path.map_or(Ok(()), |path| std::fs::rename(beside(&path), &path).map_err(at(&path)))
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{Answer, Ecosystem};

    use super::*;
    use crate::resolution::samples::{answered, graph};

    #[test]
    fn a_line_a_root_and_nothing_before_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.jsonl");
        let mut lines = Lines::begin(Some(&path)).expect("it can be written");
        let record = answered(Ecosystem::Cargo, Answer::Graph(graph(&["a 1.0.0"], &["root a ^1 normal"])));
        lines.put("pkg:cargo/a", &record).expect("it can be written");
        lines.put("pkg:cargo/b", &record).expect("it can be written");
        assert!(!path.exists());
        lines.end().expect("it can be written");
        let text = std::fs::read_to_string(&path).expect("it is there");
        let begin = r#"{"root":"pkg:cargo/a","position":12,"outcome":"graph","ecosystem":"cargo","environment":"#;
        assert!(text.starts_with(begin) && text.lines().count() == 2, "{text}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
