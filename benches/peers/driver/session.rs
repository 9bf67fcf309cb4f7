//! The worker's stream: the greeting, signs of life, and what is said of attempts.

use std::error::Error;
use std::time::Duration;

use gleaner_proto::convert::OUTCOMES_MAX;
use gleaner_proto::v1::session_request::Message as Said;
use gleaner_proto::v1::session_response::Message as Told;
use gleaner_proto::v1::worker_service_client::WorkerServiceClient;
use gleaner_proto::v1::{self, Capability, Fault, FaultKind, Hello, JobKind, outcome};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::Said as SaidOfAll;

/// The way to the scheduler.
#[derive(Clone)]
pub(crate) struct Voice {
    said: mpsc::Sender<v1::SessionRequest>,
    of_all: SaidOfAll,
    /// Does the scheduler take several outcomes in one message?
    several: bool,
}

/// Opens a session for a worker of `slots` slots.
pub(crate) async fn open(
    channel: Channel,
    slots: u32,
    of_all: SaidOfAll,
) -> Result<(Voice, Streaming<v1::SessionResponse>), Box<dyn Error>> {
    // Room for an outcome of each slot, so that whoever has ended need not wait for the stream to be written.
    let (said, saying) = mpsc::channel(2 * usize::try_from(slots)?);
    let mut voice = Voice { said, of_all, several: false };
    let pid = std::process::id();
    voice.say(Said::Hello(hello(pid, slots))).await?;
    let mut client = WorkerServiceClient::new(channel);
    let mut told = client.session(ReceiverStream::new(saying)).await?.into_inner();
    let Some(Told::Welcome(welcome)) = told.message().await?.and_then(|first| first.message) else {
        return Err("a session begins with a welcome".into());
    };
    voice.several = welcome.takes_several;
    tokio::task::spawn_local(beat(voice.clone(), Duration::from_millis(welcome.heartbeat_ms)));
    Ok((voice, told))
}

fn hello(pid: u32, slots: u32) -> Hello {
    Hello {
        worker: format!("peer-{pid}"),
        incarnation: pid.into(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        capabilities: vec![Capability { kind: JobKind::Crawl.into(), ecosystem: "npm".to_owned() }],
        slots,
        held: Vec::new(),
        tells_ends: false,
        takes_several: true,
    }
}

async fn beat(voice: Voice, every: Duration) {
    while voice.say(Said::Heartbeat(v1::Heartbeat::default())).await.is_ok() {
        tokio::time::sleep(every).await;
    }
}

impl Voice {
    async fn say(&self, message: Said) -> Result<(), Box<dyn Error>> {
        let request = v1::SessionRequest { message: Some(message) };
        self.said.send(request).await.map_err(|_| "the session is over".into())
    }

    /// These attempts have ended.
    pub(crate) async fn ended(&self, attempts: Vec<v1::Attempt>) -> Result<(), Box<dyn Error>> {
        let outcomes = attempts.into_iter().map(|attempt| self.outcome(attempt));
        if !self.several {
            for outcome in outcomes {
                self.say(Said::Outcome(outcome)).await?;
            }
            return Ok(());
        }
        let mut outcomes = outcomes.peekable();
        while outcomes.peek().is_some() {
            let outcomes = outcomes.by_ref().take(OUTCOMES_MAX).collect();
            self.say(Said::Outcomes(v1::Outcomes { outcomes })).await?;
        }
        Ok(())
    }

    fn outcome(&self, attempt: v1::Attempt) -> v1::Outcome {
        let result = match self.of_all {
            // Any moment will do; what it was is not asked for.
            SaidOfAll::NotFound => outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1_700_000_000_000 }),
            SaidOfAll::Fault => {
                let detail = "there is nothing to crawl".to_owned();
                outcome::Result::Failed(Fault { kind: FaultKind::Denied.into(), detail })
            }
        };
        v1::Outcome { attempt: Some(attempt), result: Some(result) }
    }

    /// The attempt has freed its slot and waits.
    pub(crate) async fn suspended(&self, attempt: v1::Attempt) -> Result<(), Box<dyn Error>> {
        let suspended = v1::Suspended { attempt: Some(attempt), checkpoint: Vec::new() };
        self.say(Said::Suspended(suspended)).await
    }
}
