//! `gleaner.v1.OperatorService`.

use std::sync::Arc;

use gleaner_model::{Timestamp, WorkerName};
use gleaner_proto::convert::{host_change, parse};
use gleaner_proto::v1;
use tonic::{Code, Request, Response, Status};

use super::{Shared, credentials, errors};
use crate::scheduler::{HostError, Message, SetHost};
use crate::views::{HostState, LaneState, WorkerState};

/// The service.
pub(crate) struct Operator(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl v1::operator_service_server::OperatorService for Operator {
    async fn list_workers(
        &self,
        request: Request<v1::ListWorkersRequest>,
    ) -> Result<Response<v1::ListWorkersResponse>, Status> {
        credentials::client(&self.0.clients, request.metadata())?;
        let workers = self.0.ask(|reply| Message::Workers { reply }).await?;
        Ok(Response::new(v1::ListWorkersResponse { workers: workers.into_iter().map(shown_worker).collect() }))
    }

    async fn list_hosts(
        &self,
        request: Request<v1::ListHostsRequest>,
    ) -> Result<Response<v1::ListHostsResponse>, Status> {
        credentials::client(&self.0.clients, request.metadata())?;
        let mut hosts = self.0.ask(|reply| Message::Hosts { reply }).await?;
        hosts.sort_by(|a, b| a.host.cmp(&b.host));
        Ok(Response::new(v1::ListHostsResponse { hosts: hosts.iter().map(shown_host).collect() }))
    }

    async fn list_lanes(
        &self,
        request: Request<v1::ListLanesRequest>,
    ) -> Result<Response<v1::ListLanesResponse>, Status> {
        credentials::client(&self.0.clients, request.metadata())?;
        let depths = self.0.ask(|reply| Message::Lanes { reply }).await?;
        Ok(Response::new(v1::ListLanesResponse { lanes: depths.lanes.map(lane).into(), slots: depths.slots }))
    }

    async fn set_host(&self, request: Request<v1::SetHostRequest>) -> Result<Response<v1::SetHostResponse>, Status> {
        let operator = credentials::operator(&self.0.clients, request.metadata())?.name.clone();
        let (host, change) =
            host_change(request.get_ref()).map_err(|error| errors::invalid(format!("host: {error}")))?;
        let credit = self.0.credit().await?;
        let set = |reply| Message::SetHost(Box::new(SetHost { host, change, operator, reply, credit }));
        let set = self.0.ask(set).await?.map_err(|error| match error {
            HostError::Unknown { .. } => errors::status(Code::NotFound, "HOST_UNKNOWN", error.to_string()),
            HostError::TooMany { .. } => errors::status(Code::ResourceExhausted, "TOO_MANY_HOSTS", error.to_string()),
            HostError::Store(message) => errors::store(message),
        })?;
        Ok(Response::new(v1::SetHostResponse { host: Some(shown_host(&set)) }))
    }

    async fn drain_worker(
        &self,
        request: Request<v1::DrainWorkerRequest>,
    ) -> Result<Response<v1::DrainWorkerResponse>, Status> {
        let operator = credentials::operator(&self.0.clients, request.metadata())?.name.clone();
        let name: WorkerName =
            parse(&request.get_ref().name, "name").map_err(|error| errors::invalid(error.to_string()))?;
        let drained =
            self.0.ask(|reply| Message::DrainWorker { name: name.clone(), operator, reply }).await?.ok_or_else(
                || errors::status(Code::NotFound, "WORKER_UNKNOWN", format!("no worker `{name}` is connected")),
            )?;
        Ok(Response::new(v1::DrainWorkerResponse { worker: Some(shown_worker(*drained)) }))
    }
}

fn shown_worker(state: WorkerState) -> v1::Worker {
    v1::Worker {
        name: state.name.to_string(),
        version: state.version,
        slots: state.view.slots.into(),
        running: state.view.running.into(),
        connected: true,
        draining: state.view.draining,
        connected_at_ms: state.connected_at.as_millis(),
        last_seen_at_ms: state.last_seen.as_millis(),
        accepted: state.accepted,
        suspended: state.view.suspended.into(),
    }
}

fn shown_host(state: &HostState) -> v1::Host {
    v1::Host {
        name: state.host.to_string(),
        rate_milli_per_s: 1_000_000_000 / state.interval_us.max(1),
        burst: state.budget.burst,
        granted: state.granted,
        waiting: u32::try_from(state.waiting).unwrap_or(u32::MAX),
        blocked_until_at_ms: state.blocked_until.map_or(0, Timestamp::as_millis),
        budget_rate_milli_per_s: 1_000_000_000 / state.budget.interval_us.max(1),
        concurrency: state.limits.concurrency.unwrap_or(0),
        under_way: state.under_way,
        reserve_permille: state.limits.reserve_permille.into(),
        paused: state.limits.paused,
        throttled: state.throttled,
        queued: state.queued,
    }
}

fn lane(state: LaneState) -> v1::LaneDepth {
    v1::LaneDepth {
        lane: v1::Lane::from(state.lane).into(),
        queued: state.view.queued,
        running: state.view.running,
        ended: state.ended,
        suspended: state.view.suspended,
        weight: state.weight,
        floor_permille: state.floor_permille.into(),
        backlog_ms: state.backlog_ms,
        waits_for_hosts: state.waits_for_hosts,
    }
}
