//! The scheduler actor: thin hands around [`gleaner_core::Scheduler`].
//!
//! It takes all messages that have gathered, asks the core what follows, and has it done: entries go to the committer,
//! assignments to workers, news to watchers. It never waits for a disk flush, a network or a lock that is held across
//! either; what takes time happens elsewhere and comes back as a message.

mod answers;
mod assign;
mod children;
mod effects;
mod explain;
mod gathered;
mod hosts;
mod inbox;
mod jobs;
mod message;
mod orders;
mod outcome;
mod query;
mod recovery;
mod state;
mod workers;

use ractor::{Actor, ActorProcessingErr, ActorRef, SpawnErr};
use tokio::task::JoinHandle;

use self::inbox::{Bell, Inbox};

pub(crate) use hosts::{HostBook, HostError, SetHost};
pub(crate) use inbox::SchedulerRef;
pub(crate) use message::{
    Admitted, CancelError, Credit, Message, Reply, Reported, Submission, SubmitError, ToWorker, WorkerSaid,
};
pub(crate) use orders::{BatchItem, BatchSubmission, CampaignChange, Name, Order, OrderError, batch_states};
pub(crate) use query::bare_view;
pub(crate) use recovery::{Child, recover};
pub(crate) use state::{Parts, State};

struct SchedulerActor;

/// Starts a scheduler; the handle ends with it.
///
/// # Errors
/// The actor does not start.
pub(crate) async fn start(parts: Parts) -> Result<(SchedulerRef, JoinHandle<()>), SpawnErr> {
    let inbox = Inbox::new();
    let waiting = inbox.waiting();
    let (actor, running) = Actor::spawn(None, SchedulerActor, (parts, inbox)).await?;
    Ok((SchedulerRef::new(actor, waiting), running))
}

impl Actor for SchedulerActor {
    type Msg = Bell;
    type State = State;
    type Arguments = (Parts, Inbox);

    async fn pre_start(
        &self,
        myself: ActorRef<Bell>,
        (parts, inbox): (Parts, Inbox),
    ) -> Result<State, ActorProcessingErr> {
        Ok(State::new(SchedulerRef::new(myself, inbox.waiting()), inbox, parts))
    }

    async fn handle(&self, _myself: ActorRef<Bell>, Bell: Bell, state: &mut State) -> Result<(), ActorProcessingErr> {
        state.hear();
        Ok(())
    }
}
