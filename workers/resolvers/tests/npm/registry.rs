//! A registry on loopback that has the packuments it is given and nothing else.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

type Shelf = Arc<HashMap<&'static str, &'static [u8]>>;

/// Serves until the process ends; the answer is the address.
pub(crate) fn serve(documents: &'static [(String, Vec<u8>)]) -> String {
    let shelf: Shelf = Arc::new(documents.iter().map(|(name, text)| (name.as_str(), &**text)).collect());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shelf = Arc::clone(&shelf);
            // A client that goes away ends only its own thread.
            thread::spawn(move || drop(answer(stream, &shelf)));
        }
    });
    address
}

fn answer(mut stream: TcpStream, shelf: &Shelf) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        while reader.read_line(&mut line)? > 2 {}
        let name = path.trim_start_matches('/').replace("%2f", "/").replace("%40", "@");
        let found = shelf.get(name.as_str()).copied();
        let (status, body) = found.map_or(("404 Not Found", &b"{}"[..]), |body| ("200 OK", body));
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             cache-control: public, max-age=31536000\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
    }
}
