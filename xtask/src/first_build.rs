//! Test: the crates that a learner's first check compiles are those of `xtask/first-build.txt`.
//!
//! A first impression is made once, and each crate makes it later: `cargo xtask bench first-verdict` has the times.

use std::{collections::BTreeSet, fs};

use crate::cargo::{cargo, root};

/// The packages that the first check builds, with the features that it needs.
const BUILT: [&[&str]; 3] =
    [&["--package=xtask"], &["--package=checker", "--no-default-features"], &["--package=hello-send"]];

/// The part by which the number of crates may grow without a word.
const GROWTH: f64 = 0.05;

/// Returns the names of the crates that cargo compiles on Linux.
fn compiled() -> BTreeSet<String> {
    let mut crates = BTreeSet::new();
    for package in BUILT {
        let mut tree = cargo("tree");
        tree.args(["--locked", "--edges=normal,build", "--prefix=none", "--target=x86_64-unknown-linux-gnu"]);
        let output = tree.args(package).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        crates.extend(lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned));
    }
    crates.remove("");
    crates
}

#[test]
fn a_first_check_compiles_no_more_crates_than_it_may() {
    let path = root().join("xtask/first-build.txt");
    let budget: BTreeSet<String> = fs::read_to_string(&path).unwrap().lines().map(str::to_owned).collect();
    let compiled = compiled();
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        let lines: String = compiled.iter().map(|name| format!("{name}\n")).collect();
        return fs::write(path, lines).unwrap();
    }
    let new: Vec<&String> = compiled.difference(&budget).collect();
    let most = (budget.len() as f64 * (1.0 + GROWTH)) as usize;
    assert!(
        compiled.len() <= most,
        "a first check compiles {} crates, and may compile {most}; new are {new:?}: compile them when they are needed, \
         or raise the budget: cargo xtask bless first_check",
        compiled.len()
    );
    let gone: Vec<&String> = budget.difference(&compiled).collect();
    assert!(gone.is_empty(), "{gone:?} are not compiled any more: lower the budget with cargo xtask bless first_check");
}
