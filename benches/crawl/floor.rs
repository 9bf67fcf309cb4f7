//! The floor of a crawl: fetch the documents and read of them what a crawler must: names, versions, dependencies.
//! Plain `reqwest`, plain serde, as many requests at a time as the crawl has slots. Nothing is kept.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use futures_util::StreamExt;
use gleaner_model::Ecosystem;
use reqwest::Client;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::packages::Package;
use crate::processes::{Addresses, cpu_seconds};

/// What one pass over the documents gave.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pass {
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
    pub(crate) versions: usize,
    /// CPU seconds of this process.
    pub(crate) cpu_s: f64,
}

#[derive(Deserialize)]
struct IndexLine {
    name: String,
    vers: String,
    deps: Vec<IndexDependency>,
}

#[derive(Deserialize)]
struct IndexDependency {
    name: String,
    req: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Packument {
    name: String,
    versions: HashMap<String, Manifest>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Manifest {
    dependencies: Ranges,
    dev_dependencies: Ranges,
    peer_dependencies: Ranges,
    optional_dependencies: Ranges,
}

/// Names with ranges. Old manifests have an empty list where an object should be, or null.
#[derive(Default)]
struct Ranges(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Ranges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RangesVisitor)
    }
}

struct RangesVisitor;

impl<'de> Visitor<'de> for RangesVisitor {
    type Value = Ranges;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names with ranges")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ranges, A::Error> {
        let mut ranges = Vec::with_capacity(map.size_hint().unwrap_or_default());
        while let Some(pair) = map.next_entry()? {
            ranges.push(pair);
        }
        Ok(Ranges(ranges))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Ranges, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Ranges::default())
    }

    fn visit_unit<E>(self) -> Result<Ranges, E> {
        Ok(Ranges::default())
    }
}

#[derive(Deserialize)]
struct Page {
    name: String,
    #[serde(default)]
    versions: Vec<String>,
}

/// Fetches and reads every package's main document, `concurrent` at a time.
///
/// # Errors
/// A document did not come, or is not what it should be.
pub(crate) async fn run(
    packages: &[Package],
    addresses: &Addresses,
    concurrent: usize,
) -> Result<Pass, Box<dyn Error>> {
    let client = Client::builder().build()?;
    let cpu = cpu_seconds(std::process::id())?;
    let begun = Instant::now();
    let fetches = packages.iter().map(|package| {
        let ecosystem = package.purl.ecosystem();
        let url = format!("{}{}", addresses.of(ecosystem), package.path);
        let client = client.clone();
        // Each on its own task, so that all cores read.
        tokio::spawn(async move { one(&client, ecosystem, &url).await.map_err(|error| format!("{url}: {error}")) })
    });
    let mut pass = Pass::default();
    let mut done = futures_util::stream::iter(fetches).buffer_unordered(concurrent);
    while let Some(read) = done.next().await {
        let (bytes, versions) = read??;
        pass.bytes += u64::try_from(bytes)?;
        pass.versions += versions;
    }
    pass.seconds = begun.elapsed().as_secs_f64();
    pass.cpu_s = cpu_seconds(std::process::id())? - cpu;
    Ok(pass)
}

async fn one(client: &Client, ecosystem: Ecosystem, url: &str) -> Result<(usize, usize), Box<dyn Error + Send + Sync>> {
    let accept = match ecosystem {
        Ecosystem::Cargo => "text/plain",
        Ecosystem::Npm => "application/json",
        Ecosystem::Pypi => "application/vnd.pypi.simple.v1+json",
    };
    let answer = client.get(url).header("accept", accept).send().await?.error_for_status()?;
    let body = answer.bytes().await?;
    let versions = match ecosystem {
        Ecosystem::Cargo => index(&body)?,
        Ecosystem::Npm => packument(&body)?,
        Ecosystem::Pypi => page(&body)?,
    };
    Ok((body.len(), versions))
}

fn index(body: &[u8]) -> serde_json::Result<usize> {
    let mut versions = 0;
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: IndexLine = serde_json::from_slice(line)?;
        for dependency in line.deps {
            black_box((dependency.name, dependency.req, dependency.kind));
        }
        black_box((line.name, line.vers));
        versions += 1;
    }
    Ok(versions)
}

fn packument(body: &[u8]) -> serde_json::Result<usize> {
    let document: Packument = serde_json::from_slice(body)?;
    let versions = document.versions.len();
    black_box(document.name);
    for (number, manifest) in document.versions {
        let Manifest { dependencies, dev_dependencies, peer_dependencies, optional_dependencies } = manifest;
        black_box((number, [dependencies.0, dev_dependencies.0, peer_dependencies.0, optional_dependencies.0]));
    }
    Ok(versions)
}

fn page(body: &[u8]) -> serde_json::Result<usize> {
    let page: Page = serde_json::from_slice(body)?;
    let versions = page.versions.len();
    black_box((page.name, page.versions));
    Ok(versions)
}
