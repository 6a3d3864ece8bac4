//! cargo's own settings for a learner's package, so that `cargo xtask` works in its folders, too.
//!
//! cargo resolves the path of a manifest from the current folder, so each folder of the package has its own settings. Inside
//! the kit they contain a relative path, which stays right when the kit is moved or copied.

use harness::kit;
use std::path::Path;

use toml::Value;

/// The folders of a package in which commands are typed, and their depths below the package.
const FOLDERS: [(&str, usize); 2] = [(".cargo/config.toml", 0), ("src/.cargo/config.toml", 1)];

const WHY: &str = "# `cargo xtask` works in this folder, too.\n";

/// Returns the names and texts of the files, for a package in this folder.
pub fn files(folder: &Path) -> Vec<(&'static str, String)> {
    let kit = super::real(kit::root());
    match folder.strip_prefix(&kit) {
        Ok(inside) => {
            let depth = inside.components().count();
            FOLDERS.map(|(file, below)| (file, format!("{WHY}{}", alias(&upwards(depth + below))))).to_vec()
        }
        Err(_) => vec![(FOLDERS[0].0, outside(&kit))],
    }
}

/// Returns the path of the kit's manifest, from a folder at this depth.
fn upwards(depth: usize) -> String {
    "../".repeat(depth) + "Cargo.toml"
}

/// Returns the settings for a package outside the kit. There, an absolute path is steadier than a relative one, and what the
/// lessons need is compiled in the kit.
fn outside(kit: &Path) -> String {
    let manifest = kit.join("Cargo.toml").display().to_string();
    let target = Value::from(kit.join("target").display().to_string());
    format!(
        "{WHY}# If the kit was moved, write its new path here.\n{}\n\
         # The lessons' crates are compiled there already.\n[build]\ntarget-dir = {target}\n",
        alias(&manifest)
    )
}

/// Returns the alias. A string replaces an alias with this name in a folder above; a list, which a path with blanks needs, does
/// not.
fn alias(manifest: &str) -> String {
    let words = ["run", "--quiet", "--manifest-path", manifest, "--package", "xtask", "--"];
    let value =
        if manifest.contains(char::is_whitespace) { Value::from(words.to_vec()) } else { Value::from(words.join(" ")) };
    format!("[alias]\nxtask = {value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path) -> Vec<(&'static str, toml::Table)> {
        files(folder).into_iter().map(|(file, text)| (file, toml::from_str(&text).unwrap())).collect()
    }

    #[test]
    fn inside_the_kit_the_path_to_its_manifest_is_relative() {
        let kit = super::super::real(kit::root());
        let found = settings(&kit.join("work/deep/mine"));
        let alias = |up: &str| format!("run --quiet --manifest-path {up}Cargo.toml --package xtask --");
        for ((file, settings), (expected, up)) in
            found.iter().zip([(".cargo/config.toml", "../../../"), ("src/.cargo/config.toml", "../../../../")])
        {
            assert_eq!((*file, settings["alias"]["xtask"].as_str()), (expected, Some(alias(up).as_str())));
            assert!(settings.get("build").is_none(), "the kit's own settings count: {settings}");
        }
    }

    #[test]
    fn outside_the_kit_is_named_by_its_place_and_its_target_folder_is_shared() {
        let kit = super::super::real(kit::root());
        let [(file, settings)] = &settings(&std::env::temp_dir().join("mine"))[..] else { panic!("one file") };
        assert_eq!(*file, ".cargo/config.toml");
        assert_eq!(settings["build"]["target-dir"].as_str(), kit.join("target").to_str());
        let manifest = kit.join("Cargo.toml").display().to_string();
        assert!(settings["alias"]["xtask"].to_string().contains(&manifest), "{settings}");
        let with_a_blank: toml::Table = toml::from_str(&alias("/my kit/Cargo.toml")).unwrap();
        assert_eq!(
            with_a_blank["alias"]["xtask"].as_array().map(|words| words[3].as_str()),
            Some(Some("/my kit/Cargo.toml"))
        );
    }
}
