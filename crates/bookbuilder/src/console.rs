//! Console blocks: commands and their output.

use crate::{
    includes::is_directive,
    markdown::{Block, blocks},
};

/// A command, and the output below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The command after `$ `, with continued lines joined, and without a comment at its end.
    pub typed: String,
    /// The comment at its end, without its `# `.
    pub comment: String,
    /// The lines below it that are written into the page, each with its number.
    pub output: Vec<(usize, String)>,
    /// Set when some lines below it are included from a file.
    pub includes: bool,
}

impl Command {
    /// Returns the exit code in the comment (`# exit code 2`), or 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.comment.strip_prefix("exit code ").and_then(|code| code.trim().parse().ok()).unwrap_or(0)
    }
}

/// Returns the commands of all console blocks of a text.
#[must_use]
pub fn commands(text: &str) -> Vec<Command> {
    console_blocks(text).iter().flat_map(|block| read(block).1).collect()
}

/// Returns the blocks with the language `console`.
#[must_use]
pub fn console_blocks(text: &str) -> Vec<Block> {
    blocks(text).into_iter().filter(|block| block.language.as_deref() == Some("console")).collect()
}

/// Returns the lines above a block's first command that are written into the page, and its commands.
#[must_use]
pub fn read(block: &Block) -> (Vec<(usize, String)>, Vec<Command>) {
    let (mut above, mut commands) = (Vec::new(), Vec::<Command>::new());
    let mut lines = block.lines.iter();
    while let Some((number, line)) = lines.next() {
        if let Some(typed) = line.strip_prefix("$ ") {
            let mut typed = typed.trim_end().to_owned();
            while let Some(start) = typed.strip_suffix('\\') {
                let next = lines.next().map_or("", |(_, line)| line.trim());
                typed = format!("{}{next}", start.trim_end().to_owned() + " ").trim_end().to_owned();
            }
            let (typed, comment) = typed.split_once(" #").unwrap_or((&typed, ""));
            commands.push(Command {
                line: *number,
                typed: typed.trim_end().to_owned(),
                comment: comment.trim().to_owned(),
                ..Command::default()
            });
        } else {
            match (is_directive(line), commands.last_mut()) {
                (true, Some(command)) => command.includes = true,
                (true, None) => {}
                (false, Some(command)) => command.output.push((*number, line.clone())),
                (false, None) => above.push((*number, line.clone())),
            }
        }
    }
    (above, commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_joined_and_lose_their_comments() {
        let found = commands("```console\n$ cargo xtask \\\n    check all   # exit code 3\none\n$ ls\n```\n");
        assert_eq!(found[0].typed, "cargo xtask check all");
        assert_eq!((found[0].line, found[0].exit_code()), (2, 3));
        assert_eq!(found[0].output, [(4, "one".to_owned())]);
        assert_eq!((found[1].line, found[1].typed.as_str(), found[1].exit_code()), (5, "ls", 0));
    }
}
