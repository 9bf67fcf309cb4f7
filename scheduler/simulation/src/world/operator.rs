//! Operators: they change what hosts may be asked, and have workers go.

use gleaner_core::HostIndex;
use gleaner_model::HostChange;

use super::{Event, World};
use crate::chance::Chance;
use crate::process::Message;

/// What operators do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// They change what a host may be asked.
    LimitsHost,
    /// They have a worker get nothing new.
    DrainsWorker,
    /// When the storm is over, they take back what they have set.
    Resets,
}

impl Act {
    /// What they do in the storm, and how often it is usual.
    pub(crate) const ALL: [(Self, u64); 2] = [(Self::LimitsHost, 3_000), (Self::DrainsWorker, 12_000)];
}

/// How long operators wait before they look whether something is durable.
const AGAIN_MS: u64 = 500;

impl World {
    /// Operators do something, and again after a while.
    pub(crate) fn operator(&mut self, act: Act, every_ms: u64) {
        if self.healed != (act == Act::Resets) {
            return;
        }
        let after_ms = if self.healed { AGAIN_MS } else { self.chance.pause(every_ms) + 1 };
        match act {
            Act::LimitsHost => {
                let host = self.chance.below(self.moods.len());
                let change = any_change(&mut self.chance);
                self.set_host(host, change);
            }
            Act::DrainsWorker => {
                let peer = self.chance.below(self.workers.len());
                self.inbox(self.machine.boot, Message::DrainWorker { peer });
            }
            // Something may be on its way to the disk still.
            Act::Resets if self.ledger.durable.nothing_is_set() => {}
            Act::Resets => {
                let reset = HostChange { reset: true, ..HostChange::default() };
                (0..self.moods.len()).for_each(|host| self.set_host(host, reset));
            }
        }
        self.agenda.after(after_ms, Event::Operator(act, every_ms));
    }

    fn set_host(&mut self, host: usize, change: HostChange) {
        let host = HostIndex(u16::try_from(host).unwrap_or(0));
        self.inbox(self.machine.boot, Message::SetHost { host, change });
    }
}

/// Something that an operator may want; pauses are short, or nothing would be done in between.
fn any_change(chance: &mut Chance) -> HostChange {
    let none = HostChange::default();
    match chance.below(10) {
        0 | 1 => HostChange { paused: Some(true), ..none },
        2..5 => HostChange { paused: Some(false), ..none },
        5 => HostChange { reset: true, ..none },
        6 => HostChange {
            rate_milli_per_s: Some(chance.pick(&[2_500, 7_000, 50_000, 500_000])),
            burst: Some(chance.pick(&[1, 3, 10])),
            ..none
        },
        7 => HostChange { reserve_permille: Some(chance.pick(&[0, 200, 500, 900])), paused: Some(false), ..none },
        _ => HostChange { concurrency: Some(chance.pick(&[0, 1, 2, 4])), paused: Some(false), ..none },
    }
}
