//! Arbitrary jobs, assignments, outcomes, greetings and events.

use bytes::Bytes;
use gleaner_model::{
    Assignment, Attempt, BatchId, Capability, ClientName, ContentHash, CrawlPart, Document, Ecosystem, Event,
    EventKind, Fault, FaultKind, Host, IdempotencyKey, JobId, JobKind, JobResult, JobSpec, JobState, JobView, Lane,
    OrderName, Origin, Outcome, PackageKey, PackageName, Permit, Purl, Question, Registry, RegistryName, TaskId,
    Timestamp, Token, Trace, Validators, WorkerName,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::strategies_of_packages::crawl_facts;
use super::strategies_of_questions::{question, resolved};
use crate::convert::{
    Claim, ClaimVerdict, DocumentPiece, EndedRequests, HeldAttempt, Hello, PermitRequest, Progress, RequestsEnded,
    Suspended, Throttled, Welcome,
};

/// A text that is not empty: where the domain has an option, the wire has an empty text for none.
pub(super) fn text() -> impl Strategy<Value = String> {
    "[ -~é]{1,12}"
}

pub(super) fn number() -> impl Strategy<Value = String> {
    "[0-9]{1,3}\\.[0-9]{1,3}(-[a-z]{1,4})?(\\+[a-z]{1,4})?"
}

/// Any moment but that which stands for none.
pub(super) fn moment() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_filter("zero is none", |ms| *ms != 0).prop_map(Timestamp::from_millis)
}

pub(super) fn attempt() -> impl Strategy<Value = Attempt> {
    (any::<u64>(), token()).prop_map(|(task, token)| Attempt { task: TaskId(task), token })
}

fn token() -> impl Strategy<Value = Token> {
    any::<(u64, u64)>().prop_map(|(epoch, sequence)| Token { epoch, sequence })
}

fn hash() -> impl Strategy<Value = ContentHash> {
    any::<[u8; 32]>().prop_map(ContentHash)
}

fn package() -> impl Strategy<Value = Purl> {
    const KNOWN: [(Ecosystem, &str); 6] = [
        (Ecosystem::Cargo, "serde"),
        (Ecosystem::Cargo, "Inflector_x"),
        (Ecosystem::Npm, "@types/node"),
        (Ecosystem::Npm, "lodash.merge"),
        (Ecosystem::Npm, "jsonstream"),
        (Ecosystem::Pypi, "typing-extensions"),
    ];
    select(&KNOWN[..]).prop_map(|(ecosystem, name)| {
        Purl::new(ecosystem, PackageName::new(ecosystem, name).expect("a name of this ecosystem"))
    })
}

fn purl() -> impl Strategy<Value = Purl> {
    (package(), of(number())).prop_map(|(package, version)| match version {
        Some(version) => package.with_version(&version),
        None => package,
    })
}

fn registry_name() -> impl Strategy<Value = RegistryName> {
    "[a-z0-9-]{1,32}".prop_map(|name| name.parse().expect("a registry's name"))
}

fn kind() -> impl Strategy<Value = JobKind> {
    select(&[JobKind::Crawl, JobKind::Resolve][..])
}

/// A kind, and the question that belongs to it.
fn asked() -> impl Strategy<Value = (JobKind, Option<Box<Question>>)> {
    prop_oneof![
        Just((JobKind::Crawl, None)),
        question().prop_map(|question| (JobKind::Resolve, Some(Box::new(question)))),
    ]
}

pub(super) fn lane() -> impl Strategy<Value = Lane> {
    select(&Lane::ALL[..])
}

fn host() -> impl Strategy<Value = Host> {
    select(&["registry.invalid", "mirror.example:8080", "127.0.0.1:1"][..])
        .prop_map(|host| host.parse().expect("a host"))
}

pub(super) fn fault() -> impl Strategy<Value = Fault> {
    (select(&FaultKind::ALL[..]), text()).prop_map(|(kind, detail)| Fault::new(kind, detail))
}

pub(super) fn document() -> impl Strategy<Value = Document> {
    (hash(), any::<u64>(), text()).prop_map(|(hash, length, url)| Document { hash, length, url })
}

pub(super) fn validators() -> impl Strategy<Value = Validators> {
    (of(text()), of(text())).prop_map(|(etag, last_modified)| Validators { etag, last_modified })
}

pub(super) fn job_spec() -> impl Strategy<Value = JobSpec> {
    let key = "[!-~]{1,128}".prop_map(|key| key.parse::<IdempotencyKey>().expect("a key"));
    let times = (of(moment()), of(moment()), of(moment()));
    (asked(), purl(), registry_name(), any::<u64>(), times, of(key)).prop_map(
        |((kind, question), purl, registry, max_age_ms, (expires_at, not_before, deadline), key)| {
            let part = CrawlPart::Newest;
            JobSpec { kind, part, purl, registry, max_age_ms, expires_at, not_before, deadline, key, question }
        },
    )
}

fn job_result(state: JobState) -> impl Strategy<Value = JobResult> {
    let times = (moment(), of(moment()));
    (times, any::<u32>(), of(any::<bool>()), of(any::<u32>()), of(text()), of(hash()), of(fault())).prop_map(
        move |((ended_at, fetched_at), attempts, changed, versions, latest, document, error)| JobResult {
            state,
            ended_at,
            attempts,
            changed,
            versions,
            latest,
            fetched_at,
            document,
            error,
            journey: None,
        },
    )
}

pub(super) fn job_view() -> impl Strategy<Value = JobView> {
    let result = select(&JobState::ALL[..]).prop_flat_map(|state| {
        job_result(state).prop_map(move |result| (state, state.is_terminal().then_some(result)))
    });
    let client = "[a-z0-9._-]{1,64}".prop_map(|name| name.parse::<ClientName>().expect("a client's name"));
    let ids = any::<(u64, u64, Option<u64>)>();
    let asked = (client, lane(), moment(), origin());
    (ids, job_spec(), asked, any::<u32>(), text(), result).prop_map(
        |((id, task, retried), spec, (client, lane, created_at, origin), attempts, waiting_for, (state, result))| {
            JobView {
                id: JobId(id),
                spec,
                client,
                lane,
                task: TaskId(task),
                created_at,
                origin,
                retried_as: retried.map(JobId),
                state,
                attempts: result.as_ref().map_or(attempts, |result| result.attempts),
                waiting_for,
                result,
            }
        },
    )
}

fn origin() -> impl Strategy<Value = Origin> {
    let name = || "[a-z0-9._-]{1,64}".prop_map(|name| name.parse::<OrderName>().expect("an order's name"));
    prop_oneof![
        Just(Origin::Asked),
        any::<u64>().prop_map(|job| Origin::Retry(JobId(job))),
        any::<u64>().prop_map(|batch| Origin::Batch(BatchId(batch))),
        name().prop_map(Origin::Schedule),
        name().prop_map(Origin::Campaign),
        any::<u64>().prop_map(|task| Origin::Child(TaskId(task))),
    ]
}

pub(super) fn permit() -> impl Strategy<Value = Permit> {
    (host(), any::<u64>()).prop_map(|(host, use_within_ms)| Permit { host, use_within_ms })
}

pub(super) fn assignment() -> impl Strategy<Value = Assignment> {
    let asked = (asked(), any::<u64>());
    let what = (asked, select(&[CrawlPart::Newest, CrawlPart::Older][..]), purl(), registry_name());
    let known = (validators(), of(document()), vec(number(), 0..4));
    let known = (known, vec(any::<u8>(), 0..9));
    (attempt(), what, known, lane(), permit(), of(text())).prop_map(
        |(
            attempt,
            (((kind, question), position), part, purl, name),
            ((validators, document, settled), checkpoint),
            lane,
            permit,
            trace,
        )| {
            Assignment {
                attempt,
                kind,
                part,
                registry: Registry {
                    name,
                    ecosystem: purl.ecosystem(),
                    base_url: "https://mirror.example/index/".to_owned(),
                }
                .into(),
                purl,
                validators,
                document,
                settled,
                lane,
                permit,
                trace: Trace(trace.map(Into::into)),
                question,
                position,
                checkpoint,
            }
        },
    )
}

pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => crawl_facts().prop_map(|facts| Outcome::Fetched(Box::new(facts))),
        1 => moment().prop_map(|at| Outcome::NotModified { at }),
        1 => moment().prop_map(|at| Outcome::NotFound { at }),
        1 => moment().prop_map(|at| Outcome::Gone { at }),
        3 => resolved().prop_map(|resolved| Outcome::Resolved(Box::new(resolved))),
        1 => fault().prop_map(Outcome::Failed),
        1 => Just(Outcome::HandedBack),
    ]
}

pub(super) fn hello() -> impl Strategy<Value = Hello> {
    let worker = "[a-z0-9-]{1,64}".prop_map(|name| name.parse::<WorkerName>().expect("a worker's name"));
    let capability = (kind(), select(&Ecosystem::ALL[..])).prop_map(|(kind, ecosystem)| Capability { kind, ecosystem });
    let held = (attempt(), any::<bool>()).prop_map(|(attempt, finished)| HeldAttempt { attempt, finished });
    (worker, any::<u64>(), text(), vec(capability, 1..4), 1..=4096_u16, vec(held, 0..5), any::<bool>(), any::<bool>())
        .prop_map(|(worker, incarnation, version, capabilities, slots, held, tells_ends, takes_several)| Hello {
            worker,
            incarnation,
            version,
            capabilities,
            slots,
            held,
            tells_ends,
            takes_several,
        })
}

pub(super) fn welcome() -> impl Strategy<Value = Welcome> {
    let verdict =
        prop_oneof![token().prop_map(ClaimVerdict::Adopted), Just(ClaimVerdict::Abandoned), Just(ClaimVerdict::Closed)];
    let claim = (attempt(), verdict).prop_map(|(attempt, verdict)| Claim { attempt, verdict });
    (any::<u64>(), 1..=u64::MAX, 1..=u64::MAX, vec(claim, 0..5), any::<bool>()).prop_map(
        |(epoch, heartbeat_ms, lease_ttl_ms, claims, takes_several)| Welcome {
            epoch,
            heartbeat_ms,
            lease_ttl_ms,
            claims,
            takes_several,
        },
    )
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let version = number;
    let kind = prop_oneof![
        any::<u32>().prop_map(|versions| EventKind::PackageDiscovered { versions }),
        Just(EventKind::PackageGone),
        Just(EventKind::PackageReturned),
        Just(EventKind::FactsChanged),
        version().prop_map(|version| EventKind::VersionPublished { version }),
        version().prop_map(|version| EventKind::VersionRemoved { version }),
        (version(), of(text())).prop_map(|(version, reason)| EventKind::VersionYanked { version, reason }),
        version().prop_map(|version| EventKind::VersionUnyanked { version }),
        (version(), text()).prop_map(|(version, message)| EventKind::VersionDeprecated { version, message }),
        version().prop_map(|version| EventKind::VersionUndeprecated { version }),
        version().prop_map(|version| EventKind::VersionDependenciesChanged { version }),
        of(version()).prop_map(|version| EventKind::LatestChanged { version }),
        (text(), of(version()), of(version())).prop_map(|(tag, from, to)| EventKind::TagMoved { tag, from, to }),
    ];
    (package(), registry_name(), moment(), kind).prop_map(|(package, registry, at, kind)| Event {
        key: PackageKey::new(registry, &package),
        at,
        kind,
    })
}

pub(super) fn permit_request() -> impl Strategy<Value = PermitRequest> {
    (attempt(), host(), vec(ended(), 0..3)).prop_map(|(attempt, host, ended)| PermitRequest { attempt, host, ended })
}

fn ended() -> impl Strategy<Value = EndedRequests> {
    let counts = any::<u32>().prop_flat_map(|requests| (Just(requests), 0..=requests));
    (host(), counts).prop_map(|(host, (requests, well))| EndedRequests { host, requests, well })
}

pub(super) fn requests_ended() -> impl Strategy<Value = RequestsEnded> {
    (attempt(), vec(ended(), 0..3)).prop_map(|(attempt, ended)| RequestsEnded { attempt, ended })
}

pub(super) fn throttled() -> impl Strategy<Value = Throttled> {
    (attempt(), host(), of(any::<u64>())).prop_map(|(attempt, host, retry_after_ms)| Throttled {
        attempt,
        host,
        retry_after_ms,
    })
}

pub(super) fn progress() -> impl Strategy<Value = Progress> {
    (attempt(), any::<u32>(), any::<u64>(), vec(any::<u8>(), 0..9)).prop_map(
        |(attempt, requests, received_bytes, checkpoint)| Progress { attempt, requests, received_bytes, checkpoint },
    )
}

pub(super) fn suspended() -> impl Strategy<Value = Suspended> {
    (attempt(), vec(any::<u8>(), 0..9)).prop_map(|(attempt, checkpoint)| Suspended { attempt, checkpoint })
}

pub(super) fn piece() -> impl Strategy<Value = DocumentPiece> {
    (attempt(), hash(), vec(any::<u8>(), 0..9), any::<bool>()).prop_map(|(attempt, hash, data, last)| DocumentPiece {
        attempt,
        hash,
        data: Bytes::from(data),
        last,
    })
}
