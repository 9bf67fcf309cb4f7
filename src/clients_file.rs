//! The clients file, read at the start and again whenever it changes.
//!
//! The problem: a client whose token leaked must be shut out now, and a new one let in, without a restart that everybody
//! notices. So the file is looked at every few seconds, which needs no rights and works with files that are replaced as
//! well as with those that are written over, and at once on a SIGHUP. It is compared by its content: a file system's times
//! may be too coarse to tell two changes apart. One that cannot be used changes nothing: the clients before it hold, and
//! log and metrics say so until it is mended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gleaner_engine::{Clients, ClientsHandle};
use tokio::task::JoinHandle;

use crate::exit::Failure;

/// How often the file is looked at. A read of some kilobytes; and shorter than it takes to wonder whether it worked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A clients file.
pub(crate) struct ClientsFile {
    path: PathBuf,
    /// What it held when it was last looked at, good or not.
    seen: Result<Vec<u8>, String>,
}

/// What a look at the file found.
enum Found {
    Same,
    Clients(Clients),
    Broken(String),
}

impl ClientsFile {
    /// Reads it.
    ///
    /// # Errors
    /// It cannot be used: a scheduler does not start with one like that.
    pub(crate) fn open(path: &Path) -> Result<(Self, Clients), Failure> {
        let wrong = |error: String| Failure::usage(format!("{}: {error}", path.display()));
        let seen = read(path);
        let clients = seen.clone().and_then(|bytes| parse(&bytes)).map_err(wrong)?;
        Ok((Self { path: path.to_owned(), seen }, clients))
    }

    /// Has the engine go by the file from now on. To be aborted before the engine is stopped.
    pub(crate) fn follow(mut self, engine: ClientsHandle, clients: usize) -> JoinHandle<()> {
        tell_clients(clients);
        metrics::gauge!("gleaner_clients_file_broken").set(0.0);
        let mut bell = Bell::new();
        tokio::spawn(async move {
            loop {
                let rung = bell.wait().await;
                let Ok((file, found)) = tokio::task::spawn_blocking(move || self.look(rung)).await else { return };
                self = file;
                self.act(found, &engine);
            }
        })
    }

    fn look(mut self, anyway: bool) -> (Self, Found) {
        let now = read(&self.path);
        if now == self.seen && !anyway {
            return (self, Found::Same);
        }
        let found = match now.clone().and_then(|bytes| parse(&bytes)) {
            Ok(clients) => Found::Clients(clients),
            Err(error) => Found::Broken(error),
        };
        self.seen = now;
        (self, found)
    }

    fn act(&self, found: Found, engine: &ClientsHandle) {
        let file = self.path.display();
        match found {
            Found::Same => {}
            Found::Clients(clients) => {
                tell_clients(clients.len());
                let change = engine.replace(clients);
                metrics::gauge!("gleaner_clients_file_broken").set(0.0);
                metrics::counter!("gleaner_clients_file_taken_total").increment(1);
                tracing::info!(%file, "the clients file was read again: {change}");
            }
            Found::Broken(error) => {
                metrics::gauge!("gleaner_clients_file_broken").set(1.0);
                tracing::error!(%file, %error, "the clients file cannot be used; the clients before it still hold");
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| error.to_string())
}

fn parse(bytes: &[u8]) -> Result<Clients, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    Clients::parse(text).map_err(|error| error.to_string())
}

#[allow(clippy::cast_precision_loss, reason = "no file has so many clients")]
fn tell_clients(clients: usize) {
    metrics::gauge!("gleaner_clients").set(clients as f64);
}

/// Says when to look.
struct Bell {
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Bell {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { hangup: signal(SignalKind::hangup()).ok() }
    }

    /// Waits for a while, or for somebody who wants it to be read: true if that was it.
    async fn wait(&mut self) -> bool {
        let Some(hangup) = &mut self.hangup else {
            tokio::time::sleep(LOOK_EVERY).await;
            return false;
        };
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => false,
            rung = hangup.recv() => rung.is_some(),
        }
    }
}

#[cfg(not(unix))]
impl Bell {
    fn new() -> Self {
        Self {}
    }

    async fn wait(&mut self) -> bool {
        tokio::time::sleep(LOOK_EVERY).await;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = "[[client]]\nname = \"acme\"\ntoken = \"acme-secret-token\"\nlane = \"paid\"\n";

    #[test]
    fn only_a_change_is_a_change_and_a_broken_file_is_told_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("clients.toml");
        let write = |text: &str| std::fs::write(&path, text).expect("writable");
        write(ACME);
        let (file, clients) = ClientsFile::open(&path).expect("a good file");
        assert_eq!(clients.len(), 1);
        let (file, found) = file.look(false);
        assert!(matches!(found, Found::Same));
        write("[[client]]\nname = \"acme\"");
        let (file, found) = file.look(false);
        assert!(matches!(found, Found::Broken(error) if error.contains("missing field `lane`")));
        let (file, found) = file.look(false);
        assert!(matches!(found, Found::Same), "it was told");
        let (file, found) = file.look(true);
        assert!(matches!(found, Found::Broken(_)), "somebody asked");
        std::fs::remove_file(&path).expect("it is there");
        let (file, found) = file.look(false);
        assert!(matches!(found, Found::Broken(_)));
        write(ACME);
        assert!(matches!(file.look(false).1, Found::Clients(clients) if clients.len() == 1));
        assert!(ClientsFile::open(&directory.path().join("none")).is_err());
    }
}
