//! The build of programs that tests make from the lessons' own.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A library that makes the lessons' calls. lapin's functions are generic, so each program would compile them again; one that links
/// this library takes them from there, and costs a seventh of the processor time.
const CALLS: &str = include_str!("../../../crates/grader/src/base/warm.txt");

/// Builds a package of this name from these files below its `src/`, each with its text. Returns the folder of its programs.
///
/// The lessons' versions, features and profile are used, and the target folder of the tests, so that nothing is compiled twice.
pub fn build(name: &str, sources: &[(String, String)]) -> Result<PathBuf, Box<dyn Error>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = target()?;
    let package = target.join("hello-rabbit").join(name);
    let _ = fs::remove_dir_all(&package);
    let library = name.replace('-', "_");
    for (path, text) in sources {
        let path = package.join("src").join(path);
        fs::create_dir_all(path.parent().ok_or("a file stands in a folder")?)?;
        // At the end, so that the line numbers stay as they are.
        fs::write(path, format!("{text}\nextern crate {library} as _;\n"))?;
    }
    fs::write(package.join("src/lib.rs"), CALLS)?;
    let workspace: toml::Table = toml::from_str(&fs::read_to_string(root.join("Cargo.toml"))?)?;
    let mut dependencies = workspace["workspace"]["dependencies"].as_table().ok_or("no dependencies")?.clone();
    dependencies.retain(|name, _| ["lapin", "tokio", "futures-lite"].contains(&name));
    let manifest = toml::Table::from_iter([
        ("package".to_owned(), toml::Table::from_iter([entry("name", name), entry("edition", "2024")]).into()),
        ("dependencies".to_owned(), dependencies.into()),
        ("profile".to_owned(), workspace["profile"].clone()),
        ("workspace".to_owned(), toml::Table::new().into()),
    ]);
    fs::write(package.join("Cargo.toml"), toml::to_string(&manifest)?)?;
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock"))?;
    let cargo = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--lib", "--bins"])
        .current_dir(&package)
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", "-Awarnings")
        .output()?;
    if cargo.status.success() { Ok(target.join("debug")) } else { Err(String::from_utf8_lossy(&cargo.stderr).into()) }
}

fn entry(key: &str, value: &str) -> (String, toml::Value) {
    (key.to_owned(), value.into())
}

/// Returns the target folder of the tests' build: the checker is `<target>/debug/checker`.
fn target() -> Result<&'static Path, Box<dyn Error>> {
    Ok(Path::new(env!("CARGO_BIN_EXE_checker")).ancestors().nth(2).ok_or("no target folder")?)
}
