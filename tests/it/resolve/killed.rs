//! Questions that outlive whoever was at them: a worker in the middle of a search, a scheduler whose questions wait for
//! crawls, slots that are all taken by questions that wait.

use super::made::{World, ended, of_kind};
use super::packages;

/// Pigeons that do not fit: each is in one of the holes, a hole takes one, and there is a hole too few. No search by
/// conflicts finds that out in less than exponential time.
fn put_pigeons(world: &World, count: usize) {
    let pigeons: Vec<String> = (1..=count).map(|at| format!("pigeon{at}")).collect();
    let all: Vec<(&str, &str)> = pigeons.iter().map(|name| (name.as_str(), "^1")).collect();
    world.index.put("pigeons", &[("1.0.0", &all)]);
    for (at, name) in pigeons.iter().enumerate() {
        let holes: Vec<_> =
            (1..count).map(|hole| (format!("1.{hole}.0"), format!("hole{hole}"), format!("=1.{at}.0"))).collect();
        let holes: Vec<_> =
            holes.iter().map(|(number, hole, place)| (number.as_str(), [(hole.as_str(), place.as_str())])).collect();
        let versions: Vec<(&str, &[(&str, &str)])> = holes.iter().map(|(number, need)| (*number, &need[..])).collect();
        world.index.put(name, &versions);
    }
    for hole in 1..count {
        let numbers: Vec<String> = (0..count).map(|place| format!("1.{place}.0")).collect();
        let versions: Vec<(&str, &[(&str, &str)])> = numbers.iter().map(|number| (number.as_str(), &[][..])).collect();
        world.index.put(&format!("hole{hole}"), &versions);
    }
}

#[test]
fn a_worker_that_is_killed_in_the_middle_of_a_search_loses_nothing() {
    const PIGEONS: usize = 14;
    let world = World::new();
    put_pigeons(&world, PIGEONS);
    let mut patient = world.worker("patient", 4, &["--resolve-steps", "1000000000000"]);
    let asking = world.spawn(&["--json", "resolve", "pkg:cargo/pigeons"]);
    // All is known, and it searches.
    world.until_jobs(|jobs| {
        let crawled = of_kind(jobs, "crawl").iter().filter(|job| job["state"] == "done").count();
        crawled == 2 * PIGEONS && of_kind(jobs, "resolve").iter().all(|job| job["state"] == "running")
    });
    patient.process.kill();
    let _brief = world.worker("brief", 4, &["--resolve-steps", "1000"]);
    let ended = ended(asking).expect(1);
    assert_eq!(ended.object()["outcome"], "gave_up");
    assert!(ended.object()["reason"].as_str().unwrap().contains("1000 steps") || ended.stdout.contains("gave_up"));
    let jobs = world.jobs();
    assert_eq!((of_kind(&jobs, "resolve").len(), of_kind(&jobs, "crawl").len()), (1, 2 * PIGEONS));
}

#[test]
fn a_scheduler_that_is_killed_while_a_question_waits_loses_nothing() {
    let mut world = World::new();
    world.index.put("top", &[("1.0.0", &[("left", "^1"), ("right", "^1")])]);
    for name in ["left", "right"] {
        world.index.put(name, &[("1.0.0", &[("low", "^1")])]);
    }
    world.index.put("low", &[("1.0.0", &[])]);
    let _worker = world.worker("worker", 2, &[]);
    let crawls = |open: usize, done: usize| {
        move |jobs: &[serde_json::Value]| {
            let crawls = of_kind(jobs, "crawl");
            let (ended, open_now): (Vec<_>, Vec<_>) = crawls.into_iter().partition(|job| job["state"] == "done");
            (open_now.len(), ended.len()) == (open, done)
        }
    };
    world.index.close(true);
    let asking = world.spawn(&["--json", "resolve", "pkg:cargo/top"]);
    let jobs = world.until_jobs(crawls(1, 0));
    let question = of_kind(&jobs, "resolve")[0];
    assert_eq!(of_kind(&jobs, "crawl")[0]["child_of"], question["task"]);
    assert!(question["waiting_for"].as_str().unwrap().contains("crawl of a package"), "{question}");
    world.kill_scheduler();
    world.index.close(false);
    let answer = ended(asking).expect(0).object();
    assert_eq!(packages(&answer), ["left 1.0.0", "low 1.0.0", "right 1.0.0", "top 1.0.0"]);
    let jobs = world.jobs();
    assert_eq!(of_kind(&jobs, "crawl").len(), 4, "nothing was asked for twice: {jobs:#?}");
    assert!(jobs.iter().all(|job| job["state"] == "done"), "{jobs:#?}");
}

#[test]
fn a_question_that_is_cancelled_after_a_crash_takes_its_crawls_along() {
    let mut world = World::new();
    world.index.close(true);
    let asking = world.spawn(&["--json", "resolve", "pkg:cargo/top"]);
    let worker = world.worker("worker", 2, &[]);
    let jobs = world.until_jobs(|jobs| of_kind(jobs, "crawl").len() == 1);
    let question = of_kind(&jobs, "resolve")[0]["job"].as_str().unwrap().to_owned();
    world.kill_scheduler();
    let told = world.run(&["jobs", "list"]).expect(0).stdout;
    assert!(told.contains(&format!("pkg:cargo/top (for t-{})", &question[2..])), "{told}");
    world.run(&["jobs", "cancel", &question]).expect(0);
    let jobs = world.until_jobs(|jobs| jobs.iter().all(|job| job["state"] == "cancelled"));
    assert_eq!(jobs.len(), 2);
    assert!(ended(asking).expect(1).stderr.contains("cancelled"));
    world.index.close(false);
    drop(worker);
}

#[test]
fn one_slot_full_of_questions_that_wait_is_no_deadlock() {
    const ROOTS: usize = 12;
    let world = World::new();
    for at in 0..ROOTS {
        let own = format!("own-{at}");
        world.index.put(&format!("root-{at}"), &[("1.0.0", &[(own.as_str(), "^1"), ("shared", "^1")])]);
        world.index.put(&own, &[("1.0.0", &[("shared", "^1")])]);
    }
    world.index.put("shared", &[("1.0.0", &[])]);
    world.index.close(true);
    let list = world.roots((0..ROOTS).map(|at| format!("root-{at}")));
    let asking = world.spawn(&["--json", "recompute", "--name", "full", "--roots", list.to_str().unwrap()]);
    world.until_jobs(|jobs| of_kind(jobs, "resolve").len() == ROOTS);
    let _worker = world.worker("worker", 1, &[]);
    // Every question has had the one slot, and waits.
    world.index.close(false);
    let answers = ended(asking).expect(0).objects();
    assert_eq!(answers.len(), ROOTS);
    for answer in &answers {
        assert_eq!((&answer["outcome"], packages(answer).len()), (&"graph".into(), 3), "{answer}");
    }
    let crawls = world.jobs();
    let purls: std::collections::BTreeSet<_> =
        of_kind(&crawls, "crawl").iter().map(|job| job["purl"].as_str().unwrap().to_owned()).collect();
    assert_eq!(purls.len(), 2 * ROOTS + 1);
}
