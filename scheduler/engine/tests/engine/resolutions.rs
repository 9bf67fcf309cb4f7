//! Questions: what they lack is crawled while they wait in no slot, and their answers are kept.

use gleaner_proto::v1;
use gleaner_proto::v1::resolution::Answer;
use tonic::Code;

use crate::stage::{Stage, Worker, spec};

pub(crate) fn question(purl: &str, question: v1::Question) -> v1::JobSpec {
    v1::JobSpec { kind: v1::JobKind::Resolve.into(), question: Some(question), ..spec(purl) }
}

pub(crate) async fn ask(stage: &Stage, job: v1::JobSpec) -> v1::Receipt {
    stage.jobs().submit(v1::SubmitRequest { jobs: vec![job] }).await.unwrap().into_inner().receipts.remove(0)
}

pub(crate) fn graph(versions: &[(&str, &str)]) -> Answer {
    let node = |(name, version): &(&str, &str)| v1::Node {
        name: (*name).to_owned(),
        version: (*version).to_owned(),
        path: String::new(),
    };
    Answer::Graph(v1::Graph { nodes: versions.iter().map(node).collect(), edges: Vec::new() })
}

pub(crate) fn lacks(names: &[&str]) -> Answer {
    Answer::Incomplete(v1::Incomplete { names: names.iter().map(|name| (*name).to_owned()).collect() })
}

/// Ends an assigned resolution with an answer, as of the position that it was assigned with.
pub(crate) async fn answer(worker: &mut Worker, assign: &v1::Assign, answer: Answer) {
    let resolution = v1::Resolution {
        answer: Some(answer),
        sensitivity: v1::Sensitivity::Anything.into(),
        position: assign.position,
        ecosystem: "cargo".to_owned(),
        ..v1::Resolution::default()
    };
    let attempt = assign.attempt.unwrap();
    worker.outcome(&attempt, v1::outcome::Result::Resolved(resolution)).await;
    assert_eq!(worker.acknowledged().await, attempt);
}

/// Takes assignments until one is a resolution; crawls on the way find a package with a version.
pub(crate) async fn crawl_until_asked(worker: &mut Worker, crawled: &mut Vec<String>) -> v1::Assign {
    loop {
        let assign = worker.assigned().await;
        if assign.kind() == v1::JobKind::Resolve {
            return assign;
        }
        crawled.push(assign.purl.clone());
        worker.fetched(&assign, &["1.0.0"]).await;
        worker.acknowledged().await;
    }
}

pub(crate) async fn kept(stage: &Stage, job: &str) -> Result<v1::AnsweredQuestion, tonic::Status> {
    let request = v1::GetResolutionRequest { job: job.to_owned() };
    Ok(stage.resolutions().get_resolution(request).await?.into_inner().answered.unwrap())
}

#[tokio::test]
async fn what_an_answer_lacks_is_crawled_while_the_task_waits_in_no_slot() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let asked = v1::Question { lock: true, ..v1::Question::default() };
    let receipt = ask(&stage, question("pkg:cargo/serde@1.0.0", asked.clone())).await;
    let first = worker.assigned().await;
    assert_eq!((first.purl.as_str(), first.position), ("pkg:cargo/serde@1.0.0", 0));
    assert_eq!(first.question, Some(asked.clone()));
    answer(&mut worker, &first, lacks(&["serde", "serde_derive"])).await;
    let waits = stage.get(&receipt.job).await;
    assert_eq!(waits.state(), v1::JobState::Queued);
    assert!(waits.waiting_for.contains("crawls of 2 packages"), "{}", waits.waiting_for);
    let mut crawled = Vec::new();
    let again = crawl_until_asked(&mut worker, &mut crawled).await;
    crawled.sort();
    assert_eq!(crawled, ["pkg:cargo/serde", "pkg:cargo/serde_derive"]);
    assert_eq!(again.position, 2, "at least what its crawls found");
    assert_ne!(again.attempt, first.attempt);
    answer(&mut worker, &again, graph(&[("serde", "1.0.0")])).await;
    let ended = stage.ended(&receipt.job).await;
    assert_eq!((ended.state(), ended.attempts), (v1::JobState::Done, 1));
    let answered = kept(&stage, &receipt.job).await.unwrap();
    assert_eq!((answered.purl.as_str(), answered.question), ("pkg:cargo/serde@1.0.0", Some(asked)));
    let resolution = answered.resolution.unwrap();
    assert_eq!((resolution.answer, resolution.position), (Some(graph(&[("serde", "1.0.0")])), 2));
}

#[tokio::test]
async fn what_cannot_be_had_ends_as_an_answer_that_says_so() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let first = worker.assigned().await;
    answer(&mut worker, &first, lacks(&["gone"])).await;
    let crawl = worker.assigned().await;
    let attempt = crawl.attempt.unwrap();
    worker.outcome(&attempt, v1::outcome::Result::NotFound(v1::NotFound { checked_at_ms: 1_000 })).await;
    worker.acknowledged().await;
    let again = worker.assigned().await;
    assert_eq!(again.kind(), v1::JobKind::Resolve);
    // It was asked for, and nothing came of it.
    answer(&mut worker, &again, lacks(&["gone"])).await;
    assert_eq!(stage.ended(&receipt.job).await.state(), v1::JobState::Done);
    let resolution = kept(&stage, &receipt.job).await.unwrap().resolution.unwrap();
    assert_eq!(resolution.answer, Some(lacks(&["gone"])));
}

#[tokio::test]
async fn slots_full_of_resolutions_are_no_deadlock() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let mut jobs = Vec::new();
    for nth in 0..12 {
        jobs.push(ask(&stage, question(&format!("pkg:cargo/root-{nth}"), v1::Question::default())).await.job);
    }
    // Four slots, each with a resolution that needs a package of its own and one that all need.
    let mut rounds = std::collections::HashMap::new();
    for _ in 0..12 * 2 {
        let assign = crawl_until_asked(&mut worker, &mut Vec::new()).await;
        let name = assign.purl.trim_start_matches("pkg:cargo/").to_owned();
        let round = rounds.entry(name.clone()).or_insert(0);
        *round += 1;
        let told = if *round == 1 { lacks(&[&name, "shared"]) } else { graph(&[(&name, "1.0.0")]) };
        answer(&mut worker, &assign, told).await;
    }
    for job in jobs {
        assert_eq!(stage.ended(&job).await.state(), v1::JobState::Done);
    }
}

#[tokio::test]
async fn the_same_question_is_one_task_and_another_one_is_not() {
    let stage = Stage::new().await;
    let environment = |value: &str| v1::Question {
        environment: vec![v1::EnvironmentEntry { key: "rustc".to_owned(), value: value.to_owned() }],
        ..v1::Question::default()
    };
    let one = ask(&stage, question("pkg:cargo/serde", environment("1.80.0"))).await;
    let twin = ask(&stage, question("pkg:cargo/serde", environment("1.80.0"))).await;
    let other = ask(&stage, question("pkg:cargo/serde", environment("1.70.0"))).await;
    assert_eq!((twin.attached, &twin.task), (true, &one.task));
    assert!(!other.attached);
    let mut worker = stage.worker("one", vec![]).await;
    for _ in 0..2 {
        let assign = worker.assigned().await;
        answer(&mut worker, &assign, Answer::Unsatisfiable("nothing fits".to_owned())).await;
    }
    for job in [&one.job, &twin.job, &other.job] {
        assert_eq!(stage.ended(job).await.state(), v1::JobState::Done);
        let resolution = kept(&stage, job).await.unwrap().resolution.unwrap();
        assert_eq!(resolution.answer, Some(Answer::Unsatisfiable("nothing fits".to_owned())));
    }
    let list = |question, page_size| v1::ListResolutionsRequest {
        ecosystem: "cargo".to_owned(),
        question,
        page_size,
        ..v1::ListResolutionsRequest::default()
    };
    let all = stage.resolutions().list_resolutions(list(None, 1)).await.unwrap().into_inner();
    assert_eq!(all.answered.len(), 1);
    let rest = v1::ListResolutionsRequest { page_token: all.next_page_token, ..list(None, 1) };
    let rest = stage.resolutions().list_resolutions(rest).await.unwrap().into_inner();
    assert_eq!((rest.answered.len(), rest.next_page_token.as_str()), (1, ""));
    let one = stage.resolutions().list_resolutions(list(Some(environment("1.70.0")), 0)).await.unwrap().into_inner();
    assert_eq!(one.answered[0].question, Some(environment("1.70.0")));
    assert_eq!(one.answered.len(), 1);
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused_clearly() {
    let stage = Stage::new().await;
    let manifest = |text: &str| v1::Question {
        manifest: Some(v1::Manifest { file: "Cargo.toml".to_owned(), text: text.to_owned() }),
        ..v1::Question::default()
    };
    let entry = |key: &str| v1::EnvironmentEntry { key: key.to_owned(), value: "1".to_owned() };
    let with = |environment: Vec<v1::EnvironmentEntry>| v1::Question { environment, ..v1::Question::default() };
    let at = |position| v1::Question {
        as_of: Some(v1::AsOf { moment: Some(v1::as_of::Moment::Position(position)) }),
        ..v1::Question::default()
    };
    let crawl = v1::JobSpec { kind: v1::JobKind::Crawl.into(), ..question("pkg:cargo/serde", v1::Question::default()) };
    let cases = [
        (crawl, "a crawl is asked no question"),
        (question("pkg:cargo/serde", manifest("[package]")), "pkg:cargo/manifest"),
        (question("pkg:cargo/manifest@1.0.0", manifest("[package]")), "pkg:cargo/manifest"),
        (question("pkg:cargo/manifest", manifest(&"x".repeat(300_000))), "manifest.text"),
        (question("pkg:cargo/serde", with(vec![entry("a"), entry("a")])), "there twice"),
        (question("pkg:cargo/serde", with((0..40).map(|nth| entry(&nth.to_string())).collect())), "environment"),
        (question("pkg:cargo/serde", with(vec![entry("")])), "environment"),
        (question("pkg:cargo/serde", with(vec![entry(&"k".repeat(300))])), "environment"),
        (question("pkg:cargo/serde", at(5)), "stand at 0"),
        (
            question("pkg:cargo/serde", v1::Question { as_of: Some(v1::AsOf::default()), ..v1::Question::default() }),
            "as_of",
        ),
    ];
    for (job, word) in cases {
        let refused = stage.jobs().submit(v1::SubmitRequest { jobs: vec![job] }).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        assert!(refused.message().contains(word), "{word}: {}", refused.message());
    }
    let token = v1::ListResolutionsRequest {
        ecosystem: "cargo".to_owned(),
        page_token: "zz".to_owned(),
        ..v1::ListResolutionsRequest::default()
    };
    let refused = stage.resolutions().list_resolutions(token).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let crawl = stage.submit(&["pkg:cargo/serde"]).await.remove(0);
    assert_eq!(kept(&stage, &crawl.job).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn an_answer_that_cannot_be_is_refused_and_tried_again() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    let receipt = ask(&stage, question("pkg:cargo/serde", v1::Question::default())).await;
    let first = worker.assigned().await;
    let ahead = v1::Assign { position: 7, ..first.clone() };
    answer(&mut worker, &ahead, graph(&[])).await;
    let again = worker.assigned().await;
    answer(&mut worker, &again, graph(&[("serde", "1.0.0")])).await;
    let ended = stage.ended(&receipt.job).await;
    assert_eq!((ended.state(), ended.attempts), (v1::JobState::Done, 2));
}

/// What a worker reads of packages: their names, and what is known of each.
pub(crate) async fn read(stage: &Stage, names: &[&str], position: Option<u64>) -> Vec<(String, String)> {
    use v1::read_packages_response::Known;
    let request = v1::ReadPackagesRequest {
        registry: "cargo".to_owned(),
        ecosystem: "cargo".to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        position,
    };
    let mut client = v1::worker_service_client::WorkerServiceClient::new(stage.channel.clone());
    let mut answers = client.read_packages(request).await.unwrap().into_inner();
    let mut read = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        let known = match answer.known.unwrap() {
            Known::NotKnown(_) => "nothing".to_owned(),
            Known::Absent(_) => "absent".to_owned(),
            Known::Package(package) => {
                package.versions.into_iter().map(|version| version.number).collect::<Vec<_>>().join(" ")
            }
        };
        read.push((answer.name, known));
    }
    read
}

async fn crawl(stage: &Stage, worker: &mut Worker, purl: &str, versions: &[&str]) {
    let receipt = stage.submit(&[purl]).await.remove(0);
    let assign = worker.assigned().await;
    worker.fetched(&assign, versions).await;
    worker.acknowledged().await;
    stage.ended(&receipt.job).await;
}

#[tokio::test]
async fn workers_read_packages_as_they_are_and_as_they_were() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    crawl(&stage, &mut worker, "pkg:cargo/a", &["1.0.0"]).await;
    crawl(&stage, &mut worker, "pkg:cargo/b", &["1.0.0"]).await;
    crawl(&stage, &mut worker, "pkg:cargo/a", &["1.0.0", "2.0.0"]).await;
    let known = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, known)| ((*name).to_owned(), (*known).to_owned())).collect::<Vec<_>>()
    };
    let now = known(&[("b", "1.0.0"), ("a", "1.0.0 2.0.0"), ("c", "nothing")]);
    assert_eq!(read(&stage, &["b", "a", "c"], None).await, now);
    assert_eq!(read(&stage, &["a", "b"], Some(1)).await, known(&[("a", "1.0.0"), ("b", "nothing")]));
    assert_eq!(read(&stage, &["a", "b"], Some(2)).await, known(&[("a", "1.0.0"), ("b", "1.0.0")]));
    // What came since is followed.
    crawl(&stage, &mut worker, "pkg:cargo/b", &["1.0.0", "3.0.0"]).await;
    assert_eq!(read(&stage, &["a", "b"], Some(2)).await, known(&[("a", "1.0.0"), ("b", "1.0.0")]));
}

#[tokio::test]
async fn what_cannot_be_told_of_the_past_is_said_to_the_worker() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    crawl(&stage, &mut worker, "pkg:cargo/a", &["1.0.0", "2.0.0"]).await;
    crawl(&stage, &mut worker, "pkg:cargo/a", &["2.0.0", "3.0.0"]).await;
    let untold = async |position| {
        let request = v1::ReadPackagesRequest {
            registry: "cargo".to_owned(),
            ecosystem: "cargo".to_owned(),
            names: vec!["a".to_owned()],
            position,
        };
        let mut client = v1::worker_service_client::WorkerServiceClient::new(stage.channel.clone());
        client.read_packages(request).await.unwrap().into_inner().message().await.unwrap().unwrap().untold
    };
    let removed = v1::Untold { fact: v1::UntoldFact::Version.into(), version: "1.0.0".to_owned() };
    assert_eq!(untold(Some(1)).await, [removed]);
    assert_eq!(untold(None).await, []);
}

#[tokio::test]
async fn a_question_as_observed_is_as_of_a_position() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    crawl(&stage, &mut worker, "pkg:cargo/a", &["1.0.0"]).await;
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let before = i64::try_from(before).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    crawl(&stage, &mut worker, "pkg:cargo/b", &["1.0.0"]).await;
    let as_of = |moment| v1::Question { as_of: Some(v1::AsOf { moment: Some(moment) }), ..v1::Question::default() };
    let cases = [
        (v1::as_of::Moment::ObservedAtMs(before), 1),
        (v1::as_of::Moment::ObservedAtMs(1), 0),
        (v1::as_of::Moment::ObservedAtMs(i64::MAX), 2),
        (v1::as_of::Moment::PublishedAtMs(1), 2),
        (v1::as_of::Moment::Position(1), 1),
    ];
    for (moment, position) in cases {
        let receipt = ask(&stage, question("pkg:cargo/a", as_of(moment))).await;
        let assign = worker.assigned().await;
        assert_eq!(assign.position, position, "{moment:?}");
        // What was not known then cannot be fetched today: that is the answer, unless it is as of today.
        answer(&mut worker, &assign, if position == 2 { graph(&[]) } else { lacks(&["b"]) }).await;
        assert_eq!(stage.ended(&receipt.job).await.state(), v1::JobState::Done);
    }
}

#[tokio::test]
async fn a_campaign_asks_its_question_at_one_position() {
    let stage = Stage::new().await;
    let mut worker = stage.worker("one", vec![]).await;
    for name in ["a", "b", "c"] {
        crawl(&stage, &mut worker, &format!("pkg:cargo/{name}"), &["1.0.0"]).await;
    }
    let add = |question| v1::AddCampaignRequest {
        name: "all".to_owned(),
        ecosystem: "cargo".to_owned(),
        window: 1,
        question: Some(question),
        ..v1::AddCampaignRequest::default()
    };
    let manifest = v1::Manifest { file: "Cargo.toml".to_owned(), text: String::new() };
    let wrong = v1::Question { manifest: Some(manifest), ..v1::Question::default() };
    let refused = stage.campaigns().add_campaign(add(wrong)).await.unwrap_err();
    assert!(refused.message().contains("manifest"), "{refused}");
    let begun = stage.campaigns().add_campaign(add(v1::Question::default())).await.unwrap().into_inner();
    let pinned = v1::as_of::Moment::Position(3);
    assert_eq!(begun.campaign.unwrap().question.unwrap().as_of.unwrap().moment, Some(pinned));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let assign = worker.assigned().await;
        assert_eq!((assign.kind(), assign.lane(), assign.position), (v1::JobKind::Resolve, v1::Lane::Bulk, 3));
        seen.push(assign.purl.clone());
        answer(&mut worker, &assign, graph(&[("x", "1.0.0")])).await;
        if seen.len() == 1 {
            // What comes meanwhile changes nothing for the rest.
            let submitted = stage.submit(&["pkg:npm/later"]).await.remove(0);
            let mut waiting = worker.assigned().await;
            if waiting.kind() == v1::JobKind::Resolve {
                assert_eq!(waiting.position, 3);
                seen.push(waiting.purl.clone());
                answer(&mut worker, &waiting, graph(&[("x", "1.0.0")])).await;
                waiting = worker.assigned().await;
            }
            worker.fetched(&waiting, &["1.0.0"]).await;
            worker.acknowledged().await;
            stage.ended(&submitted.job).await;
        }
        if seen.len() == 3 {
            break;
        }
    }
    assert_eq!(seen, ["pkg:cargo/a", "pkg:cargo/b", "pkg:cargo/c"]);
}
