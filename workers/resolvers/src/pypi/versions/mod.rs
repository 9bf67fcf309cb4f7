//! Sets of versions: what is asked for, and the numbers that stand for it in the search.

pub(super) mod line;
pub(super) mod ranges;
