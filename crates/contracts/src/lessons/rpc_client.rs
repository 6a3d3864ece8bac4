//! Lesson 12: ask a server by the queue `rpc_queue`, and wait for the answer.

use recording::Recording;

use crate::{
    calling::{self, Evidence},
    contract::{Contract, Step},
    serving::QUEUE,
    verdict::Note,
};

/// The contract.
pub struct RpcClient;

impl Contract for RpcClient {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "rpc-client";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| calling::connect(seen)]),
        ("queue", &[|seen| calling::queue(seen)]),
        ("consume", &[|seen| calling::consume(seen)]),
        ("request", &[|seen| calling::request(seen)]),
        ("answer", &[|seen| calling::answered(seen)]),
        ("give-up", &[|seen| calling::gives_up(seen)]),
        ("close", &[|seen| calling::close(seen)]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        Evidence::of(recording)
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        calling::notes(seen)
    }
}

#[cfg(feature = "scenes")]
mod scene {
    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::RpcClient;
    use crate::scenes::{LiveRecording, Scene, call};

    impl Scene for RpcClient {
        async fn play(
            stage: &mut Stage<'_>,
            program: &Program,
            seed: u64,
            seen: &mut LiveRecording,
        ) -> Result<(), NotChecked> {
            call::play(stage, program, seed, seen).await
        }
    }
}
