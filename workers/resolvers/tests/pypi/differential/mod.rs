//! Generated questions, asked of the real uv and of the resolver, over registries made up from the recorded one.
//!
//! `GLEANER_DIFFERENTIAL` says how many (a dozen otherwise), `GLEANER_SEED` where to begin. What uv is comes from
//! `GLEANER_UV` or the path. A difference that is known has its cause in `docs/fidelity.md`.

mod chance;
mod server;
mod universe;
mod uv;

use std::fmt::Write;

use gleaner_model::{PackageName, Timestamp};
use gleaner_resolvers::pypi::{Environment, Pypi, PypiSnapshot, annotated_lock};
use gleaner_resolvers::{Answer, Resolver, Snapshot, View};

use self::chance::Chance;
use self::server::Server;
use self::universe::{Recorded, Universe, asked};
use self::uv::{Made, Question, Uv};
use crate::corpus;

/// Roots that are asked of one made-up registry.
const ROOTS: u64 = 10;

const PLATFORMS: [&str; 13] = [
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "x86_64-manylinux2014",
    "aarch64-manylinux_2_31",
    "x86_64-pc-windows-msvc",
    "i686-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "riscv64-unknown-linux",
];

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn uv_says_the_same() {
    let Some((uv, recorded)) = Uv::find().zip(corpus::documents()) else {
        println!("skipped: there is no uv here, or no recorded documents");
        return;
    };
    let (count, seed) = (number("GLEANER_DIFFERENTIAL", 12), number("GLEANER_SEED", 1));
    let (server, recorded) = (Server::start(), Recorded::new(recorded));
    let (mut tally, mut report) = (Tally::default(), String::new());
    let mut universe = None;
    for at in 0..count {
        if at % ROOTS == 0 {
            let made = Universe::new(&recorded, &mut Chance::new(seed * 1_000_003 + at / ROOTS));
            made.serve(&server, &format!("/{at}"));
            let snapshot = corpus::snapshot_of(&made.documents);
            universe = Some((made, snapshot));
        }
        let (made, snapshot) = universe.as_mut().unwrap();
        let case = Case::new(made, &mut Chance::new(seed * 7_919 + at));
        let theirs = uv.compile(&format!("{}/{}", server.url(), at - at % ROOTS), &case.question());
        if let Err(difference) = tally.compare(&case, &theirs, snapshot) {
            let _ = writeln!(report, "== {at} of seed {seed}: {}\n{difference}", case.shown());
        }
    }
    println!("{tally:?}");
    assert!(report.is_empty(), "{report}");
}

fn one_of_names<'a>(names: &[&'a String], chance: &mut Chance) -> &'a str {
    names[chance.below(names.len())]
}

/// A question.
struct Case {
    manifest: String,
    python: String,
    platform: &'static str,
    before: Option<String>,
}

impl Case {
    fn new(universe: &Universe, chance: &mut Chance) -> Self {
        let names: Vec<&String> = universe.projects.keys().collect();
        let count = 1 + chance.below(4);
        let lines: Vec<String> =
            (0..count).map(|_| asked(one_of_names(&names, chance), &universe.projects, chance)).collect();
        let minor = if chance.percent(50) { 12 } else { 8 + chance.below(6) };
        let python = if chance.percent(50) { format!("3.{minor}") } else { format!("3.{minor}.{}", chance.below(12)) };
        let before = chance.percent(30).then(|| {
            format!(
                "20{}-{:02}-{:02}T{:02}:00:00Z",
                19 + chance.below(8),
                1 + chance.below(12),
                1 + chance.below(28),
                chance.below(24)
            )
        });
        Self { manifest: lines.join("\n") + "\n", python, platform: *chance.one_of(&PLATFORMS), before }
    }

    fn question(&self) -> Question<'_> {
        Question {
            manifest: &self.manifest,
            python: &self.python,
            platform: self.platform,
            exclude_newer: self.before.as_deref(),
            arguments: &["--only-binary", ":all:"],
        }
    }

    fn shown(&self) -> String {
        let manifest = self.manifest.trim_end().replace('\n', " | ");
        format!("[{manifest}] python={} platform={} before={:?}", self.python, self.platform, self.before)
    }

    fn environment(&self) -> Environment {
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        Pypi::environment(&[entry("python", &self.python), entry("platform", self.platform)]).unwrap()
    }

    fn view(&self) -> View {
        View { before: self.before.as_deref().map(|text| text.parse::<Timestamp>().unwrap()) }
    }
}

#[derive(Debug, Default)]
struct Tally {
    pinned: u32,
    refused: u32,
    conflicts: u32,
    unanswered: u32,
}

impl Tally {
    fn compare(&mut self, case: &Case, theirs: &Made, snapshot: &mut PypiSnapshot) -> Result<(), String> {
        let root = match Pypi::read_manifest("requirements.in", &case.manifest) {
            Ok(root) => root,
            Err(error) => {
                return match theirs {
                    Made::Refusal(_) => Ok(()),
                    _ => Err(format!("ours: {error}")),
                };
            }
        };
        let environment = case.environment();
        let answer = loop {
            let resolution = corpus::resolve_in(snapshot, &root, &environment, &case.view(), 200_000);
            self.conflicts += u32::from(resolution.sensitivity == gleaner_resolvers::Sensitivity::Anything);
            match resolution.answer {
                // The registry has all that there is.
                Answer::Incomplete { names } => {
                    names.iter().for_each(|name: &PackageName| snapshot.insert_absent(name));
                }
                answer => break answer,
            }
        };
        match (answer, theirs) {
            (Answer::Graph(graph), Made::Pins(pins)) => {
                self.pinned += 1;
                let ours = annotated_lock(&root, &environment, &graph);
                if ours == *pins { Ok(()) } else { Err(difference(pins, &ours)) }
            }
            (Answer::Unsatisfiable { .. }, Made::Refusal(_)) => {
                self.refused += 1;
                Ok(())
            }
            (Answer::GaveUp { .. }, _) | (_, Made::TimedOut) => {
                self.unanswered += 1;
                Ok(())
            }
            (Answer::Graph(graph), Made::Refusal(said)) => {
                Err(format!("uv refuses:\n{said}\nours:\n{}", Pypi::lock(snapshot, &root, &environment, &graph)))
            }
            (answer, Made::Pins(pins)) => Err(format!("uv:\n{pins}\nours: {answer:?}")),
            (answer, Made::Refusal(said)) => Err(format!("uv refuses:\n{said}\nours: {answer:?}")),
        }
    }
}

/// The lines that only one of both has.
fn difference(theirs: &str, ours: &str) -> String {
    let pins = |text: &str| text.lines().filter(|line| !line.starts_with(' ')).map(str::to_owned).collect::<Vec<_>>();
    let (their_pins, our_pins) = (pins(theirs), pins(ours));
    let only = |a: &[String], b: &[String], mark: &str| {
        a.iter().filter(|line| !b.contains(line)).map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    if their_pins == our_pins {
        return format!("annotations:\nuv:\n{theirs}\nours:\n{ours}");
    }
    only(&their_pins, &our_pins, "uv  ") + &only(&our_pins, &their_pins, "ours")
}
