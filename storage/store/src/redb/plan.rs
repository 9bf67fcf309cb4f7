//! What a commit will do, decided before anything is written. Pure: index and group in, plan out.

use std::collections::BTreeMap;

use gleaner_model::{Host, TaskId, Timestamp};

use crate::{Closure, Command, Group, StoreError};

use super::chunk::{Chunk, Effect, SPAN_MAX, Touch};
use super::errors::misuse;
use super::index::{Index, Wish};
use super::tables::{JOURNAL_LEVEL, State};
use super::{pack, row};
use crate::frame;

/// A new chunk.
#[derive(Debug)]
pub(crate) struct Fresh {
    /// Its key.
    pub(crate) first: u64,
    /// As memory will know it, this commit's closures included.
    pub(crate) chunk: Chunk,
    /// Its commands, packed.
    pub(crate) commands: Vec<u8>,
}

/// A new batch of closures.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Its key.
    pub(crate) number: u64,
    /// The closures, packed.
    pub(crate) closures: Vec<u8>,
    /// The latest end in it.
    pub(crate) last_ended: Timestamp,
    /// How many chunks rely on it.
    pub(crate) chunks: u32,
}

/// All that one commit does to the journal.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// New chunks, ascending; some perhaps over before they began.
    pub(crate) fresh: Vec<Fresh>,
    /// New batches, ascending.
    pub(crate) batches: Vec<Batch>,
    /// What happens to the chunks that there were.
    pub(crate) touched: BTreeMap<u64, Touch>,
    /// Batches that chunks do not rely on any more: how many chunks.
    pub(crate) released: BTreeMap<u64, u32>,
    /// Tasks whose last failed attempt is another one now, or none.
    pub(crate) attempts: BTreeMap<TaskId, Option<u64>>,
    /// Hosts whose last wish is another one now, or none.
    pub(crate) hosts: BTreeMap<Host, Option<Wish>>,
    /// The counters after it.
    pub(crate) state: State,
    /// What happens to single commands.
    effects: Vec<(u64, Effect)>,
}

/// Plans `group`.
pub(crate) fn plan(index: &Index, group: &Group) -> Result<Plan, StoreError> {
    let mut plan = Plan { state: index.state, ..Plan::default() };
    plan.state.commits += 1;
    plan.admit(&group.commands)?;
    plan.hold_last(index, &group.commands);
    plan.pack_closures(index, &group.closures)?;
    plan.settle(index);
    Ok(plan)
}

/// Plans to forget hosts' wishes that were over before `moment`.
pub(crate) fn forget_hosts(index: &Index, moment: Timestamp) -> Plan {
    let mut plan = Plan { state: index.state, ..Plan::default() };
    plan.state.commits += 1;
    for (host, wish) in index.hosts.iter().filter(|(_, wish)| wish.latest < moment) {
        plan.effects.push((wish.sequence, Effect::Supersede));
        plan.hosts.insert(host.clone(), None);
    }
    plan.settle(index);
    plan
}

impl Plan {
    /// Takes in new commands: checks their numbers and packs them into chunks.
    fn admit(&mut self, mut commands: &[(u64, Command)]) -> Result<(), StoreError> {
        for (sequence, _) in commands {
            if *sequence < self.state.next_sequence || *sequence == u64::MAX {
                let next = self.state.next_sequence;
                return Err(misuse(format!("command {sequence} does not follow; {next} or more was expected")));
            }
            self.state.next_sequence = sequence + 1;
        }
        while let Some((first, _)) = commands.first() {
            let (taken, packed) = row::pack_commands(commands);
            let offset = |sequence: u64| usize::try_from(sequence - first).expect("a row's offsets are below SPAN_MAX");
            let records = commands[..taken].iter().map(|(sequence, command)| (offset(*sequence), command));
            let chunk = Chunk::of(*first, records, None);
            self.fresh.push(Fresh { first: *first, chunk, commands: packed });
            commands = &commands[taken..];
        }
        Ok(())
    }

    /// Takes in failed attempts and hosts' wishes: only the last of a kind is held.
    fn hold_last(&mut self, index: &Index, commands: &[(u64, Command)]) {
        for (sequence, command) in commands {
            match command {
                Command::Submit(_) => {}
                Command::AttemptFailed { task, .. } => self.hold_attempt(index, *sequence, *task),
                Command::HostBlocked { host, until } => self.hold_wish(index, *sequence, host, *until),
            }
        }
    }

    fn hold_attempt(&mut self, index: &Index, sequence: u64, task: TaskId) {
        let fresh = self.fresh_at(task.0).map(|(fresh, offset)| fresh.chunk.liveness.is_held(offset));
        if !fresh.unwrap_or_else(|| index.is_task_open(task)) {
            return;
        }
        let before = self.attempts.insert(task, Some(sequence)).unwrap_or_else(|| index.attempts.get(&task).copied());
        self.effects.extend(before.map(|before| (before, Effect::Supersede)));
        self.hold(sequence);
    }

    fn hold_wish(&mut self, index: &Index, sequence: u64, host: &Host, until: Timestamp) {
        let before = match self.hosts.get(host) {
            Some(planned) => *planned,
            None => index.hosts.get(host).copied(),
        };
        let latest = before.map_or(until, |before| before.latest.max(until));
        self.effects.extend(before.map(|before| (before.sequence, Effect::Supersede)));
        self.hosts.insert(host.clone(), Some(Wish { sequence, until, latest }));
        self.hold(sequence);
    }

    fn hold(&mut self, sequence: u64) {
        if let Some((fresh, offset)) = self.fresh_at(sequence) {
            fresh.chunk.liveness.hold(offset);
        }
    }

    fn fresh_at(&mut self, sequence: u64) -> Option<(&mut Fresh, usize)> {
        let after = self.fresh.partition_point(|fresh| fresh.first <= sequence);
        let fresh = self.fresh.get_mut(after.checked_sub(1)?)?;
        let offset = fresh.chunk.offset(fresh.first, sequence)?;
        Some((fresh, offset))
    }

    /// Takes in closures: checks that they name what was submitted, and packs them into batches.
    fn pack_closures(&mut self, index: &Index, closures: &[Closure]) -> Result<(), StoreError> {
        for part in closures.chunks(SPAN_MAX) {
            let number = self.state.next_batch;
            self.state.next_batch += 1;
            let mut payload = Vec::with_capacity(part.len() * 96);
            for closure in part {
                self.close(index, number, closure)?;
                pack::append(&mut payload, closure);
            }
            let last_ended = last_ended(part);
            let closures = frame::seal(&payload, JOURNAL_LEVEL);
            self.batches.push(Batch { number, closures, last_ended, chunks: 0 });
        }
        Ok(())
    }

    fn close(&mut self, index: &Index, batch: u64, closure: &Closure) -> Result<(), StoreError> {
        let highest = closure.job.0.max(closure.ends_task.map_or(0, |task| task.0));
        if highest >= self.state.next_sequence {
            return Err(misuse(format!("the end of {} names {highest}, which was never submitted", closure.job)));
        }
        self.effects.push((closure.job.0, Effect::Close { batch, at: closure.result.ended_at }));
        if let Some(task) = closure.ends_task {
            self.effects.push((task.0, Effect::EndTask { batch }));
            self.forget_attempts(index, task);
        }
        Ok(())
    }

    fn forget_attempts(&mut self, index: &Index, task: TaskId) {
        if self.attempts.is_empty() && index.attempts.is_empty() {
            return;
        }
        let last = match self.attempts.get(&task) {
            Some(planned) => *planned,
            None => index.attempts.get(&task).copied(),
        };
        if let Some(last) = last {
            self.effects.push((last, Effect::Supersede));
            self.attempts.insert(task, None);
        }
    }

    /// Works out what the effects do, chunk by chunk, and which batches are relied on after it.
    fn settle(&mut self, index: &Index) {
        let mut effects = std::mem::take(&mut self.effects);
        effects.sort_by_key(|(sequence, _)| *sequence);
        let mut rest = effects.as_slice();
        while let Some((sequence, _)) = rest.first() {
            let taken = match self.fresh_at(*sequence) {
                Some((fresh, _)) => {
                    let (taken, touch) = touch(fresh.first, &fresh.chunk, rest);
                    let relies_on = touch.relies_on.clone();
                    fresh.chunk.absorb(touch);
                    let lives = fresh.chunk.liveness.count() > 0;
                    self.rely(lives, &relies_on);
                    taken
                }
                None => match index.locate(*sequence) {
                    Some((first, chunk, _)) => self.settle_known(first, chunk, rest),
                    None => 1,
                },
            };
            rest = &rest[taken..];
        }
    }

    fn settle_known(&mut self, first: u64, chunk: &Chunk, effects: &[(u64, Effect)]) -> usize {
        let (taken, touch) = touch(first, chunk, effects);
        let lives = !touch.ends_chunk();
        self.rely(lives, &touch.relies_on);
        if !lives {
            for batch in chunk.relied_on() {
                *self.released.entry(*batch).or_default() += 1;
            }
        }
        self.touched.insert(first, touch);
        taken
    }

    /// One more chunk relies on these batches of this commit, if it lives on.
    fn rely(&mut self, lives: bool, batches: &[u64]) {
        for batch in self.batches.iter_mut().filter(|batch| lives && batches.contains(&batch.number)) {
            batch.chunks += 1;
        }
    }
}

/// What the first of `effects` do to `chunk`, and how many of them concern it.
pub(crate) fn touch(first: u64, chunk: &Chunk, effects: &[(u64, Effect)]) -> (usize, Touch) {
    let taken = effects.partition_point(|(sequence, _)| chunk.offset(first, *sequence).is_some());
    let effects = effects[..taken].iter();
    let touch = Touch::of(chunk, effects.filter_map(|(seq, effect)| Some((chunk.offset(first, *seq)?, *effect))));
    (taken, touch)
}

/// The latest end among `closures`.
pub(crate) fn last_ended(closures: &[Closure]) -> Timestamp {
    closures.iter().map(|closure| closure.result.ended_at).max().unwrap_or_default()
}
