//! How often a scheduler tries before it gives a task up.

use clap::Args;
use gleaner_core::Options;

/// What a failed attempt leads to.
#[derive(Args, Clone, Debug)]
pub(crate) struct RetryArgs {
    /// Failed tries, 1 to 100, before a job ends as failed.
    #[arg(
        long, env = "GLEANER_ATTEMPTS", default_value_t = Options::default().attempts_max, value_name = "N",
        value_parser = clap::value_parser!(u8).range(1..=100)
    )]
    attempts: u8,
    /// The longest first pause after a failed try, in milliseconds; it doubles with each further one.
    #[arg(
        long, env = "GLEANER_BACKOFF_MS", default_value_t = Options::default().backoff_base_ms, value_name = "MS",
        value_parser = clap::value_parser!(u64).range(1..=Options::default().backoff_cap_ms)
    )]
    backoff_ms: u64,
}

impl RetryArgs {
    /// The numbers of the decisions, with these among them.
    pub(crate) fn decisions(&self) -> Options {
        Options { attempts_max: self.attempts, backoff_base_ms: self.backoff_ms, ..Options::default() }
    }
}
