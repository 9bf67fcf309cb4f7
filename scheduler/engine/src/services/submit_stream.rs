//! Submit streams: numbered items, each acknowledged after its commit.
//!
//! The problem: a client submits millions of jobs over a connection that may break at any item, and neither a lost nor
//! a doubled job is acceptable. So the last committed number of each stream is kept in the same commit as its job; the
//! first answer names it, and the client goes on after it. Of several connections of one stream the newest one counts.
//!
//! A client that sends too much is told so and not read from for a while: the transport's flow control makes it wait, and
//! its items need not be sent again. Ending the stream would make it come back and send what is on its way twice.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use gleaner_model::{JobSpec, Trace};
use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::admission::{receipt, spec_of, submit};
use super::credentials::Standing;
use super::speakers::Speaker;
use super::{Shared, errors};

/// Items taken together if they are there already: they share a round through the scheduler and a commit.
const BATCH: usize = 256;

/// Answers that may wait for a client that reads slowly; then its items wait as well.
const ANSWERS: usize = 2 * BATCH;

/// Longest id of a stream, in bytes.
const STREAM_ID_MAX: usize = 64;

type Answer = Result<v1::SubmitStreamResponse, Status>;

/// Serves one stream until the client ends it, an item breaks the protocol, or its credentials are good no more.
pub(super) fn run(
    shared: Arc<Shared>,
    standing: Standing,
    trace: Trace,
    items: Streaming<v1::SubmitStreamRequest>,
) -> impl Stream<Item = Answer> + Send {
    let (answers, stream) = mpsc::channel(ANSWERS);
    tokio::spawn(async move {
        let served = Server { shared, standing, trace, answers: answers.clone() }.serve(items).await;
        if let Err(status) = served {
            let _ = answers.send(Err(status)).await;
        }
    });
    ReceiverStream::new(stream)
}

struct Server {
    shared: Arc<Shared>,
    standing: Standing,
    trace: Trace,
    answers: mpsc::Sender<Answer>,
}

/// An item that is new, with its number.
type Item = (u64, Option<v1::JobSpec>);

impl Server {
    async fn serve(mut self, mut items: Streaming<v1::SubmitStreamRequest>) -> Result<(), Status> {
        let first = items.message().await?.ok_or_else(|| errors::invalid("the stream has no first message"))?;
        let stream = first.stream;
        if !(1..=STREAM_ID_MAX).contains(&stream.len()) {
            return Err(errors::invalid(format!("a stream's id has 1 to {STREAM_ID_MAX} bytes, not {}", stream.len())));
        }
        let speaker = self.shared.speakers.speak(self.standing.name().clone(), stream);
        let mut last = self.committed(&speaker).await?;
        self.answer(last, None, None).await?;
        let mut items = items.ready_chunks(BATCH);
        loop {
            let batch = tokio::select! {
                biased;
                refused = self.standing.refused() => return Err(refused),
                batch = items.next() => batch,
            };
            let Some(batch) = batch else { return Ok(()) };
            let batch = batch.into_iter().collect::<Result<Vec<_>, _>>()?;
            last = self.batch(&speaker, last, batch).await?;
        }
    }

    /// The last number that is committed. No earlier connection commits any more after this.
    async fn committed(&self, speaker: &Speaker) -> Result<u64, Status> {
        let _turn = speaker.turn().await?;
        let (client, stream) = (self.standing.name().clone(), speaker.stream().to_owned());
        let position = self.shared.read(move |store| store.stream(client.as_str(), &stream)).await?;
        Ok(position.map_or(0, |position| position.number))
    }

    /// Submits the items of a batch that are new, as many at a time as the client's quota allows, and acknowledges them.
    /// Answers the number of the last one.
    async fn batch(
        &mut self,
        speaker: &Speaker,
        mut last: u64,
        batch: Vec<v1::SubmitStreamRequest>,
    ) -> Result<u64, Status> {
        let mut fresh: Vec<Item> = Vec::with_capacity(batch.len());
        let before = last;
        for item in batch.into_iter().filter(|item| item.number > before) {
            if item.number != last + 1 {
                let (number, expected) = (item.number, last + 1);
                return Err(errors::invalid(format!("item {number} follows item {last}; {expected} was expected")));
            }
            last = item.number;
            fresh.push((item.number, item.job));
        }
        while !fresh.is_empty() {
            let quota = self.standing.client()?.quota;
            let at_once = quota.map_or(BATCH, |quota| usize::try_from(quota.burst.get()).unwrap_or(BATCH));
            let rest = fresh.split_off(at_once.min(fresh.len()));
            self.pay(&fresh).await?;
            self.part(speaker, fresh).await?;
            fresh = rest;
        }
        Ok(last)
    }

    /// Waits until the client's quota allows so many. Meanwhile nothing is read, so that the client's own items wait for it.
    async fn pay(&mut self, items: &[Item]) -> Result<(), Status> {
        loop {
            let client = self.standing.client()?;
            match self.shared.pay(&client, items.len()) {
                Ok(()) => return Ok(()),
                Err(status) => self.pause(items, status).await?,
            }
        }
    }

    /// Tells the client to slow down, if that helps, and waits as long.
    async fn pause(&mut self, before: &[Item], status: Status) -> Result<(), Status> {
        let (Some(pause), Some((next, _))) = (errors::retry_after(&status), before.first()) else { return Err(status) };
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let slow_down = Some(v1::SlowDown { pause_ms, reason: status.message().to_owned() });
        let told = v1::SubmitStreamResponse { number: next - 1, slow_down, ..v1::SubmitStreamResponse::default() };
        self.send(told).await?;
        tokio::select! {
            biased;
            refused = self.standing.refused() => Err(refused),
            () = self.answers.closed() => Err(gone()),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }

    /// Submits items and acknowledges them.
    async fn part(&mut self, speaker: &Speaker, items: Vec<Item>) -> Result<(), Status> {
        let mut wanted: Vec<(u64, JobSpec)> = Vec::with_capacity(items.len());
        let mut refused: Vec<(u64, String)> = Vec::new();
        for (number, job) in items {
            match job.ok_or_else(|| errors::invalid("the item has no job")).and_then(spec_of) {
                Ok(spec) => wanted.push((number, spec)),
                Err(status) => refused.push((number, status.message().to_owned())),
            }
        }
        self.submit(speaker, wanted).await?;
        for (number, reason) in refused {
            self.answer(number, None, Some(v1::Refused { reason })).await?;
        }
        Ok(())
    }

    async fn submit(&mut self, speaker: &Speaker, wanted: Vec<(u64, JobSpec)>) -> Result<(), Status> {
        let (numbers, specs): (Vec<u64>, Vec<JobSpec>) = wanted.into_iter().unzip();
        let Some(last) = numbers.last().copied() else { return Ok(()) };
        let admitted = loop {
            let position = Some((speaker.stream().to_owned(), last));
            let client = self.standing.client()?;
            let turn = speaker.turn().await?;
            let submitted = submit(&self.shared, specs.clone(), client, self.trace.clone(), position).await;
            // Answers wait for a client that reads slowly, and may wait for one that is gone; no other connection must.
            drop(turn);
            match submitted {
                Ok(admitted) => break admitted,
                // One item is refused for good: find out which, one by one.
                Err(status) if errors::is_for_good(&status) && numbers.len() > 1 => {
                    for item in numbers.into_iter().zip(specs) {
                        Box::pin(self.submit(speaker, vec![item])).await?;
                    }
                    return Ok(());
                }
                Err(status) if errors::is_for_good(&status) => {
                    return self.answer(last, None, Some(v1::Refused { reason: status.message().to_owned() })).await;
                }
                // There is no room: nothing of these was taken in, and the same is tried again.
                Err(status) => self.pause(&[(numbers[0], None)], status).await?,
            }
        };
        for (number, admitted) in numbers.into_iter().zip(admitted) {
            self.answer(number, Some(receipt(admitted)), None).await?;
        }
        Ok(())
    }

    async fn answer(
        &self,
        number: u64,
        receipt: Option<v1::Receipt>,
        refused: Option<v1::Refused>,
    ) -> Result<(), Status> {
        self.send(v1::SubmitStreamResponse { number, receipt, refused, slow_down: None }).await
    }

    async fn send(&self, answer: v1::SubmitStreamResponse) -> Result<(), Status> {
        self.answers.send(Ok(answer)).await.map_err(|_| gone())
    }
}

fn gone() -> Status {
    Status::cancelled("the client has gone")
}
