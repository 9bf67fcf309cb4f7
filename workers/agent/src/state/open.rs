//! Opening `worker.redb`, or making it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use gleaner_model::WorkerName;
use redb::{Builder, Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, WriteTransaction};
use tokio::sync::{mpsc, oneshot};

use super::tables::{
    FORMAT, KNOWN, KNOWN_FRAMES, KNOWN_ORDER, META, META_FORMAT, META_WORKER, OUTBOX, OUTBOX_FRAMES, OUTBOX_OUTCOMES,
};
use super::writer::{self, Writer, failed};
use super::{Found, State, StateFailed, outbox};
use crate::chance::Chance;
use crate::{AgentError, Options};

/// The file's name in the data directory.
const FILE: &str = "worker.redb";

/// How the thread that owns the file ended.
pub(crate) type Ended = oneshot::Receiver<Result<(), AgentError>>;

/// Opens the state in the options' directory and starts its thread.
pub(crate) fn open(options: &Options, chance: &mut Chance) -> Result<(State, Found, Ended), AgentError> {
    let path = options.data_dir.join(FILE);
    let unusable = |error: std::io::Error| AgentError::State { path: path.clone(), detail: error.to_string() };
    std::fs::create_dir_all(&options.data_dir).map_err(unusable)?;
    let database =
        Builder::new().set_cache_size(options.cache_bytes).create(&path).map_err(|error| cannot_open(&path, &error))?;
    open_with(database, path, options, chance)
}

/// The same with a database that is open already.
pub(super) fn open_with(
    database: Database,
    path: PathBuf,
    options: &Options,
    chance: &mut Chance,
) -> Result<(State, Found, Ended), AgentError> {
    let state_error = |error: StateFailed| AgentError::State { path: path.clone(), detail: error.0 };
    let format = format_of(&database).map_err(state_error)?;
    if format > FORMAT {
        return Err(AgentError::Newer { path, found: format, known: FORMAT });
    }
    let worker = prepare(&database, options.name.as_ref(), chance).map_err(state_error)?;
    let outbox = outbox::list(&database).map_err(state_error)?;
    let next = outbox.last().map_or(0, |(id, _)| id.0 + 1);
    let (sender, inbox) = mpsc::channel(writer::INBOX);
    let edits = Arc::new(Mutex::new(Vec::new()));
    let writer = Writer { database, inbox, edits: Arc::clone(&edits), next, known_max_bytes: options.known_max_bytes };
    let (report, ended) = oneshot::channel();
    let spawned = std::thread::Builder::new().name("worker-state".to_owned()).spawn({
        let path = path.clone();
        move || {
            let result = writer.run().map_err(|error| AgentError::State { path, detail: error.0 });
            let _ = report.send(result);
        }
    });
    spawned.map_err(|error| AgentError::State { path, detail: format!("no thread: {error}") })?;
    Ok((State { inbox: sender, edits }, Found { worker, outbox }, ended))
}

fn cannot_open(path: &Path, error: &DatabaseError) -> AgentError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => AgentError::InUse { path },
        other => AgentError::State { path, detail: other.to_string() },
    }
}

/// The format of the file; the current one if it is new.
fn format_of(database: &Database) -> Result<u32, StateFailed> {
    let transaction = database.begin_read().map_err(failed)?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(FORMAT),
        Err(error) => return Err(failed(error)),
    };
    let Some(format) = meta.get(META_FORMAT).map_err(failed)? else { return Ok(FORMAT) };
    let format = format.value().try_into().map_err(|_| failed("its format is not a number"))?;
    Ok(u32::from_le_bytes(format))
}

/// Makes what is not there yet and settles the worker's name.
fn prepare(database: &Database, wanted: Option<&WorkerName>, chance: &mut Chance) -> Result<WorkerName, StateFailed> {
    let transaction = database.begin_write().map_err(failed)?;
    make_tables(&transaction)?;
    let mut meta = transaction.open_table(META).map_err(failed)?;
    meta.insert(META_FORMAT, FORMAT.to_le_bytes().as_slice()).map_err(failed)?;
    let kept = match meta.get(META_WORKER).map_err(failed)? {
        Some(name) => std::str::from_utf8(name.value()).map_err(failed)?.parse().ok(),
        None => None,
    };
    let made_up = || format!("w-{:016x}", chance.next()).parse().expect("hexadecimal digits make a name");
    let name: WorkerName = wanted.cloned().or(kept).unwrap_or_else(made_up);
    meta.insert(META_WORKER, name.as_str().as_bytes()).map_err(failed)?;
    drop(meta);
    transaction.commit().map_err(failed)?;
    Ok(name)
}

fn make_tables(transaction: &WriteTransaction) -> Result<(), StateFailed> {
    transaction.open_table(OUTBOX).map_err(failed)?;
    transaction.open_table(OUTBOX_OUTCOMES).map_err(failed)?;
    transaction.open_table(OUTBOX_FRAMES).map_err(failed)?;
    transaction.open_table(KNOWN).map_err(failed)?;
    transaction.open_table(KNOWN_FRAMES).map_err(failed)?;
    transaction.open_table(KNOWN_ORDER).map_err(failed)?;
    Ok(())
}
