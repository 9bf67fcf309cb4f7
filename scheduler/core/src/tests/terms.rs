//! Jobs that may not begin yet, and jobs that are wanted at some moment.

use super::*;
use crate::{CancelOutcome, RecoveredJob, Terms, Wait};

impl Stage {
    fn in_ms(&self, ms: u64) -> Option<Timestamp> {
        Some(self.now().wall.plus_ms(ms))
    }

    /// About a target of its own; the number of its task.
    fn submit_terms(&mut self, terms: Terms, change: impl FnOnce(&mut Ask)) -> Result<Admission, Refusal> {
        let mut ask = self.plain();
        change(&mut ask);
        self.jobs += 1;
        self.core.submit_under(ask, terms, self.now())
    }

    pub(super) fn delayed(&mut self, ms: u64, target: u128) -> u64 {
        let terms = Terms { not_before: self.in_ms(ms), ..Terms::default() };
        self.submit_terms(terms, |ask| ask.target = TargetKey(target)).expect("room").task().0
    }

    fn dated(&mut self, ms: u64) -> u64 {
        let terms = Terms { deadline: self.in_ms(ms), ..Terms::default() };
        self.submit_terms(terms, |_| ()).expect("room").task().0
    }
}

#[test]
fn a_job_waits_for_its_time_and_is_in_no_queue_meanwhile() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let task = stage.delayed(500, 1);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!((stage.core.lanes()[Lane::Free.index()].queued, stage.core.delayed(), stage.core.held()), (0, 1, 1));
    assert_eq!(stage.core.next_wake(stage.now()), Some(stage.ms + 500));
    assert_eq!(stage.wait(task), Some(Wait::Time(stage.in_ms(500).expect("some"))));
    stage.pass(499);
    assert_eq!(stage.started(), [0; 0]);
    stage.pass(1);
    assert_eq!(stage.started(), [task]);
    assert_eq!(stage.core.delayed(), 0);
}

#[test]
fn a_time_that_is_past_is_no_delay() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let past = Timestamp::from_millis(5);
    let terms = Terms { not_before: Some(past), ..Terms::default() };
    let task = stage.submit_terms(terms, |_| ()).expect("room").task().0;
    assert_eq!(stage.started(), [task]);
}

#[test]
fn times_that_make_no_sense_are_refused() {
    let mut stage = Stage::new();
    let (soon, later) = (stage.in_ms(50), stage.in_ms(90));
    let mut refused = |not_before, deadline, expires_at| {
        stage.submit_terms(Terms { not_before, deadline }, |ask| ask.expires_at = expires_at).map(drop)
    };
    let past = Some(Timestamp::from_millis(5));
    assert_eq!(refused(None, past, None), Err(Refusal::DeadlinePast));
    assert_eq!(refused(None, None, past), Err(Refusal::Expired));
    assert_eq!(refused(later, soon, None), Err(Refusal::EndsBeforeItBegins { end: "deadline" }));
    assert_eq!(refused(later, None, later), Err(Refusal::EndsBeforeItBegins { end: "expiry" }));
    let never = Some(Timestamp::from_millis(i64::MAX));
    assert_eq!(refused(never, None, None), Err(Refusal::TooFar { delay_max_ms: 366 * 86_400_000 }));
    assert_eq!(refused(soon, later, later), Ok(()));
    let words = Refusal::TooFar { delay_max_ms: 366 * 86_400_000 }.to_string();
    assert!(words.contains("366 days"), "{words}");
    assert_eq!((stage.core.held(), stage.core.delayed()), (1, 1));
}

#[test]
fn nobody_attaches_to_a_job_whose_time_has_not_come() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let later = stage.delayed(500, 7);
    let now = stage.about(7);
    assert_ne!(later, now);
    let attempt = stage.one();
    assert_eq!(attempt.task.0, now);
    stage.finish(attempt);
    stage.pass(500);
    assert_eq!(stage.started(), [later]);
}

#[test]
fn a_job_joins_the_twin_that_is_there_when_its_time_comes() {
    let mut stage = Stage::new();
    let later = stage.delayed(500, 7);
    let there = stage.about(7);
    stage.pass(500);
    assert_eq!(stage.jobs_of(there), [there, later]);
    assert_eq!(stage.core.merged_into(TaskId(there)), [TaskId(later)]);
    assert_eq!(stage.core.resident().tasks, 1);
    stage.join(W, 2);
    let attempt = stage.one();
    stage.finish(attempt);
    assert!(stage.core.is_empty());
}

#[test]
fn whoever_joined_takes_its_own_task_along_when_it_goes() {
    let mut stage = Stage::new();
    let (later, other) = (stage.delayed(500, 7), stage.delayed(500, 7));
    let there = stage.about(7);
    stage.pass(500);
    stage.effects();
    assert_eq!(stage.cancel(later), CancelOutcome::Cancelled);
    let [Effect::Close { jobs, task_ended: None, merged, .. }] = &stage.effects()[..] else { panic!("one end") };
    assert_eq!((jobs, merged), (&vec![JobId(later)], &vec![TaskId(later)]));
    stage.cancel(there);
    stage.effects();
    stage.cancel(other);
    let [Effect::Close { task_ended: Some(task), merged, .. }] = &stage.effects()[..] else { panic!("one end") };
    assert_eq!((task.0, merged), (there, &vec![TaskId(other)]));
    assert!(stage.core.is_empty());
}

#[test]
fn a_job_whose_twin_runs_when_its_time_comes_is_done_after_it() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let later = stage.delayed(500, 7);
    let there = stage.about(7);
    let attempt = stage.one();
    stage.pass(500);
    assert_eq!(stage.started(), [0; 0]);
    assert_eq!(stage.wait(later), Some(Wait::Task(TaskId(there))));
    assert_eq!(stage.about(7), later, "the next ask joins it");
    stage.finish(attempt);
    assert_eq!(stage.started(), [later]);
}

#[test]
fn a_group_that_is_full_is_joined_later() {
    let options = Options { default_budget: PLENTY, attached_max: 2, full_retry_after_ms: 40, ..Options::default() };
    let mut stage = Stage::with(options, 1);
    let later = stage.delayed(500, 7);
    let there = stage.about(7);
    stage.about(7);
    stage.pass(500);
    assert_eq!((stage.core.delayed(), stage.jobs_of(later)), (1, vec![later]));
    stage.join(W, 1);
    let attempt = stage.one();
    assert_eq!(attempt.task.0, there);
    stage.finish(attempt);
    stage.pass(40);
    assert_eq!(stage.started(), [later]);
}

#[test]
fn a_delayed_job_can_be_cancelled_and_expires() {
    let mut stage = Stage::new();
    let first = stage.delayed(500, 7);
    assert_eq!(stage.cancel(first), CancelOutcome::Cancelled);
    let terms = Terms { not_before: stage.in_ms(50), ..Terms::default() };
    let expires_at = stage.in_ms(60);
    stage.submit_terms(terms, |ask| ask.expires_at = expires_at).expect("room");
    stage.pass(60);
    let closed = stage.closed();
    assert_eq!(closed.iter().map(|(_, state, _)| *state).collect::<Vec<_>>(), [JobState::Cancelled, JobState::Expired]);
    assert!(stage.core.is_empty());
}

#[test]
fn delayed_jobs_wait_on_after_a_restart() {
    let mut stage = Stage::with(Options { default_budget: PLENTY, lease_ttl_ms: 1_000, ..Options::default() }, 2);
    let recovered = |job: u64| RecoveredJob {
        job: JobId(job),
        open: true,
        task: TaskId(job),
        client: ClientIndex(0),
        lane: Lane::Free,
        host: HostIndex(0),
        needs: Needs(1),
        target: TargetKey(9),
        expires_at: None,
    };
    let (now, terms) = (stage.now(), Terms { not_before: stage.in_ms(5_000), deadline: stage.in_ms(9_000) });
    stage.core.recover_under(recovered(1), terms, now);
    stage.core.recover_under(recovered(2), Terms::default(), now);
    assert_eq!((stage.core.delayed(), stage.core.held()), (1, 2));
    stage.join(W, 2);
    stage.pass_alive(1_000, &[W]);
    assert_eq!(stage.started(), [2], "it is not held up by one whose time has not come");
    stage.pass_alive(4_000, &[W]);
    assert_eq!(stage.wait(1), Some(Wait::Task(TaskId(2))));
}

#[test]
fn the_earliest_deadline_comes_first_then_those_without() {
    let mut stage = Stage::new();
    let plain = stage.submit(|_| ());
    let (late, early) = (stage.dated(900), stage.dated(100));
    let same = stage.dated(900);
    let last = stage.submit(|_| ());
    stage.join(W, 8);
    assert_eq!(stage.started(), [early, late, same, plain, last]);
}

#[test]
fn a_deadline_counts_across_the_hosts_of_a_client_and_not_against_others() {
    let mut stage = Stage::new();
    let (other, host) = (stage.client("other", 1), stage.host("i"));
    let theirs: Vec<_> = (0..2).map(|_| stage.submit(|ask| ask.client = other)).collect();
    let plain: Vec<_> = (0..3).map(|_| stage.submit(|_| ())).collect();
    let terms = Terms { deadline: stage.in_ms(100), ..Terms::default() };
    let dated: Vec<_> =
        (0..2).map(|_| stage.submit_terms(terms, |ask| ask.host = host).expect("room").task().0).collect();
    stage.join(W, 16);
    let started = stage.started();
    let own: Vec<_> = started.iter().copied().filter(|task| !theirs.contains(task)).collect();
    assert_eq!(own[..2], dated);
    let place = |task: &u64| started.iter().position(|started| started == task).expect("all started");
    assert!(theirs.iter().all(|task| place(task) < 4), "{started:?}: the other client has its turns");
    assert_eq!(own.len(), 2 + plain.len());
}

#[test]
fn a_deadline_is_the_earliest_of_those_who_wait() {
    let mut stage = Stage::new();
    let first = stage.dated(500);
    let about = |target| move |ask: &mut Ask| ask.target = TargetKey(target);
    let shared = stage.about(7);
    let terms = Terms { deadline: stage.in_ms(100), ..Terms::default() };
    let admitted = stage.submit_terms(terms, about(7)).expect("room");
    assert_eq!(admitted, Admission::Attached(TaskId(shared)));
    let third = stage.submit(|_| ());
    stage.join(W, 1);
    let attempt = stage.one();
    assert_eq!(attempt.task.0, shared, "it was raised by the one who is in a hurry");
    stage.fail(attempt, FaultKind::Outage);
    // Whoever was in a hurry goes away again.
    stage.cancel(3);
    stage.pass_alive(5_000, &[W]);
    let order: Vec<_> = (0..3)
        .map(|_| {
            let attempt = stage.one();
            stage.finish(attempt);
            attempt.task.0
        })
        .collect();
    assert_eq!(order, [first, third, shared]);
}

#[test]
fn what_comes_back_to_the_head_stands_behind_those_with_a_deadline() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let plain = stage.submit(|_| ());
    let attempt = stage.one();
    let waiting = stage.submit(|_| ());
    let dated = stage.dated(100);
    stage.report(attempt, Report::HandedBack);
    let mut order = Vec::new();
    for _ in 0..3 {
        let attempt = stage.one();
        stage.finish(attempt);
        order.push(attempt.task.0);
    }
    assert_eq!(order, [dated, plain, waiting]);
}
