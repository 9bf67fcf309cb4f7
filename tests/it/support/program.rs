//! Calling the program as a user would, from a place that knows nothing of the real user.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use super::process::{PATIENCE, Process};

/// A machine of its own, as far as the program can see: a home directory, a working directory, room for data. Gone
/// with all that is in it when dropped.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = TempDir::with_prefix("gleaner-it-").unwrap();
        for name in ["home", "tmp"] {
            std::fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    /// A file or directory of this name; not made.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// `gleaner ARGUMENTS…`, to be run or started.
    pub(crate) fn gleaner<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Program {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gleaner"));
        command.env_clear().env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.current_dir(self.path("home")).args(arguments);
        Program { command, stdin: Vec::new() }
    }
}

/// A call of the program that has not begun.
pub(crate) struct Program {
    command: Command,
    stdin: Vec<u8>,
}

impl Program {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn current_dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// What it reads from its standard input.
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Lets no file of it grow beyond `kib` KiB: what writes further fails, as on a full disk. The system would end the
    /// process with a signal for that; it is told not to, and a program that is started inherits this.
    pub(crate) fn files_of_at_most(mut self, kib: u32) -> Self {
        // POSIX counts blocks of 512 bytes.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kib * 2);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script, "sh"]).arg(self.command.get_program()).args(self.command.get_args());
        command.env_clear().current_dir(self.command.get_current_dir().expect("every place has one"));
        for (name, value) in self.command.get_envs() {
            command.env(name, value.expect("none is taken away"));
        }
        self.command = command;
        self
    }

    /// Starts it and goes on.
    pub(crate) fn spawn(mut self) -> Process {
        self.command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        let mut process = Process::spawn(self.command);
        if let Some(mut stdin) = process.stdin() {
            // From a thread, since it may talk before it has read everything. It may also end without reading.
            thread::spawn(move || drop(stdin.write_all(&self.stdin)));
        }
        process
    }

    /// Starts it with `--json` and waits for the object in which it says that it is ready.
    pub(crate) fn start<T: DeserializeOwned>(self) -> (Process, T) {
        let process = self.arg("--json").spawn();
        let said = process.stdout.lines(1);
        let ready = serde_json::from_str(said.lines().next().unwrap_or_default()).unwrap_or_else(|error| {
            panic!("{} is not ready: {error}; it said {said:?} and {:?}", process.called, process.stderr.text())
        });
        (process, ready)
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Ended {
        let mut process = self.spawn();
        let status = process.wait_for(4 * PATIENCE);
        Ended {
            code: status.code(),
            stdout: process.stdout.all(),
            stderr: process.stderr.all(),
            called: process.called.clone(),
        }
    }
}

/// A call that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) called: String,
}

impl Ended {
    /// Checks the exit code; shows what was said if it is another.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\nstdout: {}\nstderr: {}", self.called, self.stdout, self.stderr);
        self
    }

    /// The objects on stdout, one a line.
    pub(crate) fn objects(&self) -> Vec<Value> {
        json_lines(&self.stdout)
    }

    /// The one object on stdout.
    pub(crate) fn object(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1, "{}: {}", self.called, self.stdout);
        objects.remove(0)
    }
}

/// The objects of a text, one a line.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
    text.lines().filter(|line| !line.is_empty()).map(read).collect()
}
