//! What few tasks have beside their entries: a checkpoint, and a history of being displaced. It lives as long as the
//! task does in this process, whatever becomes of the attempts; a restart of the scheduler forgets it.

use std::collections::BTreeMap;

use gleaner_model::Displacement;

use crate::tasks::Slot;

#[derive(Default)]
struct Side {
    /// At most as many as a task is displaced.
    displacements: Vec<Displacement>,
    checkpoint: Vec<u8>,
}

pub(crate) struct Sides {
    of: BTreeMap<Slot, Side>,
    /// Bytes of all checkpoints.
    bytes: usize,
    checkpoint_max: usize,
    checkpoints_max: usize,
}

impl Sides {
    pub(crate) const fn new(checkpoint_max: usize, checkpoints_max: usize) -> Self {
        Self { of: BTreeMap::new(), bytes: 0, checkpoint_max, checkpoints_max }
    }

    pub(crate) fn displaced(&self, slot: Slot) -> usize {
        self.displacements(slot).len()
    }

    pub(crate) fn displacements(&self, slot: Slot) -> &[Displacement] {
        self.of.get(&slot).map_or(&[], |side| &side.displacements)
    }

    pub(crate) fn note_displacement(&mut self, slot: Slot, displacement: Displacement) {
        self.of.entry(slot).or_default().displacements.push(displacement);
    }

    pub(crate) fn checkpoint(&self, slot: Slot) -> Option<&[u8]> {
        self.of.get(&slot).map(|side| &side.checkpoint[..]).filter(|bytes| !bytes.is_empty())
    }

    /// Keeps a checkpoint instead of the one before. False if it is too long or there is no room: then the one before
    /// stays.
    pub(crate) fn keep(&mut self, slot: Slot, checkpoint: Vec<u8>) -> bool {
        let before = self.checkpoint(slot).map_or(0, <[u8]>::len);
        let bytes = self.bytes - before + checkpoint.len();
        if checkpoint.is_empty() || checkpoint.len() > self.checkpoint_max || bytes > self.checkpoints_max {
            return false;
        }
        self.bytes = bytes;
        self.of.entry(slot).or_default().checkpoint = checkpoint;
        true
    }

    /// The task is begun anew.
    pub(crate) fn drop_checkpoint(&mut self, slot: Slot) {
        let Some(side) = self.of.get_mut(&slot) else { return };
        self.bytes -= std::mem::take(&mut side.checkpoint).len();
        if side.displacements.is_empty() {
            self.of.remove(&slot);
        }
    }

    /// The task has ended.
    pub(crate) fn forget(&mut self, slot: Slot) {
        if let Some(side) = self.of.remove(&slot) {
            self.bytes -= side.checkpoint.len();
        }
    }

    pub(crate) fn resident(&self) -> usize {
        self.of.len() * 96 + self.bytes
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty() && self.bytes == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_bounded_each_and_together() {
        let mut sides = Sides::new(10, 25);
        let mut keep = |slot, bytes| sides.keep(Slot(slot), vec![7; bytes]);
        assert_eq!(
            [keep(1, 10), keep(2, 11), keep(2, 10), keep(3, 6), keep(1, 9), keep(3, 6)],
            [true, false, true, false, true, true]
        );
        assert_eq!(sides.checkpoint(Slot(1)).map(<[u8]>::len), Some(9));
        sides.drop_checkpoint(Slot(1));
        assert_eq!(sides.checkpoint(Slot(1)), None);
        sides.forget(Slot(2));
        sides.forget(Slot(3));
        assert!(sides.is_empty());
    }
}
