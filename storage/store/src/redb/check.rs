//! Whether every value of the store is what it ought to be.
//!
//! A value is read once, in the order of its table, and looked at three times: its checksum and its decoding (`frame`),
//! its own sense (a row in order, a record under its own key), and what other tables say of it (a row of ended jobs is
//! to be forgotten some day; a record's documents have places). What of a job in a chunk still matters is no value but
//! worked out when a store is opened, and so nothing to check here.

mod catalogue;
mod journal;
mod orders;
mod resolutions;

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::ControlFlow;

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableError, TableHandle, Value};

use crate::{Finding, StoreError};

use super::errors::{storage, table};
use super::restored::{COPIED, Jumps};
use super::tables::{CLOSURES, FORMAT, META, RESULTS, State};

/// Progress is told of this often, in bytes: some milliseconds of work.
const STRIDE: u64 = 1 << 20;

/// Progress is told of at least this often, in values.
const STRIDE_VALUES: u64 = 4_096;

/// Reads everything and tells what it finds.
pub(crate) fn check(
    reading: &ReadTransaction,
    tell: &mut dyn FnMut(Finding) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    match (Checker { reading, tell, state: State::FIRST, jumps: Jumps::default() }).all() {
        Ok(()) | Err(Halt::Stopped) => Ok(()),
        Err(Halt::Store(error)) => Err(error),
    }
}

/// What ends a check early.
enum Halt {
    /// The caller wants no more.
    Stopped,
    /// It cannot go on.
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is wrong with one value, or with the store.
enum Wrong {
    Flaw(Cow<'static, str>),
    Store(StoreError),
}

impl From<&'static str> for Wrong {
    fn from(flaw: &'static str) -> Self {
        Self::Flaw(flaw.into())
    }
}

impl From<String> for Wrong {
    fn from(flaw: String) -> Self {
        Self::Flaw(flaw.into())
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Looked = Result<(), Wrong>;

fn ensure(holds: bool, flaw: &'static str) -> Looked {
    if holds { Ok(()) } else { Err(flaw.into()) }
}

struct Checker<'a> {
    reading: &'a ReadTransaction,
    tell: &'a mut dyn FnMut(Finding) -> ControlFlow<()>,
    /// The counters, as stored.
    state: State,
    /// Where event numbers were left out.
    jumps: Jumps,
}

impl Checker<'_> {
    fn all(&mut self) -> Result<(), Halt> {
        self.tables()?;
        self.meta()?;
        self.chunks()?;
        self.ended()?;
        self.batches(CLOSURES)?;
        self.batches(RESULTS)?;
        self.expiry()?;
        self.packages()?;
        self.contents()?;
        self.documents()?;
        self.events()?;
        self.streams()?;
        self.keys()?;
        self.batches_of_clients()?;
        self.schedules()?;
        self.campaigns()?;
        self.resolutions()?;
        self.superseded()?;
        self.hosts()
    }

    /// Tables that nobody knows here.
    fn tables(&mut self) -> Result<(), Halt> {
        let strange = self.reading.list_tables().map_err(storage)?;
        let strange: Vec<String> = strange.map(|found| found.name().to_owned()).collect();
        for name in strange.iter().filter(|name| static_name(name) == UNKNOWN) {
            self.flaw("(tables)", name, "no such table is known")?;
        }
        Ok(())
    }

    fn meta(&mut self) -> Result<(), Halt> {
        let (mut state, mut jumps, mut format, mut epoch) = (None, Jumps::default(), false, false);
        self.table(
            META,
            |key| (*key).to_owned(),
            |key, value| {
                match key {
                    "format" => {
                        format = true;
                        ensure(value == FORMAT.to_le_bytes(), "it is not this version's")?;
                    }
                    "epoch" => {
                        epoch = true;
                        ensure(value.len() == 8, "it is of a wrong length")?;
                    }
                    COPIED => ensure(value.len() == 8, "it is of a wrong length")?,
                    "state" => state = Some(State::from_bytes(value).ok_or("it is of a wrong length")?),
                    Jumps::KEY => jumps = Jumps::from_bytes(value)?,
                    _ => return Err("no such key is known".into()),
                }
                Ok(())
            },
        )?;
        for (key, there) in [("format", format), ("epoch", epoch), ("state", state.is_some())] {
            if !there {
                self.flaw("meta", key, "it is missing")?;
            }
        }
        // Without counters nothing can be compared with them.
        self.state =
            state.unwrap_or(State { commits: 0, next_sequence: u64::MAX, next_event: u64::MAX, next_batch: u64::MAX });
        self.jumps = jumps;
        Ok(())
    }

    /// Reads a table: `look` says what is wrong with a value, `name` how its key is told.
    fn table<K, V>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
        name: impl Fn(&K::SelfType<'_>) -> String,
        mut look: impl FnMut(K::SelfType<'_>, V::SelfType<'_>) -> Looked,
    ) -> Result<(), Halt>
    where
        K: Key + 'static,
        V: Value + 'static,
    {
        let table = static_name(definition.name());
        let (mut values, mut bytes, mut told) = (0_u64, 0_u64, (0, 0));
        let stored = match self.reading.open_table(definition) {
            Ok(stored) => stored,
            Err(TableError::TableDoesNotExist(_)) => return self.flaw(table, "", "the table is missing"),
            Err(TableError::Storage(error)) => return self.unreadable(table, storage(error)),
            Err(error) => return self.flaw(table, "", error),
        };
        let rows = match stored.iter() {
            Ok(rows) => rows,
            Err(error) => return self.unreadable(table, storage(error)),
        };
        for row in rows {
            let (key, value) = match row {
                Ok(row) => row,
                Err(error) => return self.unreadable(table, storage(error)),
            };
            let (key, value) = (key.value(), value.value());
            values += 1;
            bytes += (K::as_bytes(&key).as_ref().len() + V::as_bytes(&value).as_ref().len()) as u64;
            let shown = name(&key);
            match look(key, value) {
                Ok(()) => {}
                Err(Wrong::Flaw(flaw)) => self.flaw(table, &shown, flaw)?,
                Err(Wrong::Store(StoreError::Damaged(flaw))) => self.flaw(table, &shown, flaw)?,
                Err(Wrong::Store(error)) => return Err(error.into()),
            }
            if bytes - told.1 >= STRIDE || values - told.0 >= STRIDE_VALUES {
                told = (values, bytes);
                self.say(Finding::Progress { table, values, bytes })?;
            }
        }
        self.say(Finding::Table { table, values, bytes })
    }

    /// The pages of a table are damaged, so that its other values cannot be found.
    fn unreadable(&mut self, table: &'static str, error: StoreError) -> Result<(), Halt> {
        match error {
            StoreError::Damaged(flaw) => self.flaw(table, "", format_args!("it cannot be read on: {flaw}")),
            other => Err(other.into()),
        }
    }

    fn flaw(&mut self, table: &'static str, key: &str, flaw: impl Display) -> Result<(), Halt> {
        self.say(Finding::Flaw { table, key: key.to_owned(), flaw: flaw.to_string() })
    }

    fn say(&mut self, finding: Finding) -> Result<(), Halt> {
        if (self.tell)(finding).is_break() { Err(Halt::Stopped) } else { Ok(()) }
    }

    /// A table to look something up in.
    fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<'static, K, V>,
    ) -> Result<redb::ReadOnlyTable<K, V>, Halt> {
        Ok(self.reading.open_table(definition).map_err(table)?)
    }
}

/// What no table is named.
const UNKNOWN: &str = "(unknown)";

/// Names of tables are constants, which redb hands back with a shorter life.
fn static_name(name: &str) -> &'static str {
    let known = [
        "meta",
        "chunks",
        "closures",
        "ended",
        "results",
        "expiry",
        "packages",
        "contents",
        "documents",
        "events",
        "streams",
        "keys",
        "batches",
        "schedules",
        "campaigns",
        "hosts",
        "resolutions",
        "superseded",
    ];
    known.into_iter().find(|known| *known == name).unwrap_or(UNKNOWN)
}
