//! The same roots once more, at a later position: only those are resolved anew whose answers can have changed.
//!
//! The problem: a researcher's graphs of all packages are to be kept up to date, and from one day to the next few of them
//! change; to ask for all again costs a job a root. An answer holds as long as nothing that it read changed. So the
//! answers are remembered, the events since say what changed, and whose reads have other first candidates now is asked
//! again. The others' answers are copied: they hold at the new position as well.
//!
//! Roots that are asked as of now have crawled what they lack, which moves the events on. So the events are followed up to
//! the newest position at which any of the new answers began, and what those touch is asked again as of that position;
//! there nothing moves any more.
//!
//! Why the index is here and neither with a worker nor the scheduler: `docs/adr/0028`.

mod changes;
mod memory;

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use gleaner_model::{Ecosystem, JobId, Purl, Question, ResolutionRecord};

use self::changes::Changes;
use self::memory::{Line, Pass};
use super::feed::Told;
use super::list::{FETCHES, List};
use super::{Answered, Answers};
use crate::exit::Failure;
use crate::remote::Remote;
use crate::resolution::{Asked, answer};
pub(super) use memory::{About, Memory, NewMemory};

/// A run that remembers the one before it.
pub(super) struct Again<'a> {
    pub(super) list: List<'a>,
    pub(super) memory: Memory,
}

/// What became of the roots that were asked anew.
struct Anew {
    told: HashMap<String, Told>,
    position: u64,
}

impl Again<'_> {
    /// A list's roots, in its order.
    pub(super) async fn roots(&self, wanted: Vec<Asked>) -> Result<Answered<'static>, Failure> {
        let known = self.known()?;
        let mut changes = Changes::since(self.list.remote, self.memory.position).await?;
        let dirty = changes.dirty(&self.memory, self.list.remote).await?;
        let is_anew = |asked: &&Asked| dirty.contains(&asked.root) || !known.contains(&asked.root);
        let first: Vec<Asked> = wanted.iter().filter(is_anew).cloned().collect();
        let anew = self.until_it_rests(&wanted, first, &mut changes).await?;
        self.answered(wanted.into_iter().map(|asked| asked.root).collect(), anew)
    }

    /// All packages of an ecosystem that were known then, and those that came since, in the order of their purls. As a
    /// campaign does it, as of one position from the beginning.
    pub(super) async fn ecosystem(
        &self,
        ecosystem: Ecosystem,
        prefix: &str,
        question: &Question,
    ) -> Result<Answered<'static>, Failure> {
        let mut roots: BTreeMap<String, Purl> = BTreeMap::new();
        for root in self.known()? {
            let purl = root.parse().map_err(Failure::failed)?;
            roots.insert(root, purl);
        }
        let changes = Changes::since(self.list.remote, self.memory.position).await?;
        let mut dirty = changes.dirty(&self.memory, self.list.remote).await?;
        let is_one = |purl: &&Purl| purl.ecosystem() == ecosystem && purl.name().as_str().starts_with(prefix);
        for purl in changes.discovered.iter().filter(is_one) {
            roots.insert(purl.to_string(), purl.clone());
            dirty.insert(purl.to_string());
        }
        let position = changes.until;
        let asked = |(root, purl): (&String, &Purl)| Asked {
            root: root.clone(),
            purl: purl.clone(),
            question: Question { as_of: question.as_of.pinned(position), ..question.clone() },
        };
        let anew: Vec<Asked> = roots.iter().filter(|(root, _)| dirty.contains(*root)).map(asked).collect();
        let told = self.ask(&anew, Some(position)).await?;
        self.answered(roots.into_keys().collect(), Anew { told, position })
    }

    fn known(&self) -> Result<HashSet<String>, Failure> {
        self.memory.pass()?.map(|line| Ok(line?.root)).collect()
    }

    /// Asks as of now, then as of the newest position at which one of those answers began whatever did not hold there.
    async fn until_it_rests(
        &self,
        wanted: &[Asked],
        first: Vec<Asked>,
        changes: &mut Changes,
    ) -> Result<Anew, Failure> {
        let mut told = self.ask(&first, None).await?;
        let held = self.held(&told).await?;
        let position = held.values().map(|(from, _)| *from).fold(changes.until, u64::max);
        changes.follow(self.list.remote, position).await?;
        let dirty = changes.dirty(&self.memory, self.list.remote).await?;
        let is_again = |asked: &&Asked| match (held.get(&asked.root), told.contains_key(&asked.root)) {
            (Some((_, to)), _) => *to < position,
            // Its job ended without an answer.
            (None, true) => false,
            (None, false) => dirty.contains(&asked.root),
        };
        let again: Vec<Asked> = wanted.iter().filter(is_again).map(|asked| asked.pinned(position)).collect();
        told.extend(self.ask(&again, Some(position)).await?);
        Ok(Anew { told, position })
    }

    async fn ask(&self, asked: &[Asked], pinned: Option<u64>) -> Result<HashMap<String, Told>, Failure> {
        // Another name than the first run's, whose answers would be given again.
        let id = format!("{}+{}", self.list.name, self.memory.position);
        let id = pinned.map_or_else(|| id.clone(), |position| format!("{id}@{position}"));
        self.list.progress.more(asked.len());
        let told = if asked.is_empty() { Vec::new() } else { self.list.pass(id, asked).await? };
        Ok(asked.iter().map(|asked| asked.root.clone()).zip(told).collect())
    }

    /// From which position to which each answer held.
    async fn held(&self, told: &HashMap<String, Told>) -> Result<HashMap<String, (u64, u64)>, Failure> {
        let jobs = told.iter().filter_map(|(root, told)| Some((root.clone(), *told.as_ref().ok()?)));
        let jobs: Vec<(String, JobId)> = jobs.collect();
        let held = stream::iter(jobs).map(|(root, job)| async move {
            let record = answer(self.list.remote, job).await?;
            Ok::<_, Failure>((root, (record.resolved.position, record.confirmed_position)))
        });
        held.buffer_unordered(FETCHES).try_collect().await
    }

    fn answered(&self, roots: Vec<String>, mut anew: Anew) -> Result<Answered<'static>, Failure> {
        let mut unanswered = Vec::new();
        let mut plan = Vec::with_capacity(roots.len());
        for root in roots {
            match anew.told.remove(&root) {
                None => plan.push((root, None)),
                Some(Ok(job)) => plan.push((root, Some(job))),
                Some(Err(why)) => unanswered.push((root, why)),
            }
        }
        let kept = plan.iter().filter(|(_, job)| job.is_none()).count();
        let kept_roots = plan.iter().filter(|(_, job)| job.is_none()).map(|(root, _)| root.clone()).collect();
        let source = Kept { pass: self.memory.pass()?, wanted: kept_roots, early: HashMap::new() };
        let answers = merged(self.list.remote.clone(), plan, source, anew.position);
        Ok(Answered { answers, unanswered, position: Some(anew.position), kept: Some(kept) })
    }
}

/// Answers in the order of a plan: those of jobs from the scheduler, the others from the memory.
fn merged(remote: Remote, plan: Vec<(String, Option<JobId>)>, mut kept: Kept, position: u64) -> Answers<'static> {
    let fetched = stream::iter(plan).map(move |(root, job)| {
        let remote = remote.clone();
        async move {
            let record = match job {
                Some(job) => Some(answer(&remote, job).await?),
                None => None,
            };
            Ok::<_, Failure>((root, record))
        }
    });
    let all = fetched.buffered(FETCHES).map(move |fetched| {
        let (root, record) = fetched?;
        let record = match record {
            Some(record) => record,
            None => ResolutionRecord { confirmed_position: position, ..kept.take(&root)? },
        };
        Ok((root, record))
    });
    all.boxed()
}

/// Remembered answers that still hold, read as they are wanted. They are wanted in the order in which they lie there,
/// but for a list that was put into another.
struct Kept {
    pass: Pass,
    wanted: HashSet<String>,
    early: HashMap<String, ResolutionRecord>,
}

impl Kept {
    fn take(&mut self, root: &str) -> Result<ResolutionRecord, Failure> {
        if let Some(record) = self.early.remove(root) {
            return Ok(record);
        }
        for line in self.pass.by_ref() {
            let Line { root: found, record } = line?;
            if found == root {
                return Ok(record);
            }
            if self.wanted.contains(&found) {
                self.early.insert(found, record);
            }
        }
        Err(Failure::failed(format!("the memory has no answer for {root} any more: did something else write it?")))
    }
}
