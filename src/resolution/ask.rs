//! Asking a scheduler, and waiting for the answer.

use std::io::Write;
use std::pin::pin;

use gleaner_model::{FaultKind, JobId, JobState, JobView, ResolutionRecord};
use gleaner_proto::v1;
use serde::Serialize;

use super::Asked;
use super::waiting::Waiting;
use crate::ended::{self, Endings};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::patience::patiently;
use crate::remote::Remote;
use crate::signals::Signals;
use crate::submit::submit;

/// The job that asks a question.
pub(crate) fn job(asked: &Asked) -> v1::JobSpec {
    v1::JobSpec {
        kind: v1::JobKind::Resolve.into(),
        purl: asked.purl.to_string(),
        question: Some(asked.question.clone().into()),
        ..v1::JobSpec::default()
    }
}

/// Asks all of them at once; their answers in the same order.
pub(crate) async fn ask(
    remote: &Remote,
    signals: &Signals,
    asked: &[Asked],
    output: Output,
) -> Result<Vec<ResolutionRecord>, Failure> {
    let receipts = submit(remote, asked.iter().map(job).collect(), signals).await?;
    let jobs = ended::ids(&receipts)?;
    let mut endings = Endings::of(remote, jobs.iter().copied()).await?;
    let waiting = Waiting::new(output);
    let mut telling = pin!(waiting.tell(remote, &jobs));
    loop {
        tokio::select! {
            never = &mut telling => match never {},
            ended = endings.next() => match ended? {
                Some(job) => check(&job)?,
                None => break,
            },
            () = signals.drain() => {
                endings.cancel().await;
                return Err(Failure { exit: Exit::Interrupted, message: "stopped before it was answered".to_owned() });
            }
        }
    }
    let mut answers = Vec::with_capacity(jobs.len());
    for job in &jobs {
        answers.push(answer(remote, *job).await?);
    }
    Ok(answers)
}

/// The answer that a job ended with.
pub(crate) async fn answer(remote: &Remote, job: JobId) -> Result<ResolutionRecord, Failure> {
    let request = v1::GetResolutionRequest { job: job.to_string() };
    let asking = patiently(|| {
        let (mut resolutions, request) = (remote.resolutions(), request.clone());
        async move { resolutions.get_resolution(request).await }
    });
    let answered = asking.await?.into_inner().answered;
    let record = answered.unwrap_or_default().try_into();
    record.map_err(|error| Failure::failed(format!("the scheduler's answer makes no sense: {error}")))
}

/// A job that did not end well has no answer.
fn check(job: &JobView) -> Result<(), Failure> {
    let fault = job.result.as_ref().and_then(|result| result.error.as_ref());
    let exit = match (job.state, fault.map(|fault| fault.kind)) {
        (JobState::Done, _) => return Ok(()),
        // Another version than this one may know of other manifests and keys.
        (_, Some(FaultKind::Unimplemented)) => Exit::Usage,
        (JobState::Failed, _) => Exit::Failed,
        _ => Exit::No,
    };
    let why = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
    Err(Failure {
        exit,
        message: format!("{} was not answered; its job {} ended as {}{why}", job.spec.purl, job.id, job.state),
    })
}

#[derive(Serialize)]
struct WarningRow<'a> {
    warning: &'a str,
}

/// Tells what the tool would warn of, on stderr.
pub(crate) fn warn(record: &ResolutionRecord, output: Output) {
    let mut stderr = std::io::stderr().lock();
    for warning in &record.resolved.resolution.warnings {
        let text = match serde_json::to_string(&WarningRow { warning }) {
            Ok(row) if output.json => row,
            _ => format!("warning: {warning}"),
        };
        // If stderr is gone there is nobody left to tell.
        let _ = writeln!(stderr, "{text}");
    }
}
