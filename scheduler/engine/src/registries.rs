//! The configured registries, as the scheduler looks them up.

use gleaner_core::{HostIndex, Needs, Scheduler, TargetKey};
use gleaner_model::{
    Capability, CrawlPart, Ecosystem, Host, InvalidHost, JobKind, JobSpec, Registry, RegistryName, Root, WorkerName,
};
use gleaner_store::fingerprint_of_question;
use hashbrown::HashMap;
use sha2::{Digest, Sha256};

use crate::options::RegistryOptions;

/// A registry and the host of its first request.
pub(crate) struct Known {
    pub(crate) registry: Registry,
    pub(crate) host: HostIndex,
}

/// The registries by name.
pub(crate) struct Registries {
    by_name: HashMap<RegistryName, Known>,
    /// The host of work that asks none.
    catalogue: HostIndex,
}

/// What is wrong with the configured registries.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A base URL is none.
    #[error("registry `{name}`: {source}")]
    Host {
        /// Which registry.
        name: RegistryName,
        /// What is wrong with its URL.
        source: InvalidHost,
    },
    /// Two have one name.
    #[error("registry `{0}` is configured twice")]
    Twice(RegistryName),
    /// More hosts than budgets.
    #[error("registry `{0}` has one host too many")]
    TooManyHosts(RegistryName),
}

impl Registries {
    pub(crate) fn new(options: &[RegistryOptions], core: &mut Scheduler) -> Result<Self, RegistryError> {
        let mut by_name = HashMap::new();
        for RegistryOptions { registry, budget } in options {
            let name = registry.name.clone();
            let host = Host::of_url(&registry.base_url)
                .map_err(|source| RegistryError::Host { name: name.clone(), source })?;
            let host = core.host(&host).ok_or_else(|| RegistryError::TooManyHosts(name.clone()))?;
            if let Some(budget) = budget {
                core.set_budget(host, *budget);
            }
            if by_name.insert(name.clone(), Known { registry: registry.clone(), host }).is_some() {
                return Err(RegistryError::Twice(name));
            }
        }
        Ok(Self { by_name, catalogue: core.catalogue() })
    }

    /// Is none configured? Then nothing can be asked for, and the scheduler only answers questions.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Is this registry configured, and of this ecosystem?
    pub(crate) fn has(&self, registry: &RegistryName, ecosystem: Ecosystem) -> bool {
        self.by_name.get(registry).is_some_and(|known| known.registry.ecosystem == ecosystem)
    }

    /// The host of a job's first request, if its registry is configured and of the purl's ecosystem. A resolution asks
    /// none.
    pub(crate) fn host_of(&self, spec: &JobSpec) -> Option<HostIndex> {
        let known = self.of(spec)?;
        Some(match spec.kind {
            JobKind::Crawl => known.host,
            JobKind::Resolve => self.catalogue,
        })
    }

    /// The registry that a job asks, if it is configured and of the purl's ecosystem.
    pub(crate) fn of(&self, spec: &JobSpec) -> Option<&Known> {
        self.by_name.get(&spec.registry).filter(|known| known.registry.ecosystem == spec.purl.ecosystem())
    }
}

/// What a worker must be able to do for this job.
pub(crate) fn needs_of(spec: &JobSpec) -> Needs {
    needs(&[Capability { kind: spec.kind, ecosystem: spec.purl.ecosystem() }])
}

/// Capabilities as a set of bits.
pub(crate) fn needs(capabilities: &[Capability]) -> Needs {
    let bit = |capability: &Capability| {
        let kind = match capability.kind {
            JobKind::Crawl => 0,
            JobKind::Resolve => 3,
        };
        let ecosystem = match capability.ecosystem {
            Ecosystem::Cargo => 0,
            Ecosystem::Npm => 1,
            Ecosystem::Pypi => 2,
        };
        1_u16 << (kind + ecosystem)
    };
    Needs(capabilities.iter().map(bit).fold(0, |all, bit| all | bit))
}

/// What a job is about, as twins are found by: a quarter of a SHA-256 of the package (or of the manifest) and one of the
/// rest, together wide enough that nobody can make two of a kind.
pub(crate) fn target_of(spec: &JobSpec) -> TargetKey {
    let part = match spec.part {
        CrawlPart::Newest => "newest",
        CrawlPart::Older => "older",
    };
    // A crawl is about a package; a resolution about a version.
    let purl = match spec.kind {
        JobKind::Crawl => spec.purl.without_version(),
        JobKind::Resolve => spec.purl.clone(),
    };
    let question = spec.question.as_ref().map(|question| hex(&fingerprint_of_question(question))).unwrap_or_default();
    let is_manifest = spec.question.as_ref().is_some_and(|question| question.root != Root::Package);
    let of_manifest = if is_manifest { question.as_str() } else { "" };
    let package = quarter(&format!("{} {}{of_manifest}", spec.registry, spec.purl.without_version()));
    let whole = quarter(&format!("{} {} {part} {purl}{question}", spec.kind.as_str(), spec.registry));
    TargetKey(u128::from(package) << 64 | u128::from(whole))
}

/// What stands for a worker wherever it matters who it is and not which session it has.
pub(crate) fn identity_of(worker: &WorkerName) -> u64 {
    quarter(worker.as_str())
}

/// Behind a space, in lower-case digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(" ".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// A quarter of a SHA-256.
pub(crate) fn quarter(text: &str) -> u64 {
    Sha256::digest(text.as_bytes()).iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}
