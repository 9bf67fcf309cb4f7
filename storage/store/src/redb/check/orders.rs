//! The sense of what stands beside jobs: clients' keys, batches, schedules and campaigns, operators' settings.

use redb::{TableDefinition, TableHandle};
use serde::de::DeserializeOwned;

use gleaner_model::{Batch, Campaign, HostSettings, Schedule};

use crate::Keyed;

use super::super::errors::storage;
use super::super::tables::{BATCHES, CAMPAIGNS, EXPIRES_BATCH, EXPIRY, HOSTS, KEYS, SCHEDULES};
use super::super::{keys, orders};
use super::{Checker, Halt, Looked, ensure};

type Named = TableDefinition<'static, (&'static str, &'static str), &'static [u8]>;

impl Checker<'_> {
    pub(super) fn keys(&mut self) -> Result<(), Halt> {
        let next = self.state.next_sequence;
        self.table(KEYS, shown, |(client, key), stored| {
            let entry = keys::decode((client, key), stored)?;
            ensure((entry.client.as_str(), entry.key.as_str()) == (client, key), "it is another key's")?;
            let number = match entry.names {
                Keyed::Job(job) => job.0,
                Keyed::Batch(batch) => batch.0,
            };
            ensure((1..next).contains(&number), "it names a job that was never submitted")
        })
    }

    pub(super) fn batches_of_clients(&mut self) -> Result<(), Halt> {
        let (next, expiry) = (self.state.next_sequence, self.open(EXPIRY)?);
        self.table(BATCHES, u64::to_string, |id, stored| {
            let batch: Batch = orders::decode("batches", id, stored)?;
            ensure(batch.id.0 == id, "it is another batch")?;
            ensure(batch.first() <= batch.last && batch.last.0 < next, "it has jobs that were never submitted")?;
            let room = batch.last.0 - batch.first().0 + 1;
            ensure(batch.jobs > 0 && u64::from(batch.jobs) <= room, "it has more jobs than fit, or none")?;
            let Some((at, _)) = batch.end else { return Ok(()) };
            let expires = expiry.get((at.as_millis(), EXPIRES_BATCH, id)).map_err(storage)?.is_some();
            ensure(expires, "it will never be forgotten: `expiry` does not name it")
        })
    }

    pub(super) fn schedules(&mut self) -> Result<(), Halt> {
        self.named(SCHEDULES, |(client, name), schedule: &Schedule| {
            ensure((schedule.client.as_str(), schedule.name.as_str()) == (client, name), "it is another schedule")?;
            ensure(!schedule.jobs.is_empty(), "it asks for nothing")
        })
    }

    pub(super) fn campaigns(&mut self) -> Result<(), Halt> {
        self.named(CAMPAIGNS, |(client, name), campaign: &Campaign| {
            ensure((campaign.client.as_str(), campaign.name.as_str()) == (client, name), "it is another campaign")?;
            ensure(campaign.state.is_over() == campaign.ended_at.is_some(), "it is over without an end")
        })
    }

    pub(super) fn hosts(&mut self) -> Result<(), Halt> {
        self.table(
            HOSTS,
            |host| (*host).to_owned(),
            |host, stored| {
                let settings: HostSettings = orders::decode("hosts", host, stored)?;
                ensure(settings.host.as_str() == host, "it is another host's")?;
                ensure(settings.reserve_permille < 1_000, "it keeps everything")
            },
        )
    }

    fn named<T: DeserializeOwned>(
        &mut self,
        rows: Named,
        mut look: impl FnMut((&str, &str), &T) -> Looked,
    ) -> Result<(), Halt> {
        let table = super::static_name(rows.name());
        self.table(rows, shown, |(client, name), stored| {
            look((client, name), &orders::decode(table, format_args!("{client} {name}"), stored)?)
        })
    }
}

fn shown((client, name): &(&str, &str)) -> String {
    format!("{client} {name}")
}
