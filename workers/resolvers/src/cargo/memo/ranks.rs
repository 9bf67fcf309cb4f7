//! The order of an answer, by numbers.
//!
//! The problem: nodes and reads of an answer are sorted by their texts, some hundred at a time, and comparing texts was a
//! good part of an answer's time. Whatever was numbered keeps its place among all that were numbered before it; so the
//! places are worked out once for all of them, and from then on a sort compares numbers. That pays for itself: all are
//! ranked only when as many were sorted by their texts as there are.

use std::cmp::Ordering;

/// Places of the things with the numbers from zero on.
#[derive(Default)]
pub(in super::super) struct Ranks {
    /// By number; what was numbered later has no place yet.
    places: Vec<u32>,
    /// How many were sorted by their texts since the last ranking.
    compared: usize,
    /// Places and numbers while they are sorted.
    sorting: Vec<u64>,
}

impl Ranks {
    /// Sorts numbers of different things as `compare` does, which never calls two of them equal. There are `count` things.
    pub(in super::super) fn sort(&mut self, numbers: &mut [u32], count: usize, compare: impl Fn(u32, u32) -> Ordering) {
        if numbers.iter().any(|number| *number as usize >= self.places.len()) {
            self.compared += numbers.len();
            if self.compared < count {
                return numbers.sort_unstable_by(|a, b| compare(*a, *b));
            }
            self.rank(count, compare);
        }
        self.sorting.clear();
        self.sorting.extend(numbers.iter().map(|number| {
            let place = self.places[*number as usize];
            (u64::from(place) << 32) | u64::from(*number)
        }));
        self.sorting.sort_unstable();
        for (number, sorted) in numbers.iter_mut().zip(&self.sorting) {
            *number = u32::try_from(sorted & u64::from(u32::MAX)).expect("the lower half");
        }
    }

    fn rank(&mut self, count: usize, compare: impl Fn(u32, u32) -> Ordering) {
        let mut all: Vec<u32> = (0..).take(count).collect();
        all.sort_unstable_by(|a, b| compare(*a, *b));
        self.places.resize(count, 0);
        for (place, number) in (0..).zip(all) {
            self.places[number as usize] = place;
        }
        self.compared = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranked_or_not_the_order_is_that_of_the_texts() {
        let texts = ["m", "c", "z", "a", "q", "b", "y", "d"];
        let mut ranks = Ranks::default();
        // The things become more from turn to turn.
        for turn in 0..40 {
            let count = (turn / 4 + 2).min(texts.len());
            let mut numbers: Vec<u32> =
                (0..count).filter(|n| (turn * 7 + n) % 3 > 0).map(|n| u32::try_from(n).expect("a few")).collect();
            let mut expected = numbers.clone();
            expected.sort_by_key(|number| texts[*number as usize]);
            ranks.sort(&mut numbers, count, |a, b| texts[a as usize].cmp(texts[b as usize]));
            assert_eq!(numbers, expected, "turn {turn}");
        }
        assert_eq!(ranks.places.len(), texts.len());
    }
}
