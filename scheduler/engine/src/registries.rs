//! The configured registries, as the scheduler looks them up.

use std::sync::Arc;

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
    pub(crate) registry: Arc<Registry>,
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
            if by_name.insert(name.clone(), Known { registry: Arc::new(registry.clone()), host }).is_some() {
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
    // No name holds a zero, so that no two jobs feed the same bytes.
    let feed = |hash: &mut Sha256, text: &str| {
        hash.update(text);
        hash.update([0]);
    };
    let question = spec.question.as_deref().map(|question| (question, fingerprint_of_question(question)));
    let mut hash = Sha256::new();
    for text in [spec.registry.as_str(), spec.purl.ecosystem().as_str(), spec.purl.name().as_str()] {
        feed(&mut hash, text);
    }
    if let Some((_, fingerprint)) = question.filter(|(question, _)| question.root != Root::Package) {
        hash.update(fingerprint);
    }
    let package = leading(&hash.clone().finalize());
    let part = match spec.part {
        CrawlPart::Newest => "newest",
        CrawlPart::Older => "older",
    };
    feed(&mut hash, spec.kind.as_str());
    feed(&mut hash, part);
    // A crawl is about a package; a resolution about a version.
    if spec.kind == JobKind::Resolve {
        feed(&mut hash, spec.purl.version().unwrap_or_default());
    }
    if let Some((_, fingerprint)) = question {
        hash.update(fingerprint);
    }
    TargetKey(u128::from(package) << 64 | u128::from(leading(&hash.finalize())))
}

/// What stands for a worker wherever it matters who it is and not which session it has.
pub(crate) fn identity_of(worker: &WorkerName) -> u64 {
    quarter(worker.as_str())
}

/// A quarter of a SHA-256.
pub(crate) fn quarter(text: &str) -> u64 {
    leading(&Sha256::digest(text.as_bytes()))
}

/// The first quarter of a digest.
fn leading(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}
