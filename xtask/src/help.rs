//! Tests: the help texts in the book are those of the commands.
//!
//! `cargo xtask bless help` writes them; read the difference before you commit it.

use std::{collections::BTreeMap, fs};

use clap::CommandFactory;
use snapbox::{Assert, Data};

use crate::{Cli, cargo::root};

/// Returns the file of each command in book/recorded/help, with the typed words and the output.
fn helps() -> BTreeMap<String, (String, String)> {
    fn add(words: &[&str], command: &clap::Command, helps: &mut BTreeMap<String, (String, String)>) {
        let name = if words.is_empty() { "xtask".to_owned() } else { words.join("-") };
        let typed = [&["cargo", "xtask"], words, &["--help"]].concat().join(" ");
        helps.insert(format!("{name}.txt"), (typed, printed(words)));
        for subcommand in command.get_subcommands() {
            add(&[words, &[subcommand.get_name()]].concat(), subcommand, helps);
        }
    }
    let mut helps = BTreeMap::new();
    add(&[], &Cli::command(), &mut helps);
    helps
}

/// Returns the help for these words, 80 columns wide.
fn printed(words: &[&str]) -> String {
    let arguments = [&["cargo xtask"], words, &["--help"]].concat();
    let asked = Cli::command().term_width(80).try_get_matches_from(arguments);
    let lines = asked.err().map(|help| help.render().to_string()).unwrap_or_default();
    // Editors remove blanks at the ends of lines, and git warns about them.
    lines.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn helps_are_those_of_the_book() {
    let (folder, page) = (root().join("book/recorded/help"), root().join("book/src/reference/commands.md"));
    let page = fs::read_to_string(page).unwrap();
    let helps = helps();
    for (file, (typed, printed)) in &helps {
        let text = format!("$ {typed}\n{printed}");
        Assert::new().action_env("SNAPSHOTS").eq(Data::text(text), Data::read_from(&folder.join(file), None));
        let include = format!("{{{{#include ../../recorded/help/{file}}}}}");
        assert!(page.contains(&include), "book/src/reference/commands.md does not include `{typed}`; add\n{include}");
    }
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(helps.contains_key(&file), "no command writes book/recorded/help/{file}; remove it");
    }
}
