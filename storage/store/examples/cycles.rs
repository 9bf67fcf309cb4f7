//! How many jobs a second go from submit to complete, each made durable; what the index takes; how long opening takes.
//!
//! `cargo run --release -p gleaner-store --example cycles -- DIR [SECONDS]`
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use gleaner_model::{
    ClientName, Ecosystem, JobId, JobResult, JobSpec, JobState, Lane, Origin, PackageName, Purl, RegistryName, TaskId,
    Timestamp, Trace,
};
use gleaner_store::{Closure, Command, Group, KeyEntry, Keyed, Payload, RedbOptions, RedbStore, Store};

fn submit(sequence: u64) -> (u64, Command) {
    let name = PackageName::new(Ecosystem::Npm, &format!("package-{}", sequence.wrapping_mul(0x9E37_79B9) % 3_000_000));
    let purl = Purl::new(Ecosystem::Npm, name.unwrap());
    let spec = JobSpec::crawl(purl, RegistryName::default_of(Ecosystem::Npm));
    let at = Timestamp::from_millis(1_760_000_000_000 + i64::try_from(sequence).unwrap());
    let client = ClientName::gleaner();
    let (task, lane, trace, origin) = (TaskId(sequence), Lane::Free, Trace(None), Origin::Asked);
    (sequence, Payload { task, spec, client, lane, created_at: at, epoch: 1, trace, origin }.into())
}

fn close(sequence: u64) -> Closure {
    let ended_at = Timestamp::from_millis(1_760_000_000_000 + i64::try_from(sequence).unwrap());
    let result = JobResult { changed: Some(false), ..JobResult::bare(JobState::Done, ended_at, 1) };
    Closure { job: JobId(sequence), result, ends_task: Some(TaskId(sequence)) }
}

fn groups(size: u64, from: u64, count: u64) -> Vec<Group> {
    let group = |nth: u64| {
        let first = from + nth * size;
        let commands = (first..first + size).map(submit).collect();
        let ended = if nth == 0 { 0..0 } else { first - size..first };
        Group { commands, closures: ended.map(close).collect(), ..Group::default() }
    };
    (0..count).map(group).collect()
}

fn cycles(dir: &Path, size: u64, budget: Duration, options: &RedbOptions) {
    let store = RedbStore::open(dir, options.clone()).unwrap();
    let (mut done, mut spent, mut commits, mut next) = (0, Duration::ZERO, 0_u32, store.opened().next_sequence);
    while spent < budget {
        // Made outside the measured time, as clients would.
        let ready = groups(size, next, (200_000 / size).max(2));
        let begun = Instant::now();
        for group in &ready {
            store.commit(group).unwrap();
            done += group.closures.len();
            commits += 1;
        }
        spent += begun.elapsed();
        next += size * ready.len() as u64;
        let last = (next - size..next).map(close).collect();
        store.commit(&Group { closures: last, ..Group::default() }).unwrap();
    }
    let seconds = spent.as_secs_f64();
    println!(
        "groups of {size:>6}: {:>9.0} cycles/s, {:>6.0} commits/s, quick_repair {}",
        done as f64 / seconds,
        f64::from(commits) / seconds,
        options.quick_repair
    );
}

/// What clients' keys cost: groups of a thousand jobs, each with a key that looks random, beside the same without.
fn keys(dir: &Path, budget: Duration) {
    for keyed in [false, true] {
        let store = RedbStore::open(&dir.join(format!("keyed-{keyed}")), RedbOptions::default()).unwrap();
        let (mut done, mut spent, mut next) = (0_u64, Duration::ZERO, store.opened().next_sequence);
        while spent < budget {
            let mut group = Group { commands: (next..next + 1_000).map(submit).collect(), ..Group::default() };
            if keyed {
                group.keys = (next..next + 1_000).map(key).collect();
            }
            let begun = Instant::now();
            store.commit(&group).unwrap();
            spent += begun.elapsed();
            (done, next) = (done + 1_000, next + 1_000);
        }
        println!("groups of 1000, keyed {keyed}: {:>9.0} jobs/s over {done} jobs", done as f64 / spent.as_secs_f64());
    }
}

fn key(sequence: u64) -> KeyEntry {
    let key = format!("{:016x}-{sequence}", sequence.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    KeyEntry { client: ClientName::gleaner(), key, names: Keyed::Job(JobId(sequence)), fingerprint: [7; 16] }
}

fn recovery(dir: &Path, jobs: u64) {
    let size = 10_000;
    {
        let store = RedbStore::open(dir, RedbOptions::default()).unwrap();
        let from = store.opened().next_sequence;
        for nth in 0..jobs / size {
            let commands = (0..size).map(|at| submit(from + nth * size + at)).collect();
            store.commit(&Group { commands, ..Group::default() }).unwrap();
        }
        println!("{jobs} queued: {:.2} bytes of index a job", store.index_bytes() as f64 / jobs as f64);
    }
    let begun = Instant::now();
    let store = RedbStore::open(dir, RedbOptions::default()).unwrap();
    let opened = begun.elapsed();
    let mut found = 0;
    store.recover(&mut |_| found += 1).unwrap();
    println!(
        "{found} recovered: open {:.0} ms, all {:.0} ms",
        opened.as_secs_f64() * 1e3,
        begun.elapsed().as_secs_f64() * 1e3
    );
    let begun = Instant::now();
    for nth in 0..1000 {
        assert!(store.job(JobId(store.opened().next_sequence - 1 - nth * 997)).unwrap().is_some());
    }
    println!("one job read: {:.0} us", begun.elapsed().as_secs_f64() * 1e3);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().expect("the directory to use");
    let seconds = arguments.next().map_or(5, |seconds| seconds.parse().unwrap());
    let dir = Path::new(&dir);
    for quick_repair in [false, true] {
        let options = RedbOptions { quick_repair, ..RedbOptions::default() };
        for size in [100, 1_000, 10_000] {
            cycles(&dir.join(format!("{size}-{quick_repair}")), size, Duration::from_secs(seconds), &options);
        }
    }
    keys(dir, Duration::from_secs(seconds));
    recovery(&dir.join("recovery"), 1_000_000);
}
