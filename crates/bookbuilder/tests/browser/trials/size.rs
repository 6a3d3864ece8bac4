//! How much there is to download.

use anyhow::ensure;

use crate::lab::Lab;

/// The folder as a whole, in bytes: who reads it on a train has all of it. A part is some half a million: its pages, once more in
/// the page for printing, and in the search index.
pub fn is_under_3_megabytes(lab: &Lab) -> anyhow::Result<()> {
    let (size, most) = (lab.book()?.size()?, 3_000_000);
    ensure!(size < most, "the book has {size} bytes, and may have {most}");
    Ok(())
}
