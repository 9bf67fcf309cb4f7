//! What the scheduler is told about schedules, campaigns and batches.

use gleaner_model::{Batch, BatchId, Campaign, ClientName, JobId, JobState, PackageKey, Schedule, Tally, Timestamp};

use super::{BatchSubmission, Name};
use crate::scheduler::Reply;

/// One message.
pub(crate) enum Order {
    /// Make a schedule; its next time is worked out here.
    AddSchedule { schedule: Box<Schedule>, reply: Reply<Result<Schedule, OrderError>> },
    /// The schedules of a client, or all.
    ListSchedules { client: Option<ClientName>, reply: Reply<Vec<Schedule>> },
    /// Remove a schedule.
    RemoveSchedule { name: Name, reply: Reply<Result<(), OrderError>> },
    /// Let a schedule rest or go on.
    PauseSchedule { name: Name, paused: bool, reply: Reply<Result<Schedule, OrderError>> },
    /// Begin a campaign.
    AddCampaign { campaign: Box<Campaign>, reply: Reply<Result<Campaign, OrderError>> },
    /// The campaigns of a client, or all, each with how many of its jobs are open.
    ListCampaigns { client: Option<ClientName>, reply: Reply<Vec<(Campaign, usize)>> },
    /// Let a campaign rest, go on, or end.
    ChangeCampaign { name: Name, change: CampaignChange, reply: Reply<Result<(Campaign, usize), OrderError>> },
    /// A campaign's next packages were read.
    CampaignPage { name: Name, page: Result<Vec<PackageKey>, String> },
    /// Take in a batch.
    SubmitBatch(Box<BatchSubmission>),
    /// Cancel what is open of a batch. None if it is not open.
    CancelBatch { batch: BatchId, reply: Reply<Result<Option<Batch>, OrderError>> },
    /// The jobs of a batch have all ended.
    BatchTallied { batch: BatchId, end: Option<(Timestamp, Tally)> },
    /// The states of those jobs that are open.
    States { jobs: Vec<JobId>, reply: Reply<Vec<(JobId, JobState)>> },
}

/// What is to become of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CampaignChange {
    /// Let it rest.
    Pause,
    /// Let it go on.
    Resume,
    /// End it.
    Cancel,
}

/// Why an order is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OrderError {
    /// Something has this name already.
    #[error("there is a {0} `{1}` already")]
    Exists(&'static str, String),
    /// Nothing has this name.
    #[error("there is no {0} `{1}`")]
    Unknown(&'static str, String),
    /// It makes no sense.
    #[error("{0}")]
    Wrong(String),
    /// There are too many.
    #[error("{0}")]
    TooMany(String),
    /// It is over.
    #[error("the campaign `{0}` is {1} and stays so")]
    Over(String, &'static str),
    /// Nothing can be made durable.
    #[error("{0}")]
    Store(String),
    /// The scheduler is going away.
    #[error("the scheduler is draining; ask another one or try again later")]
    Draining,
}
