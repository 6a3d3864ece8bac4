//! The catalogue is complete: each entry has what a reader needs.

use contracts::{catalogue, clients::Client};

#[test]
fn every_fault_has_its_words_and_an_explanation() {
    let mut missing = Vec::new();
    for (theme, of_theme) in catalogue::themes() {
        assert!(!of_theme.title.is_empty(), "{theme}.toml has no title");
        for (name, entry) in &of_theme.entries {
            let code = format!("{theme}.{name}");
            let is_phrase = !entry.text.is_empty();
            assert_ne!(is_phrase, !entry.message.is_empty(), "{code} is a fault, or a phrase");
            if is_phrase {
                continue;
            }
            let sentences = entry.why.matches(". ").count() + 1;
            if !entry.why.ends_with('.') || !(2..=4).contains(&sentences) {
                missing.push(format!("{code}: `why` is no paragraph of two to four sentences: {:?}", entry.why));
            }
            if entry.wrong.is_empty() != entry.right.is_empty() || entry.wrong.lines().count() > 1 {
                missing.push(format!("{code}: `wrong` and `right` are a line each, or both are left out"));
            }
            for text in [&entry.message, &entry.hint] {
                let said = Client::default().say(text);
                assert!(!said.contains("[["), "{code}: a call that has no words: {said}");
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_code_is_a_theme_and_a_name_of_small_letters() {
    for (theme, of_theme) in catalogue::themes() {
        for name in of_theme.entries.keys() {
            let is_plain = |text: &str| {
                let letters =
                    text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
                letters && !text.starts_with('-') && !text.ends_with('-')
            };
            assert!(is_plain(theme) && is_plain(name), "{theme}.{name}");
            assert!(catalogue::entry(&format!("{theme}.{name}")).is_some());
        }
    }
}
