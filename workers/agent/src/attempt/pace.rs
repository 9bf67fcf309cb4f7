//! How a resolution stands aside.
//!
//! A resolution runs on a thread of its own and asks here, every few microseconds of work, whether it may go on. It may
//! not while its attempt is suspended: then it gives its place in the workshop back at once and sleeps, holding nothing
//! but memory. Only so many sleep at a time; one that finds no room is ended, and begins anew when its attempt goes on.
//! When nobody wants the answer any more (the attempt was cancelled, taken away, or the agent stops), it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gleaner_resolvers::Flow;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::lease::{Gate, Lease};
use crate::workshop::{Place, TURN, Workshop};

/// Dropped when nobody wants the answer any more.
pub(super) struct Wanted(#[expect(dead_code, reason = "to drop it is the word")] oneshot::Sender<()>);

/// The thread's side.
pub(super) struct Pace {
    lease: Arc<Lease>,
    workshop: Workshop,
    runtime: Handle,
    wanted: oneshot::Receiver<()>,
    /// None while it stands aside.
    place: Option<Place>,
    turn_began: Instant,
    /// How long it did nothing.
    stood: Duration,
    /// Was it ended since there was no room to stand aside?
    pub(super) begins_anew: bool,
}

impl Pace {
    /// The pace of a resolution that holds `place`, to be made where the runtime is.
    pub(super) fn new(lease: Arc<Lease>, workshop: Workshop, place: Place) -> (Wanted, Self) {
        let (sender, wanted) = oneshot::channel();
        let (runtime, turn_began, stood) = (Handle::current(), Instant::now(), Duration::ZERO);
        let place = Some(place);
        (Wanted(sender), Self { lease, workshop, runtime, wanted, place, turn_began, stood, begins_anew: false })
    }

    /// How long it did nothing so far.
    pub(super) fn stood(&self) -> Duration {
        self.stood
    }

    /// May it go on? Returns when that is known.
    pub(super) fn pause(&mut self) -> Flow {
        if self.is_unwanted() {
            return Flow::Stop;
        }
        if self.lease.is_suspended() {
            return self.stand_aside();
        }
        if self.turn_began.elapsed() > TURN && self.workshop.is_crowded() {
            return self.standing(Self::next_turn);
        }
        Flow::Continue
    }

    fn is_unwanted(&mut self) -> bool {
        matches!(self.wanted.try_recv(), Err(oneshot::error::TryRecvError::Closed))
    }

    /// Gives the place up until the attempt goes on.
    fn stand_aside(&mut self) -> Flow {
        let Some(_room) = self.workshop.room_aside() else {
            self.begins_anew = true;
            return Flow::Stop;
        };
        self.standing(|pace| {
            let mut gate = pace.lease.gate();
            pace.runtime.block_on(async {
                tokio::select! {
                    open = gate.wait_for(|gate| *gate != Gate::Shut) => open.map(drop).map_err(drop),
                    _ = &mut pace.wanted => Err(()),
                }
            })?;
            pace.next_turn()
        })
    }

    /// Gets a place, behind those who wait for one.
    fn next_turn(&mut self) -> Result<(), ()> {
        self.place = None;
        let place = self.runtime.block_on(async {
            tokio::select! {
                place = self.workshop.place() => place.map_err(drop),
                _ = &mut self.wanted => Err(()),
            }
        })?;
        self.place = Some(place);
        self.turn_began = Instant::now();
        Ok(())
    }

    fn standing(&mut self, wait: impl FnOnce(&mut Self) -> Result<(), ()>) -> Flow {
        let since = Instant::now();
        self.place = None;
        let waited = wait(self);
        self.stood += since.elapsed();
        if waited.is_ok() { Flow::Continue } else { Flow::Stop }
    }
}
