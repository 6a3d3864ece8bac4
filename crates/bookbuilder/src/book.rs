//! The book's sources, in the order in which they are read.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::Context;
use mdbook_summary::{Summary, SummaryItem, parse_summary};

/// The book's folder in the workspace.
pub const FOLDER: &str = "book";

/// The book's sources.
#[derive(Clone, Debug)]
pub struct Book {
    /// The workspace's root folder: sources include files from all over it.
    pub workspace: PathBuf,
    /// The text of `SUMMARY.md`.
    pub summary: String,
    /// The existing pages that `SUMMARY.md` lists, in its order.
    pub pages: Vec<Page>,
    /// The missing pages that `SUMMARY.md` lists, relative to the source folder.
    pub missing: Vec<PathBuf>,
    /// The existing pages that `SUMMARY.md` does not list, relative to the source folder.
    pub unlisted: Vec<PathBuf>,
}

/// One page's source.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its file, relative to the source folder: `reference/report.md`.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

impl Book {
    /// Reads the book of this workspace.
    ///
    /// # Errors
    ///
    /// When a file can't be read, or `SUMMARY.md` is not a valid summary; the error names the file.
    pub fn read(workspace: &Path) -> anyhow::Result<Book> {
        let mut book = Book {
            workspace: workspace.to_owned(),
            summary: String::new(),
            pages: Vec::new(),
            missing: Vec::new(),
            unlisted: Vec::new(),
        };
        book.summary = read(&book.sources().join("SUMMARY.md"))?;
        let summary = parse_summary(&book.summary).with_context(|| {
            format!("{} is no summary as mdBook has it", display_path(Path::new("SUMMARY.md")).display())
        })?;
        for path in listed(&summary) {
            let file = book.sources().join(&path);
            if file.is_file() {
                book.pages.push(Page { text: read(&file)?, path });
            } else {
                book.missing.push(path);
            }
        }
        book.unlisted = book.find_unlisted()?;
        Ok(book)
    }

    /// Returns the source folder.
    #[must_use]
    pub fn sources(&self) -> PathBuf {
        self.workspace.join(FOLDER).join("src")
    }

    fn find_unlisted(&self) -> anyhow::Result<Vec<PathBuf>> {
        let sources = self.sources();
        let mut unlisted = Vec::new();
        let mut folders = vec![sources.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
                let file = entry.with_context(|| folder.display().to_string())?.path();
                let path = file.strip_prefix(&sources).unwrap_or(&file);
                if file.is_dir() {
                    folders.push(file);
                } else if path.extension().is_some_and(|extension| extension == "md")
                    && path != Path::new("SUMMARY.md")
                    && !self.pages.iter().any(|page| page.path == path)
                {
                    unlisted.push(path.to_owned());
                }
            }
        }
        unlisted.sort();
        Ok(unlisted)
    }
}

impl Page {
    /// Returns the page's first folder, or its own name without the extension: `reference` for `reference/report.md`,
    /// `glossary` for `glossary.md`.
    #[must_use]
    pub fn part(&self) -> String {
        let first = self.path.components().next().map(|first| first.as_os_str().to_string_lossy().into_owned());
        let first = first.unwrap_or_default();
        first.strip_suffix(".md").map_or(first.clone(), str::to_owned)
    }
}

/// Returns a source's path relative to the workspace's root, for people.
#[must_use]
pub fn display_path(path: &Path) -> PathBuf {
    Path::new(FOLDER).join("src").join(path)
}

/// Returns a path without its `..`, for people.
#[must_use]
pub fn short(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir {
            short.pop();
        } else {
            short.push(part);
        }
    }
    short
}

fn listed(summary: &Summary) -> Vec<PathBuf> {
    fn add(items: &[SummaryItem], paths: &mut Vec<PathBuf>) {
        for item in items {
            if let SummaryItem::Link(link) = item {
                paths.extend(link.location.clone());
                add(&link.nested_items, paths);
            }
        }
    }
    let mut paths = Vec::new();
    for items in [&summary.prefix_chapters, &summary.numbered_chapters, &summary.suffix_chapters] {
        add(items, &mut paths);
    }
    paths
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} can't be read", file.display()))
}
