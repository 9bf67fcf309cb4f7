//! May this process be sent work? The parts that can say no, and the place where they say it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// One reason why the process should not be sent work now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotReady {
    /// A stable word for machines, such as `recovering`, `draining` or `store_failed`.
    pub code: &'static str,
    /// What it means just now, one sentence for people.
    pub detail: String,
}

/// Whoever can say whether the process may be sent work. Asked for every `GET /readyz`, so it answers at once.
pub trait Readiness: Send + Sync + 'static {
    /// Every reason against it; empty means ready.
    fn reasons(&self) -> Vec<NotReady>;
}

/// A gate with named bars: ready when no bar is down. Clones are the same gate.
///
/// Each long-lived part puts its bar down and lifts it again; none needs to know of the others.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    // A handful of bars at most: the codes are constants of the program, so the map cannot grow.
    bars: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Gate {
    /// An open gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a bar down, or changes its text. `code` is a stable word, `detail` a sentence for people.
    pub fn close(&self, code: &'static str, detail: impl Into<String>) {
        self.bars().insert(code, detail.into());
    }

    /// Lifts a bar; nothing happens if it is not down.
    pub fn open(&self, code: &'static str) {
        self.bars().remove(code);
    }

    fn bars(&self) -> MutexGuard<'_, BTreeMap<&'static str, String>> {
        // Inserting and removing cannot leave the map half changed, so a panic elsewhere does not spoil it.
        self.bars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readiness for Gate {
    fn reasons(&self) -> Vec<NotReady> {
        self.bars().iter().map(|(code, detail)| NotReady { code, detail: detail.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_only_when_every_bar_is_up() {
        let gate = Gate::new();
        let part = gate.clone();
        assert_eq!(gate.reasons(), []);
        part.close("recovering", "reading the journal");
        part.close("draining", "stopping");
        part.close("recovering", "reading the journal: half done");
        let reasons: Vec<_> = gate.reasons().into_iter().map(|reason| (reason.code, reason.detail)).collect();
        assert_eq!(
            reasons,
            [("draining", "stopping".to_owned()), ("recovering", "reading the journal: half done".to_owned())]
        );
        part.open("recovering");
        part.open("never closed");
        assert_eq!(gate.reasons().len(), 1);
        part.open("draining");
        assert_eq!(gate.reasons(), []);
    }
}
