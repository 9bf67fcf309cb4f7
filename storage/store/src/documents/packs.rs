//! Documents on their way into packs: whoever finds nobody writing writes for all who wait.
//!
//! No task of its own is needed for it, and none has to be ended: every caller queues its document and then waits for
//! its turn to write. The first takes all that is queued; those behind it mostly find their own written already.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot::{self, error::TryRecvError};

use gleaner_model::ContentHash;

use super::{DocumentsError, Place};

/// A pack is not longer than this, unless by its last document. Enough for hundreds of usual documents, and written in
/// some ten milliseconds, for which the next pack's documents wait.
const PACK_BYTES: usize = 8 << 20;

/// Documents that wait for a pack. Their number is bounded by the sessions, which bound the bytes on their way.
#[derive(Debug, Default)]
pub(super) struct Packs {
    queue: Mutex<VecDeque<Waiting>>,
    /// Held by whoever writes. Tokio's mutex is fair: who waited longest comes next.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    frame: Bytes,
    answer: oneshot::Sender<Result<Place, String>>,
}

impl Packs {
    /// Adds a document to the next pack; `write` makes a pack of frames durable and names it. Returns when the document
    /// is durable, whoever wrote it. A caller that gives up while it writes takes those with it that it wrote for: they
    /// are told that writing failed.
    pub(super) async fn add<W: Future<Output = Result<ContentHash, DocumentsError>>>(
        &self,
        frame: Bytes,
        write: impl Fn(Vec<Bytes>) -> W,
    ) -> Result<Place, DocumentsError> {
        let (answer, mut answered) = oneshot::channel();
        self.queue().push_back(Waiting { frame, answer });
        let _turn = self.turn.lock().await;
        // As many turns as there are packs before this document: each writes at least one document.
        loop {
            match answered.try_recv() {
                Ok(answer) => return answer.map_err(DocumentsError::Pack),
                Err(TryRecvError::Closed) => {
                    return Err(DocumentsError::Pack("whoever wrote the pack gave up".to_owned()));
                }
                Err(TryRecvError::Empty) => self.write_next(&write).await,
            }
        }
    }

    async fn write_next<W: Future<Output = Result<ContentHash, DocumentsError>>>(
        &self,
        write: &impl Fn(Vec<Bytes>) -> W,
    ) {
        let pack = next(&mut self.queue());
        let written = write(pack.iter().map(|waiting| waiting.frame.clone()).collect()).await;
        let written = written.map_err(|error| error.to_string());
        let mut offset = 0;
        for Waiting { frame, answer } in pack {
            let place = |pack| at(pack, offset, frame.len());
            let _ = answer.send(written.clone().and_then(place));
            offset += frame.len();
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the next pack's documents off the queue.
fn next(queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut bytes = 0;
    let mut pack = Vec::new();
    while bytes < PACK_BYTES
        && let Some(waiting) = queue.pop_front()
    {
        bytes += waiting.frame.len();
        pack.push(waiting);
    }
    pack
}

fn at(pack: ContentHash, offset: usize, length: usize) -> Result<Place, String> {
    let number = |number: usize| u32::try_from(number).map_err(|_| "the document is too long for a pack".to_owned());
    Ok(Place { pack, offset: number(offset)?, length: number(length)? })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Writes nothing, one pack at a time, and remembers how many documents went into each.
    async fn write(written: &RefCell<Vec<usize>>, frames: Vec<Bytes>) -> Result<ContentHash, DocumentsError> {
        tokio::task::yield_now().await;
        written.borrow_mut().push(frames.len());
        match frames.iter().any(|frame| frame.as_ref() == b"bad") {
            true => Err(std::io::Error::other("the disk is full").into()),
            false => Ok(ContentHash([7; 32])),
        }
    }

    async fn add_all(packs: &Packs, frames: &[Bytes]) -> (Vec<Result<Place, DocumentsError>>, Vec<usize>) {
        let written = RefCell::new(Vec::new());
        let adding = frames.iter().map(|frame| packs.add(frame.clone(), |frames| write(&written, frames)));
        let places = futures_util::future::join_all(adding).await;
        (places, written.into_inner())
    }

    #[tokio::test]
    async fn what_comes_together_lies_together() {
        let packs = Packs::default();
        let frames: Vec<Bytes> = (1..=5).map(|length| Bytes::from(vec![0; length])).collect();
        let (places, written) = add_all(&packs, &frames).await;
        assert_eq!(written.iter().sum::<usize>(), 5);
        assert!(written.len() <= 2, "{written:?}");
        let places: Vec<Place> = places.into_iter().map(Result::unwrap).collect();
        assert_eq!(places.iter().map(|place| place.length).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let begins_anew = places.iter().filter(|place| place.offset == 0).count();
        assert_eq!(begins_anew, written.len());
    }

    #[tokio::test]
    async fn a_pack_is_bounded() {
        let packs = Packs::default();
        let frames: Vec<Bytes> = (0..5).map(|_| Bytes::from(vec![0; PACK_BYTES / 2])).collect();
        let (places, written) = add_all(&packs, &frames).await;
        assert!(places.iter().all(Result::is_ok));
        assert!(written.iter().all(|documents| *documents <= 2), "{written:?}");
    }

    #[tokio::test]
    async fn all_of_a_pack_hear_that_it_failed_and_the_next_goes_on() {
        let packs = Packs::default();
        let (places, written) = add_all(&packs, &[Bytes::from_static(b"good"), Bytes::from_static(b"bad")]).await;
        let failed = places.iter().filter(|place| place.is_err()).count();
        assert_eq!(failed, *written.last().expect("a pack was written"));
        assert!(places[1].as_ref().expect_err("it failed").to_string().contains("disk is full"));
        let (places, _) = add_all(&packs, &[Bytes::from_static(b"later")]).await;
        assert!(places[0].is_ok());
    }
}
