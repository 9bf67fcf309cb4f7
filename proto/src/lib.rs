//! `gleaner.v1`: what goes over the wire, and the only place where it becomes the domain's own types and back.
//!
//! Wire types stop at the gRPC edge. Whatever arrives is converted once, by the functions of [`convert`], each of
//! which names every way in which it can fail.

pub mod convert;
pub mod trace;

/// Generated from `proto/gleaner/v1/*.proto`, whose comments say who sends what, when, in which units.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, clippy::unwrap_used)]
pub mod v1 {
    tonic::include_proto!("gleaner.v1");

    /// The protocol's own description, for gRPC server reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/gleaner.v1.bin"));
}

#[cfg(test)]
mod rules;
