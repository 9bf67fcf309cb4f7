//! `gleaner recompute`: what very many roots pull in, at one position in the catalogue's events.

mod again;
mod campaign;
mod export;
mod feed;
mod list;
mod progress;
mod roots;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use futures_util::stream::{BoxStream, TryStreamExt};
use gleaner_model::{Ecosystem, Lane, OrderName, PackageName, Purl, Question, ResolutionRecord};
use serde::Serialize;
use tracing::Instrument;

use self::again::{About, Again, Memory, NewMemory};
use self::campaign::Campaign;
use self::export::{Counts, Export, Form};
use self::list::List;
use self::progress::Progress;
use self::roots::BadLine;
use crate::ended::{self, Endings};
use crate::exit::{Exit, Failure};
use crate::moment;
use crate::output::Output;
use crate::remote::Remote;
use crate::resolution::{AsOfArgs, Asked, EnvironmentArgs};
use crate::signals::Signals;
use crate::submit::submit;
use crate::workplace::{WorkArgs, Workplace};

/// Which roots, and where to.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("which").required(true).args(["ecosystem", "roots"])))]
pub(crate) struct RecomputeArgs {
    /// Every known package of this ecosystem, as a campaign. With --replay everything that it holds is crawled first.
    #[arg(long, value_name = "NAME")]
    ecosystem: Option<Ecosystem>,
    /// Only packages whose names begin so, such as `@types/`.
    #[arg(long, default_value = "", hide_default_value = true, requires = "ecosystem", value_name = "TEXT")]
    prefix: String,
    /// The package URLs in this file, one a line; `-` reads stdin. Lines that are none are named, and the others go on.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// A name for it: 1 to 40 of a-z 0-9 - _ . Under the name of one that was stopped, that one goes on.
    #[arg(long, value_name = "NAME")]
    name: Option<OrderName>,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// In which form.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    /// Where to: a file, or a directory for Parquet. Else lines go to stdout.
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Remembers the answers in this file. Once it is there, only roots are resolved anew whose answers what happened since
    /// can have changed; the others' are copied.
    #[arg(long, value_name = "FILE", conflicts_with = "observed")]
    memory: Option<PathBuf>,
    #[command(flatten)]
    work: WorkArgs,
}

/// Roots with their answers.
type Answers<'a> = BoxStream<'a, Result<(String, ResolutionRecord), Failure>>;

/// What there is when all has ended.
struct Answered<'a> {
    answers: Answers<'a>,
    /// Roots whose jobs ended without an answer, and why.
    unanswered: Vec<(String, String)>,
    /// The position that all answers are as of, if there is one.
    position: Option<u64>,
    /// How many answers are those of the run before, which still hold; none if there was no such run.
    kept: Option<usize>,
}

/// What is asked.
enum Task {
    Ecosystem(Ecosystem, Question),
    List(Vec<Asked>, Vec<BadLine>),
}

impl RecomputeArgs {
    fn read(&self) -> Result<Task, Failure> {
        let as_of = self.as_of.read();
        if let Some(ecosystem) = self.ecosystem {
            // Any package of it shows whether the environment has sense.
            let name = PackageName::new(ecosystem, "any").map_err(Failure::usage)?;
            let asked = Asked::package(Purl::new(ecosystem, name), self.environment.read()?)?;
            return Ok(Task::Ecosystem(ecosystem, asked.at(as_of).question));
        }
        let path = self.roots.as_deref().ok_or_else(|| Failure::usage("name --ecosystem NAME or --roots FILE"))?;
        let text = if path == Path::new("-") {
            std::io::read_to_string(std::io::stdin())?
        } else {
            std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("the roots in {}: {error}", path.display())))?
        };
        let ((purls, bad), environment) = (roots::read(&text), self.environment.read()?);
        let asked = purls.into_iter().map(|purl| Asked::package(purl, environment.clone()).map(|it| it.at(as_of)));
        Ok(Task::List(asked.collect::<Result<_, _>>()?, bad))
    }

    /// Its name; one that was made up has the moment in it.
    fn name(&self) -> Result<String, Failure> {
        let given = self.name.as_ref().map(ToString::to_string);
        let name = given.unwrap_or_else(|| format!("recompute-{}", moment::now().as_millis()));
        // A stream's id has at most 64 bytes, and ends in a position.
        if name.len() > 40 { Err(Failure::usage(format!("--name {name}: at most 40 characters"))) } else { Ok(name) }
    }
}

/// Asks, waits, and writes the answers.
pub(crate) async fn run(args: &RecomputeArgs, output: Output, config: Option<&Path>) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let (task, name) = (args.read()?, args.name()?);
    let export = Export::begin(args.format, args.output.as_ref())?;
    let ecosystems: BTreeSet<Ecosystem> = match &task {
        Task::Ecosystem(ecosystem, _) => BTreeSet::from([*ecosystem]),
        Task::List(asked, bad) => {
            bad.iter().for_each(|bad| name_line(bad, output));
            asked.iter().map(|asked| asked.purl.ecosystem()).collect()
        }
    };
    let workplace = Workplace::open(&args.work, &ecosystems, config).await?;
    let (remote, replayed) = (workplace.remote.clone().in_lane(Some(Lane::Bulk)), workplace.replayed()?);
    let run = Run { args, output, signals: &signals, remote: &remote, name: &name };
    workplace.during(run.run(task, replayed, export).instrument(tracing::info_span!("recompute"))).await
}

struct Run<'a> {
    args: &'a RecomputeArgs,
    output: Output,
    signals: &'a Signals,
    remote: &'a Remote,
    name: &'a str,
}

impl Run<'_> {
    async fn run(&self, task: Task, replayed: Vec<Purl>, mut export: Export) -> Result<Exit, Failure> {
        let (remote, signals, name) = (self.remote, self.signals, self.name);
        let about = self.about(&task);
        let before = match (&self.args.memory, &about) {
            (Some(path), Some(about)) => Memory::open(path, about)?,
            _ => None,
        };
        let refused = if let Task::List(_, bad) = &task { bad.len() } else { 0 };
        if let Task::Ecosystem(ecosystem, _) = &task {
            self.crawl(replayed.into_iter().filter(|purl| purl.ecosystem() == *ecosystem).collect()).await?;
        }
        let progress =
            &Progress::of(if let Task::List(asked, _) = &task { Some(asked.len()) } else { None }, self.output);
        let list = List { remote, signals, name, progress };
        let prefix = self.args.prefix.as_str();
        let answered = match (task, before) {
            (Task::Ecosystem(ecosystem, question), None) => {
                Campaign { remote, signals, name, ecosystem, prefix, progress }.run(question).await
            }
            (Task::Ecosystem(ecosystem, question), Some(memory)) => {
                Again { list, memory }.ecosystem(ecosystem, prefix, &question).await
            }
            (Task::List(asked, _), None) => list.run(asked).await,
            (Task::List(asked, _), Some(memory)) => Again { list, memory }.roots(asked).await,
        };
        progress.clear();
        let Answered { mut answers, unanswered, position, kept } = answered?;
        let mut new = match (&self.args.memory, &about, position) {
            (Some(path), Some(about), Some(position)) => Some(NewMemory::begin(path, about, position)?),
            _ => None,
        };
        while let Some((root, record)) = answers.try_next().await? {
            export.put(&root, &record)?;
            if let Some(new) = &mut new {
                new.put(&root, &record)?;
            }
        }
        // Whoever reads it still holds the old one.
        drop(answers);
        let counts = export.end(position)?;
        new.map_or(Ok(()), NewMemory::end)?;
        self.show(counts, &unanswered, Sum { refused, position, kept })
    }

    /// What the answers to remember have in common, if there is anything to ask.
    fn about(&self, task: &Task) -> Option<About> {
        let (ecosystem, question) = match task {
            Task::Ecosystem(ecosystem, question) => (Some(*ecosystem), Some(question)),
            Task::List(asked, _) => (None, asked.first().map(|asked| &asked.question)),
        };
        let prefix = self.args.prefix.clone();
        question.map(|question| About {
            ecosystem,
            prefix,
            environment: question.environment.clone(),
            as_of: question.as_of,
        })
    }

    /// What was recorded is crawled first: a store that goes with the process knows nothing yet.
    async fn crawl(&self, purls: Vec<Purl>) -> Result<(), Failure> {
        let jobs = purls.iter().map(|purl| gleaner_proto::v1::JobSpec {
            kind: gleaner_proto::v1::JobKind::Crawl.into(),
            purl: purl.to_string(),
            ..gleaner_proto::v1::JobSpec::default()
        });
        let receipts = submit(self.remote, jobs.collect(), self.signals).await?;
        let mut endings = Endings::of(self.remote, ended::ids(&receipts)?).await?;
        let progress = Progress::of(Some(purls.len()), self.output);
        while endings.next().await?.is_some() {
            progress.ended(1);
        }
        progress.clear();
        Ok(())
    }

    /// Tells what became of it: on stdout, unless the answers went there.
    fn show(
        &self,
        counts: Counts,
        unanswered: &[(String, String)],
        Sum { refused, position, kept }: Sum,
    ) -> Result<Exit, Failure> {
        for (root, why) in unanswered {
            say_aside(&format!("{root} has no answer: {why}"), &UnansweredRow { root, error: why }, self.output);
        }
        let output = self.args.output.as_ref().map(|path| path.display().to_string());
        let row = Row { name: self.name, position, counts, unanswered: unanswered.len(), refused, kept, output };
        let sentence = sentence(&row);
        if row.output.is_some() {
            self.output.object(&row)?;
            self.output.say(sentence)?;
        } else {
            say_aside(&sentence, &row, self.output);
        }
        Ok(if unanswered.is_empty() && refused == 0 { Exit::Done } else { Exit::No })
    }
}

/// What there is to tell beside the counts.
struct Sum {
    refused: usize,
    position: Option<u64>,
    kept: Option<usize>,
}

/// The stable keys of the sum.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    position: Option<u64>,
    #[serde(flatten)]
    counts: Counts,
    unanswered: usize,
    refused: usize,
    /// Of a run that remembered the one before it: roots whose answers still hold. All others were resolved anew.
    kept: Option<usize>,
    output: Option<String>,
}

#[derive(Serialize)]
struct UnansweredRow<'a> {
    root: &'a str,
    error: &'a str,
}

#[derive(Serialize)]
struct BadLineRow<'a> {
    line: usize,
    text: &'a str,
    error: &'a str,
}

fn sentence(row: &Row<'_>) -> String {
    let Counts { roots, graph, unsatisfiable, incomplete, gave_up } = row.counts;
    let position = row.position.map(|position| format!(" at position {position}")).unwrap_or_default();
    let output = row.output.as_ref().map(|output| format!("; written to {output}")).unwrap_or_default();
    let mut parts = vec![format!("{graph} graphs")];
    let others = [
        (unsatisfiable, "unsatisfiable"),
        (incomplete, "incomplete"),
        (gave_up, "given up"),
        (row.unanswered as u64, "without an answer"),
        (row.refused as u64, "lines refused"),
    ];
    parts.extend(others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
    let anew = row.kept.map(|kept| share(roots, kept as u64)).unwrap_or_default();
    format!("{}: {roots} roots{position}: {}{anew}{output}", row.name, parts.join(", "))
}

/// How many of the roots were resolved anew.
fn share(roots: u64, kept: u64) -> String {
    let anew = roots.saturating_sub(kept);
    let percent = if roots == 0 { 0.0 } else { 100.0 * anew as f64 / roots as f64 };
    format!("; {anew} of {roots} resolved anew ({percent:.1} %), the other answers still hold")
}

fn name_line(bad: &BadLine, output: Output) {
    let BadLine { line, text, why } = bad;
    say_aside(&format!("line {line}: {why}"), &BadLineRow { line: *line, text, error: why }, output);
}

/// On stderr, since answers may go to stdout.
fn say_aside(words: &str, row: &impl Serialize, output: Output) {
    let text = match serde_json::to_string(row) {
        Ok(row) if output.json => row,
        _ => words.to_owned(),
    };
    // If stderr is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_names_what_there_is() {
        let counts = Counts { roots: 9, graph: 7, unsatisfiable: 2, ..Counts::default() };
        let row = Row { name: "mine", position: Some(12), counts, unanswered: 0, refused: 1, kept: None, output: None };
        let expected = "mine: 9 roots at position 12: 7 graphs, 2 unsatisfiable, 1 lines refused";
        assert_eq!(sentence(&row), expected);
        let expected = concat!(
            r#"{"name":"mine","position":12,"roots":9,"graph":7,"unsatisfiable":2,"incomplete":0,"gave_up":0,"#,
            r#""unanswered":0,"refused":1,"kept":null,"output":null}"#,
        );
        assert_eq!(serde_json::to_string(&row).expect("plain texts"), expected);
        let again = Row { kept: Some(6), ..row };
        let expected = "mine: 9 roots at position 12: 7 graphs, 2 unsatisfiable, 1 lines refused; 3 of 9 resolved anew \
                        (33.3 %), the other answers still hold";
        assert_eq!(sentence(&again), expected);
    }
}
