//! HTTP as a crawler needs it: one request at a time, nothing followed, nothing retried.
//!
//! The agent makes a request only with a permit in hand, so the HTTP client must not make any by itself: redirects are
//! told, not followed, and a failed request is a fault, not another try.

mod answer;
mod body;
mod client;
mod egress;
mod fault;
mod redirect;
mod room;

pub(crate) use answer::{Answer, Body};
pub(crate) use body::Recipient;
pub(crate) use client::{Hop, HttpClient};
pub(crate) use egress::Egress;
pub(crate) use redirect::Trail;
