//! `gleaner resolve`: what a package, or a project, pulls in.

mod lock;
mod tree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_model::{Answer, ResolutionRecord};
use tracing::Instrument;

use self::lock::Lock;
use self::tree::tree;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::resolution::{AnswerRow, AsOfArgs, Asked, EnvironmentArgs, ask, summary, warn};
use crate::signals::Signals;
use crate::workplace::{WorkArgs, Workplace};

/// What is asked.
#[derive(Args, Debug)]
pub(crate) struct ResolveArgs {
    /// A package URL: at its version, if it has one, else as the tool would add it to a project.
    #[arg(value_name = "PURL", conflicts_with = "manifest")]
    purl: Option<String>,
    /// A project's manifest, told apart by its name: Cargo.toml, package.json, requirements.in or .txt, pyproject.toml.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Write the lock file that the tool would, instead of the tree, or beside it to a file; with --json as the key
    /// `lock`, or to a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    lock: Option<String>,
    #[command(flatten)]
    work: WorkArgs,
}

/// Asks, and shows the answer.
pub(crate) async fn run(args: &ResolveArgs, output: Output, config: Option<&Path>) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let (purl, lock) = lock::apart(args.purl.as_deref(), args.lock.as_deref());
    let mut asked = Asked::read(purl, args.manifest.as_ref(), &args.environment)?.at(args.as_of.read());
    asked.question.lock = lock.is_some();
    let workplace = Workplace::open(&args.work, &BTreeSet::from([asked.purl.ecosystem()]), config).await?;
    let (remote, only) = (workplace.remote.clone(), std::slice::from_ref(&asked));
    let asking = ask(&remote, &signals, only, output).instrument(tracing::info_span!("resolve"));
    let answers = workplace.during(asking).await?;
    answers.iter().try_fold(Exit::Done, |_, answer| show(&asked.root, answer, lock.as_ref(), output))
}

fn show(root: &str, record: &ResolutionRecord, lock: Option<&Lock>, output: Output) -> Result<Exit, Failure> {
    // As an object the answer carries them itself.
    if !output.json {
        warn(record, output);
    }
    let locked = lock.zip(record.resolved.lock.as_deref());
    if let Some((Lock::File(path), text)) = locked {
        std::fs::write(path, text).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    }
    if output.json {
        let row = AnswerRow::of(record);
        output.object(&if lock == Some(&Lock::Shown) { row } else { row.without_lock() })?;
    } else if let Some((Lock::Shown, text)) = locked {
        output.say(text.trim_end_matches('\n'))?;
    } else {
        say(root, record, output)?;
    }
    Ok(if matches!(record.resolved.resolution.answer, Answer::Graph(_)) { Exit::Done } else { Exit::No })
}

fn say(root: &str, record: &ResolutionRecord, output: Output) -> Result<(), Failure> {
    if let Answer::Graph(graph) = &record.resolved.resolution.answer {
        output.say(tree(root, graph).join("\n"))?;
        output.say("")?;
    }
    output.say(summary(record))
}
