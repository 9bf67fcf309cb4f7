//! Whom the events since a position touch.
//!
//! The events say which packages changed; whether that matters to a root is a question to its resolver: does anything that
//! the root read have another first candidate now? So the packages that changed, and that anybody read, are read as of
//! both positions, and the reverse index of `gleaner_resolvers` compares.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use gleaner_model::{
    Answer, Ecosystem, Event, EventKind, PackageName, Purl, RegistryName, Resolution, ResolutionRecord,
};
use gleaner_proto::convert::{Known, KnownPackage, READ_MAX, ReadPackages};
use gleaner_proto::v1;
use gleaner_resolvers::cargo::Cargo;
use gleaner_resolvers::npm::Npm;
use gleaner_resolvers::pypi::Pypi;
use gleaner_resolvers::{Change, Resolver, ReverseIndex, RootId, Snapshot, View};
use gleaner_store::Cursor;

use super::memory::{Line, Memory};
use crate::exit::Failure;
use crate::remote::Remote;

/// Events of one request.
const PAGE: u32 = 10_000;
/// The one shard of events that a scheduler has.
const SHARD: u16 = 0;

/// What changed of packages between two positions in the catalogue's events, in the default registries.
#[derive(Debug, Default)]
pub(super) struct Changes {
    from: u64,
    /// All events before this were read.
    pub(super) until: u64,
    packages: BTreeMap<Ecosystem, BTreeMap<PackageName, Change>>,
    /// Packages that were fetched for the first time.
    pub(super) discovered: BTreeSet<Purl>,
}

/// Does a change of this kind tell all that changed by the versions that there are? Else whoever read anything of the
/// package is asked again: what an older position knew of it cannot be told in full, or it changes what is warned of.
const fn change(kind: &EventKind) -> Change {
    match kind {
        EventKind::VersionPublished { .. }
        | EventKind::VersionYanked { .. }
        | EventKind::VersionUnyanked { .. }
        | EventKind::LatestChanged { .. }
        | EventKind::TagMoved { .. } => Change::Versions,
        EventKind::PackageDiscovered { .. }
        | EventKind::PackageGone
        | EventKind::PackageReturned
        | EventKind::VersionRemoved { .. }
        | EventKind::VersionDeprecated { .. }
        | EventKind::VersionUndeprecated { .. }
        | EventKind::VersionDependenciesChanged { .. }
        | EventKind::FactsChanged => Change::Facts,
    }
}

impl Changes {
    /// Those that the events from position `from` on tell, up to the end.
    pub(super) async fn since(remote: &Remote, from: u64) -> Result<Self, Failure> {
        let mut changes = Self { from, until: from, ..Self::default() };
        changes.follow(remote, u64::MAX).await?;
        Ok(changes)
    }

    /// Takes in further events, those before position `until`.
    pub(super) async fn follow(&mut self, remote: &Remote, until: u64) -> Result<(), Failure> {
        while self.until < until {
            let cursor = Cursor { positions: vec![(SHARD, self.until)] }.to_string();
            let asked = v1::ListEventsRequest { cursor, page_size: PAGE };
            let page = remote.catalog().list_events(asked).await?.into_inner();
            for wire in page.events {
                let (event, after): (Event, String) = wire.try_into().map_err(senseless)?;
                let after = position(&after)?;
                if after > until {
                    self.until = until;
                    return Ok(());
                }
                self.until = after;
                self.take(&event);
            }
            let next = position(&page.next_cursor)?;
            if next <= self.until {
                // There are no more.
                self.until = if until == u64::MAX { self.until } else { until };
                return Ok(());
            }
            self.until = next;
        }
        Ok(())
    }

    fn take(&mut self, event: &Event) {
        let purl = event.key.purl();
        if *event.key.registry() != RegistryName::default_of(purl.ecosystem()) {
            return;
        }
        if let EventKind::PackageDiscovered { .. } = event.kind {
            self.discovered.insert(purl.clone());
        }
        let new = change(&event.kind);
        let known = self.packages.entry(purl.ecosystem()).or_default().entry(purl.name().clone()).or_insert(new);
        if new == Change::Facts {
            *known = new;
        }
    }

    /// Roots whose answers may be others now. What is no graph and no refusal is asked for again in any case.
    pub(super) async fn dirty(&self, memory: &Memory, remote: &Remote) -> Result<HashSet<String>, Failure> {
        let mut dirty = HashSet::new();
        let mut touched: BTreeMap<Ecosystem, Vec<Touched>> = BTreeMap::new();
        for line in memory.pass()? {
            let Line { root, record } = line?;
            match record.resolved.resolution.answer {
                Answer::Graph(_) | Answer::Unsatisfiable { .. } => {
                    let ecosystem = record.resolved.ecosystem;
                    if let Some(touched_root) = self.touched(root, record) {
                        touched.entry(ecosystem).or_default().push(touched_root);
                    }
                }
                Answer::Incomplete { .. } | Answer::GaveUp { .. } | Answer::Stopped => {
                    dirty.insert(root);
                }
            }
        }
        for (ecosystem, roots) in touched {
            let found = match ecosystem {
                Ecosystem::Cargo => self.dirty_of::<Cargo>(ecosystem, &roots, remote).await?,
                Ecosystem::Npm => self.dirty_of::<Npm>(ecosystem, &roots, remote).await?,
                Ecosystem::Pypi => self.dirty_of::<Pypi>(ecosystem, &roots, remote).await?,
            };
            dirty.extend(found.into_iter().map(|at| roots[at as usize].root.clone()));
        }
        Ok(dirty)
    }

    /// What a root read of the packages that changed, if it read any of them.
    fn touched(&self, root: String, record: ResolutionRecord) -> Option<Touched> {
        let changed = self.packages.get(&record.resolved.ecosystem)?;
        let environment = record.resolved.environment;
        let view = View { before: record.question.as_of.before() };
        let read = record.resolved.resolution.read;
        let read: Vec<_> = read.into_iter().filter(|read| changed.contains_key(&read.name)).collect();
        let (answer, warnings) = (Answer::Stopped, Vec::new());
        let resolution = Resolution { answer, read, warnings, ..record.resolved.resolution };
        (!resolution.read.is_empty()).then_some(Touched { root, environment, view, resolution })
    }

    async fn dirty_of<R: Resolver>(
        &self,
        ecosystem: Ecosystem,
        roots: &[Touched],
        remote: &Remote,
    ) -> Result<BTreeSet<RootId>, Failure> {
        let names = roots.iter().flat_map(|root| root.resolution.read.iter().map(|read| read.name.clone()));
        let names: Vec<PackageName> = names.collect::<BTreeSet<_>>().into_iter().collect();
        let mut dirty = BTreeSet::new();
        // All were asked alike, and yet a list's roots may once be asked otherwise.
        let Some(Touched { environment, view, .. }) = roots.first() else { return Ok(dirty) };
        let rules = R::environment(environment).map_err(Failure::failed)?;
        let before: R::Snapshot = snapshot(remote, ecosystem, &names, self.from).await?;
        let after: R::Snapshot = snapshot(remote, ecosystem, &names, self.until).await?;
        let mut index = ReverseIndex::<R>::new(rules);
        for (root, touched) in (0..).zip(roots) {
            if touched.environment == *environment && touched.view == *view {
                index.record(root, &touched.resolution, &before, view);
            } else {
                dirty.insert(root);
            }
        }
        let Some(changed) = self.packages.get(&ecosystem) else { return Ok(dirty) };
        for (name, change) in names.iter().filter_map(|name| Some((name, *changed.get(name)?))) {
            dirty.extend(index.changed(name, change, &after, view));
        }
        Ok(dirty)
    }
}

/// A root that read something that changed.
struct Touched {
    root: String,
    environment: Vec<(String, String)>,
    view: View,
    /// Of its reads only those of packages that changed, and no answer.
    resolution: Resolution,
}

fn senseless(error: impl std::fmt::Display) -> Failure {
    Failure::failed(format!("the scheduler's answer makes no sense: {error}"))
}

fn position(cursor: &str) -> Result<u64, Failure> {
    let cursor: Cursor = cursor.parse().map_err(senseless)?;
    Ok(cursor.positions.iter().find(|(shard, _)| *shard == SHARD).map_or(0, |(_, position)| *position))
}

/// These packages as they were known at a position.
async fn snapshot<S: Snapshot>(
    remote: &Remote,
    ecosystem: Ecosystem,
    names: &[PackageName],
    position: u64,
) -> Result<S, Failure> {
    let mut snapshot = S::default();
    for names in names.chunks(READ_MAX) {
        let registry = RegistryName::default_of(ecosystem);
        let asked = ReadPackages { registry, ecosystem, names: names.to_vec(), position: Some(position) };
        let mut facts = remote.catalog().read_facts(v1::ReadFactsRequest::from(asked)).await?.into_inner();
        for name in names {
            let told = facts.message().await?.ok_or_else(|| senseless("it ended before its last package"))?;
            let told: KnownPackage = told.try_into().map_err(senseless)?;
            match told.known {
                Known::Nothing => {}
                Known::Absent => snapshot.insert_absent(name),
                Known::Package(package) => snapshot.insert(name, &package),
            }
        }
    }
    Ok(snapshot)
}
