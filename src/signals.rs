//! Ctrl-C: the first one asks to drain, the second one stops at once.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::exit::Exit;

/// Listens for Ctrl-C and for the system's polite request to end.
#[derive(Clone)]
pub(crate) struct Signals {
    first: Arc<Notify>,
}

impl Signals {
    /// Starts listening. A second signal ends the process, whatever it is doing: what was acknowledged is on disk.
    pub(crate) fn listen() -> Self {
        let first = Arc::new(Notify::new());
        let told = Arc::clone(&first);
        tokio::spawn(async move {
            one_signal().await;
            told.notify_one();
            one_signal().await;
            std::process::exit(Exit::Interrupted as i32);
        });
        Self { first }
    }

    /// Returns at the first signal.
    pub(crate) async fn drain(&self) {
        self.first.notified().await;
    }
}

#[cfg(unix)]
async fn one_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn one_signal() {
    let _ = tokio::signal::ctrl_c().await;
}
