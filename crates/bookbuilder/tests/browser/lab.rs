//! Shared resources of the tests: the book, its server, the driver, and browsers, which are passed from one test to the next.

use std::{
    fs,
    sync::{Mutex, OnceLock},
};

use anyhow::{Context, anyhow};

use crate::{at_hand::AtHand, book::Book, driver::Driver, page::Browser, server, session::Session};

/// The shared resources. Each is made when a test first needs it, so that listing tests builds nothing.
pub struct Lab {
    at_hand: AtHand,
    book: OnceLock<Result<Book, String>>,
    origin: OnceLock<Result<String, String>>,
    driver: Mutex<Option<Driver>>,
    idle: Mutex<Vec<Session>>,
}

impl Lab {
    /// Returns a laboratory in which nothing is made yet.
    pub fn new(at_hand: AtHand) -> Self {
        let (book, origin) = (OnceLock::new(), OnceLock::new());
        Self { at_hand, book, origin, driver: Mutex::default(), idle: Mutex::default() }
    }

    /// Returns the book.
    pub fn book(&self) -> anyhow::Result<&Book> {
        let book = self.book.get_or_init(|| Book::build().map_err(|error| format!("the book is not built: {error:#}")));
        book.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Returns the script of axe-core.
    pub fn axe(&self) -> anyhow::Result<String> {
        let path = self.at_hand.axe()?;
        fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
    }

    /// Lends a browser to a test. The browser of a failed test is closed, because its state is unknown.
    pub fn browse(&self, test: impl FnOnce(&Browser<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let book = self.book()?;
        let origin =
            self.origin.get_or_init(|| server::serve(book.folder.clone()).map_err(|error| format!("{error:#}")));
        let origin = origin.as_ref().map_err(|error| anyhow!("{error}"))?;
        let idle = self.idle.lock().unwrap().pop();
        let session = idle.map_or_else(|| self.open(), Ok)?;
        let browser = Browser::new(session, book, origin);
        browser.reset()?;
        test(&browser)?;
        self.idle.lock().unwrap().push(browser.session);
        Ok(())
    }

    /// Closes the browsers, then ends the driver.
    pub fn end(&self) {
        self.idle.lock().unwrap().clear();
        *self.driver.lock().unwrap() = None;
    }

    fn open(&self) -> anyhow::Result<Session> {
        let mut driver = self.driver.lock().unwrap();
        let driver = match &mut *driver {
            Some(driver) => driver,
            none => none.insert(Driver::start(self.at_hand.driver()?)?),
        };
        Session::open(&driver.url, self.at_hand.chromium()?)
    }
}
