//! The book on phones.

use serde_json::json;

use crate::{faults::Faults, lab::Lab};

/// The widths of screens, with the smallest size of letters in pictures on them; both in pixels. A line of size 8 takes 11.
pub const SCREENS: [(u32, u32); 2] = [(400, 10), (320, 8)];

/// No page is wider than the screen, nothing is cut off, and the text in pictures can be read.
pub fn fits(lab: &Lab, width: u32, letters: u32) -> anyhow::Result<()> {
    lab.browse(|browser| {
        // Chromium's windows are at least 500 pixels wide; the emulated screen of a phone can be narrower.
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": true });
        browser.session.devtools("Emulation.setDeviceMetricsOverride", screen)?;
        let mut faults = Faults::default();
        for path in browser.pages() {
            browser.go(path)?;
            browser.unfold()?;
            faults.add(path, browser.faults(include_str!("../scripts/narrow.js"), json!([width, letters]))?);
        }
        faults.end()
    })
}
