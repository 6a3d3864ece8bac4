//! What is at hand on this machine.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// The programs and files that tests need, where they are there.
pub struct AtHand {
    driver: Option<PathBuf>,
    chromium: Option<PathBuf>,
    /// `axe.min.js`.
    pub axe: Option<PathBuf>,
}

impl AtHand {
    /// Looks along `PATH`, and where `HELLO_RABBIT_AXE` points.
    pub fn look() -> Self {
        let axe = env::var_os("HELLO_RABBIT_AXE").map(PathBuf::from).filter(|path| path.is_file());
        let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path);
        Self { driver: on_path("chromedriver"), chromium, axe }
    }

    /// Whether there is a browser that can be driven.
    pub fn browser(&self) -> bool {
        self.driver.is_some() && self.chromium.is_some()
    }

    /// Whether what is missing makes tests fail: where CI has installed it, and says so.
    pub fn is_demanded() -> bool {
        env::var_os("HELLO_RABBIT_BROWSER").is_some_and(|value| value == "required")
    }

    /// The driver of the browser.
    pub fn driver(&self) -> anyhow::Result<&Path> {
        self.driver.as_deref().context("no chromedriver on PATH (Debian: apt-get install chromium-driver)")
    }

    /// The browser.
    pub fn chromium(&self) -> anyhow::Result<&Path> {
        self.chromium.as_deref().context("no Chromium on PATH (Debian: apt-get install chromium)")
    }

    /// The path of `axe.min.js`.
    pub fn axe(&self) -> anyhow::Result<&Path> {
        self.axe.as_deref().context("HELLO_RABBIT_AXE is not the path of an axe.min.js: .ci/run shows where to get it")
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}
