//! The forms of the findings: text and JSON.

use std::{env, fmt::Write};

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use wire::words;

use super::{Diagnosis, State};

/// The version of the JSON form.
pub const FORMAT: &str = "hello-rabbit/doctor/v1";

/// The indentation of a finding's text.
const INDENT: &str = "         ";

/// Returns whether a check on the embedded broker can work.
#[must_use]
pub fn is_fit(findings: &[Diagnosis]) -> bool {
    findings.iter().all(|finding| finding.state != State::Problem)
}

/// Returns the findings as text, with colours. The printer removes the colours where they can't be shown.
#[must_use]
pub fn text(findings: &[Diagnosis]) -> String {
    let mut text = String::new();
    for Diagnosis { state, what, fix, .. } in findings {
        let style = style(*state);
        let word = state.word();
        let _ = writeln!(text, "{style}{word}{style:#}{}{what}", &INDENT[word.len()..]);
        for how in fix {
            let _ = writeln!(text, "{INDENT}  {how}");
        }
    }
    let _ = writeln!(text, "\n{}", conclusion(findings));
    text
}

fn style(state: State) -> Style {
    match state {
        State::Ok => AnsiColor::Green.on_default(),
        State::Warning => AnsiColor::Yellow.on_default().bold(),
        State::Problem => AnsiColor::Red.on_default().bold(),
    }
}

fn conclusion(findings: &[Diagnosis]) -> String {
    let count = |state: State, word: &str| match findings.iter().filter(|finding| finding.state == state).count() {
        0 => format!("no {word}s"),
        1 => format!("1 {word}"),
        many => format!("{many} {word}s"),
    };
    let verdict = if is_fit(findings) {
        "a check on the embedded broker can work"
    } else {
        "a check on the embedded broker can't work until the problems are fixed"
    };
    format!("{}, {}: {verdict}", count(State::Problem, "problem"), count(State::Warning, "warning"))
}

/// Returns the findings as JSON, `hello-rabbit/doctor/v1`.
#[must_use]
pub fn json(findings: &[Diagnosis]) -> Value {
    let finding = |finding: &Diagnosis| json!({ "id": finding.id, "state": finding.state.word(), "what": finding.what, "fix": finding.fix });
    json!({ "format": FORMAT, "fit": is_fit(findings), "findings": findings.iter().map(finding).collect::<Vec<_>>() })
}

/// Replaces the home folder, which contains the user's name, and escapes everything that a terminal would act on.
pub(super) fn tidy(finding: &mut Diagnosis) {
    let home = env::home_dir().map(|home| home.display().to_string()).unwrap_or_default();
    for text in std::iter::once(&mut finding.what).chain(&mut finding.fix) {
        *text = words::harmless(&without_home(text, &home));
    }
}

/// Returns a text with `~` in place of the home folder.
fn without_home(text: &str, home: &str) -> String {
    let home = home.trim_end_matches(['/', '\\']);
    if home.is_empty() {
        return text.to_owned();
    }
    let mut parts = text.split(home);
    let mut tidy = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // `/home/ann` is not a part of `/home/anna` or `/mnt/home/ann`.
        let begins = !tidy.ends_with(|c: char| c.is_alphanumeric());
        let ends = !part.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        tidy.push_str(if begins && ends { "~" } else { home });
        tidy.push_str(part);
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_a_tilde_and_its_neighbours_are_not() {
        let tidy = |text: &str| without_home(text, "/home/ann/");
        assert_eq!(tidy("in /home/ann/kit, and /home/ann"), "in ~/kit, and ~");
        assert_eq!(tidy("/home/anna/kit /mnt/home/ann/x"), "/home/anna/kit /mnt/home/ann/x");
        assert_eq!(without_home("/a/b", "/"), "/a/b");
    }

    #[test]
    fn the_word_comes_first_and_the_way_out_is_below() {
        let findings = [
            Diagnosis::ok("a", "all is well"),
            Diagnosis::warning("b", "not so good").fix("do this").fix("or that"),
            Diagnosis::problem("c", "bad").fix("fix it"),
        ];
        let plain = anstream::adapter::strip_str(&text(&findings)).to_string();
        insta::assert_snapshot!(plain, @r"
        ok       all is well
        warning  not so good
                   do this
                   or that
        problem  bad
                   fix it

        1 problem, 1 warning: a check on the embedded broker can't work until the problems are fixed
        ");
        assert!(!is_fit(&findings) && is_fit(&findings[..2]));
        assert_eq!(json(&findings)["findings"][2]["state"], "problem");
    }
}
