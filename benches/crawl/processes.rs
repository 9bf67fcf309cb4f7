//! The processes that are measured: starting them, hearing their addresses, counting their CPU time, ending them.

#![allow(clippy::disallowed_methods, reason = "children get a clean environment")]

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use gleaner_model::Ecosystem;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Ticks of CPU time a second, as Linux has told them to programs on every machine for decades.
const TICKS_PER_S: f64 = 100.0;

/// A process of ours; ended when dropped.
pub(crate) struct Process {
    child: Child,
    /// The process that works: a child of `child`, if a profiler stands between.
    pid: u32,
}

impl Process {
    /// Starts `gleaner ARGUMENTS`, behind the command `around` if there is one, and waits for the JSON line in which
    /// it says that it is ready.
    ///
    /// # Errors
    /// The program does not start.
    pub(crate) fn start<T: DeserializeOwned>(
        around: &[String],
        arguments: &[OsString],
        home: &Path,
    ) -> Result<(Self, T), Box<dyn Error>> {
        let binary = env!("CARGO_BIN_EXE_gleaner").to_owned();
        let words: Vec<OsString> = around.iter().map(OsString::from).chain([binary.into(), "--json".into()]).collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(arguments).stdout(Stdio::piped()).stdin(Stdio::null());
        // Nobody's settings may change what is measured.
        command.env_clear().env("HOME", home);
        command.envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("it has no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).map_err(|error| format!("{arguments:?} said {line:?}: {error}"))?;
        let pid = working(child.id())?;
        Ok((Self { child, pid }, ready))
    }

    /// Its number.
    #[allow(dead_code, reason = "not every bench looks at its processes itself")]
    pub(crate) fn id(&self) -> u32 {
        self.pid
    }

    /// CPU seconds that it has used so far.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn cpu_seconds(&self) -> io::Result<f64> {
        cpu_seconds(self.pid)
    }

    /// Lets it end by itself, as a profiler needs it to, and waits for that.
    ///
    /// # Errors
    /// There is no `kill`.
    pub(crate) fn end(mut self) -> io::Result<()> {
        Command::new("kill").args(["-INT", &self.pid.to_string()]).status()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child of a process that stands between; the process itself, if it has become what it was to start.
fn working(pid: u32) -> Result<u32, Box<dyn Error>> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    Ok(children.split_whitespace().next().map_or(Ok(pid), str::parse)?)
}

/// CPU seconds that a process has used so far, all its threads together.
///
/// # Errors
/// There is no such process, or no `/proc`.
pub(crate) fn cpu_seconds(pid: u32) -> io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in brackets, may hold anything; the fields after it are numbers, of which these are utime and stime.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let ticks = ticks.sum::<Result<f64, _>>().map_err(io::Error::other)?;
    Ok(ticks / TICKS_PER_S)
}

/// Where the loopback registries are.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Addresses {
    cargo: String,
    npm: String,
    pypi: String,
    pub(crate) stats: String,
}

impl Addresses {
    /// A registry's base URL.
    pub(crate) fn of(&self, ecosystem: Ecosystem) -> &str {
        match ecosystem {
            Ecosystem::Cargo => &self.cargo,
            Ecosystem::Npm => &self.npm,
            Ecosystem::Pypi => &self.pypi,
        }
    }
}

/// What the loopback registries have answered so far.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Answered {
    pub(crate) requests: u64,
    #[serde(rename = "304")]
    pub(crate) not_modified: u64,
}

/// Running loopback registries.
pub(crate) struct Replay {
    pub(crate) process: Process,
    pub(crate) addresses: Addresses,
}

impl Replay {
    /// Serves `documents`.
    ///
    /// # Errors
    /// The program does not start.
    pub(crate) fn start(documents: &Path, home: &Path) -> Result<Self, Box<dyn Error>> {
        let (process, addresses) = Process::start(&[], &["replay".into(), documents.into()], home)?;
        Ok(Self { process, addresses })
    }

    /// What they have answered so far.
    ///
    /// # Errors
    /// They do not answer.
    pub(crate) async fn answered(&self) -> Result<Answered, Box<dyn Error>> {
        let body = reqwest::get(&self.addresses.stats).await?.bytes().await?;
        Ok(serde_json::from_slice(&body)?)
    }
}

#[derive(Deserialize)]
struct Serving {
    listening: String,
}

#[derive(Deserialize)]
struct Working {
    #[serde(rename = "worker")]
    _worker: String,
}

/// Starts a scheduler of the loopback registries that keeps its things in `data`; returns where it listens.
///
/// # Errors
/// The program does not start.
pub(crate) fn scheduler(
    addresses: &Addresses,
    data: &Path,
    around: &[String],
) -> Result<(Process, String), Box<dyn Error>> {
    let mut arguments: Vec<OsString> = vec!["serve".into(), "--listen".into(), "127.0.0.1:0".into()];
    arguments.extend(["--data".into(), data.into()]);
    for ecosystem in Ecosystem::ALL {
        arguments.extend(["--registry".into(), format!("{ecosystem}={}", addresses.of(ecosystem)).into()]);
    }
    let (process, serving) = Process::start::<Serving>(around, &arguments, data)?;
    Ok((process, serving.listening))
}

/// Starts a worker of the scheduler at `server`.
///
/// # Errors
/// The program does not start.
pub(crate) fn worker(server: &str, slots: usize, data: &Path, around: &[String]) -> Result<Process, Box<dyn Error>> {
    let arguments: [OsString; 7] = [
        "worker".into(),
        "--server".into(),
        server.into(),
        "--slots".into(),
        slots.to_string().into(),
        "--data".into(),
        data.into(),
    ];
    Ok(Process::start::<Working>(around, &arguments, data)?.0)
}
