//! What was answered the last time, in a file.
//!
//! The problem: to know which answers still hold one needs all of them, with what each read; a million of them are
//! gigabytes. So they lie in a file, line by line in the order in which they were exported, and are read in passes: once
//! to see whom a change touches, and once to copy what still holds. The file is replaced when the new one is whole.
//!
//! ```text
//! zstd of lines: the first is a `Head`, each further one a root and its answer, as JSON
//! ```

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use gleaner_model::{AsOf, Ecosystem, ResolutionRecord};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// What is written first of all; another version may have another.
const FORMAT: &str = "gleaner-recompute 1";
/// zstd's level: a line is mostly names, which the fastest levels find again.
const LEVEL: i32 = 1;

/// What the answers of a file have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    format: String,
    /// All answers hold at this position in the catalogue's events.
    pub(super) position: u64,
    #[serde(flatten)]
    pub(super) about: About,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Of all packages of this ecosystem, or of a list.
    pub(crate) ecosystem: Option<Ecosystem>,
    /// How their names begin.
    pub(crate) prefix: String,
    /// Keys and values of the environment, as they were given.
    pub(crate) environment: Vec<(String, String)>,
    /// Of what is known now, or without what was published at a moment or later.
    pub(crate) as_of: AsOf,
}

/// A root and its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) root: String,
    pub(super) record: ResolutionRecord,
}

/// A file of answers.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    pub(super) position: u64,
}

type Lines = std::io::Lines<BufReader<zstd::Decoder<'static, BufReader<File>>>>;

/// A pass through the answers.
pub(super) struct Pass {
    lines: Lines,
    path: PathBuf,
}

fn wrong(path: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("the memory {}: {what}", path.display()))
}

impl Memory {
    /// The file, if there is one; it must be about the same.
    pub(crate) fn open(path: &Path, about: &About) -> Result<Option<Self>, Failure> {
        if !path.try_exists().map_err(|error| wrong(path, error))? {
            return Ok(None);
        }
        let mut lines = lines(path)?;
        let head = lines.next().ok_or_else(|| wrong(path, "it is empty"))?;
        let head: Head = head
            .and_then(|line| serde_json::from_str(&line).map_err(Into::into))
            .map_err(|error| wrong(path, format_args!("it does not begin as such a file does: {error}")))?;
        if head.format != FORMAT {
            return Err(wrong(path, format_args!("it is `{}`, and this program reads `{FORMAT}`", head.format)));
        }
        if head.about != *about {
            return Err(wrong(path, "it remembers the answers to another question: choose another --memory"));
        }
        Ok(Some(Self { path: path.to_owned(), position: head.position }))
    }

    /// All answers in their order.
    pub(super) fn pass(&self) -> Result<Pass, Failure> {
        let mut lines = lines(&self.path)?;
        // The head was read before.
        let _ = lines.next();
        Ok(Pass { lines, path: self.path.clone() })
    }
}

fn lines(path: &Path) -> Result<Lines, Failure> {
    let file = File::open(path).and_then(zstd::Decoder::new).map_err(|error| wrong(path, error))?;
    Ok(BufReader::new(file).lines())
}

impl Iterator for Pass {
    type Item = Result<Line, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?.map_err(|error| wrong(&self.path, error));
        Some(line.and_then(|line| serde_json::from_str(&line).map_err(|error| wrong(&self.path, error))))
    }
}

/// A file that is being written, in the place of the one before it.
pub(crate) struct NewMemory {
    to: zstd::Encoder<'static, BufWriter<File>>,
    part: PathBuf,
    path: PathBuf,
    position: u64,
}

impl NewMemory {
    /// Begins it; all answers in it will hold at `position`.
    pub(crate) fn begin(path: &Path, about: &About, position: u64) -> Result<Self, Failure> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let file = File::create(&part).map_err(|error| wrong(path, error))?;
        let to = zstd::Encoder::new(BufWriter::new(file), LEVEL)?;
        let mut memory = Self { to, part, path: path.to_owned(), position };
        memory.line(&Head { format: FORMAT.to_owned(), position, about: about.clone() })?;
        Ok(memory)
    }

    /// Adds a root's answer, which holds at the file's position.
    pub(crate) fn put(&mut self, root: &str, record: &ResolutionRecord) -> Result<(), Failure> {
        let confirmed_position = record.confirmed_position.max(self.position);
        let record = ResolutionRecord { confirmed_position, ..record.clone() };
        self.line(&Line { root: root.to_owned(), record })
    }

    fn line(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.to, line).map_err(std::io::Error::from)?;
        Ok(self.to.write_all(b"\n")?)
    }

    /// Puts it in its place.
    pub(crate) fn end(self) -> Result<(), Failure> {
        let file = self.to.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(std::fs::rename(&self.part, &self.path)?)
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::Answer;

    use super::*;
    use crate::resolution::samples::{answered, graph};

    fn about() -> About {
        let environment = vec![("rustc".to_owned(), "1.90.0".to_owned())];
        About { ecosystem: Some(Ecosystem::Cargo), prefix: String::new(), environment, as_of: AsOf::Now }
    }

    #[test]
    fn what_was_answered_is_read_again_and_holds_until_the_position() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("memory");
        assert!(Memory::open(&path, &about()).expect("nothing is there").is_none());
        let mut new = NewMemory::begin(&path, &about(), 40).expect("it can be written");
        let record = answered(Ecosystem::Cargo, Answer::Graph(graph(&["a 1.0.0"], &["root a ^1 normal"])));
        new.put("pkg:cargo/a", &record).expect("it can be written");
        assert!(Memory::open(&path, &about()).expect("it is not there yet").is_none());
        new.end().expect("it can be written");
        let memory = Memory::open(&path, &about()).expect("it can be read").expect("it is there");
        assert_eq!(memory.position, 40);
        let lines: Vec<Line> =
            memory.pass().expect("it can be read").collect::<Result<_, _>>().expect("they are whole");
        assert_eq!((lines.len(), lines[0].root.as_str()), (1, "pkg:cargo/a"));
        assert_eq!(lines[0].record, ResolutionRecord { confirmed_position: 40, ..record });
    }

    #[test]
    fn a_file_about_something_else_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("memory");
        NewMemory::begin(&path, &about(), 1).and_then(NewMemory::end).expect("it can be written");
        let other = About { environment: Vec::new(), ..about() };
        assert!(Memory::open(&path, &other).expect_err("another").message.contains("another question"));
        std::fs::write(&path, "my thesis").expect("it can be written");
        assert!(
            Memory::open(&path, &about())
                .expect_err("no such file")
                .message
                .contains("does not begin as such a file does")
        );
    }
}
