//! The worker's half of a session's stream.
//!
//! Three queues feed it, each bounded, taken in this order:
//! - `answers`: what a message of the scheduler calls for. A message is read from the stream only when there is room
//!   for its answer, so whoever handles it never waits and nothing is lost.
//! - `asks`: heartbeats and what attempts say while they run. Small, and urgent: a permit request behind a document
//!   would leave a host idle.
//! - `bulk`: documents and outcomes. An outcome stands behind its own pieces in the same queue. Outcomes that stand there
//!   one behind the other go together, if the scheduler takes several in one message.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use gleaner_model::{Attempt, Host, Outcome};
use gleaner_proto::convert::{
    DocumentPiece, EndedRequests, PackedOutcomes, PermitRequest, Progress, RequestsEnded, Suspended, Throttled,
};
use gleaner_proto::v1;
use gleaner_proto::v1::session_request::Message;
use tokio::sync::mpsc;
use tokio_stream::Stream;

use crate::state::Parcel;

/// Messages of the scheduler under way to their handler: enough that a burst of assignments is not read one by one.
const ANSWERS: usize = 64;
/// Small messages that wait to be sent: some hundred bytes each, but for a checkpoint of up to 64 KiB now and then. At 128 attempts with two requests each under way, the
/// queue is full only when the stream stands still, and then waiting is right.
const ASKS: usize = 256;
/// Pieces and outcomes that wait to be sent: with pieces of 256 KiB at most 4 MiB, a few round trips of a fast network.
const BULK: usize = 16;

/// The stream is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// Where a running session takes messages.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    number: u64,
    answers: mpsc::Sender<Message>,
    asks: mpsc::Sender<Message>,
    bulk: mpsc::Sender<Message>,
    takes_several: Arc<AtomicBool>,
}

/// Leave to answer one message of the scheduler.
#[derive(Debug)]
pub(crate) struct AnswerSlot(mpsc::OwnedPermit<Message>);

impl AnswerSlot {
    /// Answers that an attempt waits, its slot free.
    pub(crate) fn suspended(self, attempt: Attempt, checkpoint: Vec<u8>) {
        self.0.send(Message::Suspended(Suspended { attempt, checkpoint }.into()));
    }

    /// Answers an assignment with its outcome.
    pub(crate) fn outcome(self, attempt: Attempt, outcome: Outcome) {
        self.0.send(Message::Outcome((attempt, outcome).into()));
    }
}

impl Link {
    /// Tells the sessions of this process apart.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// From now on outcomes may go together.
    pub(crate) fn takes_several(&self) {
        self.takes_several.store(true, Ordering::Relaxed);
    }

    /// Waits for room for an answer.
    pub(crate) async fn answer_slot(&self) -> Result<AnswerSlot, Broken> {
        self.answers.clone().reserve_owned().await.map(AnswerSlot).map_err(|_| Broken)
    }

    pub(crate) async fn heartbeat(&self, heartbeat: v1::Heartbeat) -> Result<(), Broken> {
        self.ask(Message::Heartbeat(heartbeat)).await
    }

    pub(crate) async fn permit_request(
        &self,
        attempt: Attempt,
        host: Host,
        ended: Vec<EndedRequests>,
    ) -> Result<(), Broken> {
        self.ask(Message::PermitRequest(PermitRequest { attempt, host, ended }.into())).await
    }

    /// Says which requests of an attempt have ended, if there is room. Was there?
    pub(crate) fn requests_ended(&self, attempt: Attempt, ended: Vec<EndedRequests>) -> bool {
        self.asks.try_send(Message::RequestsEnded(RequestsEnded { attempt, ended }.into())).is_ok()
    }

    pub(crate) async fn throttled(
        &self,
        attempt: Attempt,
        host: Host,
        retry_after_ms: Option<u64>,
    ) -> Result<(), Broken> {
        self.ask(Message::Throttled(Throttled { attempt, host, retry_after_ms }.into())).await
    }

    /// Says how far an attempt has got, if there is room: the next one will say more. Was there?
    pub(crate) fn progress(&self, attempt: Attempt, requests: u32, received_bytes: u64, checkpoint: Vec<u8>) -> bool {
        let progress = Progress { attempt, requests, received_bytes, checkpoint };
        self.asks.try_send(Message::Progress(progress.into())).is_ok()
    }

    /// Gives an attempt back.
    pub(crate) async fn hand_back(&self, attempt: Attempt) -> Result<(), Broken> {
        self.ask(Message::Outcome((attempt, Outcome::HandedBack).into())).await
    }

    /// Sends an outcome, its documents first.
    pub(crate) async fn parcel(&self, attempt: Attempt, parcel: Parcel) -> Result<(), Broken> {
        for packed in &parcel.documents {
            for (data, last) in packed.pieces() {
                let piece = DocumentPiece { attempt, hash: packed.document.hash, data, last };
                self.bulk.send(Message::DocumentPiece(piece.into())).await.map_err(|_| Broken)?;
            }
        }
        let outcome = Message::Outcome((attempt, parcel.outcome).into());
        self.bulk.send(outcome).await.map_err(|_| Broken)
    }

    async fn ask(&self, message: Message) -> Result<(), Broken> {
        self.asks.send(message).await.map_err(|_| Broken)
    }
}

/// What is sent on a stream, the hello first. It ends when every link to it is gone and the queues are empty.
#[derive(Debug)]
pub(crate) struct Outgoing {
    hello: Option<v1::Hello>,
    queues: [Queue; 3],
    takes_several: Arc<AtomicBool>,
}

/// One of the queues.
#[derive(Debug)]
struct Queue {
    messages: mpsc::Receiver<Message>,
    /// Taken, and not said yet: it was no outcome, or one too many.
    next: Option<Message>,
}

/// The two ends of session `number`'s queues.
pub(crate) fn open(number: u64, hello: v1::Hello) -> (Link, Outgoing) {
    let (answers, answers_out) = mpsc::channel(ANSWERS);
    let (asks, asks_out) = mpsc::channel(ASKS);
    let (bulk, bulk_out) = mpsc::channel(BULK);
    let takes_several = Arc::new(AtomicBool::new(false));
    let queues = [answers_out, asks_out, bulk_out].map(|messages| Queue { messages, next: None });
    let outgoing = Outgoing { hello: Some(hello), queues, takes_several: Arc::clone(&takes_several) };
    (Link { number, answers, asks, bulk, takes_several }, outgoing)
}

impl Queue {
    /// The next message; if it is an outcome and there may be `several` in one, with those right behind it.
    fn poll_next(&mut self, context: &mut Context<'_>, several: bool) -> Poll<Option<Message>> {
        let first = match self.next.take() {
            Some(first) => first,
            None => match ready!(self.messages.poll_recv(context)) {
                Some(first) => first,
                None => return Poll::Ready(None),
            },
        };
        Poll::Ready(Some(match first {
            Message::Outcome(first) if several => self.together(first),
            other => other,
        }))
    }

    fn together(&mut self, first: v1::Outcome) -> Message {
        let mut outcomes = PackedOutcomes::new(first);
        while let Ok(next) = self.messages.try_recv() {
            self.next = match next {
                Message::Outcome(outcome) => outcomes.add(outcome).map(Message::Outcome),
                other => Some(other),
            };
            if self.next.is_some() {
                break;
            }
        }
        outcomes.into_message()
    }
}

impl Stream for Outgoing {
    type Item = v1::SessionRequest;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = |message| Poll::Ready(Some(v1::SessionRequest { message: Some(message) }));
        if let Some(hello) = self.hello.take() {
            return item(Message::Hello(hello));
        }
        let (mut open, several) = (false, self.takes_several.load(Ordering::Relaxed));
        for queue in &mut self.queues {
            match queue.poll_next(context, several) {
                Poll::Ready(Some(message)) => return item(message),
                Poll::Ready(None) => {}
                Poll::Pending => open = true,
            }
        }
        if open { Poll::Pending } else { Poll::Ready(None) }
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{TaskId, Token};
    use tokio_stream::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn the_hello_is_first_then_answers_then_asks_then_bulk() {
        let attempt = Attempt { task: TaskId(1), token: Token { epoch: 1, sequence: 2 } };
        let (link, outgoing) = open(1, v1::Hello::default());
        let parcel = Parcel { outcome: Outcome::HandedBack, documents: Vec::new() };
        link.parcel(attempt, parcel).await.expect("open");
        link.heartbeat(v1::Heartbeat::default()).await.expect("open");
        link.answer_slot().await.expect("open").suspended(attempt, Vec::new());
        drop(link);
        let sent: Vec<Message> = outgoing.filter_map(|request| request.message).collect().await;
        assert!(
            matches!(
                sent.as_slice(),
                [Message::Hello(_), Message::Suspended(_), Message::Heartbeat(_), Message::Outcome(_)]
            ),
            "{sent:?}"
        );
    }

    #[tokio::test]
    async fn outcomes_go_together_once_the_scheduler_takes_several() {
        let attempt = |task| Attempt { task: TaskId(task), token: Token { epoch: 1, sequence: task } };
        let kinds = async |several: bool| {
            let (link, outgoing) = open(1, v1::Hello::default());
            if several {
                link.takes_several();
            }
            for task in 0..3 {
                link.answer_slot().await.expect("open").outcome(attempt(task), Outcome::HandedBack);
            }
            link.answer_slot().await.expect("open").suspended(attempt(3), Vec::new());
            link.answer_slot().await.expect("open").outcome(attempt(4), Outcome::HandedBack);
            drop(link);
            let said = outgoing.filter_map(|request| match request.message? {
                Message::Hello(_) => None,
                Message::Outcomes(outcomes) => Some(outcomes.outcomes.len()),
                Message::Suspended(_) => Some(0),
                Message::Outcome(_) => Some(1),
                other => panic!("{other:?}"),
            });
            said.collect::<Vec<usize>>().await
        };
        assert_eq!(kinds(true).await, [3, 0, 1]);
        assert_eq!(kinds(false).await, [1, 1, 1, 0, 1]);
    }

    #[tokio::test]
    async fn a_link_to_a_stream_that_is_over_says_so() {
        let (link, outgoing) = open(1, v1::Hello::default());
        drop(outgoing);
        assert_eq!(link.heartbeat(v1::Heartbeat::default()).await, Err(Broken));
        assert!(link.answer_slot().await.is_err());
    }
}
