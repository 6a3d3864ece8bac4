//! Lesson 09: send a message with a topic to the exchange `topic_logs`.

use fastrand::Rng;
use recording::Recording;

use crate::{
    contract::{Contract, Step},
    emitting::{self, Emitter, Evidence, LISTENER},
    exchanges::{Exchange, Kind},
    verdict::Note,
};

/// The program that the lesson asks for.
pub const EMITTER: Emitter = Emitter {
    exchange: Exchange { name: "topic_logs", kind: Kind::Topic },
    default_key: Some("anonymous.info"),
    default_texts: &["Hello World!", "Hello, world!", "hello", "info: Hello World!"],
};

/// The contract.
pub struct EmitLogTopic;

impl Contract for EmitLogTopic {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "emit-log-topic";
    const QUEUES: &'static [&'static str] = &[LISTENER];
    const EXCHANGES: &'static [&'static str] = &[EMITTER.exchange.name];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| emitting::connect(seen)]),
        ("declare", &[|seen| emitting::declare(seen)]),
        ("message", &[|seen| emitting::message(seen)]),
        ("publish", &[|seen| emitting::publish(seen)]),
        ("print", &[|seen| emitting::print(seen)]),
        ("close", &[|seen| emitting::close(seen)]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        EMITTER.evidence(recording)
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        emitting::notes(seen)
    }
}

/// Returns the words typed after the program's name in each run: none, a key, a key and a word, a key and several words.
#[must_use]
pub fn typed(seed: u64) -> Vec<Vec<String>> {
    let mut rng = Rng::with_seed(seed);
    let token = |rng: &mut Rng| -> String { (0..6).map(|_| rng.char('a'..='z')).collect() };
    let [one, two] = [0, 1].map(|_| format!("{}.{}", token(&mut rng), token(&mut rng)));
    let mut word = || token(&mut rng);
    vec![Vec::new(), vec![one.clone()], vec![two, word()], vec![one, word(), word(), word()]]
}

#[cfg(feature = "scenes")]
mod scene {
    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::{EMITTER, EmitLogTopic, typed};
    use crate::scenes::{LiveRecording, Scene, emit};

    impl Scene for EmitLogTopic {
        async fn play(
            stage: &mut Stage<'_>,
            program: &Program,
            seed: u64,
            seen: &mut LiveRecording,
        ) -> Result<(), NotChecked> {
            emit::play(&EMITTER, &typed(seed), stage, program, seen).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_chosen_by_the_seed() {
        assert_eq!(typed(7), typed(7));
        assert_ne!(typed(7), typed(8));
        assert_eq!(typed(7).iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 2, 4]);
    }
}
