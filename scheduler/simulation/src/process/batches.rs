//! Batches: taken in together, ended when the last of them has (the engine's `orders::batches`).

use gleaner_core::Refusal;
use gleaner_model::{Batch, BatchId, JobId, JobState, Origin};
use gleaner_store::OrderWrite;

use super::orders::row;
use super::{Entry, Out, Payload, Process, Scene, Then};
use crate::wire::{Answered, Conn, Frame, Wish};

impl Process {
    /// Takes in those items that can be; if there is no room for all of these, none.
    pub(super) fn submit_batch(
        &mut self,
        conn: Conn,
        client: usize,
        request: u64,
        wishes: &[Wish],
        scene: &mut Scene<'_>,
    ) -> Result<(), Refusal> {
        let account = self.configuration.accounts[client].clone();
        let mut admitted: Vec<(JobId, Payload)> = Vec::new();
        for wish in wishes {
            match self.admit_one(*wish, &account, scene) {
                Ok(one) => admitted.push(one),
                Err(refusal @ (Refusal::Full { .. } | Refusal::TooManyAttached { .. })) => {
                    self.take_back(&admitted, scene);
                    return Err(refusal);
                }
                Err(_) => {}
            }
        }
        let jobs: Vec<JobId> = admitted.iter().map(|(job, _)| *job).collect();
        let frame = Frame::Answered(Answered::Receipts { request, jobs: jobs.clone() });
        let (Some(first), Some(last)) = (jobs.first(), jobs.last()) else {
            scene.out.push(Out::Send { conn, frame });
            return Ok(());
        };
        let batch = Batch {
            id: BatchId(first.0),
            client: account.name,
            label: String::new(),
            created_at: scene.now.wall,
            last: *last,
            jobs: u32::try_from(jobs.len()).unwrap_or(u32::MAX),
            key: None,
            cancelled_at: None,
            end: None,
        };
        let mut entry = Entry::new(Then::Answer { conn, frame });
        self.write_jobs(&mut entry, admitted, &Origin::Batch(batch.id), scene);
        entry.orders.push(OrderWrite::Batch(batch.clone()));
        self.committer.send(entry);
        self.orders.put_batch(batch, jobs.into_iter().collect());
        Ok(())
    }

    /// The last job of a batch has ended: they are counted in the journal, and its row says so.
    pub(super) fn end_batch(&mut self, id: BatchId, scene: &mut Scene<'_>) {
        let Some((batch, _)) = self.orders.batches.remove(&id) else { return };
        let jobs = (batch.first().0..=batch.last.0).map(JobId);
        let states: Vec<JobState> = jobs.filter_map(|job| scene.shelf.ended_of_batch(job, id).ok()?).collect();
        let end = Some((scene.now.wall, states.into_iter().collect()));
        self.committer.send(row(OrderWrite::Batch(Batch { end, ..batch })));
    }
}
