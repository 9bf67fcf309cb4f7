//! What tells a copy from the store that it was taken of.
//!
//! The problem: a copy goes on from an earlier moment than the store did. Numbers that the store gave out after that
//! moment would be given out again for something else: a client's receipt would name another's job, a reader's cursor
//! would skip events that it never saw, and a worker's outcome for a task of the lost time would fit another task. So a
//! copy leaves out the next 2^32 of each: of epochs, sequence numbers and events. That is 286 days at fifteen million
//! jobs a day, and leaves room for four thousand million restorations.
//!
//! A copy also notes its own first epoch. As long as that is its epoch it was never opened as a store, and nothing is lost
//! if another copy takes its place.

use redb::{ReadableTable, Table};

use crate::StoreError;
use crate::frame::Flaw;

use super::errors::{damaged, storage};
use super::tables::State;

/// Numbers that a copy leaves out.
const LEFT_OUT: u64 = 1 << 32;

/// The key in `meta` of the epoch that a copy was made with: eight bytes, little-endian.
pub(crate) const COPIED: &str = "copied";

/// Where event numbers were left out, oldest first: one pair a restoration that the store descends from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Jumps(Vec<(u64, u64)>);

impl Jumps {
    /// Its key in `meta`: pairs of little-endian numbers, the first that was left out and the first that was not.
    pub(crate) const KEY: &'static str = "jumps";

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Flaw> {
        let (pairs, rest) = bytes.as_chunks::<16>();
        let number = |half: &[u8]| half.first_chunk().map(|half| u64::from_le_bytes(*half)).unwrap_or_default();
        let jumps: Vec<_> = pairs.iter().map(|pair| (number(&pair[..8]), number(&pair[8..]))).collect();
        let sensible = rest.is_empty() && jumps.iter().all(|(from, to)| from < to) && jumps.is_sorted();
        if sensible { Ok(Self(jumps)) } else { Err("it makes no sense") }
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(from, to)| [from.to_le_bytes(), to.to_le_bytes()]).flatten().collect()
    }

    /// The number that follows when `expected` would: itself, or the one behind those that were left out from it on.
    /// Several copies may have been taken of each other with nothing happening in between.
    pub(crate) fn after(&self, expected: u64) -> u64 {
        self.0.iter().fold(expected, |expected, (from, to)| if *from == expected { *to } else { expected })
    }
}

/// Lets a copy go on where the store that it was taken of will never be.
pub(crate) fn leave_out(meta: &mut Table<'_, &'static str, &'static [u8]>) -> Result<(), StoreError> {
    let too_far = || damaged("meta", "state", "its numbers are used up");
    let beyond = |number: u64| number.checked_add(LEFT_OUT).ok_or_else(too_far);
    let before = State::read(&*meta)?.ok_or_else(|| damaged("meta", "state", "it is missing"))?;
    let (next_sequence, next_event) = (beyond(before.next_sequence)?, beyond(before.next_event)?);
    let mut jumps = match meta.get(Jumps::KEY).map_err(storage)? {
        Some(stored) => Jumps::from_bytes(stored.value()).map_err(|flaw| damaged("meta", Jumps::KEY, flaw))?,
        None => Jumps::default(),
    };
    jumps.0.push((before.next_event, next_event));
    let epoch = beyond(epoch(meta)?)?;
    let after = State { next_sequence, next_event, ..before };
    meta.insert("epoch", epoch.to_le_bytes().as_slice()).map_err(storage)?;
    meta.insert(COPIED, epoch.to_le_bytes().as_slice()).map_err(storage)?;
    meta.insert("state", after.to_bytes().as_slice()).map_err(storage)?;
    meta.insert(Jumps::KEY, jumps.to_bytes().as_slice()).map_err(storage)?;
    Ok(())
}

/// Is this a copy that was never opened as a store?
pub(crate) fn is_untouched(meta: &impl ReadableTable<&'static str, &'static [u8]>) -> Result<bool, StoreError> {
    let (copied, epoch) = (meta.get(COPIED).map_err(storage)?, meta.get("epoch").map_err(storage)?);
    Ok(copied.zip(epoch).is_some_and(|(copied, epoch)| copied.value() == epoch.value()))
}

fn epoch(meta: &Table<'_, &'static str, &'static [u8]>) -> Result<u64, StoreError> {
    let stored = meta.get("epoch").map_err(storage)?.ok_or_else(|| damaged("meta", "epoch", "it is missing"))?;
    let bytes = stored.value().try_into().map_err(|_| damaged("meta", "epoch", "it is of a wrong length"))?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_come_back_and_nonsense_is_found() {
        let jumps = Jumps(vec![(0, 10), (10, 20), (25, 30)]);
        assert_eq!(Jumps::from_bytes(&jumps.to_bytes()), Ok(jumps.clone()));
        assert_eq!([0, 5, 20, 25, 26].map(|expected| jumps.after(expected)), [20, 5, 20, 30, 26]);
        assert!(Jumps::from_bytes(&[0; 15]).is_err());
        assert!(Jumps::from_bytes(&[0; 16]).is_err(), "nothing was left out");
    }
}
