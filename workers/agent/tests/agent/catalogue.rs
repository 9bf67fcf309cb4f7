//! A catalogue that the test plays: packages with their past, events, and a record of what was asked.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use gleaner_model::{Package, Purl, RegistryName, Untold, UntoldFact};
use gleaner_proto::convert::{Known, KnownPackage, ReadPackages};
use gleaner_proto::v1;
use gleaner_registries::{CrawlWork, read};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Response, Status};

/// Where an event's number stands in a cursor.
const CURSOR: &str = "e1.0-";

pub(crate) type Told = Pin<Box<dyn Stream<Item = Result<v1::ReadPackagesResponse, Status>> + Send>>;

/// The catalogue.
#[derive(Clone)]
pub(crate) struct Catalogue {
    state: Arc<Mutex<State>>,
    /// Reads wait until this is false.
    held: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    events: Vec<v1::Event>,
    /// By registry and name: what was known from a position on.
    packages: BTreeMap<(String, String), Vec<(u64, Known)>>,
    /// By name: what cannot be told of its past.
    untold: BTreeMap<String, Vec<Untold>>,
    reads: Vec<Asked>,
    event_reads: usize,
    refuses_events: bool,
}

/// One request for packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) names: Vec<String>,
    pub(crate) position: Option<u64>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self { state: Arc::default(), held: watch::Sender::new(false) }
    }
}

impl Catalogue {
    /// Has it from now on, and tells so by an event. The position after it.
    pub(crate) fn put(&self, purl: &str, known: Known) -> u64 {
        let purl: Purl = purl.parse().unwrap();
        let registry = RegistryName::default_of(purl.ecosystem()).to_string();
        let mut state = self.lock();
        let position = state.events.len() as u64 + 1;
        state.events.push(v1::Event {
            cursor: format!("{CURSOR}{position:x}"),
            purl: purl.to_string(),
            registry: registry.clone(),
            r#type: "version.published".to_owned(),
            at_ms: 1,
            ..v1::Event::default()
        });
        state.packages.entry((registry, purl.name().to_string())).or_default().push((position, known));
        position
    }

    /// The same for facts.
    pub(crate) fn put_package(&self, purl: &str, package: Package) -> u64 {
        self.put(purl, Known::Package(Box::new(package)))
    }

    /// Changes what it has without an event.
    pub(crate) fn put_silently(&self, purl: &str, known: Known) {
        let purl: Purl = purl.parse().unwrap();
        let registry = RegistryName::default_of(purl.ecosystem()).to_string();
        let mut state = self.lock();
        let position = state.events.len() as u64;
        state.packages.entry((registry, purl.name().to_string())).or_default().push((position, known));
    }

    /// From now on something of a package's past cannot be told.
    pub(crate) fn forget(&self, name: &str, fact: UntoldFact, version: &str) {
        let lost = Untold { fact, version: version.to_owned() };
        self.lock().untold.entry(name.to_owned()).or_default().push(lost);
    }

    /// Where its events end.
    pub(crate) fn position(&self) -> u64 {
        self.lock().events.len() as u64
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.lock().reads.clone()
    }

    /// Names that were asked for so far, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.asked().into_iter().flat_map(|asked| asked.names).collect();
        names.sort();
        names
    }

    /// How often events were asked for.
    pub(crate) fn event_reads(&self) -> usize {
        self.lock().event_reads
    }

    /// Whoever asks for packages waits, or not any more.
    pub(crate) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Lets nobody read its events.
    pub(crate) fn refuse_events(&self) {
        self.lock().refuses_events = true;
    }

    pub(crate) async fn read(&self, request: v1::ReadPackagesRequest) -> Result<Response<Told>, Status> {
        let asked: ReadPackages = request.try_into().unwrap();
        let names: Vec<String> = asked.names.iter().map(ToString::to_string).collect();
        self.lock().reads.push(Asked { names: names.clone(), position: asked.position });
        let mut held = self.held.subscribe();
        held.wait_for(|held| !held).await.unwrap();
        let state = self.lock();
        let position = asked.position.unwrap_or(state.events.len() as u64);
        let answers: Vec<_> = names
            .into_iter()
            .map(|name| {
                let past = state.packages.get(&(asked.registry.to_string(), name.clone()));
                let known = past.and_then(|past| past.iter().rfind(|(from, _)| *from <= position));
                let known = known.map_or(Known::Nothing, |(_, known)| known.clone());
                let untold = state.untold.get(&name).filter(|_| asked.position.is_some()).cloned().unwrap_or_default();
                Ok(KnownPackage { name, known, position, untold }.into())
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(answers))))
    }

    pub(crate) fn events(&self, request: &v1::ReadEventsRequest) -> Result<Response<v1::ReadEventsResponse>, Status> {
        let mut state = self.lock();
        state.event_reads += 1;
        if state.refuses_events {
            return Err(Status::unimplemented("this scheduler is of a version that tells no events"));
        }
        let cursor = request.cursor.clone();
        let from = usize::from_str_radix(cursor.strip_prefix(CURSOR).expect("of shard 0"), 16).unwrap();
        // A page is three events, so that pages are turned.
        let events: Vec<v1::Event> = state.events.iter().skip(from).take(3).cloned().collect();
        let next_cursor = events.last().map_or(cursor, |event| event.cursor.clone());
        Ok(Response::new(v1::ReadEventsResponse { events, next_cursor }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// A crate of versions, each with its dependencies: names and requirements.
pub(crate) fn cargo(name: &str, versions: &[(&str, &[(&str, &str)])]) -> Package {
    let line = |(number, needs): &(&str, &[(&str, &str)])| {
        let need = |(name, requirement): &(&str, &str)| {
            serde_json::json!({
                "name": name, "req": requirement, "features": [], "optional": false, "default_features": true,
                "target": null, "kind": "normal",
            })
        };
        let needs: Vec<_> = needs.iter().map(need).collect();
        let line = serde_json::json!({
            "name": name, "vers": number, "deps": needs, "cksum": "0".repeat(64), "features": {}, "yanked": false,
        });
        line.to_string() + "\n"
    };
    let text: String = versions.iter().map(line).collect();
    let work = CrawlWork::new(format!("pkg:cargo/{name}").parse().unwrap(), "http://registry.invalid/");
    read(&work, text.as_bytes(), None).unwrap().package
}

/// A Python project of one version; its dependencies are known if they are given.
pub(crate) fn pypi(name: &str, needs: Option<&str>) -> Package {
    let wheel = format!("{name}-1.0-py3-none-any.whl");
    let file = serde_json::json!({
        "filename": wheel, "url": format!("/files/{wheel}"), "hashes": {}, "core-metadata": true, "yanked": false,
    });
    let page = serde_json::json!({"meta": {"api-version": "1.1"}, "name": name, "files": [file]}).to_string();
    let work = CrawlWork::new(format!("pkg:pypi/{name}").parse().unwrap(), "http://registry.invalid/");
    let mut reading = read(&work, page.as_bytes(), None).unwrap();
    if let Some(needs) = needs {
        let mut metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n");
        if !needs.is_empty() {
            metadata += &format!("Requires-Dist: {needs}\n");
        }
        metadata += "\n";
        reading.read_more("1.0", gleaner_registries::Extra::Document(metadata.as_bytes()));
    }
    reading.package
}

/// Pigeons that do not fit: each is in one of the holes, a hole takes one, and there is a hole too few. No search by
/// conflicts finds that out in less than exponential time. The root is `pigeons`.
pub(crate) fn put_pigeons(catalogue: &Catalogue, count: usize) {
    let names: Vec<String> = (1..=count).map(|at| format!("pigeon{at}")).collect();
    let needs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "^1")).collect();
    catalogue.put_package("pkg:cargo/pigeons", cargo("pigeons", &[("1.0.0", &needs)]));
    for (at, name) in names.iter().enumerate() {
        let holes: Vec<(String, String, String)> =
            (1..count).map(|hole| (format!("1.{hole}.0"), format!("hole{hole}"), format!("=1.{at}.0"))).collect();
        let holes: Vec<(&str, [(&str, &str); 1])> =
            holes.iter().map(|(number, hole, place)| (number.as_str(), [(hole.as_str(), place.as_str())])).collect();
        let versions: Vec<(&str, &[(&str, &str)])> = holes.iter().map(|(number, need)| (*number, &need[..])).collect();
        catalogue.put_package(&format!("pkg:cargo/{name}"), cargo(name, &versions));
    }
    for hole in 1..count {
        let numbers: Vec<String> = (0..count).map(|place| format!("1.{place}.0")).collect();
        let versions: Vec<(&str, &[(&str, &str)])> = numbers.iter().map(|number| (number.as_str(), &[][..])).collect();
        catalogue.put_package(&format!("pkg:cargo/hole{hole}"), cargo(&format!("hole{hole}"), &versions));
    }
}
