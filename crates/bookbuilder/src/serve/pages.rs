//! The served pages: the last good ones.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use tower_http::services::ServeDir;

use crate::{app::report, book::Book, build, problem::Problem, rules};

/// The page in a browser as long as there are no pages. It is reloaded once there are.
const NONE_YET: &str = "<!DOCTYPE html><html lang=\"en\"><head><title>hello-rabbit</title></head><body>\
    <p>The book can't be built yet. The terminal says why, and this page changes once it can.</p></body></html>";

/// Two folders, in turns: one is served while the other one is built.
#[derive(Clone)]
pub struct Pages {
    workspace: PathBuf,
    folder: PathBuf,
    served: Arc<Mutex<Option<PathBuf>>>,
}

impl Pages {
    /// Starts without pages; they will be in a folder with this name in `target/`.
    pub fn new(workspace: &Path, name: &str) -> anyhow::Result<Pages> {
        let folder = workspace.join("target").join(name);
        let pages = Pages { workspace: workspace.to_owned(), folder, served: Arc::default() };
        pages.remove();
        fs::create_dir_all(&pages.folder).with_context(|| format!("{} can't be made", pages.folder.display()))?;
        Ok(pages)
    }

    /// Builds the book, and serves it from now on if it could be built. Always reports its problems. Returns the book's sources
    /// if they could be read.
    pub async fn build(&self) -> Option<Book> {
        let pages = self.clone();
        // mdBook takes a fraction of a second, and readers of a page must not wait for it.
        let built = tokio::task::spawn_blocking(move || pages.build_now()).await;
        match built.map_err(anyhow::Error::from).flatten() {
            Ok(book) => Some(book),
            Err(error) => {
                eprintln!("error: {error:#}");
                None
            }
        }
    }

    fn build_now(&self) -> anyhow::Result<Book> {
        let book = Book::read(&self.workspace)?;
        let mut problems = rules::of_sources(&book);
        let mut has_holes = problems.iter().any(Problem::spoils_pages);
        if !has_holes {
            let next = self.next();
            // A book that mdBook can't build is still watched.
            match build::into(&book, &next) {
                Ok(warnings) => {
                    problems.extend(warnings);
                    *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
                }
                Err(error) => {
                    eprintln!("error: {error:#}");
                    has_holes = true;
                }
            }
        }
        report(&problems);
        if has_holes {
            eprintln!("the pages stay as they were");
        }
        Ok(book)
    }

    /// Returns the folder that is not served now.
    fn next(&self) -> PathBuf {
        let (one, other) = (self.folder.join("0"), self.folder.join("1"));
        if self.served().as_ref() == Some(&one) { other } else { one }
    }

    fn served(&self) -> Option<PathBuf> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns a page or a file. Browsers must not cache it, because it may change.
    pub async fn answer(&self, mut request: Request) -> Response {
        let Some(folder) = self.served() else {
            return (StatusCode::SERVICE_UNAVAILABLE, Html(NONE_YET)).into_response();
        };
        request.headers_mut().remove(header::IF_MODIFIED_SINCE);
        let mut files = ServeDir::new(folder);
        let mut response = match files.try_call(request).await {
            Ok(response) => response.map(Body::new),
            // An invalid name, or a folder: no such page.
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Removes the folders.
    pub fn remove(&self) {
        // The folder is in target/, where the next run on this port also removes it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
