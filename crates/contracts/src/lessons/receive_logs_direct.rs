//! Lesson 08: receive the messages of some severities from the exchange `direct_logs`.

use recording::Recording;

use crate::{
    contract::{Contract, Step},
    exchanges::{Exchange, Kind},
    subscribing::{self, Evidence, Receiver},
    verdict::Note,
};

/// The program that the lesson asks for.
pub const RECEIVER: Receiver = Receiver {
    exchange: Exchange { name: "direct_logs", kind: Kind::Direct },
    usage: Some("Usage: receive-logs-direct [info] [warning] [error]"),
};

/// The contract.
pub struct ReceiveLogsDirect;

impl Contract for ReceiveLogsDirect {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "receive-logs-direct";
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

    use super::{RECEIVER, ReceiveLogsDirect};
    use crate::scenes::{LiveRecording, Scene, subscribe};

    impl Scene for ReceiveLogsDirect {
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
