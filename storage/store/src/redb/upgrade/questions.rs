//! Format 6: a submission may ask a question.
//!
//! Rows of commands are rewritten, those of open jobs and those of ended ones, and so are schedules, whose jobs are of the
//! same kind, and campaigns. None of them asks anything. Beside that the tables `resolutions` and `superseded` are new;
//! whoever opens makes them.
//!
//! The structures here are format 5's as they were, and stay so whatever becomes of those of today.

use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use gleaner_model::{
    Campaign, CampaignState, ClientName, CrawlPart, Ecosystem, Fault, Host, IdempotencyKey, JobKind, JobSpec, Lane,
    OrderName, Origin, Purl, RegistryName, Schedule, ScheduleRun, TaskId, Timestamp, Trace,
};

use crate::{Command, Payload, StoreError, frame};

use super::super::errors::{damaged, storage, table};
use super::super::tables::{CAMPAIGNS, JOURNAL_LEVEL, SCHEDULES};
use super::rows;

/// A command of formats 3 to 5.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum OldCommand {
    Submit {
        task: TaskId,
        spec: OldSpec,
        client: ClientName,
        lane: Lane,
        at: Timestamp,
        epoch: u64,
        trace: Trace,
        origin: Origin,
    },
    AttemptFailed {
        task: TaskId,
        attempts: u32,
        fault: Fault,
        retry_at: Timestamp,
    },
    HostBlocked {
        host: Host,
        until: Timestamp,
    },
}

/// What its job asks for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct OldSpec {
    pub(super) kind: JobKind,
    pub(super) part: CrawlPart,
    pub(super) purl: Purl,
    pub(super) registry: RegistryName,
    pub(super) max_age_ms: u64,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) key: Option<IdempotencyKey>,
}

/// A schedule of formats 3 to 5.
#[derive(Serialize, Deserialize)]
struct OldSchedule {
    name: OrderName,
    client: ClientName,
    cron: String,
    jobs: Vec<OldSpec>,
    created_at: Timestamp,
    paused: bool,
    next_at: Option<Timestamp>,
    last: Option<ScheduleRun>,
}

/// A campaign of formats 3 to 5.
#[derive(Serialize, Deserialize)]
struct OldCampaign {
    name: OrderName,
    client: ClientName,
    registry: RegistryName,
    ecosystem: Ecosystem,
    prefix: String,
    window: u32,
    created_at: Timestamp,
    state: CampaignState,
    cursor: Option<String>,
    exhausted: bool,
    submitted: u64,
    ended_at: Option<Timestamp>,
}

impl From<OldCommand> for Command {
    fn from(old: OldCommand) -> Self {
        match old {
            OldCommand::Submit { task, spec, client, lane, at, epoch, trace, origin } => {
                Payload { task, spec: spec.into(), client, lane, created_at: at, epoch, trace, origin }.into()
            }
            OldCommand::AttemptFailed { task, attempts, fault, retry_at } => {
                Self::AttemptFailed { task, attempts, fault, retry_at }
            }
            OldCommand::HostBlocked { host, until } => Self::HostBlocked { host, until },
        }
    }
}

impl From<OldSpec> for JobSpec {
    fn from(old: OldSpec) -> Self {
        let OldSpec { kind, part, purl, registry, max_age_ms, expires_at, not_before, deadline, key } = old;
        Self { kind, part, purl, registry, max_age_ms, expires_at, not_before, deadline, key, question: None }
    }
}

impl From<OldSchedule> for Schedule {
    fn from(old: OldSchedule) -> Self {
        let OldSchedule { name, client, cron, jobs, created_at, paused, next_at, last } = old;
        let jobs = jobs.into_iter().map(Into::into).collect();
        Self { name, client, cron, jobs, created_at, paused, next_at, last }
    }
}

impl From<OldCampaign> for Campaign {
    fn from(old: OldCampaign) -> Self {
        Self {
            name: old.name,
            client: old.client,
            registry: old.registry,
            ecosystem: old.ecosystem,
            prefix: old.prefix,
            window: old.window,
            created_at: old.created_at,
            state: old.state,
            cursor: old.cursor,
            exhausted: old.exhausted,
            submitted: old.submitted,
            ended_at: old.ended_at,
            question: None,
        }
    }
}

/// Rewrites every row of commands, and every order.
pub(super) fn run(writing: &WriteTransaction) -> Result<(), StoreError> {
    rows::rewrite_commands::<OldCommand, Command>(writing)?;
    let known: Vec<String> = writing.list_tables().map_err(storage)?.map(|found| found.name().to_owned()).collect();
    let is_known = |name: &str| known.iter().any(|known| known == name);
    if is_known(SCHEDULES.name()) {
        rewrite_named::<OldSchedule, Schedule>(writing, SCHEDULES)?;
    }
    if is_known(CAMPAIGNS.name()) {
        rewrite_named::<OldCampaign, Campaign>(writing, CAMPAIGNS)?;
    }
    Ok(())
}

/// Rewrites the rows of a table of orders, of which there are some thousand at most.
fn rewrite_named<Old: DeserializeOwned, New: From<Old> + Serialize>(
    writing: &WriteTransaction,
    definition: TableDefinition<'static, (&'static str, &'static str), &'static [u8]>,
) -> Result<(), StoreError> {
    let mut orders = writing.open_table(definition).map_err(table)?;
    let mut rewritten = Vec::new();
    for row in orders.iter().map_err(storage)? {
        let (key, stored) = row.map_err(storage)?;
        let (client, name) = key.value();
        let old: Old = frame::decode(stored.value())
            .map_err(|flaw| damaged(definition.name(), format_args!("{client} {name}"), flaw))?;
        let new = frame::encode(&New::from(old), JOURNAL_LEVEL);
        rewritten.push((client.to_owned(), name.to_owned(), new));
    }
    for (client, name, new) in rewritten {
        orders.insert((client.as_str(), name.as_str()), new.as_slice()).map_err(storage)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gleaner_model::JobId;
    use redb::Database;

    use super::super::super::open::FILE;
    use super::super::super::tables::{CHUNKS, META, State};
    use super::*;
    use crate::redb::{pack, row};
    use crate::{RedbOptions, RedbStore, Store};

    fn spec() -> OldSpec {
        let purl: Purl = "pkg:npm/%40types/node".parse().unwrap();
        OldSpec {
            kind: JobKind::Crawl,
            part: CrawlPart::Older,
            registry: RegistryName::default_of(purl.ecosystem()),
            purl,
            max_age_ms: 9,
            expires_at: None,
            not_before: Some(Timestamp::from_millis(5)),
            deadline: Some(Timestamp::from_millis(6)),
            key: Some("mine".parse().unwrap()),
        }
    }

    fn submit(sequence: u64) -> OldCommand {
        OldCommand::Submit {
            task: TaskId(sequence),
            spec: spec(),
            client: "acme".parse().unwrap(),
            lane: Lane::Paid,
            at: Timestamp::from_millis(3),
            epoch: 4,
            trace: Trace(Some("00-1-2-01".into())),
            origin: Origin::Asked,
        }
    }

    fn schedule() -> OldSchedule {
        OldSchedule {
            name: "nightly".parse().unwrap(),
            client: "acme".parse().unwrap(),
            cron: "0 3 * * *".to_owned(),
            jobs: vec![spec(), spec()],
            created_at: Timestamp::from_millis(1),
            paused: true,
            next_at: None,
            last: Some(ScheduleRun {
                due_at: Timestamp::from_millis(2),
                asked_at: Timestamp::from_millis(3),
                jobs: 2,
                first: Some(JobId(1)),
                refusal: None,
            }),
        }
    }

    fn campaign() -> OldCampaign {
        OldCampaign {
            name: "all".parse().unwrap(),
            client: "acme".parse().unwrap(),
            registry: "npm".parse().unwrap(),
            ecosystem: Ecosystem::Npm,
            prefix: "a".to_owned(),
            window: 10,
            created_at: Timestamp::from_millis(1),
            state: CampaignState::Paused,
            cursor: Some("npm pkg:npm/abbrev".to_owned()),
            exhausted: false,
            submitted: 12,
            ended_at: None,
        }
    }

    /// A store as a version of format 5 left it, with one open job, a schedule and a campaign.
    fn store(dir: &std::path::Path, damage: bool) {
        let database = Database::create(dir.join(FILE)).unwrap();
        let writing = database.begin_write().unwrap();
        {
            let mut meta = writing.open_table(META).unwrap();
            meta.insert("format", 5_u32.to_le_bytes().as_slice()).unwrap();
            meta.insert("epoch", 4_u64.to_le_bytes().as_slice()).unwrap();
            let state = State { next_sequence: 2, ..State::FIRST };
            meta.insert("state", state.to_bytes().as_slice()).unwrap();
            let mut payload = Vec::new();
            pack::append(&mut payload, &(0_u16, submit(1)));
            let row = row::join(None, &frame::seal(&payload, JOURNAL_LEVEL));
            writing.open_table(CHUNKS).unwrap().insert(1, row.as_slice()).unwrap();
            let mut schedules = writing.open_table(SCHEDULES).unwrap();
            schedules.insert(("acme", "nightly"), frame::encode(&schedule(), JOURNAL_LEVEL).as_slice()).unwrap();
            let mut row = frame::encode(&campaign(), JOURNAL_LEVEL);
            *row.last_mut().unwrap() ^= u8::from(damage);
            writing.open_table(CAMPAIGNS).unwrap().insert(("acme", "all"), row.as_slice()).unwrap();
        }
        writing.commit().unwrap();
    }

    #[test]
    fn what_format_5_held_is_what_it_was_and_asks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), false);
        let store = RedbStore::open(dir.path(), RedbOptions::default()).unwrap();
        let job = store.job(JobId(1)).unwrap().unwrap();
        assert_eq!(job.submit, submit(1).into());
        let payload = job.submit.into_payload().expect("a job");
        let new = &payload.spec;
        assert_eq!((&new.question, new.max_age_ms, &new.key), (&None, 9, &Some("mine".parse().unwrap())));
        assert_eq!(store.schedules().unwrap(), [Schedule::from(schedule())]);
        assert_eq!(store.campaigns().unwrap(), [Campaign::from(campaign())]);
        drop(store);
        RedbStore::open(dir.path(), RedbOptions::default()).expect("the second opening finds nothing to do");
    }

    #[test]
    fn a_damaged_order_leaves_the_old_format_whole() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), true);
        let refused = RedbStore::open(dir.path(), RedbOptions::default()).unwrap_err().to_string();
        assert!(refused.contains("cannot be upgraded") && refused.contains("campaigns"), "{refused}");
    }
}
