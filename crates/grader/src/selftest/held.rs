//! The memory of sandboxes that held, so that the test before a class costs once on a machine.

use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    process::{Command, Stdio},
};

use harness::{fingerprint, kit};
use sha2::{Digest, Sha256};

use super::corpus;
use crate::{journal, sandbox::Isolation};

/// The folder, in the kit, of the results: a file for each isolation, with the key of the test that held.
const FOLDER: &str = "target/hello-rabbit/grade";

/// Returns all on which the result of the test depends: the kernel, the user, the sandbox, this program, and the corpus.
///
/// # Errors
///
/// When a file can't be read.
pub fn key(isolation: Isolation) -> io::Result<String> {
    let kernel = fs::read_to_string("/proc/version")?;
    let user = if rustix::process::geteuid().is_root() { "root" } else { "user" };
    let mut own = Sha256::new();
    let mut file = fs::File::open("/proc/self/exe")?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => own.update(&buffer[..read]),
        }
    }
    let own: String = own.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let corpus = fingerprint::of(corpus::text()?.as_bytes());
    Ok(format!("{kernel}{user} {} {}\n{own}\n{corpus:016x}\n", isolation.name(), version_of(isolation)))
}

/// Returns the version of the program that makes a sandbox.
fn version_of(isolation: Isolation) -> String {
    match isolation {
        Isolation::Bwrap => {
            let output = Command::new("bwrap").arg("--version").stdin(Stdio::null()).output();
            output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
        }
        Isolation::Docker => crate::sandbox::container::version().unwrap_or_default(),
        Isolation::None => String::new(),
    }
}

fn file(isolation: Isolation) -> PathBuf {
    kit::root().join(FOLDER).join(format!("held-{}.txt", isolation.name()))
}

/// Returns whether a test with this key has held.
pub fn is_known(isolation: Isolation, key: &str) -> bool {
    fs::read_to_string(file(isolation)).is_ok_and(|held| held == key)
}

/// Remembers that a test has held.
///
/// # Errors
///
/// When the file can't be written.
pub fn remember(isolation: Isolation, key: &str) -> io::Result<()> {
    let path = file(isolation);
    fs::create_dir_all(kit::root().join(FOLDER))?;
    journal::write(&path, key.as_bytes()).map_err(io::Error::other)
}
