//! One wrong message for each field of greetings, assignments and attempts' talk that can be wrong.

use gleaner_model::{Assignment, Attempt, Permit};

use super::refusals::refuses;
use crate::convert::{
    CHECKPOINT_BYTES_MAX, DocumentPiece, ENDED_HOSTS_MAX, HELD_MAX, Hello, PIECE_BYTES_MAX, PermitRequest, Progress,
    RequestsEnded, Suspended, Throttled, Welcome,
};
use crate::v1;

const HOST: &str = "mirror.example";

fn attempt() -> Option<v1::Attempt> {
    Some(v1::Attempt { task: 1, epoch: 2, sequence: 3 })
}

#[test]
fn hellos() {
    let held = v1::Held { attempt: attempt(), finished: true };
    let good = v1::Hello {
        worker: "worker-1".to_owned(),
        capabilities: vec![v1::Capability { kind: 0, ecosystem: "npm".to_owned() }],
        slots: 4096,
        held: vec![held; HELD_MAX],
        ..v1::Hello::default()
    };
    refuses::<_, Hello>(
        &good,
        &[
            ("worker", |w| w.worker.clear()),
            ("capabilities", |w| w.capabilities.clear()),
            ("capabilities[0].ecosystem", |w| w.capabilities[0].ecosystem.clear()),
            ("held[2].attempt", |w| w.held[2].attempt = None),
        ],
        &[
            ("worker", |w| w.worker = "w".repeat(65)),
            ("capabilities[0].ecosystem", |w| w.capabilities[0].ecosystem = "gem".to_owned()),
            ("capabilities[0].kind", |w| w.capabilities[0].kind = 9),
            ("slots", |w| w.slots = 0),
            ("slots", |w| w.slots = 4097),
            ("slots", |w| w.slots = 65_536 + 1),
            ("held", |w| w.held.push(v1::Held { attempt: attempt(), finished: false })),
        ],
    );
}

#[test]
fn welcomes() {
    let claim = v1::Claim { attempt: attempt(), verdict: v1::ClaimVerdict::Adopted.into(), epoch: 1, sequence: 1 };
    let good = v1::Welcome { epoch: 1, heartbeat_ms: 1, lease_ttl_ms: 1, claims: vec![claim], takes_several: true };
    refuses::<_, Welcome>(
        &good,
        &[
            ("heartbeat_ms", |w| w.heartbeat_ms = 0),
            ("lease_ttl_ms", |w| w.lease_ttl_ms = 0),
            ("claims[0].attempt", |w| w.claims[0].attempt = None),
            ("claims[0].verdict", |w| w.claims[0].verdict = 0),
        ],
        &[("claims[0].verdict", |w| w.claims[0].verdict = 4)],
    );
}

#[test]
fn permits() {
    let good = v1::Permit { attempt: attempt(), host: HOST.to_owned(), use_within_ms: 1 };
    refuses::<_, (Attempt, Permit)>(
        &good,
        &[("attempt", |w| w.attempt = None), ("host", |w| w.host.clear())],
        &[("host", |w| w.host = "mirror.example/path".to_owned())],
    );
}

#[test]
fn assignments() {
    let good = v1::Assign {
        attempt: attempt(),
        part: v1::CrawlPart::Newest.into(),
        purl: "pkg:npm/express".to_owned(),
        registry: "npm".to_owned(),
        base_url: "http://mirror.example/npm/".to_owned(),
        document: Some(v1::Document { hash: vec![1; 32], length_bytes: 1, url: "u".to_owned() }),
        lane: v1::Lane::Paid.into(),
        permit: Some(v1::Permit { attempt: attempt(), host: HOST.to_owned(), use_within_ms: 1 }),
        ..v1::Assign::default()
    };
    refuses::<_, Assignment>(
        &good,
        &[
            ("attempt", |w| w.attempt = None),
            ("part", |w| w.part = 0),
            ("purl", |w| w.purl.clear()),
            ("registry", |w| w.registry.clear()),
            ("base_url", |w| w.base_url.clear()),
            ("document.hash", |w| w.document = Some(v1::Document::default())),
            ("lane", |w| w.lane = 0),
            ("permit", |w| w.permit = None),
            ("permit.host", |w| w.permit = Some(v1::Permit { attempt: attempt(), ..v1::Permit::default() })),
        ],
        &[
            ("kind", |w| w.kind = 3),
            ("part", |w| w.part = 3),
            ("purl", |w| w.purl = "express".to_owned()),
            ("registry", |w| w.registry = "N P M".to_owned()),
            ("base_url", |w| w.base_url = "/npm/".to_owned()),
            ("base_url", |w| w.base_url = "http://mirror.example/npm".to_owned()),
            ("lane", |w| w.lane = 7),
            ("permit.attempt", |w| w.attempt = Some(v1::Attempt { task: 1, epoch: 2, sequence: 4 })),
        ],
    );
}

#[test]
fn requests_and_throttlings() {
    refuses::<_, PermitRequest>(
        &v1::PermitRequest { attempt: attempt(), host: HOST.to_owned(), ended: Vec::new() },
        &[("attempt", |w| w.attempt = None), ("host", |w| w.host.clear())],
        &[("host", |w| w.host = "Mirror.example".to_owned())],
    );
    let one = v1::EndedRequests { host: HOST.to_owned(), requests: 2, well: 2 };
    refuses::<_, RequestsEnded>(
        &v1::RequestsEnded { attempt: attempt(), ended: vec![one; ENDED_HOSTS_MAX] },
        &[("attempt", |w| w.attempt = None), ("ended[1].host", |w| w.ended[1].host.clear())],
        &[
            ("ended[0].well", |w| w.ended[0].well = 3),
            ("ended", |w| w.ended.push(v1::EndedRequests { host: HOST.to_owned(), requests: 1, well: 0 })),
        ],
    );
    refuses::<_, Throttled>(
        &v1::Throttled { attempt: attempt(), host: HOST.to_owned(), retry_after_ms: None },
        &[("attempt", |w| w.attempt = None), ("host", |w| w.host.clear())],
        &[("host", |w| w.host = "a b".to_owned())],
    );
}

#[test]
fn checkpoints() {
    let checkpoint = vec![0; CHECKPOINT_BYTES_MAX];
    refuses::<_, Progress>(
        &v1::Progress { attempt: attempt(), checkpoint: checkpoint.clone(), ..v1::Progress::default() },
        &[("attempt", |w| w.attempt = None)],
        &[("checkpoint", |w| w.checkpoint.push(0))],
    );
    refuses::<_, Suspended>(
        &v1::Suspended { attempt: attempt(), checkpoint },
        &[("attempt", |w| w.attempt = None)],
        &[("checkpoint", |w| w.checkpoint.push(0))],
    );
}

#[test]
fn pieces() {
    let data = vec![0; PIECE_BYTES_MAX].into();
    refuses::<_, DocumentPiece>(
        &v1::DocumentPiece { attempt: attempt(), hash: vec![1; 32], data, last: false },
        &[("attempt", |w| w.attempt = None), ("hash", |w| w.hash.clear())],
        &[("hash", |w| w.hash.truncate(20)), ("data", |w| w.data = vec![0; PIECE_BYTES_MAX + 1].into())],
    );
}
