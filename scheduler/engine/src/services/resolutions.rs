//! `gleaner.v1.ResolutionService`: answers to questions, read from the store.

use std::sync::Arc;

use gleaner_model::{Ecosystem, JobId, JobSpec, PackageKey, Purl, Question, RegistryName, ResolutionRecord};
use gleaner_proto::{convert, v1};
use gleaner_store::{Payload, Store, StoreError, StoredJob, fingerprint_of_question};
use tonic::{Code, Request, Response, Status};

use super::jobs::{job_id, not_found};
use super::{Shared, credentials, errors};

/// Answers of one page.
const PAGE_MAX: usize = 1_000;
const PAGE_DEFAULT: usize = 100;

/// Bytes of answers, as they are stored, of one page: unpacked and on the wire they are some four times that, and a
/// message has to stay below what clients take.
const PAGE_BYTES: usize = 512 << 10;

/// The service.
pub(crate) struct Resolutions(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl v1::resolution_service_server::ResolutionService for Resolutions {
    async fn get_resolution(
        &self,
        request: Request<v1::GetResolutionRequest>,
    ) -> Result<Response<v1::GetResolutionResponse>, Status> {
        let client = credentials::client(&self.0.clients, request.metadata())?;
        let job = job_id(&request.get_ref().job)?;
        let owner = (!self.0.clients.is_open()).then(|| client.name.clone());
        let found = self.0.read(move |store| find(store, job)).await?;
        let (payload, record) = found.ok_or_else(|| not_found(job))?;
        if owner.is_some_and(|owner| owner != payload.client) {
            return Err(not_found(job));
        }
        let record = record.ok_or_else(|| {
            let what = format!("{job} has no answer: it is no resolution, has not ended yet, or ended without one");
            errors::status(Code::NotFound, "NO_ANSWER", what)
        })?;
        Ok(Response::new(v1::GetResolutionResponse { answered: Some(record.into()) }))
    }

    async fn list_resolutions(
        &self,
        request: Request<v1::ListResolutionsRequest>,
    ) -> Result<Response<v1::ListResolutionsResponse>, Status> {
        credentials::client(&self.0.clients, request.metadata())?;
        let asked = request.into_inner();
        let invalid = |error: convert::InvalidMessage| errors::invalid(error.to_string());
        let ecosystem: Ecosystem = convert::parse(&asked.ecosystem, "ecosystem").map_err(invalid)?;
        let registry: Option<RegistryName> = convert::parsed_or_none(&asked.registry, "registry").map_err(invalid)?;
        let registry = registry.unwrap_or_else(|| RegistryName::default_of(ecosystem));
        let beginning = Purl::beginning(ecosystem, &convert::prefix(asked.prefix).map_err(invalid)?);
        let question = asked.question.map(Question::try_from).transpose().map_err(invalid)?;
        let fingerprint = question.as_ref().map(fingerprint_of_question);
        let after = token(&asked.page_token)?;
        let most = match usize::try_from(asked.page_size).unwrap_or(PAGE_MAX) {
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let read = move |store: &dyn Store| {
            store.resolutions(&registry, &beginning, fingerprint.as_ref(), after.as_deref(), (most, PAGE_BYTES))
        };
        let page = self.0.read(read).await?;
        let answered = page.records.into_iter().map(Into::into).collect();
        let next_page_token = page.next.map(|line| hex(&line)).unwrap_or_default();
        Ok(Response::new(v1::ListResolutionsResponse { answered, next_page_token }))
    }
}

/// A job, and the answer that it ended with.
type Answered = (Arc<Payload>, Option<ResolutionRecord>);

fn find(store: &dyn Store, job: JobId) -> Result<Option<Answered>, StoreError> {
    let Some(StoredJob { submit, result, .. }) = store.job(job)? else { return Ok(None) };
    let Some(payload) = submit.into_payload() else { return Ok(None) };
    let JobSpec { purl, registry, question, .. } = &payload.spec;
    let answered_at = result.and_then(|result| result.fetched_at);
    let record = match (question, answered_at) {
        (Some(question), Some(at)) => {
            let key = PackageKey::new(registry.clone(), &purl.without_version());
            store.resolution(&key, purl.version(), &fingerprint_of_question(question), Some(at))?
        }
        _ => None,
    };
    Ok(Some((payload, record)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn token(text: &str) -> Result<Option<Vec<u8>>, Status> {
    let wrong = || errors::invalid(format!("`{}` is not a page token", text.chars().take(80).collect::<String>()));
    if text.is_empty() {
        return Ok(None);
    }
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(wrong());
    }
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong());
    (0..text.len()).step_by(2).map(byte).collect::<Result<_, _>>().map(Some)
}
