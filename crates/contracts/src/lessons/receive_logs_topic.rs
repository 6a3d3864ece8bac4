//! Lesson 10: receive the messages whose topics match some patterns from the exchange `topic_logs`.

use recording::Recording;

use crate::{
    contract::{Contract, Step},
    exchanges::{Exchange, Kind},
    subscribing::{self, Evidence, Receiver},
    verdict::Note,
};

/// The program that the lesson asks for.
pub const RECEIVER: Receiver = Receiver {
    exchange: Exchange { name: "topic_logs", kind: Kind::Topic },
    usage: Some("Usage: receive-logs-topic [binding_key]..."),
};

/// The contract.
pub struct ReceiveLogsTopic;

impl Contract for ReceiveLogsTopic {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "receive-logs-topic";
    const QUEUES: &'static [&'static str] = &[];
    const EXCHANGES: &'static [&'static str] = &[RECEIVER.exchange.name];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Step<Self>] = &[
        ("arguments", &[|seen| subscribing::usage(seen)]),
        ("connect", &[|seen| subscribing::connect(seen)]),
        ("declare", &[|seen| subscribing::declare(seen)]),
        ("queue", &[|seen| subscribing::queue(seen)]),
        ("bind", &[|seen| subscribing::bind(seen)]),
        ("consume", &[|seen| subscribing::consume(seen)]),
        ("wait", &[|seen| subscribing::wait(seen)]),
        ("receive", &[|seen| subscribing::received(seen)]),
        ("stop", &[|seen| subscribing::stop(seen)]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        RECEIVER.evidence(recording)
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        subscribing::notes(seen)
    }
}

#[cfg(feature = "scenes")]
mod scene {
    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::{RECEIVER, ReceiveLogsTopic};
    use crate::scenes::{LiveRecording, Scene, subscribe};

    impl Scene for ReceiveLogsTopic {
        async fn play(
            stage: &mut Stage<'_>,
            program: &Program,
            seed: u64,
            seen: &mut LiveRecording,
        ) -> Result<(), NotChecked> {
            subscribe::play(&RECEIVER, stage, program, seed, seen).await
        }
    }
}
