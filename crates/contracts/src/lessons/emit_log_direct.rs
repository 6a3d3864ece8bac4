//! Lesson 07: send a message with a severity to the exchange `direct_logs`.

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
    exchange: Exchange { name: "direct_logs", kind: Kind::Direct },
    default_key: Some("info"),
    default_texts: &["Hello World!", "Hello, world!", "hello", "info: Hello World!"],
};

/// The contract.
pub struct EmitLogDirect;

impl Contract for EmitLogDirect {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "emit-log-direct";
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

/// Severities that no chapter names. One with a capital letter shows whether the key arrives unchanged.
const UNUSUAL: [&str; 3] = ["Notice", "Critical", "Debug"];

/// Returns the words typed after the program's name in each run: none, a key, a key and a word, and an unusual key and several
/// words. The unusual key comes last, because a program may refuse it.
#[must_use]
pub fn typed(seed: u64) -> Vec<Vec<String>> {
    let mut rng = Rng::with_seed(seed);
    let token = |rng: &mut Rng| -> String { (0..6).map(|_| rng.char('a'..='z')).collect() };
    let mut severities = emitting::SEVERITIES.map(str::to_owned);
    rng.shuffle(&mut severities[1..]);
    let [_, one, two] = severities;
    let unusual = UNUSUAL[rng.usize(..UNUSUAL.len())].to_owned();
    let mut word = || token(&mut rng);
    vec![Vec::new(), vec![one], vec![two, word()], vec![unusual, word(), word(), word()]]
}

#[cfg(feature = "scenes")]
mod scene {
    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::{EMITTER, EmitLogDirect, typed};
    use crate::scenes::{LiveRecording, Scene, emit};

    impl Scene for EmitLogDirect {
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
