//! Submit streams, and what a failing disk means for whoever submits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gleaner_proto::v1;
use gleaner_store::{RedbOptions, RedbStore};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::stage::{Setting, Stage, spec};

type Items = mpsc::Sender<v1::SubmitStreamRequest>;

async fn open(stage: &Stage, stream: &str) -> (Items, Streaming<v1::SubmitStreamResponse>, u64) {
    let (items, sending) = mpsc::channel(64);
    let first = v1::SubmitStreamRequest { stream: stream.to_owned(), number: 0, job: None };
    items.send(first).await.unwrap();
    let mut answers = stage.jobs().submit_stream(ReceiverStream::new(sending)).await.unwrap().into_inner();
    let first = answers.message().await.unwrap().unwrap();
    assert_eq!(first.receipt, None);
    (items, answers, first.number)
}

fn item(number: u64, purl: &str) -> v1::SubmitStreamRequest {
    v1::SubmitStreamRequest { stream: String::new(), number, job: Some(spec(purl)) }
}

#[tokio::test]
async fn a_broken_stream_goes_on_where_it_was_committed() {
    let stage = Stage::new().await;
    let (items, mut answers, last) = open(&stage, "a").await;
    assert_eq!(last, 0);
    items.send(item(1, "pkg:npm/a")).await.unwrap();
    items.send(item(2, "pkg:npm/b")).await.unwrap();
    for number in 1..=2 {
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!((answer.number, answer.receipt.is_some()), (number, true));
    }
    drop((items, answers));

    let stage = stage.restart(Setting::default()).await;
    let (items, mut answers, last) = open(&stage, "a").await;
    assert_eq!(last, 2);
    items.send(item(2, "pkg:npm/b")).await.unwrap();
    items.send(item(3, "pkg:npm/c")).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().number, 3);
    let jobs = stage.jobs().list(v1::ListRequest::default()).await.unwrap().into_inner().jobs;
    let purls: Vec<_> = jobs.into_iter().rev().map(|job| job.spec.unwrap().purl).collect();
    assert_eq!(purls, ["pkg:npm/a", "pkg:npm/b", "pkg:npm/c"]);
}

#[tokio::test]
async fn a_wrong_item_is_refused_and_the_stream_goes_on() {
    let stage = Stage::new().await;
    let (items, mut answers, _) = open(&stage, "a").await;
    items.send(item(1, "pkg:gem/rails")).await.unwrap();
    let refused = answers.message().await.unwrap().unwrap();
    assert!(refused.refused.unwrap().reason.contains("`gem` is not known"));
    items.send(item(2, "pkg:npm/a")).await.unwrap();
    assert!(answers.message().await.unwrap().unwrap().receipt.is_some());
    items.send(item(4, "pkg:npm/b")).await.unwrap();
    assert!(answers.message().await.unwrap_err().message().contains("3 was expected"));
}

/// A disk that fails from a chosen moment on.
#[derive(Debug)]
struct Disk {
    inner: redb::backends::InMemoryBackend,
    fails: Arc<AtomicBool>,
}

impl Disk {
    fn check(&self) -> std::io::Result<()> {
        if self.fails.load(Ordering::SeqCst) { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        self.inner.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.inner.read(offset, out)
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.check().and_then(|()| self.inner.set_len(len))
    }
    fn sync_data(&self) -> std::io::Result<()> {
        self.check().and_then(|()| self.inner.sync_data())
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.check().and_then(|()| self.inner.write(offset, data))
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_on_a_full_disk() {
    let fails = Arc::new(AtomicBool::new(false));
    let disk = Disk { inner: redb::backends::InMemoryBackend::new(), fails: Arc::clone(&fails) };
    let store = RedbStore::with_backend(disk, RedbOptions::default()).unwrap();
    let stage = Stage::over(Arc::new(store), TempDir::new().unwrap(), Setting::default()).await;
    stage.submit(&["pkg:npm/a"]).await;

    fails.store(true, Ordering::SeqCst);
    let refused = stage.jobs().submit(v1::SubmitRequest { jobs: vec![spec("pkg:npm/b")] }).await.unwrap_err();
    assert!(refused.message().contains("cannot write"), "{refused}");
    let mut failure = stage.engine.failure();
    let reason = failure.wait_for(Option::is_some).await.unwrap().clone();
    assert!(reason.unwrap().contains("cannot write"));
    // Room on the disk alone does not make it whole again.
    fails.store(false, Ordering::SeqCst);
    stage.jobs().submit(v1::SubmitRequest { jobs: vec![spec("pkg:npm/c")] }).await.unwrap_err();
}
