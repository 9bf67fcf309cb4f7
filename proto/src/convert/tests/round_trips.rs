//! Domain to wire, wire to bytes, and all the way back: nothing is lost.

use std::fmt::Debug;

use gleaner_model::{
    Assignment, Attempt, CrawlPart, Dependencies, Document, Event, Explanation, Fault, JobKind, JobSpec, JobView,
    Outcome, Package, Permit, Question, ResolutionRecord, Resolved, Validators,
};
use proptest::prelude::*;
use prost::Message;

use super::{strategies, strategies_of_explanations, strategies_of_packages, strategies_of_questions};
use crate::convert::{
    DocumentPiece, Hello, InvalidMessage, PermitRequest, Progress, RequestsEnded, Suspended, Throttled, Welcome,
    job_kind,
};
use crate::v1;

/// `value` after a journey as a `W` in its encoded form.
fn sent<W, D>(value: D) -> D
where
    W: Message + Default + From<D>,
    D: TryFrom<W>,
    D::Error: Debug,
{
    let bytes = W::from(value).encode_to_vec();
    D::try_from(W::decode(&*bytes).expect("what was just encoded")).expect("a valid message")
}

macro_rules! survives {
    ($($test:ident: $strategy:expr => $wire:ty, $domain:ty;)+) => {
        proptest! {
            $(
                #[test]
                fn $test(value in $strategy) {
                    prop_assert_eq!(sent::<$wire, $domain>(value.clone()), value);
                }
            )+
        }
    };
}

survives! {
    attempts: strategies::attempt() => v1::Attempt, Attempt;
    faults: strategies::fault() => v1::Fault, Fault;
    documents: strategies::document() => v1::Document, Document;
    validators: strategies::validators() => v1::Validators, Validators;
    packages: strategies_of_packages::package() => v1::Package, Package;
    job_specs: strategies::job_spec() => v1::JobSpec, JobSpec;
    jobs: strategies::job_view() => v1::Job, JobView;
    explanations: strategies_of_explanations::explanation() => v1::ExplainResponse, Explanation;
    assignments: strategies::assignment() => v1::Assign, Assignment;
    permits: (strategies::attempt(), strategies::permit()) => v1::Permit, (Attempt, Permit);
    outcomes: (strategies::attempt(), strategies::outcome()) => v1::Outcome, (Attempt, Outcome);
    hellos: strategies::hello() => v1::Hello, Hello;
    welcomes: strategies::welcome() => v1::Welcome, Welcome;
    events: (strategies::event(), strategies::text()) => v1::Event, (Event, String);
    permit_requests: strategies::permit_request() => v1::PermitRequest, PermitRequest;
    ended_requests: strategies::requests_ended() => v1::RequestsEnded, RequestsEnded;
    throttlings: strategies::throttled() => v1::Throttled, Throttled;
    progress: strategies::progress() => v1::Progress, Progress;
    suspensions: strategies::suspended() => v1::Suspended, Suspended;
    pieces: strategies::piece() => v1::DocumentPiece, DocumentPiece;
    questions: strategies_of_questions::question() => v1::Question, Question;
    answers: strategies_of_questions::resolved() => v1::Resolution, Resolved;
    records: strategies_of_questions::resolution_record() => v1::AnsweredQuestion, ResolutionRecord;
}

#[test]
fn a_job_needs_no_more_than_a_purl() {
    let wire = v1::JobSpec { purl: "pkg:npm/express".to_owned(), ..v1::JobSpec::default() };
    let spec = JobSpec::try_from(wire).expect("valid");
    assert_eq!(spec.kind, JobKind::Crawl);
    assert_eq!(spec.part, CrawlPart::Newest);
    assert_eq!(spec.registry.as_str(), "npm");
    assert_eq!((spec.max_age_ms, spec.expires_at), (0, None));
}

#[test]
fn an_unspecified_kind_is_a_crawl_and_an_unknown_one_is_refused() {
    assert_eq!(job_kind(0, "kind"), Ok(JobKind::Crawl));
    assert_eq!(job_kind(9, "kind").as_ref().map_err(InvalidMessage::field), Err("kind"));
}

#[test]
fn no_dependencies_and_not_fetched_stay_apart() {
    let read = |state: v1::DependenciesState| {
        let version =
            v1::Version { number: "1.0.0".to_owned(), dependencies_state: state.into(), ..v1::Version::default() };
        gleaner_model::Version::try_from(version).expect("valid").dependencies
    };
    assert_eq!(read(v1::DependenciesState::Fetched), Dependencies::Fetched(Vec::new()));
    assert_eq!(read(v1::DependenciesState::NotFetched), Dependencies::NotFetched);
}

#[test]
fn an_overlong_detail_is_cut() {
    let wire = v1::Fault { kind: v1::FaultKind::Outage.into(), detail: "é".repeat(1000) };
    let fault = Fault::try_from(wire).expect("valid");
    assert_eq!(fault.detail, "é".repeat(Fault::DETAIL_MAX / 2));
}

#[test]
fn nothing_known_is_no_validators_at_all() {
    let runner = &mut proptest::test_runner::TestRunner::deterministic();
    let tree = strategies::assignment().new_tree(runner).expect("an assignment");
    let assignment = Assignment {
        validators: Validators::default(),
        document: None,
        ..proptest::strategy::ValueTree::current(&tree)
    };
    let wire = v1::Assign::from(assignment);
    assert_eq!((wire.validators, wire.document), (None, None));
}
