//! `gleaner batches submit|list|get|cancel|watch`.

use clap::{Args, Subcommand};
use gleaner_model::Lane;
use gleaner_proto::v1;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::moment::{self, Moment};
use crate::output::{Output, not_empty, or_dash, time, time_for_people};
use crate::reader::{Reader, ReaderArgs};
use crate::remote::Remote;

/// What to do with batches.
#[derive(Subcommand, Debug)]
pub(crate) enum BatchesCommand {
    /// Submit up to 1,000 packages as one; those that cannot be accepted are told, the others are.
    Submit(SubmitArgs),
    /// List batches, newest first.
    List(ListArgs),
    /// Look at batches.
    Get(BatchArgs),
    /// Cancel the jobs of batches that have not ended.
    Cancel(BatchArgs),
    /// Watch a batch until all of it has ended.
    Watch(BatchArgs),
}

/// What to submit.
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// Package URLs; `-` reads them from stdin, one a line. They are checked by the scheduler, one by one.
    #[arg(required = true, value_name = "PURL")]
    purls: Vec<String>,
    /// Words of your own for it.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    label: String,
    /// Do nothing before this time: RFC 3339, or how long from now, such as 15m or 2h30m.
    #[arg(long, value_name = "WHEN")]
    not_before: Option<Moment>,
    /// When it is wanted.
    #[arg(long, value_name = "WHEN")]
    deadline: Option<Moment>,
    /// Of no use after this time.
    #[arg(long, value_name = "WHEN")]
    expires: Option<Moment>,
    /// A key of your own: the same batch under the same key is submitted once. Wants times and no durations.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "KEY")]
    idempotency_key: String,
    /// A less urgent lane than the client's own: internal, free or bulk.
    #[arg(long, value_name = "LANE")]
    lane: Option<Lane>,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// How many.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// At most this many.
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: usize,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Which ones.
#[derive(Args, Debug)]
pub(crate) struct BatchArgs {
    /// Ids of batches, such as b-1042.
    #[arg(required = true, value_name = "BATCH")]
    batches: Vec<String>,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Does it.
pub(crate) async fn run(command: &BatchesCommand, output: Output) -> Result<Exit, Failure> {
    let args = match command {
        BatchesCommand::Submit(args) => &args.reader,
        BatchesCommand::List(args) => &args.reader,
        BatchesCommand::Get(args) | BatchesCommand::Cancel(args) | BatchesCommand::Watch(args) => &args.reader,
    };
    let reader = Reader::open(args).await?;
    let remote = &reader.remote;
    let result = match command {
        BatchesCommand::Submit(args) => submit(remote, args, output).await,
        BatchesCommand::List(args) => list(remote, args.limit, output).await,
        BatchesCommand::Get(args) => get(remote, args, output).await,
        BatchesCommand::Cancel(args) => cancel(remote, args, output).await,
        BatchesCommand::Watch(args) => watch(remote, args, output).await,
    };
    reader.close().await;
    result
}

#[derive(Serialize)]
struct RefusedRow<'a> {
    purl: &'a str,
    error: &'a str,
}

async fn submit(remote: &Remote, args: &SubmitArgs, output: Output) -> Result<Exit, Failure> {
    let mut purls = Vec::new();
    for text in &args.purls {
        if text == "-" {
            purls.extend(std::io::read_to_string(std::io::stdin())?.lines().map(|line| line.trim().to_owned()));
        } else {
            purls.push(text.clone());
        }
    }
    purls.retain(|purl| !purl.is_empty());
    let job = |purl: &String| v1::JobSpec {
        kind: v1::JobKind::Crawl.into(),
        purl: purl.clone(),
        not_before_at_ms: moment::at_ms(args.not_before),
        deadline_at_ms: moment::at_ms(args.deadline),
        expires_at_ms: moment::at_ms(args.expires),
        ..v1::JobSpec::default()
    };
    let (label, idempotency_key) = (args.label.clone(), args.idempotency_key.clone());
    let request = v1::SubmitBatchRequest { jobs: purls.iter().map(job).collect(), label, idempotency_key };
    let remote = remote.clone().in_lane(args.lane);
    let answer = remote.batches().submit_batch(request).await?.into_inner();
    let mut exit = Exit::Done;
    for (purl, item) in purls.iter().zip(&answer.items) {
        if let Some(refused) = &item.refused {
            exit = Exit::No;
            output.object(&RefusedRow { purl, error: &refused.reason })?;
            output.say(format!("{purl}  is refused: {}", refused.reason))?;
        }
    }
    match answer.batch {
        Some(batch) => show(&[batch], output)?,
        None => output.say("none of them was accepted")?,
    }
    Ok(exit)
}

async fn list(remote: &Remote, limit: usize, output: Output) -> Result<Exit, Failure> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    while found.len() < limit {
        let page_size = u32::try_from((limit - found.len()).min(100)).unwrap_or(100);
        let request = v1::ListBatchesRequest { page_size, page_token };
        let page = remote.batches().list_batches(request).await?.into_inner();
        found.extend(page.batches);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if found.is_empty() {
        output.say("no batches")?;
    }
    show(&found, output)?;
    Ok(Exit::Done)
}

async fn get(remote: &Remote, args: &BatchArgs, output: Output) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    for id in &args.batches {
        let answer = remote.batches().get_batch(v1::GetBatchRequest { id: id.clone() }).await?;
        found.extend(answer.into_inner().batch);
    }
    show(&found, output)?;
    Ok(Exit::Done)
}

async fn cancel(remote: &Remote, args: &BatchArgs, output: Output) -> Result<Exit, Failure> {
    let (mut found, mut exit) = (Vec::new(), Exit::Done);
    for id in &args.batches {
        let answer = remote.batches().cancel_batch(v1::CancelBatchRequest { id: id.clone() }).await?;
        let batch = answer.into_inner().batch.unwrap_or_default();
        if batch.cancelled_at_ms == 0 {
            exit = Exit::No;
        }
        found.push(batch);
    }
    show(&found, output)?;
    Ok(exit)
}

async fn watch(remote: &Remote, args: &BatchArgs, output: Output) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for id in &args.batches {
        let mut changes = remote.batches().watch_batch(v1::WatchBatchRequest { id: id.clone() }).await?.into_inner();
        while let Some(change) = changes.message().await? {
            let batch = change.batch.unwrap_or_default();
            let progress = batch.progress.unwrap_or_default();
            output.object(&row(&batch))?;
            output.say(sentence(&batch, &progress))?;
            if batch.ended_at_ms != 0 && progress.done != progress.jobs {
                exit = Exit::No;
            }
        }
    }
    Ok(exit)
}

/// The stable keys of a batch.
#[derive(Serialize)]
struct Row<'a> {
    batch: &'a str,
    client: &'a str,
    label: Option<String>,
    jobs: u32,
    queued: u32,
    running: u32,
    done: u32,
    not_found: u32,
    gone: u32,
    failed: u32,
    expired: u32,
    cancelled: u32,
    created_at: Option<String>,
    cancelled_at: Option<String>,
    ended_at: Option<String>,
}

fn row(batch: &v1::Batch) -> Row<'_> {
    let progress = batch.progress.unwrap_or_default();
    Row {
        batch: &batch.id,
        client: &batch.client,
        label: not_empty(batch.label.clone()),
        jobs: progress.jobs,
        queued: progress.queued,
        running: progress.running,
        done: progress.done,
        not_found: progress.not_found,
        gone: progress.gone,
        failed: progress.failed,
        expired: progress.expired,
        cancelled: progress.cancelled,
        created_at: time(batch.created_at_ms),
        cancelled_at: time(batch.cancelled_at_ms),
        ended_at: time(batch.ended_at_ms),
    }
}

/// Jobs that ended otherwise than well.
const fn others(progress: &v1::BatchProgress) -> u32 {
    progress.not_found + progress.gone + progress.failed + progress.expired + progress.cancelled
}

fn sentence(batch: &v1::Batch, progress: &v1::BatchProgress) -> String {
    let end = if batch.ended_at_ms == 0 { "" } else { "; all have ended" };
    let (done, jobs, running, others) = (progress.done, progress.jobs, progress.running, others(progress));
    format!("{}  {done} of {jobs} are done, {running} running, {others} ended otherwise{end}", batch.id)
}

fn show(batches: &[v1::Batch], output: Output) -> Result<(), Failure> {
    for batch in batches {
        output.object(&row(batch))?;
    }
    let head = ["batch", "client", "jobs", "queued", "running", "done", "otherwise", "accepted", "ended", "label"];
    output.table(
        head,
        batches.iter().map(|batch| {
            let progress = batch.progress.unwrap_or_default();
            [
                batch.id.clone(),
                batch.client.clone(),
                progress.jobs.to_string(),
                progress.queued.to_string(),
                progress.running.to_string(),
                progress.done.to_string(),
                others(&progress).to_string(),
                time_for_people(batch.created_at_ms),
                time_for_people(batch.ended_at_ms),
                or_dash(batch.label.clone()),
            ]
        }),
    )
}
