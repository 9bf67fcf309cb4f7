//! Opening `worker.redb`, or making it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use gleaner_model::WorkerName;
use redb::{Builder, Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, WriteTransaction};
use tokio::sync::{mpsc, oneshot};

use super::boot::{self, Mark};
use super::file::{self, Unflushed};
use super::tables::{
    FORMAT, KNOWN, KNOWN_FRAMES, KNOWN_ORDER, META, META_FORMAT, META_WORKER, OUTBOX, OUTBOX_FRAMES, OUTBOX_OUTCOMES,
};
use super::writer::{self, Writer, failed};
use super::{Found, State, StateFailed, outbox};
use crate::chance::Chance;
use crate::{AgentError, Options};

/// The file's name in the data directory.
pub(super) const FILE: &str = "worker.redb";

/// What a file that cannot be believed is called afterwards. There is one at most: the next one takes its place.
pub(super) const ASIDE: &str = "worker.redb.aside";

/// How the thread that owns the file ended.
pub(crate) type Ended = oneshot::Receiver<Result<(), AgentError>>;

/// Opens the state in the options' directory and starts its thread.
pub(crate) fn open(options: &Options, chance: &mut Chance) -> Result<(State, Found, Ended), AgentError> {
    open_in_boot(options, chance, boot::of_system().as_deref())
}

/// The same as if the kernel's id for this start were `boot`.
pub(super) fn open_in_boot(
    options: &Options,
    chance: &mut Chance,
    boot: Option<&str>,
) -> Result<(State, Found, Ended), AgentError> {
    let dir = &options.data_dir;
    let path = dir.join(FILE);
    let unusable = |error: std::io::Error| AgentError::State { path: path.clone(), detail: error.to_string() };
    std::fs::create_dir_all(dir).map_err(unusable)?;
    let in_use = || AgentError::InUse { path: path.clone() };
    let mut mark = Mark::take(dir).map_err(unusable)?.ok_or_else(in_use)?;
    if mark.is_of_another(boot) {
        set_aside(dir, &path).map_err(unusable)?;
    }
    let mut redb = Builder::new();
    redb.set_cache_size(options.cache_bytes);
    let opened = match boot {
        Some(boot) => {
            mark.set(dir, boot).map_err(unusable)?;
            Unflushed::open(&path).and_then(|file| redb.create_with_backend(file))
        }
        // Without such ids nothing could tell a power cut later, so every commit is flushed.
        None => {
            mark.clear().map_err(unusable)?;
            redb.create(&path)
        }
    };
    let database = opened.map_err(|error| cannot_open(&path, &error))?;
    open_with(database, Some(mark), path, options, chance)
}

/// Moves a file that the machine went down with out of the way. What it held is lost to this worker and nobody else:
/// its leases end, and the work is done again.
fn set_aside(dir: &Path, path: &Path) -> std::io::Result<()> {
    let aside = dir.join(ASIDE);
    match std::fs::rename(path, &aside) {
        Ok(()) => {}
        // It went down before there was a file.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    tracing::warn!(
        file = %path.display(),
        aside = %aside.display(),
        "the machine went down while the worker's state was open, so it may be damaged; it is set aside and the worker \
         starts afresh. Outcomes that nobody had acknowledged are fetched again when their leases end"
    );
    Ok(())
}

/// The same with a database that is open already, and the mark that says so.
pub(super) fn open_with(
    database: Database,
    mark: Option<Mark>,
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
            let result = writer.run().and_then(|()| mark.map_or(Ok(()), |mark| tidy(mark, &path)));
            let _ = report.send(result.map_err(|error| AgentError::State { path, detail: error.0 }));
        }
    });
    spawned.map_err(|error| AgentError::State { path, detail: format!("no thread: {error}") })?;
    Ok((State { inbox: sender, edits }, Found { worker, outbox }, ended))
}

/// Leaves a file that was closed to be found by any later start of the machine.
fn tidy(mut mark: Mark, path: &Path) -> Result<(), StateFailed> {
    file::flush(path).and_then(|()| mark.clear()).map_err(failed)
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
