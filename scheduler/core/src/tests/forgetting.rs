//! Hosts that nobody asks any more.

use std::collections::BTreeMap;

use gleaner_model::Host;
use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3_600_000;
const SLOW: Budget = Budget { interval_us: 200_000, burst: 3 };

impl Stage {
    fn meet(&mut self, name: &str) -> HostIndex {
        self.core.meet_host(&name.parse().expect("a host"), self.now()).expect("room")
    }

    fn knows(&self, name: &str) -> bool {
        self.core.find_host(&name.parse().expect("a host")).is_some()
    }
}

fn stage() -> Stage {
    Stage::with(Options { default_budget: SLOW, ..Options::default() }, 1)
}

#[test]
fn a_host_that_nobody_asks_is_forgotten_and_its_number_is_anothers() {
    let mut stage = stage();
    let met = stage.meet("files.example");
    stage.pass(HOUR - 1);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0);
    stage.pass(1);
    assert_eq!(stage.core.forget_hosts(stage.now()), 1);
    assert!(!stage.knows("files.example") && stage.core.host_name(met).is_none());
    assert!(stage.core.hosts(stage.now()).iter().all(|view| view.index != met), "nobody sees it");
    assert_eq!(stage.meet("other.example"), met);
    assert_eq!(stage.core.host_name(met).map(ToString::to_string), Some("other.example".to_owned()));
    assert_ne!(stage.meet("files.example"), met, "met anew it is a new one");
}

#[test]
fn whoever_is_configured_or_set_is_kept() {
    let mut stage = stage();
    let catalogue = stage.core.catalogue();
    let (set, met_first) = (stage.meet("set.example"), stage.meet("configured.example"));
    assert_eq!(stage.host("configured"), met_first);
    stage.core.limit_host(set, HostLimits { paused: true, ..HostLimits::of(SLOW) }, stage.now());
    stage.pass(2 * HOUR);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0);
    assert!(stage.core.host_name(catalogue).is_some());
    stage.core.limit_host(set, HostLimits::of(SLOW), stage.now());
    assert_eq!(stage.core.forget_hosts(stage.now()), 1, "what was set is taken back");
    stage.pass(9 * HOUR);
    assert!(stage.knows("configured.example") && stage.core.forget_hosts(stage.now()) == 0);
}

#[test]
fn a_host_that_wants_to_be_left_alone_or_is_slow_is_kept() {
    let mut stage = stage();
    stage.join(W, 1);
    let host = stage.meet("files.example");
    stage.submit(|_| ());
    let attempt = stage.one();
    stage.core.throttled(W, attempt, host, Some(3 * HOUR), stage.now(), &mut Vec::new());
    stage.finish(attempt);
    stage.pass(2 * HOUR);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0, "it said three hours");
    stage.pass(2 * HOUR);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0, "it is asked slowly until it has answered well");
    let blocked = stage.meet("blocked.example");
    stage.core.block_host(blocked, stage.now().wall.plus_ms(5 * HOUR), stage.now());
    stage.pass(4 * HOUR);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0);
    stage.pass(HOUR);
    assert_eq!(stage.core.forget_hosts(stage.now()), 1);
}

#[test]
fn a_host_that_a_task_names_is_kept_wherever_the_task_is() {
    let mut stage = stage();
    let host = stage.meet("files.example");
    // No worker can do it; then one is at it; then it is in the pause after a failure.
    let task = stage.submit(|ask| ask.host = host);
    stage.pass(2 * HOUR);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0, "it is queued");
    stage.join(W, 1);
    let attempt = stage.one();
    assert_eq!(attempt.task.0, task);
    stage.pass_alive(2 * HOUR, &[W]);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0, "it runs");
    stage.fail(attempt, FaultKind::Outage);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0, "it is tried again");
    stage.cancel(task);
    assert_eq!(stage.core.forget_hosts(stage.now()), 1);
    assert!(stage.core.is_empty());
}

#[test]
fn an_attempt_that_waits_for_a_permit_keeps_its_host() {
    let mut stage = stage();
    stage.join(W, 1);
    stage.submit(|_| ());
    let attempt = stage.one();
    let host = stage.meet("files.example");
    stage.core.limit_host(host, HostLimits { paused: true, ..HostLimits::of(SLOW) }, stage.now());
    assert!(stage.ask_permit(attempt, host));
    stage.core.limit_host(host, HostLimits::of(SLOW), stage.now());
    stage.pass_alive(2 * HOUR, &[W]);
    assert_eq!(stage.core.forget_hosts(stage.now()), 0);
}

#[test]
fn there_is_room_for_as_many_as_are_in_use_and_no_more() {
    let mut stage = Stage::with(Options { hosts_max: 3, default_budget: SLOW, ..Options::default() }, 1);
    (0..2).for_each(|number| _ = stage.meet(&format!("h{number}.example")));
    // The stage has one of its own.
    let more: Host = "one-more.example".parse().expect("a host");
    assert_eq!(stage.core.meet_host(&more, stage.now()), None);
    stage.pass(HOUR);
    stage.meet("h1.example");
    assert_eq!(stage.core.forget_hosts(stage.now()), 1);
    assert!(stage.core.meet_host(&more, stage.now()).is_some());
    assert!(stage.knows("h1.example") && !stage.knows("h0.example"));
}

/// Somewhat more than the longest request.
const IDLE: u64 = 400_000;

/// What happens in a random history of hosts: which host, what, and how much time passes.
type Happening = (u8, u8, u32);

/// Asks hosts by their names and lets them be forgotten; every budget must hold over all of it, whatever number a host has.
fn live(happenings: &[Happening]) {
    let options = Options { default_budget: SLOW, host_idle_ms: IDLE, ..Options::default() };
    let mut stage = Stage::with(options, 1);
    stage.join(W, u16::MAX);
    let mut granted: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut used: BTreeMap<String, u64> = BTreeMap::new();
    for (number, what, ms) in happenings {
        let name = format!("n{}.example", number % 12);
        match what % 8 {
            0..=4 => {
                let host = stage.meet(&name);
                used.insert(name, stage.ms);
                stage.submit(|ask| ask.host = host);
            }
            5 => stage.pass_alive(u64::from(ms % 2_000), &[W]),
            6 => stage.pass_alive(u64::from(ms % 600_000), &[W]),
            _ => _ = stage.core.forget_hosts(stage.now()),
        }
        let before = stage.out.len();
        for given in stage.dispatch() {
            stage.finish(given.attempt);
        }
        let at_us = stage.ms * 1_000;
        for effect in stage.out.split_off(before) {
            let Effect::Assign { host, .. } = effect else { continue };
            let name = stage.core.host_name(host).expect("a host that is asked is known").to_string();
            used.insert(name.clone(), stage.ms);
            let of_host = granted.entry(name).or_default();
            of_host.push(at_us);
            for (count, since) in (1_u64..).zip(of_host.iter().rev()) {
                let most = u64::from(SLOW.burst) + (at_us - since) / SLOW.interval_us;
                assert!(count <= most, "{count} grants since {since}, allowed are {most}");
            }
        }
        if what % 8 == 7 {
            let now = stage.now();
            let queued = |view: &crate::HostView| view.queued > 0;
            let lately = |view: &crate::HostView| used.get(view.host.as_str()).is_none_or(|at| stage.ms - at < IDLE);
            assert!(stage.core.hosts(now).iter().all(|view| queued(view) || lately(view)), "others are forgotten");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn forgetting_gives_no_host_more_than_its_budget(
        happenings in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u32>()), 0..200),
    ) {
        live(&happenings);
    }
}
