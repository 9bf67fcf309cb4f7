//! Getting leave for a request.
//!
//! Between an attempt and its permit stand a scheduler that may be away, a suspension that may come at any moment, and
//! the permit's own short life. Whatever interrupts the waiting, the answer is the same: ask anew when it is over.

use std::future::pending;
use std::time::Duration;

use gleaner_model::{Fault, FaultKind, Host};
use tokio::time::{Instant, sleep};

use super::errand::Errand;
use super::lease::Gate;
use crate::session::Link;

impl Errand {
    /// Waits until a request to `host` may begin, which it then must do at once.
    ///
    /// # Errors
    /// No permit came in the time that the options allow. Time without a session and time in suspension do not count:
    /// nobody could have answered.
    pub(crate) async fn leave(&self, host: &Host) -> Result<(), Fault> {
        let mut gate = self.lease.gate();
        let mut patience = Duration::from_millis(self.tools.options.permit_wait_max_ms);
        loop {
            if gate.wait_for(|gate| *gate != Gate::Shut).await.is_err() {
                return pending().await;
            }
            if self.use_spare(host) {
                return self.begin().await;
            }
            let mut links = self.tools.links.clone();
            let link = self.link().await;
            links.borrow_and_update();
            let place = self.lease.desk.wait(host);
            let asked = Instant::now();
            let ended = self.ended.take();
            if link.permit_request(self.lease.attempt(), host.clone(), ended.clone()).await.is_err() {
                self.ended.put_back(ended);
                self.link_after(&link).await;
                continue;
            }
            if self.tools.links.borrow().as_ref().map(Link::number) != Some(link.number()) {
                continue;
            }
            tokio::select! {
                biased;
                leave = place => {
                    let open = *gate.borrow() != Gate::Shut;
                    if open && leave.is_ok_and(|leave| leave.allows(host, Instant::now())) {
                        crate::metrics::permit(host, asked.elapsed());
                        return self.begin().await;
                    }
                }
                _ = gate.changed() => {}
                _ = links.changed() => {}
                () = sleep(patience) => return Err(self.unpermitted(host)),
            }
            patience = patience.saturating_sub(asked.elapsed());
        }
    }

    /// The running session, once there is one.
    pub(crate) async fn link(&self) -> Link {
        let mut links = self.tools.links.clone();
        let found = links.wait_for(Option::is_some).await.ok().and_then(|link| link.clone());
        match found {
            Some(link) => link,
            // The agent is stopping and will drop this attempt.
            None => pending().await,
        }
    }

    /// The next session after one that broke.
    pub(crate) async fn link_after(&self, broken: &Link) -> Link {
        let mut links = self.tools.links.clone();
        let is_next = |link: &Option<Link>| link.as_ref().is_some_and(|link| link.number() != broken.number());
        let found = links.wait_for(is_next).await.ok().and_then(|link| link.clone());
        match found {
            Some(link) => link,
            None => pending().await,
        }
    }

    async fn begin(&self) -> Result<(), Fault> {
        if !self.lease.begin() {
            // Whoever took the attempt back is about to drop it.
            return pending().await;
        }
        Ok(())
    }

    fn unpermitted(&self, host: &Host) -> Fault {
        let ms = self.tools.options.permit_wait_max_ms;
        Fault::new(FaultKind::Throttled, format!("no permit for {host} came within {ms} ms"))
    }
}
