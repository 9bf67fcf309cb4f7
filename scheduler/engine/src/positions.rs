//! Where the catalogue's events stood at some moment.

use gleaner_model::{AsOf, Timestamp};
use gleaner_store::{Cursor, Store, StoreError};

/// The one shard of events that a scheduler of today has.
const SHARD: u16 = 0;

/// The place right before event `position`.
pub(crate) fn cursor_at(position: u64) -> Cursor {
    Cursor { positions: vec![(SHARD, position)] }
}

/// The number of the next event to come from this place.
pub(crate) fn position_in(cursor: &Cursor) -> u64 {
    cursor.positions.iter().find(|(shard, _)| *shard == SHARD).map_or(0, |(_, position)| *position)
}

/// The position that a question is asked as of: now, but for one as of a past moment.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn position_of(store: &dyn Store, as_of: AsOf) -> Result<u64, StoreError> {
    match as_of {
        AsOf::Now | AsOf::Published(_) => Ok(store.position()),
        AsOf::Observed(moment) => position_at(store, moment),
        AsOf::Position(position) | AsOf::PublishedAt { position, .. } => Ok(position),
    }
}

/// The position before which all events lie that were committed at `moment` or earlier. Times rise with the events, as
/// far as the clock does; where it was set back, it is one of the places where it passed that moment.
fn position_at(store: &dyn Store, moment: Timestamp) -> Result<u64, StoreError> {
    // All before `low` are not after the moment, `high` is, or the end.
    let (mut low, mut high) = (0, store.position());
    while low < high {
        let middle = low + (high - low) / 2;
        let page = store.events(&cursor_at(middle), 1)?;
        match page.events.first() {
            // Numbers may be left out, so the event is perhaps a later one.
            Some((after, event)) if event.at <= moment => low = position_in(after).min(high),
            _ => high = middle,
        }
    }
    Ok(low)
}
