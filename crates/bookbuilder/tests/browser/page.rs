//! A browser with the book in it.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{
    book::{Book, Page},
    session::Session,
};

/// mdBook's themes.
pub const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// A browser on the book.
pub struct Browser<'a> {
    /// The browser.
    pub session: Session,
    /// What it reads.
    pub book: &'a Book,
    /// Where the book is: `http://127.0.0.1:PORT`.
    pub origin: &'a str,
}

impl<'a> Browser<'a> {
    /// Joins a browser and a book.
    pub fn new(session: Session, book: &'a Book, origin: &'a str) -> Self {
        Self { session, book, origin }
    }

    /// As if nobody had read in it: a wide window, for the screen, no theme chosen.
    pub fn reset(&self) -> anyhow::Result<()> {
        self.session.devtools("Emulation.clearDeviceMetricsOverride", json!({}))?;
        self.session.devtools("Emulation.setEmulatedMedia", json!({ "media": "" }))?;
        let origin = json!({ "origin": self.origin, "storageTypes": "local_storage" });
        self.session.devtools("Storage.clearDataForOrigin", origin)?;
        // The page of the last test says nothing any more.
        self.session.go("about:blank")?;
        self.session.log("browser")?;
        self.session.log("performance").map(drop)
    }

    /// Loads a page of the book.
    pub fn go(&self, path: &str) -> anyhow::Result<()> {
        self.session.go(&format!("{}/{path}", self.origin))
    }

    /// Opens all that is folded on the page that is shown, so that it is looked at, too.
    pub fn unfold(&self) -> anyhow::Result<()> {
        self.value("document.querySelectorAll('main details').forEach(fold => { fold.open = true; })").map(drop)
    }

    /// Chooses a theme from the menu, on the page that is shown, as people do. It stays for all pages that follow.
    pub fn choose(&self, theme: &str) -> anyhow::Result<()> {
        self.session.click("#mdbook-theme-toggle")?;
        self.session.until("document.getElementById('mdbook-theme-list').checkVisibility()")?;
        self.session.click(&format!("#mdbook-theme-{theme}"))?;
        self.session.press(&crate::session::key::ESCAPE.to_string())?;
        let classes = self.text("document.documentElement.className")?;
        ensure!(classes.split(' ').any(|class| class == theme), "the menu does not give {theme}, but {classes}");
        Ok(())
    }

    /// What an expression is in the page.
    pub fn value(&self, expression: &str) -> anyhow::Result<Value> {
        self.session.run(&format!("return {expression}"), json!([]))
    }

    /// What an expression is in the page, which is a text.
    pub fn text(&self, expression: &str) -> anyhow::Result<String> {
        let value = self.value(expression)?;
        Ok(value.as_str().with_context(|| format!("{expression} is {value}"))?.to_owned())
    }

    /// What a script finds at fault in the page: a list of texts.
    pub fn faults(&self, script: &str, arguments: Value) -> anyhow::Result<Vec<String>> {
        let found = self.run(script, arguments)?;
        serde_json::from_value(found.clone()).with_context(|| format!("no list of faults: {found}"))
    }

    /// Runs a script in the page, which may use what `named.js` has.
    pub fn run(&self, script: &str, arguments: Value) -> anyhow::Result<Value> {
        self.session.run(&[include_str!("scripts/named.js"), script].concat(), arguments)
    }

    /// All pages of the table of contents, and the one that has them all for the printer.
    pub fn pages(&self) -> impl Iterator<Item = &'a str> {
        self.book.pages.iter().map(|Page { path, .. }| path.as_str()).chain(["print.html"])
    }
}
