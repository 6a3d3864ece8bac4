//! The build by mdBook, with its warnings as problems: mdBook itself continues when a page comes out wrong.

use std::{
    fmt::{Debug, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use mdbook_driver::MDBook;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{
    book::{Book, FOLDER, short},
    problem::{Problem, ProblemKind},
};

/// Returns the folder that `book.toml` names for the pages, in its shortest form: `target/book`, not `book/../target/book`.
///
/// # Errors
///
/// When `book.toml` or a source is invalid for mdBook.
pub fn output_folder(book: &Book) -> anyhow::Result<PathBuf> {
    Ok(short(&load(book)?.build_dir_for("html")))
}

/// Builds the pages into this folder, which is emptied first. Each warning of mdBook becomes a problem.
///
/// # Errors
///
/// When mdBook gives up.
pub fn into(book: &Book, folder: &Path) -> anyhow::Result<Vec<Problem>> {
    let mut mdbook = load(book)?;
    mdbook.config.build.build_dir = folder.to_owned();
    let heard = Heard::default();
    tracing::subscriber::with_default(heard.clone(), || mdbook.build()).context("mdBook can't build the book")?;
    let warnings = std::mem::take(&mut *heard.warnings.lock().unwrap_or_else(PoisonError::into_inner));
    let problem = |text| Problem { file: PathBuf::from(FOLDER), line: None, kind: ProblemKind::Warned { text } };
    Ok(warnings.into_iter().map(problem).collect())
}

fn load(book: &Book) -> anyhow::Result<MDBook> {
    MDBook::load(book.workspace.join(FOLDER)).context("mdBook can't read the book")
}

/// A listener for mdBook's warnings and errors.
#[derive(Clone, Default)]
struct Heard {
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message::default();
        event.record(&mut message);
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(message.text);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Message {
    text: String,
}

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _ = write!(self.text, "{value:?}");
        }
    }
}
