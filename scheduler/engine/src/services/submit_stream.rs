//! Submit streams: numbered items, each acknowledged after its commit.
//!
//! The problem: a client submits millions of jobs over a connection that may break at any item, and neither a lost nor
//! a doubled job is acceptable. So the last committed number of each stream is kept in the same commit as its job; the
//! first answer names it, and the client goes on after it. Of several connections of one stream the newest one counts.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use gleaner_model::{JobSpec, Trace};
use gleaner_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::admission::{receipt, spec_of, submit};
use super::speakers::Speaker;
use super::{Shared, errors};
use crate::clients::Client;

/// Items taken together if they are there already: they share a round through the scheduler and a commit.
const BATCH: usize = 256;

/// Answers that may wait for a client that reads slowly; then its items wait as well.
const ANSWERS: usize = 2 * BATCH;

/// Longest id of a stream, in bytes.
const STREAM_ID_MAX: usize = 64;

type Answer = Result<v1::SubmitStreamResponse, Status>;

/// Serves one stream until the client ends it or an item breaks the protocol.
pub(super) fn run(
    shared: Arc<Shared>,
    client: Client,
    trace: Trace,
    items: Streaming<v1::SubmitStreamRequest>,
) -> impl Stream<Item = Answer> + Send {
    let (answers, stream) = mpsc::channel(ANSWERS);
    tokio::spawn(async move {
        let served = Server { shared, client, trace, answers: answers.clone() }.serve(items).await;
        if let Err(status) = served {
            let _ = answers.send(Err(status)).await;
        }
    });
    ReceiverStream::new(stream)
}

struct Server {
    shared: Arc<Shared>,
    client: Client,
    trace: Trace,
    answers: mpsc::Sender<Answer>,
}

impl Server {
    async fn serve(self, mut items: Streaming<v1::SubmitStreamRequest>) -> Result<(), Status> {
        let first = items.message().await?.ok_or_else(|| errors::invalid("the stream has no first message"))?;
        let stream = first.stream;
        if !(1..=STREAM_ID_MAX).contains(&stream.len()) {
            return Err(errors::invalid(format!("a stream's id has 1 to {STREAM_ID_MAX} bytes, not {}", stream.len())));
        }
        let speaker = self.shared.speakers.speak(self.client.name.clone(), stream);
        let mut last = self.committed(&speaker).await?;
        self.answer(last, None, None).await?;
        let mut items = items.ready_chunks(BATCH);
        while let Some(batch) = items.next().await {
            let batch = batch.into_iter().collect::<Result<Vec<_>, _>>()?;
            last = self.batch(&speaker, last, batch).await?;
        }
        Ok(())
    }

    /// The last number that is committed. No earlier connection commits any more after this.
    async fn committed(&self, speaker: &Speaker) -> Result<u64, Status> {
        let _turn = speaker.turn().await?;
        let (client, stream) = (self.client.name.clone(), speaker.stream().to_owned());
        let position = self.shared.read(move |store| store.stream(client.as_str(), &stream)).await?;
        Ok(position.map_or(0, |position| position.number))
    }

    /// Submits the items of a batch that are new, and acknowledges them. Answers the number of the last one.
    async fn batch(
        &self,
        speaker: &Speaker,
        mut last: u64,
        batch: Vec<v1::SubmitStreamRequest>,
    ) -> Result<u64, Status> {
        let mut wanted: Vec<(u64, JobSpec)> = Vec::new();
        let mut refused: Vec<(u64, String)> = Vec::new();
        for item in batch {
            if item.number <= last {
                continue;
            }
            if item.number != last + 1 {
                let (number, expected) = (item.number, last + 1);
                return Err(errors::invalid(format!("item {number} follows item {last}; {expected} was expected")));
            }
            last = item.number;
            match item.job.ok_or_else(|| errors::invalid("the item has no job")).and_then(spec_of) {
                Ok(spec) => wanted.push((item.number, spec)),
                Err(status) => refused.push((item.number, status.message().to_owned())),
            }
        }
        self.submit(speaker, wanted).await?;
        for (number, reason) in refused {
            self.answer(number, None, Some(v1::Refused { reason })).await?;
        }
        Ok(last)
    }

    async fn submit(&self, speaker: &Speaker, wanted: Vec<(u64, JobSpec)>) -> Result<(), Status> {
        let (numbers, specs): (Vec<u64>, Vec<JobSpec>) = wanted.into_iter().unzip();
        let Some(last) = numbers.last().copied() else { return Ok(()) };
        let position = Some((speaker.stream().to_owned(), last));
        let client = self.client.clone();
        let turn = speaker.turn().await?;
        let submitted = submit(&self.shared, specs.clone(), client, self.trace.clone(), position).await;
        // Answers wait for a client that reads slowly, and may wait for one that is gone; no other connection must.
        drop(turn);
        let admitted = match submitted {
            Ok(admitted) => admitted,
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
            Err(status) => return Err(status),
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
        let answer = v1::SubmitStreamResponse { number, receipt, refused };
        self.answers.send(Ok(answer)).await.map_err(|_| Status::cancelled("the client has gone"))
    }
}
