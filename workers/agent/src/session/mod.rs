//! The stream between this worker and its scheduler: opened, greeted, kept alive, opened anew when it breaks.
//!
//! Wire types stop in this folder. What comes in is an [`Incoming`] with leave to answer it; what goes out is said
//! through a [`Link`].

mod backoff;
mod incoming;
mod link;
mod run;
mod shipping;

pub(crate) use incoming::Incoming;
pub(crate) use link::{AnswerSlot, Link};
pub(crate) use run::{Greeting, Session};
pub(crate) use shipping::Shipments;
