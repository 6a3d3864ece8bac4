//! Rules of this repository.

use std::{fs, path::PathBuf};

use testkit::snapshots::UNSTEADY;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the fenced blocks of this kind.
fn blocks(markdown: &str, kind: &str) -> Vec<String> {
    let open = format!("```{kind}\n");
    markdown.split(&open).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())).collect()
}

/// Returns a text in which everything that differs from run to run is replaced.
fn steady(text: &str) -> String {
    UNSTEADY.iter().fold(text.to_owned(), |text, (pattern, instead)| {
        regex::Regex::new(pattern).unwrap().replace_all(&text, *instead).into_owned()
    })
}

#[test]
fn a_contract_knows_the_words_with_which_the_embedded_broker_refuses_what_it_has_not() {
    assert_eq!(contracts::contract::NOT_A_PART, broker::NOT_A_PART);
}

#[test]
fn output_in_the_readme_is_output_of_a_test() {
    let snapshots: String = ["mistake_report", "lesson_01_report"]
        .map(|name| read(&format!("checker/tests/snapshots/{name}.snap")))
        .concat();
    let blocks = blocks(&read("README.md"), "text");
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        assert!(
            snapshots.contains(steady(&block).trim_end()),
            "this block of README.md is in no snapshot; copy it from there:\n{}",
            steady(&block)
        );
    }
}

/// Returns the Rust files in a folder and below it, with their texts.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let (mut folders, mut sources) = (vec![root().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("rules.rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    assert!(!sources.is_empty(), "{folder} has no source");
    sources
}

#[test]
fn checks_do_not_sleep() {
    let folders =
        ["checker/src", "checker/tests", "crates/harness/src", "crates/contracts/src", "crates/recording/src"];
    for (path, text) in folders.into_iter().flat_map(sources) {
        assert!(!text.contains("sleep("), "{} sleeps; wait for an event, with a deadline (`until`)", path.display());
    }
}

/// The harness reports its activity to a listener, and contracts only judge, so neither prints.
#[test]
fn harness_and_contracts_print_nothing() {
    let folders = ["crates/harness/src", "crates/contracts/src", "crates/recording/src"];
    for (path, text) in folders.into_iter().flat_map(sources) {
        for macros in ["print!(", "println!(", "io::stdout", "io::stderr"] {
            assert!(!text.contains(macros), "{} has {macros}", path.display());
        }
    }
}

/// The texts of faults are in the catalogue: no rule contains a sentence.
#[test]
fn rules_have_no_sentences() {
    let sentence = regex::Regex::new("\"[^\"\n]*\\b(?:The|the) program [^\"\n]*[.:]\"").unwrap();
    for (path, text) in sources("crates/contracts/src") {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let found =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).find(|line| sentence.is_match(line));
        assert_eq!(
            found,
            None,
            "{} has a sentence: the words for faults are in crates/contracts/catalogue",
            path.display()
        );
    }
}

/// Words that make a sentence sound translated. Texts for readers do without them.
const BANNED: &str =
    r"(?i)\b(?:told|nobody|somebody|anew|mend|mends|mended|besides|shall|so many|simply|obviously|just|easy|easily)\b";

/// Returns the files with texts for readers: those in these folders, selected by their extensions.
fn prose() -> Vec<(PathBuf, String)> {
    let (mut prose, mut folders) = (Vec::new(), Vec::new());
    for (folder, ending) in [
        ("crates/contracts/catalogue", "toml"),
        ("book/src", "md"),
        ("book/recorded/help", "txt"),
        ("checker/tests/snapshots", "snap"),
    ] {
        folders.push((root().join(folder), ending));
    }
    while let Some((folder, ending)) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            // The descriptions in the gallery are for authors, and learners' programs may print anything.
            if path.is_dir() && !path.ends_with("gallery") {
                folders.push((path, ending));
            } else if path.extension().is_some_and(|extension| extension == ending) {
                let text = fs::read_to_string(&path).unwrap();
                prose.push((path, text));
            }
        }
    }
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "crates/broker/README.md"];
    let of_lessons = checker::lessons::all().unwrap().into_iter().map(|lesson| lesson.folder.join("lesson.toml"));
    let single = documents.map(|path| root().join(path)).into_iter().chain(of_lessons);
    prose.extend(single.chain([root().join("crates/contracts/src/clients/words.toml")]).map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    }));
    prose
}

#[test]
fn what_a_person_reads_has_plain_words() {
    let banned = regex::Regex::new(BANNED).unwrap();
    let mut found = Vec::new();
    let prose = prose();
    assert!(prose.len() > 100, "{} files were read", prose.len());
    for (path, text) in prose {
        let lines =
            text.lines().filter(|line| !line.starts_with('#') || path.extension().is_some_and(|ending| ending == "md"));
        found.extend(
            lines.filter_map(|line| Some(format!("{}: {:?}: {line}", path.display(), banned.find(line)?.as_str()))),
        );
    }
    assert!(found.is_empty(), "words that texts for readers do without:\n{}", found.join("\n"));
}

/// A lesson's description and its chapter's goal, which a skeleton leaves open, are written.
#[test]
fn no_lesson_keeps_the_words_of_the_skeleton() {
    for lesson in checker::lessons::all().unwrap() {
        let name = lesson.folder.file_name().unwrap().to_string_lossy().into_owned();
        for path in [format!("lessons/{name}/Cargo.toml"), format!("book/src/{name}.md")] {
            let text = read(&path);
            let open = text.lines().find(|line| {
                (line.starts_with("description") && line.contains('…')) || line.ends_with("*You will be able to* …")
            });
            assert_eq!(open, None, "{path}: write this line");
        }
    }
}

/// The same words, as identifiers have them, too: `is_told`.
const BANNED_IN_CODE: &str =
    r"(?i)(?:\b|_)(?:told|nobody|somebody|anew|mends?|mended|besides|shall|so[ _]many|simply|obviously)(?:\b|_)";

/// The files that have these words for a reason: the lists of them.
const WITH_BANNED_WORDS: [&str; 2] = ["checker/tests/it/rules.rs", "crates/contracts/src/translate/tests.rs"];

/// The words with which no doc comment begins: it begins with a noun phrase, or with a verb in the third person.
const NO_BEGINNING: &str = r"^(?:What|How|Whether|Where|Who|Whose|When|Why)\b";

/// Returns the Rust files of the workspace, with their paths from its root.
fn code() -> Vec<(String, String)> {
    let (mut code, mut folders) = (Vec::new(), ["checker", "crates", "lessons", "xtask"].map(PathBuf::from).to_vec());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                code.push((path.to_string_lossy().replace('\\', "/"), read(&path.to_string_lossy())));
            }
        }
    }
    code
}

#[test]
fn code_has_plain_words() {
    let (banned, no_beginning) = (regex::Regex::new(BANNED_IN_CODE).unwrap(), regex::Regex::new(NO_BEGINNING).unwrap());
    let code = code();
    assert!(code.len() > 300, "{} files were read", code.len());
    let mut found = Vec::new();
    for (path, text) in code.iter().filter(|(path, _)| !WITH_BANNED_WORDS.contains(&path.as_str())) {
        let doc = |line: &str| {
            let line = line.trim_start();
            line.strip_prefix("/// ").or(line.strip_prefix("//! ")).map(str::to_owned)
        };
        let mut before = None;
        for (line, number) in text.lines().zip(1..) {
            let comment = doc(line);
            let begins_badly = before.is_none() && comment.as_deref().is_some_and(|text| no_beginning.is_match(text));
            if begins_badly || banned.is_match(line) {
                found.push(format!("{path}:{number}: {}", line.trim()));
            }
            // A blank line of a doc comment does not end it.
            before = comment.or_else(|| matches!(line.trim(), "///" | "//!").then(String::new));
        }
    }
    assert!(
        found.is_empty(),
        "words that the code does without, or doc comments that begin with a question (rules 5, 7 and 10):\n{}",
        found.join("\n")
    );
}

/// The paths in the code map exist.
#[test]
fn paths_in_the_architecture_exist() {
    let text = read("ARCHITECTURE.md");
    let path =
        regex::Regex::new(r"`((?:checker|crates|book|lessons|docker|xtask|\.ci|fuzz)/[A-Za-z0-9_./*-]+)`").unwrap();
    let mut count = 0;
    for found in path.captures_iter(&text) {
        let path = &found[1];
        let whole = path.split(['*']).next().unwrap().trim_end_matches('/');
        let folder =
            if path.contains('*') { whole.rsplit_once('/').map_or(whole, |(folder, _)| folder) } else { whole };
        assert!(
            path.contains("NN-") || path.contains("NAME") || root().join(folder).exists(),
            "ARCHITECTURE.md names {path}, which is not there"
        );
        count += 1;
    }
    assert!(count > 20, "{count} paths were found");
}

/// The time and random numbers are passed in to the broker's state machine, so that it can be tested, replayed and fuzzed.
#[test]
fn the_brokers_core_is_pure() {
    for entry in fs::read_dir(root().join("crates/broker/src/state")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for forbidden in
            ["tokio", "std::net", "std::time", "std::thread", "std::fs", "std::env", "Instant", "SystemTime"]
        {
            assert!(
                !text.contains(forbidden),
                "{} mentions {forbidden}; sockets, clocks and threads belong into crates/broker/src/shell",
                path.display()
            );
        }
    }
}

#[test]
fn the_images_are_named_alike_everywhere() {
    let official = checker::brokers::docker::OFFICIAL;
    for path in ["README.md", "docker/compose.yaml", "book/src/setup.md", ".github/workflows/ci.yml"] {
        assert!(read(path).contains(official), "{path} names another image than {official}");
    }
    assert!(official.contains(broker::VERSION), "the embedded broker behaves as another RabbitMQ than {official}");
    for built in checker::brokers::docker::BUILT {
        let version = built.rsplit(':').next().unwrap();
        assert!(
            read("docker/build-image").contains(&format!("  {version})")),
            "docker/build-image has no recipe for {built}"
        );
        assert!(read(".ci/run").contains(version), ".ci/run does not build {built}");
    }
}

/// Returns the calls with arguments that a hint awaits, with their strings emptied: `close(200, "".into()).await?`.
fn calls(hint: &str) -> Vec<String> {
    let code = hint.split('`').skip(1).step_by(2);
    let call = regex::Regex::new(r"\b[a-z_]{3,}\((?:[^()]|\((?:[^()]|\([^()]*\))*\))+\)\.await\?").unwrap();
    let texts = regex::Regex::new("\"[^\"]*\"").unwrap();
    let code: Vec<String> = code.map(|code| texts.replace_all(code, "\"\"").into_owned()).collect();
    code.iter().flat_map(|code| call.find_iter(code).map(|call| call.as_str().to_owned())).collect()
}

/// A report is read before any hint: it names what is missing, and only the last hint gives the line.
#[test]
fn no_report_gives_away_the_line_of_the_last_hint() {
    let (mut count, mut wrong) = (0, Vec::new());
    for lesson in checker::lessons::all().unwrap() {
        let folder = root().join("checker/tests/snapshots/gallery").join(&lesson.about.id);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: `cargo xtask bless reports` makes the snapshots of a lesson's gallery",
                folder.display()
            )
        });
        for entry in entries {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            for step in &lesson.about.steps {
                let Some(report) = text.split_once(&format!("\n\n{} (", step.id)).map(|(_, report)| report) else {
                    continue;
                };
                let said = calls(report.rsplit_once("\nhint: ").map_or("", |(_, hint)| hint));
                count += 1;
                let last = step.hints.last().map(|hint| calls(hint)).unwrap_or_default();
                wrong.extend(last.into_iter().filter(|call| said.contains(call)).map(|call| (path.clone(), call)));
            }
        }
    }
    assert!(wrong.is_empty(), "reports that say the whole line, which is the last hint: {wrong:#?}");
    assert!(count > 300, "{count} reports were read");
}
