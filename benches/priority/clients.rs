//! Who asks: each with a token, hence a lane.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use gleaner_proto::v1::job_service_client::JobServiceClient;
use gleaner_proto::v1::operator_service_client::OperatorServiceClient;
use gleaner_proto::v1::{self, JobSpec, JobState};
use tonic::Request;
use tonic::transport::Channel;

/// The clients file of the scheduler: a client a lane, with its name in its token.
pub(crate) const FILE: &str = r#"
[[client]]
name = "acme"
token = "acme-secret-token"
lane = "paid"

[[client]]
name = "crowd"
token = "crowd-secret-token"
lane = "free"

[[client]]
name = "archive"
token = "archive-secret-token"
lane = "bulk"
"#;

/// Jobs of one request, the most that the service takes.
const SUBMIT_MAX: usize = 1_000;

/// One of them, connected.
#[derive(Clone)]
pub(crate) struct Client {
    name: &'static str,
    channel: Channel,
}

/// A job that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// What was asked for.
    pub(crate) package: String,
    pub(crate) job: String,
    /// When, and when the receipt was there, by the machine's clock.
    pub(crate) asked_us: u64,
    pub(crate) receipt_us: u64,
}

/// The machine's clock, in microseconds since 1970: the same that the registries note down.
pub(crate) fn now_us() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

impl Client {
    pub(crate) async fn connect(name: &'static str, server: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self { name, channel: Channel::from_shared(server.to_owned())?.connect().await? })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let token = format!("Bearer {}-secret-token", self.name);
        request.metadata_mut().insert("authorization", token.parse().expect("plain ASCII"));
        request
    }

    fn jobs(&self) -> JobServiceClient<Channel> {
        JobServiceClient::new(self.channel.clone())
    }

    /// Asks for packages of an ecosystem.
    pub(crate) async fn ask(&self, ecosystem: &str, packages: Vec<String>) -> Result<Vec<Asked>, tonic::Status> {
        let spec = |name: &String| JobSpec { purl: format!("pkg:{ecosystem}/{name}"), ..JobSpec::default() };
        let specs = packages.iter().map(spec).collect();
        let asked = self.submit(specs).await?;
        Ok(asked.into_iter().zip(packages).map(|(asked, package)| Asked { package, ..asked }).collect())
    }

    /// Asks for jobs of any kind; what they are about stays as it is in their purls.
    pub(crate) async fn submit(&self, specs: Vec<JobSpec>) -> Result<Vec<Asked>, tonic::Status> {
        let mut asked = Vec::new();
        for specs in specs.chunks(SUBMIT_MAX) {
            let request = self.request(v1::SubmitRequest { jobs: specs.to_vec() });
            let asked_us = now_us();
            let receipts = self.jobs().submit(request).await?.into_inner().receipts;
            let receipt_us = now_us();
            let of = |(spec, receipt): (&JobSpec, v1::Receipt)| Asked {
                package: spec.purl.clone(),
                job: receipt.job,
                asked_us,
                receipt_us,
            };
            asked.extend(specs.iter().zip(receipts).map(of));
        }
        Ok(asked)
    }

    /// Waits until jobs have ended, all of them as done.
    pub(crate) async fn until_done(&self, jobs: &[Asked]) -> Result<(), Box<dyn Error>> {
        let ids = jobs.iter().map(|asked| asked.job.clone()).collect();
        let mut changes = self.jobs().watch(self.request(v1::WatchRequest { ids })).await?.into_inner();
        while let Some(change) = changes.message().await? {
            let job = change.job.unwrap_or_default();
            let ended = !matches!(job.state(), JobState::Queued | JobState::Running);
            if ended && job.state() != JobState::Done {
                return Err(format!("{} ended as {}: {:?}", job.id, job.state().as_str_name(), job.error).into());
            }
        }
        Ok(())
    }

    /// All that there is to say of a job.
    pub(crate) async fn explain(&self, job: &str) -> Result<v1::ExplainResponse, tonic::Status> {
        let request = self.request(v1::ExplainRequest { id: job.to_owned() });
        Ok(self.jobs().explain(request).await?.into_inner())
    }

    /// Attempts in slots of all workers.
    pub(crate) async fn running(&self) -> Result<u32, tonic::Status> {
        let request = self.request(v1::ListWorkersRequest::default());
        let workers =
            OperatorServiceClient::new(self.channel.clone()).list_workers(request).await?.into_inner().workers;
        Ok(workers.iter().map(|worker| worker.running).sum())
    }
}
