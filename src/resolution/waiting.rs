//! What a question waits for, for people who wait for its answer.
//!
//! The problem: from a cold start an answer may take minutes, and a terminal that says nothing looks as if it were stuck. So
//! a line on stderr says how long it has been, and what the scheduler says that the question waits for: how many
//! packages it had crawled so far, and how many are left of them. Only on a terminal, and never for programs.

use std::convert::Infallible;
use std::future::pending;
use std::io::IsTerminal;
use std::time::Duration;

use gleaner_model::{JobId, JobState, JobView};
use gleaner_proto::v1;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::sleep;

use crate::output::Output;
use crate::remote::Remote;

/// How often the scheduler is asked, and how long the line says nothing at first: most answers are there before that.
const EVERY: Duration = Duration::from_millis(400);

/// A line that tells what is waited for, as long as it lives.
pub(super) struct Waiting(Option<ProgressBar>);

impl Waiting {
    /// Nothing at all for programs, or where nobody looks.
    pub(super) fn new(output: Output) -> Self {
        if output.json || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// Tells how the first of these jobs stands that has not ended; never ends by itself.
    pub(super) async fn tell(&self, remote: &Remote, jobs: &[JobId]) -> Infallible {
        let Some(bar) = &self.0 else { return pending().await };
        loop {
            sleep(EVERY).await;
            for (at, job) in jobs.iter().enumerate() {
                let request = v1::GetRequest { id: job.to_string() };
                // Whoever waits for the answer hears of a scheduler that is away.
                let Ok(answer) = remote.jobs().get(request).await else { break };
                let Ok(view) = JobView::try_from(answer.into_inner().job.unwrap_or_default()) else { break };
                if let Some(words) = words(&view) {
                    let nth = if jobs.len() > 1 { format!("{} of {}: ", at + 1, jobs.len()) } else { String::new() };
                    bar.set_message(format!("{nth}{words}"));
                    break;
                }
            }
            bar.tick();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// How a job stands, in words that fit into a line; nothing of one that has ended.
fn words(job: &JobView) -> Option<String> {
    match job.state {
        JobState::Running => Some("resolving".to_owned()),
        JobState::Queued if job.waiting_for.is_empty() => Some("waits".to_owned()),
        JobState::Queued => Some(format!("waits for {}", job.waiting_for)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{JobSpec, Lane, Origin, Question, RegistryName, TaskId, Timestamp};

    use super::*;

    #[test]
    fn what_is_waited_for_is_said_and_an_end_is_not() {
        let job = |state, waiting_for: &str| JobView {
            id: JobId(7),
            spec: JobSpec::resolve(
                "pkg:npm/express".parse().expect("a purl"),
                RegistryName::default_of(gleaner_model::Ecosystem::Npm),
                Question::default(),
            ),
            client: "local".parse().expect("a name"),
            lane: Lane::Internal,
            task: TaskId(7),
            created_at: Timestamp::from_millis(1),
            origin: Origin::Asked,
            retried_as: None,
            state,
            attempts: 0,
            waiting_for: waiting_for.to_owned(),
            result: None,
        };
        let said = |state, waiting_for| words(&job(state, waiting_for));
        let crawls = said(JobState::Queued, "crawls of 3 packages that its answer needs, of 57 so far");
        let expected = "waits for crawls of 3 packages that its answer needs, of 57 so far";
        assert_eq!(crawls.as_deref(), Some(expected));
        assert_eq!(said(JobState::Running, "").as_deref(), Some("resolving"));
        assert_eq!(said(JobState::Done, ""), None);
    }
}
