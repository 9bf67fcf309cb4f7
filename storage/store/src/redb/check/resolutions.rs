//! The sense of answers to questions.

use super::super::errors::storage;
use super::super::resolutions::{shown, split_superseded};
use super::super::tables::{RESOLUTIONS, SUPERSEDED};
use super::{Checker, Halt, ensure};
use crate::resolution;

impl Checker<'_> {
    pub(super) fn resolutions(&mut self) -> Result<(), Halt> {
        let next = self.state.next_event;
        self.table(
            RESOLUTIONS,
            |key| shown(key),
            |key, stored| {
                let record = resolution::decode(stored, key)?;
                ensure(record.resolved.position <= record.confirmed_position, "it was confirmed before it was given")?;
                ensure(record.answered_at <= record.confirmed_at, "it was confirmed before it was given")?;
                ensure(record.confirmed_position <= next, "it is of a position that the events never had")
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
                let Some(stored) = answers.get(key).map_err(storage)? else {
                    return Ok(());
                };
                // What was prolonged since has another row.
                let header = resolution::header(stored.value())?;
                ensure(header.confirmed_at >= at, "its answer was confirmed earlier")
            },
        )
    }
}
