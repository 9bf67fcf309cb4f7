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

#[cfg(test)]
mod tests {
    use gleaner_model::{Attempt, TaskId, Token};

    use super::*;
    use crate::attempt::Drains;

    fn lease() -> Arc<Lease> {
        let attempt = Attempt { task: TaskId(1), token: Token { epoch: 1, sequence: 1 } };
        Arc::new(Lease::new(attempt, Arc::new(Drains::new(0))))
    }

    async fn pace(lease: &Arc<Lease>, workshop: &Workshop) -> (Wanted, Pace) {
        let place = workshop.place().await.expect("there is one");
        Pace::new(Arc::clone(lease), workshop.clone(), place)
    }

    /// What a pause on a thread of its own says, and the pace after it.
    fn paused(mut pace: Pace) -> tokio::task::JoinHandle<(Flow, Pace)> {
        tokio::task::spawn_blocking(move || (pace.pause(), pace))
    }

    #[tokio::test]
    async fn it_goes_on_while_it_is_wanted() {
        let (lease, workshop) = (lease(), Workshop::new());
        let (wanted, mut pace) = pace(&lease, &workshop).await;
        assert_eq!(pace.pause(), Flow::Continue);
        drop(wanted);
        assert_eq!((pace.pause(), pace.begins_anew), (Flow::Stop, false));
    }

    #[tokio::test]
    async fn suspended_it_gives_its_place_back_until_it_goes_on() {
        let (lease, workshop) = (lease(), Workshop::of(1));
        let (_wanted, pace) = pace(&lease, &workshop).await;
        lease.suspend();
        let waiting = paused(pace);
        let other = workshop.place().await.expect("the place was given back");
        lease.resume();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished(), "its place is taken");
        drop(other);
        let (flow, pace) = waiting.await.expect("no panic");
        assert_eq!(flow, Flow::Continue);
        assert!(workshop.is_crowded() && pace.stood() >= Duration::from_millis(20));
    }

    #[tokio::test]
    async fn suspended_and_unwanted_it_ends() {
        let (lease, workshop) = (lease(), Workshop::of(1));
        let (wanted, pace) = pace(&lease, &workshop).await;
        lease.suspend();
        let waiting = paused(pace);
        let other = workshop.place().await.expect("the place was given back");
        drop(wanted);
        let (flow, pace) = waiting.await.expect("no panic");
        assert_eq!((flow, pace.begins_anew), (Flow::Stop, false));
        drop(other);
    }

    #[tokio::test]
    async fn without_room_aside_it_begins_anew() {
        let (lease, workshop) = (lease(), Workshop::of(1));
        let rooms: Vec<_> = std::iter::from_fn(|| workshop.room_aside()).collect();
        let (_wanted, mut pace) = pace(&lease, &workshop).await;
        lease.suspend();
        assert_eq!((pace.pause(), pace.begins_anew), (Flow::Stop, true));
        drop((pace, rooms));
        assert!(!workshop.is_crowded());
    }

    #[tokio::test]
    async fn others_get_their_turn() {
        let (lease, workshop) = (lease(), Workshop::of(1));
        let (_wanted, pace) = pace(&lease, &workshop).await;
        let waits = workshop.clone();
        let other = tokio::spawn(async move { waits.place().await });
        tokio::time::sleep(TURN * 2).await;
        let waiting = paused(pace);
        drop(other.await.expect("no panic").expect("its turn"));
        assert_eq!(waiting.await.expect("no panic").0, Flow::Continue);
    }
}
