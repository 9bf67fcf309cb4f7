//! The past as it was observed: what later crawls told is undone, and what cannot be brought back is said.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gleaner_model::Timestamp;

use super::made::World;
use super::packages;

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap()).to_string()
}

#[test]
fn what_was_known_then_is_answered_and_what_is_lost_is_warned_of() {
    let world = World::new();
    let _worker = world.worker("worker", 4, &[]);
    world.index.put("top", &[("1.0.0", &[("low", "^1")])]);
    world.index.put("low", &[("1.0.0", &[]), ("1.1.0", &[])]);
    world.run(&["refresh", "pkg:cargo/top", "pkg:cargo/low"]).expect(0);
    sleep(Duration::from_millis(20));
    let then = now();
    sleep(Duration::from_millis(20));
    world.index.put("low", &[("1.1.0", &[]), ("1.2.0", &[("later", "^1")])]);
    world.index.put("later", &[("1.0.0", &[])]);
    world.run(&["refresh", "pkg:cargo/low", "pkg:cargo/later"]).expect(0);

    let today = world.run(&["--json", "resolve", "pkg:cargo/top"]).expect(0).object();
    assert_eq!(packages(&today), ["later 1.0.0", "low 1.2.0", "top 1.0.0"]);
    assert!(today.get("warnings").is_none(), "{today}");
    let observed = ["resolve", "pkg:cargo/top", "--as-of", &then, "--observed"];
    let answer = world.run(&[&["--json"], &observed[..]].concat()).expect(0).object();
    assert_eq!(
        (packages(&answer), &answer["as_of"]),
        (vec!["low 1.1.0".into(), "top 1.0.0".into()], &then.as_str().into())
    );
    let warning = "low 1.0.0: there at that time, removed since, and not to be brought back";
    assert_eq!(answer["warnings"], serde_json::json!([warning]));
    let told = world.run(&observed).expect(0);
    assert!(told.stderr.contains(&format!("warning: {warning}")), "{}", told.stderr);
    assert!(told.stdout.contains(&format!("as observed by {then}")), "{}", told.stdout);
    let diff = world.run(&["diff", "pkg:cargo/top", "--from", &then, "--observed"]).expect(0).stdout;
    assert!(diff.contains("+ later 1.0.0") && diff.contains("~ low 1.1.0"), "{diff}");
    // Before anybody had looked nothing was known, and nothing that is known today is told.
    let before = world.run(&["--json", "resolve", "pkg:cargo/top", "--as-of", "2001-01-01", "--observed"]);
    let answer = before.expect(1).object();
    assert_eq!(answer["outcome"], "incomplete", "{answer}");
    assert!(answer["reason"].as_str().unwrap().contains("top"), "{answer}");
}
