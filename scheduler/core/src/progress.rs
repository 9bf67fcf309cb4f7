//! How far attempts have got, and what of it outlives them.

use gleaner_model::{Attempt, Displacement, TaskId};

use crate::attempts::Hold;
use crate::scheduler::Scheduler;
use crate::{Moment, WorkerId};

impl Scheduler {
    /// The attempt gets somewhere: a sign of life of its worker.
    pub fn progressed(&mut self, attempt: Attempt, now: Moment) {
        let running = self.current(attempt).and_then(|slot| self.running.get(&slot));
        if let Some(worker) = running.and_then(|running| running.worker) {
            self.heartbeat(worker, now);
        }
    }

    /// The same, with what another attempt needs to go on from here. Its work so far counts as saved: it loses less if
    /// it is displaced. True if the checkpoint is kept; not if it is empty, too long, or not from the worker that has
    /// the current attempt, or if checkpoints take too much room already. Then the one before stays.
    pub fn progress(&mut self, worker: WorkerId, attempt: Attempt, checkpoint: Vec<u8>, now: Moment) -> bool {
        self.heartbeat(worker, now);
        let Some(slot) = self.current(attempt) else { return false };
        let running = &self.running[&slot];
        let its_own = running.worker == Some(worker) && running.hold != Hold::Nothing;
        if !its_own || !self.sides.keep(slot, checkpoint) {
            return false;
        }
        if let Some(running) = self.running.get_mut(&slot) {
            running.course.saved(now.mono_ms);
        }
        self.place(slot);
        true
    }

    /// From where the task's next attempt may go on: the last checkpoint that was kept, for its assignment.
    #[must_use]
    pub fn checkpoint_of(&self, task: TaskId) -> Option<&[u8]> {
        self.sides.checkpoint(self.tasks.find(task)?)
    }

    /// Who displaced the task's attempts, the first one first; at most as many as a task may be displaced.
    #[must_use]
    pub fn displacements_of(&self, task: TaskId) -> &[Displacement] {
        self.tasks.find(task).map_or(&[], |slot| self.sides.displacements(slot))
    }

    /// The task whose attempt was displaced to make room for this one's current attempt.
    #[must_use]
    pub fn displaced_for(&self, task: TaskId) -> Option<TaskId> {
        self.running.get(&self.tasks.find(task)?)?.course.displaced
    }

    /// Is the task's current attempt suspended?
    #[must_use]
    pub fn is_suspended(&self, task: TaskId) -> bool {
        let running = self.tasks.find(task).and_then(|slot| self.running.get(&slot));
        running.is_some_and(|running| running.hold == Hold::Aside)
    }
}
