//! Questions and their answers, as `resolve`, `why`, `diff` and `recompute` share them.
//!
//! - `past`, `question`: what is asked, read from the command line.
//! - `ask`, `waiting`: asks a scheduler, and waits for the answer, telling people what it waits for.
//! - `row`, `words`, `links`: answers for programs, for people, and as something to walk through. Pure.

mod ask;
mod links;
mod past;
mod question;
mod row;
#[cfg(test)]
pub(crate) mod samples;
mod waiting;
mod words;

pub(crate) use ask::{answer, ask, job, warn};
pub(crate) use links::{Link, Links, label};
pub(crate) use past::Past;
pub(crate) use question::{AsOfArgs, Asked, EnvironmentArgs};
pub(crate) use row::{AnswerRow, NodeRow, as_of, outcome, reason};
pub(crate) use words::{count, moment, summary};
