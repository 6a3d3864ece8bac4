//! Generates a function for each entry of the catalogue: an entry `[several]` in `catalogue/publish.toml` becomes
//! `faults::publish::several(count)`, with a parameter for each placeholder. So a rule can return no code that the catalogue
//! lacks, no placeholder stays empty, and an entry that no rule returns is a warning: its function is never used.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

#[derive(Deserialize)]
struct Theme {
    #[serde(flatten)]
    entries: BTreeMap<String, toml::Value>,
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=catalogue");
    let mut files: Vec<_> = fs::read_dir("catalogue")?.collect::<io::Result<Vec<_>>>()?;
    files.sort_by_key(fs::DirEntry::path);
    let (mut code, mut sources) = (String::new(), String::new());
    for file in files {
        let path = file.path();
        let theme = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display()));
        let parsed: Theme = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let _ = writeln!(sources, "    ({theme:?}, include_str!({:?})),", path.canonicalize()?.display().to_string());
        let _ = writeln!(code, "pub(crate) mod {} {{\n    use super::*;", identifier(&theme));
        for (name, entry) in &parsed.entries {
            let toml::Value::Table(entry) = entry else { continue };
            code.push_str(&function(&theme, name, entry));
        }
        code.push_str("}\n");
    }
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("lessons.rs"), lessons()?)?;
    fs::write(Path::new(&out).join("faults.rs"), code)?;
    fs::write(Path::new(&out).join("themes.rs"), format!("[\n{sources}]\n"))
}

/// The lessons of Part 1. Without the feature `later-lessons`, only they have contracts.
const FIRST: [&str; 2] = ["hello_send", "hello_receive"];

/// Returns the code with the modules of the lessons, the list of their contracts, and a function that plays each scene.
fn lessons() -> io::Result<String> {
    println!("cargo::rerun-if-changed=src/lessons");
    let mut files: Vec<_> = fs::read_dir("src/lessons")?.collect::<io::Result<Vec<_>>>()?;
    files.sort_by_key(fs::DirEntry::path);
    let all = env::var_os("CARGO_FEATURE_LATER_LESSONS").is_some();
    let is_wanted =
        |path: &PathBuf| all || FIRST.iter().any(|first| path.file_stem().is_some_and(|name| name == *first));
    let paths = files.into_iter().map(|file| file.path()).filter(is_wanted);
    let (mut modules, mut contracts, mut scenes) = (String::new(), String::new(), String::new());
    for path in paths {
        let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        let path = if path.is_dir() { path.join("mod.rs") } else { path };
        let contract: String = module.split('_').filter(|word| !word.is_empty()).map(capital).collect();
        let contract = format!("{module}::{contract}");
        let _ = writeln!(modules, "#[path = {:?}]\npub mod {module};", path.canonicalize()?.display().to_string());
        let _ = writeln!(contracts, "    &{contract},");
        let _ = writeln!(
            scenes,
            "        id if id == <{contract} as Contract>::ID => <{contract} as Scene>::play(stage, program, seed, seen).await,"
        );
    }
    Ok(LESSONS
        .replace("// MODULES\n", &modules)
        .replace("    // CONTRACTS\n", &contracts)
        .replace("        // SCENES\n", &scenes))
}

/// The text that [`lessons`] fills in.
const LESSONS: &str = r#"// MODULES

/// All contracts.
pub(crate) const ALL: &[&dyn crate::contract::AnyContract] = &[
    // CONTRACTS
];

/// Plays the scene of the lesson with this id; does nothing for a lesson without a scene.
#[cfg(feature = "scenes")]
pub(crate) async fn play(
    lesson: &str,
    stage: &mut harness::stage::Stage<'_>,
    program: &harness::program::Program,
    seed: u64,
    seen: &mut crate::scenes::LiveRecording,
) -> Result<(), recording::NotChecked> {
    use crate::{contract::Contract, scenes::Scene};
    match lesson {
        // SCENES
        _ => Ok(()),
    }
}
"#;

fn function(theme: &str, name: &str, entry: &toml::Table) -> String {
    let text = |field: &str| entry.get(field).and_then(toml::Value::as_str).unwrap_or_default();
    let (message, hint, phrase) = (text("message"), text("hint"), text("text"));
    let mut names: Vec<&str> = Vec::new();
    for name in [message, hint, phrase].into_iter().flat_map(placeholders) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let parameters: Vec<String> = names.iter().map(|name| format!("{name}: impl Into<Param>")).collect();
    let values: Vec<String> = names.iter().map(|name| format!("({name:?}, {name}.into())")).collect();
    let kind = if phrase.is_empty() { "Fault" } else { "Phrase" };
    let code = format!("{theme}.{name}");
    let doc = format!("`{code}`");
    format!(
        "    #[doc = {doc:?}]\n    pub(crate) fn {}({}) -> {kind} {{\n        {kind}::of({:?}, vec![{}])\n    }}\n",
        identifier(name),
        parameters.join(", "),
        code,
        values.join(", ")
    )
}

/// Returns the names in braces: lowercase letters and underscores. Other braces are plain text.
fn placeholders(text: &str) -> Vec<&str> {
    let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    let is_name =
        |name: &&str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    inside.filter(is_name).collect()
}

/// Returns the name as an identifier of a function or a module.
fn identifier(name: &str) -> String {
    name.replace('-', "_")
}
