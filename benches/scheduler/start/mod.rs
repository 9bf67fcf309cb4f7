//! How soon paid work starts when every slot is busy and free work is queued without end.
//!
//! A scheduler as a process, with its journal on the disk; a client of the lane paid that submits single jobs, one after
//! the other; and free work that has every slot for the whole time:
//! - `sleeping`: victims that sleep for 20 ms, or for 30 s, at a worker that does nothing else (see [`thin`]). Measured is
//!   from the submitting to the assignment's arrival at the worker;
//! - `downloading`: victims in the middle of a body that drips (see [`drip`]), at a real worker. Measured is from the
//!   submitting to the registry's being asked;
//! - `computing`: victims in the middle of a resolution without end (see [`puzzle`]), at a real worker, whose processors they
//!   have altogether. Measured is the same.
//!
//! Beside it stands what a flush of the same disk takes in the same run: whoever flushes before the receipt cannot have
//! the receipt earlier. (The assignment may run ahead of the flush; the receipt may not.)

mod drip;
mod puzzle;
mod thin;

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gleaner_model::Ecosystem;
use serde::Deserialize;
use tokio::sync::oneshot;

use self::drip::Drip;
use crate::clients::{self, Client};
use crate::processes::{self, Process};
use crate::report::Report;

/// Slots of the one worker.
const SLOTS: usize = 32;
/// Free jobs: more than are done in a run.
const BACKLOG: usize = 50_000;
/// The same of resolutions, each of which takes until its budget ends it.
const QUESTIONS: usize = 2_000;
/// Between a paid job's start and the next one's submitting, at least; and so many milliseconds more, by turns, so that
/// nothing falls into step with it.
const PAUSE_MS: u64 = 5;
const PAUSE_VARIES: u64 = 11;
/// How often a flush is measured.
const FLUSHES: usize = 1_000;

/// What the free work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victims {
    Sleeping { ms: u64 },
    Downloading,
    Computing,
}

impl Victims {
    pub(crate) const ALL: [Self; 4] =
        [Self::Sleeping { ms: 20 }, Self::Sleeping { ms: 30_000 }, Self::Downloading, Self::Computing];

    fn name(self) -> String {
        match self {
            Self::Sleeping { ms } => format!("victims sleep {ms} ms"),
            Self::Downloading => "victims download".to_owned(),
            Self::Computing => "victims compute".to_owned(),
        }
    }
}

/// Who waits for the start of which package's work.
#[derive(Clone, Default)]
pub(crate) struct Starts(Arc<Mutex<HashMap<String, oneshot::Sender<Instant>>>>);

impl Starts {
    fn expect(&self, package: &str) -> oneshot::Receiver<Instant> {
        let (told, started) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(package.to_owned(), told);
        started
    }

    /// The package's work starts now. Is anybody waiting for that?
    fn tell(&self, package: &str) -> bool {
        let expected = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(package);
        expected.is_some_and(|told| told.send(Instant::now()).is_ok())
    }
}

/// Measures `samples` starts beside each kind of victims.
pub(crate) fn run(samples: usize, dir: &Path, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    for victims in Victims::ALL {
        let dir = tempfile::tempdir_in(dir)?;
        let mut flushes = flushes(dir.path())?;
        let mut starts = runtime.block_on(measure(victims, samples, dir.path()))?;
        flushes.extend(self::flushes(dir.path())?);
        for (metric, permille) in [("start_p50_ms", 500), ("start_p99_ms", 990), ("start_p999_ms", 999)] {
            let floor = percentile(&mut flushes, permille);
            report.add_beside("paid start", &victims.name(), metric, &[percentile(&mut starts, permille)], &[floor])?;
        }
    }
    Ok(())
}

async fn measure(victims: Victims, samples: usize, dir: &Path) -> Result<Vec<f64>, Box<dyn Error>> {
    let (starts, drip) = (Starts::default(), Drip::start()?);
    drip.tell(starts.clone());
    let (_scheduler, server) = scheduler(drip.url(), dir)?;
    let (acme, crowd) = (Client::connect("acme", &server).await?, Client::connect("crowd", &server).await?);
    let _worker = match victims {
        Victims::Sleeping { ms } => {
            thin::start(&server, SLOTS, Duration::from_millis(ms), starts.clone()).await?;
            None
        }
        Victims::Downloading | Victims::Computing => Some(processes::worker(&server, SLOTS, &dir.join("worker"), &[])?),
    };
    if victims == Victims::Computing {
        crowd.until_done(&crowd.ask("cargo", puzzle::packages()).await?).await?;
        crowd.submit((0..QUESTIONS).map(puzzle::question).collect()).await?;
    } else {
        crowd.ask("npm", (0..BACKLOG).map(|number| format!("free-{number}")).collect()).await?;
    }
    while acme.running().await? < u32::try_from(SLOTS)? {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut waited_ms = Vec::new();
    for sample in 0..samples {
        let package = format!("paid-{sample}");
        let started = starts.expect(&package);
        let asked = Instant::now();
        acme.ask("npm", vec![package]).await?;
        let started = tokio::time::timeout(Duration::from_secs(60), started).await??;
        waited_ms.push(started.duration_since(asked).as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(PAUSE_MS + sample as u64 * 7 % PAUSE_VARIES)).await;
    }
    Ok(waited_ms)
}

fn scheduler(registry: &str, dir: &Path) -> Result<(Process, String), Box<dyn Error>> {
    #[derive(Deserialize)]
    struct Serving {
        listening: String,
    }
    let clients = dir.join("clients.toml");
    std::fs::write(&clients, clients::FILE)?;
    let mut words: Vec<OsString> = ["serve", "--listen", "127.0.0.1:0", "--data"].map(OsString::from).into();
    words.extend([dir.join("scheduler").into(), "--clients".into(), clients.into()]);
    for ecosystem in Ecosystem::ALL {
        words.extend(["--registry".into(), format!("{ecosystem}={registry}").into()]);
    }
    let (process, serving): (_, Serving) = Process::start(&[], &words, dir)?;
    Ok((process, serving.listening))
}

/// What flushes of this disk take, in milliseconds: a page each.
fn flushes(dir: &Path) -> io::Result<Vec<f64>> {
    let mut file = File::create(dir.join("flushes"))?;
    let one = |_| {
        file.write_all(&[7; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    };
    (0..FLUSHES).map(one).collect()
}

/// The value that so many thousandths of all do not exceed.
fn percentile(values: &mut [f64], permille: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * permille).div_ceil(1_000).saturating_sub(1);
    values.get(at).copied().unwrap_or(f64::NAN)
}
