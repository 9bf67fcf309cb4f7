//! What memory holds of one chunk: a few bits a command, so that ten million queued jobs cost a few megabytes.

use gleaner_model::Timestamp;

use crate::Command;

use super::row::{Ends, Notes};

/// Most sequence numbers of one chunk. A reader of one job unpacks the chunk around it, so this bounds its work (about
/// a fifth of a millisecond); the committer pays some 10 µs a row however many commands are in it, so it wants many.
pub(crate) const SPAN_MAX: usize = 1024;

const _: () = assert!(SPAN_MAX <= u16::MAX as usize / 4, "offsets and positions of batches are u16");

/// Two bits a sequence number: is its job open, and is it held by something else (the task that it made has not ended;
/// it is the last word about a task's attempts or a host)?
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Liveness(Box<[u64]>);

impl Liveness {
    pub(crate) fn none(span: usize) -> Self {
        Self(vec![0; span.div_ceil(64) * 2].into())
    }

    fn planes(&self) -> (&[u64], &[u64]) {
        self.0.split_at(self.0.len() / 2)
    }

    fn planes_mut(&mut self) -> (&mut [u64], &mut [u64]) {
        let middle = self.0.len() / 2;
        self.0.split_at_mut(middle)
    }

    pub(crate) fn is_open(&self, offset: usize) -> bool {
        is_set(self.planes().0, offset)
    }

    pub(crate) fn is_held(&self, offset: usize) -> bool {
        is_set(self.planes().1, offset)
    }

    pub(crate) fn is_live(&self, offset: usize) -> bool {
        self.is_open(offset) || self.is_held(offset)
    }

    pub(crate) fn open(&mut self, offset: usize) {
        self.planes_mut().0[offset / 64] |= 1 << (offset % 64);
    }

    pub(crate) fn hold(&mut self, offset: usize) {
        self.planes_mut().1[offset / 64] |= 1 << (offset % 64);
    }

    /// The job has ended; was it open?
    pub(crate) fn close(&mut self, offset: usize) -> bool {
        take(self.planes_mut().0, offset)
    }

    /// Nothing else holds it any more; did anything?
    pub(crate) fn release(&mut self, offset: usize) -> bool {
        take(self.planes_mut().1, offset)
    }

    /// How many jobs are open.
    pub(crate) fn count_open(&self) -> usize {
        self.planes().0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many commands still matter.
    pub(crate) fn count(&self) -> usize {
        let (open, held) = self.planes();
        open.iter().zip(held).map(|(open, held)| (open | held).count_ones() as usize).sum()
    }
}

fn is_set(plane: &[u64], offset: usize) -> bool {
    plane.get(offset / 64).is_some_and(|word| word >> (offset % 64) & 1 == 1)
}

fn take(plane: &mut [u64], offset: usize) -> bool {
    let was = is_set(plane, offset);
    if was {
        plane[offset / 64] &= !(1 << (offset % 64));
    }
    was
}

/// One chunk, as memory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// How many sequence numbers it covers, gaps included; at most [`SPAN_MAX`].
    pub(crate) span: usize,
    /// How many commands its row holds.
    pub(crate) records: usize,
    /// Has it been rewritten, so that `ended` may hold commands of it too?
    pub(crate) folded: bool,
    /// Which of them matter.
    pub(crate) liveness: Liveness,
    /// The jobs that have ended; none if none has.
    pub(crate) ends: Option<Box<Ends>>,
}

impl Chunk {
    /// A chunk as its row tells it: every job open and every task running but those that the notes name. Which attempts
    /// and hosts are held, the caller knows.
    pub(crate) fn of<'a>(
        first: u64,
        commands: impl ExactSizeIterator<Item = (usize, &'a Command)> + Clone,
        notes: Option<Notes>,
    ) -> Self {
        let span = commands.clone().last().map_or(0, |(offset, _)| offset + 1);
        let records = commands.len();
        let folded = notes.is_some();
        let Notes { ends, tasks_ended } = notes.unwrap_or_default();
        let span = span.max(ends.by.len());
        let mut liveness = Liveness::none(span);
        for (offset, command) in commands {
            let Command::Submit(payload) = command else { continue };
            if ends.batch(offset).is_none() {
                liveness.open(offset);
            }
            let made_it = payload.task.0 == first + offset as u64;
            if made_it && !tasks_ended.iter().any(|ended| usize::from(*ended) == offset) {
                liveness.hold(offset);
            }
        }
        Self { span, records, folded, liveness, ends: folded.then(|| Box::new(ends)) }
    }

    /// Something other than an open job holds the command at `offset`.
    pub(crate) fn hold(&mut self, offset: usize) {
        self.liveness.hold(offset);
    }

    /// Nothing else holds it any more.
    pub(crate) fn release(&mut self, offset: usize) {
        self.liveness.release(offset);
    }

    /// The offset of `sequence`, if the chunk, which begins at `first`, covers it.
    pub(crate) fn offset(&self, first: u64, sequence: u64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(first)?).ok().filter(|offset| *offset < self.span)
    }

    /// Is so little of its row alive that rewriting it is worth while?
    pub(crate) fn is_sparse(&self) -> bool {
        self.liveness.count() * 4 < self.records
    }

    /// The batches that it relies on when the store is opened.
    pub(crate) fn relied_on(&self) -> &[u64] {
        self.ends.as_ref().map_or(&[], |ends| ends.relied_on())
    }

    /// Takes over what a commit did to it.
    pub(crate) fn absorb(&mut self, touch: Touch) {
        if !touch.closed.is_empty() || !touch.relies_on.is_empty() {
            let ends = self.ends.get_or_insert_default();
            for (offset, batch) in touch.closed {
                ends.close(self.span, offset, batch);
            }
            for batch in touch.relies_on {
                ends.position(batch);
            }
            ends.last_ended = ends.last_ended.max(touch.last_ended);
        }
        self.liveness = touch.liveness;
    }
}

/// What one commit does to one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    /// What matters after it.
    pub(crate) liveness: Liveness,
    /// Jobs that it ends: offset and batch.
    pub(crate) closed: Vec<(usize, u64)>,
    /// The batches that the chunk relies on for that, each once.
    pub(crate) relies_on: Vec<u64>,
    /// The latest end among them.
    pub(crate) last_ended: Timestamp,
}

/// What happens to one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Its job ends.
    Close {
        /// The batch that says so.
        batch: u64,
        /// When.
        at: Timestamp,
    },
    /// The task that it made ends.
    EndTask {
        /// The batch that says so.
        batch: u64,
    },
    /// A later command takes its place.
    Supersede,
}

impl Touch {
    /// What `effects` (offset and effect) do to `chunk`. Effects on what is not alive do nothing.
    pub(crate) fn of(chunk: &Chunk, effects: impl Iterator<Item = (usize, Effect)>) -> Self {
        let mut touch = Self {
            liveness: chunk.liveness.clone(),
            closed: Vec::new(),
            relies_on: Vec::new(),
            last_ended: Timestamp::from_millis(i64::MIN),
        };
        for (offset, effect) in effects {
            match effect {
                Effect::Close { batch, at } if touch.liveness.close(offset) => {
                    touch.closed.push((offset, batch));
                    touch.rely_on(batch);
                    touch.last_ended = touch.last_ended.max(at);
                }
                Effect::EndTask { batch } if touch.liveness.release(offset) => touch.rely_on(batch),
                Effect::Supersede => _ = touch.liveness.release(offset),
                Effect::Close { .. } | Effect::EndTask { .. } => {}
            }
        }
        touch
    }

    fn rely_on(&mut self, batch: u64) {
        if !self.relies_on.contains(&batch) {
            self.relies_on.push(batch);
        }
    }

    /// Does nothing of the chunk matter after it?
    pub(crate) fn ends_chunk(&self) -> bool {
        self.liveness.count() == 0
    }
}
