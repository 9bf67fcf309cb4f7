//! What the worker tells the harness: how many jobs have ended, and what some of them want written down.

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use crate::clock::now_us;
use crate::payload::{Mode, Payload};

/// How often the count is written.
const EVERY: Duration = Duration::from_millis(20);

/// The files of one worker process.
pub(crate) struct Tally {
    log: File,
    /// When each job began of which both ends are logged; the harness's own log has no room for times.
    starts: File,
    count_path: PathBuf,
    ended: Cell<u64>,
    first_us: Cell<u64>,
    last_us: Cell<u64>,
}

impl Tally {
    /// The files of this process in `dir`; the count is written there until the process ends.
    pub(crate) fn open(dir: &Path) -> Result<Rc<Self>, Box<dyn Error>> {
        let pid = std::process::id();
        let log = File::options().create(true).append(true).open(dir.join(format!("log.{pid}")))?;
        let starts = File::options().create(true).append(true).open(dir.join(format!("starts.{pid}")))?;
        let count_path = dir.join(format!("count.{pid}"));
        let (ended, first_us, last_us) = Default::default();
        let tally = Rc::new(Self { log, starts, count_path, ended, first_us, last_us });
        tokio::task::spawn_local(Rc::clone(&tally).write_counts());
        Ok(tally)
    }

    /// A job begins.
    pub(crate) fn begin(&self, payload: &Payload) -> io::Result<()> {
        if self.first_us.get() == 0 {
            self.first_us.set(now_us());
        }
        let Payload { id, submitted_us, mode, .. } = payload;
        match mode {
            Mode::N => Ok(()),
            Mode::P => self.append(&format!("{id} {submitted_us} {}\n", now_us())),
            Mode::D => {
                (&self.starts).write_all(format!("{id} {}\n", now_us()).as_bytes())?;
                self.append(&format!("S {id}\n"))
            }
        }
    }

    /// A job has ended.
    pub(crate) fn end(&self, payload: &Payload) -> io::Result<()> {
        self.ended.set(self.ended.get() + 1);
        self.last_us.set(now_us());
        match payload.mode {
            Mode::D => self.append(&format!("E {}\n", payload.id)),
            Mode::N | Mode::P => Ok(()),
        }
    }

    fn append(&self, line: &str) -> io::Result<()> {
        (&self.log).write_all(line.as_bytes())
    }

    async fn write_counts(self: Rc<Self>) {
        let mut written = 0;
        loop {
            tokio::time::sleep(EVERY).await;
            let ended = self.ended.get();
            if ended != written {
                written = ended;
                let line = format!("{ended} {} {}", self.first_us.get(), self.last_us.get());
                // The harness reads again what it caught half written, and waits for what is not written at all.
                let _ = std::fs::write(&self.count_path, line);
            }
        }
    }
}
