//! Submit streams break, at any item, and go on exactly where they were: no number is acknowledged twice, and none
//! becomes two jobs.

use std::collections::BTreeMap;

use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::crew::Crew;
use crate::support::rpc::{Client, crawl};

/// Items of the whole stream.
const ITEMS: u64 = 3_000;

/// One connection's worth of a stream.
struct Connection {
    items: mpsc::Sender<v1::SubmitStreamRequest>,
    answers: Streaming<v1::SubmitStreamResponse>,
    /// What the scheduler says is committed.
    committed: u64,
}

impl Connection {
    async fn open(url: &str) -> Self {
        // Each on a connection of its own, as after a broken one.
        let client = Client::connect(url).await;
        let (items, sending) = mpsc::channel(1_000);
        items.send(item(0)).await.unwrap();
        let mut answers = client.jobs().submit_stream(ReceiverStream::new(sending)).await.unwrap().into_inner();
        let first = answers.message().await.unwrap().unwrap();
        assert_eq!((first.receipt, first.refused), (None, None));
        Self { items, answers, committed: first.number }
    }

    /// Sends the next `count` items after what was committed, without waiting for an answer.
    async fn send(&self, count: u64) {
        for number in (self.committed + 1..=ITEMS).take(usize::try_from(count).unwrap()) {
            self.items.send(item(number)).await.unwrap();
        }
    }

    /// Reads `count` answers.
    async fn read(&mut self, count: u64, receipts: &mut BTreeMap<u64, v1::Receipt>) {
        for _ in 0..count {
            let answer = self.answers.message().await.unwrap().unwrap();
            let twice = receipts.insert(answer.number, answer.receipt.unwrap());
            assert_eq!(twice, None, "{} was acknowledged twice", answer.number);
        }
    }
}

/// The first item names the stream; each other one is about a package of its own.
fn item(number: u64) -> v1::SubmitStreamRequest {
    match number {
        0 => v1::SubmitStreamRequest { stream: "broken".to_owned(), ..Default::default() },
        _ => v1::SubmitStreamRequest { number, job: Some(crawl(&purl(number))), ..Default::default() },
    }
}

fn purl(number: u64) -> String {
    format!("pkg:npm/package-{number}")
}

/// What is stored: the one job of each number up to the last that is committed, and the receipts that were given.
async fn compare(crew: &Crew, committed: u64, receipts: &BTreeMap<u64, v1::Receipt>) {
    let jobs = crew.client.all_jobs(&[]).await;
    let mut stored: BTreeMap<String, String> = BTreeMap::new();
    for job in jobs {
        let twice = stored.insert(job.spec.unwrap().purl, job.id.clone());
        assert_eq!(twice, None, "an item became two jobs, the second of which is {}", job.id);
    }
    let expected: Vec<String> = (1..=committed).map(purl).collect();
    assert!(expected.iter().all(|purl| stored.contains_key(purl)), "an item that is committed has no job");
    assert_eq!(stored.len(), expected.len());
    for (number, receipt) in receipts {
        assert_eq!(stored.get(&purl(*number)), Some(&receipt.job));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_goes_on_exactly_where_it_was() {
    let crew = Crew::new().await;
    let mut receipts = BTreeMap::new();
    for round in 1.. {
        let mut connection = Connection::open(&crew.scheduler.url).await;
        let acknowledged = receipts.keys().next_back().copied().unwrap_or_default();
        assert!(connection.committed >= acknowledged, "{acknowledged} was acknowledged");
        let left = ITEMS - connection.committed;
        if left == 0 {
            break;
        }
        // Some answers are read, and then it breaks, while the scheduler is at any of the others.
        let (sent, read) = ((round * 37 % 400).min(left), round * 11 % 37);
        connection.send(sent).await;
        connection.read(read.min(sent), &mut receipts).await;
    }
    compare(&crew, ITEMS, &receipts).await;
}

/// The old connection may be broken for the client alone: the scheduler still reads from it what was on its way. What
/// it takes in from there must not be taken in again from the new one.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_connections_of_one_stream_the_newer_one_counts() {
    let crew = Crew::new().await;
    let mut receipts = BTreeMap::new();
    let mut old = Connection::open(&crew.scheduler.url).await;
    old.send(10).await;
    old.read(10, &mut receipts).await;

    let mut new = Connection::open(&crew.scheduler.url).await;
    assert_eq!(new.committed, 10);
    new.send(20).await;
    new.read(20, &mut receipts).await;
    // It has been silent all the while, and goes on where it was.
    for number in 11..=15 {
        old.items.send(item(number)).await.unwrap();
    }
    let refused = old.answers.message().await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Aborted, "{refused:?}");
    compare(&crew, 30, &receipts).await;
}
