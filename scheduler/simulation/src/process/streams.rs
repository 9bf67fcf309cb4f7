//! Numbered streams of items (the engine's `submit_stream` and `speakers`): of several connections of one stream the
//! newest one counts, and the position stands in the same commit as the jobs.

use super::{Entry, Out, Process, Scene, Then};
use crate::wire::{Answered, Conn, Frame, Wish};

impl Process {
    /// The committer works in order: once this entry is through, so is all that earlier connections sent.
    pub(super) fn open_stream(&mut self, conn: Conn, client: usize, request: u64) {
        self.speakers.insert(client, conn);
        self.committer.send(Entry::new(Then::Position { conn, request, client }));
    }

    pub(super) fn items(
        &mut self,
        conn: Conn,
        client: usize,
        request: u64,
        first: u64,
        wishes: &[Wish],
        scene: &mut Scene<'_>,
    ) {
        if self.speakers.get(&client) != Some(&conn) {
            scene.out.push(Out::Close { conn });
            return;
        }
        let last = first + wishes.len() as u64 - 1;
        if let Err(why) = self.submit(client, wishes, Some(last), request, conn, scene) {
            let frame = Frame::Answered(Answered::Refused { request, why });
            scene.out.push(Out::Send { conn, frame });
        }
    }

    pub(super) fn forget_speaker(&mut self, conn: Conn) {
        self.speakers.retain(|_, speaker| *speaker != conn);
    }
}
