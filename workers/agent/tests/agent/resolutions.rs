//! Questions that a worker answers from a catalogue that the test plays.

use gleaner_agent::{Options, capabilities};
use gleaner_model::{Answer, AsOf, Assignment, JobKind, Question, Root, Timestamp, UntoldFact};
use gleaner_proto::convert::Known;

use crate::catalogue::{Asked, Catalogue, cargo, put_pigeons, pypi};
use crate::harness::Stage;
use crate::scheduler::{Scheduler, Session, attempt, resolution, soon};

/// `top` needs `mid`, which needs `low`.
fn put_three(catalogue: &Catalogue) {
    catalogue.put_package("pkg:cargo/top", cargo("top", &[("1.0.0", &[("mid", "^1")])]));
    catalogue.put_package("pkg:cargo/mid", cargo("mid", &[("1.0.0", &[]), ("1.2.0", &[("low", "^0.3")])]));
    catalogue.put_package("pkg:cargo/low", cargo("low", &[("0.3.1", &[]), ("0.4.0", &[])]));
}

/// A resolution as of now.
fn now(task: u64, purl: &str, catalogue: &Catalogue) -> Assignment {
    resolution(task, purl, catalogue.position(), Question::default())
}

fn as_of(task: u64, purl: &str, as_of: AsOf, position: u64) -> Assignment {
    resolution(task, purl, position, Question { as_of, ..Question::default() })
}

async fn answer(session: &mut Session, assignment: Assignment) -> crate::scheduler::Delivered {
    let attempt = assignment.attempt;
    session.assign(assignment).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.attempt, attempt);
    session.acknowledge(attempt).await;
    delivered
}

#[tokio::test]
async fn a_question_is_answered_from_the_catalogue_and_each_package_is_read_once() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    let question = Question { lock: true, environment: vec![("rustc".into(), "1.80.0".into())], ..Question::default() };
    let asked = resolution(1, "pkg:cargo/top", catalogue.position(), question);
    let delivered = answer(&mut session, asked).await;
    assert_eq!(delivered.graph(), ["low 0.3.1", "mid 1.2.0", "top 1.0.0"]);
    let resolved = delivered.resolved();
    assert_eq!(resolved.position, 3);
    assert!(resolved.environment.contains(&("rustc".to_owned(), "1.80.0".to_owned())), "{:?}", resolved.environment);
    assert!(resolved.lock.as_deref().is_some_and(|lock| lock.contains("name = \"low\"")), "{:?}", resolved.lock);
    assert!(resolved.resolution.read.len() >= 3 && resolved.resolution.steps > 0);
    // What is known is not asked for again, by whatever root.
    assert_eq!(
        answer(&mut session, now(2, "pkg:cargo/mid@1.2.0", catalogue)).await.graph(),
        ["low 0.3.1", "mid 1.2.0"]
    );
    assert_eq!(catalogue.names(), ["low", "mid", "top"]);
    assert_eq!(catalogue.event_reads(), 1, "the last event before it began, and none after that");
}

#[tokio::test]
async fn many_questions_at_once_share_what_they_read() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    catalogue.hold(true);
    for task in 1..=20 {
        session.assign(now(task, "pkg:cargo/top", catalogue)).await;
    }
    soon(async {
        while catalogue.asked().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    catalogue.hold(false);
    for _ in 1..=20 {
        assert_eq!(session.outcome().await.graph().len(), 3);
    }
    assert_eq!(catalogue.names(), ["low", "mid", "top"]);
}

#[tokio::test]
async fn an_event_makes_its_package_be_read_anew() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    answer(&mut session, now(1, "pkg:cargo/top", catalogue)).await;
    // More than a page of events, of which one matters.
    for other in ["a", "b", "c", "d"] {
        catalogue.put_package(&format!("pkg:cargo/{other}"), cargo(other, &[("1.0.0", &[])]));
    }
    catalogue.put_package("pkg:cargo/low", cargo("low", &[("0.3.1", &[]), ("0.3.2", &[]), ("0.4.0", &[])]));
    let before = catalogue.asked().len();
    // One that was assigned before that is answered as well, and by what was known then or later.
    let delivered = answer(&mut session, now(2, "pkg:cargo/top", catalogue)).await;
    assert_eq!(delivered.graph(), ["low 0.3.2", "mid 1.2.0", "top 1.0.0"]);
    assert_eq!(delivered.resolved().position, 8);
    assert_eq!(catalogue.asked()[before..], [Asked { names: vec!["low".into()], position: None }]);
    assert_eq!(answer(&mut session, as_of(3, "pkg:cargo/top", AsOf::Now, 5)).await.resolved().position, 8);
    assert_eq!(catalogue.asked().len(), before + 1);
}

#[tokio::test]
async fn what_the_catalogue_lacks_is_missing_until_it_is_there() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    let more = [("1.0.0", &[("mid", "^1"), ("first", "^1"), ("second", "^1")][..])];
    catalogue.put_package("pkg:cargo/more", cargo("more", &more));
    let delivered = answer(&mut session, now(1, "pkg:cargo/more", catalogue)).await;
    assert_eq!(delivered.missing(), ["first", "second"]);
    let times = |name: &str| catalogue.names().iter().filter(|asked| *asked == name).count();
    assert_eq!((times("first"), times("second"), times("low")), (1, 1, 1), "nothing is asked twice at one position");
    // One is found not to exist, of which no event tells; the other one comes.
    catalogue.put_silently("pkg:cargo/first", Known::Absent);
    catalogue.put_package("pkg:cargo/second", cargo("second", &[("1.0.0", &[])]));
    let delivered = answer(&mut session, now(2, "pkg:cargo/more", catalogue)).await;
    match &delivered.resolved().resolution.answer {
        Answer::Unsatisfiable { reason } => assert!(reason.contains("first"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_package_whose_metadata_is_pending_is_asked_for_again() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    catalogue.put_package("pkg:pypi/abc", pypi("abc", None));
    catalogue.put_package("pkg:pypi/def", pypi("def", Some("")));
    let delivered = answer(&mut session, now(1, "pkg:pypi/abc", catalogue)).await;
    assert_eq!(delivered.missing(), ["abc"]);
    catalogue.put_package("pkg:pypi/abc", pypi("abc", Some("def>=1")));
    let delivered = answer(&mut session, now(2, "pkg:pypi/abc", catalogue)).await;
    assert_eq!(delivered.graph(), ["abc 1.0", "def 1.0"]);
}

#[tokio::test]
async fn a_suspended_resolution_frees_its_slot_and_goes_on_where_it_was() {
    let long = |options| Options { slots: 1, resolution_steps_max: 2_000_000, ..options };
    let (stage, mut session) = Stage::start_with(long).await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    put_pigeons(catalogue, 20);
    session.assign(now(1, "pkg:cargo/pigeons", catalogue)).await;
    soon(async {
        while !catalogue.names().contains(&"hole1".to_owned()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    session.suspend(attempt(1)).await;
    assert_eq!(session.suspended().await, attempt(1));
    // Its slot and its processor do other work.
    let other = answer(&mut session, now(2, "pkg:cargo/top", catalogue)).await;
    assert_eq!(other.graph().len(), 3);
    session.heartbeat(|heartbeat| heartbeat.suspended == 1 && heartbeat.running == 0).await;
    session.resume(attempt(1)).await;
    let delivered = session.outcome().await;
    assert_eq!(delivered.attempt, attempt(1));
    assert_eq!(delivered.resolved().resolution.answer, Answer::GaveUp { steps: 2_000_000 });
}

#[tokio::test]
async fn more_suspended_resolutions_than_may_sleep_do_no_harm() {
    let long = |options| Options { slots: 1, resolution_steps_max: u64::MAX, ..options };
    let (stage, mut session) = Stage::start_with(long).await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    put_pigeons(catalogue, 20);
    for task in 1..=12 {
        session.assign(now(task, "pkg:cargo/pigeons", catalogue)).await;
        session.heartbeat(|heartbeat| heartbeat.running == 1).await;
        session.suspend(attempt(task)).await;
        assert_eq!(session.suspended().await, attempt(task));
    }
    assert_eq!(answer(&mut session, now(20, "pkg:cargo/top", catalogue)).await.graph().len(), 3);
    for task in 1..=12 {
        session.resume(attempt(task)).await;
    }
    session.heartbeat(|heartbeat| heartbeat.running == 12).await;
    for task in 1..=12 {
        session.cancel(attempt(task)).await;
    }
    assert_eq!(answer(&mut session, now(21, "pkg:cargo/top", catalogue)).await.graph().len(), 3);
    stage.agent.stop();
    soon(stage.agent.wait()).await.unwrap();
}

#[tokio::test]
async fn a_cancelled_resolution_ends_and_leaves_its_processor() {
    let (stage, mut session) =
        Stage::start_with(|options| Options { slots: 2, resolution_steps_max: u64::MAX, ..options }).await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    put_pigeons(catalogue, 20);
    for task in 1..=2 {
        session.assign(now(task, "pkg:cargo/pigeons", catalogue)).await;
    }
    soon(async {
        while !catalogue.names().contains(&"hole19".to_owned()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    session.cancel(attempt(1)).await;
    session.cancel(attempt(2)).await;
    session.heartbeat(|heartbeat| heartbeat.running == 0).await;
    let other = answer(&mut session, now(9, "pkg:cargo/top", catalogue)).await;
    assert_eq!(other.graph().len(), 3);
    stage.agent.stop();
    soon(stage.agent.wait()).await.unwrap();
}

#[tokio::test]
async fn steps_are_bounded() {
    let few = |options| Options { resolution_steps_max: 1_000, ..options };
    let (stage, mut session) = Stage::start_with(few).await;
    put_pigeons(&stage.scheduler.catalogue, 12);
    let delivered = answer(&mut session, now(1, "pkg:cargo/pigeons", &stage.scheduler.catalogue)).await;
    assert_eq!(delivered.resolved().resolution.answer, Answer::GaveUp { steps: 1_000 });
}

#[tokio::test]
async fn a_question_that_is_none_fails_for_good_and_says_why() {
    let (stage, mut session) = Stage::start().await;
    let manifest = |file: &str, text: &str| Root::Manifest { file: file.into(), text: text.into() };
    let colour = Question { environment: vec![("colour".into(), "red".into())], ..Question::default() };
    let unknown = Question { root: manifest("Cargo.tom", ""), ..Question::default() };
    let broken = Question { root: manifest("Cargo.toml", "[package"), ..Question::default() };
    let other = Question { root: manifest("requirements.in", "abc"), ..Question::default() };
    for (task, question, words) in
        [(1, colour, "colour"), (2, unknown, "Cargo.tom"), (3, broken, "Cargo.toml"), (4, other, "pypi")]
    {
        let delivered = answer(&mut session, resolution(task, "pkg:cargo/manifest", 0, question)).await;
        let fault = delivered.fault();
        assert!(!fault.kind.is_transient() && fault.detail.contains(words), "{fault}");
    }
    assert!(stage.scheduler.catalogue.asked().is_empty());
}

#[tokio::test]
async fn a_manifest_is_resolved() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    let text =
        "[package]\nname = \"mine\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nmid = \"=1.2.0\"\n";
    let root = Root::Manifest { file: "Cargo.toml".into(), text: text.into() };
    let question = Question { root, ..Question::default() };
    let asked = resolution(1, "pkg:cargo/manifest", catalogue.position(), question);
    assert_eq!(answer(&mut session, asked).await.graph(), ["low 0.3.1", "mid 1.2.0"]);
}

#[tokio::test]
async fn a_worker_that_starts_again_reads_only_what_changed() {
    let (mut stage, mut session) = Stage::start().await;
    let catalogue = stage.scheduler.catalogue.clone();
    put_three(&catalogue);
    answer(&mut session, now(1, "pkg:cargo/top", &catalogue)).await;
    let changed = cargo("mid", &[("1.2.0", &[("low", "^0.4")])]);
    catalogue.put_package("pkg:cargo/mid", changed);
    stage.restart().await;
    let mut session = stage.scheduler.welcome().await;
    let before = catalogue.asked().len();
    let delivered = answer(&mut session, now(2, "pkg:cargo/top", &catalogue)).await;
    assert_eq!(delivered.graph(), ["low 0.4.0", "mid 1.2.0", "top 1.0.0"]);
    assert_eq!(catalogue.asked()[before..], [Asked { names: vec!["mid".into()], position: None }]);
}

#[tokio::test]
async fn what_another_catalogue_said_does_not_count() {
    let (mut stage, mut session) = Stage::start().await;
    put_three(&stage.scheduler.catalogue);
    answer(&mut session, now(1, "pkg:cargo/top", &stage.scheduler.catalogue)).await;
    // Another scheduler, whose catalogue has had as many events and more.
    let mut other = Scheduler::start().await;
    std::mem::swap(&mut stage.scheduler, &mut other);
    let catalogue = stage.scheduler.catalogue.clone();
    for name in ["x", "y", "z"] {
        catalogue.put_package(&format!("pkg:cargo/{name}"), cargo(name, &[("1.0.0", &[])]));
    }
    catalogue.put_package("pkg:cargo/top", cargo("top", &[("9.0.0", &[])]));
    catalogue.put_package("pkg:cargo/mid", cargo("mid", &[("9.0.0", &[])]));
    stage.restart().await;
    let mut session = stage.scheduler.welcome().await;
    assert_eq!(answer(&mut session, now(2, "pkg:cargo/top", &catalogue)).await.graph(), ["top 9.0.0"]);
    assert_eq!(answer(&mut session, now(3, "pkg:cargo/mid", &catalogue)).await.graph(), ["mid 9.0.0"]);
}

#[tokio::test]
async fn a_past_position_has_packages_of_its_own() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    let then = catalogue.position();
    catalogue.put_package("pkg:cargo/low", cargo("low", &[("0.3.1", &[]), ("0.3.9", &[])]));
    let delivered = answer(&mut session, now(1, "pkg:cargo/top", catalogue)).await;
    assert_eq!(delivered.graph(), ["low 0.3.9", "mid 1.2.0", "top 1.0.0"]);
    for (task, moment) in [(2, AsOf::Position(then)), (3, AsOf::Observed(Timestamp::from_millis(5)))] {
        let delivered = answer(&mut session, as_of(task, "pkg:cargo/top", moment, then)).await;
        assert_eq!(delivered.graph(), ["low 0.3.1", "mid 1.2.0", "top 1.0.0"]);
        assert_eq!(delivered.resolved().position, then);
    }
    let pinned: Vec<Asked> = catalogue.asked().into_iter().filter(|asked| asked.position == Some(then)).collect();
    assert_eq!(pinned.iter().map(|asked| asked.names.len()).sum::<usize>(), 3, "once for both: {pinned:?}");
    assert_eq!(answer(&mut session, now(4, "pkg:cargo/top", catalogue)).await.graph()[0], "low 0.3.9");
}

#[tokio::test]
async fn what_cannot_be_told_of_the_past_is_a_warning() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    catalogue.forget("low", UntoldFact::Version, "0.3.0");
    catalogue.forget("mid", UntoldFact::YankReason, "1.2.0");
    catalogue.forget("mid", UntoldFact::YankReason, "1.0.0");
    let then = AsOf::Position(catalogue.position());
    let expected = [
        "low 0.3.0: there at that time, removed since, and not to be brought back",
        "mid 1.2.0: yanked at that time; why is not known any more",
    ];
    // The second one finds the packages in the worker's memory.
    for task in 1..=2 {
        let delivered = answer(&mut session, as_of(task, "pkg:cargo/top", then, catalogue.position())).await;
        assert_eq!(delivered.resolved().resolution.warnings, expected);
    }
    let delivered = answer(&mut session, now(3, "pkg:cargo/top", catalogue)).await;
    assert_eq!(delivered.resolved().resolution.warnings, [""; 0]);
}

#[tokio::test]
async fn a_worker_that_may_not_follow_the_events_reads_anew() {
    let (stage, mut session) = Stage::start().await;
    let catalogue = &stage.scheduler.catalogue;
    catalogue.refuse_events();
    put_three(catalogue);
    answer(&mut session, now(1, "pkg:cargo/top", catalogue)).await;
    catalogue.put_package("pkg:cargo/low", cargo("low", &[("0.3.5", &[])]));
    let delivered = answer(&mut session, now(2, "pkg:cargo/top", catalogue)).await;
    assert_eq!(delivered.graph()[0], "low 0.3.5");
    assert_eq!(catalogue.names().len(), 6);
}

#[tokio::test]
async fn beyond_its_memory_a_worker_leaves_what_it_has_and_takes_it_from_the_disk() {
    let (stage, mut session) = Stage::start_with(|options| Options { snapshot_max_bytes: 1, ..options }).await;
    let catalogue = &stage.scheduler.catalogue;
    put_three(catalogue);
    for task in 1..=3 {
        let delivered = answer(&mut session, now(task, "pkg:cargo/top", catalogue)).await;
        assert_eq!(delivered.graph().len(), 3);
    }
    assert_eq!(catalogue.names(), ["low", "mid", "top"]);
}

#[tokio::test]
async fn kinds_of_work_can_be_left_out() {
    let crawls = |options| Options { capabilities: capabilities(&[JobKind::Crawl]), ..options };
    let (_stage, session) = Stage::start_with(crawls).await;
    assert!(session.hello.capabilities.iter().all(|capability| capability.kind == JobKind::Crawl));
    let (_stage, session) = Stage::start().await;
    let resolves = |capability: &&gleaner_model::Capability| capability.kind == JobKind::Resolve;
    assert_eq!(session.hello.capabilities.iter().filter(resolves).count(), 3);
}
