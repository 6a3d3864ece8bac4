//! The kit's folder, found at run time: a kit may be moved or copied after it was built, and its programs then belong to the
//! new place.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The kit's folder can't be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoKit;

impl NoKit {
    /// The hint for this error.
    pub const HINT: &str = "Change to the kit's folder, and type the command there: cargo xtask";
}

impl std::fmt::Display for NoKit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the kit was not found: neither the current folder nor this program is inside it")
    }
}

impl std::error::Error for NoKit {}

/// Returns the kit's root folder. It is looked up once, and then stays the same.
///
/// # Errors
///
/// [`NoKit`].
pub fn kit() -> Result<&'static Path, NoKit> {
    static KIT: OnceLock<Option<PathBuf>> = OnceLock::new();
    KIT.get_or_init(|| {
        let surroundings = Surroundings {
            package: env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from),
            current: env::current_dir().ok(),
            program: env::current_exe().ok(),
        };
        surroundings.kit()
    })
    .as_deref()
    .ok_or(NoKit)
}

/// The folders from which the kit can be found.
#[derive(Debug, Default)]
struct Surroundings {
    /// The package whose program cargo started: xtask, or one whose program turned into this one.
    package: Option<PathBuf>,
    current: Option<PathBuf>,
    program: Option<PathBuf>,
}

impl Surroundings {
    /// Returns the kit of cargo's package, else the one around the current folder, else the one in which this program was
    /// built.
    fn kit(&self) -> Option<PathBuf> {
        let above = |package: &'_ PathBuf| {
            let folder = package.parent()?.to_owned();
            if folder.ends_with("crates") { folder.parent().map(Path::to_owned) } else { Some(folder) }
        };
        let package = self.package.iter().filter_map(above).collect::<Vec<_>>();
        let package = package.iter().map(PathBuf::as_path);
        let current = self.current.iter().flat_map(|folder| folder.ancestors());
        let program = self.program.iter().flat_map(|program| program.ancestors());
        package.chain(current).chain(program).find(|folder| is_kit(folder)).map(Path::to_owned)
    }
}

fn is_kit(folder: &Path) -> bool {
    folder.join("lessons").is_dir() && folder.join("xtask/Cargo.toml").is_file()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_kit_is_known_by_cargo_by_the_current_folder_or_by_the_programs_own() {
        let base = env::temp_dir().join(format!("hello-rabbit-kit-{}", std::process::id()));
        let [one, other] = ["one", "other"].map(|name| base.join(name));
        for kit in [&one, &other] {
            for folder in ["lessons", "xtask", "checker", "work/01-hello-send/src", "target/debug"] {
                fs::create_dir_all(kit.join(folder)).unwrap();
            }
            fs::write(kit.join("xtask/Cargo.toml"), "").unwrap();
        }
        let elsewhere = || Some(base.clone());
        let found = |package: Option<PathBuf>, current: Option<PathBuf>, program: Option<PathBuf>| {
            Surroundings { package, current, program }.kit()
        };
        let kits = [
            found(Some(one.join("xtask")), Some(other.clone()), Some(other.join("target/debug/xtask"))),
            found(Some(one.join("crates/bookbuilder")), Some(other.clone()), None),
            found(None, Some(one.join("work/01-hello-send/src")), Some(other.join("target/debug/checker"))),
            found(None, elsewhere(), Some(one.join("target/debug/checker"))),
            // A package outside the kit is ignored.
            found(Some(base.join("mine")), Some(one.clone()), None),
            found(Some(one.join("work/01-hello-send")), elsewhere(), None),
            found(None, elsewhere(), Some(base.join("checker"))),
        ];
        fs::remove_dir_all(&base).unwrap();
        let one = Some(one);
        assert_eq!(kits, [one.clone(), one.clone(), one.clone(), one.clone(), one, None, None]);
    }
}
