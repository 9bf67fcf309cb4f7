//! A running process: what it said so far, signals, and its end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for anything: far longer than it takes on a slow machine, so that only what hangs is noticed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How often a child is looked at that ought to end.
const GLANCE: Duration = Duration::from_millis(5);

/// What a process wrote to one of its outputs, gathered by a thread so that a full pipe never stops it.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<(Mutex<Text>, Condvar)>);

#[derive(Default)]
struct Text {
    text: String,
    ended: bool,
}

impl Heard {
    fn listen(output: impl Read + Send + 'static) -> Self {
        let heard = Self::default();
        let gathered = heard.clone();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                gathered.change(|text| text.text.push_str(&String::from_utf8_lossy(&line)));
                line.clear();
            }
            gathered.change(|text| text.ended = true);
        });
        heard
    }

    fn change(&self, change: impl FnOnce(&mut Text)) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.0.0.lock().unwrap().text.clone()
    }

    /// Everything there ever was; waits until the process and whoever shares its output have closed it.
    pub(crate) fn all(&self) -> String {
        self.wait(|text| text.ended).expect("the output is closed when the process has ended")
    }

    /// Waits for the first `lines` lines; what there was, if it closes its output before.
    pub(crate) fn lines(&self, lines: usize) -> String {
        self.wait(|text| text.ended || text.text.matches('\n').count() >= lines)
            .unwrap_or_else(|| panic!("it said nothing for {PATIENCE:?} but {:?}", self.text()))
    }

    fn wait(&self, enough: impl Fn(&Text) -> bool) -> Option<String> {
        let guard = self.0.0.lock().unwrap();
        let (guard, waited) = self.0.1.wait_timeout_while(guard, PATIENCE, |text| !enough(text)).unwrap();
        (!waited.timed_out()).then(|| guard.text.clone())
    }
}

/// A process of ours. Killed by its id when dropped.
pub(crate) struct Process {
    child: Child,
    /// How it was called, for messages.
    pub(crate) called: String,
    pub(crate) stdout: Heard,
    pub(crate) stderr: Heard,
}

impl Process {
    /// Starts `command`; its standard input is what `command` says.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let called = format!("{command:?}");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{called}: {error}"));
        let stdout = Heard::listen(child.stdout.take().expect("it is piped"));
        let stderr = Heard::listen(child.stderr.take().expect("it is piped"));
        Self { child, called, stdout, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdin(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    /// Has it ended?
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGKILL, and waits until it is no more: after this its locks and ports are free.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its short name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill` is on every machine; the program of that name is not.
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.id())]).status().unwrap();
        assert!(status.success(), "SIG{name} could not be sent to {}", self.called);
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.wait_for(PATIENCE)
    }

    /// Waits for its end, at most this long.
    pub(crate) fn wait_for(&mut self, patience: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(begun.elapsed() < patience, "{} goes on and on", self.called);
            thread::sleep(GLANCE);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let (called, said) = (&self.called, self.stderr.text());
            // Shown by the test harness with the failure.
            println!("--- {called} wrote to stderr:\n{said}---");
        }
    }
}
