//! How fast a worker's requests may leave its machine.

use std::num::NonZeroU32;

use clap::Args;
use gleaner_agent::EgressLimit;

/// A worker's own bound, beside what its scheduler permits.
#[derive(Args, Clone, Debug)]
pub(crate) struct EgressArgs {
    /// Requests a second that may leave this worker at most, whatever its scheduler permits; without it there is no
    /// limit but the permits.
    #[arg(long, env = "GLEANER_EGRESS", value_name = "REQUESTS")]
    egress: Option<NonZeroU32>,
    /// How many of them may leave at once after a pause; a second's worth if not given.
    #[arg(long, env = "GLEANER_EGRESS_BURST", value_name = "REQUESTS", requires = "egress")]
    egress_burst: Option<NonZeroU32>,
}

impl EgressArgs {
    pub(crate) fn limit(&self) -> Option<EgressLimit> {
        self.egress.map(|per_second| EgressLimit { per_second, burst: self.egress_burst.unwrap_or(per_second) })
    }
}
