//! The numbers of the engine. Those of the decisions are [`gleaner_core::Options`].

use gleaner_core::Budget;
use gleaner_model::Registry;

use crate::clients::Clients;

/// What an engine is started with.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The registries that may be crawled.
    pub registries: Vec<RegistryOptions>,
    /// Who may ask.
    pub clients: Clients,
    /// The numbers of the decisions.
    pub decisions: gleaner_core::Options,
    /// For jitter.
    pub seed: u64,
    /// How often workers give a sign of life; a lease spans several.
    pub heartbeat_ms: u64,
    /// Results and stream positions are kept for this long. Three days: a client that was away for a weekend still
    /// finds out how its jobs ended.
    pub results_kept_ms: u64,
    /// How often old results are looked for.
    pub housekeeping_ms: u64,
}

/// A registry and how fast it may be asked.
#[derive(Clone, Debug)]
pub struct RegistryOptions {
    /// The registry.
    pub registry: Registry,
    /// The budget of its host; none means the default of the decisions.
    pub budget: Option<Budget>,
}

impl EngineOptions {
    /// The usual numbers for these registries and clients.
    #[must_use]
    pub fn new(registries: Vec<RegistryOptions>, clients: Clients, seed: u64) -> Self {
        let decisions = gleaner_core::Options::default();
        Self {
            registries,
            clients,
            // Four signs of life a lease: three may be lost before it ends.
            heartbeat_ms: decisions.lease_ttl_ms / 4,
            decisions,
            seed,
            results_kept_ms: 3 * 24 * 3_600_000,
            housekeeping_ms: 60_000,
        }
    }
}
