//! Recomputes that rest, are stopped, or lose their scheduler for a moment, and go on where they were.

use super::made::{World, ended, of_kind};
use crate::support::program::json_lines;

/// Crates that need nothing.
fn put_plain(world: &World, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|at| format!("plain-{at:04}")).collect();
    names.iter().for_each(|name| world.index.put(name, &[("1.0.0", &[])]));
    names
}

#[test]
fn a_campaign_rests_and_goes_on() {
    const ROOTS: usize = 5;
    let world = World::new();
    let names = put_plain(&world, ROOTS);
    let worker = world.worker("worker", 4, &[]);
    let purls: Vec<String> = names.iter().map(|name| format!("pkg:cargo/{name}")).collect();
    let purls: Vec<&str> = purls.iter().map(String::as_str).collect();
    world.run(&[&["refresh"], &purls[..]].concat()).expect(0);
    drop(worker);

    let command = ["--json", "recompute", "--ecosystem", "cargo", "--name", "all"];
    let first = world.spawn(&command);
    world.until_jobs(|jobs| of_kind(jobs, "resolve").len() == ROOTS);
    world.run(&["campaigns", "pause", "all"]).expect(0);
    first.signal("INT");
    let stopped = ended(first).expect(130);
    assert!(stopped.stderr.contains("--name all") && stopped.stdout.is_empty(), "{}", stopped.stderr);
    // What was asked is answered; the campaign rests all the same.
    let _worker = world.worker("worker", 4, &[]);
    world.until_jobs(|jobs| of_kind(jobs, "resolve").iter().all(|job| job["state"] == "done"));
    let campaign = || world.run(&["--json", "campaigns", "list", "--all"]).expect(0).object();
    assert_eq!(campaign()["state"], "paused");
    // Something else under its name is refused.
    let other = world.run(&["recompute", "--ecosystem", "cargo", "--name", "all", "--env", "rustc=1.70.0"]).expect(2);
    assert!(other.stderr.contains("another --name"), "{}", other.stderr);
    let again = world.run(&command).expect(0);
    let answered: Vec<_> = again.objects().iter().map(|row| row["root"].as_str().unwrap().to_owned()).collect();
    assert_eq!(answered, purls);
    assert_eq!(campaign()["state"], "done");
    assert_eq!(of_kind(&world.jobs(), "resolve").len(), ROOTS, "nothing is asked twice");
}

#[test]
fn a_list_that_was_stopped_goes_on() {
    const ROOTS: usize = 40;
    let world = World::new();
    let list = world.roots(put_plain(&world, ROOTS).into_iter());
    let command = ["--json", "recompute", "--roots", list.to_str().unwrap(), "--name", "mine"];
    let first = world.spawn(&command);
    world.until_jobs(|jobs| of_kind(jobs, "resolve").len() == ROOTS);
    first.signal("INT");
    assert!(ended(first).expect(130).stderr.contains("--name mine"));
    let _worker = world.worker("worker", 4, &[]);
    let again = world.run(&command).expect(0);
    let rows = again.objects();
    assert_eq!(rows.len(), ROOTS);
    assert!(rows.iter().all(|row| row["outcome"] == "graph"));
    let sum = json_lines(&again.stderr).pop().unwrap();
    assert_eq!((&sum["roots"], &sum["graph"], &sum["unanswered"]), (&ROOTS.into(), &ROOTS.into(), &0.into()));
    // Each was asked once as of now, and perhaps once more as of the position of all.
    let jobs = world.jobs();
    assert!(of_kind(&jobs, "resolve").len() <= 2 * ROOTS);
    assert_eq!(of_kind(&jobs, "crawl").len(), ROOTS);
}

#[test]
fn a_list_is_taken_up_again_when_its_scheduler_is_killed() {
    const ROOTS: usize = 1_200;
    let mut world = World::new();
    let list = world.roots(put_plain(&world, ROOTS).into_iter());
    let _worker = world.worker("worker", 16, &[]);
    let output = world.place.path("answers.jsonl");
    let command = [
        "--json",
        "recompute",
        "--roots",
        list.to_str().unwrap(),
        "--name",
        "long",
        "--output",
        output.to_str().unwrap(),
    ];
    let asking = world.spawn(&command);
    // Three times while it is fed and answered: its streams and its watches break.
    for more in [1, 100, 400] {
        world.until_jobs(|jobs| of_kind(jobs, "resolve").iter().filter(|job| job["state"] == "done").count() >= more);
        world.kill_scheduler();
    }
    let sum = ended(asking).expect(0).object();
    assert_eq!((&sum["roots"], &sum["graph"], &sum["unanswered"]), (&ROOTS.into(), &ROOTS.into(), &0.into()));
    let rows = json_lines(&std::fs::read_to_string(&output).unwrap());
    assert_eq!(rows.len(), ROOTS);
    assert!(rows.iter().all(|row| row["position"] == sum["position"]), "{sum}");
    let jobs = world.jobs();
    assert!(jobs.iter().all(|job| job["state"] == "done"));
    assert_eq!(of_kind(&jobs, "crawl").len(), ROOTS, "each package is crawled once");
}
