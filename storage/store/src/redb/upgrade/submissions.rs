//! Format 3: a submission says more: not-before, deadline, the client's key, and what the job came from.
//!
//! Rows of commands are rewritten, those of open jobs and those of ended ones; what their notes say stays. What is said
//! more is said of none of them. Beside that the tables `keys`, `batches`, `schedules` and `campaigns` are new.
//!
//! The structures here are format 2's as they were, and stay so whatever becomes of those of today.

use redb::WriteTransaction;
use serde::{Deserialize, Serialize};

use gleaner_model::{
    ClientName, CrawlPart, Fault, Host, JobKind, Lane, Origin, Purl, RegistryName, TaskId, Timestamp, Trace,
};

use crate::StoreError;

use super::{questions, rows};

/// A command of format 2.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum OldCommand {
    Submit { task: TaskId, spec: OldSpec, client: ClientName, lane: Lane, at: Timestamp, epoch: u64, trace: Trace },
    AttemptFailed { task: TaskId, attempts: u32, fault: Fault, retry_at: Timestamp },
    HostBlocked { host: Host, until: Timestamp },
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
}

impl From<OldCommand> for questions::OldCommand {
    fn from(old: OldCommand) -> Self {
        match old {
            OldCommand::Submit { task, spec, client, lane, at, epoch, trace } => {
                let OldSpec { kind, part, purl, registry, max_age_ms, expires_at } = spec;
                let (not_before, deadline, key) = (None, None, None);
                let spec = questions::OldSpec {
                    kind,
                    part,
                    purl,
                    registry,
                    max_age_ms,
                    expires_at,
                    not_before,
                    deadline,
                    key,
                };
                Self::Submit { task, spec, client, lane, at, epoch, trace, origin: Origin::Asked }
            }
            OldCommand::AttemptFailed { task, attempts, fault, retry_at } => {
                Self::AttemptFailed { task, attempts, fault, retry_at }
            }
            OldCommand::HostBlocked { host, until } => Self::HostBlocked { host, until },
        }
    }
}

/// Rewrites every row.
pub(super) fn run(writing: &WriteTransaction) -> Result<(), StoreError> {
    rows::rewrite_commands::<OldCommand, questions::OldCommand>(writing)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use gleaner_model::{JobId, JobResult, JobState};
    use redb::Database;

    use super::*;
    use crate::redb::open::FILE;
    use crate::redb::row::{Ends, Notes};
    use crate::redb::tables::{
        CHUNKS, CLOSURES, ENDED, EXPIRES_ENDED, EXPIRES_RESULTS, EXPIRY, JOURNAL_LEVEL, META, RESULTS, State,
    };
    use crate::redb::{pack, row};
    use crate::{Closure, Command, Recovered, RedbOptions, RedbStore, Store, frame};

    fn submit(sequence: u64, task: u64) -> (u16, OldCommand) {
        let purl: Purl = format!("pkg:cargo/crate-{sequence}").parse().unwrap();
        let spec = OldSpec {
            kind: JobKind::Crawl,
            part: CrawlPart::Older,
            registry: RegistryName::default_of(purl.ecosystem()),
            purl,
            max_age_ms: sequence,
            expires_at: (sequence == 2).then(|| Timestamp::from_millis(77)),
        };
        let (client, at, trace) = (ClientName::gleaner(), Timestamp::from_millis(3), Trace(Some("00-1-2-01".into())));
        let command = OldCommand::Submit { task: TaskId(task), spec, client, lane: Lane::Paid, at, epoch: 4, trace };
        (u16::try_from(sequence - 1).unwrap(), command)
    }

    fn packed(commands: &[(u16, OldCommand)]) -> Vec<u8> {
        let mut payload = Vec::new();
        commands.iter().for_each(|record| pack::append(&mut payload, record));
        frame::seal(&payload, JOURNAL_LEVEL)
    }

    /// A store as a version of format 2 left it: jobs 1 to 3 in a chunk, of which 3 has ended; job 10 all over.
    fn store(dir: &std::path::Path, chunk: &[u8]) {
        let database = Database::create(dir.join(FILE)).unwrap();
        let writing = database.begin_write().unwrap();
        {
            let mut meta = writing.open_table(META).unwrap();
            meta.insert("format", 2_u32.to_le_bytes().as_slice()).unwrap();
            meta.insert("epoch", 4_u64.to_le_bytes().as_slice()).unwrap();
            let state = State { next_sequence: 11, next_batch: 2, ..State::FIRST };
            meta.insert("state", state.to_bytes().as_slice()).unwrap();
            writing.open_table(CHUNKS).unwrap().insert(1, chunk).unwrap();
            let closure = |job| Closure {
                job: JobId(job),
                result: JobResult::bare(JobState::Done, Timestamp::from_millis(50), 1),
                ends_task: Some(TaskId(job)),
            };
            let batch = |job| frame::seal(&postcard::to_allocvec(&closure(job)).unwrap(), JOURNAL_LEVEL);
            writing.open_table(CLOSURES).unwrap().insert(0, batch(3).as_slice()).unwrap();
            writing.open_table(RESULTS).unwrap().insert(1, batch(10).as_slice()).unwrap();
            let ends = Ends { batches: vec![1], by: vec![1], last_ended: Timestamp::from_millis(50), relies_from: 0 };
            let (_, over) = submit(10, 10);
            let row = row::join(Some(&Notes { ends, tasks_ended: Vec::new() }), &packed(&[(0, over)]));
            writing.open_table(ENDED).unwrap().insert(10, row.as_slice()).unwrap();
            let mut expiry = writing.open_table(EXPIRY).unwrap();
            expiry.insert((50, EXPIRES_ENDED, 10), ()).unwrap();
            expiry.insert((50, EXPIRES_RESULTS, 1), ()).unwrap();
        }
        writing.commit().unwrap();
    }

    fn expected(old: OldCommand) -> Command {
        let command = Command::from(questions::OldCommand::from(old));
        let Command::Submit(payload) = &command else { panic!("a job") };
        let (spec, origin) = (&payload.spec, &payload.origin);
        assert_eq!((spec.not_before, spec.deadline, &spec.key, origin), (None, None, &None, &Origin::Asked));
        command
    }

    #[test]
    fn jobs_of_format_2_are_what_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let failed = OldCommand::AttemptFailed {
            task: TaskId(1),
            attempts: 2,
            fault: Fault::new(gleaner_model::FaultKind::Outage, "away"),
            retry_at: Timestamp::from_millis(9),
        };
        let commands = [submit(1, 1), submit(2, 1), submit(3, 3), (3, failed)];
        store(dir.path(), &row::join(None, &packed(&commands)));
        let store = RedbStore::open(dir.path(), RedbOptions::default()).unwrap();
        let mut found = Vec::new();
        store.recover(&mut |one| found.push(one)).unwrap();
        let job = |at: usize| Recovered::Job {
            job: JobId(at as u64 + 1),
            open: true,
            submit: expected(commands[at].1.clone()),
        };
        let last = Recovered::AttemptFailed { task: TaskId(1), attempts: 2, retry_at: Timestamp::from_millis(9) };
        assert_eq!(found, [job(0), job(1), last]);
        let ended = store.job(JobId(3)).unwrap().unwrap();
        assert_eq!((ended.submit, ended.result.is_some()), (expected(commands[2].1.clone()), true));
        let over = store.job(JobId(10)).unwrap().unwrap();
        assert_eq!((over.submit, over.result.is_some()), (expected(submit(10, 10).1), true));
        while store.forget_before(Timestamp::from_millis(60)).unwrap() {}
        assert_eq!(store.job(JobId(10)).unwrap(), None);
    }

    #[test]
    fn a_damaged_row_stops_the_upgrade() {
        let dir = tempfile::tempdir().unwrap();
        let mut chunk = row::join(None, &packed(&[submit(1, 1)]));
        *chunk.last_mut().unwrap() ^= 1;
        store(dir.path(), &chunk);
        let refused = RedbStore::open(dir.path(), RedbOptions::default()).unwrap_err().to_string();
        assert!(refused.contains("cannot be upgraded") && refused.contains("chunks"), "{refused}");
    }
}
