//! The jobs that are measured: crawls of scoped packages with a trace, some 200 bytes each, no two alike. Names repeat
//! their words as real ones do; traces do not repeat at all. Everything follows from the sequence number.

use gleaner_model::{
    ClientName, CrawlPart, Ecosystem, JobId, JobKind, JobResult, JobSpec, JobState, Lane, PackageName, Purl,
    RegistryName, TaskId, Timestamp, Trace,
};
use gleaner_store::{Closure, Command, Payload};

/// Words of package names.
const WORDS: [&str; 32] = [
    "react",
    "plugin",
    "loader",
    "client",
    "server",
    "babel",
    "types",
    "config",
    "utils",
    "core",
    "parser",
    "schema",
    "stream",
    "async",
    "buffer",
    "router",
    "widget",
    "theme",
    "preset",
    "eslint",
    "webpack",
    "express",
    "middleware",
    "logger",
    "cache",
    "session",
    "graphql",
    "native",
    "adapter",
    "runtime",
    "helper",
    "transform",
];

/// Clients that ask.
const CLIENTS: u64 = 16;

/// When the first job was submitted: any moment will do.
const BEGIN_MS: i64 = 1_760_000_000_000;

/// A number that looks random (the finaliser of splitmix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn at(sequence: u64) -> Timestamp {
    Timestamp::from_millis(BEGIN_MS).plus_ms(sequence)
}

fn word(bits: u64) -> &'static str {
    WORDS[usize::try_from(bits % 32).expect("less than 32")]
}

fn purl(sequence: u64) -> Purl {
    let bits = mix(sequence);
    let part = |nth: u32| word(bits >> (nth * 5));
    let scope = [0, 1, 2].map(part).join("-");
    let rest = [3, 4, 5, 6, 7, 8, 9, 10, 11].map(part).join("-");
    let name = format!("@{scope}/{rest}-{sequence:x}");
    Purl::new(Ecosystem::Npm, PackageName::new(Ecosystem::Npm, &name).expect("made of words"))
}

/// Who submitted the job.
fn client(sequence: u64) -> ClientName {
    format!("client-{:02}", mix(sequence ^ 1) % CLIENTS).parse().expect("made of letters and digits")
}

fn trace(sequence: u64) -> Trace {
    let (one, two, three) = (mix(sequence ^ 2), mix(sequence ^ 3), mix(sequence ^ 4));
    Trace(Some(format!("00-{one:016x}{two:016x}-{three:016x}-01").into()))
}

/// A job that makes its own task.
pub(crate) fn submit(sequence: u64) -> (u64, Command) {
    let spec = JobSpec {
        kind: JobKind::Crawl,
        part: CrawlPart::Newest,
        purl: purl(sequence),
        registry: RegistryName::default_of(Ecosystem::Npm),
        max_age_ms: 60_000,
        expires_at: None,
        not_before: None,
        deadline: None,
        key: None,
        question: None,
    };
    let (client, trace) = (client(sequence), trace(sequence));
    let (task, at) = (TaskId(sequence), at(sequence));
    let origin = gleaner_model::Origin::Asked;
    let payload = Payload { task, spec, client, lane: Lane::Free, created_at: at, epoch: 1, trace, origin };
    (sequence, payload.into())
}

/// Its end, of which nothing is told but that it is there.
pub(crate) fn close(sequence: u64) -> Closure {
    let result = JobResult::bare(JobState::Done, at(sequence).plus_ms(1_000), 1);
    Closure { job: JobId(sequence), result, ends_task: Some(TaskId(sequence)) }
}

/// Puts `numbers` into an order that looks random, always the same.
pub(crate) fn shuffle(numbers: &mut [u64]) {
    for end in (1..numbers.len()).rev() {
        let bound = u64::try_from(end + 1).expect("lengths fit");
        numbers.swap(end, usize::try_from(mix(numbers[end]) % bound).expect("less than a length"));
    }
}
