//! One submission: from the entries of a student to its content.

use super::{
    archive, choose,
    claim::Claim,
    entries::{Entries, Entry},
    key,
    options::Options,
    tree::{Collector, Tree},
};
use crate::class::{Content, LeftAside, NoContent};

/// The content of a submission, and the parts that are not used.
pub(super) struct Read {
    /// The content, or the reason why there is none.
    pub(super) content: Result<Content, NoContent>,
    /// The parts that are not used.
    pub(super) laid_aside: Vec<LeftAside>,
}

/// Reads the entries of one student.
pub(super) fn read(entries: &mut Entries, parts: &[(Entry, Claim)], options: &Options) -> Read {
    let mut collector = Collector::new(&options.limits);
    let mut result = Ok(());
    for (entry, claim) in parts {
        if let Some(reason) = claim.text {
            collector.tree.lay_aside(entry.name.clone(), reason);
            continue;
        }
        let file = if claim.file.is_empty() { &entry.name } else { &claim.file };
        result = entries.read(entry, file, &mut collector);
        if result.is_err() {
            break;
        }
    }
    let mut tree = collector.tree;
    let is_only_text = parts.iter().all(|(_, claim)| claim.text.is_some());
    let content = result.and_then(|()| {
        if is_only_text {
            return Err(format!("It is text that was typed into the platform, and no file. {}", super::HAND_IN).into());
        }
        if parts.iter().any(|(_, claim)| claim.merges) {
            take_numbers_off(&mut tree);
        }
        Ok(choose::choose(&mut tree, options)?)
    });
    let laid_aside = tree.laid_aside();
    // A manifest can name anything, and its words get into terminals and reports.
    let content = content.map_err(|why: NoContent| match why {
        NoContent::Refused(sentence) => NoContent::Refused(key::printable(&sentence)),
        NoContent::NotRead(sentence) => NoContent::NotRead(key::printable(&sentence)),
    });
    let content = content.map(|program| Content { files: tree.files, program });
    Read { content, laid_aside }
}

/// Renames `main-1.rs` to `main.rs`, if there is none: Canvas numbers the files of later attempts.
fn take_numbers_off(tree: &mut Tree) {
    let names: Vec<String> = tree.files.keys().filter(|name| !name.contains('/')).cloned().collect();
    for wanted in ["main.rs", "lib.rs", "Cargo.toml"] {
        let (stem, ending) = wanted.split_once('.').unwrap_or((wanted, ""));
        let number = |name: &str| -> Option<u32> {
            let number = name.strip_prefix(stem)?.strip_prefix('-')?.strip_suffix(ending)?.strip_suffix('.')?;
            number.parse().ok()
        };
        let last = names.iter().filter_map(|name| Some((number(name)?, name))).max();
        if let Some((_, name)) = last
            && !tree.files.contains_key(wanted)
            && let Some(bytes) = tree.files.remove(name)
        {
            tree.files.insert(wanted.to_owned(), bytes);
        }
    }
}

/// Returns an entry's name without the ending of an archive or file, for comparing two entries.
pub(super) fn stem(name: &str) -> &str {
    match archive::Kind::split(name) {
        Some((stem, _)) => stem,
        None => name.strip_suffix(".rs").unwrap_or(name),
    }
}
