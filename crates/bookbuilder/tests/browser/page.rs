//! A browser that shows the book.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{
    book::{Book, Page},
    session::Session,
};

/// mdBook's themes.
pub const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// A browser that shows the book.
pub struct Browser<'a> {
    /// The browser.
    pub session: Session,
    /// The book.
    pub book: &'a Book,
    /// The book's address: `http://127.0.0.1:PORT`.
    pub origin: &'a str,
}

impl<'a> Browser<'a> {
    /// Joins a browser and a book.
    pub fn new(session: Session, book: &'a Book, origin: &'a str) -> Self {
        Self { session, book, origin }
    }

    /// Restores the state of a first visit: a wide window, for the screen, no theme chosen.
    pub fn reset(&self) -> anyhow::Result<()> {
        self.session.devtools("Emulation.clearDeviceMetricsOverride", json!({}))?;
        self.session.devtools("Emulation.setEmulatedMedia", json!({ "media": "", "features": [] }))?;
        let origin = json!({ "origin": self.origin, "storageTypes": "local_storage" });
        self.session.devtools("Storage.clearDataForOrigin", origin)?;
        // The page of the last test has no meaning any more.
        self.session.go("about:blank")?;
        self.session.log("browser")?;
        self.session.log("performance").map(drop)
    }

    /// Loads a page of the book.
    pub fn go(&self, path: &str) -> anyhow::Result<()> {
        self.session.go(&format!("{}/{path}", self.origin))
    }

    /// Opens all folds on the current page, so that their content is tested, too.
    pub fn unfold(&self) -> anyhow::Result<()> {
        self.value("document.querySelectorAll('main details').forEach(fold => { fold.open = true; })").map(drop)
    }

    /// Chooses a theme from the menu on the current page, as a reader does. It stays for all later pages.
    pub fn choose(&self, theme: &str) -> anyhow::Result<()> {
        self.session.click("#mdbook-theme-toggle")?;
        self.session.until("document.getElementById('mdbook-theme-list').checkVisibility()")?;
        self.session.click(&format!("#mdbook-theme-{theme}"))?;
        self.session.press(&crate::session::key::ESCAPE.to_string())?;
        let classes = self.text("document.documentElement.className")?;
        ensure!(classes.split(' ').any(|class| class == theme), "the menu does not give {theme}, but {classes}");
        Ok(())
    }

    /// Returns the value of an expression in the page.
    pub fn value(&self, expression: &str) -> anyhow::Result<Value> {
        self.session.run(&format!("return {expression}"), json!([]))
    }

    /// Returns the value of an expression in the page, which must be a text.
    pub fn text(&self, expression: &str) -> anyhow::Result<String> {
        let value = self.value(expression)?;
        Ok(value.as_str().with_context(|| format!("{expression} is {value}"))?.to_owned())
    }

    /// Returns the faults that a script finds in the page: a list of texts.
    pub fn faults(&self, script: &str, arguments: Value) -> anyhow::Result<Vec<String>> {
        let found = self.run(script, arguments)?;
        serde_json::from_value(found.clone()).with_context(|| format!("no list of faults: {found}"))
    }

    /// Runs a script in the page, which may use the functions of `named.js`.
    pub fn run(&self, script: &str, arguments: Value) -> anyhow::Result<Value> {
        self.session.run(&[include_str!("scripts/named.js"), script].concat(), arguments)
    }

    /// Returns all pages of the table of contents, and the page for the printer, which contains them all.
    pub fn pages(&self) -> impl Iterator<Item = &'a str> {
        self.book.pages.iter().map(|Page { path, .. }| path.as_str()).chain(["print.html"])
    }
}
