//! The clients as they are now, while the file may change at any time.
//!
//! The problem: a request looks its token up once, and a stream lives for days. So the clients stand in one place that
//! every request reads, and whoever serves a stream hears when they change.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Clients, ClientsChange};

/// The clients in force.
pub(crate) struct LiveClients {
    now: watch::Sender<Arc<Clients>>,
}

impl LiveClients {
    pub(crate) fn new(clients: Clients) -> Self {
        Self { now: watch::Sender::new(Arc::new(clients)) }
    }

    /// As they are now.
    pub(crate) fn now(&self) -> Arc<Clients> {
        Arc::clone(&self.now.borrow())
    }

    /// Does nobody need to show a token?
    pub(crate) fn is_open(&self) -> bool {
        self.now.borrow().is_open()
    }

    /// Hears of every change from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Clients>> {
        self.now.subscribe()
    }

    /// From now on these; tells what is different.
    pub(crate) fn replace(&self, clients: Clients) -> ClientsChange {
        let old = self.now.send_replace(Arc::new(clients));
        ClientsChange::between(&old, &self.now())
    }
}
