//! A registry on loopback: what it has by path, and "not found" for all else.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, RwLock};

type Pages = Arc<RwLock<HashMap<String, (&'static str, Vec<u8>)>>>;

pub(crate) struct Server {
    address: SocketAddr,
    pages: Pages,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, pages) = (listener.local_addr().unwrap(), Pages::default());
        let served = Arc::clone(&pages);
        // It ends with the tests' process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let pages = Arc::clone(&served);
                std::thread::spawn(move || serve(stream, &pages));
            }
        });
        Self { address, pages }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn put(&self, path: String, kind: &'static str, text: Vec<u8>) {
        self.pages.write().unwrap().insert(path, (kind, text));
    }

    pub(crate) fn clear(&self) {
        self.pages.write().unwrap().clear();
    }
}

/// Answers requests until the other side goes.
fn serve(stream: TcpStream, pages: &Pages) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(request)) = lines.next() {
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
        let answer = pages.read().unwrap().get(&path).map_or_else(
            || b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            |(kind, text)| {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", text.len());
                [head.as_bytes(), text].concat()
            },
        );
        if out.write_all(&answer).is_err() {
            return;
        }
    }
}
