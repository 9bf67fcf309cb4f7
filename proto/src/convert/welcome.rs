//! The scheduler's side of the greeting.

use gleaner_model::{Attempt, Token};

use super::{InvalidMessage, list, required};
use crate::v1;

/// What a scheduler answers to a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The scheduler's epoch.
    pub epoch: u64,
    /// How often to send a heartbeat, in milliseconds; never zero.
    pub heartbeat_ms: u64,
    /// How long a lease holds without one, in milliseconds; never zero.
    pub lease_ttl_ms: u64,
    /// What became of each held attempt, in the order of the hello.
    pub claims: Vec<Claim>,
    /// Does it take several outcomes in one message?
    pub takes_several: bool,
}

/// What became of a held attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The attempt, as the worker named it.
    pub attempt: Attempt,
    /// What to do with it.
    pub verdict: ClaimVerdict,
}

/// What a worker is to do with a held attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimVerdict {
    /// Go on with it, under this fresh token.
    Adopted(Token),
    /// Stop it: another worker has the task.
    Abandoned,
    /// Forget it: the task has ended.
    Closed,
}

impl From<Welcome> for v1::Welcome {
    fn from(welcome: Welcome) -> Self {
        Self {
            epoch: welcome.epoch,
            heartbeat_ms: welcome.heartbeat_ms,
            lease_ttl_ms: welcome.lease_ttl_ms,
            claims: welcome.claims.into_iter().map(Into::into).collect(),
            takes_several: welcome.takes_several,
        }
    }
}

impl TryFrom<v1::Welcome> for Welcome {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Welcome) -> Result<Self, InvalidMessage> {
        Ok(Self {
            epoch: wire.epoch,
            heartbeat_ms: period(wire.heartbeat_ms, "heartbeat_ms")?,
            lease_ttl_ms: period(wire.lease_ttl_ms, "lease_ttl_ms")?,
            claims: list(wire.claims, "claims")?,
            takes_several: wire.takes_several,
        })
    }
}

/// A period of zero would have the worker send heartbeats without a pause.
fn period(ms: u64, field: &str) -> Result<u64, InvalidMessage> {
    if ms == 0 { Err(InvalidMessage::missing(field)) } else { Ok(ms) }
}

impl From<Claim> for v1::Claim {
    fn from(claim: Claim) -> Self {
        let (verdict, token) = match claim.verdict {
            ClaimVerdict::Adopted(token) => (v1::ClaimVerdict::Adopted, token),
            ClaimVerdict::Abandoned => (v1::ClaimVerdict::Abandoned, NO_TOKEN),
            ClaimVerdict::Closed => (v1::ClaimVerdict::Closed, NO_TOKEN),
        };
        Self {
            attempt: Some(claim.attempt.into()),
            verdict: verdict.into(),
            epoch: token.epoch,
            sequence: token.sequence,
        }
    }
}

/// What the token's fields hold where they mean nothing.
const NO_TOKEN: Token = Token { epoch: 0, sequence: 0 };

impl TryFrom<v1::Claim> for Claim {
    type Error = InvalidMessage;

    fn try_from(wire: v1::Claim) -> Result<Self, InvalidMessage> {
        let field = "verdict";
        let verdict =
            v1::ClaimVerdict::try_from(wire.verdict).map_err(|_| super::field::unknown_number(wire.verdict, field))?;
        let verdict = match verdict {
            v1::ClaimVerdict::Unspecified => return Err(InvalidMessage::missing(field)),
            v1::ClaimVerdict::Adopted => ClaimVerdict::Adopted(Token { epoch: wire.epoch, sequence: wire.sequence }),
            v1::ClaimVerdict::Abandoned => ClaimVerdict::Abandoned,
            v1::ClaimVerdict::Closed => ClaimVerdict::Closed,
        };
        Ok(Self { attempt: required(wire.attempt, "attempt")?, verdict })
    }
}
