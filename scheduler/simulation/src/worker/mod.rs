//! A simulated worker process: what it holds, what of that survives it, and what it says (the agent's roster, session
//! and outbox).

mod body;
mod session;

use std::collections::BTreeMap;

use gleaner_core::HostIndex;
use gleaner_model::Attempt;

pub(crate) use self::body::{Body, Leave, Phase, Step};
use crate::wire::{Conn, HeldRun, Run, Said};

/// What a worker wants of the world.
#[derive(Debug)]
pub(crate) enum Want {
    Say(Said),
    /// Something happens to a body after a while.
    Step {
        run: Run,
        step: Step,
        after_ms: u64,
    },
    /// A request to a host goes out.
    Request {
        run: Run,
        host: HostIndex,
    },
    /// A resolution reads what the catalogue knows, and begins.
    Reads {
        run: Run,
    },
    /// The body is of no interest any more, for this reason.
    Forgot {
        run: Run,
        acknowledged: bool,
    },
    Heartbeat {
        after_ms: u64,
    },
    /// It suspended a body.
    Suspended,
}

/// A worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) slots: u16,
    pub(crate) needs: u16,
    /// It says when its requests end; an older one does not.
    pub(crate) tells: bool,
    /// It does nothing that takes long.
    pub(crate) is_brisk: bool,
    /// Rises with every start of its process; what was meant for an earlier one is void.
    pub(crate) life: u64,
    pub(crate) up: bool,
    pub(crate) draining: bool,
    /// It stands still until then.
    pub(crate) frozen_until_ms: u64,
    pub(crate) conn: Option<Conn>,
    pub(crate) welcomed: bool,
    pub(crate) heartbeat_ms: u64,
    pub(crate) failures: u32,
    pub(crate) bodies: BTreeMap<Run, Body>,
    /// Its monotonic clock runs by so many in ten thousand fast.
    pub(crate) fast: u64,
}

impl Worker {
    pub(crate) const fn new(slots: u16, needs: u16, tells: bool, fast: u64) -> Self {
        Self {
            slots,
            needs,
            tells,
            is_brisk: false,
            life: 0,
            up: false,
            draining: false,
            frozen_until_ms: 0,
            conn: None,
            welcomed: false,
            heartbeat_ms: 0,
            failures: 0,
            bodies: BTreeMap::new(),
            fast,
        }
    }

    /// What its own clock shows.
    pub(crate) const fn clock_ms(&self, now_ms: u64) -> u64 {
        now_ms + now_ms * self.fast / 10_000
    }

    /// Everything that it has, in ascending order, as a hello names it.
    pub(crate) fn held(&self) -> Vec<HeldRun> {
        let held = |(run, body): (&Run, &Body)| HeldRun {
            attempt: body.attempt,
            run: *run,
            finished: matches!(body.phase, Phase::Finished(_)),
        };
        let mut held: Vec<_> = self.bodies.iter().map(held).collect();
        held.sort_by_key(|held| held.attempt);
        held
    }

    /// A mean time of something that it does.
    pub(crate) fn mean_ms(&self, usual_ms: u64) -> u64 {
        if self.is_brisk { usual_ms.min(20) } else { usual_ms }
    }

    fn find(&self, attempt: Attempt) -> Option<Run> {
        self.bodies.iter().find(|(_, body)| body.attempt == attempt).map(|(run, _)| *run)
    }

    fn running(&self) -> usize {
        self.bodies.values().filter(|body| body.phase == Phase::Running).count()
    }

    /// The process is gone; what is in the outbox stays, unless the machine is gone as well.
    pub(crate) fn die(&mut self, outbox_survives: bool) {
        self.life += 1;
        self.up = false;
        self.draining = false;
        (self.conn, self.welcomed) = (None, false);
        self.bodies.retain(|_, body| outbox_survives && matches!(body.phase, Phase::Finished(_)));
    }

    /// Is everything done that was to be done before it goes?
    pub(crate) fn is_drained(&self) -> bool {
        self.up && self.draining && self.bodies.is_empty()
    }
}
