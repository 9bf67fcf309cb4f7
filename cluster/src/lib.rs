//! The channels over which nodes and workers speak: who may connect, over what, and why a connection failed.
//!
//! The problem: a scheduler hands out work and takes in facts, so it must know that its peer is one of its own,
//! and nobody between them may read or alter what passes. Within one machine plain text over loopback is enough;
//! anywhere else it is TLS, and mutual TLS where the operator gives a client CA. This crate reads the files,
//! refuses unsafe combinations *before* anything listens, and turns a failed handshake into a sentence that says
//! what to change.
//!
//! It does not know what travels over a channel: services, messages and retries belong to those who open one.

mod client;
mod error;
mod failure;
mod files;
mod listen;
mod options;
mod pem;
mod reach;
mod server;

pub use client::{ClientTls, endpoint};
pub use error::TlsError;
pub use failure::{ChannelFailure, explain};
pub use files::TlsFiles;
pub use listen::{ListenRefused, check_listen};
pub use options::{ChannelOptions, MAX_MESSAGE_BYTES};
pub use reach::reach;
pub use server::{ServerTls, incoming, server, server_tls_config};

/// Makes *ring* the process's cryptography provider, if none was chosen yet.
///
/// rustls looks for a process-wide default when several providers are compiled in, and panics if there is none.
/// Every function of this crate that touches TLS calls this; the binary may call it first, once.
pub fn install_crypto_provider() {
    // An `Err` only says that a provider is installed already, which is what we want.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}
