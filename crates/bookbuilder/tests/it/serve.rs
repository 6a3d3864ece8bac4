//! The book in a browser: a page changes when its source does.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::small::Small;

/// The deadline, which is longer than anything here takes on a slow machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server that ends when this is dropped.
struct Server {
    address: SocketAddr,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<anyhow::Result<()>>>,
}

impl Server {
    fn start(book: &Small) -> Server {
        let (workspace, (end, ended)) = (book.workspace().to_owned(), tokio::sync::oneshot::channel());
        let (ready, address) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let ready = move |address| ready.send(address).unwrap();
            runtime.block_on(bookbuilder::serve::serve(&workspace, 0, ready, async {
                let _ = ended.await;
            }))
        });
        Server { address: address.recv_timeout(DEADLINE).unwrap(), end: Some(end), thread: Some(thread) }
    }

    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        let mut page = String::new();
        self.ask(path).read_to_string(&mut page).unwrap();
        page
    }

    /// Opens a page as a browser does: it receives an event when it has to reload.
    fn open(&self) -> Open {
        let mut open = Open { stream: self.ask("/_tower-livereload/event-stream"), heard: String::new() };
        open.until("event: init");
        open
    }

    fn end(mut self) {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

struct Open {
    stream: TcpStream,
    heard: String,
}

impl Open {
    /// Waits until this line is received, up to the deadline.
    fn until(&mut self, said: &str) {
        while !self.heard.contains(said) {
            let mut bytes = [0; 1024];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "the server went away after {:?}", self.heard);
            self.heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }
}

#[test]
fn pages_change_with_their_sources() {
    let book = Small::new(&[
        ("book/src/page.md", "# Page\n\nfirst\n\n```toml\n{{#include ../../code/list.toml}}\n```\n"),
        ("code/list.toml", "a = 1\n"),
    ]);
    let server = Server::start(&book);
    let page = server.get("/page.html");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("first") && page.contains("a = 1"), "{page}");
    let nothing = server.get("/nothing.html");
    assert!(nothing.starts_with("HTTP/1.1 404"), "{nothing}");

    let mut open = server.open();
    book.write("code/list.toml", "a = 2\n");
    open.until("event: reload");
    assert!(server.get("/page.html").contains("a = 2"));

    let mut open = server.open();
    book.write("book/src/page.md", "# Page\n\nsecond\n");
    open.until("event: reload");
    assert!(server.get("/page.html").contains("second"));
    server.end();
}

#[test]
fn the_last_good_pages_stay() {
    let book = Small::page("# Page\n\nfirst\n");
    let server = Server::start(&book);
    let mut open = server.open();
    book.write("book/src/page.md", "# Page\n\nsecond\n\n{{#include nothing.md}}\n");
    open.until("event: reload");
    assert!(server.get("/page.html").contains("first"));
    server.end();
}

#[test]
fn a_book_that_is_wrong_at_first_is_shown_once_it_is_fixed() {
    let book = Small::page("# Page\n\n{{#include nothing.md}}\n");
    let server = Server::start(&book);
    assert!(server.get("/page.html").starts_with("HTTP/1.1 503"));
    let mut open = server.open();
    book.write("book/src/nothing.md", "something\n");
    open.until("event: reload");
    assert!(server.get("/page.html").contains("something"));
    server.end();
}

#[test]
fn a_port_that_is_taken_is_reported_with_a_hint() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = bookbuilder::serve::run(Small::page("# Page\n").workspace(), port).unwrap_err();
    let message = format!("{error:#}");
    assert!(message.starts_with(&format!("port {port} of 127.0.0.1 can't be used: ")), "{message}");
    assert!(message.ends_with("\nhint: choose another with --port NUMBER"), "{message}");
}

#[test]
fn nothing_is_left_behind() {
    let book = Small::page("# Page\n");
    Server::start(&book).end();
    assert_eq!(book.workspace().join("target").read_dir().unwrap().count(), 0);
}
