//! `gleaner.v1.OperatorService`.

use std::sync::Arc;

use gleaner_model::Timestamp;
use gleaner_proto::v1;
use tonic::{Request, Response, Status};

use super::{Shared, credentials};
use crate::scheduler::Message;
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
        Ok(Response::new(v1::ListWorkersResponse { workers: workers.into_iter().map(worker).collect() }))
    }

    async fn list_hosts(
        &self,
        request: Request<v1::ListHostsRequest>,
    ) -> Result<Response<v1::ListHostsResponse>, Status> {
        credentials::client(&self.0.clients, request.metadata())?;
        let mut hosts = self.0.ask(|reply| Message::Hosts { reply }).await?;
        hosts.sort_by(|a, b| a.host.cmp(&b.host));
        Ok(Response::new(v1::ListHostsResponse { hosts: hosts.iter().map(host).collect() }))
    }

    async fn list_lanes(
        &self,
        request: Request<v1::ListLanesRequest>,
    ) -> Result<Response<v1::ListLanesResponse>, Status> {
        credentials::client(&self.0.clients, request.metadata())?;
        let lanes = self.0.ask(|reply| Message::Lanes { reply }).await?;
        Ok(Response::new(v1::ListLanesResponse { lanes: lanes.map(lane).into() }))
    }
}

fn worker(state: WorkerState) -> v1::Worker {
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
    }
}

fn host(state: &HostState) -> v1::Host {
    v1::Host {
        name: state.host.to_string(),
        rate_milli_per_s: 1_000_000_000 / state.interval_us.max(1),
        burst: state.budget.burst,
        granted: state.granted,
        waiting: u32::try_from(state.waiting).unwrap_or(u32::MAX),
        blocked_until_at_ms: state.blocked_until.map_or(0, Timestamp::as_millis),
    }
}

fn lane(state: LaneState) -> v1::LaneDepth {
    v1::LaneDepth {
        lane: v1::Lane::from(state.lane).into(),
        queued: state.view.queued,
        running: state.view.running,
        ended: state.ended,
    }
}
