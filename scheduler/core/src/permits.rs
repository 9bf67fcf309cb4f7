//! Permits of running attempts, and hosts that throttle.

use gleaner_model::{Attempt, Fault, FaultKind};

use crate::attempts::Hold;
use crate::hosts::Thirst;
use crate::scheduler::{Out, Scheduler};
use crate::tasks::Slot;
use crate::{Effect, HostIndex, Moment, WorkerId};

impl Scheduler {
    /// A running attempt wants to make one more request. The permit comes at once or later as an
    /// [`Effect::Permit`]. False if none will come, and an [`Effect::CancelAttempt`] says so: the attempt is not current,
    /// or it has failed with this, because too many of its requests wait already or there is no such host. A suspended
    /// attempt is told once more that it is; it has to ask anew when it goes on.
    pub fn ask_permit(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        now: Moment,
        out: Out<'_>,
    ) -> bool {
        let current = self.current(attempt).filter(|slot| self.running[slot].worker == Some(worker));
        let Some(slot) = current else {
            out.push(Effect::CancelAttempt { worker, attempt });
            return false;
        };
        if self.running[&slot].hold == Hold::Aside {
            // Asked for before it heard of it, or it never did. It asks anew when it goes on.
            out.push(Effect::Suspend { worker, attempt });
            return self.hosts.find(host).is_some();
        }
        if self.hosts.find(host).is_none() || self.running[&slot].thirsts.len() >= self.options.permits_waiting_max {
            self.refuse_permit(slot, host, now, out);
            return false;
        }
        let key = self.hosts.wait(host, self.urgency(slot), Thirst { worker, attempt });
        self.running.get_mut(&slot).expect("the attempt is current").thirsts.push((host, key));
        self.hosts.seat(host, now, &self.options);
        while self.hosts.get(host).is_open() && self.grant_waiting(host, now, out) {}
        true
    }

    /// The attempt will get no permit, so it cannot end: it has failed, and its slot is free.
    fn refuse_permit(&mut self, slot: Slot, host: HostIndex, now: Moment, out: Out<'_>) {
        self.stop_attempt(slot, out);
        let waiting = self.running[&slot].thirsts.len();
        self.end_attempt(slot, now);
        let detail = format!("no permit for host {}: {waiting} requests of the attempt wait already", host.0);
        self.fail(slot, Fault::new(FaultKind::Internal, detail), now, out);
    }

    /// The host answered 429, or 503 with Retry-After: it is left alone by every lane until that is over, and asked
    /// at half its pace afterwards. Whoever reports it, it is true; the attempt need not be current.
    pub fn throttled(
        &mut self,
        worker: WorkerId,
        attempt: Attempt,
        host: HostIndex,
        retry_after_ms: Option<u64>,
        now: Moment,
        out: Out<'_>,
    ) {
        self.heartbeat(worker, now);
        self.progressed(attempt, now);
        if self.hosts.find(host).is_none() {
            return;
        }
        let state = self.hosts.get_mut(host);
        state.throttled += 1;
        state.pace.look(now, self.options.pace_recovery_ms);
        state.pace.throttle(retry_after_ms, now, &self.options);
        let until_ms = state.pace.blocked_until_ms;
        // The requests that are under way say it again a few milliseconds later each; the journal need not know.
        if until_ms > state.journaled_ms {
            let second = until_ms.saturating_add(999);
            state.journaled_ms = second;
            out.push(Effect::HostBlocked { host, until: now.wall_at(second) });
        }
        self.hosts.seat(host, now, &self.options);
    }

    /// Grants the next waiting request of an open host, if its permit is not better used for a new task.
    pub(crate) fn grant_waiting(&mut self, host: HostIndex, now: Moment, out: Out<'_>) -> bool {
        let startable = |lane, needs, front: &_| self.is_startable(lane, needs, front);
        let Some(key) = self.hosts.next_waiting(host, self.options.permit_floor_every, startable) else { return false };
        let Some(thirst) = self.hosts.take_waiting(host, key, now, &self.options) else { return false };
        if let Some(running) = self.current(thirst.attempt).and_then(|slot| self.running.get_mut(&slot)) {
            running.thirsts.retain(|waiting| *waiting != (host, key));
        }
        if let Some(slot) = self.current(thirst.attempt) {
            self.note_request(slot, thirst.worker, host, key.0, now);
        }
        out.push(Effect::Permit {
            worker: thirst.worker,
            attempt: thirst.attempt,
            host,
            use_before_ms: self.options.permit_ttl_ms,
        });
        true
    }
}
