//! Test: the crates that a learner's first check compiles are those of `xtask/first-build.txt`, and each is compiled once.
//!
//! A first impression is made once, and each crate delays it. The budget also has the processor time of each crate, which
//! `cargo xtask bench first-build` compares; `cargo xtask bench first-verdict` has the times beside another course's.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::cargo::{cargo, root};

/// The packages that the first check builds, with the features that it needs.
const BUILT: [&[&str]; 3] =
    [&["--package=xtask"], &["--package=checker", "--no-default-features"], &["--package=hello-send"]];

/// The part by which the number of crates may grow without a word.
const GROWTH: f64 = 0.05;

/// Returns the crates that cargo compiles on Linux, with versions, and the features of each.
fn compiled(package: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut tree = cargo("tree");
    tree.args(["--locked", "--edges=normal,build", "--prefix=none", "--target=x86_64-unknown-linux-gnu"]);
    let output = tree.args(["--no-dedupe", "--format={p}|{f}"]).args(package).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut crates = BTreeMap::new();
    for (name, features) in String::from_utf8(output.stdout).unwrap().lines().filter_map(|line| line.split_once('|')) {
        crates.entry(name.to_owned()).or_insert_with(BTreeSet::new).insert(features.to_owned());
    }
    crates
}

/// `xtask` is built first, and alone. A crate that the checker needs with more features would be compiled once more, and with it
/// all that depend on it.
#[test]
fn a_first_check_compiles_each_crate_once() {
    let [xtask, checker, lesson] = BUILT.map(compiled);
    let mut others = checker;
    lesson.into_iter().for_each(|(name, features)| others.entry(name).or_default().extend(features));
    for (name, features) in xtask {
        let Some(more) = others.get(&name) else { continue };
        assert_eq!(&features, more, "{name}: name these features in xtask/Cargo.toml, too");
    }
}

#[test]
fn a_first_check_compiles_no_more_crates_than_it_may() {
    let path = root().join("xtask/first-build.txt");
    let text = fs::read_to_string(&path).unwrap();
    let budget: BTreeSet<String> = text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    let names = |package| compiled(package).into_keys();
    let compiled: BTreeSet<String> =
        BUILT.into_iter().flat_map(names).filter_map(|name| Some(name.split_once(' ')?.0.to_owned())).collect();
    let new: Vec<&String> = compiled.difference(&budget).collect();
    let most = (budget.len() as f64 * (1.0 + GROWTH)) as usize;
    assert!(
        compiled.len() <= most,
        "a first check compiles {} crates, and may compile {most}; new are {new:?}: compile them when they are needed, \
         or raise the budget: cargo xtask bless first-build",
        compiled.len()
    );
    let gone: Vec<&String> = budget.difference(&compiled).collect();
    assert!(gone.is_empty(), "{gone:?} are not compiled any more: lower the budget with cargo xtask bless first-build");
}
