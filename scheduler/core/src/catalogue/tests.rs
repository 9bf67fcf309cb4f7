//! The rules of the catalogue, as data: packages are written as short lines, `1.0 =a,b !reason ~words #file`.

use gleaner_model::{
    Artifact, ContentHash, Dependencies, Dependency, DependencyKind, Document, Ecosystem, Feature, Package, Purl,
    Validators, Version, Yank,
};

use super::*;

const DAY_MS: u64 = 86_400_000;

fn key() -> PackageKey {
    PackageKey::in_default_registry(&"pkg:cargo/lamp".parse::<Purl>().expect("valid"))
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus_ms(ms)
}

/// A version: its number, then `=a,b` dependencies, `?` pending, `-` not fetched, `x` not found, `!` yanked,
/// `~words` deprecated, `#file` a file.
fn version(line: &str, pool: &mut Vec<Dependency>) -> Version {
    let mut words = line.split(' ');
    let mut version = Version {
        number: words.next().expect("a number").to_owned(),
        published_at: None,
        yank: None,
        deprecated: None,
        licence: None,
        runtime: None,
        dependencies: Dependencies::NotFetched,
        features: Vec::new(),
        details: None,
        artifacts: Vec::new(),
    };
    for word in words {
        let (mark, rest) = word.split_at(1);
        match mark {
            "=" => {
                let names = rest.split(',').filter(|name| !name.is_empty());
                version.dependencies = Dependencies::Fetched(names.map(|name| position(name, pool)).collect());
            }
            "?" => version.dependencies = Dependencies::Pending,
            "-" => version.dependencies = Dependencies::NotFetched,
            "x" => version.dependencies = Dependencies::NotFound,
            "!" => version.yank = Some(Yank { reason: Some(rest.to_owned()).filter(|reason| !reason.is_empty()) }),
            "~" => version.deprecated = Some(rest.to_owned()),
            "#" => version.artifacts.push(Artifact {
                name: rest.to_owned(),
                algorithm: "sha256".to_owned(),
                checksum: rest.as_bytes().to_vec(),
                ..Artifact::default()
            }),
            other => unreachable!("no such mark: {other}"),
        }
    }
    version
}

fn position(name: &str, pool: &mut Vec<Dependency>) -> u32 {
    let at = pool.iter().position(|known| known.name == name).unwrap_or_else(|| {
        pool.push(Dependency {
            name: name.to_owned(),
            alias: None,
            requirement: "^1".to_owned(),
            kind: DependencyKind::Normal,
            optional: false,
            default_features: true,
            features: Vec::new(),
            target: None,
            registry: None,
        });
        pool.len() - 1
    });
    u32::try_from(at).expect("few")
}

fn package(lines: &[&str]) -> Package {
    let mut package = Package::default();
    package.versions = lines.iter().map(|line| version(line, &mut package.dependencies)).collect();
    package.latest = package.versions.last().map(|version| version.number.clone());
    package
}

fn facts(package: Package, fetched_at: Timestamp) -> CrawlFacts {
    let document = Document { hash: ContentHash([7; 32]), length: 3, url: "http://mirror.example/lamp".to_owned() };
    CrawlFacts { package, documents: vec![document], validators: Validators::default(), fetched_at }
}

/// What is known after something was applied, as a store would have it.
#[derive(Debug)]
struct Known {
    record: PackageRecord,
    events: Vec<Event>,
    changed: bool,
    state: JobState,
    follow_up: Option<CrawlPart>,
}

fn known(old: Option<&PackageRecord>, applied: Applied) -> Known {
    let Applied { head, content, events, changed, state, follow_up } = applied;
    let before = old.map_or(0, |old| old.head.content_revision);
    assert_eq!(head.content_revision, if content.is_some() { head.revision } else { before });
    let content = content.or_else(|| old.map(|old| old.content.clone())).unwrap_or_default();
    assert_eq!(head.outline, outline::outline(&content.package, Ecosystem::Cargo));
    Known { record: PackageRecord { head, content }, events, changed, state, follow_up }
}

fn read(old: Option<&PackageRecord>, package: Package, now: Timestamp) -> Result<Known, Fault> {
    fetched(old, &key(), facts(package, now), now).map(|applied| known(old, applied))
}

fn fetch(old: Option<&PackageRecord>, lines: &[&str], now: Timestamp) -> Known {
    read(old, package(lines), now).expect("usable")
}

fn answer(old: Option<&PackageRecord>, answer: Answer, at: Timestamp, now: Timestamp) -> Result<Known, Fault> {
    let applied = answered(old.map(|old| old.head.clone()), &key(), answer, at, now)?;
    assert_eq!(applied.content, None);
    Ok(known(old, applied))
}

fn told(applied: &Known) -> Vec<String> {
    let tell = |event: &Event| {
        let version = event.kind.version().map(|version| format!(" {version}")).unwrap_or_default();
        format!("{}{version}", event.kind.as_str())
    };
    applied.events.iter().map(tell).collect()
}

/// Applies `old`, then `new`, and compares what is told.
fn check(old: &[&str], new: &[&str], expected: &[&str]) {
    let first = fetch(None, old, at(0));
    let second = fetch(Some(&first.record), new, at(1_000));
    assert_eq!(told(&second), expected, "{old:?} -> {new:?}");
    assert!(second.changed || expected.is_empty());
    assert_eq!(second.record.head.revision, 2);
}

fn dependencies_of(record: &PackageRecord, number: &str) -> Option<Vec<String>> {
    let positions = record.content.package.version(number)?.dependencies.fetched()?;
    Some(record.content.package.dependencies_at(positions).map(|dependency| dependency.name.clone()).collect())
}

#[test]
fn the_first_reading_is_one_event() {
    let first = fetch(None, &["1.0 =a !", "2.0 =b"], at(0));
    assert_eq!(told(&first), ["package.discovered"]);
    assert_eq!(first.events[0].kind, EventKind::PackageDiscovered { versions: 2 });
    assert!(first.changed);
    assert_eq!(
        (first.state, first.record.head.revision, first.record.head.presence),
        (JobState::Done, 1, Presence::Present)
    );
    assert_eq!(first.record.head.last_change, Some(at(0)));
}

#[test]
fn events_tell_what_changed_in_the_order_of_versions() {
    check(&["1.0 =a"], &["1.0 =a"], &[]);
    check(&["1.0 =a"], &["1.0 =a", "2.0 =a"], &["version.published 2.0", "package.latest_changed 2.0"]);
    check(&["1.0 =", "2.0 ="], &["1.0 =c", "2.0 ="], &["version.dependencies_changed 1.0"]);
    check(&["1.0 =a", "2.0 =a"], &["1.0 =a !bad", "2.0 =a ~old"], &["version.yanked 1.0", "version.deprecated 2.0"]);
    check(&["1.0 = !", "2.0 = ~old"], &["1.0 =", "2.0 ="], &["version.unyanked 1.0", "version.undeprecated 2.0"]);
    check(&["1.0 = !bad"], &["1.0 = !worse"], &["version.yanked 1.0"]);
    check(&["1.0 = ~old"], &["1.0 = ~older"], &["version.deprecated 1.0"]);
    check(&["1.0 =a,b"], &["1.0 =b,a"], &["package.facts_changed"]);
    check(&["1.0 =a,b"], &["1.0 =a,c"], &["version.dependencies_changed 1.0"]);
    let published = ["version.published 2.0", "package.latest_changed 2.0"];
    check(&["1.0 = #a"], &["1.0 = #a", "2.0 = #b"], &published);
    // What an older version got at the same time is told beside it, or who follows would take it for what it was.
    let beside = [published[0], published[1], "package.facts_changed"];
    check(&["1.0 = #a"], &["1.0 = #a #wheel", "2.0 = #b"], &beside);
    check(
        &["1.0 =", "2.0 =", "3.0 =", "4.0 ="],
        &["1.0 =", "1.5 = !", "3.0 ="],
        &[
            "version.published 1.5",
            "version.yanked 1.5",
            "version.removed 2.0",
            "version.removed 4.0",
            "package.latest_changed 3.0",
        ],
    );
}

#[test]
fn the_same_facts_in_other_pools_change_nothing() {
    let first = fetch(None, &["1.0 =a,b", "2.0 =b"], at(0));
    let mut shuffled = package(&["2.0 =b", "1.0 =a,b"]);
    shuffled.versions.reverse();
    shuffled.latest = Some("2.0".to_owned());
    shuffled.edition = Some(3);
    position("unused", &mut shuffled.dependencies);
    let second = read(Some(&first.record), shuffled, at(5)).expect("usable");
    assert!(!second.changed);
    assert!(second.events.is_empty());
    assert_eq!(second.record.head.last_change, Some(at(0)));
    assert_eq!(second.record.content.package.edition, Some(3));
    assert_eq!(second.record.content.package.dependencies.len(), 2);
}

#[test]
fn content_is_written_when_something_in_it_is_new() {
    let edition = |edition| Package { edition, ..package(&["1.0 =a"]) };
    let first = read(None, edition(Some(1)), at(0)).expect("usable").record;
    let same = read(Some(&first), edition(Some(1)), at(1)).expect("usable").record;
    assert_eq!((same.head.revision, same.head.content_revision), (2, 1));
    let newer = read(Some(&same), edition(Some(2)), at(2)).expect("usable").record;
    assert_eq!((newer.head.revision, newer.head.content_revision), (3, 3));
    let mut more = facts(edition(Some(2)), at(3));
    more.documents.push(more.documents[0].clone());
    let more = fetched(Some(&newer), &key(), more, at(3)).expect("usable");
    assert!(!more.changed);
    assert_eq!(more.content.expect("another document").more_documents.len(), 1);
    let lost = CrawlFacts { documents: Vec::new(), ..facts(edition(Some(2)), at(4)) };
    assert_eq!(fetched(Some(&newer), &key(), lost, at(4)).expect_err("of nothing").kind, FaultKind::Malformed);
}

#[test]
fn what_is_settled_is_carried_over() {
    let first = fetch(None, &["1.0 ? #one", "2.0 =a,b #two", "3.0 =b #three"], at(0));
    assert_eq!(first.follow_up, Some(CrawlPart::Older));
    let older = fetch(Some(&first.record), &["1.0 =b #one", "2.0 ? #two", "3.0 ? #three"], at(1));
    assert_eq!(told(&older), ["version.dependencies_changed 1.0"]);
    assert_eq!(older.follow_up, None);
    assert_eq!(dependencies_of(&older.record, "2.0").expect("carried"), ["a", "b"]);
    assert_eq!(dependencies_of(&older.record, "3.0").expect("carried"), ["b"]);
    // A file more does not take back what the first one said; another file in its place does.
    let more = fetch(Some(&older.record), &["1.0 ? #one #more", "2.0 x #two", "3.0 ? #other"], at(2));
    assert_eq!(dependencies_of(&more.record, "1.0").expect("carried"), ["b"]);
    assert_eq!(dependencies_of(&more.record, "2.0").expect("not lost to a 404"), ["a", "b"]);
    assert_eq!(dependencies_of(&more.record, "3.0"), None);
    assert_eq!(told(&more), ["version.dependencies_changed 3.0", "package.facts_changed"]);
    assert_eq!(more.follow_up, Some(CrawlPart::Older));
    // No further than before: no crawl follows at once.
    let stuck = fetch(Some(&more.record), &["1.0 ? #one #more", "2.0 ? #two", "3.0 ? #other"], at(3));
    assert!(!stuck.changed);
    assert_eq!(stuck.follow_up, None);
}

#[test]
fn what_stands_in_the_same_document_is_carried_over_with_it() {
    let mut known = package(&["1.0 =a #one"]);
    known.licences = vec!["unused".to_owned(), "MIT".to_owned()];
    known.features = vec![Feature { name: "extra".to_owned(), enables: Vec::new() }];
    known.repository = Some("http://mirror.example/source".to_owned());
    known.versions[0].licence = Some(1);
    known.versions[0].features = vec![0];
    known.versions[0].runtime = Some(">=3.8".to_owned());
    let first = read(None, known, at(0)).expect("usable");
    let second = fetch(Some(&first.record), &["1.0 ? #one"], at(1));
    assert!(!second.changed);
    let package = &second.record.content.package;
    assert_eq!(package.licences, ["MIT"]);
    assert_eq!(package.features[package.versions[0].features[0] as usize].name, "extra");
    assert_eq!(package.versions[0].runtime.as_deref(), Some(">=3.8"));
    assert_eq!(package.repository.as_deref(), Some("http://mirror.example/source"));
}

#[test]
fn an_older_edition_is_stale_and_positions_are_checked() {
    let edition = |edition, old: Option<&PackageRecord>| {
        let package = Package { edition, ..package(&["1.0 =a"]) };
        read(old, package, at(0))
    };
    let first = edition(Some(5), None).expect("usable");
    assert_eq!(edition(Some(4), Some(&first.record)).expect_err("older").kind, FaultKind::Stale);
    assert!(edition(Some(5), Some(&first.record)).is_ok());
    assert_eq!(edition(None, Some(&first.record)).expect("usable").record.content.package.edition, Some(5));
    let mut broken = package(&["1.0 =a"]);
    broken.dependencies.clear();
    let fault = read(None, broken, at(0)).expect_err("out of the pool");
    assert_eq!(fault.kind, FaultKind::Malformed);
}

#[test]
fn not_modified_moves_times_only() {
    let not_modified = |old| answer(old, Answer::NotModified, at(8), at(9));
    assert_eq!(not_modified(None).expect_err("of nothing").kind, FaultKind::Malformed);
    let never = answer(None, Answer::NoSuchPackage, at(0), at(0)).expect("usable");
    assert_eq!(not_modified(Some(&never.record)).expect_err("of nothing").kind, FaultKind::Malformed);
    let first = fetch(None, &["1.0 =a"], at(0));
    let second = not_modified(Some(&first.record)).expect("usable");
    assert!(!second.changed && second.events.is_empty());
    assert_eq!(second.record.head.last_success, Some(at(8)));
    let unmoved = PackageHead {
        revision: 1,
        last_attempt: at(0),
        last_success: Some(at(0)),
        next_due: first.record.head.next_due,
        ..second.record.head
    };
    assert_eq!(unmoved, first.record.head);
}

#[test]
fn what_never_was_is_not_found() {
    let absent = |old| answer(old, Answer::NoSuchPackage, at(0), at(1)).expect("usable");
    let first = absent(None);
    assert_eq!((first.state, first.record.head.presence), (JobState::NotFound, Presence::NotFound));
    assert!(first.events.is_empty() && !first.changed);
    assert_eq!(first.record.head.next_due, at(1).plus_ms(DAY_MS));
    let again = absent(Some(&first.record));
    assert_eq!(
        (again.state, again.record.head.revision, again.record.head.missing_since),
        (JobState::NotFound, 2, None)
    );
    let found = fetch(Some(&again.record), &["1.0 ="], at(2));
    assert_eq!(told(&found), ["package.discovered"]);
}

#[test]
fn gone_takes_two_answers_hours_apart() {
    let absent = |old: &PackageRecord, ms| answer(Some(old), Answer::NoSuchPackage, at(ms), at(ms)).expect("usable");
    let known = fetch(None, &["1.0 =a"], at(0)).record;
    let first = absent(&known, 100);
    assert_eq!((first.state, first.record.head.presence), (JobState::NotFound, Presence::Present));
    assert_eq!(first.record.head.missing_since, Some(at(100)));
    assert_eq!(first.record.head.next_due, at(100).plus_ms(GONE_CONFIRM_MS));
    assert!(!first.changed && first.events.is_empty());
    let early = absent(&first.record, 100 + GONE_CONFIRM_MS - 1);
    assert_eq!((early.state, early.record.head.presence), (JobState::NotFound, Presence::Present));
    assert_eq!(early.record.head.missing_since, Some(at(100)));
    let gone = absent(&early.record, 100 + GONE_CONFIRM_MS);
    assert_eq!((gone.state, gone.record.head.presence), (JobState::Gone, Presence::Gone));
    assert_eq!(told(&gone), ["package.gone"]);
    assert_eq!(gone.record.content, known.content);
    assert!(gone.changed);
    let still = absent(&gone.record, DAY_MS);
    assert_eq!((still.state, still.events.len(), still.changed), (JobState::Gone, 0, false));
    // It comes back: as it was, or with something new.
    let back = fetch(Some(&still.record), &["1.0 =a"], at(2 * DAY_MS));
    assert_eq!(told(&back), ["package.returned"]);
    assert_eq!((back.record.head.presence, back.record.head.missing_since), (Presence::Present, None));
    let same = answer(Some(&still.record), Answer::NotModified, at(0), at(0)).expect("usable");
    assert_eq!(told(&same), ["package.returned"]);
    assert_eq!(told(&fetch(Some(&first.record), &["1.0 =a"], at(200))), [""; 0], "it was never gone");
}

#[test]
fn quiet_packages_are_looked_at_less_often() {
    let due_ms = |age_ms: Option<u64>| {
        let mut package = package(&["1.0 ="]);
        let now = at(400 * DAY_MS);
        package.versions[0].published_at = age_ms.map(|age| at(400 * DAY_MS - age));
        read(None, package, now).expect("usable").record.head.next_due.ms_since(now)
    };
    assert_eq!(due_ms(Some(0)), DAY_MS / 24);
    assert_eq!(due_ms(Some(14 * DAY_MS)), DAY_MS);
    assert_eq!(due_ms(Some(390 * DAY_MS)), 14 * DAY_MS);
    assert_eq!(due_ms(None), DAY_MS);
}
