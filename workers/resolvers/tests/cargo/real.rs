//! The real cargo, asked about made or recorded index files that are served to it on loopback.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::lockfile::{self, Locked};

/// Longer than this the real cargo is not waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// cargo with a home of its own, in which the only registry is the one on loopback.
pub(crate) struct RealCargo {
    folder: PathBuf,
}

/// What cargo said.
#[derive(Debug)]
pub(crate) enum Said {
    Locked(Locked),
    Refused(String),
    /// It took too long.
    Nothing,
}

impl RealCargo {
    /// Serves index files; nothing if there is no cargo here.
    pub(crate) fn start(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Option<Self> {
        if Command::new("cargo").arg("--version").output().is_ok_and(|output| output.status.success()) {
            let folder = fresh_folder("real");
            let port = serve(files.into_iter().map(|(name, text)| (index_path(&name), text)).collect());
            let home = folder.join("home");
            fs::create_dir_all(&home).unwrap();
            let config = format!(
                "[source.crates-io]\nreplace-with = \"made\"\n[source.made]\nregistry = \"sparse+http://127.0.0.1:{port}/\"\n"
            );
            fs::write(home.join("config.toml"), config).unwrap();
            return Some(Self { folder });
        }
        println!("skipped: cargo is not installed here");
        None
    }

    /// The lock file that cargo writes for a manifest.
    pub(crate) fn lock(&self, manifest: &str) -> Said {
        self.lock_with(manifest, &[])
    }

    /// The same with further arguments.
    pub(crate) fn lock_with(&self, manifest: &str, arguments: &[&str]) -> Said {
        let project = self.folder.join("project");
        write_project(&project, manifest);
        // A file of an earlier manifest would be kept as far as it fits.
        drop(fs::remove_file(project.join("Cargo.lock")));
        let mut command = command(&self.folder.join("home"), &project);
        match run(command.args(["generate-lockfile", "--quiet"]).args(arguments)) {
            None => Said::Nothing,
            Some(output) if output.status.success() => {
                Said::Locked(lockfile::read(&fs::read_to_string(project.join("Cargo.lock")).unwrap()))
            }
            Some(output) => Said::Refused(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

impl Drop for RealCargo {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// An empty folder that no other test has.
pub(crate) fn fresh_folder(name: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let unique = format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // Not below the repository, where cargo would take it for a part of that.
    let folder = std::env::temp_dir().join(format!("gleaner-{unique}"));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A project of one empty library. A build script lets it link something.
pub(crate) fn write_project(folder: &Path, manifest: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::write(folder.join("build.rs"), "fn main() {}\n").unwrap();
}

/// cargo in a project, with this home and nothing of the surrounding test run's settings.
pub(crate) fn command(home: &Path, project: &Path) -> Command {
    let mut command = Command::new("cargo");
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy().to_ascii_uppercase();
        if name.starts_with("CARGO") || name.ends_with("_PROXY") || name == "RUSTFLAGS" {
            command.env_remove(&key);
        }
    }
    command.env("CARGO_HOME", home).env("CARGO_TERM_COLOR", "never").current_dir(project).stdin(Stdio::null());
    command
}

/// Runs a command to its end, unless that takes too long.
pub(crate) fn run(command: &mut Command) -> Option<Output> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its output is read while it runs, so that it never waits for a full pipe.
    let (stdout, stderr) = (read_all(child.stdout.take().unwrap()), read_all(child.stderr.take().unwrap()));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    Some(Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() })
}

fn read_all(mut from: impl std::io::Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

/// Where the index has a crate's file.
fn index_path(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.len() {
        1 | 2 => format!("/{}/{name}", name.len()),
        3 => format!("/3/{}/{name}", &name[..1]),
        _ => format!("/{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

/// Serves files by their paths until the program ends; returns the port.
fn serve(mut files: HashMap<String, Vec<u8>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    files.insert("/config.json".to_owned(), format!("{{\"dl\":\"http://127.0.0.1:{port}/dl\"}}").into_bytes());
    let files = Arc::new(files);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let files = Arc::clone(&files);
            // One that goes away in the middle is cargo's business.
            thread::spawn(move || drop(answer(&stream, &files)));
        }
    });
    port
}

/// Answers the requests of one connection. A file never changes, so that whoever has it has it still.
fn answer(mut stream: &TcpStream, files: &HashMap<String, Vec<u8>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(request) = lines.next().transpose()? {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut has_it = false;
        for header in lines.by_ref() {
            let header = header?;
            if header.is_empty() {
                break;
            }
            has_it |= header.to_ascii_lowercase().starts_with("if-none-match");
        }
        let (status, body) = match files.get(&path) {
            Some(_) if has_it => ("304 Not Modified", &[][..]),
            Some(body) => ("200 OK", body.as_slice()),
            None => ("404 Not Found", &[][..]),
        };
        write!(stream, "HTTP/1.1 {status}\r\nETag: \"same\"\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)?;
    }
    Ok(())
}
