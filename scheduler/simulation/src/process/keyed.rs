//! Asks under clients' own keys (the engine's `keyed` and `claims`): one at a time under each key, and what is known is
//! answered with the job that it became.

use gleaner_core::Refusal;
use gleaner_model::{JobId, TaskId};
use gleaner_store::{KeyEntry, Keyed};

use super::payload::key_text;
use super::{Entry, Message, Out, Payload, Process, Scene, Then};
use crate::fault::Fault as Planted;
use crate::wire::{Answered, Asked, Conn, Frame, Peer, Wish};

impl Process {
    /// Takes in what is asked under a key, unless that was asked before; whoever asks while it is on its way waits.
    pub(super) fn submit_keyed(
        &mut self,
        conn: Conn,
        client: usize,
        key: u64,
        request: u64,
        wishes: &[Wish],
        scene: &mut Scene<'_>,
    ) -> Result<(), Refusal> {
        if self.claims.contains(&(client, key)) {
            let frame = Frame::Asked(Asked::Submit { request, wishes: wishes.to_vec() });
            scene.out.push(Out::Later(Message::Came { conn, peer: Peer::Client(client), frame }));
            return Ok(());
        }
        let name = self.configuration.accounts[client].name.clone();
        match scene.shelf.key(name.as_str(), &key_text(key)) {
            Ok(Some(job)) => {
                let frame = Frame::Answered(Answered::Receipts { request, jobs: vec![job] });
                scene.out.push(Out::Send { conn, frame });
                Ok(())
            }
            Ok(None) => {
                self.submit(client, wishes, None, request, conn, scene)?;
                self.claims.insert((client, key));
                Ok(())
            }
            Err(_) => {
                // The disk has failed, which the next commit finds out. Nobody is answered any more.
                self.committer.send(Entry::new(Then::Nothing));
                Ok(())
            }
        }
    }

    /// What is asked under the key again need not wait any more.
    pub(crate) fn release(&mut self, client: usize, key: u64) {
        self.claims.remove(&(client, key));
    }

    /// The keys of jobs stand in the commit of these jobs, which is also what others under the same keys wait for.
    pub(super) fn name_by_keys(
        &mut self,
        client: usize,
        conn: Conn,
        frame: &Frame,
        payloads: &[(JobId, Payload)],
        entry: &mut Entry,
    ) {
        for (job, payload) in payloads {
            let Some(key) = payload.key else { continue };
            let names = Keyed::Job(*job);
            let named = KeyEntry { client: payload.client.clone(), key: key_text(key), names, fingerprint: [0; 16] };
            entry.then = Then::Keyed { conn, frame: frame.clone(), client, key };
            if self.is_planted(Planted::KeyLate) {
                // So late that the next group carries it.
                let mut late = Entry::new(Then::Nothing);
                late.keys.push(named);
                self.committer.send_apart(late);
            } else {
                entry.keys.push(named);
            }
        }
    }

    /// The tasks that end with this one though they are not it.
    pub(super) fn merged_into(&self, task: TaskId) -> Vec<TaskId> {
        if self.is_planted(Planted::MergedLeftOpen) { Vec::new() } else { self.core.merged_into(task) }
    }
}
