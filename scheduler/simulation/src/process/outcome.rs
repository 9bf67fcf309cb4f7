//! What an outcome leads to: accepted once, worked out, committed, and only then acknowledged (the engine's `outcome`).

use gleaner_core::{Report, Verdict, WorkerId};
use gleaner_model::{Attempt, Fault, FaultKind, JobId, JobResult};

use super::jobs::closures;
use super::payload::own_account;
use super::{Committed, Entry, Meaning, Message, Out, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::ledger::Facts;
use crate::packages::{OLDER, RESOLVE};
use crate::tell;
use crate::wire::{Ended, Run, Told, Wish};

impl Process {
    /// A worker told how an attempt ended.
    pub(super) fn outcome(&mut self, worker: WorkerId, told: Attempt, run: Run, ended: Ended, scene: &mut Scene<'_>) {
        let attempt = match self.newest.get(&told.task) {
            Some(newest) if self.is_planted(Planted::AnyToken) => *newest,
            _ => told,
        };
        if self.keeps_slot(attempt.task, ended, scene) {
            return;
        }
        let mut effects = Vec::new();
        let report = match ended {
            Ended::Failed(kind) => Report::Failed(Fault::new(kind, "played")),
            Ended::HandedBack => Report::HandedBack,
            Ended::Finished(_) | Ended::Answered(_) => Report::Finished,
        };
        let verdict = self.core.outcome(attempt, report, scene.now, &mut effects);
        tell!(scene.story, scene.at_ms, "    {ended:?} of {} under {} by {run:?}: {verdict:?}", told.task, told.token);
        scene.ledger.judged(attempt.task, run, ended, &verdict);
        match verdict {
            Verdict::Accept => {
                self.perform(&mut effects, None, scene);
                let result = self.meaning(ended, scene);
                let attempt = Attempt { token: told.token, ..attempt };
                scene.out.push(Out::Later(Message::Prepared { worker, attempt, run, result }));
                if self.is_planted(Planted::AckBeforeCommit) {
                    self.say(worker, Told::Ack(told), scene);
                }
            }
            Verdict::Retried { .. } | Verdict::DeadLetter => self.perform(&mut effects, Some((worker, told)), scene),
            Verdict::Refused | Verdict::Closed => {
                self.perform(&mut effects, None, scene);
                self.say(worker, Told::Ack(told), scene);
            }
        }
    }

    /// Writes what an outcome means: its jobs end, and what it leaves to do is submitted, in one commit.
    pub(super) fn prepared(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        run: Run,
        result: Result<Meaning, FaultKind>,
        scene: &mut Scene<'_>,
    ) {
        let meaning = match result {
            Ok(meaning) => meaning,
            Err(kind) => return self.reopen(attempt, kind, Some((worker, attempt)), scene),
        };
        if self.ask_for_more(worker, attempt, &meaning, scene) {
            return;
        }
        let state = meaning.state;
        let attempts = self.core.attempts_of(attempt.task);
        let jobs = self.core.jobs_of(attempt.task);
        let merged = self.merged_into(attempt.task);
        let result = JobResult::bare(state, scene.now.wall, attempts);
        let mut entry = Entry::new(Then::Tell(Committed::Outcome { worker, attempt, jobs: jobs.clone() }));
        entry.closures = closures(&jobs, &result, Some(attempt.task), &merged);
        entry.outcome = Some((attempt.task, run));
        self.follow_up(attempt, &mut entry, scene);
        self.committer.send(entry);
    }

    /// Takes in work that Gleaner gives itself, if the queue has room for it.
    fn follow_up(&mut self, attempt: Attempt, entry: &mut Entry, scene: &mut Scene<'_>) {
        let Some(target) = scene.ledger.target_of(attempt.task) else { return };
        if target & (OLDER | RESOLVE) != 0 || !scene.chance.percent(5) {
            return;
        }
        let wish = Wish::plain(target | OLDER);
        let Ok((job, payload)) = self.admit_one(wish, &own_account(), scene) else { return };
        scene.ledger.admitted(job, Facts::new(&payload, scene.at_ms));
        entry.commands.push((job.0, payload.to_command(scene.now.wall)));
        self.payloads.insert(job, payload);
    }

    pub(super) fn outcome_committed(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        jobs: &[JobId],
        scene: &mut Scene<'_>,
    ) {
        let mut effects = std::mem::take(&mut self.effects);
        if !(self.is_planted(Planted::WakeUpLost) && scene.ledger.is_waited_for(jobs)) {
            self.core.committed(attempt.task, scene.now, &mut effects);
        }
        self.effects = effects;
        self.newest.remove(&attempt.task);
        self.asked.remove(&attempt.task);
        scene.ledger.jobs_over(jobs);
        jobs.iter().for_each(|job| drop(self.payloads.remove(job)));
        self.orders_hear(jobs, scene);
        self.say(worker, Told::Ack(attempt), scene);
    }

    /// What was accepted cannot be committed as it is.
    pub(super) fn reopen(
        &mut self,
        attempt: Attempt,
        kind: FaultKind,
        ack: Option<(WorkerId, Attempt)>,
        scene: &mut Scene<'_>,
    ) {
        let mut effects = Vec::new();
        self.core.reopen(attempt.task, Fault::new(kind, "played"), scene.now, &mut effects);
        self.cancel_what_goes_on(attempt.task);
        scene.ledger.reopened(attempt.task);
        self.perform(&mut effects, ack, scene);
    }
}
