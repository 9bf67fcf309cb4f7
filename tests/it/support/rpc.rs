//! The scheduler's services, as any client of the protocol calls them.

use gleaner_proto::v1;
use gleaner_proto::v1::catalog_service_client::CatalogServiceClient;
use gleaner_proto::v1::job_service_client::JobServiceClient;
use gleaner_proto::v1::operator_service_client::OperatorServiceClient;
use tonic::transport::{Channel, Endpoint, Error};

/// Larger than any page of the answers.
const ANSWER_BYTES: usize = 256 << 20;

/// A connection to a scheduler.
#[derive(Clone)]
pub(crate) struct Client {
    channel: Channel,
}

impl Client {
    /// Connects; fails if nobody listens.
    pub(crate) async fn try_connect(url: &str) -> Result<Self, Error> {
        Ok(Self { channel: Endpoint::from_shared(url.to_owned())?.connect().await? })
    }

    /// Connects to a scheduler that listens.
    pub(crate) async fn connect(url: &str) -> Self {
        Self::try_connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    pub(crate) fn jobs(&self) -> JobServiceClient<Channel> {
        JobServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn catalog(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn operator(&self) -> OperatorServiceClient<Channel> {
        OperatorServiceClient::new(self.channel.clone())
    }

    /// All jobs in one of `states`; all there are if none is named. Pages are read one after another.
    pub(crate) async fn all_jobs(&self, states: &[v1::JobState]) -> Vec<v1::Job> {
        let states: Vec<i32> = states.iter().map(|state| i32::from(*state)).collect();
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = v1::ListRequest { states: states.clone(), page_size: 1_000, page_token };
            let page = self.jobs().list(request).await.unwrap().into_inner();
            all.extend(page.jobs);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    /// Every event from `cursor` on, and the place after the last one.
    pub(crate) async fn events(&self, cursor: &str) -> (Vec<v1::Event>, String) {
        let (mut all, mut cursor) = (Vec::new(), cursor.to_owned());
        loop {
            let request = v1::ListEventsRequest { cursor: cursor.clone(), page_size: 10_000 };
            let page = self.catalog().list_events(request).await.unwrap().into_inner();
            cursor = page.next_cursor;
            if page.events.is_empty() {
                return (all, cursor);
            }
            all.extend(page.events);
        }
    }
}

/// A crawl of a package, as a client asks for it.
pub(crate) fn crawl(purl: &str) -> v1::JobSpec {
    v1::JobSpec { kind: v1::JobKind::Crawl.into(), purl: purl.to_owned(), ..v1::JobSpec::default() }
}
