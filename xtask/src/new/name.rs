//! The name of a lesson's folder, as in `05-emit-log`.

use crate::lessons::Lesson;

/// Words that can't be the name of a package or a module.
const RESERVED: &str = " abstract alloc as async await become box break const continue core crate do dyn else enum extern false \
    final fn for gen if impl in lapin let loop macro match mod move mut override priv proc pub ref return self static std \
    struct super test tokio trait true try type typeof unsafe unsized use virtual where while yield ";

/// Reads a name that was typed.
///
/// # Errors
///
/// A sentence about the problem.
pub fn parse(typed: &str) -> Result<Lesson, String> {
    let lesson = Lesson::named(typed).ok_or("expected a number, a hyphen and words, as in 05-emit-log")?;
    let Lesson { number, id } = &lesson;
    if number.len() != 2 || !number.bytes().all(|byte| byte.is_ascii_digit()) || number == "00" {
        return Err(format!("{number:?} is not a two-digit number from 01 to 99, as in 05-emit-log"));
    }
    let is_word = |word: &str| {
        word.starts_with(|letter: char| letter.is_ascii_lowercase())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if let Some(word) = id.split('-').find(|word| !is_word(word)) {
        return Err(format!(
            "{word:?} is not a word of lower-case letters and digits that begins with a letter, as in 05-emit-log"
        ));
    }
    if RESERVED.contains(&format!(" {id} ")) {
        return Err(format!("{id:?} is a name in Rust or in a crate: add another word, as in {number}-{id}-log"));
    }
    Ok(lesson)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_two_digits_and_words() {
        let emit_log = parse("05-emit-log").unwrap();
        assert_eq!((emit_log.number.as_str(), emit_log.id.as_str()), ("05", "emit-log"));
        for name in
            ["10-rpc", "11-rpc-2nd", "05-Emit-log", "5-emit-log", "00-emit", "005-emit", "aa-emit", "05", "emit"]
        {
            assert_eq!(parse(name).is_ok(), name == "10-rpc", "{name}");
        }
        for name in ["05-", "05-emit--log", "05-emit-", "05-emit_log", "05-émit", "05-2nd", "05-loop", "05-lapin", ""]
        {
            assert!(parse(name).is_err(), "{name}");
        }
        assert!(parse("05-loop-log").is_ok());
    }

    #[test]
    fn each_error_names_what_is_wrong_and_an_example() {
        for (name, wrong) in [("5-emit-log", "\"5\""), ("05-Emit-log", "\"Emit\""), ("05-loop", "\"loop\"")] {
            let error = parse(name).unwrap_err();
            assert!(error.contains(wrong) && error.contains("05-"), "{error}");
        }
    }
}
