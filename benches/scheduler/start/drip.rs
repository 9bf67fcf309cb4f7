//! A registry on loopback that has no package that is paid for, has those of the [`puzzle`], and sends everything else a
//! byte at a time.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::{Starts, puzzle};

/// Between two bytes.
const DROP: Duration = Duration::from_millis(200);
/// How many there are: half a minute's.
const BYTES: usize = 150;

/// The registry; it answers until this process ends.
pub(super) struct Drip {
    url: String,
    starts: Arc<OnceLock<Starts>>,
}

impl Drip {
    pub(super) fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let starts = Arc::new(OnceLock::new());
        let telling = Arc::clone(&starts);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let starts = Arc::clone(&telling);
                // Whoever goes away in the middle is none of its business.
                thread::spawn(move || serve(&stream, &starts));
            }
        });
        Ok(Self { url, starts })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Tells these of every package that is asked for.
    pub(super) fn tell(&self, starts: Starts) {
        // Only the first time counts, and it is the only one.
        let _ = self.starts.set(starts);
    }
}

fn serve(mut stream: &TcpStream, starts: &OnceLock<Starts>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(first) = lines.next().transpose()? {
        let path = first.split(' ').nth(1).unwrap_or_default();
        let package = path.rsplit('/').next().unwrap_or_default();
        let paid = starts.get().is_some_and(|starts| starts.tell(package));
        while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
        if paid {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")?;
            continue;
        }
        if let Some(document) = puzzle::document(package) {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{document}", document.len())?;
            continue;
        }
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {BYTES}\r\n\r\n")?;
        for _ in 0..BYTES {
            thread::sleep(DROP);
            stream.write_all(b" ")?;
        }
    }
    Ok(())
}
