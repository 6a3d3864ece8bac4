//! Lesson 13: publish messages, and know of each whether the broker has it.

use recording::Recording;

use crate::{
    confirming::{self, Evidence, Way},
    contract::{Contract, Step},
    verdict::Note,
};

/// The contract.
pub struct PublisherConfirms;

impl Contract for PublisherConfirms {
    type Evidence<'a> = Evidence<'a>;
    const ID: &'static str = "publisher-confirms";
    const QUEUES: &'static [&'static str] = &[];
    const IS_RANDOM: bool = true;
    const SHOWS_ALL: bool = false;
    const STEPS: &'static [Step<Self>] = &[
        ("connect", &[|seen| confirming::connect(seen)]),
        ("confirm", &[|seen| confirming::select(seen)]),
        ("queue", &[|seen| confirming::queue(seen)]),
        ("individually", &[|seen| confirming::way(seen, Way::Individually)]),
        ("batch", &[|seen| confirming::way(seen, Way::Batch)]),
        ("asynchronously", &[|seen| confirming::way(seen, Way::Asynchronously)]),
        ("close", &[|seen| confirming::close(seen)]),
        ("refused", &[|seen| confirming::refused(seen)]),
        ("returned", &[|seen| confirming::returned(seen)]),
        ("lost", &[|seen| confirming::lost(seen)]),
    ];

    fn evidence(recording: &Recording) -> Option<Evidence<'_>> {
        Evidence::of(recording)
    }

    fn notes(seen: &Evidence<'_>) -> Vec<Note> {
        confirming::notes(seen)
    }
}

#[cfg(feature = "scenes")]
mod scene {
    use harness::{program::Program, stage::Stage};
    use recording::NotChecked;

    use super::PublisherConfirms;
    use crate::scenes::{LiveRecording, Scene, confirm};

    impl Scene for PublisherConfirms {
        async fn play(
            stage: &mut Stage<'_>,
            program: &Program,
            seed: u64,
            seen: &mut LiveRecording,
        ) -> Result<(), NotChecked> {
            confirm::play(&PublisherConfirms, stage, program, seed, seen).await
        }
    }
}
