//! How long a worker waits for hosts.

use std::time::Duration;

use clap::Args;
use gleaner_agent::Timeouts;

/// The longest that any of them may be: an hour, since a longer one is more likely a typing error.
const LONGEST_MS: u64 = 3_600_000;

/// How long a host may take before the request counts as failed.
#[derive(Args, Clone, Debug)]
pub(crate) struct TimeoutArgs {
    /// How long a host may take to accept a connection, in milliseconds.
    #[arg(
        long, env = "GLEANER_CONNECT_TIMEOUT_MS", default_value_t = ms(Timeouts::default().connect), value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=LONGEST_MS)
    )]
    connect_timeout_ms: u64,
    /// How long a host may say nothing while it answers, in milliseconds.
    #[arg(
        long, env = "GLEANER_IDLE_TIMEOUT_MS", default_value_t = ms(Timeouts::default().idle), value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=LONGEST_MS)
    )]
    idle_timeout_ms: u64,
    /// How long one request may take from start to end, in milliseconds.
    #[arg(
        long, env = "GLEANER_TIMEOUT_MS", default_value_t = ms(Timeouts::default().whole), value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=LONGEST_MS)
    )]
    timeout_ms: u64,
}

impl TimeoutArgs {
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: Duration::from_millis(self.connect_timeout_ms),
            idle: Duration::from_millis(self.idle_timeout_ms),
            whole: Duration::from_millis(self.timeout_ms),
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
