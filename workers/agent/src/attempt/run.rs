//! Running an attempt to its end: the outcome in the outbox.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use gleaner_model::{Attempt, Fault, FaultKind, Outcome};
use tokio::time::Instant;

use super::crawl::Report;
use super::errand::Errand;
use crate::state::{Deposit, OutboxId, Parcel, StateFailed};

/// Longest outcome that is sent, without its documents. The largest known packages make a few megabytes; schedulers
/// take messages of 64 MiB, and the wire's form is never a third longer than the one that is measured here.
const OUTCOME_BYTES: usize = 48 << 20;

/// An outcome that is in the outbox.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Under which number.
    pub(crate) id: OutboxId,
    /// Under which token.
    pub(crate) attempt: Attempt,
    /// What is there, to be sent without reading it back.
    pub(crate) parcel: Parcel,
}

/// Runs an attempt. A defect in it is its own failure and nobody else's.
pub(crate) async fn run(errand: Errand) -> Result<Stored, StateFailed> {
    let started = Instant::now();
    let report = AssertUnwindSafe(errand.work()).catch_unwind().await.unwrap_or_else(|_| {
        let detail = format!("the attempt at {} ended by a defect", errand.assignment.purl);
        Report::bare(Outcome::Failed(Fault::new(FaultKind::Internal, detail)))
    });
    log(&report.parcel.outcome);
    let attempt = errand.lease.attempt();
    let length = report.parcel.documents.first().map_or(0, |packed| packed.document.length);
    let deposit = errand
        .tools
        .workshop
        .run(usize::try_from(length).unwrap_or(usize::MAX), move || {
            Deposit::new(attempt, report.parcel, report.known).within(OUTCOME_BYTES)
        })
        .await
        .unwrap_or_else(|fault| {
            let parcel = Parcel { outcome: Outcome::Failed(fault), documents: Vec::new() };
            Deposit::new(attempt, parcel, None)
        });
    let (id, parcel) = errand.tools.state.put(deposit).await?;
    crate::metrics::attempt(&parcel.outcome, started.elapsed());
    Ok(Stored { id, attempt, parcel })
}

fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Failed(fault) => tracing::info!(%fault, "attempt failed"),
        other => tracing::debug!(outcome = crate::metrics::name(other), "attempt ended"),
    }
}
