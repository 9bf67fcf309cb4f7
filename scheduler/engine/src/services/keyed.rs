//! Asks under clients' own keys: what is known is answered with what it became, the rest is taken in.

use std::collections::BTreeMap;

use gleaner_model::{ClientName, JobSpec};
use gleaner_store::{KeyEntry, Keyed, Store, StoreError};
use tonic::{Code, Status};

use super::claims::Claim;
use super::{Shared, errors};
use crate::fingerprint::fingerprint_of_job;
use crate::scheduler::Admitted;

/// Some asks, of which those under keys are claimed.
pub(super) struct Asks {
    /// Kept until what they are for is durable.
    pub(super) claims: Vec<Claim>,
    /// What is to be taken in, with where its answer belongs.
    pub(super) fresh: Vec<(usize, JobSpec)>,
    /// What is known already.
    known: Vec<(usize, Admitted)>,
    /// Asks that are the same as an earlier one of these, under the same key: theirs, and the earlier one's place.
    same: Vec<(usize, usize)>,
}

impl Asks {
    /// Claims the keys of `specs` and looks them up.
    ///
    /// # Errors
    /// FAILED_PRECONDITION if a key was used for something else; INTERNAL if the store cannot be read.
    pub(super) async fn claim(shared: &Shared, specs: Vec<JobSpec>, client: &ClientName) -> Result<Self, Status> {
        let mut asks = Self { claims: Vec::new(), fresh: Vec::new(), known: Vec::new(), same: Vec::new() };
        // Ascending, so that two requests with the same keys do not wait for each other.
        let mut first_of = BTreeMap::<String, (usize, [u8; 16])>::new();
        for (at, spec) in specs.into_iter().enumerate() {
            let Some(key) = spec.key.as_ref().map(ToString::to_string) else {
                asks.fresh.push((at, spec));
                continue;
            };
            let fingerprint = fingerprint_of_job(&spec);
            match first_of.get(&key) {
                Some((_, other)) if *other != fingerprint => return Err(reused(&key)),
                Some((first, _)) => asks.same.push((at, *first)),
                None => {
                    first_of.insert(key, (at, fingerprint));
                    asks.fresh.push((at, spec));
                }
            }
        }
        for key in first_of.keys() {
            asks.claims.push(shared.claims.claim(client, key.clone()).await);
        }
        let owner = client.clone();
        let looked_up = shared.read(move |store| look_up(store, &owner, first_of)).await?;
        for (at, found) in looked_up {
            asks.fresh.retain(|(fresh, _)| *fresh != at);
            asks.known.push((at, found.map_err(|key| reused(&key))?));
        }
        Ok(asks)
    }

    /// Every ask's answer in order, now that the fresh ones have theirs.
    pub(super) fn answers(&self, fresh: Vec<Admitted>) -> Vec<Admitted> {
        let fresh = self.fresh.iter().map(|(at, _)| *at).zip(fresh);
        let mut answers: BTreeMap<usize, Admitted> = self.known.iter().copied().chain(fresh).collect();
        for (at, first) in &self.same {
            if let Some(first) = answers.get(first).copied() {
                answers.insert(*at, Admitted { known: true, ..first });
            }
        }
        answers.into_values().collect()
    }
}

type Found = (usize, Result<Admitted, String>);

/// Those keys that are known, with what they stand for, or the key if it stands for something else.
fn look_up(
    store: &dyn Store,
    client: &ClientName,
    keys: BTreeMap<String, (usize, [u8; 16])>,
) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for (key, (at, fingerprint)) in keys {
        let Some(entry) = store.key(client.as_str(), &key)? else { continue };
        if let Some(admitted) = admitted(store, &entry)? {
            found.push((at, if entry.fingerprint == fingerprint { Ok(admitted) } else { Err(key) }));
        } else if matches!(entry.names, Keyed::Batch(batch) if store.batch(batch)?.is_some()) {
            found.push((at, Err(key)));
        }
    }
    Ok(found)
}

/// The job that a key names; none if its result was forgotten, and the key is free again.
pub(super) fn admitted(store: &dyn Store, entry: &KeyEntry) -> Result<Option<Admitted>, StoreError> {
    let Keyed::Job(job) = entry.names else { return Ok(None) };
    let payload = store.job(job)?.and_then(|stored| stored.submit.into_payload());
    Ok(payload.map(|payload| Admitted {
        job,
        task: payload.task,
        lane: payload.lane,
        attached: payload.task.maker() != job,
        known: true,
    }))
}

/// A key was used for another ask.
pub(super) fn reused(key: &str) -> Status {
    let message = format!(
        "the idempotency key `{key}` was used for another ask; the same key means the same ask, word for word: use a \
         new one for this"
    );
    errors::status(Code::FailedPrecondition, "IDEMPOTENCY_KEY_REUSED", message)
}
