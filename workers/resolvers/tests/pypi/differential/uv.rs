//! The real uv, as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What uv made of a manifest.
pub(crate) enum Made {
    /// The pins with their annotations.
    Pins(String),
    /// It refused, and said this.
    Refusal(String),
    TimedOut,
}

pub(crate) struct Uv {
    program: PathBuf,
    folder: PathBuf,
}

/// A question to it.
pub(crate) struct Question<'a> {
    pub(crate) manifest: &'a str,
    pub(crate) python: &'a str,
    pub(crate) platform: &'a str,
    pub(crate) exclude_newer: Option<&'a str>,
    pub(crate) arguments: &'a [&'a str],
}

impl Uv {
    /// `GLEANER_UV`, or `uv` on the path; none if there is none.
    pub(crate) fn find() -> Option<Self> {
        let program = std::env::var_os("GLEANER_UV").map_or_else(|| PathBuf::from("uv"), PathBuf::from);
        let works = Command::new(&program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        works.ok().filter(std::process::ExitStatus::success)?;
        let folder = std::env::temp_dir().join(format!("gleaner-uv-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Some(Self { program, folder })
    }

    pub(crate) fn compile(&self, index: &str, question: &Question<'_>) -> Made {
        let manifest = self.folder.join("requirements.in");
        fs::write(manifest, question.manifest).unwrap();
        let mut command = Command::new(&self.program);
        command.args(["pip", "compile", "requirements.in", "--no-config", "--no-header", "--no-python-downloads"]);
        command.args(["--index-url", &format!("{index}/simple"), "--cache-dir", "cache"]);
        command.args(["--python-version", question.python, "--python-platform", question.platform]);
        command.args(question.exclude_newer.iter().flat_map(|date| ["--exclude-newer", date]));
        command.args(question.arguments);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", &self.folder);
        self.run(command)
    }

    fn run(&self, mut command: Command) -> Made {
        let (out, err) = (self.folder.join("out"), self.folder.join("err"));
        command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&err).unwrap());
        let mut child = command.current_dir(&self.folder).spawn().unwrap();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if started.elapsed() > Duration::from_secs(30) {
                child.kill().unwrap();
                child.wait().unwrap();
                return Made::TimedOut;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if status.success() { Made::Pins(read(&out)) } else { Made::Refusal(read(&err)) }
    }
}

impl Drop for Uv {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}
