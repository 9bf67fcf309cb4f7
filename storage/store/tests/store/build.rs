//! Short ways to say commands, closures and records.

use gleaner_model::{
    Artifact, Batch, BatchId, Campaign, CampaignState, ClientName, CrawlPart, Dependencies, Ecosystem, Event,
    EventKind, Fault, FaultKind, JobId, JobKind, JobResult, JobSpec, JobState, Lane, Origin, Outline, Package,
    PackageContent, PackageHead, PackageKey, PackageName, PackageRecord, Presence, Purl, RegistryName, Schedule,
    TaskId, Timestamp, Trace, Version,
};
use gleaner_store::{Closure, Command, Group, KeyEntry, Keyed, PackageWrite, Payload, StreamPosition};

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

pub(crate) fn purl(name: &str) -> Purl {
    Purl::new(Ecosystem::Cargo, PackageName::new(Ecosystem::Cargo, name).unwrap())
}

/// Job `sequence`, waiting for `task`.
pub(crate) fn submit(sequence: u64, task: u64) -> (u64, Command) {
    let spec = JobSpec {
        kind: JobKind::Crawl,
        part: CrawlPart::Newest,
        purl: purl(&format!("crate-{sequence}")),
        registry: RegistryName::default_of(Ecosystem::Cargo),
        max_age_ms: sequence % 7,
        expires_at: None,
        not_before: sequence.is_multiple_of(5).then(|| at(500)),
        deadline: sequence.is_multiple_of(3).then(|| at(900)),
        key: None,
        question: None,
    };
    let client = ClientName::gleaner();
    let payload = Payload {
        task: TaskId(task),
        spec,
        client,
        lane: Lane::Free,
        created_at: at(1),
        epoch: 1,
        trace: Trace::default(),
        origin: Origin::Asked,
    };
    (sequence, payload.into())
}

pub(crate) fn failed(sequence: u64, task: u64, attempts: u32, retry_at: i64) -> (u64, Command) {
    let fault = Fault::new(FaultKind::Outage, "the host hangs");
    (sequence, Command::AttemptFailed { task: TaskId(task), attempts, fault, retry_at: at(retry_at) })
}

pub(crate) fn blocked(sequence: u64, host: &str, until: i64) -> (u64, Command) {
    (sequence, Command::HostBlocked { host: host.parse().unwrap(), until: at(until) })
}

/// Job `job` ends at `ended`, and `task` with it if there is one.
pub(crate) fn close(job: u64, task: Option<u64>, ended: i64) -> Closure {
    let mut result = JobResult::bare(JobState::Done, at(ended), 1);
    result.latest = Some(format!("1.0.{job}"));
    Closure { job: JobId(job), result, ends_task: task.map(TaskId) }
}

pub(crate) fn commands(commands: impl IntoIterator<Item = (u64, Command)>) -> Group {
    Group { commands: commands.into_iter().collect(), ..Group::default() }
}

pub(crate) fn closures(closures: impl IntoIterator<Item = Closure>) -> Group {
    Group { closures: closures.into_iter().collect(), ..Group::default() }
}

pub(crate) fn key(name: &str) -> PackageKey {
    PackageKey::in_default_registry(&purl(name))
}

pub(crate) fn record(name: &str, revision: u64) -> PackageRecord {
    let head = PackageHead {
        key: key(name),
        revision,
        content_revision: revision,
        presence: Presence::Present,
        source: None,
        last_attempt: at(1),
        last_success: None,
        last_change: None,
        missing_since: None,
        next_due: at(2),
        outline: Outline { versions: 2, latest: Some(format!("0.{revision}.0")), ..Outline::default() },
    };
    let mut package = Package { latest: Some(format!("0.{revision}.0")), ..Package::default() };
    package.versions = vec![version("0.0.0", &[]), version("0.0.1", &[&[], &[7; 32], &[8; 200]])];
    PackageRecord { head, content: PackageContent { package, more_documents: Vec::new() } }
}

fn version(number: &str, checksums: &[&[u8]]) -> Version {
    let artifact = |checksum: &&[u8]| Artifact { checksum: checksum.to_vec(), ..Artifact::default() };
    Version {
        number: number.to_owned(),
        published_at: None,
        yank: None,
        deprecated: None,
        licence: None,
        runtime: None,
        dependencies: Dependencies::NotFetched,
        features: Vec::new(),
        details: None,
        artifacts: checksums.iter().map(artifact).collect(),
    }
}

/// The record at `revision`, with as many events.
pub(crate) fn package(name: &str, revision: u64, events: usize) -> PackageWrite {
    let event = |nth| Event {
        key: key(name),
        at: at(1),
        kind: EventKind::VersionPublished { version: format!("0.{revision}.{nth}") },
    };
    let PackageRecord { head, content } = record(name, revision);
    PackageWrite::new(&head, Some(content), (0..events).map(event).collect())
}

/// A head at `revision` alone, whose content is that of an earlier one; 0 for none.
pub(crate) fn head(name: &str, revision: u64, content_revision: u64) -> PackageHead {
    PackageHead { content_revision, ..record(name, revision).head }
}

pub(crate) fn head_alone(name: &str, revision: u64, content_revision: u64) -> PackageWrite {
    PackageWrite::new(&head(name, revision, content_revision), None, Vec::new())
}

/// A client's key for the job.
pub(crate) fn keyed(client: &str, key: &str, job: u64) -> KeyEntry {
    let (client, key) = (client.parse().unwrap(), key.to_owned());
    KeyEntry { client, key, names: Keyed::Job(JobId(job)), fingerprint: [7; 16] }
}

/// Job `sequence` of client `a`, submitted under a key.
pub(crate) fn submit_under(sequence: u64, key: &str, origin: Origin) -> (u64, Command) {
    let payload = submit(sequence, sequence).1.into_payload().expect("it submits");
    let mut payload = Payload { client: "a".parse().unwrap(), origin, ..(*payload).clone() };
    payload.spec.key = (!key.is_empty()).then(|| key.parse().unwrap());
    (sequence, payload.into())
}

/// A batch of the jobs from `first` to `last`, with how it ended.
pub(crate) fn batch(first: u64, last: u64, key: &str, ended: Option<i64>) -> Batch {
    Batch {
        id: BatchId(first),
        client: "a".parse().unwrap(),
        label: "some".to_owned(),
        created_at: at(1),
        last: JobId(last),
        jobs: u32::try_from(last - first + 1).unwrap(),
        key: (!key.is_empty()).then(|| key.parse().unwrap()),
        cancelled_at: None,
        end: ended.map(|ended| (at(ended), [JobState::Done].into_iter().collect())),
    }
}

pub(crate) fn schedule(client: &str, name: &str) -> Schedule {
    Schedule {
        name: name.parse().unwrap(),
        client: client.parse().unwrap(),
        cron: "0 6 * * *".to_owned(),
        jobs: vec![JobSpec::crawl(purl("serde"), RegistryName::default_of(Ecosystem::Cargo))],
        created_at: at(1),
        paused: false,
        next_at: Some(at(2)),
        last: None,
    }
}

pub(crate) fn campaign(client: &str, name: &str, ended: Option<i64>) -> Campaign {
    Campaign {
        name: name.parse().unwrap(),
        client: client.parse().unwrap(),
        registry: RegistryName::default_of(Ecosystem::Cargo),
        ecosystem: Ecosystem::Cargo,
        prefix: String::new(),
        window: 100,
        created_at: at(1),
        state: if ended.is_some() { CampaignState::Done } else { CampaignState::Running },
        cursor: Some("cargo pkg:cargo/a".to_owned()),
        exhausted: ended.is_some(),
        submitted: 7,
        ended_at: ended.map(at),
        question: None,
    }
}

pub(crate) fn position(client: &str, stream: &str, number: u64, ms: i64) -> StreamPosition {
    StreamPosition {
        client: client.parse().unwrap(),
        stream: stream.to_owned(),
        number,
        job: JobId(number),
        at: at(ms),
    }
}
