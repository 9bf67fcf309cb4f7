//! Workers come and go, politely and not: they share the work, and whatever becomes of one, nothing is lost.

mod crew;
mod leaving;
mod placing;
mod sharing;
mod silent;
mod streams;
