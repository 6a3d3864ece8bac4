//! Small books.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A book in its own folder, which is removed with it.
pub struct Small {
    folder: TempDir,
}

impl Small {
    /// Makes a book of these files. Without a summary among them, it lists the pages in their order.
    pub fn new(files: &[(&str, &str)]) -> Small {
        let book = Small { folder: tempfile::tempdir().unwrap() };
        let pages = files.iter().filter_map(|(path, _)| path.strip_prefix("book/src/"));
        let summary: String = pages.map(|page| format!("- [{page}]({page})\n")).collect();
        book.write("book/src/SUMMARY.md", &summary);
        book.write("book/book.toml", "[book]\nsrc = \"src\"\n[build]\nbuild-dir = \"../target/book\"\n");
        files.iter().for_each(|(path, text)| book.write(path, text));
        book
    }

    /// Makes a book of one page.
    pub fn page(text: &str) -> Small {
        Small::new(&[("book/src/page.md", text)])
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let file = self.workspace().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Returns its workspace.
    pub fn workspace(&self) -> &Path {
        self.folder.path()
    }

    /// Returns all its problems, in words.
    pub fn problems(&self) -> String {
        words(self.workspace())
    }
}

/// Returns all problems of the book in this workspace, in words.
pub fn words(workspace: &Path) -> String {
    let problems = bookbuilder::check(workspace).unwrap();
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

/// Returns this workspace.
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
