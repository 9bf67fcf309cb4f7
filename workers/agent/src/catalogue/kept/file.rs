//! The file: where it lies, and how it is opened.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{Builder, Database, DatabaseError, ReadableDatabase as _};

use super::tables::{FORMAT, META, META_FORMAT, ORDER, PACKAGES, POSITIONS};
use crate::state::{Unflushed, boot_of_system};

/// How the file's name begins; the id of a start of the machine follows, if the system has such ids.
const BEGINNING: &str = "packages";
const END: &str = ".redb";

/// Where packages are kept, and how many.
#[derive(Clone, Debug)]
pub(crate) struct Where {
    /// The worker's own directory, which must be this process's alone.
    pub(crate) dir: PathBuf,
    /// Bytes of all packages, compressed; the oldest go first. Zero means that nothing is kept.
    pub(crate) bytes_max: u64,
    /// Memory for the file's pages.
    pub(crate) cache_bytes: usize,
    /// The level of zstd.
    pub(crate) level: i32,
}

/// Any error of the store: the file is of no use.
pub(super) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Opens the file, after removing those of other starts; makes one if there is none, or none of this format.
pub(super) fn open(place: &Where) -> Result<Database, Broken> {
    let boot = boot_of_system();
    let path = path(&place.dir, boot.as_deref());
    fs::create_dir_all(&place.dir)?;
    remove_others(&place.dir, &path)?;
    match create(&path, place, boot.is_some()).and_then(prepared) {
        Ok(database) => Ok(database),
        Err(error) => {
            tracing::info!(file = %path.display(), %error, "packages on the disk are of no use; beginning anew");
            fs::remove_file(&path)?;
            create(&path, place, boot.is_some()).and_then(prepared)
        }
    }
}

/// Removes the file, which is of no use any more.
pub(super) fn remove(place: &Where) {
    let _ = fs::remove_file(path(&place.dir, boot_of_system().as_deref()));
}

fn path(dir: &Path, boot: Option<&str>) -> PathBuf {
    match boot {
        Some(boot) => dir.join(format!("{BEGINNING}-{boot}{END}")),
        None => dir.join(format!("{BEGINNING}{END}")),
    }
}

fn remove_others(dir: &Path, path: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let found = entry?.path();
        let name = found.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(BEGINNING) && name.ends_with(END) && found != path {
            fs::remove_file(&found)?;
        }
    }
    Ok(())
}

/// Without ids of starts nothing could tell a power cut later, so redb flushes as it is used to.
fn create(path: &Path, place: &Where, unflushed: bool) -> Result<Database, Broken> {
    let mut redb = Builder::new();
    redb.set_cache_size(place.cache_bytes);
    let opened: Result<Database, DatabaseError> = if unflushed {
        Unflushed::open(path).and_then(|file| redb.create_with_backend(file))
    } else {
        redb.create(path)
    };
    Ok(opened?)
}

/// The same with all tables, if it is of this format or new.
fn prepared(database: Database) -> Result<Database, Broken> {
    match format_of(&database)? {
        Some(FORMAT) => Ok(database),
        Some(other) => Err(format!("the format is {other} and not {FORMAT}").into()),
        None => {
            let transaction = database.begin_write()?;
            transaction.open_table(META)?.insert(META_FORMAT, FORMAT)?;
            transaction.open_table(POSITIONS)?;
            transaction.open_table(PACKAGES)?;
            transaction.open_table(ORDER)?;
            transaction.commit()?;
            Ok(database)
        }
    }
}

fn format_of(database: &Database) -> Result<Option<u64>, Broken> {
    match database.begin_read()?.open_table(META) {
        Ok(meta) => Ok(Some(meta.get(META_FORMAT)?.map_or(0, |format| format.value()))),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
