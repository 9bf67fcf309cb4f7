//! Whether a host may be asked now, for whom, and when that changes.

use gleaner_model::Lane;

use crate::hosts::HostState;
use crate::limits::is_lesser;
use crate::{Moment, Options};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Nobody wants anything of it.
    Idle,
    Open,
    /// Open to the most urgent lane alone: what is left is kept for it. Until then, in microseconds, or until a request
    /// ends.
    Kept(Option<u64>),
    /// Until then, in microseconds.
    Closed(u64),
    /// Until an operator says otherwise, or a request ends.
    Shut,
}

impl Seat {
    pub(crate) fn of(host: &mut HostState, now: Moment, options: &Options) -> Self {
        let Some(lane) = host.most_urgent() else { return Self::Idle };
        host.pace.look(now, options.pace_recovery_ms);
        if host.limits().paused || host.is_crowded(false) {
            return Self::Shut;
        }
        let (all_us, now_us) = (host.pace.next_us(), now.mono_us());
        let lesser_us = (!host.is_crowded(true)).then(|| host.pace.lesser_next_us());
        match lesser_us {
            Some(at) if at <= now_us => Self::Open,
            _ if is_lesser(lane) => lesser_us.map_or(Self::Shut, Self::Closed),
            _ if all_us <= now_us => Self::Kept(lesser_us),
            _ => Self::Closed(all_us),
        }
    }

    pub(crate) const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Kept(_))
    }

    /// Is it open to this lane?
    pub(crate) fn takes(self, lane: Lane) -> bool {
        match self {
            Self::Open => true,
            Self::Kept(_) => !is_lesser(lane),
            Self::Idle | Self::Closed(_) | Self::Shut => false,
        }
    }

    /// When it changes by itself.
    pub(crate) const fn changes_at(self) -> Option<u64> {
        match self {
            Self::Closed(at) => Some(at),
            Self::Kept(at) => at,
            Self::Idle | Self::Open | Self::Shut => None,
        }
    }
}
