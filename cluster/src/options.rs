//! The numbers of a channel: sizes and times, with the reason for each.

use std::time::Duration;

/// The largest gRPC message that any side decodes, in bytes: 4 MiB, tonic's own default, stated here so that both
/// sides agree on it. Documents travel in pieces of at most 256 KiB, so the largest message is a parsed record.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// How a channel is kept. The defaults suit a data centre and a home network alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelOptions {
    /// How long a TCP connection and its TLS handshake may take together.
    pub connect_timeout: Duration,
    /// Silence after which an HTTP/2 ping is sent, idle channels included. A worker's session is mostly silent, and
    /// home routers and load balancers forget silent connections after a minute or more.
    pub keep_alive_interval: Duration,
    /// How long the answer to that ping may take before the channel counts as broken.
    pub keep_alive_timeout: Duration,
    /// HTTP/2 flow-control window of one stream, in bytes: how much a sender may have under way unread.
    pub stream_window_bytes: u32,
    /// The same for all streams of a connection together.
    pub connection_window_bytes: u32,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            // Twice in the shortest common idle limit (30 s); the scheduler notices a lost worker by its lease and
            // not by this, so the interval need not be short.
            keep_alive_interval: Duration::from_secs(15),
            keep_alive_timeout: Duration::from_secs(10),
            // 1 MiB carries 80 Mbit/s over a 100 ms path on one session stream; HTTP/2's 64 KiB carries 5.
            stream_window_bytes: 1024 * 1024,
            // Four busy streams to a connection; more share, which bounds what a peer can make us hold.
            connection_window_bytes: 4 * 1024 * 1024,
        }
    }
}
