//! A worker in this process.

use std::path::PathBuf;

use gleaner_agent::{Agent, EgressLimit, Handle, Options, Timeouts};
use gleaner_model::WorkerName;
use tonic::transport::Endpoint;

use crate::exit::Failure;
use crate::resolving::Resolving;

/// What a worker is started with.
pub(crate) struct WorkerNodeOptions {
    /// Where it keeps its own state.
    pub(crate) data: PathBuf,
    pub(crate) name: Option<WorkerName>,
    /// How many attempts it runs at a time.
    pub(crate) slots: usize,
    /// How registries can reach who crawls.
    pub(crate) contact: Option<String>,
    /// How long hosts may take.
    pub(crate) timeouts: Timeouts,
    /// How fast requests may leave at most.
    pub(crate) egress: Option<EgressLimit>,
    /// What its resolutions may take.
    pub(crate) resolving: Resolving,
    /// Its scheduler.
    pub(crate) endpoint: Endpoint,
}

/// Starts a worker. It connects by itself, again and again, and goes on with what it has meanwhile.
pub(crate) async fn start_worker(options: WorkerNodeOptions) -> Result<Handle, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let user_agent = match &options.contact {
        Some(contact) => format!("gleaner/{version} ({contact})"),
        None => format!("gleaner/{version}"),
    };
    let (name, slots, timeouts, egress) = (options.name, options.slots, options.timeouts, options.egress);
    let Resolving { steps_max: resolution_steps_max, memory_bytes: snapshot_max_bytes } = options.resolving;
    let agent = Options {
        name,
        slots,
        timeouts,
        egress,
        resolution_steps_max,
        snapshot_max_bytes,
        ..Options::new(options.data, user_agent)
    };
    Ok(Agent::start(agent, options.endpoint.connect_lazy()).await?)
}
