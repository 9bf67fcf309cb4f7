//! Registries on a bad day. Whatever they answer, the last good record stays, and the job says what was wrong.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::{Answer, Asked, Ended, Place, Registry};

const LEFT_PAD: &str = r#"{"name": "left-pad", "dist-tags": {"latest": "1.0.0"},
    "versions": {"1.0.0": {"name": "left-pad", "version": "1.0.0", "dependencies": {"wide": "^1.0"}}},
    "time": {"1.0.0": "2020-01-01T00:00:00.000Z"}}"#;

const KEYS: [&str; 10] =
    ["purl", "state", "changed", "versions", "latest", "fetched_at", "job", "attempts", "elapsed_ms", "error"];

/// A place, and a registry that it crawls.
struct Stage {
    place: Place,
    registry: Registry,
}

impl Stage {
    /// The registry answers every request by `script`.
    fn new(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self { place: Place::new(), registry: Registry::start(script) }
    }

    /// The registry has the package, once; afterwards it answers by `script`. The first crawl is done here.
    fn after_a_good_day(script: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        let stage = Self::new(move |asked| if asked.earlier == 0 { Answer::ok(LEFT_PAD) } else { script() });
        let row = stage.refresh(&[]).expect(0).object();
        assert_eq!((&row["state"], &row["changed"], &row["error"]), (&"done".into(), &true.into(), &Value::Null));
        stage
    }

    /// Refreshes the package; two tries, so that a job that cannot succeed ends soon.
    fn refresh(&self, more: &[&str]) -> Ended {
        let program = self.place.gleaner(["refresh", "--json", "pkg:npm/left-pad", "--data"]);
        let program = program.arg(self.place.path("data")).args(self.registry.addresses().flags());
        let program = if more.contains(&"--attempts") { program } else { program.args(["--attempts", "2"]) };
        program.args(["--backoff-ms", "1"]).args(more).run()
    }

    fn show(&self) -> Ended {
        self.place.gleaner(["show", "--json", "pkg:npm/left-pad", "--data"]).arg(self.place.path("data")).run()
    }

    /// The next refresh fails, with an error that begins with `kind` and has `word`; what was stored is as it was.
    fn stays_good(&self, kind: &str, word: &str, more: &[&str]) {
        let before = self.show().expect(0).object();
        let row = self.refresh(more).expect(1).object();
        let error = row["error"].as_str().unwrap_or_default();
        assert_eq!(row["state"], "failed", "{row}");
        assert!(error.starts_with(kind) && error.contains(word), "{error:?} is not {kind}, or says nothing of {word}");
        let after = self.show().expect(0).object();
        for key in ["presence", "latest", "versions", "documents", "fetched_at", "last_change_at", "revision"] {
            assert_eq!(after[key], before[key], "{key}");
        }
    }
}

#[test]
fn the_keys_of_a_refresh_are_stable() {
    let stage = Stage::new(|_| Answer::ok(LEFT_PAD));
    let row = stage.refresh(&[]).expect(0).object();
    let mut keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let mut wanted = KEYS.to_vec();
    keys.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
}

#[test]
fn a_version_that_is_not_there() {
    let stage = Stage::after_a_good_day(|| Answer::ok(LEFT_PAD));
    let program = stage.place.gleaner(["refresh", "--json", "pkg:npm/left-pad@99.0.0", "--data"]);
    let program = program.arg(stage.place.path("data")).args(stage.registry.addresses().flags());
    let row = program.run().expect(1).object();
    assert_eq!(row["state"], "not_found");
    assert_eq!(row["error"], "pkg:npm/left-pad has no version 99.0.0");
    let show = stage.place.gleaner(["show", "pkg:npm/left-pad@99.0.0", "--data"]).arg(stage.place.path("data"));
    assert!(show.run().expect(1).stderr.contains("pkg:npm/left-pad has no version 99.0.0"));
}

#[test]
fn a_package_that_never_was() {
    let stage = Stage::new(|_| Answer::new("404 Not Found"));
    let row = stage.refresh(&[]).expect(1).object();
    assert_eq!(row["state"], "not_found");
    assert!(row["error"].as_str().unwrap().contains("pkg:npm/left-pad"), "{row}");
    assert_eq!(stage.show().expect(1).object()["presence"], "not_found");
}

/// One answer does not make a package gone: hours later a second one must say the same. The rule itself is tested with
/// the catalogue, where time is an argument.
#[test]
fn a_package_that_is_denied_once_is_still_there() {
    let stage = Stage::after_a_good_day(|| Answer::new("404 Not Found"));
    stage.refresh(&[]);
    let package = stage.show().expect(0).object();
    assert_eq!(package["presence"], "present");
    assert_eq!(package["versions"][0]["version"], "1.0.0");
    assert!(package["missing_since"].is_string(), "{package}");
    let words = stage.place.gleaner(["show", "pkg:npm/left-pad", "--data"]).arg(stage.place.path("data")).run();
    assert!(words.expect(0).stdout.contains("the registry denies it since 20"));
}

#[test]
fn a_malformed_document() {
    Stage::after_a_good_day(|| Answer::ok("<html>Come back later</html>")).stays_good("Malformed", "left-pad", &[]);
}

#[test]
fn half_a_document() {
    Stage::after_a_good_day(|| Answer::ok(&LEFT_PAD[..LEFT_PAD.len() / 2])).stays_good("Malformed", "left-pad", &[]);
}

#[test]
fn a_document_of_another_package() {
    let other = LEFT_PAD.replace("left-pad", "right-pad");
    Stage::after_a_good_day(move || Answer::ok(other.clone())).stays_good("Malformed", "right-pad", &[]);
}

#[test]
fn an_oversized_document() {
    Stage::after_a_good_day(|| Answer::ok(LEFT_PAD).claiming(1 << 40)).stays_good("Malformed", "longer than", &[]);
}

#[test]
fn a_document_that_is_not_compressed_as_it_says() {
    let plain = || Answer::ok(LEFT_PAD).header("Content-Encoding", "gzip");
    Stage::after_a_good_day(plain).stays_good("Malformed", "left-pad", &[]);
}

#[test]
fn a_connection_that_breaks_in_the_middle() {
    Stage::after_a_good_day(|| Answer::ok(LEFT_PAD).claiming(LEFT_PAD.len() + 9)).stays_good("Outage", "left-pad", &[]);
}

#[test]
fn a_storm_that_does_not_end() {
    let stage = Stage::after_a_good_day(|| Answer::new("502 Bad Gateway"));
    stage.stays_good("Outage", "502", &[]);
    let list = stage.place.gleaner(["--json", "jobs", "list", "--state", "failed", "--data"]);
    let job = list.arg(stage.place.path("data")).run().expect(0).object();
    assert_eq!(job["attempts"], 2);
    assert!(job["error"].as_str().unwrap().starts_with("Outage"), "{job}");
}

#[test]
fn a_storm_that_ends() {
    let stage = Stage::new(|asked| match asked.earlier {
        0..3 => Answer::new("500 Internal Server Error"),
        _ => Answer::ok(LEFT_PAD),
    });
    let row = stage.refresh(&["--attempts", "5"]).expect(0).object();
    assert_eq!((&row["state"], &row["attempts"]), (&"done".into(), &4.into()));
}

/// Retry-After stands in seconds or as a date; either is waited for.
#[test]
fn a_registry_that_wants_a_pause() {
    let date = || httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3));
    let pauses: [fn() -> String; 2] = [|| "2".to_owned(), date];
    for pause in pauses {
        let stage = Stage::new(move |asked| match asked.earlier {
            0 => Answer::new("429 Too Many Requests").header("Retry-After", &pause()),
            _ => Answer::ok(LEFT_PAD),
        });
        let row = stage.refresh(&[]).expect(0).object();
        assert_eq!(row["state"], "done");
        // A date has whole seconds, so up to one of the three is lost.
        assert!(row["elapsed_ms"].as_u64().unwrap() >= 1_900, "{row}");
        assert_eq!(stage.registry.asked().len(), 2);
    }
}

#[test]
fn a_host_that_hangs() {
    let short = ["--connect-timeout-ms", "300", "--idle-timeout-ms", "300"];
    Stage::after_a_good_day(Answer::hang).stays_good("Outage", "did not answer", &short);
    let stuck = || Answer::ok(&LEFT_PAD[..20]).claiming(LEFT_PAD.len()).then_hang();
    Stage::after_a_good_day(stuck).stays_good("Outage", "left-pad", &short);
}

#[test]
fn redirects_in_a_circle() {
    let stage = Stage::after_a_good_day(|| Answer::new("302 Found").header("Location", "/npm/left-pad"));
    stage.stays_good("", "redirect", &[]);
}

/// A project page as a mirror has it at `serial`, with one version.
fn project_page(serial: u32, version: &str) -> String {
    format!(
        r#"{{"meta": {{"api-version": "1.1", "_last-serial": {serial}}}, "name": "demo", "versions": ["{version}"], "files":
        [{{"filename": "demo-{version}.tar.gz", "url": "../../demo-{version}.tar.gz", "hashes": {{"sha256": "00ff"}},
        "size": 5, "upload-time": "2020-01-02T00:00:00Z"}}]}}"#
    )
}

/// A mirror that has fallen behind answers with a page that was true once.
#[test]
fn a_document_older_than_the_one_that_is_stored() {
    let place = Place::new();
    let registry = Registry::start(|asked| {
        let (serial, version, etag) = if asked.earlier == 0 { (10, "1.1", "\"ten\"") } else { (5, "1.0", "\"five\"") };
        let page = Answer::ok(project_page(serial, version)).header("ETag", etag);
        page.header("Content-Type", "application/vnd.pypi.simple.v1+json")
    });
    let (data, addresses) = (place.path("data"), registry.addresses());
    let refresh = || {
        let program = place.gleaner(["refresh", "--json", "pkg:pypi/demo", "--attempts", "2", "--backoff-ms", "1"]);
        program.arg("--data").arg(&data).args(addresses.flags()).run()
    };
    let show = || place.gleaner(["show", "--json", "pkg:pypi/demo", "--data"]).arg(&data).run().expect(0).object();
    assert_eq!(refresh().expect(0).object()["latest"], "1.1");
    let before = show();
    assert_eq!(before["versions"][0]["version"], "1.1");

    let row = refresh().expect(1).object();
    let error = row["error"].as_str().unwrap();
    assert_eq!((&row["state"], &row["attempts"]), (&"failed".into(), &2.into()), "{row}");
    let words = ["pkg:pypi/demo", "edition 5", "edition 10"];
    assert!(error.starts_with("Stale: ") && words.iter().all(|word| error.contains(word)), "{error}");

    let after = show();
    for key in ["presence", "latest", "versions", "documents", "fetched_at", "last_change_at", "revision"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    // Both tries were about the record that is kept: what the older page came with is not believed.
    let asked = registry.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[1..].iter().all(|asked| asked.header("if-none-match") == Some("\"ten\"")), "{asked:?}");
}
