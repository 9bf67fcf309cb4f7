//! How even shares are: the slot time of clients and lanes beside what their weights give them, minute by minute, as long
//! as all of them have work that waits for nothing but a slot.

use gleaner_core::Options;
use gleaner_model::Lane;

use super::demand::CLIENTS;
use super::figures::fraction;

/// The lanes that share; paid work displaces.
const LANES: [Lane; 3] = [Lane::Internal, Lane::Free, Lane::Bulk];

/// How far somebody was from what was due to them.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    /// The worst of each minute, as a part of what was due.
    of_minutes: Vec<f64>,
    got: Vec<u64>,
    weights: Vec<u64>,
}

impl Errors {
    fn note(&mut self, got: &[u64], weights: &[u64]) {
        self.of_minutes.push(worst(got, weights));
        self.got.resize(got.len(), 0);
        self.got.iter_mut().zip(got).for_each(|(sum, got)| *sum += got);
        self.weights = weights.to_vec();
    }

    /// Minutes that were looked at.
    pub(super) const fn minutes(&self) -> usize {
        self.of_minutes.len()
    }

    /// The mean and the largest of the minutes' worst errors, and the worst over all of these minutes together.
    pub(super) fn summary(&self) -> Option<[f64; 3]> {
        let largest = self.of_minutes.iter().copied().reduce(f64::max)?;
        let mean = self.of_minutes.iter().sum::<f64>() / fraction(self.of_minutes.len() as u64);
        Some([mean, largest, worst(&self.got, &self.weights)])
    }
}

/// The largest deviation from what weights give, as a part of that.
fn worst(got: &[u64], weights: &[u64]) -> f64 {
    let (total, all) = (fraction(got.iter().sum()), fraction(weights.iter().sum()));
    let errors = got.iter().zip(weights).map(|(got, weight)| {
        let due = total * fraction(*weight) / all;
        (fraction(*got) / due - 1.0).abs()
    });
    errors.fold(0.0, f64::max)
}

/// Slot time of the current minute, and the errors of those before.
#[derive(Clone, Debug, Default)]
pub(super) struct Shares {
    slot_ms: [u64; CLIENTS.len()],
    /// Tasks that wait for a slot and nothing else.
    waiting: [u64; CLIENTS.len()],
    /// Did something wait all the time since the minute began?
    waited: [bool; CLIENTS.len()],
    pub(super) lanes: Errors,
    /// By lane, in the order of [`LANES`].
    pub(super) clients: [Errors; 3],
}

impl Shares {
    pub(super) fn waiting(&self, client: u8) -> u64 {
        self.waiting[usize::from(client)]
    }

    pub(super) fn queued(&mut self, client: u8) {
        self.waiting[usize::from(client)] += 1;
    }

    pub(super) fn started(&mut self, client: u8) {
        let at = usize::from(client);
        self.waiting[at] = self.waiting[at].saturating_sub(1);
        self.waited[at] &= self.waiting[at] > 0;
    }

    pub(super) fn took(&mut self, client: u8, slot_ms: u64) {
        self.slot_ms[usize::from(client)] += slot_ms;
    }

    /// The minute is over.
    pub(super) fn close_window(&mut self) {
        let slot_ms = std::mem::take(&mut self.slot_ms);
        let contended = std::mem::replace(&mut self.waited, self.waiting.map(|waiting| waiting > 0));
        let mut sums = Vec::new();
        for (lane, errors) in LANES.into_iter().zip(&mut self.clients) {
            let of_lane = || (0..CLIENTS.len()).filter(move |at| CLIENTS[*at].lane == lane);
            let got: Vec<_> = of_lane().map(|at| slot_ms[at]).collect();
            let weights: Vec<_> = of_lane().map(|at| u64::from(CLIENTS[at].weight)).collect();
            if of_lane().all(|at| contended[at]) {
                errors.note(&got, &weights);
                sums.push(got.iter().sum());
            }
        }
        if sums.len() == LANES.len() {
            let weights = LANES.map(|lane| u64::from(Options::default().lane_weights[lane.index()]));
            self.lanes.note(&sums, &weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_parts_of_what_is_due() {
        assert!(worst(&[10, 20, 40], &[1, 2, 4]) < 1e-9);
        assert!((worst(&[11, 20, 39], &[1, 2, 4]) - 0.1).abs() < 1e-9);
    }

    #[test]
    fn a_minute_counts_if_all_wait_all_the_time() {
        let mut shares = Shares::default();
        (1..10).for_each(|client| shares.queued(client));
        shares.close_window();
        assert_eq!(shares.lanes.minutes(), 0);
        (1..10).for_each(|client| shares.took(client, u64::from(CLIENTS[usize::from(client)].weight)));
        shares.close_window();
        assert_eq!((shares.lanes.minutes(), shares.clients[1].minutes()), (1, 1));
        assert!(shares.clients[1].summary().is_some_and(|[_, largest, _]| largest < 1e-9));
        shares.started(4);
        shares.queued(4);
        shares.close_window();
        assert_eq!((shares.lanes.minutes(), shares.clients[0].minutes(), shares.clients[1].minutes()), (1, 2, 1));
    }
}
