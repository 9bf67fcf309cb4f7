//! Batches and standing orders, as they are shown to clients.

use gleaner_model::{Batch, Campaign, JobState, Schedule, ScheduleRun, Tally, Timestamp};

use super::field::at_most;
use super::{InvalidMessage, moment_or_zero};
use crate::v1;

/// Longest label of a batch, in bytes, as the protocol states it: a sentence.
pub const LABEL_BYTES_MAX: usize = 200;

/// Longest beginning of packages' names, in bytes: as long as the longest name of any ecosystem.
pub const PREFIX_BYTES_MAX: usize = 214;

impl From<Schedule> for v1::Schedule {
    fn from(schedule: Schedule) -> Self {
        Self {
            name: schedule.name.into(),
            client: schedule.client.into(),
            cron: schedule.cron,
            jobs: schedule.jobs.into_iter().map(Into::into).collect(),
            created_at_ms: schedule.created_at.as_millis(),
            paused: schedule.paused,
            next_at_ms: moment_or_zero(schedule.next_at),
            last: schedule.last.map(Into::into),
        }
    }
}

impl From<ScheduleRun> for v1::ScheduleRun {
    fn from(run: ScheduleRun) -> Self {
        Self {
            due_at_ms: run.due_at.as_millis(),
            asked_at_ms: run.asked_at.as_millis(),
            jobs: run.jobs,
            first: run.first.map(|job| job.to_string()).unwrap_or_default(),
            refusal: run.refusal.unwrap_or_default(),
        }
    }
}

/// A campaign of which so many jobs are open.
#[must_use]
pub fn campaign_to_wire(campaign: Campaign, open: usize) -> v1::Campaign {
    // A store keeps a package under its registry and its purl.
    let cursor = campaign.cursor.as_deref().and_then(|key| key.split_once(' ')).map(|(_, purl)| purl.to_owned());
    v1::Campaign {
        name: campaign.name.into(),
        client: campaign.client.into(),
        ecosystem: campaign.ecosystem.to_string(),
        registry: campaign.registry.into(),
        prefix: campaign.prefix,
        window: campaign.window,
        created_at_ms: campaign.created_at.as_millis(),
        state: v1::CampaignState::from(campaign.state).into(),
        cursor: cursor.unwrap_or_default(),
        submitted: campaign.submitted,
        open: u32::try_from(open).unwrap_or(u32::MAX),
        ended_at_ms: moment_or_zero(campaign.ended_at),
        question: campaign.question.map(|question| (*question).into()),
    }
}

/// A batch of whose jobs so many are in which state, and that had ended at `ended_at` if it has.
#[must_use]
pub fn batch_to_wire(batch: Batch, tally: Tally, ended_at: Option<Timestamp>) -> v1::Batch {
    v1::Batch {
        id: batch.id.to_string(),
        client: batch.client.into(),
        label: batch.label,
        created_at_ms: batch.created_at.as_millis(),
        progress: Some(v1::BatchProgress {
            jobs: batch.jobs,
            queued: tally.of(JobState::Queued),
            running: tally.of(JobState::Running),
            done: tally.of(JobState::Done),
            not_found: tally.of(JobState::NotFound),
            gone: tally.of(JobState::Gone),
            failed: tally.of(JobState::Failed),
            expired: tally.of(JobState::Expired),
            cancelled: tally.of(JobState::Cancelled),
        }),
        cancelled_at_ms: moment_or_zero(batch.cancelled_at),
        ended_at_ms: moment_or_zero(ended_at),
    }
}

/// Reads a batch's label.
///
/// # Errors
/// It is longer than [`LABEL_BYTES_MAX`].
pub fn label(text: String) -> Result<String, InvalidMessage> {
    at_most(text.len(), LABEL_BYTES_MAX, "label").map(|()| text)
}

/// Reads the beginning of packages' names.
///
/// # Errors
/// It is longer than [`PREFIX_BYTES_MAX`], or has marks that no name has.
pub fn prefix(text: String) -> Result<String, InvalidMessage> {
    at_most(text.len(), PREFIX_BYTES_MAX, "prefix")?;
    let is_fit = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@/!~*'()".contains(&b));
    if is_fit { Ok(text) } else { Err(InvalidMessage::invalid("prefix", "no package's name begins like that")) }
}

#[cfg(test)]
mod tests {
    use gleaner_model::BatchId;

    use super::*;

    #[test]
    fn a_batch_tells_every_state_once() {
        let batch = Batch {
            id: BatchId(7),
            client: "acme".parse().expect("a name"),
            label: "nightly".to_owned(),
            created_at: Timestamp::from_millis(1),
            last: gleaner_model::JobId(50),
            jobs: 36,
            key: None,
            cancelled_at: Some(Timestamp::from_millis(2)),
            end: None,
        };
        let states = (1..).zip(JobState::ALL).flat_map(|(count, state)| std::iter::repeat_n(state, count));
        let wire = batch_to_wire(batch, states.collect(), None);
        let progress = wire.progress.expect("some");
        let told = [
            progress.queued,
            progress.running,
            progress.done,
            progress.not_found,
            progress.gone,
            progress.failed,
            progress.expired,
            progress.cancelled,
        ];
        assert_eq!((told, progress.jobs), ([1, 2, 3, 4, 5, 6, 7, 8], 36));
        assert_eq!((wire.id.as_str(), wire.cancelled_at_ms, wire.ended_at_ms), ("b-7", 2, 0));
    }

    #[test]
    fn labels_and_prefixes_are_bounded() {
        assert!(label("x".repeat(201)).is_err() && label("x".repeat(200)).is_ok());
        assert!(prefix("@types/".to_owned()).is_ok() && prefix(String::new()).is_ok());
        for wrong in ["a b", "é", &"x".repeat(215)] {
            assert_eq!(prefix(wrong.to_owned()).expect_err(wrong).field(), "prefix");
        }
    }
}
