//! The scheduler actor: thin hands around [`gleaner_core::Scheduler`].
//!
//! It takes messages one at a time, asks the core what follows, and has it done: entries go to the committer,
//! assignments to workers, news to watchers. It never waits for a disk flush, a network or a lock that is held across
//! either; what takes time happens elsewhere and comes back as a message.

mod assign;
mod effects;
mod explain;
mod jobs;
mod message;
mod outcome;
mod query;
mod recovery;
mod state;
mod workers;

use ractor::{Actor, ActorProcessingErr, ActorRef};

pub(crate) use message::{
    Admitted, CancelError, Credit, Message, Reply, Submission, SubmitError, ToWorker, WorkerSaid,
};
pub(crate) use query::bare_view;
pub(crate) use recovery::recover;
pub(crate) use state::{Parts, State};

/// The scheduler's address.
pub(crate) type SchedulerRef = ActorRef<Message>;

pub(crate) struct SchedulerActor;

impl Actor for SchedulerActor {
    type Msg = Message;
    type State = State;
    type Arguments = Parts;

    async fn pre_start(&self, myself: SchedulerRef, parts: Parts) -> Result<State, ActorProcessingErr> {
        Ok(State::new(myself, parts))
    }

    async fn handle(
        &self,
        _myself: SchedulerRef,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.handle(message);
        state.settle();
        Ok(())
    }
}
