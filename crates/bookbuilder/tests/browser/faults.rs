//! The faults that tests found, and their pages.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::bail;

/// The most faults that are printed.
const SHOWN: usize = 40;

/// The faults, each with the pages that have it.
#[derive(Default)]
pub struct Faults(BTreeMap<String, Vec<String>>);

impl Faults {
    /// Adds the faults of a page.
    pub fn add(&mut self, page: &str, faults: impl IntoIterator<Item = String>) {
        for fault in faults {
            let pages = self.0.entry(fault).or_default();
            if pages.last().is_none_or(|last| last != page) {
                pages.push(page.to_owned());
            }
        }
    }

    /// Fails with all of them, if there are any.
    pub fn end(self) -> anyhow::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut text = format!("{} faults:\n", self.0.len());
        for (fault, pages) in self.0.iter().take(SHOWN) {
            let more = pages.len().saturating_sub(2);
            let pages = pages.iter().take(2).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(text, "- {pages}{more}: {fault}")?;
        }
        if self.0.len() > SHOWN {
            writeln!(text, "- and {} more faults", self.0.len() - SHOWN)?;
        }
        bail!(text)
    }
}
