//! The kit, and the learner's files in it.

use harness::kit;
use std::{fs, path::Path};

use super::{Diagnosis, ask::ask};
use crate::{lessons, progress::Progress};

/// Finds the version and the folder of the kit, and whether its lessons can be read.
pub(super) async fn kit() -> Vec<Diagnosis> {
    let version = env!("CARGO_PKG_VERSION");
    let root = kit::root().display();
    // A kit from an archive has no git history.
    let commit = ask("git", &["describe", "--always", "--dirty", "--tags"]).await;
    let commit = commit.map(|commit| format!(", git {commit}")).unwrap_or_default();
    let what = format!("hello-rabbit {version}{commit}, in {root}");
    vec![match lessons::all() {
        Ok(lessons) => Diagnosis::ok("kit", format!("{what}; {} lessons", lessons.len())),
        Err(error) => Diagnosis::problem("kit", format!("{what}; its lessons can't be read: {error}"))
            .fix("Get the kit again; your programs in work/ are not part of it"),
    }]
}

/// Finds the learner's programs and progress.
pub(super) async fn work() -> Vec<Diagnosis> {
    let folder = kit::work();
    let shown = folder.display();
    if !folder.exists() {
        return vec![Diagnosis::ok("work", format!("no program of your own yet; your programs will be in {shown}"))];
    }
    if let Err(error) = can_be_written(&folder) {
        let what = format!("the folder of your programs, {shown}, can't be written to: {error}");
        return vec![
            Diagnosis::warning("work", what)
                .fix(format!("Make it writable, or name another folder in {}", cli::WORK))
                .fix("Until then, checks work, but your progress is not saved"),
        ];
    }
    vec![match Progress::read() {
        Ok(progress) => {
            let passed = progress.lessons.values().filter(|record| record.passed_at.is_some()).count();
            Diagnosis::ok("work", format!("your programs are in {shown}; lessons passed: {passed}"))
        }
        Err(error) => Diagnosis::warning("work", format!("your progress can't be read: {error}")),
    }]
}

fn can_be_written(folder: &Path) -> std::io::Result<()> {
    let file = folder.join(format!(".doctor-{}", std::process::id()));
    fs::write(&file, "")?;
    fs::remove_file(file)
}
