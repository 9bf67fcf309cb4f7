//! One step of a measurement of recovery, in a process of its own.

#![allow(clippy::print_stdout, reason = "the parent reads the result from stdout")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use gleaner_core::{HostIndex, Moment, Needs, Options, RecoveredJob, Scheduler, TargetKey};
use gleaner_model::{JobId, JobSpec, Timestamp};
use gleaner_store::{Command, Group, Recovered, RedbOptions, RedbStore, Store};
use sha2::{Digest, Sha256};

use crate::load;
use crate::memory::resident_bytes;
use crate::recovery::Recovery;

/// Jobs in one commit while the queue is filled.
const FILL_GROUP: u64 = 10_000;

/// Takes the step that `arguments` name: a step, a directory, a number.
///
/// # Errors
/// The disk failed, or the arguments make no sense.
pub(crate) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [step, dir, number] = arguments else { return Err("a step has a name, a directory and a number".into()) };
    let (dir, number) = (Path::new(dir), number.parse()?);
    match step.as_str() {
        "fill" => fill(dir, number),
        "soil" => soil(dir),
        "recover" => {
            println!("{}", serde_json::to_string(&recover(dir, number)?)?);
            Ok(())
        }
        _ => Err(format!("there is no step `{step}`").into()),
    }
}

/// Queues `jobs` and closes the store.
fn fill(dir: &Path, jobs: u64) -> Result<(), Box<dyn Error>> {
    let store = RedbStore::open(dir, RedbOptions::default())?;
    let end = store.opened().next_sequence + jobs;
    let mut next = store.opened().next_sequence;
    while next < end {
        let upto = end.min(next + FILL_GROUP);
        store.commit(&Group { commands: (next..upto).map(load::submit).collect(), ..Group::default() })?;
        next = upto;
    }
    Ok(())
}

/// Commits and goes away without closing the store, as a killed process does.
fn soil(dir: &Path) -> Result<(), Box<dyn Error>> {
    let store = RedbStore::open(dir, RedbOptions::default())?;
    store.commit(&Group { commands: vec![load::submit(store.opened().next_sequence)], ..Group::default() })?;
    std::process::exit(0);
}

/// Opens the store and brings a scheduler's core back, as the engine does when it starts.
fn recover(dir: &Path, cache_mb: u64) -> Result<Recovery, Box<dyn Error>> {
    let options = RedbOptions { cache_bytes: usize::try_from(cache_mb << 20)?, ..RedbOptions::default() };
    let before = resident_bytes()?;
    let begun = Instant::now();
    let store = RedbStore::open(dir, options)?;
    let opened = begun.elapsed();
    let with_store = resident_bytes()?;
    let begun = Instant::now();
    let core = recover_core(&store)?;
    let recovered = begun.elapsed();
    let after = resident_bytes()?;
    let accounted = core.resident();
    Ok(Recovery {
        jobs: accounted.jobs,
        open_ms: millis(opened),
        recover_ms: millis(recovered),
        resident: after.saturating_sub(before),
        resident_store: with_store.saturating_sub(before),
        store_index: u64::try_from(store.index_bytes())?,
        core_entries: u64::try_from(accounted.entries)?,
        core_ids: u64::try_from(accounted.ids)?,
        core_twins: u64::try_from(accounted.twins)?,
        core_rest: u64::try_from(accounted.rest)?,
    })
}

fn recover_core(store: &RedbStore) -> Result<Scheduler, Box<dyn Error>> {
    let mut core = Scheduler::new(Options::default(), store.opened().epoch, 1);
    let host = core.host(&"127.0.0.1:1".parse()?).ok_or("there is room for one host")?;
    let now = Moment { wall: Timestamp::from_millis(1_770_000_000_000), mono_ms: 0 };
    store.recover(&mut |recovered| {
        if let Recovered::Job { job, open, submit } = recovered {
            take_back(&mut core, job, open, submit, host, now);
        }
    })?;
    Ok(core)
}

fn take_back(core: &mut Scheduler, job: JobId, open: bool, submit: Command, host: HostIndex, now: Moment) {
    let Some(payload) = submit.into_payload() else { return };
    let client = core.client(&payload.client, 1);
    let (task, lane) = (payload.task, payload.lane);
    let (target, expires_at) = (target_of(&payload.spec), payload.spec.expires_at);
    let job = RecoveredJob { job, open, task, client, lane, host, needs: Needs(1), target, expires_at };
    core.recover_job(job, now);
}

/// What a job is about, hashed as widely and as dearly as the engine does it.
fn target_of(spec: &JobSpec) -> TargetKey {
    let hash = Sha256::digest(format!("{} {} {}", spec.kind.as_str(), spec.registry, spec.purl).as_bytes());
    TargetKey(hash.iter().take(16).fold(0, |key, byte| key << 8 | u128::from(*byte)))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
