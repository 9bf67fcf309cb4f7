//! One repetition, in a process of its own.

use std::error::Error;
use std::time::{Duration, Instant};

use gleaner_core::{Effect, Joining, Moment, Options, Report, Scheduler, WorkerId};

use crate::load::{self, Load};
use crate::memory::resident_bytes;
use crate::{Hosts, Run};

/// The worker's slots: never the reason why something waits.
const SLOTS: u16 = 4_096;

/// Time spent and decisions taken.
#[derive(Default)]
struct Spent {
    dispatching: Duration,
    longest: Duration,
    all: Duration,
    decisions: u64,
}

/// Fills a backlog, decides for `seconds`, and tells what both took.
///
/// # Errors
/// The system does not tell how much memory is in use.
pub(crate) fn run(hosts: Hosts, backlog: u64, seconds: f64) -> Result<Run, Box<dyn Error>> {
    let options =
        Options { queue_max: backlog.max(1_000) * 32, default_budget: load::budget(hosts), ..Options::default() };
    let mut core = Scheduler::new(options, 1, 1);
    let mut load = Load::new(&mut core, hosts);
    let before = resident_bytes()?;
    let begun = Instant::now();
    (0..backlog).for_each(|_| load.submit(&mut core, load::at(1)));
    let submitting = begun.elapsed();
    let resident = resident_bytes()?.saturating_sub(before);
    let parts = core.resident();
    let spent = decide(&mut core, &mut load, Duration::from_secs_f64(seconds));
    let each = |bytes: usize| ratio(bytes as u64, backlog);
    Ok(Run {
        dispatched_per_s: per_second(spent.decisions, spent.dispatching),
        dispatch_max_ms: spent.longest.as_secs_f64() * 1e3,
        cycles_per_s: per_second(spent.decisions, spent.all),
        submitted_per_s: per_second(backlog, submitting),
        resident_bytes: ratio(resident, backlog),
        entry_bytes: each(parts.entries),
        id_bytes: each(parts.ids),
        twin_bytes: each(parts.twins),
        rest_bytes: each(parts.rest),
    })
}

/// Decides for as long as `budget` says; the backlog stays as long as it is.
fn decide(core: &mut Scheduler, load: &mut Load, budget: Duration) -> Spent {
    let mut now = load::at(2);
    let mut effects = Vec::new();
    let joining = Joining { worker: WorkerId(1), slots: SLOTS, needs: load::NEEDS, held: Vec::new() };
    core.join(joining, now, &mut effects);
    effects.clear();
    let (mut spent, begun) = (Spent::default(), Instant::now());
    while begun.elapsed() < budget {
        let call = Instant::now();
        core.tick(now, &mut effects);
        let more = core.dispatch(now, &mut effects);
        let took = call.elapsed();
        spent.dispatching += took;
        spent.longest = spent.longest.max(took);
        spent.decisions += end_all(core, load, &mut effects, now);
        // Nothing more can begin now: let time pass until something can. The worker gives signs of life meanwhile.
        if !more {
            let wake = core.next_wake(now).unwrap_or(now.mono_ms);
            now = load::at(wake.max(now.mono_ms + 1));
            core.heartbeat(WorkerId(1), now);
        }
    }
    spent.all = begun.elapsed();
    spent
}

/// Ends what was started, and replaces it. How many that were.
fn end_all(core: &mut Scheduler, load: &mut Load, effects: &mut Vec<Effect>, now: Moment) -> u64 {
    let mut ended = 0;
    for effect in std::mem::take(effects) {
        if let Effect::Assign { attempt, .. } = effect {
            core.outcome(attempt, Report::Finished, now, effects);
            core.committed(attempt.task, now, effects);
            load.submit(core, now);
            ended += 1;
        }
    }
    ended
}

#[allow(clippy::cast_precision_loss, reason = "fewer than a mantissa can count")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[allow(clippy::cast_precision_loss, reason = "fewer than a mantissa can count")]
fn per_second(count: u64, spent: Duration) -> f64 {
    count as f64 / spent.as_secs_f64()
}
