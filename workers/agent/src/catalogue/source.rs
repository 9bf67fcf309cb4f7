//! Asking the catalogue, over the channel on which the session runs.

use std::collections::BTreeMap;
use std::time::Duration;

use gleaner_model::{Ecosystem, PackageName, RegistryName};
use gleaner_proto::convert::{self, ReadPackages};
use gleaner_proto::v1;
use gleaner_proto::v1::worker_service_client::WorkerServiceClient;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::Channel;

use super::cursor;
use super::fault::CatalogueFault;
use crate::document;

/// How long the catalogue may take for one message. It reads from its own disk.
const MESSAGE_WITHIN: Duration = Duration::from_secs(30);
/// Largest answer about one package: the most that a crawl reports, and some.
const MESSAGE_BYTES: usize = 64 << 20;
/// Events of one request: some megabytes at most.
const PAGE: u32 = 10_000;

/// A registry whose packages are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Whose {
    pub(super) registry: RegistryName,
    pub(super) ecosystem: Ecosystem,
}

/// The catalogue.
#[derive(Clone, Debug)]
pub(super) struct Source {
    client: WorkerServiceClient<Channel>,
}

/// Tells an event from others that might stand at its place: in another catalogue, or in one that was put back to an
/// earlier state.
pub(crate) type Mark = u64;

/// Some events.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Packages of the registry that they are about, each with the position right after the last of its events.
    pub(super) touched: BTreeMap<PackageName, u64>,
    /// The first of them: the position right after it, and its mark.
    pub(super) first: Option<(u64, Mark)>,
    /// The last of them, likewise.
    pub(super) last: Option<(u64, Mark)>,
    /// All before this were read.
    pub(super) position: u64,
    /// How many there were, of all registries.
    pub(super) events: usize,
}

impl Source {
    pub(super) fn new(channel: Channel) -> Self {
        Self { client: WorkerServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES) }
    }

    /// What is known of packages, in the order of `names`, as of now or as it was known at a position.
    pub(super) async fn packages(
        &self,
        whose: &Whose,
        names: Vec<PackageName>,
        pinned: Option<u64>,
    ) -> Result<Answers, CatalogueFault> {
        let Whose { registry, ecosystem } = whose.clone();
        let left = names.len();
        let asked = ReadPackages { registry, ecosystem, names, position: pinned };
        let mut client = self.client.clone();
        let stream = within(client.read_packages(v1::ReadPackagesRequest::from(asked))).await?.into_inner();
        Ok(Answers { stream, left })
    }

    /// The mark of the event right before a position; none at the beginning, or if there is none.
    pub(super) async fn mark(&self, whose: &Whose, position: u64) -> Result<Option<Mark>, CatalogueFault> {
        let Some(before) = position.checked_sub(1) else { return Ok(None) };
        let page = self.events(whose, before, 1).await?;
        Ok(page.first.filter(|(after, _)| *after == position).map(|(_, mark)| mark))
    }

    /// Up to a page of events from a position on.
    pub(super) async fn page(&self, whose: &Whose, from: u64) -> Result<Page, CatalogueFault> {
        self.events(whose, from, PAGE).await
    }

    async fn events(&self, whose: &Whose, from: u64, page_size: u32) -> Result<Page, CatalogueFault> {
        let request = v1::ReadEventsRequest { cursor: cursor::cursor(from), page_size };
        let mut client = self.client.clone();
        let answer = within(client.read_events(request)).await?.into_inner();
        let position = |text: &str| {
            cursor::position(text).ok_or_else(|| CatalogueFault::wrong(format_args!("`{text}` is no cursor")))
        };
        let mut page =
            Page { position: position(&answer.next_cursor)?, events: answer.events.len(), ..Page::default() };
        for event in answer.events {
            let after = position(&event.cursor)?;
            page.last = Some((after, mark(&event)));
            page.first = page.first.or(page.last);
            // What cannot be read is of no ecosystem that this worker knows.
            let Ok(purl) = convert::purl(&event.purl) else { continue };
            if purl.ecosystem() == whose.ecosystem && event.registry == whose.registry.as_str() {
                page.touched.insert(purl.name().clone(), after);
            }
        }
        Ok(page)
    }
}

fn mark(event: &v1::Event) -> Mark {
    let text = format!("{} {} {} {}", event.registry, event.purl, event.r#type, event.at_ms);
    let [a, b, c, d, e, f, g, h, ..] = document::hash(text.as_bytes()).0;
    Mark::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Answers about packages, one by one.
#[derive(Debug)]
pub(super) struct Answers {
    stream: Streaming<v1::ReadPackagesResponse>,
    left: usize,
}

impl Answers {
    /// The next one; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<v1::ReadPackagesResponse>, CatalogueFault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        match within(self.stream.message()).await? {
            Some(answer) => Ok(Some(answer)),
            None => Err(CatalogueFault::Away("the answers ended before the last".to_owned())),
        }
    }
}

async fn within<T>(asking: impl Future<Output = Result<T, tonic::Status>>) -> Result<T, CatalogueFault> {
    match timeout(MESSAGE_WITHIN, asking).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(CatalogueFault::Away(format!("nothing came within {} s", MESSAGE_WITHIN.as_secs()))),
    }
}
