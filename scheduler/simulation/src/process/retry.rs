//! Trying dead letters again (the engine's `services::retry`): a new job, under a key of the dead letter's own, so that of
//! many who ask for it one succeeds and all hear of the same job.

use gleaner_core::Refusal;
use gleaner_model::{JobId, JobState, Origin};
use gleaner_store::{KeyEntry, Keyed};

use super::{Account, Entry, Message, Out, Process, Scene, Then};
use crate::client::retry_key;
use crate::fault::Fault as Planted;
use crate::wire::{Answered, Asked, Conn, Frame, Peer, Wish};

impl Process {
    /// Has a dead letter tried again, unless it is already; whoever asks while that is on its way waits.
    pub(super) fn retry(
        &mut self,
        conn: Conn,
        client: usize,
        request: u64,
        dead: JobId,
        scene: &mut Scene<'_>,
    ) -> Result<(), Refusal> {
        let key = retry_key(dead);
        if self.claims.contains(&(client, key)) {
            let frame = Frame::Asked(Asked::Retry { request, job: dead });
            scene.out.push(Out::Later(Message::Came { conn, peer: Peer::Client(client), frame }));
            return Ok(());
        }
        let account = self.configuration.accounts[client].clone();
        let ended = scene.shelf.result(dead).unwrap_or(None).map(|result| result.state);
        if ended != Some(JobState::Failed) {
            scene.out.push(Out::Send { conn, frame: Frame::Answered(Answered::Ordered { request }) });
            return Ok(());
        }
        if let Ok(Some(job)) = scene.shelf.key(account.name.as_str(), &KeyEntry::of_retry(dead)) {
            let frame = Frame::Answered(Answered::Receipts { request, jobs: vec![job] });
            scene.out.push(Out::Send { conn, frame });
            return Ok(());
        }
        let Some(facts) = scene.ledger.facts(dead).cloned() else { return Ok(()) };
        // The same once more, without its times; in its lane, unless the client has a less urgent one by now.
        let wish = Wish { max_age_ms: facts.max_age_ms, ..Wish::plain(facts.target) };
        let account = Account { lane: account.lane.max(facts.lane), ..account };
        let one = self.admit_one(wish, &account, scene)?;
        let frame = Frame::Answered(Answered::Receipts { request, jobs: vec![one.0] });
        let named = KeyEntry {
            client: account.name,
            key: KeyEntry::of_retry(dead),
            names: Keyed::Job(one.0),
            fingerprint: [0; 16],
        };
        let mut entry = Entry::new(Then::Keyed { conn, frame, client, key });
        self.write_jobs(&mut entry, vec![one], &Origin::Retry(dead), scene);
        if self.is_planted(Planted::RetryKeyLate) {
            // So late that the next group carries it.
            let mut late = Entry::new(Then::Nothing);
            late.keys.push(named);
            self.committer.send_apart(late);
        } else {
            entry.keys.push(named);
        }
        self.committer.send(entry);
        self.claims.insert((client, key));
        scene.ledger.tally.retried += 1;
        Ok(())
    }
}
