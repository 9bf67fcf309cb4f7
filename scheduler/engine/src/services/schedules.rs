//! `gleaner.v1.ScheduleService`.

use std::sync::Arc;

use gleaner_model::{JobSpec, Schedule, Timestamp};
use gleaner_proto::v1;
use tonic::{Request, Response, Status};

use super::admission::spec_of;
use super::{Shared, errors, owners};
use crate::scheduler::{Message, Order};

/// Jobs of one schedule: they are decided and committed together, so they bound how long others wait.
const JOBS_MAX: usize = 1_000;

/// The service.
pub(crate) struct Schedules(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl v1::schedule_service_server::ScheduleService for Schedules {
    async fn add_schedule(
        &self,
        request: Request<v1::AddScheduleRequest>,
    ) -> Result<Response<v1::AddScheduleResponse>, Status> {
        let (client, name) = owners::named(&self.0, request.metadata(), "", &request.get_ref().name)?;
        let v1::AddScheduleRequest { cron, jobs, .. } = request.into_inner();
        if !(1..=JOBS_MAX).contains(&jobs.len()) {
            return Err(errors::invalid(format!("a schedule has 1 to {JOBS_MAX} jobs, not {}", jobs.len())));
        }
        let jobs = jobs.into_iter().map(|job| spec_of(job).and_then(plain)).collect::<Result<Vec<_>, _>>()?;
        let created_at = Timestamp::default();
        let schedule = Schedule { name, client, cron, jobs, created_at, paused: false, next_at: None, last: None };
        let add = |reply| order(Order::AddSchedule { schedule: Box::new(schedule), reply });
        let schedule = Some(self.0.ask(add).await??.into());
        Ok(Response::new(v1::AddScheduleResponse { schedule }))
    }

    async fn list_schedules(
        &self,
        request: Request<v1::ListSchedulesRequest>,
    ) -> Result<Response<v1::ListSchedulesResponse>, Status> {
        let client = owners::listed(&self.0, request.metadata(), request.get_ref().all)?;
        let schedules = self.0.ask(|reply| order(Order::ListSchedules { client, reply })).await?;
        let schedules = schedules.into_iter().map(Into::into).collect();
        Ok(Response::new(v1::ListSchedulesResponse { schedules }))
    }

    async fn remove_schedule(
        &self,
        request: Request<v1::RemoveScheduleRequest>,
    ) -> Result<Response<v1::RemoveScheduleResponse>, Status> {
        let asked = request.get_ref();
        let name = owners::named(&self.0, request.metadata(), &asked.client, &asked.name)?;
        self.0.ask(|reply| order(Order::RemoveSchedule { name, reply })).await??;
        Ok(Response::new(v1::RemoveScheduleResponse {}))
    }

    async fn pause_schedule(
        &self,
        request: Request<v1::PauseScheduleRequest>,
    ) -> Result<Response<v1::PauseScheduleResponse>, Status> {
        let asked = request.get_ref();
        let name = owners::named(&self.0, request.metadata(), &asked.client, &asked.name)?;
        let pause = |reply| order(Order::PauseSchedule { name, paused: true, reply });
        Ok(Response::new(v1::PauseScheduleResponse { schedule: Some(self.0.ask(pause).await??.into()) }))
    }

    async fn resume_schedule(
        &self,
        request: Request<v1::ResumeScheduleRequest>,
    ) -> Result<Response<v1::ResumeScheduleResponse>, Status> {
        let asked = request.get_ref();
        let name = owners::named(&self.0, request.metadata(), &asked.client, &asked.name)?;
        let resume = |reply| order(Order::PauseSchedule { name, paused: false, reply });
        Ok(Response::new(v1::ResumeScheduleResponse { schedule: Some(self.0.ask(resume).await??.into()) }))
    }
}

fn order(order: Order) -> Message {
    Message::Order(Box::new(order))
}

/// A job that can be asked for again and again.
fn plain(spec: JobSpec) -> Result<JobSpec, Status> {
    let has_times = spec.not_before.is_some() || spec.deadline.is_some() || spec.expires_at.is_some();
    if has_times || spec.key.is_some() {
        return Err(errors::invalid(format!(
            "the job for {} has times or a key of its own, which hold once; a schedule asks for it again and again",
            spec.purl
        )));
    }
    Ok(spec)
}
