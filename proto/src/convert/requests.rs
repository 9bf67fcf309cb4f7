//! Requests of attempts that have ended.

use gleaner_model::{Attempt, Host};

use super::field::at_most;
use super::{InvalidMessage, list, parse, required};
use crate::v1;

/// Most hosts that one message may name: an attempt asks a registry's host and those that it redirects to.
pub const ENDED_HOSTS_MAX: usize = 64;

/// Requests of an attempt have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestsEnded {
    /// Whose.
    pub attempt: Attempt,
    /// Which, since it said so last; at most [`ENDED_HOSTS_MAX`].
    pub ended: Vec<EndedRequests>,
}

/// Requests to one host that have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedRequests {
    /// Which host.
    pub host: Host,
    /// How many.
    pub requests: u32,
    /// Of these, how many were answered well: neither refused nor failed.
    pub well: u32,
}

impl From<RequestsEnded> for v1::RequestsEnded {
    fn from(message: RequestsEnded) -> Self {
        let ended = message.ended.into_iter().map(Into::into).collect();
        Self { attempt: Some(message.attempt.into()), ended }
    }
}

impl TryFrom<v1::RequestsEnded> for RequestsEnded {
    type Error = InvalidMessage;

    fn try_from(wire: v1::RequestsEnded) -> Result<Self, InvalidMessage> {
        Ok(Self { attempt: required(wire.attempt, "attempt")?, ended: ended(wire.ended)? })
    }
}

/// Reads the field `ended`.
pub(super) fn ended(wire: Vec<v1::EndedRequests>) -> Result<Vec<EndedRequests>, InvalidMessage> {
    at_most(wire.len(), ENDED_HOSTS_MAX, "ended")?;
    list(wire, "ended")
}

impl From<EndedRequests> for v1::EndedRequests {
    fn from(ended: EndedRequests) -> Self {
        Self { host: ended.host.to_string(), requests: ended.requests, well: ended.well }
    }
}

impl TryFrom<v1::EndedRequests> for EndedRequests {
    type Error = InvalidMessage;

    fn try_from(wire: v1::EndedRequests) -> Result<Self, InvalidMessage> {
        let v1::EndedRequests { host, requests, well } = wire;
        if well > requests {
            let reason = format_args!("of {requests} requests {well} cannot have been answered well");
            return Err(InvalidMessage::invalid("well", reason));
        }
        Ok(Self { host: parse(&host, "host")?, requests, well })
    }
}
