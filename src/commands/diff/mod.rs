//! `gleaner diff`: what changed between two resolutions of one root.

mod changes;
mod show;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_model::AsOf;
use tracing::Instrument;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::resolution::{Asked, EnvironmentArgs, Past, ask, warn};
use crate::signals::Signals;
use crate::workplace::{WorkArgs, Workplace};

/// Which root, and when.
#[derive(Args, Debug)]
pub(crate) struct DiffArgs {
    /// The root's package URL.
    #[arg(value_name = "ROOT", conflicts_with = "manifest", required_unless_present = "manifest")]
    root: Option<String>,
    /// The root is a project with this manifest.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// As of when first: without versions that were published then or later. A date means its beginning in UTC; or a
    /// time in RFC 3339.
    #[arg(long, value_name = "DATE")]
    from: Past,
    /// As of when second; as of now if it is not given.
    #[arg(long, value_name = "DATE")]
    to: Option<Past>,
    /// As Gleaner had observed it by then: yanks, tags and deprecations as they were known.
    #[arg(long)]
    observed: bool,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    work: WorkArgs,
}

/// Asks twice, and shows what is different.
pub(crate) async fn run(args: &DiffArgs, output: Output, config: Option<&Path>) -> Result<Exit, Failure> {
    let signals = Signals::listen();
    let root = Asked::read(args.root.as_deref(), args.manifest.as_ref(), &args.environment)?;
    let to = args.to.map_or(AsOf::Now, |to| to.as_of(args.observed));
    let both = [args.from.as_of(args.observed), to].map(|as_of| root.clone().at(as_of));
    let workplace = Workplace::open(&args.work, &BTreeSet::from([root.purl.ecosystem()]), config).await?;
    let remote = workplace.remote.clone();
    let asking = ask(&remote, &signals, &both, output).instrument(tracing::info_span!("diff"));
    let answers = workplace.during(asking).await?;
    answers.iter().for_each(|answer| warn(answer, output));
    match &answers[..] {
        [before, after] => show::show(&root.root, before, after, output),
        _ => Err(Failure::failed("the scheduler gave other than two answers")),
    }
}
