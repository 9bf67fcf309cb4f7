//! Which registries are crawled, and how fast they may be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_core::Budget;
use gleaner_engine::RegistryOptions;
use gleaner_model::{Ecosystem, PackageName, Purl, Registry, RegistryName};

use crate::addresses::{self, AddressError, System};
use crate::exit::Failure;
use crate::replay::{Documents, Replay, ReplayOptions, serve};
use crate::settings::Settings;

/// A host on this machine needs no protection from us.
const LOOPBACK_BUDGET: Budget = Budget { interval_us: 1, burst: 65_536 };

/// The registries.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RegistryArgs {
    /// A registry's base URL, such as `npm=https://mirror.example/npm/`; otherwise it is found as the ecosystem's own
    /// client finds it.
    #[arg(long = "registry", value_name = "NAME=URL")]
    pub(crate) registries: Vec<String>,
    /// Requests a second that a registry's host may get, such as npm=20.
    #[arg(long = "rate", value_name = "NAME=N", env = "GLEANER_RATE", value_delimiter = ',')]
    pub(crate) rates: Vec<String>,
    /// How registries can reach who crawls: an address or a URL, sent with every request.
    #[arg(long, env = "GLEANER_CONTACT", value_name = "TEXT")]
    pub(crate) contact: Option<String>,
}

impl RegistryArgs {
    /// The registries of these ecosystems; each must be found.
    pub(crate) fn find(
        &self,
        ecosystems: &BTreeSet<Ecosystem>,
        config: Option<&Path>,
    ) -> Result<Vec<RegistryOptions>, Failure> {
        let finder = self.finder(config)?;
        ecosystems.iter().map(|ecosystem| finder.find(*ecosystem).map_err(Failure::usage)).collect()
    }

    /// The registries of all ecosystems that can be found; a word about those that cannot. At least one must be.
    pub(crate) fn find_any(&self, config: Option<&Path>) -> Result<Vec<RegistryOptions>, Failure> {
        let finder = self.finder(config)?;
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for ecosystem in Ecosystem::ALL {
            match finder.find(ecosystem) {
                Ok(registry) => found.push(registry),
                Err(error @ AddressError::NotFound { .. }) => missing.push(error),
                // Somebody meant something; to go on without it would hide that it is not what they meant.
                Err(error) => return Err(Failure::usage(error)),
            }
        }
        if found.is_empty() {
            return Err(Failure::usage(missing.swap_remove(0)));
        }
        missing.iter().for_each(|error| tracing::warn!("a registry is left out: {error}"));
        Ok(found)
    }

    fn finder(&self, config: Option<&Path>) -> Result<Finder, Failure> {
        let Settings { registries, mut rates, path } = Settings::load(config)?;
        for text in &self.rates {
            let (ecosystem, rate) = rate(text)?;
            rates.insert(ecosystem, rate);
        }
        let settings = addresses::Settings { file: registries, file_path: path, ..addresses::Settings::default() };
        let settings = settings.with_flags(&self.registries).map_err(Failure::usage)?;
        Ok(Finder { settings, environment: System::of_process()?, rates })
    }
}

/// `npm=20`: an ecosystem and how many requests a second its registry's host may get.
fn rate(text: &str) -> Result<(Ecosystem, u32), Failure> {
    let wrong = || Failure::usage(format!("--rate {text}: write NAME=N, such as npm=20, with N from 1 to 10000"));
    let (name, rate) = text.split_once('=').ok_or_else(wrong)?;
    let rate = rate.parse().ok().filter(|rate| (1..=10_000).contains(rate)).ok_or_else(wrong)?;
    Ok((name.parse().map_err(|_| wrong())?, rate))
}

struct Finder {
    settings: addresses::Settings,
    environment: System,
    rates: BTreeMap<Ecosystem, u32>,
}

impl Finder {
    fn find(&self, ecosystem: Ecosystem) -> Result<RegistryOptions, AddressError> {
        let found = addresses::find(ecosystem, &self.settings, &self.environment)?;
        tracing::info!(%ecosystem, source = %found.source, "found a registry");
        let budget = match self.rates.get(&ecosystem) {
            Some(rate) => Some(Budget::per_second(*rate, *rate)),
            None => is_loopback(&found.url).then_some(LOOPBACK_BUDGET),
        };
        Ok(registry(ecosystem, found.url, budget))
    }
}

fn registry(ecosystem: Ecosystem, base_url: String, budget: Option<Budget>) -> RegistryOptions {
    let registry = Registry { name: RegistryName::default_of(ecosystem), ecosystem, base_url };
    RegistryOptions { registry, budget }
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// The loopback registries of one command.
pub(crate) struct Replayed {
    replay: Replay,
    names: Vec<(Ecosystem, String)>,
}

impl Replayed {
    /// Reads the documents and serves them on a free port.
    pub(crate) async fn start(path: &Path) -> Result<Self, Failure> {
        let documents = open(path).await?;
        let names = Ecosystem::ALL.into_iter().flat_map(|ecosystem| {
            documents.names(ecosystem).into_iter().map(move |name| (ecosystem, name.to_owned())).collect::<Vec<_>>()
        });
        let names = names.collect();
        let replay = serve(documents, ReplayOptions::default()).await.map_err(Failure::failed)?;
        Ok(Self { replay, names })
    }

    /// All three of them.
    pub(crate) fn registries(&self) -> Vec<RegistryOptions> {
        let registry = |ecosystem| registry(ecosystem, self.replay.base_url(ecosystem), Some(LOOPBACK_BUDGET));
        Ecosystem::ALL.map(registry).into()
    }

    /// Every package that they have.
    pub(crate) fn purls(&self) -> Result<Vec<Purl>, Failure> {
        let purl = |(ecosystem, name): &(Ecosystem, String)| {
            PackageName::new(*ecosystem, name).map(|name| Purl::new(*ecosystem, name)).map_err(Failure::usage)
        };
        self.names.iter().map(purl).collect()
    }

    pub(crate) async fn stop(self) {
        self.replay.shutdown().await;
    }
}

/// Reads recorded documents, off the async threads: an archive of some hundred megabytes takes a second.
pub(crate) async fn open(path: &Path) -> Result<Documents, Failure> {
    let path: PathBuf = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || Documents::open(&path)).await.map_err(Failure::failed)?;
    opened.map_err(Failure::usage)
}
