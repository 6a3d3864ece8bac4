//! The size of the download.

use anyhow::ensure;

use crate::lab::Lab;

/// The whole folder is smaller than 3 million bytes, for readers with a slow connection. One part of the book takes about half
/// a million: its pages, again in the page for printing, and in the search index.
pub fn is_under_3_megabytes(lab: &Lab) -> anyhow::Result<()> {
    let (size, most) = (lab.book()?.size()?, 3_000_000);
    ensure!(size < most, "the book has {size} bytes, and may have {most}");
    Ok(())
}
