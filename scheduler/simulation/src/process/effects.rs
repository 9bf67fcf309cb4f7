//! Doing what the core decided (the engine's `effects` and `assign`).

use gleaner_core::{Effect, HostIndex, Report, WorkerId};
use gleaner_model::{Attempt, Fault, FaultKind, Lane};
use gleaner_store::Command;

use super::{Committed, Entry, Message, Out, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::tell;
use crate::wire::{Conn, Told};

impl Process {
    /// Does what was decided, in order. Whatever is journalled on the way is the consequence of an outcome whose
    /// worker waits for its acknowledgement, if `ack` names one.
    pub(super) fn perform(
        &mut self,
        effects: &mut Vec<Effect>,
        ack: Option<(WorkerId, Attempt)>,
        scene: &mut Scene<'_>,
    ) {
        for effect in effects.drain(..) {
            tell!(scene.story, scene.at_ms, "    decided {effect:?}");
            match effect {
                Effect::Assign { worker, attempt, host, use_before_ms, lane } => {
                    self.assign(worker, attempt, host, lane, use_before_ms, scene);
                }
                Effect::Permit { worker, attempt, host, use_before_ms } => {
                    scene.ledger.may_ask(attempt.task, scene.at_ms);
                    self.permit(worker, attempt, host, use_before_ms, scene);
                }
                Effect::Suspend { worker, attempt } => {
                    scene.ledger.set_aside(attempt.task, true, scene.at_ms);
                    self.say(worker, Told::Suspend(attempt), scene);
                }
                Effect::Resume { worker, attempt } => {
                    scene.ledger.set_aside(attempt.task, false, scene.at_ms);
                    self.say(worker, Told::Resume(attempt), scene);
                }
                Effect::CancelAttempt { worker, attempt } => self.say(worker, Told::Cancel(attempt), scene),
                Effect::AttemptFailed { task, attempts, fault, retry_at } => {
                    scene.ledger.attempt_over(task);
                    self.journal(Command::AttemptFailed { task, attempts, fault, retry_at });
                }
                Effect::HostBlocked { host, until } => {
                    let known = self.core.host_name(host).cloned();
                    scene.ledger.wished(host, until, self.next_sequence);
                    if let Some(host) = known.filter(|_| !self.is_planted(Planted::WishNotJournalled)) {
                        self.journal(Command::HostBlocked { host, until });
                    }
                }
                close @ Effect::Close { .. } => self.close(close, scene),
                Effect::Requeued { task } => scene.ledger.attempt_over(task),
            }
        }
        if let Some((worker, attempt)) = ack {
            self.acknowledge_after_commit(worker, attempt, scene);
        }
    }

    fn acknowledge_after_commit(&mut self, worker: WorkerId, attempt: Attempt, scene: &mut Scene<'_>) {
        if self.is_planted(Planted::AckBeforeCommit) {
            return self.say(worker, Told::Ack(attempt), scene);
        }
        self.committer.send(Entry::new(Then::Tell(Committed::Ack { worker, attempt })));
    }

    /// Sends an attempt on its way: what is known of the package is read off the actor's thread, so that other
    /// messages to the same worker may overtake the assignment.
    fn assign(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        lane: Lane,
        use_within_ms: u64,
        scene: &mut Scene<'_>,
    ) {
        scene.ledger.served(&self.core, attempt.task, host, lane, scene.at_ms);
        scene.ledger.is_wanted(attempt.task, &self.core.jobs_of(attempt.task));
        let run = scene.ledger.assigned(attempt.task, worker, host, lane, scene.at_ms);
        self.newest.insert(attempt.task, attempt);
        let maker = attempt.task.maker();
        if !self.payloads.contains_key(&maker) && !scene.shelf.knows(maker).unwrap_or(false) {
            scene.ledger.fail(format!("the journal does not know {}, which is assigned", attempt.task));
            return self.give_up(attempt, scene);
        }
        let Some(link) = self.links.get(&worker) else { return };
        let told = Told::Assign { attempt, run, host, use_within_ms };
        scene.out.push(Out::Later(Message::Described { worker, conn: link.conn, told }));
    }

    pub(super) fn described(&mut self, worker: WorkerId, conn: Conn, told: Told, scene: &mut Scene<'_>) {
        if self.links.get(&worker).is_some_and(|link| link.conn == conn) {
            self.say(worker, told, scene);
        }
    }

    fn give_up(&mut self, attempt: Attempt, scene: &mut Scene<'_>) {
        let mut effects = Vec::new();
        let fault = Fault::new(FaultKind::Internal, "an attempt cannot be assigned");
        self.core.outcome(attempt, Report::Failed(fault), scene.now, &mut effects);
        self.perform(&mut effects, None, scene);
    }

    fn permit(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        use_within_ms: u64,
        scene: &mut Scene<'_>,
    ) {
        let told = Told::Permit { attempt, host, use_within_ms };
        let is_lesser = !scene.ledger.asked_as_paid(&self.core, attempt.task);
        if self.is_planted(Planted::PermitTwice) && scene.chance.percent(20) {
            scene.ledger.granted(host, is_lesser, scene.at_ms);
            self.say(worker, told.clone(), scene);
        }
        scene.ledger.granted(host, is_lesser, scene.at_ms);
        self.say(worker, told, scene);
    }

    /// Writes a command that nobody waits for.
    fn journal(&mut self, command: Command) {
        let mut entry = Entry::new(Then::Nothing);
        entry.commands.push((self.next_sequence(), command));
        self.committer.send(entry);
    }
}
