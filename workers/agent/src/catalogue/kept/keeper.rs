//! The thread that owns the file.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gleaner_model::{PackageName, RegistryName};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, Table, WriteTransaction};
use tokio::sync::mpsc;

use super::file::{self, Broken, Where};
use super::tables::{META, META_BYTES, META_NEXT, ORDER, PACKAGES, POSITIONS};
use super::{Changes, Order, Tenure};
use crate::catalogue::source::Mark;
use crate::document;

/// Longest package that is believed, in bytes: as long as the longest message.
const PACKAGE_BYTES: u64 = 64 << 20;

/// The thread's own side.
pub(super) struct Keeper {
    place: Where,
    /// None as soon as anything was wrong with it.
    database: Option<Database>,
    /// The last tenure of each registry.
    tenures: HashMap<RegistryName, u64>,
}

impl Keeper {
    pub(super) fn new(place: Where) -> Self {
        Self { place, database: None, tenures: HashMap::new() }
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        self.database = guarded(|| file::open(&self.place)).map_err(|error| self.give_up(&error)).ok();
        while let Some(order) = orders.blocking_recv() {
            self.follow(order);
        }
        if let Some(database) = self.database.take()
            && let Err(error) = guarded(|| Ok(database.close()?))
        {
            self.give_up(&error);
        }
    }

    fn follow(&mut self, order: Order) {
        match order {
            Order::Begin(registry, reply) => {
                let number = self.tenures.entry(registry.clone()).or_default();
                *number += 1;
                let tenure = Tenure { registry, number: *number };
                let position = self.with(|database| position(database, &tenure.registry)).flatten();
                let _ = reply.send((tenure, position));
            }
            Order::Load(tenure, names, reply) => {
                let found = if self.is_current(&tenure) {
                    self.with(|database| load(database, &tenure.registry, names)).unwrap_or_default()
                } else {
                    HashMap::new()
                };
                let _ = reply.send(found);
            }
            Order::Change(tenure, changes) => {
                if self.is_current(&tenure) {
                    let (level, bytes_max) = (self.place.level, self.place.bytes_max);
                    self.with(|database| change(database, &tenure.registry, changes, level, bytes_max));
                }
            }
        }
    }

    fn is_current(&self, tenure: &Tenure) -> bool {
        self.tenures.get(&tenure.registry) == Some(&tenure.number)
    }

    /// Does something with the file, if there is one still. Whatever goes wrong, a defect of the store included, is the
    /// end of the file and of nothing else.
    fn with<T>(&mut self, work: impl FnOnce(&Database) -> Result<T, Broken>) -> Option<T> {
        let database = self.database.take()?;
        match guarded(|| work(&database)) {
            Ok(done) => {
                self.database = Some(database);
                Some(done)
            }
            Err(error) => {
                // To close it may fail in the same way.
                let _ = guarded(|| {
                    drop(database);
                    Ok(())
                });
                self.give_up(&error);
                None
            }
        }
    }

    fn give_up(&self, error: &Broken) {
        tracing::warn!(%error, "packages are not kept on the disk any more; the worker begins cold at its next start");
        file::remove(&self.place);
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the store panicked".into()))
}

fn key(registry: &RegistryName, name: &PackageName) -> String {
    format!("{registry} {name}")
}

fn position(database: &Database, registry: &RegistryName) -> Result<Option<(u64, Mark)>, Broken> {
    let positions = database.begin_read()?.open_table(POSITIONS)?;
    Ok(positions.get(registry.as_str())?.map(|position| position.value()))
}

/// What does not keep its checksum is as good as not there.
fn load(
    database: &Database,
    registry: &RegistryName,
    names: Vec<PackageName>,
) -> Result<HashMap<PackageName, Vec<u8>>, Broken> {
    let packages = database.begin_read()?.open_table(PACKAGES)?;
    let mut found = HashMap::new();
    for name in names {
        if let Some(value) = packages.get(key(registry, &name).as_str())?
            && let Some(plain) = unpack(value.value().1)
        {
            found.insert(name, plain);
        }
    }
    Ok(found)
}

fn unpack(frame: &[u8]) -> Option<Vec<u8>> {
    let length = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten()?;
    let plain = document::decompress(frame, Some(length).filter(|length| *length <= PACKAGE_BYTES)?).ok()?;
    Some(plain.into())
}

fn change(
    database: &Database,
    registry: &RegistryName,
    changes: Changes,
    level: i32,
    bytes_max: u64,
) -> Result<(), Broken> {
    let transaction = database.begin_write()?;
    let mut shelf = Shelf::open(&transaction)?;
    if changes.all_is_stale {
        shelf.remove_all(registry)?;
    }
    for name in &changes.forget {
        shelf.remove(&key(registry, name))?;
    }
    for (name, plain) in changes.put {
        shelf.put(&key(registry, &name), &document::compress(&plain, level)?)?;
    }
    shelf.make_room(bytes_max)?;
    shelf.close(&transaction)?;
    let mut positions = transaction.open_table(POSITIONS)?;
    match changes.mark {
        Some(mark) => positions.insert(registry.as_str(), (changes.position, mark))?,
        None => positions.remove(registry.as_str())?,
    };
    drop(positions);
    transaction.commit()?;
    Ok(())
}

/// The tables of packages, open for one commit.
struct Shelf<'a> {
    packages: Table<'a, &'static str, (u64, &'static [u8])>,
    order: Table<'a, u64, &'static str>,
    bytes: u64,
    next: u64,
}

impl<'a> Shelf<'a> {
    fn open(transaction: &'a WriteTransaction) -> Result<Self, Broken> {
        let meta = transaction.open_table(META)?;
        let number = |name: &str| -> Result<u64, Broken> { Ok(meta.get(name)?.map_or(0, |number| number.value())) };
        Ok(Self {
            bytes: number(META_BYTES)?,
            next: number(META_NEXT)?,
            packages: transaction.open_table(PACKAGES)?,
            order: transaction.open_table(ORDER)?,
        })
    }

    fn close(self, transaction: &WriteTransaction) -> Result<(), Broken> {
        let mut meta = transaction.open_table(META)?;
        meta.insert(META_BYTES, self.bytes)?;
        meta.insert(META_NEXT, self.next)?;
        Ok(())
    }

    fn put(&mut self, key: &str, frame: &[u8]) -> Result<(), Broken> {
        self.remove(key)?;
        self.packages.insert(key, (self.next, frame))?;
        self.order.insert(self.next, key)?;
        self.next += 1;
        self.bytes += frame.len() as u64;
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), Broken> {
        if let Some(value) = self.packages.remove(key)? {
            let (place, frame) = value.value();
            self.order.remove(place)?;
            self.bytes = self.bytes.saturating_sub(frame.len() as u64);
        }
        Ok(())
    }

    fn remove_all(&mut self, registry: &RegistryName) -> Result<(), Broken> {
        // A space stands after the registry's name, and `!` is what comes after a space.
        let (from, to) = (format!("{registry} "), format!("{registry}!"));
        let mut keys = Vec::new();
        for row in self.packages.range(from.as_str()..to.as_str())? {
            keys.push(row?.0.value().to_owned());
        }
        keys.iter().try_for_each(|key| self.remove(key))
    }

    /// Lets go of the oldest beyond `bytes_max`.
    fn make_room(&mut self, bytes_max: u64) -> Result<(), Broken> {
        while self.bytes > bytes_max {
            let Some((place, key)) =
                self.order.pop_first()?.map(|(place, key)| (place.value(), key.value().to_owned()))
            else {
                break;
            };
            let is_there = self.packages.get(key.as_str())?.is_some_and(|value| value.value().0 == place);
            if is_there {
                self.remove(&key)?;
            }
        }
        Ok(())
    }
}
