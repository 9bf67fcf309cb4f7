//! What can happen in the world of the random histories.

use std::collections::BTreeSet;

use super::world::{OpenJob, Step, World, begin, options};
use super::*;
use crate::{CancelOutcome, ClaimVerdict, RecoveredJob, Terms};

impl World {
    pub(super) fn step(&mut self, (what, a, b): Step) {
        let mut out = Vec::new();
        match what {
            0..=5 => self.submit(a, b, a % 3, 12),
            6 => self.cancel(a, &mut out),
            7..=8 => self.join(a, b, &mut out),
            9 => self.leave(a),
            10..=11 => self.pass(u64::from(a % 300), &mut out),
            12 => self.pass(u64::from(a % 12_000), &mut out),
            13 => self.live(),
            14..=16 => self.finish(a, b, &mut out),
            17 => self.fail(a, b, &mut out),
            18..=19 => self.thirst(a, b, &mut out),
            20 => self.throttle(a, b, &mut out),
            21 => self.ghost(a, &mut out),
            22 => self.settle(a, b, &mut out),
            23 => self.work_on(a),
            24 if a.is_multiple_of(4) => self.restart(),
            24 => self.drain(a),
            25 => self.progress(a, b),
            // Of a host that is hardly ever closed, about so many targets that twins are rare.
            27 => self.submit(a, b, 3, 6_000),
            _ => while self.core.dispatch(self.now(), &mut out) {},
        }
        self.digest(out);
        self.check();
    }

    /// An ask about one of so many targets of a host, a multiple of six.
    fn submit(&mut self, a: u16, b: u16, host: u16, targets: u16) {
        let ask = Ask {
            job: JobId(self.next),
            client: ClientIndex(b % 3),
            lane: Lane::ALL[usize::from(b / 3 % 4)],
            host: HostIndex(host),
            needs: Needs(1 << (a / 3 % 2)),
            // What a target needs, and of whom, is a matter of the target.
            target: TargetKey(u128::from(a % targets) + if host == 3 { 1_000 } else { 0 }),
            max_age_ms: u64::from(b % 7) * 100,
            expires_at: b.is_multiple_of(5).then(|| self.now().wall.plus_ms(u64::from(b))),
        };
        self.next += 1;
        let after = |ms: u16| Some(self.now().wall.plus_ms(u64::from(ms)));
        let terms = Terms {
            not_before: if b % 11 < 2 { after(b % 1_500) } else { None },
            deadline: if b % 4 == 1 { after(1 + b / 4) } else { None },
        };
        if let Ok(admission) = self.core.submit_under(ask, terms, self.now()) {
            self.jobs.insert(ask.job, OpenJob { ask, terms, submitted: admission.task(), task: admission.task() });
        }
    }

    pub(super) fn cancel(&mut self, a: u16, out: &mut Vec<Effect>) {
        let Some(job) = pick(self.jobs.keys().copied(), a) else { return };
        let outcome = self.core.cancel(job, self.now(), out);
        let committing = self.committing.contains(&self.jobs[&job].task);
        assert_eq!(outcome, if committing { CancelOutcome::Committing } else { CancelOutcome::Cancelled });
    }

    pub(super) fn join(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let at = usize::from(a) % self.processes.len();
        self.sessions += 1;
        let worker = WorkerId(self.sessions);
        let before = self.processes[at].session.replace(worker);
        let process = &mut self.processes[at];
        (process.slots, process.needs) = (b % 4, 1 + (b / 4) % 3);
        let held: Vec<_> = process
            .attempts
            .iter()
            .map(|(attempt, finished)| Held { attempt: *attempt, finished: *finished })
            .collect();
        let joining = Joining { worker, slots: process.slots, needs: Needs(process.needs), held: held.clone() };
        let claims = self.core.join(joining, self.now(), out);
        assert_eq!(
            claims.iter().map(|claim| claim.attempt).collect::<Vec<_>>(),
            held.iter().map(|h| h.attempt).collect::<Vec<_>>()
        );
        let mut kept = Vec::new();
        for (claim, held) in claims.iter().zip(&held) {
            let task = claim.attempt.task;
            match claim.verdict {
                ClaimVerdict::Adopted(token) => {
                    assert!(token > claim.attempt.token, "a fresh token");
                    let attempt = Attempt { task, token };
                    if let Some((beaten, _, _)) = self.current.insert(task, (attempt, Some(worker), !held.finished)) {
                        self.ghosts.push(beaten);
                    }
                    kept.push((attempt, held.finished));
                }
                ClaimVerdict::Abandoned => assert!(self.core.lane_of(task).is_some(), "of a live task"),
                ClaimVerdict::Closed => {
                    assert!(self.core.lane_of(task).is_none() || self.committing.contains(&task));
                }
            }
            self.ghosts.push(claim.attempt);
        }
        self.processes[at].attempts = kept;
        if let Some(before) = before {
            self.forsake(before);
            self.core.leave(before, self.now());
        }
    }

    pub(super) fn leave(&mut self, a: u16) {
        let at = usize::from(a) % self.processes.len();
        if let Some(session) = self.processes[at].session.take() {
            self.forsake(session);
            self.core.leave(session, self.now());
        }
    }

    pub(super) fn forsake(&mut self, session: WorkerId) {
        for (_, worker, _) in self.current.values_mut().filter(|(_, worker, _)| *worker == Some(session)) {
            *worker = None;
        }
    }

    pub(super) fn pass(&mut self, ms: u64, out: &mut Vec<Effect>) {
        self.ms += ms;
        self.core.tick(self.now(), out);
    }

    pub(super) fn live(&mut self) {
        for session in self.processes.iter().filter_map(|process| process.session) {
            assert!(self.core.heartbeat(session, self.now()));
        }
    }

    /// Some attempt that a connected process has.
    pub(super) fn attempt(&self, a: u16) -> Option<(usize, WorkerId, Attempt)> {
        let all = self.processes.iter().enumerate().flat_map(|(at, process)| {
            let session = process.session;
            process.attempts.iter().filter_map(move |(attempt, _)| Some((at, session?, *attempt)))
        });
        pick(all, a)
    }

    /// Reports, and checks that only the current token counts.
    pub(super) fn report(&mut self, attempt: Attempt, report: Report, out: &mut Vec<Effect>) -> Verdict {
        let current = self.current.get(&attempt.task).is_some_and(|(current, _, _)| *current == attempt);
        let verdict = self.core.outcome(attempt, report, self.now(), out);
        assert_eq!(current, !matches!(verdict, Verdict::Refused | Verdict::Closed), "{attempt:?}: {verdict:?}");
        if current {
            self.current.remove(&attempt.task);
        }
        if verdict == Verdict::Accept {
            assert!(!self.committed.contains(&attempt.task) && !self.committing.contains(&attempt.task));
            self.committing.push(attempt.task);
        }
        verdict
    }

    pub(super) fn forget(&mut self, at: usize, attempt: Attempt) {
        self.processes[at].attempts.retain(|(held, _)| *held != attempt);
        self.ghosts.push(attempt);
    }

    pub(super) fn finish(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let Some((at, _, attempt)) = self.attempt(a) else { return };
        self.report(attempt, Report::Finished, out);
        self.forget(at, attempt);
        match b % 6 {
            0 | 3 => {}
            // It found that others must end first.
            2 => self.settle(a, 2, out),
            _ => self.settle(u16::MAX, 1, out),
        }
    }

    pub(super) fn fail(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let Some((at, _, attempt)) = self.attempt(a) else { return };
        let kind = FaultKind::ALL[usize::from(b) % FaultKind::ALL.len()];
        let report = if b.is_multiple_of(9) { Report::HandedBack } else { Report::Failed(Fault::new(kind, "played")) };
        self.report(attempt, report, out);
        self.forget(at, attempt);
    }

    /// Commits an accepted outcome, or finds that it cannot.
    pub(super) fn settle(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        if self.committing.is_empty() {
            return;
        }
        let task = self.committing.remove(usize::from(a) % self.committing.len());
        if b.is_multiple_of(4) {
            let verdict = self.core.reopen(task, Fault::new(FaultKind::Stale, "played"), self.now(), out);
            assert!(matches!(verdict, Verdict::Retried { .. } | Verdict::DeadLetter));
            return;
        }
        if b % 4 == 2 {
            return self.wait_for(task, a);
        }
        let jobs = self.core.jobs_of(task);
        assert!(!jobs.is_empty());
        self.end(&jobs);
        self.core.committed(task, self.now(), out);
        assert!(self.committed.insert(task), "committed once");
    }

    /// The outcome says that some of the open jobs must end first. Not those of tasks that wait themselves: resolutions
    /// wait for crawls, which wait for nobody.
    fn wait_for(&mut self, task: TaskId, a: u16) {
        let waited_for: BTreeSet<JobId> = self.waiting.values().flatten().copied().collect();
        let may = |(job, open): &(&JobId, &OpenJob)| {
            let waits = self.waiting.contains_key(&open.task) || open.task == task || open.terms.not_before.is_some();
            !waits && !waited_for.contains(job)
        };
        let children: Vec<JobId> = self
            .jobs
            .iter()
            .filter(may)
            .map(|(job, _)| *job)
            .skip(usize::from(a % 3))
            .take(usize::from(a % 4))
            .collect();
        // Whoever is waited for must not come to wait: the world keeps to that by never letting it.
        let blocked: BTreeSet<TaskId> = children.iter().map(|job| self.jobs[job].task).collect();
        self.barred.extend(blocked);
        let may_wait = !self.barred.contains(&task);
        let children = if may_wait { children } else { Vec::new() };
        assert!(self.core.wait_for(task, &children, self.now()));
        if !children.is_empty() {
            self.waiting.insert(task, children.into_iter().collect());
        }
    }

    pub(super) fn end(&mut self, jobs: &[JobId]) {
        for job in jobs {
            assert!(self.jobs.remove(job).is_some(), "{job} was open");
            assert!(self.ended.insert(*job), "{job} ends once");
        }
    }

    pub(super) fn thirst(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        if let Some((_, session, attempt)) = self.attempt(a) {
            self.core.ask_permit(session, attempt, HostIndex(b % 3), self.now(), out);
        }
    }

    fn progress(&mut self, a: u16, b: u16) {
        if let Some((_, session, attempt)) = self.attempt(a) {
            let checkpoint = vec![7; usize::from(b % 40)];
            let current = self.current.get(&attempt.task).is_some_and(|(current, _, _)| *current == attempt);
            let kept = self.core.progress(session, attempt, checkpoint.clone(), self.now());
            assert!(current || !kept, "of current attempts only");
            assert!(!kept || self.core.checkpoint_of(attempt.task) == Some(&checkpoint[..]));
        }
    }

    pub(super) fn throttle(&mut self, a: u16, b: u16, out: &mut Vec<Effect>) {
        let Some((_, session, attempt)) = self.attempt(a) else { return };
        let host = usize::from(b % 3);
        let after_ms = u64::from(b);
        let said = b.is_multiple_of(2).then_some(after_ms);
        self.core.throttled(session, attempt, HostIndex(b % 3), said, self.now(), out);
        let until = self.ms + said.unwrap_or(options().throttle_default_ms);
        self.blocked_until[host] = self.blocked_until[host].max(until);
    }

    pub(super) fn ghost(&mut self, a: u16, out: &mut Vec<Effect>) {
        let stale =
            |attempt: &Attempt| self.current.get(&attempt.task).is_none_or(|(current, _, _)| current != attempt);
        if let Some(attempt) = pick(self.ghosts.iter().copied(), a).filter(stale) {
            let verdict = self.report(attempt, Report::Finished, out);
            assert!(matches!(verdict, Verdict::Refused | Verdict::Closed));
        }
    }

    /// A process gets done with something and does not tell yet.
    pub(super) fn work_on(&mut self, a: u16) {
        let at = usize::from(a) % self.processes.len();
        if let Some((_, finished)) = self.processes[at].attempts.first_mut() {
            *finished = true;
        }
    }

    pub(super) fn drain(&mut self, a: u16) {
        let at = usize::from(a) % self.processes.len();
        if let Some(session) = self.processes[at].session {
            self.core.drain(session);
            self.processes[at].slots = 0;
        }
    }

    /// The scheduler dies and comes back with what the journal has.
    pub(super) fn restart(&mut self) {
        self.epoch += 1;
        self.core = begin(self.epoch, self.now());
        self.current.clear();
        self.suspended.clear();
        self.displaced.clear();
        self.committing.clear();
        self.waiting.clear();
        self.looked.clear();
        self.processes.iter_mut().for_each(|process| process.session = None);
        let now = self.now();
        let mut makers = BTreeSet::new();
        // The journal does not know which jobs joined others when their time came.
        self.jobs.values_mut().for_each(|open| open.task = open.submitted);
        for (job, open) in &self.jobs {
            let recovered = |job, open_job: bool| RecoveredJob {
                job,
                open: open_job,
                task: open.task,
                client: open.ask.client,
                lane: open.ask.lane,
                host: open.ask.host,
                needs: open.ask.needs,
                target: open.ask.target,
                expires_at: open.ask.expires_at,
            };
            if makers.insert(open.task) && open.task.maker() != *job {
                self.core.recover_under(recovered(open.task.maker(), false), Terms::default(), now);
            }
            self.core.recover_under(recovered(*job, true), open.terms, now);
        }
        for (task, (attempts, retry_at)) in &self.failures {
            self.core.recover_attempts(*task, *attempts, *retry_at);
        }
        for (host, until) in (0..).map(HostIndex).zip(self.journaled_blocks) {
            if let Some(until) = until {
                self.core.block_host(host, until, now);
            }
        }
    }
}

pub(super) fn pick<T>(mut from: impl Iterator<Item = T> + Clone, number: u16) -> Option<T> {
    match from.clone().count() {
        0 => None,
        count => from.nth(usize::from(number) % count),
    }
}
