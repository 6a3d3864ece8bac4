//! The programs and files that are available on this machine.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context;

/// The programs and files that tests need, if they are available.
pub struct AtHand {
    driver: Option<PathBuf>,
    chromium: Option<PathBuf>,
    /// The path of `axe.min.js`.
    pub axe: Option<PathBuf>,
}

impl AtHand {
    /// Looks along `PATH`, and at the path in `HELLO_RABBIT_AXE`.
    pub fn look() -> Self {
        let axe = env::var_os("HELLO_RABBIT_AXE").map(PathBuf::from).filter(|path| path.is_file());
        let chromium = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path);
        Self { driver: on_path("chromedriver"), chromium, axe }
    }

    /// Returns whether a browser and its driver are available.
    pub fn browser(&self) -> bool {
        self.driver.is_some() && self.chromium.is_some()
    }

    /// Returns whether missing programs make tests fail: CI demands it after it has installed them.
    pub fn is_demanded() -> bool {
        env::var_os("HELLO_RABBIT_BROWSER").is_some_and(|value| value == "required")
    }

    /// Returns the driver of the browser.
    pub fn driver(&self) -> anyhow::Result<&Path> {
        self.driver.as_deref().context("no chromedriver on PATH (Debian: apt-get install chromium-driver)")
    }

    /// Returns the browser.
    pub fn chromium(&self) -> anyhow::Result<&Path> {
        self.chromium.as_deref().context("no Chromium on PATH (Debian: apt-get install chromium)")
    }

    /// Returns the path of `axe.min.js`.
    pub fn axe(&self) -> anyhow::Result<&Path> {
        self.axe.as_deref().context("HELLO_RABBIT_AXE is not the path of an axe.min.js: .ci/run shows where to get it")
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(program)).find(|path| path.is_file())
}
