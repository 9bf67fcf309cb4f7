//! What workers, and programs that compare, ask of the catalogue, and what it tells them.

use gleaner_model::{Ecosystem, Package, PackageName, RegistryName, Untold, UntoldFact};

use super::field::at_most;
use super::{InvalidMessage, parse, required};
use crate::v1;
use crate::v1::read_packages_response::Known as Wire;

/// Most names of one request, as the protocol states it: more than any one resolution reads.
pub const READ_MAX: usize = 10_000;

/// A worker's question for what is known of packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPackages {
    /// Of which registry,
    pub registry: RegistryName,
    /// of which ecosystem,
    pub ecosystem: Ecosystem,
    /// and of which names.
    pub names: Vec<PackageName>,
    /// As they were known at this position in the catalogue's events; none means as of now.
    pub position: Option<u64>,
}

/// What is known of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPackage {
    /// Its name, as it was asked for.
    pub name: String,
    /// What there is.
    pub known: Known,
    /// A position in the catalogue's events: all before it were taken in.
    pub position: u64,
    /// As of an earlier position: what of the facts of that time cannot be brought back.
    pub untold: Vec<Untold>,
}

/// What the catalogue has of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nobody fetched it yet.
    Nothing,
    /// Its registry has no such package, or not any more.
    Absent,
    /// The facts.
    Package(Box<Package>),
}

impl From<ReadPackages> for v1::ReadPackagesRequest {
    fn from(asked: ReadPackages) -> Self {
        Self {
            registry: asked.registry.into(),
            ecosystem: asked.ecosystem.to_string(),
            names: asked.names.into_iter().map(|name| name.to_string()).collect(),
            position: asked.position,
        }
    }
}

impl TryFrom<v1::ReadPackagesRequest> for ReadPackages {
    type Error = InvalidMessage;

    fn try_from(wire: v1::ReadPackagesRequest) -> Result<Self, InvalidMessage> {
        at_most(wire.names.len(), READ_MAX, "names")?;
        let ecosystem = parse(&wire.ecosystem, "ecosystem")?;
        let name = |(at, text): (usize, &String)| {
            PackageName::new(ecosystem, text).map_err(|error| InvalidMessage::invalid(format!("names[{at}]"), error))
        };
        Ok(Self {
            registry: parse(&wire.registry, "registry")?,
            ecosystem,
            names: wire.names.iter().enumerate().map(name).collect::<Result<_, _>>()?,
            position: wire.position,
        })
    }
}

impl From<ReadPackages> for v1::ReadFactsRequest {
    fn from(asked: ReadPackages) -> Self {
        let v1::ReadPackagesRequest { registry, ecosystem, names, position } = asked.into();
        Self { registry, ecosystem, names, position }
    }
}

impl TryFrom<v1::ReadFactsRequest> for ReadPackages {
    type Error = InvalidMessage;

    fn try_from(wire: v1::ReadFactsRequest) -> Result<Self, InvalidMessage> {
        let v1::ReadFactsRequest { registry, ecosystem, names, position } = wire;
        v1::ReadPackagesRequest { registry, ecosystem, names, position }.try_into()
    }
}

impl From<KnownPackage> for v1::ReadFactsResponse {
    fn from(known: KnownPackage) -> Self {
        let (is_known, package) = match known.known {
            Known::Nothing => (false, None),
            Known::Absent => (true, None),
            Known::Package(package) => (true, Some((*package).into())),
        };
        Self { name: known.name, is_known, package, position: known.position }
    }
}

impl TryFrom<v1::ReadFactsResponse> for KnownPackage {
    type Error = InvalidMessage;

    fn try_from(wire: v1::ReadFactsResponse) -> Result<Self, InvalidMessage> {
        let known = match (wire.is_known, wire.package) {
            (false, _) => Known::Nothing,
            (true, None) => Known::Absent,
            (true, package) => Known::Package(Box::new(required(package, "package")?)),
        };
        Ok(Self { name: wire.name, known, position: wire.position, untold: Vec::new() })
    }
}

impl From<KnownPackage> for v1::ReadPackagesResponse {
    fn from(known: KnownPackage) -> Self {
        let wire = match known.known {
            Known::Nothing => Wire::NotKnown(v1::NotKnown {}),
            Known::Absent => Wire::Absent(v1::Absent {}),
            Known::Package(package) => Wire::Package((*package).into()),
        };
        let untold = |it: Untold| v1::Untold { fact: v1::UntoldFact::from(it.fact).into(), version: it.version };
        let untold = known.untold.into_iter().map(untold).collect();
        Self { name: known.name, known: Some(wire), position: known.position, untold }
    }
}

impl TryFrom<v1::ReadPackagesResponse> for KnownPackage {
    type Error = InvalidMessage;

    fn try_from(wire: v1::ReadPackagesResponse) -> Result<Self, InvalidMessage> {
        let known = match wire.known.ok_or_else(|| InvalidMessage::missing("known"))? {
            Wire::NotKnown(v1::NotKnown {}) => Known::Nothing,
            Wire::Absent(v1::Absent {}) => Known::Absent,
            Wire::Package(package) => Known::Package(Box::new(required(Some(package), "package")?)),
        };
        let untold = wire.untold.into_iter().filter_map(untold).collect();
        Ok(Self { name: wire.name, known, position: wire.position, untold })
    }
}

/// None if it is something that only a later version of the protocol knows of: an answer with one warning less is better
/// than none.
fn untold(wire: v1::Untold) -> Option<Untold> {
    let fact = UntoldFact::try_from(wire.fact()).ok()?;
    Some(Untold { fact, version: wire.version })
}
