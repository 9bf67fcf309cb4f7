//! A researcher's own list of roots: asked in the lane `bulk`, a part of it at a time, and all of it at one position.
//!
//! The problem: answers of what is known now that are given one after another are as of different catalogues, since registries
//! and crawls go on meanwhile; and to ask as of a moment before would find nothing of what must be crawled first. So all
//! are asked as of now, which has everything crawled that is missing. An answer tells from which position in the
//! catalogue's events to which it held. The newest position at which any of them began is the one: what held there is
//! kept, and the others are asked again, as of that position.

use std::collections::HashMap;

use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use gleaner_model::{JobId, JobState, JobView};

use super::feed::{Feed, Told};
use super::progress::Progress;
use super::{Answered, Answers};
use crate::ended::Endings;
use crate::exit::{Exit, Failure};
use crate::remote::Remote;
use crate::resolution::{Asked, answer, job};
use crate::signals::Signals;

/// Jobs that are open at once: as many as a campaign's are, unless somebody says otherwise.
const WINDOW: usize = 1_000;

/// Answers that are fetched at once: enough to make up for the way to a scheduler that is far away.
pub(super) const FETCHES: usize = 16;

/// A list on its way.
pub(super) struct List<'a> {
    pub(super) remote: &'a Remote,
    pub(super) signals: &'a Signals,
    pub(super) name: &'a str,
    pub(super) progress: &'a Progress,
}

impl List<'_> {
    /// Asks all of them, waits, and answers with what there is to fetch.
    pub(super) async fn run(&self, asked: Vec<Asked>) -> Result<Answered<'static>, Failure> {
        let mut told = self.pass(self.name.to_owned(), &asked).await?;
        let is_now = asked.first().is_some_and(|asked| asked.question.as_of.is_of_now());
        let position = if is_now { self.pin(&asked, &mut told).await? } else { None };
        let mut unanswered = Vec::new();
        let mut jobs = Vec::new();
        for (asked, told) in asked.into_iter().zip(told) {
            match told {
                Ok(job) => jobs.push((asked.root, job)),
                Err(why) => unanswered.push((asked.root, why)),
            }
        }
        Ok(Answered { answers: fetch(self.remote.clone(), jobs), unanswered, position, kept: None })
    }

    /// Asks again what did not hold at the newest position of all.
    async fn pin(&self, asked: &[Asked], told: &mut [Told]) -> Result<Option<u64>, Failure> {
        let jobs = told.iter().flatten().map(|job| (String::new(), *job)).collect();
        let held = fetch(self.remote.clone(), jobs).map_ok(|(_, it)| (it.resolved.position, it.confirmed_position));
        let held: Vec<(u64, u64)> = held.try_collect().await?;
        let Some(position) = held.iter().map(|(from, _)| *from).max() else { return Ok(None) };
        let mut held = held.into_iter();
        let is_past = |told: &Told| told.is_ok() && held.next().is_some_and(|(_, to)| to < position);
        let again: Vec<usize> = told.iter().map(is_past).enumerate().filter(|(_, it)| *it).map(|(at, _)| at).collect();
        let pinned = |at: &usize| asked[*at].pinned(position);
        let pinned: Vec<Asked> = again.iter().map(pinned).collect();
        self.progress.more(pinned.len());
        for (at, new) in again.into_iter().zip(self.pass(format!("{}@{position}", self.name), &pinned).await?) {
            told[at] = new;
        }
        Ok(Some(position))
    }

    /// Asks all of them, no more than a window at a time, until all have ended.
    pub(super) async fn pass(&self, id: String, asked: &[Asked]) -> Result<Vec<Told>, Failure> {
        let mut feed = Feed::new(self.remote, id);
        let mut endings = Endings::of(self.remote, []).await?;
        let (mut told, mut failed) = (Vec::<Told>::with_capacity(asked.len()), HashMap::new());
        loop {
            if told.len() < asked.len() && endings.open().len() <= WINDOW / 2 {
                let part = &asked[told.len()..asked.len().min(told.len() + WINDOW / 2)];
                let first = told.len() as u64 + 1;
                let new = feed.submit(first, part.iter().map(job).collect(), self.signals).await?;
                self.progress.ended(new.iter().filter(|told| told.is_err()).count());
                endings.add(new.iter().flatten().copied()).await?;
                told.extend(new);
            }
            tokio::select! {
                ended = endings.next() => match ended? {
                    Some(job) => {
                        self.progress.ended(1);
                        failed.extend(failure(&job).map(|why| (job.id, why)));
                    }
                    None if told.len() == asked.len() => break,
                    None => {}
                },
                () = self.signals.drain() => return Err(self.stopped(told.len(), asked.len())),
            }
        }
        let but = |told: Told| told.and_then(|job| failed.remove(&job).map_or(Ok(job), Err));
        Ok(told.into_iter().map(but).collect())
    }

    fn stopped(&self, submitted: usize, all: usize) -> Failure {
        let message = format!(
            "stopped when {submitted} of {all} roots were submitted; the same command with --name {} goes on",
            self.name
        );
        Failure { exit: Exit::Interrupted, message }
    }
}

/// Why a job has no answer.
fn failure(job: &JobView) -> Option<String> {
    let fault = job.result.as_ref().and_then(|result| result.error.as_ref());
    let why = fault.map(|fault| format!(": {fault}")).unwrap_or_default();
    (job.state != JobState::Done).then(|| format!("its job {} ended as {}{why}", job.id, job.state))
}

fn fetch(remote: Remote, jobs: Vec<(String, JobId)>) -> Answers<'static> {
    let one = move |(root, job)| {
        let remote = remote.clone();
        async move { Ok((root, answer(&remote, job).await?)) }
    };
    let all: BoxStream<'static, _> = stream::iter(jobs).map(one).buffered(FETCHES).boxed();
    all
}
