//! What one round of the scheduler makes durable together, and what it tells each worker together.
//!
//! The problem: in a round hundreds of attempts end. An entry for each end and one for each acknowledgement would be
//! hundreds of turns in the committer's queue, of calls when they are durable, and of messages back. So ends, failed
//! attempts and the acknowledgements that wait for them gather in one entry, which goes to the committer at the end of
//! the round, or before any other entry, since the committer wants commands in ascending order.

use gleaner_core::WorkerId;
use gleaner_model::{Attempt, JobId, JobResult};
use gleaner_store::{Closure, Command};
use hashbrown::HashMap;

use super::message::{Committed, Message, ToWorker};
use super::state::State;
use crate::committer::Entry;

/// Ends and acknowledgements of one entry: about an eighth of a commit, so that the committer has something to write
/// while the rest of a large round is decided.
const GATHERED_MAX: usize = 1_024;

/// What waits for the end of the round.
#[derive(Default)]
pub(super) struct Gathered {
    commands: Vec<(u64, Command)>,
    closures: Vec<Closure>,
    ended: Vec<(JobId, JobResult)>,
    /// Whose outcomes may be forgotten when all of the above is durable, and all that was sent to the committer before.
    acks: Vec<(WorkerId, Attempt)>,
    /// Whose outcomes may be forgotten at once.
    due: Vec<(WorkerId, Attempt)>,
}

impl State {
    /// Sends an entry to the committer, after what has gathered.
    pub(super) fn commit(&mut self, entry: Entry) {
        self.commit_gathered();
        self.parts.committer.send(entry);
    }

    /// Writes a command that nobody waits for.
    pub(super) fn journal(&mut self, command: Command) {
        let sequence = self.next_sequence();
        self.gathered.commands.push((sequence, command));
    }

    /// Ends jobs in the journal, and tells of it when that is durable.
    pub(super) fn end(&mut self, closures: Vec<Closure>, ended: Vec<(JobId, JobResult)>) {
        self.gathered.closures.extend(closures);
        self.gathered.ended.extend(ended);
        if self.gathered.closures.len() >= GATHERED_MAX {
            self.commit_gathered();
        }
    }

    /// Lets a worker forget an outcome once all that was decided so far is durable.
    pub(super) fn acknowledge_after_commit(&mut self, worker: WorkerId, attempt: Attempt) {
        self.gathered.acks.push((worker, attempt));
    }

    /// Lets a worker forget an outcome of which nothing is to be made durable, or is already.
    pub(super) fn acknowledge(&mut self, worker: WorkerId, attempt: Attempt) {
        self.gathered.due.push((worker, attempt));
    }

    /// The end of a round: all that has gathered goes on its way.
    pub(super) fn part_with_gathered(&mut self) {
        self.commit_gathered();
        let due = std::mem::take(&mut self.gathered.due);
        self.say_acknowledged(due);
    }

    fn commit_gathered(&mut self) {
        let Gathered { commands, closures, ended, acks, due } = std::mem::take(&mut self.gathered);
        self.gathered.due = due;
        if commands.is_empty() && closures.is_empty() && acks.is_empty() {
            return;
        }
        let myself = self.myself.clone();
        let mut entry = Entry::new(Box::new(move |result| {
            if result.is_ok() {
                let _ = myself.cast(Message::Committed(Committed::Ended { ended, acks }));
            }
        }));
        (entry.commands, entry.closures) = (commands, closures);
        self.parts.committer.send(entry);
    }

    /// Tells workers, each once, which outcomes they may forget.
    fn say_acknowledged(&mut self, acknowledged: Vec<(WorkerId, Attempt)>) {
        for (worker, attempts) in by_worker(acknowledged) {
            self.say(worker, ToWorker::Ack(attempts));
        }
    }
}

/// What each worker has of something, in order.
pub(super) fn by_worker<T>(all: impl IntoIterator<Item = (WorkerId, T)>) -> HashMap<WorkerId, Vec<T>> {
    let mut by_worker: HashMap<WorkerId, Vec<T>> = HashMap::new();
    for (worker, one) in all {
        by_worker.entry(worker).or_default().push(one);
    }
    by_worker
}
