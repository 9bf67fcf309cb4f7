//! What is read of the catalogue for resolutions, and to compare: many packages at once, as they are now or as they were.
//!
//! A worker asks for hundreds of packages whose records take milliseconds each to unpack. So they are read on a thread
//! where that may take its time, a few ahead of what the worker has taken, and whoever goes away in the middle stops it.

use std::sync::Arc;

use gleaner_core::catalogue::Then;
use gleaner_model::{PackageKey, Presence, Purl};
use gleaner_proto::convert::{Known, KnownPackage, ReadPackages};
use gleaner_store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::{Shared, errors};
use crate::past::Pasts;

/// Packages that are read ahead of the worker. One is a few megabytes at most, nearly all are some kilobytes.
const AHEAD: usize = 16;

/// Answers about packages, as one of the services tells them.
pub(super) type Answers<T> = ReceiverStream<Result<T, Status>>;

/// Begins to read; one answer a name, in their order.
pub(super) fn start<T: From<KnownPackage> + Send + 'static>(shared: &Shared, asked: ReadPackages) -> Answers<T> {
    let (answers, stream) = mpsc::channel(AHEAD);
    let (store, pasts) = (Arc::clone(&shared.store), Arc::clone(&shared.pasts));
    tokio::task::spawn_blocking(move || {
        for name in &asked.names {
            let key = PackageKey::new(asked.registry.clone(), &Purl::new(asked.ecosystem, name.clone()));
            let answer = read(&*store, &pasts, &key, asked.position);
            let answer = answer.map(|known| KnownPackage { name: name.to_string(), ..known });
            let answer = answer.map(T::from);
            let failed = answer.is_err();
            let answer = answer.map_err(|error| errors::store(error.to_string()));
            if answers.blocking_send(answer).is_err() || failed {
                break;
            }
        }
    });
    ReceiverStream::new(stream)
}

/// What is known of a package, now or at a position, but for its name as it was asked for.
fn read(store: &dyn Store, pasts: &Pasts, key: &PackageKey, position: Option<u64>) -> Result<KnownPackage, StoreError> {
    let answer = |known, position| KnownPackage { name: String::new(), known, position, untold: Vec::new() };
    if let Some(position) = position {
        return Ok(match pasts.read(store, key, position)? {
            Then::Nothing => answer(Known::Nothing, position),
            Then::Absent => answer(Known::Absent, position),
            Then::Known { package, untold } => KnownPackage { untold, ..answer(Known::Package(package), position) },
        });
    }
    let now = store.position();
    let known = match store.package(key)? {
        None => Known::Nothing,
        Some(record) => match record.head.presence {
            Presence::NotFound | Presence::Gone => Known::Absent,
            Presence::Present => Known::Package(Box::new(record.content.package)),
        },
    };
    Ok(answer(known, now))
}
