//! A registry of a few lines: the test says what it answers to which path, and sees what it was asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::scheduler::soon;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    headers: HashMap<String, String>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

#[derive(Clone, Copy, Debug)]
enum Manner {
    Whole,
    /// The stated length is this; the connection closes after the body all the same.
    Claiming(usize),
    Chunked,
    Hang,
    /// So many bytes at a time, each when the test lets it.
    Dripping(usize),
}

/// Lets bodies drip.
#[derive(Clone, Debug)]
pub(crate) struct Tap(Arc<Semaphore>);

impl Tap {
    /// Lets so many pieces more go out.
    pub(crate) fn drip(&self, pieces: usize) {
        self.0.add_permits(pieces);
    }
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), manner: Manner::Whole }
    }

    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    pub(crate) fn hang() -> Self {
        Self { manner: Manner::Hang, ..Self::status(200) }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn claiming(mut self, length: usize) -> Self {
        self.manner = Manner::Claiming(length);
        self
    }

    pub(crate) fn chunked(mut self) -> Self {
        self.manner = Manner::Chunked;
        self
    }

    /// Sends this many bytes whenever the registry's tap lets a piece go.
    pub(crate) fn dripping(mut self, bytes: usize) -> Self {
        self.manner = Manner::Dripping(bytes);
        self
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Whatever\r\nconnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.manner {
            Manner::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
            Manner::Claiming(length) => head.push_str(&format!("content-length: {length}\r\n")),
            Manner::Whole | Manner::Hang | Manner::Dripping(_) => {
                head.push_str(&format!("content-length: {}\r\n", self.body.len()));
            }
        }
        head + "\r\n"
    }
}

type Answers = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// A registry on loopback. It ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    pub(crate) tap: Tap,
    /// Answers that were cut off by who asked.
    cut_off: watch::Sender<usize>,
}

impl Registry {
    /// A registry that answers as `answers` says, given the request and how many came before it.
    pub(crate) async fn start(answers: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, tap) = (listener.local_addr().unwrap(), Tap(Arc::new(Semaphore::new(0))));
        let registry = Self { address, asked: Arc::default(), tap, cut_off: watch::Sender::new(0) };
        let (answers, serving): (Arc<Answers>, _) = (Arc::new(answers), registry.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answers), serving.clone()));
            }
        });
        registry
    }

    /// A registry that has these documents and nothing else.
    pub(crate) async fn with(documents: Vec<(&'static str, Answer)>) -> Self {
        let documents: HashMap<&str, Answer> = documents.into_iter().collect();
        Self::start(move |asked, _| documents.get(asked.path.as_str()).cloned().unwrap_or(Answer::status(404))).await
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until so many requests were made.
    pub(crate) async fn until_asked(&self, requests: usize) {
        soon(async {
            while self.asked().len() < requests {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }

    /// Waits until so many answers were cut off.
    pub(crate) async fn until_cut_off(&self, answers: usize) {
        soon(self.cut_off.subscribe().wait_for(|count| *count >= answers)).await.unwrap();
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }
}

async fn serve(stream: TcpStream, answers: Arc<Answers>, registry: Registry) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let asked = Asked { path, headers };
    let before = {
        let mut log = registry.asked.lock().unwrap();
        log.push(asked.clone());
        log.len() - 1
    };
    let answer = answers(&asked, before);
    if matches!(answer.manner, Manner::Hang) {
        std::future::pending::<()>().await;
    }
    stream.write_all(answer.head().as_bytes()).await.ok()?;
    if let Manner::Dripping(bytes) = answer.manner {
        for piece in answer.body.chunks(bytes) {
            let may_go = tokio::select! {
                permit = registry.tap.0.acquire() => permit.ok(),
                // Nothing more is asked on this connection, so this is its end.
                _ = stream.fill_buf() => None,
            };
            let Some(permit) = may_go else {
                registry.cut_off.send_modify(|count| *count += 1);
                return None;
            };
            permit.forget();
            stream.write_all(piece).await.ok()?;
            stream.flush().await.ok()?;
        }
    } else if matches!(answer.manner, Manner::Chunked) {
        for chunk in answer.body.chunks(1000) {
            stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.ok()?;
            stream.write_all(chunk).await.ok()?;
            stream.write_all(b"\r\n").await.ok()?;
        }
        stream.write_all(b"0\r\n\r\n").await.ok()?;
    } else {
        stream.write_all(&answer.body).await.ok()?;
    }
    stream.shutdown().await.ok()
}
