//! Who wants to hear of which job.
//!
//! The problem: a client watches thousands of jobs and may read slowly, while jobs change quickly. A queue of changes
//! would either grow without bound or block. So each watcher holds at most one entry a job, the latest; a slow reader
//! misses stations on the way and never the end.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use gleaner_model::{JobId, JobView};
use hashbrown::{HashMap, HashSet};
use tokio::sync::Notify;

/// All watchers, by job.
#[derive(Default)]
pub(crate) struct WatchHub {
    by_job: Mutex<HashMap<JobId, Vec<Weak<Watcher>>>>,
}

/// One reader's changes, at most one a job.
pub(crate) struct Watcher {
    pending: Mutex<Pending>,
    changed: Notify,
}

#[derive(Default)]
struct Pending {
    views: HashMap<JobId, JobView>,
    order: VecDeque<JobId>,
    /// Jobs whose end was read; whatever is heard of them later is old news.
    ended: HashSet<JobId>,
}

impl WatchHub {
    /// A watcher of these jobs; it hears of them until it is dropped.
    pub(crate) fn watch(&self, jobs: &[JobId]) -> Arc<Watcher> {
        let watcher = Arc::new(Watcher { pending: Mutex::default(), changed: Notify::new() });
        let mut by_job = lock(&self.by_job);
        for job in jobs {
            let watchers = by_job.entry(*job).or_default();
            watchers.retain(|other| other.strong_count() > 0);
            watchers.push(Arc::downgrade(&watcher));
        }
        watcher
    }

    /// Does nobody want to hear of any job? True most of the time, and then no job need be looked up.
    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.by_job).is_empty()
    }

    /// Does anybody want to hear of this job?
    pub(crate) fn is_watched(&self, job: JobId) -> bool {
        lock(&self.by_job).get(&job).is_some_and(|watchers| watchers.iter().any(|w| w.strong_count() > 0))
    }

    /// Tells a job's watchers. After its end a job is not listened to any more.
    pub(crate) fn tell(&self, view: &JobView) {
        let mut by_job = lock(&self.by_job);
        let watchers = if view.state.is_terminal() {
            by_job.remove(&view.id).unwrap_or_default()
        } else {
            by_job.get(&view.id).cloned().unwrap_or_default()
        };
        drop(by_job);
        watchers.iter().filter_map(Weak::upgrade).for_each(|watcher| watcher.put(view.clone()));
    }

    /// Forgets jobs that nobody listens to any more.
    pub(crate) fn sweep(&self) {
        lock(&self.by_job).retain(|_, watchers| watchers.iter().any(|watcher| watcher.strong_count() > 0));
    }
}

impl Watcher {
    /// Takes note of a job's state, in place of what is noted already unless that is its end.
    pub(crate) fn put(&self, view: JobView) {
        let mut pending = lock(&self.pending);
        let id = view.id;
        if pending.ended.contains(&id) {
            return;
        }
        match pending.views.get_mut(&id) {
            Some(noted) if noted.state.is_terminal() => {}
            Some(noted) => *noted = view,
            None => {
                pending.views.insert(id, view);
                pending.order.push_back(id);
            }
        }
        drop(pending);
        self.changed.notify_one();
    }

    /// The next change; waits for one.
    pub(crate) async fn next(&self) -> JobView {
        loop {
            let changed = self.changed.notified();
            if let Some(view) = self.take() {
                return view;
            }
            changed.await;
        }
    }

    fn take(&self) -> Option<JobView> {
        let mut pending = lock(&self.pending);
        let id = pending.order.pop_front()?;
        let view = pending.views.remove(&id)?;
        if view.state.is_terminal() {
            pending.ended.insert(id);
        }
        Some(view)
    }
}

/// A poisoned lock holds whole entries all the same: every change under it is a single insertion or removal.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
