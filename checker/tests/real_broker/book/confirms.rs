//! Scenes of publisher confirms: what a broker answers to messages, with a fault at a chosen one.
//!
//! How many messages one confirm is for is a matter of time. Here the first confirm of a group is late, and the others wait for
//! it: so one confirm is for all of them.

use checker::stage::{Injection, PublishFault, Stage};
use libtest_mimic::Failed;
use recording::ProgramRun;

use crate::book::{
    events,
    scenes::{
        Kept::{Diff, Picture, Printed, Report, Wire},
        PLAIN, Scene, call,
    },
};

/// A scene with a publisher.
pub struct Confirms {
    /// The program of [`crate::step_programs`].
    pub program: &'static str,
    /// The faults. Only the embedded broker has them on demand.
    pub faults: &'static [Injection],
    /// The number of methods about messages that are kept; None for the whole conversation.
    pub keeps: Option<usize>,
}

/// The number of messages of each way.
const THREE: &[&str] = &["3"];

/// The delay of a confirm, in milliseconds: longer than three messages take on a busy machine.
const LATE: u64 = 300;

const PROGRAM: &str = "publisher-confirms-10";

const fn one(fault: PublishFault, after: u64) -> Injection {
    Injection { fault, after, count: 1 }
}

/// The first confirms of the second and of the third way are late.
const TWO_DELAYS: [Injection; 2] = [one(PublishFault::DelayConfirm(LATE), 3), one(PublishFault::DelayConfirm(LATE), 6)];

/// The scenes of lesson 13.
pub(super) const SCENES: &[Scene] = &[
    Scene {
        name: "publisher-confirms-4",
        words: THREE,
        confirms: Some(&Confirms { program: "publisher-confirms-4", faults: &[], keeps: Some(6) }),
        kept: &[Wire, Picture("Each message is confirmed before the next one leaves.")],
        ..PLAIN
    },
    Scene {
        name: PROGRAM,
        words: THREE,
        confirms: Some(&Confirms { program: PROGRAM, faults: &TWO_DELAYS, keeps: None }),
        kept: &[
            Wire,
            Printed,
            Report,
            Picture(
                "The whole conversation of lesson 13, with three messages in each way: the confirms of the last six come together.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "publisher-confirms-unconfirmed",
        words: THREE,
        confirms: Some(&Confirms { program: "publisher-confirms-unconfirmed", faults: &[], keeps: None }),
        kept: &[Diff, Printed],
        ..PLAIN
    },
    Scene {
        name: "publisher-confirms-nack",
        words: THREE,
        confirms: Some(&Confirms { program: PROGRAM, faults: &[one(PublishFault::Nack, 1)], keeps: Some(6) }),
        kept: &[Wire, Printed],
        ..PLAIN
    },
    Scene {
        name: "publisher-confirms-return",
        words: THREE,
        confirms: Some(&Confirms { program: PROGRAM, faults: &[one(PublishFault::Return, 1)], keeps: Some(7) }),
        kept: &[Wire, Printed],
        ..PLAIN
    },
    Scene {
        name: "publisher-confirms-not-mandatory",
        words: THREE,
        confirms: Some(&Confirms {
            program: "publisher-confirms-not-mandatory",
            faults: &[one(PublishFault::Return, 1)],
            keeps: None,
        }),
        kept: &[Diff, Printed],
        ..PLAIN
    },
    Scene {
        name: "publisher-confirms-full-batches",
        words: THREE,
        confirms: Some(&Confirms { program: "publisher-confirms-full-batches", faults: &[], keeps: None }),
        kept: &[Diff, Printed],
        ..PLAIN
    },
    Scene {
        name: "publisher-confirms-cut",
        words: THREE,
        confirms: Some(&Confirms { program: PROGRAM, faults: &[one(PublishFault::Cut, 1)], keeps: None }),
        kept: &[Printed],
        ..PLAIN
    },
];

/// Plays the scene.
pub(super) async fn play(stage: &Stage<'_>, scene: &Confirms) -> Result<Vec<ProgramRun>, Failed> {
    if !scene.faults.is_empty() {
        stage.inject(scene.faults).await.map_err(|reason| reason.message)?;
    }
    let mut seen = call(stage, scene.program, THREE).await?.end().await;
    if let Some(count) = scene.keeps {
        events::keep_only(&mut seen, &["basic.publish", "basic.ack", "basic.nack", "basic.return"]);
        seen.events.truncate(count);
    }
    Ok(vec![seen])
}
