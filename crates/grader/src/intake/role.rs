//! The role of a program by its name. Learners name their programs in their own language: `sender` and `empfaenger`.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::key;

/// The two roles of programs in the lessons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Sends,
    Receives,
}

/// The beginnings of words for programs that send, without accents.
const SENDS: [&str; 25] = [
    "send",
    "publish",
    "producer",
    "produzent",
    "emit",
    "task", // English, German
    "envoi",
    "envoy",
    "expedit",
    "emett",
    "emet",
    "publie",
    "producteur", // French
    "envia",
    "envio",
    "emisor",
    "emissor",
    "publica",
    "productor",
    "produtor", // Spanish, Portuguese
    "invia",
    "mittente",
    "zend",
    "verzend",
    "отправ", // Italian, Dutch, Russian
];

/// The beginnings of words for programs that receive, without accents.
const RECEIVES: [&str; 19] = [
    "receiv",
    "recv",
    "consum",
    "worker",
    "subscri", // English
    "empfang",
    "empfaeng",
    "konsum",
    "arbeiter", // German
    "recev",
    "recep",
    "recoit",
    "recib",
    "receb", // French, Spanish, Portuguese
    "ricev",
    "destinatar",
    "ontvang",
    "получ",
    "prijem", // Italian, Dutch, Russian, Slavic
];

/// Words for both roles in scripts without spaces.
const SIGNS: [(&str, Role); 6] = [
    ("发送", Role::Sends),
    ("生产", Role::Sends),
    ("送信", Role::Sends),
    ("接收", Role::Receives),
    ("消费", Role::Receives),
    ("受信", Role::Receives),
];

impl Role {
    /// Returns the role that a name says. None if it says none, or both.
    fn of(name: &str) -> Option<Role> {
        let plain: String = name.nfkd().filter(|letter| !is_combining_mark(*letter)).collect();
        let words = key::words(&plain);
        let says = |starts: &[&str], role: Role| {
            words.iter().any(|word| {
                starts.iter().any(|start| word.starts_with(start))
                    || SIGNS.iter().any(|(sign, of)| *of == role && word.contains(sign))
            })
        };
        match (says(&SENDS, Role::Sends), says(&RECEIVES, Role::Receives)) {
            (true, false) => Some(Role::Sends),
            (false, true) => Some(Role::Receives),
            _ => None,
        }
    }
}

/// Returns the program that is clearly the one for a lesson, by the names that each has. None if several can be it.
///
/// A program with the lesson's own name is. Else programs whose names say the other role are not, and the words of the names
/// decide among those that are left.
pub(super) fn for_lesson<'a, T: Copy>(
    programs: impl IntoIterator<Item = T>,
    lesson: &str,
    names: impl Fn(T) -> Vec<&'a str>,
) -> Option<T> {
    let score = |program: &T| names(*program).iter().map(|name| key::overlap(name, lesson)).max().unwrap_or(0);
    let mut programs: Vec<T> = programs.into_iter().collect();
    if let Some(at) = key::only_best(0..programs.len(), |at| usize::from(score(&programs[*at]) == usize::MAX)) {
        return Some(programs.swap_remove(at));
    }
    if let Some(wanted) = Role::of(lesson) {
        let role = |program: &T| names(*program).iter().find_map(|name| Role::of(name));
        programs.retain(|program| role(program).is_none_or(|role| role == wanted));
        if programs.iter().any(|program| role(program).is_some()) {
            programs.retain(|program| role(program).is_some());
        }
        if programs.len() == 1 {
            return programs.pop();
        }
    }
    key::only_best(programs, score)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen<'a>(programs: &[&'a str], lesson: &str) -> Option<&'a str> {
        for_lesson(programs.iter().copied(), lesson, |name| vec![name])
    }

    #[test]
    fn a_name_says_the_role_in_many_languages() {
        for (one, other) in [
            ("sender", "empfaenger"),
            ("Sender", "Empfänger"),
            ("producer", "consumer"),
            ("emisor", "receptor"),
            ("émetteur", "récepteur"),
            ("mittente", "destinatario"),
            ("发送者", "接收者"),
            ("отправитель", "получатель"),
            ("new_task", "worker"),
        ] {
            for (lesson, expected) in
                [("hello-send", one), ("hello-receive", other), ("new-task", one), ("worker", other)]
            {
                assert_eq!(chosen(&[one, other], lesson), Some(expected), "{lesson}");
                assert_eq!(chosen(&[other, one], lesson), Some(expected), "{lesson}");
            }
        }
    }

    #[test]
    fn programs_that_both_fit_are_not_chosen_from() {
        for (programs, lesson, expected) in [
            (&["emisor", "productor"][..], "hello-send", None),
            (&["first", "second"], "hello-send", None),
            (&["sender", "send2"], "hello-send", None),
            // What says the other role is not meant, and what says none may be.
            (&["main", "receive"], "hello-send", Some("main")),
            (&["main", "other", "receive"], "hello-send", None),
            (&["hello_sender", "empfaenger"], "hello-receive", Some("empfaenger")),
            (&["send_and_receive", "send"], "hello-send", Some("send")),
            // The lesson's own name decides before the role does.
            (&["new_task", "sender", "worker"], "new-task", Some("new_task")),
            (&["new_task", "sender", "worker"], "hello-send", Some("sender")),
            (&[], "hello-send", None),
        ] {
            assert_eq!(chosen(programs, lesson), expected, "{programs:?} for {lesson}");
        }
    }
}
