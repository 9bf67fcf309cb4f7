//! Needs that are not met yet, the most constrained first.
//!
//! A frame holds the needs of one activation, sorted by how many candidates each has. Of all frames the one whose next
//! need has the fewest comes first, and of those with as many the oldest.
//!
//! Rules: cargo's `src/cargo/core/resolver/types.rs` (`DepsFrame`, `RemainingDeps`). cargo clones the set at every choice;
//! here taking a need is noted, so that it can be put back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::super::memo::{ActivationId, CandidateId, Memo};

/// Needs of one activation.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) parent: CandidateId,
    pub(super) activation: ActivationId,
    /// Is it here only so that the error can be told?
    pub(super) doomed: bool,
    /// The next need, in the memo's infos, and the end.
    next: u32,
    end: u32,
}

/// A need that was taken.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub(super) parent: CandidateId,
    pub(super) info: u32,
    pub(super) doomed: bool,
}

/// A moment to return to.
#[derive(Clone, Copy, Default)]
pub(super) struct QueueMark {
    frames: u32,
    taken: u32,
}

/// The needs.
#[derive(Default)]
pub(super) struct Queue {
    frames: Vec<Frame>,
    /// The frames from which needs were taken, need by need.
    taken: Vec<u32>,
    heap: BinaryHeap<Reverse<u64>>,
}

const DOOMED_FIRST: u64 = 1 << 63;

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("a budget ends long before")
}

impl Frame {
    /// What frames are sorted by.
    fn key(&self, at: u32, memo: &Memo) -> u64 {
        let candidates = memo.lists[memo.infos[self.next as usize].list as usize].len();
        let late = if self.doomed { 0 } else { DOOMED_FIRST };
        late | (u64::from(candidates) << 32) | u64::from(at)
    }
}

impl Queue {
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.taken.clear();
        self.heap.clear();
    }

    /// Adds the needs of an activation.
    pub(super) fn push(&mut self, parent: CandidateId, activation: ActivationId, doomed: bool, memo: &Memo) {
        let (next, end) = memo.activations[activation as usize].infos;
        let (at, frame) = (number(self.frames.len()), Frame { parent, activation, doomed, next, end });
        self.frames.push(frame);
        if next < end {
            self.heap.push(Reverse(frame.key(at, memo)));
        }
    }

    /// Takes the most constrained need.
    pub(super) fn pop(&mut self, memo: &Memo) -> Option<Taken> {
        let mut first = self.heap.peek_mut()?;
        let at = u32::try_from(first.0 & u64::from(u32::MAX)).expect("the lower half");
        let frame = &mut self.frames[at as usize];
        let taken = Taken { parent: frame.parent, info: frame.next, doomed: frame.doomed };
        frame.next += 1;
        self.taken.push(at);
        if frame.next < frame.end {
            first.0 = frame.key(at, memo);
        } else {
            PeekMut::pop(first);
        }
        Some(taken)
    }

    /// All activations that stand, the root's first.
    pub(super) fn activations(&self) -> impl Iterator<Item = ActivationId> {
        self.frames.iter().map(|frame| frame.activation)
    }

    pub(super) fn mark(&self) -> QueueMark {
        QueueMark { frames: number(self.frames.len()), taken: number(self.taken.len()) }
    }

    pub(super) fn restore(&mut self, mark: QueueMark, memo: &Memo) {
        for at in self.taken.drain(mark.taken as usize..) {
            self.frames[at as usize].next -= 1;
        }
        self.frames.truncate(mark.frames as usize);
        self.heap.clear();
        let open = self.frames.iter().enumerate().filter(|(_, frame)| frame.next < frame.end);
        self.heap.extend(open.map(|(at, frame)| Reverse(frame.key(number(at), memo))));
    }

    /// All needs that are left, with their parents, in the order of their frames.
    pub(super) fn left(&self) -> impl Iterator<Item = (CandidateId, u32)> {
        let mut keys: Vec<u64> = self.heap.iter().map(|key| key.0).collect();
        keys.sort_unstable();
        keys.into_iter().flat_map(|key| {
            let frame = self.frames[usize::try_from(key & u64::from(u32::MAX)).expect("the lower half")];
            (frame.next..frame.end).map(move |info| (frame.parent, info))
        })
    }
}
