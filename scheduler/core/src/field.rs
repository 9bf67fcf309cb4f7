//! Who is in slots and who was set aside, as pre-emption looks at it: running attempts by what their workers can do and
//! by lane, those that may be displaced in the order in which they would be.
//!
//! Every attempt has at most one *place* here, kept with the attempt, so that what is taken out is exactly what was put
//! in. The cost of finding a victim grows with the number of clients that run something in its lane, never with what is
//! queued. Attempts that end before they are ripe, which in a busy fleet are most, touch counters only.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gleaner_model::{Lane, Token};

use crate::tasks::Slot;
use crate::{ClientIndex, Needs, WorkerId};

/// Victims of one client in their order: least unsaved work first, then the youngest.
pub(crate) type VictimKey = (Reverse<u64>, Reverse<Token>, Slot);

/// How an attempt stands towards pre-emption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Suspended since then.
    Aside(u64),
    /// In a slot, and not to be displaced for now, or by nobody.
    Plain,
    /// In a slot, and never to be displaced.
    Protected,
    /// In a slot, and may be displaced.
    Victim(VictimKey),
}

/// What is counted for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) worker: WorkerId,
    /// What the worker can do.
    pub(crate) class: Needs,
    /// The most urgent lane of those who wait for it.
    pub(crate) lane: Lane,
    pub(crate) client: ClientIndex,
    pub(crate) standing: Standing,
}

/// The workers that can do the same.
#[derive(Default)]
struct Pool {
    running: [u32; 4],
    protected: u32,
    victims: [BTreeMap<ClientIndex, BTreeSet<VictimKey>>; 4],
}

#[derive(Default)]
pub(crate) struct Field {
    pools: BTreeMap<Needs, Pool>,
    /// Suspended attempts, most urgent lane and longest suspended first.
    asides: BTreeSet<(Lane, u64, Slot)>,
    /// When attempts are ripe, in that order; those that ended before are skipped when it comes. As
    /// long as the starts of one minimum run time.
    pub(crate) ripening: VecDeque<(u64, Slot, Token)>,
}

impl Field {
    pub(crate) fn enter(&mut self, slot: Slot, place: Place) {
        let lane = place.lane.index();
        if let Standing::Aside(since) = place.standing {
            self.asides.insert((place.lane, since, slot));
            return;
        }
        let pool = self.pools.entry(place.class).or_default();
        pool.running[lane] += 1;
        match place.standing {
            Standing::Protected => pool.protected += 1,
            Standing::Victim(key) => {
                pool.victims[lane].entry(place.client).or_default().insert(key);
            }
            Standing::Plain | Standing::Aside(_) => {}
        }
    }

    pub(crate) fn leave(&mut self, slot: Slot, place: Place) {
        let lane = place.lane.index();
        if let Standing::Aside(since) = place.standing {
            self.asides.remove(&(place.lane, since, slot));
            return;
        }
        let Some(pool) = self.pools.get_mut(&place.class) else { return };
        pool.running[lane] -= 1;
        match place.standing {
            Standing::Protected => pool.protected -= 1,
            Standing::Victim(key) => {
                if let Some(keys) = pool.victims[lane].get_mut(&place.client) {
                    keys.remove(&key);
                    if keys.is_empty() {
                        pool.victims[lane].remove(&place.client);
                    }
                }
            }
            Standing::Plain | Standing::Aside(_) => {}
        }
        if pool.running == [0; 4] {
            self.pools.remove(&place.class);
        }
    }

    /// Nearly always the last one so far; one that began long ago and is in a lesser lane since now is sooner.
    pub(crate) fn ripen_at(&mut self, ripe_at_ms: u64, slot: Slot, token: Token) {
        let is_last = self.ripening.back().is_none_or(|(last_ms, ..)| *last_ms <= ripe_at_ms);
        let at = if is_last {
            self.ripening.len()
        } else {
            self.ripening.partition_point(|(other_ms, ..)| *other_ms <= ripe_at_ms)
        };
        self.ripening.insert(at, (ripe_at_ms, slot, token));
    }

    fn able(&self, wanted: Needs) -> impl Iterator<Item = &Pool> {
        self.pools.iter().filter(move |(class, _)| class.cover(wanted)).map(|(_, pool)| pool)
    }

    /// Attempts of a lane in slots of workers that can do what is wanted.
    pub(crate) fn running(&self, wanted: Needs, lane: Lane) -> u32 {
        self.able(wanted).map(|pool| pool.running[lane.index()]).sum()
    }

    /// Attempts in such slots that are never displaced.
    pub(crate) fn protected(&self, wanted: Needs) -> u32 {
        self.able(wanted).map(|pool| pool.protected).sum()
    }

    /// Each client's first victim in a lane of those whose slot is of use, in the slots of workers that can do what is
    /// wanted.
    pub(crate) fn victims(
        &self,
        wanted: Needs,
        lane: Lane,
        is_of_use: impl Fn(Slot) -> bool,
    ) -> impl Iterator<Item = (ClientIndex, VictimKey)> {
        let clients = self.able(wanted).flat_map(move |pool| &pool.victims[lane.index()]);
        clients.filter_map(move |(client, keys)| Some((*client, *keys.iter().find(|key| is_of_use(key.2))?)))
    }

    /// The suspended attempts of a lane, longest suspended first.
    pub(crate) fn asides(&self, lane: Lane) -> impl Iterator<Item = Slot> {
        self.asides.range((lane, 0, Slot(0))..=(lane, u64::MAX, Slot::NONE)).map(|(_, _, slot)| *slot)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.pools.is_empty() && self.asides.is_empty()
    }
}
