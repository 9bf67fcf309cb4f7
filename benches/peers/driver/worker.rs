//! The thin worker: as many slots as it is told, each of which does what a payload says.

use std::error::Error;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use gleaner_proto::v1;
use gleaner_proto::v1::session_response::Message as Told;
use tokio::task::LocalSet;

use crate::attempts::{Attempts, Order};
use crate::payload::Payload;
use crate::session::{self, Voice};
use crate::tally::Tally;
use crate::{Said, Scheduler};

/// What all attempts of a worker share.
struct Worker {
    voice: Voice,
    attempts: Attempts,
    tally: Rc<Tally>,
}

/// Works until the session ends, which it does when this process is killed or the scheduler is.
pub(crate) async fn run(scheduler: &Scheduler, slots: u32, dir: &Path, of_all: Said) -> Result<(), Box<dyn Error>> {
    LocalSet::new().run_until(work(scheduler, slots, dir, of_all)).await
}

async fn work(scheduler: &Scheduler, slots: u32, dir: &Path, of_all: Said) -> Result<(), Box<dyn Error>> {
    let tally = Tally::open(dir)?;
    let (voice, mut told) = session::open(scheduler.connect().await?, slots, of_all).await?;
    let worker = Rc::new(Worker { voice, attempts: Attempts::default(), tally });
    while let Some(response) = told.message().await? {
        match response.message {
            Some(Told::Assign(assign)) => worker.begin(&[assign]).await?,
            // What an assignment leaves out, the registry and its address, is of no use here.
            Some(Told::Assigns(v1::Assigns { assigns })) => worker.begin(&assigns).await?,
            Some(Told::Suspend(v1::Suspend { attempt: Some(attempt) })) => worker.suspend(attempt).await?,
            Some(Told::Resume(v1::Resume { attempt: Some(attempt) })) => {
                worker.attempts.order(attempt, Order::Run);
            }
            Some(Told::Cancel(v1::Cancel { attempt: Some(attempt) })) => {
                worker.attempts.order(attempt, Order::Cancel);
            }
            // It keeps nothing that an acknowledgement would let it forget, and asks for no permits.
            _ => {}
        }
    }
    Err("the scheduler has ended the session".into())
}

impl Worker {
    /// Does what takes no time at once, and the rest in tasks of their own.
    async fn begin(self: &Rc<Self>, assigns: &[v1::Assign]) -> Result<(), Box<dyn Error>> {
        let mut ended = Vec::with_capacity(assigns.len());
        for assign in assigns {
            let attempt = assign.attempt.ok_or("the assignment names no attempt")?;
            let payload: Payload = assign.purl.parse()?;
            self.tally.begin(&payload)?;
            if payload.sleep_ms == 0 {
                self.tally.end(&payload)?;
                ended.push(attempt);
            } else {
                tokio::task::spawn_local(Rc::clone(self).sleep(attempt, payload));
            }
        }
        self.voice.ended(ended).await
    }

    async fn sleep(self: Rc<Self>, attempt: v1::Attempt, payload: Payload) {
        if self.attempts.sleep(attempt, Duration::from_millis(payload.sleep_ms)).await {
            self.tally.end(&payload).expect("the log can be written");
            // A session that is over is noticed where it is read.
            let _ = self.voice.ended(vec![attempt]).await;
        }
    }

    async fn suspend(&self, attempt: v1::Attempt) -> Result<(), Box<dyn Error>> {
        if self.attempts.order(attempt, Order::Suspend) {
            self.voice.suspended(attempt).await?;
        }
        Ok(())
    }
}
