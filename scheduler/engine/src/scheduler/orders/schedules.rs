//! Schedules: the same jobs at certain times.
//!
//! The next time of each stands in one order, so that only what is due is looked at. A run and the jobs that it asked for
//! are one commit with the time after it: it happens once, whatever dies. Times that were missed (nobody was there, the
//! schedule was not due to anyone) are made up for by one run. A run that the queue has no room for is tried again a
//! little later, whole.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::cron::Cron;
use gleaner_core::{Moment, Refusal};
use gleaner_model::{ClientName, Origin, Schedule, ScheduleRun, Timestamp, Trace};
use gleaner_store::{OrderWrite, Payload};

use super::{Name, OrderError};
use crate::committer::Entry;
use crate::scheduler::message::{Admitted, Committed, Message, Reply, SubmitError};
use crate::scheduler::state::State;

/// Schedules of one client: enough for everybody's own rhythm, and a page for people.
const OF_A_CLIENT_MAX: usize = 100;

/// Jobs of all schedules together, which are in memory: some hundred bytes each.
const JOBS_MAX: usize = 100_000;

/// All schedules.
#[derive(Default)]
pub(crate) struct Schedules {
    rows: BTreeMap<Name, Row>,
    due: BTreeSet<(Timestamp, Name)>,
    jobs: usize,
}

struct Row {
    schedule: Schedule,
    /// None if it never comes any more, or cannot be read by this version.
    cron: Option<Cron>,
    /// When it stands among those that are due.
    stands_at: Option<Timestamp>,
}

impl Schedules {
    pub(super) fn load(&mut self, schedules: Vec<Schedule>, now: Timestamp) {
        for schedule in schedules {
            let cron = Cron::parse(&schedule.cron, now).inspect_err(
                |error| tracing::warn!(client = %schedule.client, name = %schedule.name, %error, "a schedule rests"),
            );
            self.put(schedule, cron.ok());
        }
    }

    fn put(&mut self, schedule: Schedule, cron: Option<Cron>) {
        let name = (schedule.client.clone(), schedule.name.clone());
        self.take(&name);
        let stands_at = schedule.next_at.filter(|_| !schedule.paused);
        self.due.extend(stands_at.map(|at| (at, name.clone())));
        self.jobs += schedule.jobs.len();
        self.rows.insert(name, Row { schedule, cron, stands_at });
    }

    fn take(&mut self, name: &Name) -> Option<Row> {
        let row = self.rows.remove(name)?;
        if let Some(at) = row.stands_at {
            self.due.remove(&(at, name.clone()));
        }
        self.jobs -= row.schedule.jobs.len();
        Some(row)
    }

    /// Lets one wait until another moment than its next time.
    fn postpone(&mut self, name: &Name, until: Timestamp) {
        if let Some(row) = self.rows.get_mut(name) {
            if let Some(at) = row.stands_at.replace(until) {
                self.due.remove(&(at, name.clone()));
            }
            self.due.insert((until, name.clone()));
        }
    }

    pub(super) fn of(&self, client: Option<&ClientName>) -> Vec<Schedule> {
        let rows = self.rows.values().map(|row| &row.schedule);
        rows.filter(|schedule| client.is_none_or(|client| *client == schedule.client)).cloned().collect()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// One that is due.
    pub(super) fn due(&self, now: Timestamp) -> Option<Name> {
        self.due.first().filter(|(at, _)| *at <= now).map(|(_, name)| name.clone())
    }

    fn check(&self, schedule: &Schedule) -> Result<(), OrderError> {
        let name = (schedule.client.clone(), schedule.name.clone());
        if self.rows.contains_key(&name) {
            return Err(OrderError::Exists("schedule", name.1.to_string()));
        }
        if self.rows.keys().filter(|(client, _)| *client == schedule.client).count() >= OF_A_CLIENT_MAX {
            return Err(OrderError::TooMany(format!("a client has at most {OF_A_CLIENT_MAX} schedules")));
        }
        if self.jobs + schedule.jobs.len() > JOBS_MAX {
            return Err(OrderError::TooMany(format!("all schedules together have at most {JOBS_MAX} jobs")));
        }
        Ok(())
    }
}

impl State {
    pub(super) fn add_schedule(&mut self, mut schedule: Schedule, reply: Reply<Result<Schedule, OrderError>>) {
        let now = self.now().wall;
        if self.is_draining {
            return drop(reply.send(Err(OrderError::Draining)));
        }
        if let Err(error) = self.orders.schedules.check(&schedule) {
            return drop(reply.send(Err(error)));
        }
        let unknown = schedule.jobs.iter().find(|spec| self.parts.registries.of(spec).is_none());
        if let Some(spec) = unknown {
            let message = format!("registry `{}` is not configured for {}", spec.registry, spec.purl);
            return drop(reply.send(Err(OrderError::Wrong(message))));
        }
        let cron = match Cron::parse(&schedule.cron, now) {
            Ok(cron) => cron,
            Err(error) => return drop(reply.send(Err(OrderError::Wrong(error.to_string())))),
        };
        (schedule.created_at, schedule.next_at) = (now, cron.next_after(now));
        self.write_schedule(&schedule, Some(cron), reply);
    }

    pub(super) fn pause_schedule(&mut self, name: &Name, paused: bool, reply: Reply<Result<Schedule, OrderError>>) {
        let now = self.now().wall;
        let Some(row) = self.orders.schedules.rows.get(name) else {
            return drop(reply.send(Err(OrderError::Unknown("schedule", name.1.to_string()))));
        };
        let cron = row.cron.clone();
        // Times that it misses while it rests are missed.
        let next_at = cron.as_ref().filter(|_| !paused).and_then(|cron| cron.next_after(now));
        let schedule = Schedule { paused, next_at, ..row.schedule.clone() };
        self.write_schedule(&schedule, cron, reply);
    }

    fn write_schedule(&mut self, schedule: &Schedule, cron: Option<Cron>, reply: Reply<Result<Schedule, OrderError>>) {
        self.orders.schedules.put(schedule.clone(), cron);
        let told = schedule.clone();
        let mut entry = Entry::new(Box::new(move |result| {
            let _ = reply.send(result.map(|()| told).map_err(|error| OrderError::Store(error.to_string())));
        }));
        entry.orders.push(OrderWrite::Schedule(Box::new(schedule.clone())));
        self.commit(entry);
    }

    pub(super) fn remove_schedule(&mut self, name: &Name, reply: Reply<Result<(), OrderError>>) {
        if self.orders.schedules.take(name).is_none() {
            return drop(reply.send(Err(OrderError::Unknown("schedule", name.1.to_string()))));
        }
        let mut entry = Entry::new(Box::new(move |result| {
            let _ = reply.send(result.map_err(|error| OrderError::Store(error.to_string())));
        }));
        let (client, name) = name.clone();
        entry.orders.push(OrderWrite::ScheduleRemoved { client, name });
        self.commit(entry);
    }

    /// Asks for what a schedule says, now that it is due.
    pub(super) fn run_schedule(&mut self, name: &Name, now: Moment) {
        let Some(row) = self.orders.schedules.rows.get(name) else { return };
        let (schedule, cron) = (row.schedule.clone(), row.cron.clone());
        let due_at = schedule.next_at.unwrap_or(now.wall);
        let mut run = ScheduleRun { due_at, asked_at: now.wall, jobs: 0, first: None, refusal: None };
        let admitted = match self.ask_for(&schedule, &mut run) {
            Ok(admitted) => admitted,
            Err(Refusal::Full { retry_after_ms } | Refusal::TooManyAttached { retry_after_ms, .. }) => {
                return self.orders.schedules.postpone(name, now.wall.plus_ms(retry_after_ms));
            }
            Err(_) => Vec::new(),
        };
        tracing::info!(client = %name.0, schedule = %name.1, jobs = admitted.len(), "a schedule asked");
        // The clock may have been set back since it was due; the same time must not come twice.
        let next_at = cron.as_ref().and_then(|cron| cron.next_after(now.wall.max(due_at)));
        let schedule = Schedule { next_at, last: Some(run), ..schedule };
        let jobs = admitted.iter().map(|(admitted, _)| admitted.job).collect();
        let myself = self.myself.clone();
        let mut entry = Entry::new(Box::new(move |result| {
            if result.is_ok() {
                let _ = myself.cast(Message::Committed(Committed::Submitted(jobs)));
            }
        }));
        for (admitted, payload) in admitted {
            self.put(&mut entry, admitted.job, payload);
        }
        entry.orders.push(OrderWrite::Schedule(Box::new(schedule.clone())));
        self.commit(entry);
        self.orders.schedules.put(schedule, cron);
    }

    /// Has the jobs of a schedule taken in, on behalf of its client as it is now. One that can never be is left out, and
    /// the run says why.
    fn ask_for(&mut self, schedule: &Schedule, run: &mut ScheduleRun) -> Result<Vec<(Admitted, Payload)>, Refusal> {
        let Some(client) = self.parts.options.clients.find(&schedule.client) else {
            run.refusal = Some(format!("the client `{}` is not known any more", schedule.client));
            return Ok(Vec::new());
        };
        let mut admitted: Vec<(Admitted, Payload)> = Vec::new();
        for spec in &schedule.jobs {
            match self.admit_one(spec, &client) {
                Ok(one) => {
                    let payload = self.payload(one.task, spec.clone(), &client, &Trace::default());
                    admitted.push((one, Payload { origin: Origin::Schedule(schedule.name.clone()), ..payload }));
                }
                Err(SubmitError::Refused(refusal @ (Refusal::Full { .. } | Refusal::TooManyAttached { .. }))) => {
                    self.take_back(&admitted.iter().map(|(one, _)| *one).collect::<Vec<_>>());
                    return Err(refusal);
                }
                Err(error) => _ = run.refusal.get_or_insert_with(|| error.to_string()),
            }
        }
        run.jobs = u32::try_from(admitted.len()).unwrap_or(u32::MAX);
        run.first = admitted.first().map(|(one, _)| one.job);
        Ok(admitted)
    }
}

#[cfg(test)]
mod tests {
    use gleaner_model::{JobSpec, Purl, RegistryName};

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn schedule(name: &str, next_ms: i64, jobs: usize) -> Schedule {
        let purl: Purl = "pkg:npm/express".parse().expect("valid");
        let spec = JobSpec::crawl(purl.clone(), RegistryName::default_of(purl.ecosystem()));
        Schedule {
            name: name.parse().expect("a name"),
            client: "acme".parse().expect("a name"),
            cron: "0 6 * * *".to_owned(),
            jobs: vec![spec; jobs],
            created_at: at(0),
            paused: false,
            next_at: Some(at(next_ms)),
            last: None,
        }
    }

    #[test]
    fn the_first_that_is_due_comes_first_and_a_time_that_was_missed_is_due_at_once() {
        let mut schedules = Schedules::default();
        schedules.load(vec![schedule("b", 20, 1), schedule("a", 30, 1), schedule("c", 10, 1)], at(0));
        assert_eq!((schedules.next_due(), schedules.due(at(9))), (Some(at(10)), None));
        let name = schedules.due(at(1_000_000)).expect("one is due");
        assert_eq!(name.1.as_str(), "c");
        schedules.postpone(&name, at(25));
        assert_eq!(schedules.due(at(25)).expect("one is due").1.as_str(), "b");
        schedules.put(Schedule { paused: true, ..schedule("b", 20, 1) }, None);
        assert_eq!(schedules.next_due(), Some(at(25)));
        assert_eq!(schedules.of(None).len(), 3);
    }

    #[test]
    fn there_are_only_so_many() {
        let mut schedules = Schedules::default();
        for number in 0..OF_A_CLIENT_MAX {
            let next = schedule(&format!("s{number}"), 10, 2);
            assert_eq!(schedules.check(&next), Ok(()));
            schedules.put(next, None);
        }
        assert!(matches!(schedules.check(&schedule("s1", 10, 1)), Err(OrderError::Exists("schedule", _))));
        assert!(matches!(schedules.check(&schedule("more", 10, 1)), Err(OrderError::TooMany(_))));
        let other = Schedule { client: "other".parse().expect("a name"), ..schedule("s1", 10, 1) };
        assert_eq!(schedules.check(&other), Ok(()));
        let huge = Schedule { jobs: vec![other.jobs[0].clone(); JOBS_MAX], ..other };
        assert!(matches!(schedules.check(&huge), Err(OrderError::TooMany(_))));
        assert_eq!(schedules.jobs, 2 * OF_A_CLIENT_MAX);
    }
}
