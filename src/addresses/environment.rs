//! What the search for addresses sees of the machine.

#![allow(clippy::disallowed_methods, reason = "the one place where the environment is read")]

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The machine, as far as settings go. Tests bring their own.
pub(crate) trait Environment {
    /// The environment variables whose names and values are Unicode.
    fn vars(&self) -> &BTreeMap<String, String>;

    /// The user's home directory.
    fn home(&self) -> Option<&Path>;

    /// The working directory.
    fn cwd(&self) -> &Path;

    /// A file's text, or nothing if there is no such file.
    ///
    /// # Errors
    /// It is there and cannot be read, is too large, or is not text.
    fn read(&self, path: &Path) -> io::Result<Option<String>>;

    /// Is there a file or directory of this name?
    fn exists(&self, path: &Path) -> bool;

    /// What `program` printed, trimmed, if it is installed, ended well and in time, and printed anything.
    fn run(&self, program: &str, arguments: &[&str]) -> Option<String>;

    /// An environment variable; one that is set to nothing counts as not set, as the clients have it.
    fn var(&self, name: &str) -> Option<&str> {
        self.vars().get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// `environment`'s working directory and all directories above it, nearest first.
pub(super) fn upwards(environment: &dyn Environment) -> impl Iterator<Item = &Path> {
    environment.cwd().ancestors()
}

/// The machine that this process runs on.
#[derive(Debug)]
pub(crate) struct System {
    vars: BTreeMap<String, String>,
    home: Option<PathBuf>,
    cwd: PathBuf,
    command_limit: Duration,
}

/// Configuration files are a few kilobytes; one of more than this is something else.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What a client prints when asked for one setting fits many times.
const MAX_OUTPUT_BYTES: u64 = 64 << 10;

/// How long a client may take to print one setting; a cold start of npm or pip on a busy machine takes some seconds.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

impl System {
    /// Takes the process's environment as it is now.
    ///
    /// # Errors
    /// The working directory does not exist any more.
    pub(crate) fn of_process() -> io::Result<Self> {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Ok(Self {
            vars: std::env::vars_os().filter_map(unicode).collect(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            cwd: std::env::current_dir()?,
            command_limit: COMMAND_LIMIT,
        })
    }
}

impl Environment for System {
    fn vars(&self) -> &BTreeMap<String, String> {
        &self.vars
    }

    fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    fn cwd(&self) -> &Path {
        &self.cwd
    }

    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        match std::fs::metadata(path) {
            Ok(about) if about.is_file() => {}
            // A directory or a device of that name is no configuration; neither is nothing at all.
            Ok(_) => return Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let mut text = String::new();
        let read = std::fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
        if read as u64 > MAX_FILE_BYTES {
            return Err(io::Error::other(format!("it has more than {MAX_FILE_BYTES} bytes")));
        }
        Ok(Some(text))
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.cwd);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().inspect_err(|error| tracing::debug!(program, %error, "not started")).ok()?;
        let output = output_of(&mut child, self.command_limit);
        if output.is_none() {
            tracing::debug!(program, "did not end well and in time");
        }
        output.map(|output| output.trim().to_owned()).filter(|output| !output.is_empty())
    }
}

/// Waits for a child's output and its end, and ends it when `limit` is over.
fn output_of(child: &mut Child, limit: Duration) -> Option<String> {
    let stdout = child.stdout.take()?;
    let (send, receive) = mpsc::sync_channel(1);
    // A thread of its own, since a grandchild may keep the pipe open for longer than anyone wants to wait.
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.take(MAX_OUTPUT_BYTES).read_to_string(&mut text);
        // Nobody listens any more once the time is over.
        drop(send.send(read.map(|_| text)));
    });
    let Ok(Ok(text)) = receive.recv_timeout(limit) else {
        drop(child.kill());
        drop(child.wait());
        return None;
    };
    // The pipe is closed, or has said too much. Either way the child has nothing left to do: a short wait is enough.
    for _ in 0..100 {
        match child.try_wait() {
            Ok(Some(status)) => return status.success().then_some(text),
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(_) => break,
        }
    }
    drop(child.kill());
    drop(child.wait());
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn system(command_limit: Duration) -> System {
        System { command_limit, ..System::of_process().unwrap() }
    }

    #[test]
    fn files_are_read_and_missing_ones_are_nothing() {
        let root = tempfile::tempdir().unwrap();
        let system = system(COMMAND_LIMIT);
        std::fs::write(root.path().join("a"), "text").unwrap();
        assert_eq!(system.read(&root.path().join("a")).unwrap().as_deref(), Some("text"));
        assert_eq!(system.read(&root.path().join("b")).unwrap(), None);
        assert_eq!(system.read(&root.path().join("a/b")).unwrap(), None);
        assert_eq!(system.read(root.path()).unwrap(), None);
        std::fs::write(root.path().join("c"), [0xff, 0xfe]).unwrap();
        assert!(system.read(&root.path().join("c")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn commands_answer_or_do_not() {
        let system = system(COMMAND_LIMIT);
        assert_eq!(system.run("sh", &["-c", "echo ' hello '"]).as_deref(), Some("hello"));
        assert_eq!(system.run("sh", &["-c", "echo hello; exit 1"]), None);
        assert_eq!(system.run("sh", &["-c", "true"]), None);
        assert_eq!(system.run("gleaner-has-no-such-program", &[]), None);
    }

    #[cfg(unix)]
    #[test]
    fn commands_that_hang_or_chatter_are_ended() {
        assert_eq!(system(Duration::from_millis(50)).run("sh", &["-c", "echo early; exec sleep 600"]), None);
        assert_eq!(system(COMMAND_LIMIT).run("sh", &["-c", "exec yes"]), None);
    }
}
