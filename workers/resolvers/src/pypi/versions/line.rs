//! A project's versions as numbers in the same order.
//!
//! The problem: the search intersects and compares sets of versions all the time, and a version is a heap of numbers and
//! letters. What it compares must nevertheless be the very ends of the ranges that were asked for, and not just which
//! known versions lie between them: uv decides in an order that depends on whether two ranges touch, even where no
//! version is.
//!
//! So each known version has a place on a line, with room between, and each end of a range that is no known version gets
//! a place in the middle of the room that is left where it belongs.

use std::ops::Bound;

use pep440_rs::Version;
use pubgrub::Ranges;

/// Sets of places.
pub(in crate::pypi) type Versions = Ranges<u64>;

/// Places between two known versions, as an exponent of two.
const ROOM: u32 = 32;

/// The place of the known version at a position.
pub(in crate::pypi) fn place(position: usize) -> u64 {
    (position as u64 + 1) << ROOM
}

/// The position of the known version at a place, if one is there.
pub(in crate::pypi) fn position(place: u64) -> Option<usize> {
    let is_known = place.trailing_zeros() >= ROOM && place > 0;
    is_known.then(|| usize::try_from((place >> ROOM) - 1).ok()).flatten()
}

/// Known positions inside a segment: from the first up to but without the second.
pub(in crate::pypi) fn positions(low: Bound<&u64>, high: Bound<&u64>, known: usize) -> (usize, usize) {
    // The number of known places up to this one, and without it.
    let up_to = |place: u64| usize::try_from(place >> ROOM).unwrap_or(usize::MAX);
    let below = |place: u64| place.checked_sub(1).map_or(0, up_to);
    let from = match low {
        Bound::Unbounded => 0,
        Bound::Included(place) => below(*place),
        Bound::Excluded(place) => up_to(*place),
    };
    let to = match high {
        Bound::Unbounded => known,
        Bound::Included(place) => up_to(*place),
        Bound::Excluded(place) => below(*place),
    };
    (from.min(known), to.min(known))
}

/// The ends of ranges that have a place between known versions, ascending.
#[derive(Debug, Default)]
pub(in crate::pypi) struct Line {
    ends: Vec<(Version, u64)>,
}

impl Line {
    /// Places ranges among the known versions, which are ascending.
    pub(in crate::pypi) fn ranges(&mut self, ranges: &Ranges<Version>, known: &[impl AsRef<Version>]) -> Versions {
        let segments = ranges.iter().map(|(low, high)| (self.bound(low, known), self.bound(high, known)));
        segments.collect::<Vec<_>>().into_iter().collect()
    }

    /// The version that has a place here; known ones are not asked for.
    pub(in crate::pypi) fn end_at(&self, place: u64) -> Option<&Version> {
        self.ends.iter().find(|(_, known)| *known == place).map(|(version, _)| version)
    }

    fn bound(&mut self, bound: Bound<&Version>, known: &[impl AsRef<Version>]) -> Bound<u64> {
        bound.map(|version| self.place(version, known))
    }

    fn place(&mut self, version: &Version, known: &[impl AsRef<Version>]) -> u64 {
        let above = match known.binary_search_by(|one| one.as_ref().cmp(version)) {
            Ok(position) => return place(position),
            Err(above) => above,
        };
        let at = match self.ends.binary_search_by(|(end, _)| end.cmp(version)) {
            Ok(at) => return self.ends[at].1,
            Err(at) => at,
        };
        let floor = (above as u64) << ROOM;
        let low = at.checked_sub(1).map_or(floor, |below| floor.max(self.ends[below].1));
        let high = self.ends.get(at).map_or(place(above), |(_, end)| place(above).min(*end));
        let middle = if high - low > 1 {
            low + (high - low) / 2
        } else {
            // All room is taken, which needs some thirty ends ever closer to each other: two ends share a place, but
            // never that of a known version.
            if low > floor { low } else { high }
        };
        self.ends.insert(at, (version.clone(), middle));
        middle
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    struct Known(Version);

    impl AsRef<Version> for Known {
        fn as_ref(&self) -> &Version {
            &self.0
        }
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn ends_keep_the_order_of_versions() {
        let known = ["1.0", "2.0", "3.0"].map(|text| Known(version(text)));
        let mut line = Line::default();
        let texts = ["2.5", "0.1", "9", "2.7", "1.0", "2.6", "3.0", "2.65", "2.0.1", "1.0.0"];
        let mut placed: Vec<(Version, u64)> =
            texts.iter().map(|text| (version(text), line.place(&version(text), &known))).collect();
        placed.sort();
        assert!(placed.windows(2).all(|pair| (pair[0].0 < pair[1].0) == (pair[0].1 < pair[1].1)), "{placed:?}");
        assert_eq!(line.end_at(line.ends[0].1), Some(&version("0.1")));
    }

    #[test]
    fn room_ends_without_disorder() {
        let known = ["1", "2"].map(|text| Known(version(text)));
        let mut line = Line::default();
        let places: Vec<u64> = (0..100).map(|dev| line.place(&version(&format!("1.5.dev{dev}")), &known)).collect();
        assert!(places.is_sorted());
        assert!(places.iter().all(|end| (place(0) + 1..place(1)).contains(end)));
        let mut line = Line::default();
        let places: Vec<u64> =
            (0..100).rev().map(|dev| line.place(&version(&format!("1.5.dev{dev}")), &known)).collect();
        assert!(places.is_sorted_by(|a, b| a >= b));
        assert!(places.iter().all(|end| (place(0) + 1..place(1)).contains(end)));
    }

    #[test]
    fn segments_know_their_positions() {
        let of = |low: Bound<u64>, high: Bound<u64>| positions(low.as_ref(), high.as_ref(), 4);
        assert_eq!(of(Bound::Unbounded, Bound::Unbounded), (0, 4));
        assert_eq!(of(Bound::Included(place(1)), Bound::Excluded(place(3))), (1, 3));
        assert_eq!(of(Bound::Excluded(place(1)), Bound::Included(place(3))), (2, 4));
        assert_eq!(of(Bound::Included(place(1) + 7), Bound::Included(place(2) + 7)), (2, 3));
        assert_eq!(of(Bound::Included(3), Bound::Excluded(place(9))), (0, 4));
        assert_eq!((0..3).map(|at| position(place(at))).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
        assert_eq!((position(0), position(place(1) + 1)), (None, None));
    }
}
