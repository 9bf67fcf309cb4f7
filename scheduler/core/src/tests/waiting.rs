//! Tasks that wait for others: in no slot, in no queue, and not for ever.

use super::*;
use crate::{CancelOutcome, Wait};

impl Stage {
    /// Its attempt found that it needs these jobs first.
    fn wait_for(&mut self, attempt: Attempt, children: &[u64]) {
        assert_eq!(self.report(attempt, Report::Finished), Verdict::Accept);
        let children: Vec<JobId> = children.iter().copied().map(JobId).collect();
        assert!(self.core.wait_for(attempt.task, &children, self.now()));
    }

    fn children_of(&self, task: u64) -> Vec<u64> {
        self.core.children_of(TaskId(task)).into_iter().map(|job| job.0).collect()
    }
}

#[test]
fn a_task_goes_on_when_its_last_child_has_ended() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let parent = stage.submit_in(Lane::Free);
    let attempt = stage.one();
    let children = [stage.submit_in(Lane::Free), stage.submit_in(Lane::Free)];
    let behind = stage.submit_in(Lane::Free);
    stage.wait_for(attempt, &children);
    assert_eq!(stage.wait(parent), Some(Wait::Children { left: 2 }));
    assert_eq!(stage.children_of(parent), children);
    // The slot is free for the children.
    let first = stage.one();
    assert_eq!(first.task.0, children[0]);
    stage.finish(first);
    assert_eq!(stage.wait(parent), Some(Wait::Children { left: 1 }));
    let second = stage.one();
    assert_eq!(stage.report(second, Report::Finished), Verdict::Accept);
    assert_eq!(stage.wait(parent), Some(Wait::Children { left: 1 }), "what it found is not durable yet");
    stage.core.committed(second.task, stage.now(), &mut Vec::new());
    assert_eq!(stage.started(), [parent], "before what waited in the queue meanwhile");
    let view = stage.core.job_view(JobId(parent), stage.now()).expect("open");
    assert_eq!((view.state, view.attempts), (JobState::Running, 1), "a round is no failure");
    assert_eq!(stage.core.counters().waited, 1);
    assert_eq!(stage.wait(behind), Some(Wait::Slot));
}

#[test]
fn whichever_way_children_end_the_parent_goes_on() {
    for end in 0..4 {
        let mut stage = Stage::with(Options { attempts_max: 1, default_budget: PLENTY, ..Options::default() }, 1);
        stage.join(W, 4);
        let parent = stage.submit_in(Lane::Free);
        let attempt = stage.one();
        let at = stage.now().wall.plus_ms(50);
        let child = stage.submit(|ask| ask.expires_at = (end == 3).then_some(at));
        stage.wait_for(attempt, &[child]);
        let of_child = stage.one();
        match end {
            0 => stage.finish(of_child),
            1 => assert_eq!(stage.fail(of_child, FaultKind::Malformed), Verdict::DeadLetter),
            2 => assert_eq!(stage.cancel(child), CancelOutcome::Cancelled),
            _ => stage.pass(60),
        }
        assert_eq!(stage.started(), [parent], "end {end}");
    }
}

#[test]
fn what_has_ended_already_is_not_waited_for() {
    let mut stage = Stage::new();
    stage.join(W, 4);
    let parent = stage.submit_in(Lane::Free);
    let attempt = stage.one();
    let child = stage.submit_in(Lane::Free);
    let of_child = stage.one();
    stage.finish(of_child);
    // Nor is a job of its own, or one that nobody knows.
    stage.wait_for(attempt, &[child, parent, 77]);
    assert_eq!(stage.started(), [parent]);
    assert_eq!(stage.core.waiting(), 0);
}

#[test]
fn a_child_that_joins_a_twin_ends_with_it() {
    let mut stage = Stage::new();
    stage.join(W, 4);
    let crawl = stage.about(7);
    let parent = stage.submit_in(Lane::Paid);
    let given = stage.dispatch();
    let attempt = given.iter().find(|given| given.task() == parent).expect("started").attempt;
    let other = given.iter().find(|given| given.task() == crawl).expect("started").attempt;
    // Its own job, at somebody else's task.
    let child = stage.jobs + 1;
    let joined = stage.try_submit(|ask| (ask.target, ask.max_age_ms) = (TargetKey(7), 1_000));
    assert_eq!(joined, Ok(Admission::Attached(TaskId(crawl))));
    stage.wait_for(attempt, &[child]);
    stage.cancel(parent);
    assert_eq!(stage.jobs_of(crawl), [crawl], "the other client's job goes on");
    stage.finish(other);
    assert_eq!(stage.started(), [0; 0]);
}

#[test]
fn cancelling_the_parent_cancels_what_it_waits_for() {
    let mut stage = Stage::new();
    stage.join(W, 2);
    let parent = stage.submit_in(Lane::Free);
    let attempt = stage.one();
    let children = [stage.submit_in(Lane::Free), stage.submit_in(Lane::Free), stage.submit_in(Lane::Free)];
    stage.wait_for(attempt, &children);
    let given = stage.dispatch();
    // The outcome of one is being committed, and comes to pass.
    assert_eq!(stage.report(given[0].attempt, Report::Finished), Verdict::Accept);
    stage.effects();
    assert_eq!(stage.cancel(parent), CancelOutcome::Cancelled);
    let effects = stage.effects();
    assert!(effects.contains(&Effect::CancelAttempt { worker: W, attempt: given[1].attempt }), "{effects:?}");
    stage.out = effects;
    let cancelled = [vec![parent], vec![children[1]], vec![children[2]]];
    assert_eq!(stage.closed(), cancelled.map(|jobs| (jobs, JobState::Cancelled, true)));
    assert_eq!(stage.core.counters().cancelled, 3);
    stage.core.committed(given[0].attempt.task, stage.now(), &mut Vec::new());
    assert_eq!((stage.core.held(), stage.core.waiting()), (0, 0));
    assert!(stage.core.is_empty());
}

#[test]
fn a_waiting_job_expires_like_any_other() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let at = stage.now().wall.plus_ms(100);
    let parent = stage.submit(|ask| ask.expires_at = Some(at));
    let attempt = stage.one();
    let child = stage.submit_in(Lane::Free);
    stage.wait_for(attempt, &[child]);
    stage.effects();
    stage.pass(99);
    assert_eq!(stage.closed(), []);
    stage.pass(1);
    let ended = [(vec![parent], JobState::Expired, true), (vec![child], JobState::Cancelled, true)];
    assert_eq!(stage.closed(), ended);
    assert!(stage.core.is_empty());
}

#[test]
fn a_twin_attaches_to_a_waiting_task_and_a_more_urgent_one_has_it_ask_anew() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let parent = stage.submit(|ask| (ask.target, ask.lane) = (TargetKey(9), Lane::Bulk));
    let attempt = stage.one();
    let child = stage.submit(|ask| (ask.target, ask.lane) = (TargetKey(7), Lane::Bulk));
    stage.wait_for(attempt, &[child]);
    let twin = stage.try_submit(|ask| (ask.target, ask.lane) = (TargetKey(9), Lane::Bulk));
    assert_eq!(twin, Ok(Admission::Attached(TaskId(parent))));
    assert_eq!(stage.wait(parent), Some(Wait::Children { left: 1 }));
    let urgent = stage.try_submit(|ask| (ask.target, ask.lane) = (TargetKey(9), Lane::Paid));
    assert_eq!(urgent, Ok(Admission::Attached(TaskId(parent))));
    let again = stage.one();
    assert_eq!(again.task.0, parent, "before its child, which has the time of the bulk lane");
    let raised = stage.jobs + 1;
    let joined = stage.try_submit(|ask| (ask.target, ask.lane) = (TargetKey(7), Lane::Paid));
    assert_eq!(joined, Ok(Admission::Attached(TaskId(child))));
    stage.wait_for(again, &[child, raised]);
    assert_eq!(stage.core.lane_of_job(JobId(child)), Some(Lane::Paid));
    let crawl = stage.one();
    stage.finish(crawl);
    assert_eq!(stage.started(), [parent]);
}

/// However many resolutions there are, their crawls find slots: the test of the whole idea.
#[test]
fn slots_full_of_resolutions_are_no_deadlock() {
    let mut stage = Stage::new();
    stage.join(W, 4);
    let parents: Vec<u64> = (0..20).map(|_| stage.submit_in(Lane::Free)).collect();
    let mut rounds = std::collections::BTreeMap::new();
    let mut ended = Vec::new();
    for _ in 0..1_000 {
        for given in stage.dispatch() {
            let task = given.task();
            if !parents.contains(&task) {
                stage.finish(given.attempt);
                continue;
            }
            let round = rounds.entry(task).or_insert(0_u32);
            *round += 1;
            if *round > 3 {
                stage.finish(given.attempt);
                ended.push(task);
                continue;
            }
            // All of them need the same packages, one layer after the other.
            let target = TargetKey(u128::from(*round));
            let child = stage.jobs + 1;
            stage.submit(|ask| ask.target = target);
            stage.wait_for(given.attempt, &[child]);
        }
    }
    ended.sort_unstable();
    assert_eq!(ended, parents);
    assert!(stage.core.is_empty());
}

#[test]
fn a_worker_that_comes_back_with_what_was_asked_is_told_so() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    stage.submit_in(Lane::Free);
    let attempt = stage.one();
    let child = stage.submit_in(Lane::Free);
    stage.wait_for(attempt, &[child]);
    assert_eq!(stage.report(attempt, Report::Finished), Verdict::Refused, "an outcome counts once");
    let claims = stage.rejoin(WorkerId(2), 1, &[(attempt, true)]);
    assert_eq!(claims, [Claim { attempt, verdict: crate::ClaimVerdict::Abandoned }]);
}

#[test]
fn after_a_restart_parent_and_children_come_back_and_nothing_waits_for_ever() {
    let mut stage = Stage::with(Options { default_budget: PLENTY, ..Options::default() }, 2);
    for (job, target) in [(1, 9), (2, 7)] {
        let recovered = crate::RecoveredJob {
            job: JobId(job),
            open: true,
            task: TaskId(job),
            client: ClientIndex(0),
            lane: Lane::Free,
            host: HostIndex(0),
            needs: Needs(1),
            target: TargetKey(target),
            expires_at: None,
        };
        stage.core.recover_job(recovered, stage.now());
    }
    stage.jobs = 2;
    stage.pass(Options::default().lease_ttl_ms);
    stage.join(W, 1);
    let attempt = stage.one();
    assert_eq!(attempt.task.0, 1, "it finds out anew what it lacks");
    let child = stage.jobs + 1;
    let joined = stage.try_submit(|ask| ask.target = TargetKey(7));
    assert_eq!(joined, Ok(Admission::Attached(TaskId(2))), "and its crawl joins the one that was recovered");
    stage.wait_for(attempt, &[child]);
    let crawl = stage.one();
    stage.finish(crawl);
    assert_eq!(stage.started(), [1]);
}

#[test]
fn explaining_tells_how_long_it_waited_for_others() {
    let mut stage = Stage::new();
    stage.join(W, 1);
    let accepted = stage.now().wall;
    let parent = stage.submit_in(Lane::Free);
    let attempt = stage.one();
    stage.pass(10);
    let child = stage.submit_in(Lane::Free);
    stage.wait_for(attempt, &[child]);
    let of_child = stage.one();
    stage.pass(300);
    let waited = stage.core.explain(JobId(parent), accepted, stage.now()).expect("open").waited;
    assert_eq!((waited.task_ms, waited.again_ms), (300, 0));
    stage.finish(of_child);
    stage.pass(40);
    let waited = stage.core.explain(JobId(parent), accepted, stage.now()).expect("open").waited;
    assert_eq!((waited.task_ms, waited.again_ms), (300, 40));
}

#[test]
fn the_catalogue_is_a_host_that_grants_without_end_and_is_not_listed() {
    let mut stage = Stage::with(Options { hosts_max: 1, ..Options::default() }, 2);
    let catalogue = stage.core.catalogue();
    assert_eq!(stage.core.catalogue(), catalogue);
    assert_eq!(stage.core.find_host(&"catalogue".parse().expect("a host")), None);
    assert_eq!(stage.core.hosts(stage.now()).len(), 1, "only what is asked is listed");
    stage.join(W, 2_000);
    (0..2_000).for_each(|_| _ = stage.submit(|ask| ask.host = catalogue));
    assert_eq!(stage.started().len(), 2_000, "all at once, right after a restart");
}
