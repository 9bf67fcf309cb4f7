//! The worker's side of the greeting.

use gleaner_model::{Attempt, Capability, WorkerName};

use super::field::at_most;
use super::{InvalidMessage, job_kind, list, parse, required};
use crate::v1;

/// Most attempts that one worker may run at a time: far more than a process can use, and small enough that a number
/// sent by mistake cannot empty the queue into one worker.
pub const SLOTS_MAX: u16 = 4096;

/// Most attempts that a hello may name: sixteen times the slots, since outcomes wait beside what runs; about two
/// megabytes on the wire, under the four that a receiver takes.
pub const HELD_MAX: usize = 65_536;

/// Who a worker is and what it still has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Its identity, stable across restarts.
    pub worker: WorkerName,
    /// Differs at each start of the process.
    pub incarnation: u64,
    /// Its version, such as `0.1.0`.
    pub version: String,
    /// What it can do; at least one.
    pub capabilities: Vec<Capability>,
    /// How many attempts it runs at a time, 1 to [`SLOTS_MAX`].
    pub slots: u16,
    /// Every attempt that it still runs or holds an outcome of; at most [`HELD_MAX`].
    pub held: Vec<HeldAttempt>,
    /// Does it say when requests end?
    pub tells_ends: bool,
    /// Does it take several assignments and several acknowledgements in one message?
    pub takes_several: bool,
}

/// An attempt that a worker has from an earlier session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldAttempt {
    /// Which.
    pub attempt: Attempt,
    /// Is it finished, so that an outcome follows?
    pub finished: bool,
}

impl From<Hello> for v1::Hello {
    fn from(hello: Hello) -> Self {
        Self {
            worker: hello.worker.to_string(),
            incarnation: hello.incarnation,
            version: hello.version,
            capabilities: hello.capabilities.into_iter().map(Into::into).collect(),
            slots: hello.slots.into(),
            held: hello.held.into_iter().map(Into::into).collect(),
            tells_ends: hello.tells_ends,
            takes_several: hello.takes_several,
        }
    }
}

impl TryFrom<v1::Hello> for Hello {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Hello) -> Result<Self, InvalidMessage> {
        if wire.capabilities.is_empty() {
            return Err(InvalidMessage::missing("capabilities"));
        }
        at_most(wire.held.len(), HELD_MAX, "held")?;
        Ok(Self {
            worker: parse(&wire.worker, "worker")?,
            incarnation: wire.incarnation,
            version: wire.version,
            capabilities: list(wire.capabilities, "capabilities")?,
            slots: slots(wire.slots)?,
            held: list(wire.held, "held")?,
            tells_ends: wire.tells_ends,
            takes_several: wire.takes_several,
        })
    }
}

fn slots(number: u32) -> Result<u16, InvalidMessage> {
    u16::try_from(number).ok().filter(|slots| (1..=SLOTS_MAX).contains(slots)).ok_or_else(|| {
        InvalidMessage::invalid("slots", format_args!("a worker has 1 to {SLOTS_MAX} slots, not {number}"))
    })
}

impl From<Capability> for v1::Capability {
    fn from(capability: Capability) -> Self {
        Self { kind: v1::JobKind::from(capability.kind).into(), ecosystem: capability.ecosystem.to_string() }
    }
}

impl TryFrom<v1::Capability> for Capability {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Capability) -> Result<Self, InvalidMessage> {
        Ok(Self { kind: job_kind(wire.kind, "kind")?, ecosystem: parse(&wire.ecosystem, "ecosystem")? })
    }
}

impl From<HeldAttempt> for v1::Held {
    fn from(held: HeldAttempt) -> Self {
        Self { attempt: Some(held.attempt.into()), finished: held.finished }
    }
}

impl TryFrom<v1::Held> for HeldAttempt {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Held) -> Result<Self, InvalidMessage> {
        Ok(Self { attempt: required(wire.attempt, "attempt")?, finished: wire.finished })
    }
}
