//! The attempts that take time: each sleeps as long as its payload says, and stops and goes on when it is told to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use gleaner_proto::v1;
use tokio::sync::watch;

/// What an attempt is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Go on.
    Run,
    /// Wait.
    Suspend,
    /// End; nobody wants to hear how.
    Cancel,
}

/// The ways to all attempts that sleep.
#[derive(Default)]
pub(crate) struct Attempts {
    orders: RefCell<HashMap<(u64, u64, u64), watch::Sender<Order>>>,
}

fn key(attempt: v1::Attempt) -> (u64, u64, u64) {
    (attempt.task, attempt.epoch, attempt.sequence)
}

impl Attempts {
    /// Sleeps for an attempt, the time for which it is suspended left out. False if it was cancelled.
    pub(crate) async fn sleep(&self, attempt: v1::Attempt, sleep: Duration) -> bool {
        let (order, mut orders) = watch::channel(Order::Run);
        self.orders.borrow_mut().insert(key(attempt), order);
        let slept = sleep_out(sleep, &mut orders).await;
        self.orders.borrow_mut().remove(&key(attempt));
        slept
    }

    /// Tells an attempt what to do. False if it is not there any more.
    pub(crate) fn order(&self, attempt: v1::Attempt, order: Order) -> bool {
        self.orders.borrow().get(&key(attempt)).is_some_and(|orders| orders.send(order).is_ok())
    }
}

async fn sleep_out(mut left: Duration, orders: &mut watch::Receiver<Order>) -> bool {
    loop {
        let order = *orders.borrow_and_update();
        let begun = Instant::now();
        match order {
            Order::Cancel => return false,
            Order::Suspend => drop(orders.changed().await),
            Order::Run => tokio::select! {
                () = tokio::time::sleep(left) => return true,
                _ = orders.changed() => left = left.saturating_sub(begun.elapsed()),
            },
        }
    }
}
