//! `gleaner schedules add|list|remove|pause|resume`.

use clap::{Args, Subcommand};
use gleaner_proto::v1;
use serde::Serialize;

use super::refresh::read_purls;
use crate::exit::{Exit, Failure};
use crate::output::{Output, not_empty, or_dash, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};
use crate::remote::Remote;

/// What to do with schedules.
#[derive(Subcommand, Debug)]
pub(crate) enum SchedulesCommand {
    /// Refresh packages again and again, at certain times.
    Add(AddArgs),
    /// List schedules.
    List(ListArgs),
    /// Remove a schedule; the jobs that it asked for stay.
    Remove(NameArgs),
    /// Let a schedule rest; times that it misses meanwhile are missed.
    Pause(NameArgs),
    /// Let a schedule go on with its next time.
    Resume(NameArgs),
}

/// What to ask for, and when.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Its name: 1 to 64 of a-z 0-9 - _ .
    name: String,
    /// When, in cron's five fields, UTC, such as `30 6 * * MON-FRI`; or one of @hourly, @daily, @weekly, @monthly, @yearly.
    #[arg(long, value_name = "CRON")]
    cron: String,
    /// Package URLs; `-` reads them from stdin, one a line.
    #[arg(required = true, value_name = "PURL")]
    purls: Vec<String>,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Whose.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Those of all clients; for a client of the lane `internal`.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Which one.
#[derive(Args, Debug)]
pub(crate) struct NameArgs {
    /// Its name.
    name: String,
    /// Whose it is, if not the caller's own; for a client of the lane `internal`.
    #[arg(long, default_value = "", hide_default_value = true)]
    client: String,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Does it.
pub(crate) async fn run(command: &SchedulesCommand, output: Output) -> Result<Exit, Failure> {
    let args = match command {
        SchedulesCommand::Add(args) => &args.reader,
        SchedulesCommand::List(args) => &args.reader,
        SchedulesCommand::Remove(args) | SchedulesCommand::Pause(args) | SchedulesCommand::Resume(args) => &args.reader,
    };
    let reader = Reader::open(args).await?;
    let result = act(&reader.remote, command, output).await;
    reader.close().await;
    result
}

async fn act(remote: &Remote, command: &SchedulesCommand, output: Output) -> Result<Exit, Failure> {
    let mut schedules = remote.schedules();
    let changed = match command {
        SchedulesCommand::List(args) => return list(remote, args.all, output).await,
        SchedulesCommand::Add(args) => {
            let jobs = read_purls(&args.purls)?.into_iter().map(|purl| v1::JobSpec {
                kind: v1::JobKind::Crawl.into(),
                purl: purl.to_string(),
                ..v1::JobSpec::default()
            });
            let (name, cron) = (args.name.clone(), args.cron.clone());
            let request = v1::AddScheduleRequest { name, cron, jobs: jobs.collect() };
            schedules.add_schedule(request).await?.into_inner().schedule
        }
        SchedulesCommand::Remove(NameArgs { name, client, .. }) => {
            let (name, client) = (name.clone(), client.clone());
            schedules.remove_schedule(v1::RemoveScheduleRequest { name, client }).await?;
            None
        }
        SchedulesCommand::Pause(NameArgs { name, client, .. }) => {
            let (name, client) = (name.clone(), client.clone());
            schedules.pause_schedule(v1::PauseScheduleRequest { name, client }).await?.into_inner().schedule
        }
        SchedulesCommand::Resume(NameArgs { name, client, .. }) => {
            let (name, client) = (name.clone(), client.clone());
            schedules.resume_schedule(v1::ResumeScheduleRequest { name, client }).await?.into_inner().schedule
        }
    };
    match changed {
        Some(schedule) => show(&[schedule], output)?,
        None => output.say("it is removed")?,
    }
    Ok(Exit::Done)
}

async fn list(remote: &Remote, all: bool, output: Output) -> Result<Exit, Failure> {
    let found = remote.schedules().list_schedules(v1::ListSchedulesRequest { all }).await?.into_inner().schedules;
    if found.is_empty() {
        output.say("no schedules")?;
    }
    show(&found, output)?;
    Ok(Exit::Done)
}

/// The stable keys of a schedule.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    client: &'a str,
    cron: &'a str,
    purls: Vec<&'a str>,
    paused: bool,
    created_at: Option<String>,
    next_at: Option<String>,
    last: Option<RunRow>,
}

#[derive(Serialize)]
struct RunRow {
    due_at: Option<String>,
    asked_at: Option<String>,
    jobs: u32,
    first: Option<String>,
    refusal: Option<String>,
}

fn show(schedules: &[v1::Schedule], output: Output) -> Result<(), Failure> {
    for schedule in schedules {
        output.object(&row(schedule))?;
    }
    let head = ["name", "client", "cron", "packages", "next", "asked last", "jobs", "refusal"];
    output.table(
        head,
        schedules.iter().map(|schedule| {
            let last = schedule.last.clone().unwrap_or_default();
            [
                schedule.name.clone(),
                schedule.client.clone(),
                schedule.cron.clone(),
                schedule.jobs.len().to_string(),
                if schedule.paused { "paused".to_owned() } else { time_for_people(schedule.next_at_ms) },
                time_for_people(last.asked_at_ms),
                last.jobs.to_string(),
                or_dash(last.refusal),
            ]
        }),
    )
}

fn row(schedule: &v1::Schedule) -> Row<'_> {
    let run = |run: &v1::ScheduleRun| RunRow {
        due_at: time(run.due_at_ms),
        asked_at: time(run.asked_at_ms),
        jobs: run.jobs,
        first: not_empty(run.first.clone()),
        refusal: not_empty(run.refusal.clone()),
    };
    Row {
        name: &schedule.name,
        client: &schedule.client,
        cron: &schedule.cron,
        purls: schedule.jobs.iter().map(|job| job.purl.as_str()).collect(),
        paused: schedule.paused,
        created_at: time(schedule.created_at_ms),
        next_at: time(schedule.next_at_ms),
        last: schedule.last.as_ref().map(run),
    }
}
