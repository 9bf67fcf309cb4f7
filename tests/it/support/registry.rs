//! A registry that answers as a test says: wrongly, slowly, or not at all.
//!
//! It speaks just enough HTTP/1.1 for a client that asks with GET: one request a connection, a thread each.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::stage::Addresses;

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Its path and query, such as `/npm/left-pad`.
    pub(crate) path: String,
    /// Its headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// How many requests for this path came before.
    pub(crate) earlier: usize,
}

impl Asked {
    /// The value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What to answer.
pub(crate) struct Answer {
    head: String,
    body: Vec<u8>,
    /// What `Content-Length` says; the truth if nothing else is said.
    length: Option<usize>,
    hang: bool,
}

impl Answer {
    /// A status, such as `404 Not Found`.
    pub(crate) fn new(status: &str) -> Self {
        Self { head: format!("HTTP/1.1 {status}\r\n"), body: Vec::new(), length: None, hang: false }
    }

    /// A document.
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new("200 OK").body(body)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head += &format!("{name}: {value}\r\n");
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Claims a length; if it is more than there is, the connection closes in the middle.
    pub(crate) fn claiming(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    /// Sends what there is and then holds the connection open until the registry is stopped.
    pub(crate) fn then_hang(mut self) -> Self {
        self.hang = true;
        self
    }

    /// Says nothing at all until the registry is stopped.
    pub(crate) fn hang() -> Self {
        Self { head: String::new(), body: Vec::new(), length: None, hang: true }
    }

    fn bytes(&self) -> Vec<u8> {
        if self.head.is_empty() {
            return Vec::new();
        }
        let length = self.length.unwrap_or(self.body.len());
        let mut bytes = format!("{}Content-Length: {length}\r\nConnection: close\r\n\r\n", self.head).into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<Asked>>,
    stopped: Mutex<bool>,
    stop: Condvar,
}

/// A running registry. Stops when dropped.
pub(crate) struct Registry {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Registry {
    /// Starts one that answers by `script`, which may be called from several threads at once.
    pub(crate) fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let (serving, script): (_, Arc<Script>) = (Arc::clone(&shared), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if *serving.stopped.lock().unwrap() {
                    break;
                }
                let (shared, script) = (Arc::clone(&serving), Arc::clone(&script));
                // A client that goes away in the middle is none of our business.
                thread::spawn(move || stream.and_then(|stream| shared.serve(stream, &*script)));
            }
        });
        Self { address, shared }
    }

    /// The base URL below which all paths are, ending in `/`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Base URLs as `gleaner replay` would give them: `/cargo/`, `/npm/`, `/pypi/simple/`.
    pub(crate) fn addresses(&self) -> Addresses {
        let base = self.url();
        Addresses {
            cargo: format!("{base}cargo/"),
            npm: format!("{base}npm/"),
            pypi: format!("{base}pypi/simple/"),
            stats: format!("{base}replay/stats"),
        }
    }

    /// Every request so far, in the order in which they came.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        *self.shared.stopped.lock().unwrap() = true;
        self.shared.stop.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream, script: &Script) -> std::io::Result<()> {
        let Some(asked) = self.read(&stream)? else { return Ok(()) };
        let answer = script(&asked);
        stream.write_all(&answer.bytes())?;
        if answer.hang {
            let stopped = self.stopped.lock().unwrap();
            drop(self.stop.wait_while(stopped, |stopped| !*stopped).unwrap());
        }
        Ok(())
    }

    /// Reads a request's head and notes it down; nothing if the client only looked in.
    fn read(&self, stream: &TcpStream) -> std::io::Result<Option<Asked>> {
        let mut lines = BufReader::new(stream).lines();
        let Some(first) = lines.next().transpose()? else { return Ok(None) };
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut all = self.asked.lock().unwrap();
        let earlier = all.iter().filter(|asked| asked.path == path).count();
        let asked = Asked { path, headers, earlier };
        all.push(asked.clone());
        Ok(Some(asked))
    }
}
