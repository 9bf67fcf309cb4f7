//! The subcommands, a file each.

pub(crate) mod batches;
pub(crate) mod campaigns;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod drain;
pub(crate) mod events;
mod explain;
pub(crate) mod hosts;
pub(crate) mod jobs;
pub(crate) mod lanes;
pub(crate) mod recompute;
pub(crate) mod refresh;
pub(crate) mod replay;
pub(crate) mod resolve;
mod retry;
pub(crate) mod schedules;
pub(crate) mod serve;
mod set_host;
pub(crate) mod show;
pub(crate) mod store;
pub(crate) mod up;
pub(crate) mod why;
pub(crate) mod worker;
pub(crate) mod workers;
