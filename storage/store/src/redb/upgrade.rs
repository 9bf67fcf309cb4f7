//! From the format of an older version to this one's, in one transaction when the store is opened.
//!
//! The format is a number in the table `meta`. What a newer version wrote is refused before anything is changed; what an
//! older one wrote is brought up to date step by step. Whoever raises [`FORMAT`] adds the step that leads to it, and
//! without one the crate does not build. All steps and the new number are one commit: a power cut leaves the old format,
//! whole.

mod details;
mod old_content;
mod questions;
mod rows;
mod split_records;
mod submissions;

use std::path::Path;

use redb::{Database, ReadTransaction, ReadableDatabase, TableError, WriteTransaction};

use crate::StoreError;

use super::errors::{commit, damaged, storage, table, transaction};
use super::tables::{FORMAT, META};

/// What leads from one format to the next.
pub(crate) struct Step {
    /// What changes, for the log and for whoever reads this list.
    pub(crate) what: &'static str,
    /// Changes it. Must bear a store in which nothing ever happened.
    pub(crate) run: fn(&WriteTransaction) -> Result<(), StoreError>,
}

/// The steps, from format 1 on.
pub(crate) const STEPS: [Step; FORMAT as usize - 1] = [
    Step { what: "package records are split in two", run: split_records::run },
    Step { what: "submissions say more", run: submissions::run },
    // An older version would not see that an operator has paused a host. The table itself is made by whoever opens.
    Step { what: "hosts have settings", run: |_| Ok(()) },
    Step { what: "versions and their files say more", run: details::run },
    Step { what: "submissions may ask questions", run: questions::run },
    // What is there stays as it is; an older version could not read such a submission.
    Step { what: "submissions may be for a task that waits for them", run: |_| Ok(()) },
];

/// The format of a store; none if nothing was ever written to it.
pub(crate) fn format(reading: &ReadTransaction) -> Result<Option<u32>, StoreError> {
    let meta = match reading.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(table(error)),
    };
    let Some(stored) = meta.get("format").map_err(storage)? else { return Ok(None) };
    let found = stored.value().try_into().map(u32::from_le_bytes);
    match found.map_err(|_| damaged("meta", "format", "it is of a wrong length"))? {
        0 => Err(damaged("meta", "format", "there is no format 0")),
        found => Ok(Some(found)),
    }
}

/// Refuses what a newer version wrote, and brings what an older one wrote to the format that `steps` lead to. Tells the
/// format that it had.
pub(crate) fn upgrade(database: &Database, path: &Path, steps: &[Step]) -> Result<Option<u32>, StoreError> {
    let found = format(&database.begin_read().map_err(transaction)?)?;
    let known = u32::try_from(steps.len() + 1).expect("formats are counted by hand");
    let Some(from) = found.filter(|found| *found != known) else { return Ok(found) };
    if from > known {
        return Err(StoreError::Newer { path: path.display().to_string(), found: from, known });
    }
    let writing = database.begin_write().map_err(transaction)?;
    for step in &steps[from as usize - 1..] {
        (step.run)(&writing).map_err(|error| in_step(step, error))?;
    }
    let mut meta = writing.open_table(META).map_err(table)?;
    meta.insert("format", known.to_le_bytes().as_slice()).map_err(storage)?;
    drop(meta);
    writing.commit().map_err(commit)?;
    Ok(found)
}

fn in_step(step: &Step, error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged(what) => StoreError::Damaged(format!("it cannot be upgraded ({}): {what}", step.what)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use redb::backends::InMemoryBackend;
    use redb::{Builder, ReadableTable, TableDefinition};

    use super::*;

    const OLD: TableDefinition<'_, u64, &str> = TableDefinition::new("old");
    const NEW: TableDefinition<'_, u64, &str> = TableDefinition::new("new");

    /// Format 2 writes values twice, format 3 has them in another table.
    const DOUBLED: Step = Step {
        what: "values are doubled",
        run: |writing| {
            let mut old = writing.open_table(OLD).map_err(table)?;
            let value = old.get(1).map_err(storage)?.map(|value| value.value().repeat(2));
            old.insert(1, value.unwrap_or_default().as_str()).map(drop).map_err(storage)
        },
    };
    const MOVED: Step = Step {
        what: "values move",
        run: |writing| {
            let mut new = writing.open_table(NEW).map_err(table)?;
            for row in writing.open_table(OLD).map_err(table)?.iter().map_err(storage)? {
                let (key, value) = row.map_err(storage)?;
                new.insert(key.value(), value.value()).map_err(storage)?;
            }
            writing.delete_table(OLD).map(drop).map_err(table)
        },
    };
    const FAILS: Step = Step { what: "values fail", run: |_| Err(damaged("old", 1, "it is odd")) };

    fn store(format: Option<u32>) -> Database {
        let database = Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        if let Some(format) = format {
            let writing = database.begin_write().unwrap();
            writing.open_table(OLD).unwrap().insert(1, "a").unwrap();
            writing.open_table(META).unwrap().insert("format", format.to_le_bytes().as_slice()).unwrap();
            writing.commit().unwrap();
        }
        database
    }

    fn up(database: &Database, steps: &[Step]) -> Result<Option<u32>, StoreError> {
        upgrade(database, Path::new("there"), steps)
    }

    fn format_of(database: &Database) -> Option<u32> {
        format(&database.begin_read().unwrap()).unwrap()
    }

    fn value(database: &Database, name: TableDefinition<'static, u64, &'static str>) -> Option<String> {
        let rows = database.begin_read().unwrap().open_table(name).ok()?;
        rows.get(1).unwrap().map(|value| value.value().to_owned())
    }

    #[test]
    fn every_step_from_the_stored_format_on_is_taken_once() {
        for (from, expected) in [(1, "aa"), (2, "a"), (3, "a")] {
            let database = store(Some(from));
            assert_eq!(up(&database, &[DOUBLED, MOVED]).unwrap(), Some(from));
            let found = if from == 3 { OLD } else { NEW };
            assert_eq!(value(&database, found).as_deref(), Some(expected));
            assert_eq!(up(&database, &[DOUBLED, MOVED]).unwrap(), Some(3), "the second opening finds nothing to do");
            assert_eq!(value(&database, found).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_version_that_knows_fewer_steps_refuses() {
        let database = store(Some(1));
        up(&database, &[DOUBLED, MOVED]).unwrap();
        let refused = up(&database, &[DOUBLED]);
        assert!(matches!(refused, Err(StoreError::Newer { found: 3, known: 2, .. })), "{refused:?}");
        assert_eq!(format_of(&database), Some(3));
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_format_whole() {
        let database = store(Some(1));
        let failed = up(&database, &[DOUBLED, FAILS]).unwrap_err().to_string();
        assert!(failed.contains("values fail") && failed.contains("it is odd"), "{failed}");
        assert_eq!((format_of(&database), value(&database, OLD).as_deref()), (Some(1), Some("a")));
    }

    #[test]
    fn a_new_store_has_no_format_and_0_is_none() {
        assert_eq!(up(&store(None), &[DOUBLED]).unwrap(), None);
        assert!(matches!(up(&store(Some(0)), &[]), Err(StoreError::Damaged(_))));
    }
}
