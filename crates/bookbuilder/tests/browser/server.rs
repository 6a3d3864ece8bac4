//! Serves a folder on a free port of 127.0.0.1: as much HTTP as a browser needs to read a book.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context;

/// Serves the folder until the process ends. Returns the origin, `http://127.0.0.1:PORT`.
pub fn serve(folder: PathBuf) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no port to serve the book on")?;
    let origin = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            // A browser that disconnects in the middle is not the book's fault.
            thread::spawn(move || answer(&stream, &folder).ok());
        }
    });
    Ok(origin)
}

fn answer(mut stream: &TcpStream, folder: &Path) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|header| !header.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or("/").split(['?', '#']).next().unwrap_or("/");
    let path = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let (status, body) = match fs::read(folder.join(path.trim_start_matches('/'))) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let (length, kind) = (body.len(), kind(&path));
    // The files do not change meanwhile, and each run has new browsers, so they may be cached.
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n");
    stream.write_all(format!("{head}Cache-Control: max-age=3600\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(&body)
}

fn kind(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
