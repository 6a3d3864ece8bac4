//! The known differences: one file a RabbitMQ, one entry a conversation.
//!
//! ```text
//! conversation: queue::redeclare_durable
//! why: 3.10 does not name the permission
//! -<- 1 channel.close …
//! +<- 1 channel.close …
//! ```
//!
//! `-` marks a line of the embedded broker, `+` one of that RabbitMQ. Lines that start with `#` are for the reader.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

/// A known difference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The reason for the difference.
    pub why: String,
    /// The lines, each with its sign.
    pub lines: Vec<String>,
}

/// Known differences by the names of their conversations.
pub type All = BTreeMap<String, Known>;

/// Returns the file about this RabbitMQ.
pub fn file(version: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/difference/known").join(format!("{version}.txt"))
}

/// Reads the known differences of this RabbitMQ; there are none without a file.
pub fn read(version: &str) -> All {
    let mut all = All::new();
    let mut name = String::new();
    for line in fs::read_to_string(file(version)).unwrap_or_default().lines() {
        if let Some(conversation) = line.strip_prefix("conversation: ") {
            name = conversation.to_owned();
            assert!(!all.contains_key(&name), "{version}.txt: {name} is there twice");
            all.insert(name.clone(), Known::default());
        } else if let Some(why) = line.strip_prefix("why: ") {
            all.get_mut(&name).unwrap().why = why.to_owned();
        } else if line.starts_with(['-', '+']) {
            all.get_mut(&name).unwrap().lines.push(line.to_owned());
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{version}.txt: can't read {line:?}");
        }
    }
    all
}

/// Replaces the file.
pub fn write(version: &str, all: &All) {
    let mut text =
        format!("# What RabbitMQ {version} (+) does otherwise than the embedded broker (-), which follows 4.3.\n");
    for (name, known) in all {
        let _ = write!(text, "\nconversation: {name}\nwhy: {}\n{}\n", known.why, known.lines.join("\n"));
    }
    fs::write(file(version), text).unwrap();
}

/// Returns the lines that only one of the two has: `-` is the left's, `+` the right's.
pub fn difference(left: &str, right: &str) -> Vec<String> {
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    // The number of lines that the rest of both have in common, from each pair of places on.
    let mut common = vec![vec![0_usize; right.len() + 1]; left.len() + 1];
    for l in (0..left.len()).rev() {
        for r in (0..right.len()).rev() {
            common[l][r] =
                if left[l] == right[r] { common[l + 1][r + 1] + 1 } else { common[l + 1][r].max(common[l][r + 1]) };
        }
    }
    let (mut l, mut r, mut lines) = (0, 0, Vec::new());
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() && left[l] == right[r] {
            (l, r) = (l + 1, r + 1);
        } else if r == right.len() || (l < left.len() && common[l + 1][r] >= common[l][r + 1]) {
            lines.push(format!("-{}", left[l]));
            l += 1;
        } else {
            lines.push(format!("+{}", right[r]));
            r += 1;
        }
    }
    lines
}
