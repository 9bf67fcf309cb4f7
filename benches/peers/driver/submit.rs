//! Who submits: in bulk, and one by one.

use std::error::Error;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use gleaner_proto::v1::{JobKind, JobSpec, SubmitRequest};
use tonic::Request;

use crate::clock::now_us;
use crate::payload::{Mode, Pad, Payload};
use crate::{Priority, Scheduler};

/// Jobs of one request, the most that the service takes.
const SUBMIT_MAX: u64 = 1_000;

/// Requests under way: enough that the scheduler always has some to make durable together while others are on the way.
const FLIGHT: usize = 16;

/// What jobs of one bulk have in common.
#[derive(Clone, Copy)]
pub(crate) struct Body {
    pub(crate) sleep_ms: u64,
    pub(crate) mode: Mode,
    pub(crate) first_id: u64,
}

/// Submits `jobs` jobs, each acknowledged, and prints how long that took, the connecting left out.
pub(crate) async fn bulk(
    scheduler: &Scheduler,
    jobs: u64,
    priority: Priority,
    body: Body,
) -> Result<(), Box<dyn Error>> {
    let client = scheduler.jobs().await?.max_decoding_message_size(usize::MAX);
    let credentials = scheduler.credentials(priority)?;
    let begun = now_us();
    let requests = (0..jobs.div_ceil(SUBMIT_MAX)).map(|nth| {
        let (mut client, credentials) = (client.clone(), credentials.clone());
        let (from, upto) = (nth * SUBMIT_MAX, jobs.min((nth + 1) * SUBMIT_MAX));
        let jobs = (from..upto).map(move |job| {
            let Body { sleep_ms, mode, first_id } = body;
            spec(Payload { id: first_id + job, submitted_us: now_us(), sleep_ms, mode }, scheduler.pad)
        });
        async move {
            let mut request = Request::new(SubmitRequest { jobs: jobs.collect() });
            request.metadata_mut().insert("authorization", credentials);
            client.submit(request).await.map(|response| response.into_inner().receipts.len() as u64)
        }
    });
    let receipts: u64 = stream::iter(requests).buffer_unordered(FLIGHT).try_fold(0, async |a, b| Ok(a + b)).await?;
    if receipts != jobs {
        return Err(format!("{receipts} receipts for {jobs} jobs").into());
    }
    println!("{{\"submit_s\": {}}}", seconds(now_us() - begun));
    Ok(())
}

/// Submits single urgent jobs, one every so many milliseconds, each when the one before it has its receipt.
pub(crate) async fn trickle(
    scheduler: &Scheduler,
    jobs: u64,
    every_ms: u64,
    first_id: u64,
) -> Result<(), Box<dyn Error>> {
    let (mut client, credentials) = (scheduler.jobs().await?, scheduler.credentials(Priority::High)?);
    let begun = now_us();
    for nth in 0..jobs {
        let due = begun + nth * every_ms * 1_000;
        tokio::time::sleep(Duration::from_micros(due.saturating_sub(now_us()))).await;
        let payload = Payload { id: first_id + nth, submitted_us: now_us(), sleep_ms: 0, mode: Mode::P };
        let mut request = Request::new(SubmitRequest { jobs: vec![spec(payload, scheduler.pad)] });
        request.metadata_mut().insert("authorization", credentials.clone());
        client.submit(request).await?;
    }
    Ok(())
}

fn spec(payload: Payload, pad: Pad) -> JobSpec {
    JobSpec { kind: JobKind::Crawl.into(), purl: payload.purl(pad), ..JobSpec::default() }
}

#[allow(clippy::cast_precision_loss, reason = "runs of some minutes")]
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
