//! The size of the download.

use anyhow::ensure;

use crate::lab::Lab;

/// The bytes for everything but lessons: fonts, scripts, the other pages, and their share of the search index and of the page
/// for printing. Measured: 2,186,000 without the chapters of lessons.
const WITHOUT_LESSONS: u64 = 2_200_000;

/// The bytes for each lesson on average: its page, again in the page for printing, and in the search index, and the same for the
/// faults that the checker names in it. Measured: 233,000 for thirteen lessons.
const A_LESSON: u64 = 236_000;

/// The whole folder is small, for readers with a slow connection: the limit grows with the number of lessons, and with nothing
/// else.
pub fn is_within_its_limit(lab: &Lab) -> anyhow::Result<()> {
    let book = lab.book()?;
    let (size, lessons) = (book.size()?, book.lessons().count() as u64);
    let most = WITHOUT_LESSONS + lessons * A_LESSON;
    ensure!(size < most, "the book has {size} bytes, and may have {most} with {lessons} lessons");
    Ok(())
}
