//! What ready work waits for, and has waited for, told for all tasks of a front together.
//!
//! The problem: whoever asks why a job waited wants to know how long for what, and a queued job has no byte to spare for
//! that. But what stops one task of a lane, with these needs, at this host (a *front*), stops all of them. So time is
//! accounted to fronts, of which there are few, and a job's part is what its front gathered since the job came.
//!
//! It is looked at every now and then, and what is seen holds until the next look. What a front had gathered at an earlier
//! time is remembered with marks, close together for the last seconds and ever further apart before that, so that an
//! answer is right to about an eighth of how long ago it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gleaner_model::Lane;

use crate::scheduler::Scheduler;
use crate::{HostIndex, Moment, Needs};

/// How often is looked, in milliseconds: rarely enough to cost nothing, often enough for who waited a second.
const LOOK_MS: u64 = 50;
/// The closest marks, in milliseconds; those of each further level are twice as far apart.
const SPACING_MS: u64 = 250;
const LEVELS: usize = 18;
/// Marks of one level. Together they reach back for six days.
const PER_LEVEL: usize = 8;
/// A front that has nothing ready is forgotten after this long: what was started from it is explained until then.
const IDLE_MS: u64 = 10 * 60_000;
/// Fronts that are accounted for: all lanes of all hosts that there may be. Each has at most some eight kilobytes.
const FRONTS_MAX: usize = 4_096;

/// What a front waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A worker that can do it.
    Worker,
    /// Room: all fitting slots are busy.
    Slot,
    /// The host, or running attempts' requests to it.
    Host,
    /// There is room and leave; other work comes first.
    Turn,
}

/// Milliseconds for each cause: worker, slot, other lanes' turn, own lane's turn, host.
pub(crate) type Sums = [u64; 5];

type Key = (HostIndex, Lane, Needs);

#[derive(Default)]
struct Front {
    sums: Sums,
    /// What was seen at the last look; none if nothing was ready.
    seen: Option<Cause>,
    ready_ms: u64,
    /// Newest level first, oldest mark of each first.
    marks: Vec<VecDeque<(u64, Sums)>>,
}

impl Front {
    /// Lets `ms` pass in which the lane started `own` tasks and other lanes `others`. Busy slots that change hands are not
    /// what is waited for: it is whose turn it is.
    fn pass(&mut self, ms: u64, own: u64, others: u64) {
        match self.seen {
            None => {}
            Some(Cause::Worker) => self.sums[0] += ms,
            Some(Cause::Slot) if own + others > 0 => {
                let of_others = ms * others / (own + others);
                self.sums[2] += of_others;
                self.sums[3] += ms - of_others;
            }
            Some(Cause::Slot) => self.sums[1] += ms,
            Some(Cause::Turn) => self.sums[3] += ms,
            Some(Cause::Host) => self.sums[4] += ms,
        }
    }

    fn mark(&mut self, now_ms: u64) {
        let mut mark = (now_ms, self.sums);
        for level in 0..LEVELS {
            if self.marks.len() == level {
                self.marks.push(VecDeque::with_capacity(PER_LEVEL + 1));
            }
            let marks = &mut self.marks[level];
            if marks.back().is_some_and(|(last_ms, _)| mark.0 - last_ms < SPACING_MS << level) {
                return;
            }
            marks.push_back(mark);
            if marks.len() <= PER_LEVEL {
                return;
            }
            mark = marks.pop_front().expect("there is one too many");
        }
    }

    /// What had been gathered at a time, and since when that is known.
    fn at(&self, at_ms: u64, now_ms: u64) -> (Sums, u64) {
        let marks = self.marks.iter().rev().flatten().copied().chain([(now_ms, self.sums)]);
        let (mut before, mut after) = (None, (now_ms, self.sums));
        for mark in marks {
            if mark.0 > at_ms {
                after = mark;
                break;
            }
            before = Some(mark);
        }
        match before {
            None => (after.1, after.0),
            Some(before) if after.0 <= before.0 => (before.1, at_ms),
            Some(before) => {
                let (part, whole) = (at_ms - before.0, after.0 - before.0);
                let between = |cause: usize| before.1[cause] + (after.1[cause] - before.1[cause]) * part / whole;
                (std::array::from_fn(between), at_ms)
            }
        }
    }
}

#[derive(Default)]
pub(crate) struct Waits {
    fronts: BTreeMap<Key, Front>,
    looked_ms: Option<u64>,
    /// Tasks started by then, by lane.
    started: [u64; 4],
}

impl Waits {
    /// What a front waited for between two times, and from when on that is known.
    pub(crate) fn between(&self, key: Key, from_ms: u64, until_ms: u64, now_ms: u64) -> Option<(Sums, u64)> {
        let front = self.fronts.get(&key)?;
        let (from, known_ms) = front.at(from_ms, now_ms);
        let (until, _) = front.at(until_ms.max(known_ms), now_ms);
        Some((std::array::from_fn(|cause| until[cause].saturating_sub(from[cause])), known_ms))
    }

    /// What was waited for at hosts that are forgotten is no business of those that get their numbers.
    pub(crate) fn forget(&mut self, hosts: &BTreeSet<HostIndex>) {
        self.fronts.retain(|(host, _, _), _| !hosts.contains(host));
    }

    /// Is it time to look?
    fn is_due(&self, now_ms: u64) -> bool {
        self.looked_ms.is_none_or(|looked_ms| now_ms.saturating_sub(looked_ms) >= LOOK_MS)
    }

    fn look(&mut self, seen: BTreeMap<Key, Cause>, started: [u64; 4], now_ms: u64) {
        let ms = now_ms.saturating_sub(self.looked_ms.unwrap_or(now_ms));
        let begun: [u64; 4] = std::array::from_fn(|lane| started[lane] - self.started[lane]);
        let all: u64 = begun.iter().sum();
        for ((_, lane, _), front) in &mut self.fronts {
            let own = begun[lane.index()];
            front.pass(ms, own, all - own);
            front.seen = None;
        }
        for (key, cause) in seen {
            if self.fronts.len() < FRONTS_MAX || self.fronts.contains_key(&key) {
                let front = self.fronts.entry(key).or_default();
                (front.seen, front.ready_ms) = (Some(cause), now_ms);
            }
        }
        self.fronts.retain(|_, front| now_ms.saturating_sub(front.ready_ms) < IDLE_MS);
        self.fronts.values_mut().for_each(|front| front.mark(now_ms));
        (self.looked_ms, self.started) = (Some(now_ms), started);
    }

    pub(crate) fn resident(&self) -> usize {
        let marks: usize = self.fronts.values().flat_map(|front| &front.marks).map(VecDeque::capacity).sum();
        self.fronts.len() * 128 + marks * 48
    }
}

impl Scheduler {
    /// Notes what ready work waits for, for [`Self::explain`]. To be called when all that could be handed out was; it does
    /// nothing but now and then.
    pub fn account(&mut self, now: Moment) {
        if !self.waits.is_due(now.mono_ms) {
            return;
        }
        let mut seen = BTreeMap::new();
        for (index, host) in self.hosts.all() {
            for (lane, needs) in host.fronts.keys() {
                seen.insert((index, *lane, *needs), self.cause(index, *lane, *needs, now));
            }
        }
        let started = Lane::ALL.map(|lane| self.shares.lane(lane).started);
        self.waits.look(seen, started, now.mono_ms);
    }

    /// What stops the ready tasks of a front.
    fn cause(&self, host: HostIndex, lane: Lane, needs: Needs, now: Moment) -> Cause {
        let state = self.hosts.get(host);
        if self.roster.slots(needs) == 0 {
            Cause::Worker
        } else if self.room(lane, needs).is_none() {
            Cause::Slot
        } else if state.pace.next_us() > now.mono_us() || !state.serves(lane) {
            Cause::Host
        } else {
            Cause::Turn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (HostIndex(0), Lane::Free, Needs(1));

    /// Waits for a slot for `slot_ms`, then for its host until `end_ms`, looked at every 50 ms.
    fn waits(slot_ms: u64, end_ms: u64) -> Waits {
        let mut waits = Waits::default();
        for now_ms in (0..=end_ms).step_by(50) {
            let cause = if now_ms < slot_ms { Cause::Slot } else { Cause::Host };
            waits.look([(KEY, cause)].into(), [0; 4], now_ms);
        }
        waits
    }

    #[test]
    fn a_window_tells_what_was_waited_for_in_it() {
        let waits = waits(5_000, 8_000);
        let between = |from, until| waits.between(KEY, from, until, 8_000).expect("accounted");
        assert_eq!(between(0, 8_000), ([0, 5_000, 0, 0, 3_000], 0));
        assert_eq!(between(7_000, 8_000).0, [0, 0, 0, 0, 1_000]);
        let (sums, _) = between(4_000, 6_000);
        assert!(sums[1].abs_diff(1_000) <= 250 && sums.iter().sum::<u64>() == 2_000, "{sums:?}");
        assert!(waits.between((HostIndex(1), Lane::Free, Needs(1)), 0, 1, 8_000).is_none());
    }

    #[test]
    fn what_is_long_ago_is_told_to_an_eighth_of_its_age() {
        let end_ms = 3_600_000;
        for age_ms in [1_000, 10_000, 100_000, 1_000_000] {
            let change_ms = end_ms - age_ms;
            let waits = waits(change_ms, end_ms);
            let (sums, _) = waits.between(KEY, change_ms - age_ms, change_ms, end_ms).expect("accounted");
            let wrong_ms = sums[4] + sums[1].abs_diff(age_ms);
            assert!(wrong_ms <= 2 * age_ms / 8 + 500, "{age_ms} ms ago: {sums:?}");
        }
    }

    #[test]
    fn marks_are_bounded() {
        let waits = waits(0, 4 * 3_600_000);
        let marks: usize = waits.fronts[&KEY].marks.iter().map(VecDeque::len).sum();
        assert!(marks <= LEVELS * PER_LEVEL, "{marks}");
        assert!(waits.resident() < 9_000, "{}", waits.resident());
    }

    #[test]
    fn slots_that_change_hands_are_somebodys_turn() {
        let mut waits = Waits::default();
        waits.look([(KEY, Cause::Slot)].into(), [0; 4], 0);
        waits.look([(KEY, Cause::Slot)].into(), [3, 0, 1, 0], 100);
        waits.look([(KEY, Cause::Slot)].into(), [3, 0, 1, 0], 150);
        waits.look(BTreeMap::new(), [3, 0, 1, 0], 200);
        waits.look(BTreeMap::new(), [3, 0, 1, 0], 1_200);
        assert_eq!(waits.fronts[&KEY].sums, [0, 100, 75, 25, 0], "nothing was ready in the last second");
        waits.look(BTreeMap::new(), [3, 0, 1, 0], 150 + IDLE_MS);
        assert!(waits.fronts.is_empty());
    }
}
