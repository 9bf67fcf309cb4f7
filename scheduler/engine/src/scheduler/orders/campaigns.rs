//! Campaigns: one job for every known package of a range, a few at a time.
//!
//! The problem: a recomputation of fourteen million packages must not be fourteen million jobs in the queue. A campaign is
//! one row with a cursor: a window of its jobs is open, and when half of them have ended the next packages are read from
//! the catalogue, in the order of their names, and submitted in the lane `bulk`. The cursor moves in the commit of the
//! jobs up to it, so that a crash leaves no package out and asks for none twice.

use std::collections::{BTreeMap, BTreeSet};

use gleaner_core::{Moment, Refusal};
use gleaner_model::{Campaign, CampaignState, ClientName, JobId, JobSpec, Lane, Origin, PackageKey, Purl, Trace};
use gleaner_store::{OrderWrite, Payload};
use hashbrown::HashMap;

use super::{CampaignChange, Name, Order, OrderError};
use crate::clients::Client;
use crate::committer::Entry;
use crate::scheduler::message::{Admitted, Committed, Message, Reply, SubmitError};
use crate::scheduler::state::State;

/// Campaigns that are not over, of all clients: each may read the catalogue at any moment.
const OPEN_MAX: usize = 100;

/// Most packages that are read and submitted at once: what others can wait for.
const PAGE_MAX: usize = 500;

/// How long a campaign rests that the queue has no room for, or whose registry is not configured.
const REST_MS: u64 = 5_000;

/// All campaigns.
#[derive(Default)]
pub(crate) struct Campaigns {
    rows: BTreeMap<Name, Row>,
    of_job: HashMap<JobId, Name>,
    /// Those that have room for more jobs.
    hungry: BTreeSet<Name>,
    /// Those that try again later, by the monotonic time of that.
    resting: BTreeSet<(u64, Name)>,
}

struct Row {
    campaign: Campaign,
    open: BTreeSet<JobId>,
    /// How many packages were asked of the catalogue, while it reads.
    reading: Option<usize>,
    /// Does it stand among those that try again later?
    resting: bool,
}

impl Row {
    fn room(&self) -> usize {
        let window = usize::try_from(self.campaign.window).unwrap_or(usize::MAX);
        window.saturating_sub(self.open.len())
    }

    /// Has so much of its window ended that more is worth reading?
    fn is_hungry(&self) -> bool {
        let window = usize::try_from(self.campaign.window).unwrap_or(usize::MAX);
        let waits = self.reading.is_some() || self.resting;
        self.campaign.state == CampaignState::Running && !waits && self.open.len() <= window / 2
    }
}

impl Campaigns {
    pub(super) fn recovered(&mut self, job: JobId, name: Name) {
        self.of_job.insert(job, name);
    }

    /// Takes the rows; answers the open jobs of those that were cancelled.
    pub(super) fn load(&mut self, campaigns: Vec<Campaign>) -> Vec<JobId> {
        let mut cancelled = Vec::new();
        for campaign in campaigns {
            let name = (campaign.client.clone(), campaign.name.clone());
            let open: BTreeSet<JobId> =
                self.of_job.iter().filter(|(_, of)| **of == name).map(|(job, _)| *job).collect();
            if campaign.state == CampaignState::Cancelled {
                cancelled.extend(&open);
            }
            self.put(Row { campaign, open, reading: None, resting: false });
        }
        cancelled
    }

    fn put(&mut self, row: Row) {
        let name = (row.campaign.client.clone(), row.campaign.name.clone());
        if row.is_hungry() {
            self.hungry.insert(name.clone());
        }
        self.rows.insert(name, row);
    }

    pub(super) fn of(&self, client: Option<&ClientName>) -> Vec<(Campaign, usize)> {
        let rows = self.rows.values().filter(|row| client.is_none_or(|client| *client == row.campaign.client));
        rows.map(|row| (row.campaign.clone(), row.open.len())).collect()
    }

    pub(super) fn is_hungry(&self) -> bool {
        !self.hungry.is_empty()
    }

    pub(super) fn next_rest(&self) -> Option<u64> {
        self.resting.first().map(|(at, _)| *at)
    }

    pub(super) fn is_cancelled(&self, job: JobId) -> bool {
        let row = self.of_job.get(&job).and_then(|name| self.rows.get(name));
        row.is_some_and(|row| row.campaign.state == CampaignState::Cancelled)
    }

    /// A job has ended; answers its campaign, if it was of one.
    pub(super) fn ended(&mut self, job: JobId) -> Option<Name> {
        let name = self.of_job.remove(&job)?;
        let row = self.rows.get_mut(&name)?;
        row.open.remove(&job);
        if row.is_hungry() {
            self.hungry.insert(name.clone());
        }
        Some(name)
    }

    fn rest(&mut self, name: &Name, now: Moment, ms: u64) {
        self.hungry.remove(name);
        if let Some(row) = self.rows.get_mut(name) {
            row.resting = true;
        }
        self.resting.insert((now.mono_ms.saturating_add(ms), name.clone()));
    }

    fn wake(&mut self, now: Moment) {
        while let Some((at, name)) = self.resting.first().cloned() {
            if at > now.mono_ms {
                break;
            }
            self.resting.pop_first();
            let Some(row) = self.rows.get_mut(&name) else { continue };
            row.resting = false;
            if row.is_hungry() {
                self.hungry.insert(name);
            }
        }
    }

    /// Forgets those that were over long ago, as the store does.
    pub(crate) fn forget_before(&mut self, moment: gleaner_model::Timestamp) {
        self.rows.retain(|_, row| row.campaign.ended_at.is_none_or(|at| at >= moment));
    }

    fn check(&self, campaign: &Campaign) -> Result<(), OrderError> {
        let is_open = |row: &&Row| !row.campaign.state.is_over();
        let same = self.rows.get(&(campaign.client.clone(), campaign.name.clone()));
        // Of one that was cancelled, jobs may be open still.
        if same.is_some_and(|row| is_open(&row) || !row.open.is_empty()) {
            return Err(OrderError::Exists("campaign", campaign.name.to_string()));
        }
        if self.rows.values().filter(is_open).count() >= OPEN_MAX {
            return Err(OrderError::TooMany(format!("at most {OPEN_MAX} campaigns are under way at a time")));
        }
        Ok(())
    }
}

impl State {
    pub(super) fn add_campaign(&mut self, mut campaign: Campaign, reply: Reply<Result<Campaign, OrderError>>) {
        if self.is_draining {
            return drop(reply.send(Err(OrderError::Draining)));
        }
        if let Err(error) = self.orders.campaigns.check(&campaign) {
            return drop(reply.send(Err(error)));
        }
        if !self.parts.registries.has(&campaign.registry, campaign.ecosystem) {
            let message = format!("registry `{}` is not configured for {}", campaign.registry, campaign.ecosystem);
            return drop(reply.send(Err(OrderError::Wrong(message))));
        }
        campaign.created_at = self.now().wall;
        self.orders.campaigns.put(Row {
            campaign: campaign.clone(),
            open: BTreeSet::new(),
            reading: None,
            resting: false,
        });
        let told = campaign.clone();
        let mut entry = Entry::new(Box::new(move |result| {
            let _ = reply.send(result.map(|()| told).map_err(|error| OrderError::Store(error.to_string())));
        }));
        entry.orders.push(OrderWrite::Campaign(campaign));
        self.commit(entry);
    }

    pub(super) fn change_campaign(
        &mut self,
        name: &Name,
        change: CampaignChange,
        reply: Reply<Result<(Campaign, usize), OrderError>>,
    ) {
        let now = self.now().wall;
        let Some(row) = self.orders.campaigns.rows.get_mut(name) else {
            return drop(reply.send(Err(OrderError::Unknown("campaign", name.1.to_string()))));
        };
        if row.campaign.state.is_over() {
            let over = OrderError::Over(name.1.to_string(), row.campaign.state.as_str());
            return drop(reply.send(Err(over)));
        }
        row.campaign.state = match change {
            CampaignChange::Pause => CampaignState::Paused,
            CampaignChange::Resume => CampaignState::Running,
            CampaignChange::Cancel => CampaignState::Cancelled,
        };
        if change == CampaignChange::Cancel {
            row.campaign.ended_at = Some(now);
            self.orders.cancelling.extend(&row.open);
        }
        let told = (row.campaign.clone(), row.open.len());
        if row.is_hungry() {
            self.orders.campaigns.hungry.insert(name.clone());
        }
        let write = OrderWrite::Campaign(told.0.clone());
        let mut entry = Entry::new(Box::new(move |result| {
            let _ = reply.send(result.map(|()| told).map_err(|error| OrderError::Store(error.to_string())));
        }));
        entry.orders.push(write);
        self.commit(entry);
    }

    /// Has the next packages read for those campaigns that have room, off the actor's thread.
    pub(super) fn feed_campaigns(&mut self, now: Moment) {
        self.orders.campaigns.wake(now);
        while let Some(name) = self.orders.campaigns.hungry.pop_first() {
            let Some(row) = self.orders.campaigns.rows.get_mut(&name).filter(|row| row.is_hungry()) else { continue };
            if row.campaign.exhausted {
                self.finish_campaign(&name);
                continue;
            }
            // Whoever is no client any more gets nothing new; perhaps they come back.
            if self.parts.options.clients.find(&name.0).is_none() {
                self.orders.campaigns.rest(&name, now, REST_MS);
                continue;
            }
            let limit = row.room().min(PAGE_MAX);
            row.reading = Some(limit);
            let (registry, after) = (row.campaign.registry.clone(), row.campaign.cursor.clone());
            let beginning = Purl::beginning(row.campaign.ecosystem, &row.campaign.prefix);
            let (store, myself) = (std::sync::Arc::clone(&self.parts.store), self.myself.clone());
            tokio::task::spawn_blocking(move || {
                let page = store.package_keys(&registry, &beginning, after.as_deref(), limit);
                let page = page.map_err(|error| error.to_string());
                let _ = myself.cast(Message::Order(Box::new(Order::CampaignPage { name, page })));
            });
        }
    }

    /// Submits a campaign's next packages, with the cursor behind them.
    pub(super) fn campaign_page(&mut self, name: &Name, page: Result<Vec<PackageKey>, String>) {
        let now = self.now();
        let Some(row) = self.orders.campaigns.rows.get_mut(name) else { return };
        let asked = row.reading.take().unwrap_or(0);
        if row.campaign.state != CampaignState::Running || self.is_draining {
            return;
        }
        let keys = match page {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!(campaign = %name.1, %error, "the catalogue could not be read for a campaign");
                return self.orders.campaigns.rest(name, now, REST_MS);
            }
        };
        let mut campaign = row.campaign.clone();
        let (submitted, refusal) = self.submit_page(&mut campaign, &keys);
        campaign.exhausted = refusal.is_none() && keys.len() < asked;
        if let Some(refusal) = refusal {
            tracing::info!(campaign = %name.1, %refusal, "a campaign rests");
            self.orders.campaigns.rest(name, now, REST_MS);
        }
        let jobs: Vec<JobId> = submitted.iter().map(|(admitted, _)| admitted.job).collect();
        self.orders.campaigns.of_job.extend(jobs.iter().map(|job| (*job, name.clone())));
        if let Some(row) = self.orders.campaigns.rows.get_mut(name) {
            row.open.extend(&jobs);
            row.campaign = campaign.clone();
        }
        let myself = self.myself.clone();
        let mut entry = Entry::new(Box::new(move |result| {
            if result.is_ok() {
                let _ = myself.cast(Message::Committed(Committed::Submitted(jobs)));
            }
        }));
        for (admitted, payload) in submitted {
            self.put(&mut entry, admitted.job, payload);
        }
        entry.orders.push(OrderWrite::Campaign(campaign));
        self.commit(entry);
        self.finish_campaign(name);
    }

    /// Has a page of packages taken in, as far as there is room; moves the cursor, and says what stopped it.
    fn submit_page(
        &mut self,
        campaign: &mut Campaign,
        keys: &[PackageKey],
    ) -> (Vec<(Admitted, Payload)>, Option<SubmitError>) {
        let weight = self.parts.options.clients.weight_of(&campaign.client);
        let client = Client { name: campaign.client.clone(), lane: Lane::Bulk, weight, quota: None };
        let mut submitted = Vec::new();
        for key in keys {
            let (purl, registry) = (key.purl().clone(), key.registry().clone());
            let spec = match &campaign.question {
                None => JobSpec::crawl(purl, registry),
                Some(question) => JobSpec::resolve(purl, registry, (**question).clone()),
            };
            match self.admit_one(&spec, &client) {
                Ok(admitted) => {
                    let payload = self.payload(admitted.task, spec, &client, &Trace::default());
                    let origin = Origin::Campaign(campaign.name.clone());
                    submitted.push((admitted, Payload { origin, ..payload }));
                }
                // So many wait for this package already that one more makes no difference.
                Err(SubmitError::Refused(Refusal::TooManyAttached { .. })) => {}
                Err(error) => return (submitted, Some(error)),
            }
            campaign.submitted += 1;
            campaign.cursor = Some(key.to_text());
        }
        (submitted, None)
    }

    /// A campaign that came to its end, and whose jobs have all ended, is done.
    pub(super) fn finish_campaign(&mut self, name: &Name) {
        let now = self.now().wall;
        let Some(row) = self.orders.campaigns.rows.get_mut(name) else { return };
        let is_at_its_end = row.campaign.exhausted && row.open.is_empty() && row.reading.is_none();
        if !is_at_its_end || row.campaign.state != CampaignState::Running {
            // There may be more to read.
            if row.is_hungry() && !row.campaign.exhausted {
                self.orders.campaigns.hungry.insert(name.clone());
            }
            return;
        }
        (row.campaign.state, row.campaign.ended_at) = (CampaignState::Done, Some(now));
        tracing::info!(client = %name.0, campaign = %name.1, jobs = row.campaign.submitted, "a campaign is done");
        let mut entry = Entry::new(Box::new(|_| ()));
        entry.orders.push(OrderWrite::Campaign(row.campaign.clone()));
        self.commit(entry);
    }
}
