//! `gleaner jobs list|get|explain|cancel|retry|watch`.

use clap::{Args, Subcommand};
use gleaner_model::{JobState, JobView, Origin, Timestamp};
use gleaner_proto::v1;

use super::retry::{RetryArgs, retry};
use crate::ended::view;
use crate::exit::{Exit, Failure};
use crate::job_row::{JobRow, came_from};
use crate::output::{Output, or_dash, time_for_people};
use crate::reader::{Reader, ReaderArgs};
use crate::remote::Remote;

/// What to do with jobs.
#[derive(Subcommand, Debug)]
pub(crate) enum JobsCommand {
    /// List jobs, newest first.
    List(ListArgs),
    /// Look at jobs.
    Get(JobArgs),
    /// Say why jobs are where they are: what they wait and waited for, when they will start, who displaced whom.
    Explain(JobArgs),
    /// Cancel jobs.
    Cancel(JobArgs),
    /// Try dead letters again: a new job each, with its tries counted anew.
    Retry(RetryArgs),
    /// Watch jobs until they have ended.
    Watch(JobArgs),
}

/// Which jobs to list.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only jobs in this state; may be given several times.
    #[arg(long, value_parser = state)]
    state: Vec<JobState>,
    /// At most this many.
    #[arg(long, default_value_t = 100, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Which jobs.
#[derive(Args, Debug)]
pub(crate) struct JobArgs {
    /// Ids of jobs, such as j-1042.
    #[arg(required = true, value_name = "JOB")]
    jobs: Vec<String>,
    #[command(flatten)]
    reader: ReaderArgs,
}

fn state(text: &str) -> Result<JobState, String> {
    let known = || JobState::ALL.map(JobState::as_str).join(", ");
    JobState::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| format!("the states are {}", known()))
}

/// Does it.
pub(crate) async fn run(command: &JobsCommand, output: Output) -> Result<Exit, Failure> {
    let args = match command {
        JobsCommand::List(args) => &args.reader,
        JobsCommand::Retry(args) => &args.reader,
        JobsCommand::Get(args) | JobsCommand::Explain(args) | JobsCommand::Cancel(args) | JobsCommand::Watch(args) => {
            &args.reader
        }
    };
    let reader = Reader::open(args).await?;
    let result = match command {
        JobsCommand::List(args) => list(&reader.remote, args, output).await,
        JobsCommand::Get(args) => get(&reader.remote, args, output).await,
        JobsCommand::Explain(args) => explain(&reader.remote, args, output).await,
        JobsCommand::Cancel(args) => cancel(&reader.remote, args, output).await,
        JobsCommand::Retry(args) => retry(&reader.remote, args, output).await,
        JobsCommand::Watch(args) => watch(&reader.remote, args, output).await,
    };
    reader.close().await;
    result
}

async fn list(remote: &Remote, args: &ListArgs, output: Output) -> Result<Exit, Failure> {
    let states = args.state.iter().map(|state| v1::JobState::from(*state).into()).collect::<Vec<i32>>();
    let (mut found, mut page_token) = (Vec::new(), String::new());
    while found.len() < args.limit {
        let page_size = u32::try_from((args.limit - found.len()).min(1_000)).unwrap_or(1_000);
        let request = v1::ListRequest { states: states.clone(), page_size, page_token };
        let page = remote.jobs().list(request).await?.into_inner();
        for job in page.jobs {
            found.push(view(job)?);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    for view in &found {
        output.object(&JobRow::of(view))?;
    }
    if found.is_empty() {
        output.say("no jobs")?;
    }
    let head = ["job", "state", "lane", "client", "purl", "tries", "accepted", "ended"];
    output.table(
        head,
        found.iter().map(|job| {
            [
                job.id.to_string(),
                job.state.to_string(),
                job.lane.to_string(),
                job.client.to_string(),
                listed(job),
                job.attempts.to_string(),
                time_for_people(job.created_at.as_millis()),
                time_for_people(job.result.as_ref().map_or(0, |result| result.ended_at.as_millis())),
            ]
        }),
    )?;
    Ok(Exit::Done)
}

/// What a list says that a job is about: a crawl that a task waits for names that task.
fn listed(job: &JobView) -> String {
    match job.origin {
        Origin::Child(task) => format!("{} (for {task})", job.spec.purl),
        _ => job.spec.purl.to_string(),
    }
}

async fn get(remote: &Remote, args: &JobArgs, output: Output) -> Result<Exit, Failure> {
    for id in &args.jobs {
        let job = remote.jobs().get(v1::GetRequest { id: id.clone() }).await?.into_inner().job;
        show(&view(job.unwrap_or_default())?, output)?;
    }
    Ok(Exit::Done)
}

async fn explain(remote: &Remote, args: &JobArgs, output: Output) -> Result<Exit, Failure> {
    for id in &args.jobs {
        super::explain::explain(remote, id, output).await?;
    }
    Ok(Exit::Done)
}

async fn cancel(remote: &Remote, args: &JobArgs, output: Output) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for id in &args.jobs {
        let job = remote.jobs().cancel(v1::CancelRequest { id: id.clone() }).await?.into_inner().job;
        let view = view(job.unwrap_or_default())?;
        if view.state != JobState::Cancelled {
            exit = Exit::No;
        }
        show(&view, output)?;
    }
    Ok(exit)
}

async fn watch(remote: &Remote, args: &JobArgs, output: Output) -> Result<Exit, Failure> {
    let request = v1::WatchRequest { ids: args.jobs.clone() };
    let mut changes = remote.jobs().watch(request).await?.into_inner();
    let mut exit = Exit::Done;
    while let Some(change) = changes.message().await? {
        let view = view(change.job.unwrap_or_default())?;
        if view.state.is_terminal() && view.state != JobState::Done {
            exit = Exit::No;
        }
        output.say(sentence(&view))?;
        output.object(&JobRow::of(&view))?;
    }
    Ok(exit)
}

fn show(job: &JobView, output: Output) -> Result<(), Failure> {
    output.object(&JobRow::of(job))?;
    output.say(sentence(job))?;
    let waits = if job.state.is_terminal() { "waited for" } else { "waits for" };
    output.say(format!("  asked by {} in the {} lane, {waits} {}", job.client, job.lane, job.task))?;
    let ended = job.result.as_ref().map_or(0, |result| result.ended_at.as_millis());
    output.say(format!(
        "  accepted {}, ended {}",
        time_for_people(job.created_at.as_millis()),
        time_for_people(ended)
    ))?;
    terms(job).into_iter().try_for_each(|line| output.say(format!("  {line}")))
}

/// What few jobs have: times, what they came from, who tries them again.
fn terms(job: &JobView) -> Vec<String> {
    let at = |what: &str, at: Option<Timestamp>| Some(format!("{what} {}", time_for_people(at?.as_millis())));
    let times = [
        at("not before", job.spec.not_before),
        at("wanted by", job.spec.deadline),
        at("of no use after", job.spec.expires_at),
    ];
    let origin = came_from(&job.origin);
    let retried = job.retried_as.map(|new| format!("is tried again as {new}"));
    times.into_iter().chain([origin, retried]).flatten().collect()
}

fn sentence(job: &JobView) -> String {
    let result = job.result.as_ref();
    let why = match result.and_then(|result| result.error.as_ref()) {
        Some(fault) => fault.to_string(),
        None => job.waiting_for.clone(),
    };
    let tries = if job.attempts == 1 { "try" } else { "tries" };
    let text =
        format!("{}  {:<10} {}  {} {tries}  {}", job.id, job.state.as_str(), job.spec.purl, job.attempts, or_dash(why));
    text.trim_end_matches(" -").trim_end().to_owned()
}
