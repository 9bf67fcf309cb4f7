//! The client, in a process of its own: sends and reads, and holds nothing of what it sent.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use gleaner_proto::v1::job_service_client::JobServiceClient;
use gleaner_proto::v1::{JobKind, JobSpec, SubmitStreamRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use crate::Told;
use crate::memory::resident_bytes;

/// Items that wait for the connection: it takes them in larger pieces than one.
const WAITING: usize = 256;

/// Submits `jobs` to the scheduler at `url`; tells of itself on stdout at the beginning and after each `every`.
///
/// # Errors
/// The stream breaks, or an item is not acknowledged as it should be.
pub(crate) fn run(url: &str, jobs: u64, every: u64) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(submit(url, jobs, every))
}

async fn submit(url: &str, jobs: u64, every: u64) -> Result<(), Box<dyn Error>> {
    let (items, sending) = mpsc::channel(WAITING);
    let channel = Channel::from_shared(url.to_owned())?.connect().await?;
    tokio::spawn(async move {
        let opening = SubmitStreamRequest { stream: "bench".to_owned(), ..SubmitStreamRequest::default() };
        let numbered = (1..=jobs).map(item);
        for item in std::iter::once(opening).chain(numbered) {
            // Whoever reads the answers tells why nobody takes any more.
            if items.send(item).await.is_err() {
                return;
            }
        }
    });
    let mut answers = JobServiceClient::new(channel).submit_stream(ReceiverStream::new(sending)).await?.into_inner();
    answers.message().await?.ok_or("the stream does not begin")?;
    let begun = Instant::now();
    tell(0, begun)?;
    for number in 1..=jobs {
        let answer = answers.message().await?.ok_or("the stream ends early")?;
        if answer.number != number || answer.receipt.is_none() {
            return Err(format!("item {number} was to be acknowledged next, not {answer:?}").into());
        }
        if number % every == 0 {
            tell(number, begun)?;
        }
    }
    Ok(())
}

fn item(number: u64) -> SubmitStreamRequest {
    let purl = format!("pkg:npm/package-{number}");
    let job = JobSpec { kind: JobKind::Crawl.into(), purl, ..JobSpec::default() };
    SubmitStreamRequest { stream: String::new(), number, job: Some(job) }
}

fn tell(acknowledged: u64, begun: Instant) -> Result<(), Box<dyn Error>> {
    let told = Told { acknowledged, resident_bytes: resident_bytes()?, seconds: begun.elapsed().as_secs_f64() };
    let mut stdout = std::io::stdout();
    serde_json::to_writer(&mut stdout, &told)?;
    writeln!(stdout)?;
    Ok(stdout.flush()?)
}
