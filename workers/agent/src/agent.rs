//! Starting an agent, and holding on to it.
//!
//! Its long-lived parts, and what follows when one ends:
//! - the worker (an actor): it ends when the agent is to end, and everything else then does;
//! - the session (a task): it opens stream after stream; it ends by itself only if the first greeting is refused;
//! - the state (a thread): it ends when nobody can reach it any more; if its disk fails, the agent ends with the error,
//!   since outcomes could not be kept;
//! - attempts and the sending of outcomes (tasks): owned by the worker and by the session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gleaner_model::WorkerName;
use ractor::{Actor, ActorRef};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tonic::transport::Channel;

use crate::attempt::{Drains, Tools};
use crate::catalogue::{Catalogue, Kept};
use crate::chance::Chance;
use crate::http::HttpClient;
use crate::session::{Greeting, Session};
use crate::state;
use crate::worker::{Worker, WorkerArguments, WorkerMessage};
use crate::workshop::Workshop;
use crate::{AgentError, Options};

/// What an agent has at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Is there a session with a scheduler?
    pub connected: bool,
    /// Attempts in a slot.
    pub running: usize,
    /// Attempts that were asked to wait.
    pub suspended: usize,
    /// Outcomes that wait for an acknowledgement.
    pub unacknowledged: usize,
    /// Does it take nothing new?
    pub draining: bool,
}

/// The worker.
#[derive(Debug)]
pub struct Agent;

/// An agent that runs. Dropping the handle does not stop it.
#[derive(Clone, Debug)]
pub struct Handle {
    name: WorkerName,
    worker: ActorRef<WorkerMessage>,
    snapshot: watch::Receiver<Snapshot>,
    end: watch::Receiver<Option<Result<(), AgentError>>>,
}

impl Agent {
    /// Starts an agent that talks to its scheduler over `channel`, which need not be connected yet. It must be called
    /// within a tokio runtime, and goes on there.
    ///
    /// # Errors
    /// The options are wrong, or the state cannot be opened: in use, newer, unreadable.
    pub async fn start(options: Options, channel: Channel) -> Result<Handle, AgentError> {
        options.check()?;
        let http = HttpClient::new(&options)?;
        let mut chance = Chance::new(options.seed);
        let incarnation = chance.next();
        // Opening may repair a file that a kill left behind, which reads all of it.
        let opening = options.clone();
        let mut names = Chance::new(chance.next());
        let opened = tokio::task::spawn_blocking(move || state::open(&opening, &mut names)).await;
        let (state, found, state_ended) = opened.map_err(|error| AgentError::Defect(error.to_string()))??;
        // After the state, whose lock makes the directory this process's alone.
        let (kept, workshop) = (Kept::open(options.packages()), Workshop::new());
        let snapshot_max = options.snapshot_max_bytes;
        let catalogue = Catalogue::new(channel.clone(), kept, workshop.clone(), snapshot_max);

        let (links, links_out) = watch::channel(None);
        let (snapshot, snapshot_out) = watch::channel(Snapshot::default());
        let (closing, closing_out) = watch::channel(false);
        let greeting = Greeting {
            worker: found.worker.clone(),
            incarnation,
            capabilities: options.capabilities.clone(),
            slots: options.slots,
        };
        let tools = Tools {
            drains: Arc::new(Drains::new(options.drain_max_bytes)),
            options: Arc::new(options),
            http,
            workshop,
            state: state.clone(),
            catalogue,
            links: links_out,
        };
        let ended = Arc::new(AtomicBool::new(false));
        let arguments = WorkerArguments { tools, links, snapshot, outbox: found.outbox, ended: Arc::clone(&ended) };
        let (worker, worker_task) =
            Worker::spawn(None, Worker, arguments).await.map_err(|error| AgentError::Defect(error.to_string()))?;
        let session = Session::new(
            channel,
            worker.clone(),
            greeting,
            state,
            snapshot_out.clone(),
            closing_out,
            Chance::new(chance.next()),
        );
        let session_task = tokio::spawn(session.run());
        let (end, end_out) = watch::channel(None);
        let parts = Parts { worker: worker.clone(), worker_task, ended, session_task, state_ended, closing };
        tokio::spawn(async move { end.send_replace(Some(parts.watch().await)) });
        Ok(Handle { name: found.worker, worker, snapshot: snapshot_out, end: end_out })
    }
}

impl Handle {
    /// The worker's name, as its scheduler knows it.
    #[must_use]
    pub const fn name(&self) -> &WorkerName {
        &self.name
    }

    /// What the agent has now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        *self.snapshot.borrow()
    }

    /// Finishes what has begun, gives back what has not, takes nothing new, and ends when every outcome is
    /// acknowledged. While no scheduler can be reached, that does not happen; [`Handle::stop`] then ends it, and what
    /// is in the outbox stays for the next start.
    pub fn drain(&self) {
        let _ = self.worker.cast(WorkerMessage::Drain);
    }

    /// Ends at once: attempts are dropped, the outbox stays.
    pub fn stop(&self) {
        self.worker.stop(None);
    }

    /// Waits for the end: a drain that is done, a stop, or an error that the agent cannot work on with.
    ///
    /// # Errors
    /// What ended the agent against its owner's will.
    pub async fn wait(&self) -> Result<(), AgentError> {
        let mut end = self.end.clone();
        let lost = || Err(AgentError::Defect("the runtime is shutting down".to_owned()));
        let result = end.wait_for(Option::is_some).await.map_or_else(|_| Some(lost()), |end| end.clone());
        result.unwrap_or_else(lost)
    }
}

/// The long-lived parts.
struct Parts {
    worker: ActorRef<WorkerMessage>,
    worker_task: ractor::concurrency::JoinHandle<()>,
    ended: Arc<AtomicBool>,
    session_task: JoinHandle<Result<(), AgentError>>,
    state_ended: state::Ended,
    closing: watch::Sender<bool>,
}

impl Parts {
    /// Waits until one part ends, ends the others, and says how it went.
    async fn watch(mut self) -> Result<(), AgentError> {
        let flat = |ended: Result<Result<(), AgentError>, JoinError>| {
            ended.unwrap_or_else(|error| Err(AgentError::Defect(format!("the session: {error}"))))
        };
        let session_first = tokio::select! {
            _ = &mut self.worker_task => None,
            ended = &mut self.session_task => Some(flat(ended)),
        };
        let session = match session_first {
            Some(ended) => {
                self.worker.stop(None);
                let _ = self.worker_task.await;
                ended
            }
            None => {
                self.closing.send_replace(true);
                flat(self.session_task.await)
            }
        };
        let ended_well = self.ended.load(Ordering::Acquire);
        let worker = if ended_well { Ok(()) } else { Err(AgentError::Defect("the worker".to_owned())) };
        let state = self.state_ended.await.unwrap_or_else(|_| Err(AgentError::Defect("the state".to_owned())));
        // A disk that failed is the cause of whatever else went wrong.
        state.and(worker).and(session)
    }
}
