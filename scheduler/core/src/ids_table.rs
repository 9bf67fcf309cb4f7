//! From ids to slots. Ids are dense (sequence numbers), so a page of four bytes an id is smaller than any map; a page
//! goes when the last id in it has ended. Pages are small, so that one long-lived task pins a kilobyte at most.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::tasks::Slot;

/// Ids a page.
const PAGE: usize = 256;

struct Page {
    slots: [Slot; PAGE],
    live: u16,
}

#[derive(Default)]
pub(crate) struct Ids {
    pages: HashMap<u64, Box<Page>, FixedState>,
}

fn place(id: u64) -> (u64, usize) {
    let page = PAGE as u64;
    (id / page, usize::try_from(id % page).expect("below the page size"))
}

impl Ids {
    pub(crate) fn get(&self, id: u64) -> Option<Slot> {
        let (page, at) = place(id);
        self.pages.get(&page).map(|page| page.slots[at]).filter(|slot| *slot != Slot::NONE)
    }

    /// `id` must be new.
    pub(crate) fn insert(&mut self, id: u64, slot: Slot) {
        let (page, at) = place(id);
        let page = self.pages.entry(page).or_insert_with(|| Box::new(Page { slots: [Slot::NONE; PAGE], live: 0 }));
        debug_assert!(page.slots[at] == Slot::NONE, "an id is used once");
        page.slots[at] = slot;
        page.live += 1;
    }

    pub(crate) fn remove(&mut self, id: u64) {
        let (number, at) = place(id);
        let Some(page) = self.pages.get_mut(&number) else { return };
        if page.slots[at] != Slot::NONE {
            page.slots[at] = Slot::NONE;
            page.live -= 1;
            if page.live == 0 {
                self.pages.remove(&number);
            }
        }
    }

    pub(crate) fn resident(&self) -> usize {
        self.pages.len() * size_of::<Page>() + self.pages.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_with_their_last_id() {
        let mut ids = Ids::default();
        for id in 0..1_000 {
            ids.insert(id, Slot(7));
        }
        assert_eq!(ids.get(999), Some(Slot(7)));
        assert_eq!(ids.get(1_000), None);
        assert_eq!(ids.pages.len(), 4);
        for id in 0..999 {
            ids.remove(id);
            ids.remove(id);
        }
        assert_eq!(ids.pages.len(), 1);
        assert_eq!((ids.get(998), ids.get(999)), (None, Some(Slot(7))));
    }
}
