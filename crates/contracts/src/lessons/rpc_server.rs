//! Lesson 11: answer the requests in the queue `rpc_queue`.

use recording::Recording;

use crate::{
    contract::{Contract, Step},
    serving::{self, Evidence, QUEUE},
    steps,
    verdict::Note,
};

/// The contract.
pub struct RpcServer;

impl Contract for RpcServer {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "rpc-server";
    const QUEUES: &'static [&'static str] = &[QUEUE];
    const IS_RANDOM: bool = true;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| serving::connect(seen)]),
        ("declare", &[|seen| serving::declare(seen)]),
        ("prefetch", &[|seen| serving::prefetch(seen)]),
        ("consume", &[|seen| serving::consume(seen)]),
        ("wait", &[|seen| serving::wait(seen)]),
        ("receive", &[|seen| serving::received(seen)]),
        ("answer", &[|seen| serving::answered(seen)]),
        ("ack", &[|seen| serving::acknowledged(seen)]),
        ("go-on", &[|seen| serving::goes_on(seen)]),
        ("share", &[|seen| serving::shared(seen)]),
        ("survive", &[|seen| serving::survives(seen)]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        Evidence::of(recording)
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        seen.servers.first().and_then(|server| steps::transient_queue(server.run, QUEUE)).into_iter().collect()
    }
}

#[cfg(feature = "scenes")]
mod scene {
    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::RpcServer;
    use crate::scenes::{LiveRecording, Scene, serve};

    impl Scene for RpcServer {
        async fn play(
            stage: &mut Stage<'_>,
            program: &Program,
            seed: u64,
            seen: &mut LiveRecording,
        ) -> Result<(), NotChecked> {
            serve::play(stage, program, seed, seen).await
        }
    }
}
