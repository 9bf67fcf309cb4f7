//! The worker: it fetches what schedulers assign, within their permits, and loses no outcome that it has.
//!
//! The problem: fetching is slow and fails in many ways, the scheduler may be away, the process may be killed at any
//! moment, and hosts count every request. So an attempt makes a request only with a permit in hand; its outcome is on
//! disk before it is reported, and stays there until the scheduler has acknowledged it; and whatever breaks, the worker
//! opens a new session, says what it still has, and does as it is told.
//!
//! [`Agent::start`] starts one. Inside:
//! - `roster` decides, without side effects, what may happen to which attempt; `worker` is the actor around it;
//! - `attempt` runs one attempt, as a task of its own: plan, fetch, read, report; or resolve;
//! - `catalogue` holds what resolutions read, and follows the scheduler's catalogue;
//! - `http` makes one request; `workshop` does work for the processor off the async threads;
//! - `session` keeps the stream to the scheduler; wire types stop there;
//! - `state` keeps the outbox and what is known of packages in a file of its own.
//!
//! The agent never sees a scheduler's code, only its protocol. TLS of the channel to the scheduler is its caller's.

mod agent;
mod attempt;
mod catalogue;
mod chance;
mod document;
mod error;
mod http;
mod metrics;
mod options;
mod roster;
mod session;
mod state;
mod worker;
mod workshop;

pub use agent::{Agent, Handle, Snapshot};
pub use error::AgentError;
pub use options::{Clock, EgressLimit, Options, SLOTS_MAX, Timeouts, capabilities};
