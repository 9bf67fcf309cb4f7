//! The sense of answers to questions.

use super::super::errors::storage;
use super::super::resolutions::{shown, split_superseded, superseded_key};
use super::super::tables::{RESOLUTIONS, SUPERSEDED};
use super::{Checker, Halt, ensure};
use crate::resolution;

impl Checker<'_> {
    pub(super) fn resolutions(&mut self) -> Result<(), Halt> {
        let (next, superseded) = (self.state.next_event, self.open(SUPERSEDED)?);
        self.table(
            RESOLUTIONS,
            |key| shown(key),
            |key, stored| {
                let record = resolution::decode(stored, key)?;
                ensure(record.resolved.position <= record.confirmed_position, "it was confirmed before it was given")?;
                ensure(record.answered_at <= record.confirmed_at, "it was confirmed before it was given")?;
                ensure(record.confirmed_position <= next, "it is of a position that the events never had")?;
                let is_passing = resolution::header(stored)?.is_passing;
                let at = superseded_key(record.confirmed_at, key);
                let expires = superseded.get(at.as_slice()).map_err(storage)?.is_some();
                ensure(expires || !is_passing, "it will never be forgotten: `superseded` does not name it")
            },
        )
    }

    pub(super) fn superseded(&mut self) -> Result<(), Halt> {
        let answers = self.open(RESOLUTIONS)?;
        self.table(
            SUPERSEDED,
            |key| shown(key.get(8..).unwrap_or_default()),
            |key, ()| {
                let (at, key) = split_superseded(key).ok_or("its key is too short")?;
                let stored = answers.get(key).map_err(storage)?.ok_or("its answer is missing")?;
                ensure(resolution::header(stored.value())?.confirmed_at == at, "its answer is of another time")
            },
        )
    }
}
