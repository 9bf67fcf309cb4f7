//! What a queued job costs: resident bytes, and time to take in, to start, and to end, at growing backlogs.
//!
//! `cargo run --release -p gleaner-core --example resident -- 1000000 5000000` prints one line a backlog; with `delayed` in
//! front of jobs whose time has not come. Resident bytes
//! are the process's own (`/proc/self/statm`, Linux), the parts are what the tables say of themselves.

#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::time::Instant;

use gleaner_core::{
    Ask, Budget, HostIndex, Joining, Moment, Needs, Options, Report, Scheduler, TargetKey, Terms, WorkerId,
};
use gleaner_model::{ClientName, JobId, Lane, Timestamp};

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4_096
}

fn at(ms: u64) -> Moment {
    Moment { wall: Timestamp::from_millis(0).plus_ms(ms), mono_ms: ms }
}

fn main() {
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let is_delayed = std::env::args().any(|argument| argument == "delayed");
    for size in if sizes.is_empty() { vec![1_000_000] } else { sizes } {
        if is_delayed { measure_delayed(size) } else { measure(size) }
    }
}

fn measure(size: u64) {
    let budget = Budget { interval_us: 1, burst: u32::MAX };
    let options = Options { queue_max: size * 2, default_budget: budget, ..Options::default() };
    let before = resident_bytes();
    let mut core = Scheduler::new(options, 1, 1);
    let clients = ["a", "b", "c"].map(|name| core.client(&name.parse::<ClientName>().expect("valid"), 1));
    let hosts = ["x", "y", "z"].map(|name| core.host(&name.parse().expect("valid")).expect("room"));
    let start = Instant::now();
    let mut slowest_us = 0;
    for number in 1..=size {
        let one = Instant::now();
        let third = usize::try_from(number % 3).expect("small");
        submit(&mut core, number, hosts[third], clients[third]);
        slowest_us = slowest_us.max(one.elapsed().as_micros());
    }
    let submit_ns = start.elapsed().as_nanos() / u128::from(size);
    let bytes = resident_bytes().saturating_sub(before) / size;
    let parts = core.resident();
    let part = |bytes: usize| bytes as u64 / size;
    println!(
        "{size} queued: {bytes} resident bytes a job (entries {}, ids {}, twin index {}, rest {}); \
         submit {submit_ns} ns, slowest {slowest_us} us; start and end {} ns",
        part(parts.entries),
        part(parts.ids),
        part(parts.twins),
        part(parts.rest),
        cycle_ns(&mut core, 100_000.min(size)),
    );
}

/// What jobs cost whose times are spread over a week, and how long it takes to find that the first one's has not come.
fn measure_delayed(size: u64) {
    let options = Options { queue_max: size * 2, ..Options::default() };
    let before = resident_bytes();
    let mut core = Scheduler::new(options, 1, 1);
    let client = core.client(&"a".parse::<ClientName>().expect("valid"), 1);
    let host = core.host(&"x".parse().expect("valid")).expect("room");
    let start = Instant::now();
    for number in 1..=size {
        let ms = 1_000 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (7 * 86_400_000);
        let terms = Terms { not_before: Some(at(ms).wall), deadline: None };
        core.submit_under(ask(number, host, client), terms, at(1)).expect("room");
    }
    let submit_ns = start.elapsed().as_nanos() / u128::from(size);
    let bytes = resident_bytes().saturating_sub(before) / size;
    let (start, mut out) = (Instant::now(), Vec::new());
    (0..1_000).for_each(|_| core.tick(at(2), &mut out));
    let tick_ns = start.elapsed().as_nanos() / 1_000;
    println!("{size} delayed: {bytes} resident bytes a job; submit {submit_ns} ns, a look at the time {tick_ns} ns");
}

fn submit(core: &mut Scheduler, number: u64, host: HostIndex, client: gleaner_core::ClientIndex) {
    core.submit(ask(number, host, client), at(1)).expect("room");
}

fn ask(number: u64, host: HostIndex, client: gleaner_core::ClientIndex) -> Ask {
    let target = TargetKey(u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    Ask {
        job: JobId(number),
        client,
        lane: Lane::ALL[usize::try_from(number % 4).expect("small")],
        host,
        needs: Needs(1),
        target,
        max_age_ms: 0,
        expires_at: None,
    }
}

/// Starts and ends `count` tasks in turn; nanoseconds each.
fn cycle_ns(core: &mut Scheduler, count: u64) -> u128 {
    let joining = Joining { worker: WorkerId(1), slots: 256, needs: Needs(1), held: Vec::new() };
    core.join(joining, at(1), &mut Vec::new());
    let (start, mut done) = (Instant::now(), 0);
    let mut out = Vec::new();
    while done < count {
        core.dispatch(at(1), &mut out);
        for effect in std::mem::take(&mut out) {
            if let gleaner_core::Effect::Assign { attempt, .. } = effect {
                core.outcome(attempt, Report::Finished, at(1), &mut out);
                core.committed(attempt.task, at(1), &mut out);
                done += 1;
            }
        }
    }
    start.elapsed().as_nanos() / u128::from(done)
}
