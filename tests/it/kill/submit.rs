//! Clients that go on submitting whatever happens, and keep what they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use crate::support::documents::{Documents, fixtures};
use crate::support::rpc::{Client, crawl};

/// Between two submissions, so that the queue stays short enough to be done in the end.
const PACE: Duration = Duration::from_millis(15);

/// What one client was told.
#[derive(Default)]
pub(super) struct Receipts {
    /// The purl that each acknowledged job was for.
    pub(super) jobs: BTreeMap<String, String>,
    /// Of a stream: the highest number that is committed, as the scheduler says.
    pub(super) committed: Option<u64>,
    /// Every job that this client ever asked for is for a package whose purl begins like this.
    pub(super) of: &'static str,
}

impl Receipts {
    fn take(&mut self, receipt: &v1::Receipt, purl: &str) {
        let again = self.jobs.insert(receipt.job.clone(), purl.to_owned());
        assert_eq!(again, None, "{} was handed out twice", receipt.job);
    }
}

fn purls(beginning: &str) -> Vec<String> {
    Documents::read(&fixtures()).purls().into_iter().filter(|purl| purl.starts_with(beginning)).collect()
}

/// Submits cargo's packages as one numbered stream, which is opened anew whenever it breaks.
pub(super) async fn by_stream(url: String, stop: Arc<AtomicBool>) -> Receipts {
    let purls = purls("pkg:cargo/");
    let purl = |number: u64| purls[usize::try_from(number).unwrap() % purls.len()].clone();
    let mut receipts = Receipts { of: "pkg:cargo/", ..Receipts::default() };
    while !stop.load(Ordering::SeqCst) {
        let _ = stream(&url, &purl, &mut receipts, &stop).await;
    }
    receipts.committed = Some(loop {
        match open(&url).await {
            Ok((_, _, committed)) => break committed,
            Err(_) => tokio::time::sleep(PACE).await,
        }
    });
    receipts
}

type Items = mpsc::Sender<v1::SubmitStreamRequest>;

async fn open(url: &str) -> Result<(Items, tonic::Streaming<v1::SubmitStreamResponse>, u64), Status> {
    let client = Client::try_connect(url).await.map_err(|error| Status::unavailable(error.to_string()))?;
    let (items, sending) = mpsc::channel(4);
    let first = v1::SubmitStreamRequest { stream: "kill".to_owned(), number: 0, job: None };
    items.send(first).await.map_err(|_| Status::unavailable("closed"))?;
    let mut answers = client.jobs().submit_stream(ReceiverStream::new(sending)).await?.into_inner();
    let first = answers.message().await?.ok_or_else(|| Status::unavailable("closed"))?;
    Ok((items, answers, first.number))
}

async fn stream(
    url: &str,
    purl: &impl Fn(u64) -> String,
    receipts: &mut Receipts,
    stop: &AtomicBool,
) -> Result<(), Status> {
    let (items, mut answers, mut number) = open(url).await?;
    while !stop.load(Ordering::SeqCst) {
        number += 1;
        let item = v1::SubmitStreamRequest { stream: String::new(), number, job: Some(crawl(&purl(number))) };
        items.send(item).await.map_err(|_| Status::unavailable("closed"))?;
        let answer = answers.message().await?.ok_or_else(|| Status::unavailable("closed"))?;
        assert_eq!(answer.number, number);
        receipts.take(&answer.receipt.expect("a receipt"), &purl(number));
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

/// Submits npm's packages three at a time. A request that gets no answer may or may not have been taken in.
pub(super) async fn by_request(url: String, stop: Arc<AtomicBool>) -> Receipts {
    let purls = purls("pkg:npm/");
    let mut receipts = Receipts { of: "pkg:npm/", ..Receipts::default() };
    let mut asked = purls.chunks_exact(3).cycle();
    while !stop.load(Ordering::SeqCst) {
        tokio::time::sleep(PACE * 3).await;
        let Ok(client) = Client::try_connect(&url).await else { continue };
        let purls = asked.next().expect("there are packages");
        let request = v1::SubmitRequest { jobs: purls.iter().map(|purl| crawl(purl)).collect() };
        if let Ok(response) = client.jobs().submit(request).await {
            let told = response.into_inner().receipts;
            assert_eq!(told.len(), purls.len());
            told.into_iter().zip(purls).for_each(|(receipt, purl)| receipts.take(&receipt, purl));
        }
    }
    receipts
}
