//! Submitting, watching, showing: the same against a scheduler of this process or another.

use std::collections::HashMap;

use gleaner_model::{ContentHash, JobId, JobState, JobView, Lane, Purl};
use gleaner_proto::v1;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tonic::Code;

use super::row::{HEAD, Row};
use crate::ended::{self, Endings};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::remote::Remote;
use crate::signals::Signals;
use crate::submit::submit;

/// Tables for people show this many packages; beyond it only those that did not end well, and the sum.
const ROWS_MAX: usize = 50;

pub(super) struct Refresh {
    pub(super) remote: Remote,
    pub(super) output: Output,
    pub(super) signals: Signals,
    pub(super) wishes: Wishes,
    /// Show the receipts and end.
    pub(super) detach: bool,
}

/// What all jobs of a refresh say beside their packages.
pub(super) struct Wishes {
    pub(super) spec: v1::JobSpec,
    pub(super) key: Option<String>,
}

impl Wishes {
    /// The job for one of so many packages. Each of several has a key of its own, made of the user's and the purl.
    fn job(&self, purl: &Purl, packages: usize) -> v1::JobSpec {
        let own = |key: &String| match packages {
            1 => key.clone(),
            _ => format!("{key}/{}", ContentHash(Sha256::digest(purl.to_string()).into())),
        };
        let idempotency_key = self.key.as_ref().map(own).unwrap_or_default();
        v1::JobSpec { purl: purl.to_string(), idempotency_key, ..self.spec.clone() }
    }
}

/// The stable keys of a receipt.
#[derive(Serialize)]
struct ReceiptRow {
    purl: String,
    job: String,
    task: String,
    lane: &'static str,
    attached: bool,
    known: bool,
}

impl Refresh {
    pub(super) async fn run(self, purls: &[Purl]) -> Result<Exit, Failure> {
        let receipts = self.submit(purls).await?;
        if self.detach {
            return self.show_receipts(purls, &receipts);
        }
        let jobs = ended::ids(&receipts)?;
        let asked: HashMap<JobId, &Purl> = jobs.iter().copied().zip(purls).collect();
        let progress = self.progress(jobs.len());
        let mut rows = HashMap::new();
        let (mut endings, mut interrupted) = (Endings::of(&self.remote, jobs.iter().copied()).await?, false);
        while !endings.open().is_empty() {
            let ended = tokio::select! {
                ended = endings.next() => ended?,
                () = self.signals.drain(), if !interrupted => {
                    interrupted = true;
                    endings.cancel().await;
                    continue;
                }
            };
            if let Some(job) = ended {
                progress.inc(1);
                rows.insert(job.id, self.ended(asked[&job.id], &job).await?);
            }
        }
        progress.finish_and_clear();
        self.show(&jobs, &rows)?;
        let done = rows.values().all(Row::is_done);
        Ok(if interrupted && !done {
            Exit::Interrupted
        } else if done {
            Exit::Done
        } else {
            Exit::No
        })
    }

    async fn submit(&self, purls: &[Purl]) -> Result<Vec<v1::Receipt>, Failure> {
        let jobs = purls.iter().map(|purl| self.wishes.job(purl, purls.len())).collect();
        submit(&self.remote, jobs, &self.signals).await
    }

    fn show_receipts(&self, purls: &[Purl], receipts: &[v1::Receipt]) -> Result<Exit, Failure> {
        for (purl, receipt) in purls.iter().zip(receipts) {
            let lane = Lane::try_from(receipt.lane()).map_or("", Lane::as_str);
            let (job, task, attached, known) =
                (receipt.job.clone(), receipt.task.clone(), receipt.attached, receipt.known);
            let how = if known { ", as before" } else { "" };
            self.output.say(format!("{job}  {purl}  in the {lane} lane{how}"))?;
            self.output.object(&ReceiptRow { purl: purl.to_string(), job, task, lane, attached, known })?;
        }
        Ok(Exit::Done)
    }

    async fn ended(&self, purl: &Purl, job: &JobView) -> Result<Row, Failure> {
        let mut row = Row::of(purl, job);
        if job.state == JobState::Done && purl.version().is_some() {
            let request =
                v1::ListDependenciesRequest { purl: purl.to_string(), registry: job.spec.registry.to_string() };
            if let Err(status) = self.remote.catalog().list_dependencies(request).await {
                match status.code() {
                    Code::NotFound => row = row.without_version(status.message().to_owned()),
                    _ => return Err(status.into()),
                }
            }
        }
        self.output.object(&row)?;
        Ok(row)
    }

    fn show(&self, jobs: &[JobId], rows: &HashMap<JobId, Row>) -> Result<(), Failure> {
        let in_order: Vec<&Row> = jobs.iter().filter_map(|job| rows.get(job)).collect();
        let shown = in_order.iter().filter(|row| in_order.len() <= ROWS_MAX || !row.is_done());
        self.output.table(HEAD, shown.map(|row| row.cells()))?;
        for row in &in_order {
            if let Some(error) = &row.error {
                self.output.say(format!("  {error}"))?;
            }
        }
        if in_order.len() > ROWS_MAX {
            let done = in_order.iter().filter(|row| row.is_done()).count();
            self.output.say(format!("{done} of {} packages are done", in_order.len()))?;
        }
        Ok(())
    }

    /// A bar on stderr, on terminals only.
    fn progress(&self, jobs: usize) -> ProgressBar {
        let target = if self.output.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(jobs as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} packages, {elapsed}") {
            bar.set_style(style);
        }
        bar
    }
}
