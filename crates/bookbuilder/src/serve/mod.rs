//! The book in a browser, on this machine only: built and shown again at each change.

mod pages;
mod watch;

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::Context;
use axum::{Router, extract::State, response::Response};
use cli::Exit;
use tokio::net::TcpListener;
use tower_livereload::LiveReloadLayer;

use pages::Pages;
use watch::Watch;

/// Serves the book of this workspace until Ctrl-C.
///
/// # Errors
///
/// When the port is taken, or the book can't be read at all.
pub fn run(workspace: &Path, port: u16) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let print = |address: SocketAddr| {
            println!("http://{address}");
            eprintln!("Ctrl-C ends it");
        };
        serve(workspace, port, print, async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
        Ok(Exit::Interrupted)
    })
}

/// Serves the book on this port of 127.0.0.1 (0: any free port) until `end` completes. `ready` receives the address once the
/// first pages are built.
///
/// # Errors
///
/// When the port is taken, or the folder for the pages can't be made.
pub async fn serve(
    workspace: &Path,
    port: u16,
    ready: impl FnOnce(SocketAddr),
    end: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| taken(port, &error))?;
    let address = listener.local_addr()?;
    // The owner of the port also owns the folder, so files of an earlier run can be replaced.
    let pages = Pages::new(workspace, &format!("book-at-{}", address.port()))?;
    let mut watch = Watch::new(workspace)?;
    watch.look_at(&pages.build().await)?;
    let reload = LiveReloadLayer::new();
    let reloader = reload.reloader();
    let app = Router::new().fallback(page).with_state(pages.clone()).layer(reload);
    ready(address);
    let rebuild = async {
        loop {
            watch.changed().await;
            eprintln!("something changed; building the book again …");
            let sources = pages.build().await;
            if let Err(error) = watch.look_at(&sources) {
                eprintln!("warning: {error:#}");
            }
            reloader.reload();
        }
    };
    tokio::select! {
        served = axum::serve(listener, app) => served.context("the book can't be served any longer")?,
        () = rebuild => {}
        () = end => {}
    }
    pages.remove();
    Ok(())
}

async fn page(State(pages): State<Pages>, request: axum::extract::Request) -> Response {
    pages.answer(request).await
}

fn taken(port: u16, error: &io::Error) -> anyhow::Error {
    anyhow::anyhow!("port {port} of 127.0.0.1 can't be used: {error}\nhint: choose another with --port NUMBER")
}
