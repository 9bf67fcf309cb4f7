//! The HTTP door. Today it serves the operator only: is the process alive, may it take work, what are its numbers.
//!
//! The problem: whatever runs a scheduler (systemd, a container platform, a load balancer, Prometheus) asks over
//! plain HTTP, often, and must get an answer that is true and cheap even while the process recovers, drains or is
//! flooded. So this door has its own listener and its own bounds, and reads what others already know.
//!
//! It never decides anything and never touches the store: readiness comes in through the [`Readiness`] trait.
//!
//! | path | answer |
//! |---|---|
//! | `GET /healthz` | 200 while the process serves at all |
//! | `GET /readyz` | 200 if it may be sent work, else 503; JSON with the reasons |
//! | `GET /metrics` | Prometheus text |
//! | `GET /version` | JSON: name and version |

mod gate;
mod listener;
mod routes;

pub use gate::{Gate, NotReady, Readiness};
pub use listener::{ListenerOptions, serve};
pub use routes::{Gateway, router};
