//! Every recorded package through the whole path, and then everything that was stored against the documents.
//!
//! Two questions. Does a crawl leave nothing behind, and does a second one find that nothing changed without fetching
//! anything? And is what the catalogue says what the documents say, for every version of every package? The documents
//! are read a second time for that, by this module alone: with plain JSON and text, and without the parsers that the
//! program has for them.

mod cargo;
mod compare;
mod crawl;
mod facts;
mod npm;
mod pypi;
mod shown;
mod stored;

use std::path::Path;

use crate::support::documents::{self, Documents};
use crate::support::{Place, Replay, Scheduler, Worker};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_fixtures_are_crawled_and_stored_as_they_are() {
    everything(&documents::fixtures()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_named_documents_are_crawled_and_stored_as_they_are() {
    match documents::named() {
        Some(folder) => everything(&folder).await,
        None => println!("skipped: GLEANER_DOCUMENTS is not set"),
    }
}

async fn everything(folder: &Path) {
    let documents = Documents::read(folder);
    let purls = documents.purls();
    let place = Place::new();
    let replay = Replay::start(&place, folder, &[]);
    let scheduler = Scheduler::start(&place, &place.path("scheduler"), &replay.addresses, &[]);
    let _worker = Worker::start(&place, &place.path("worker"), &scheduler.url, 32, &[]);

    let first = crawl::first(&place, &scheduler.url, &purls).await;
    crawl::second(&place, &scheduler.url, &purls, &replay, &first).await;

    let expected = facts::read(documents);
    compare::all(&scheduler.url, &expected).await;
    shown::some(&place, &scheduler.url, &expected).await;
}
