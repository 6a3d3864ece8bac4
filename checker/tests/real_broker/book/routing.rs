//! The scenes of the chapters about routing and topics, lessons 07 to 10.

use crate::book::{
    routed::{Message, Routed},
    scenes::{
        Kept::{Diff, Picture, Printed, Report, Wire},
        PLAIN, Scene,
    },
};

const EMIT_DIRECT: &str = "emit-log-direct-6";
const RECEIVE_DIRECT: &str = "receive-logs-direct-9";
const EMIT_TOPIC: &str = "emit-log-topic-6";
const RECEIVE_TOPIC: &str = "receive-logs-topic-9";

const DISK_FULL: &[&str] = &["error", "The", "disk", "is", "full"];
const USER: &[&str] = &["info", "A", "user", "logged", "in"];
const SLOW: &[&str] = &["warning", "The", "disk", "is", "slow"];

const KERNEL: &[&str] = &["kern.critical", "A", "critical", "kernel", "error"];
const BOOTED: &[&str] = &["kern.info", "The", "kernel", "has", "started"];
const DISK: &[&str] = &["kern.disk.critical", "The", "disk", "is", "gone"];
const CRON: &[&str] = &["cron.critical", "No", "job", "can", "start"];
const JOB: &[&str] = &["cron.info", "A", "job", "has", "started"];

/// Returns a message of a sender that goes to these receivers.
const fn sends(from: &'static str, words: &'static [&'static str], to: &'static [usize]) -> Message {
    Message { from: (from, words), to }
}

/// A scene with nothing in it.
const ROUTED: Routed = Routed { receivers: &[], messages: &[], with_senders: false };

/// The scenes that need more than a program that ends by itself, or a picture.
pub(super) const SCENES: &[Scene] = &[
    // ── Lesson 07
    Scene { name: "emit-log-direct-4", words: DISK_FULL, ..PLAIN },
    Scene {
        name: "emit-log-direct-6",
        words: DISK_FULL,
        kept: &[
            Wire,
            Report,
            Picture(
                "The whole conversation of lesson 07: connect, declare a direct exchange, publish with the severity as the routing key, close.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "emit-log-direct-mandatory",
        words: &["debug", "Step", "7"],
        kept: &[Diff, Picture("The broker returns a mandatory message whose severity no queue is bound with.")],
        ..PLAIN
    },
    Scene { name: "emit-log-direct-default-exchange", words: DISK_FULL, kept: &[Diff, Wire], ..PLAIN },
    Scene {
        name: "emit-log-direct-body",
        words: DISK_FULL,
        routed: Some(&Routed {
            receivers: &[(RECEIVE_DIRECT, &["error"])],
            messages: &[sends("emit-log-direct-body", DISK_FULL, &[]), sends(EMIT_DIRECT, DISK_FULL, &[0])],
            with_senders: true,
        }),
        kept: &[
            Diff,
            Picture(
                "A message with the severity in its body is not delivered; one with the severity as its routing key is.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "emit-log-direct-upper-case",
        words: DISK_FULL,
        routed: Some(&Routed {
            receivers: &[(RECEIVE_DIRECT, &["error"])],
            messages: &[sends("emit-log-direct-upper-case", DISK_FULL, &[]), sends(EMIT_DIRECT, DISK_FULL, &[0])],
            with_senders: true,
        }),
        kept: &[Diff, Picture("A message with the key ERROR does not match a binding with the key error.")],
        ..PLAIN
    },
    // ── Lesson 08
    Scene { name: "receive-logs-direct-4", words: &["warning", "error"], ..PLAIN },
    Scene { name: "receive-logs-direct-5", words: &["warning", "error"], ..PLAIN },
    Scene {
        name: "receive-logs-direct-9",
        words: &["warning", "error"],
        routed: Some(&Routed {
            receivers: &[(RECEIVE_DIRECT, &["warning", "error"])],
            messages: &[
                sends(EMIT_DIRECT, USER, &[]),
                sends(EMIT_DIRECT, DISK_FULL, &[0]),
                sends(EMIT_DIRECT, SLOW, &[0]),
            ],
            ..ROUTED
        }),
        kept: &[Wire, Report, Picture("The whole conversation of lesson 08: one queue, two bindings, two deliveries.")],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-direct-two",
        routed: Some(&Routed {
            receivers: &[(RECEIVE_DIRECT, &["error"]), (RECEIVE_DIRECT, &["info", "warning", "error"])],
            messages: &[sends(EMIT_DIRECT, USER, &[1]), sends(EMIT_DIRECT, DISK_FULL, &[0, 1])],
            ..ROUTED
        }),
        kept: &[Picture(
            "The first receiver gets errors only; the second gets all three severities. An error goes to both.",
        )],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-direct-twice",
        words: &["error", "error"],
        routed: Some(&Routed {
            receivers: &[(RECEIVE_DIRECT, &["error", "error"])],
            messages: &[sends(EMIT_DIRECT, DISK_FULL, &[0])],
            ..ROUTED
        }),
        kept: &[Wire, Printed],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-direct-filter",
        words: &["error"],
        routed: Some(&Routed {
            receivers: &[("receive-logs-direct-filter", &["error"])],
            messages: &[
                sends(EMIT_DIRECT, USER, &[]),
                sends(EMIT_DIRECT, SLOW, &[]),
                sends(EMIT_DIRECT, DISK_FULL, &[0]),
            ],
            ..ROUTED
        }),
        kept: &[Diff, Wire, Printed],
        ..PLAIN
    },
    Scene { name: "receive-logs-direct-default-exchange", words: &["error"], kept: &[Diff, Wire, Printed], ..PLAIN },
    Scene {
        name: "receive-logs-direct-one-queue",
        routed: Some(&Routed {
            receivers: &[("receive-logs-direct-one-queue", &["info"]), ("receive-logs-direct-one-queue", &["error"])],
            messages: &[sends(EMIT_DIRECT, DISK_FULL, &[0]), sends(EMIT_DIRECT, USER, &[1])],
            ..ROUTED
        }),
        kept: &[
            Diff,
            Picture(
                "Two receivers of one queue: the one that asked for info gets the error, and the other gets the info.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-direct-unbind",
        words: &["error", "warning"],
        routed: Some(&Routed {
            receivers: &[("receive-logs-direct-unbind", &["error", "warning"])],
            messages: &[sends(EMIT_DIRECT, DISK_FULL, &[]), sends(EMIT_DIRECT, SLOW, &[0])],
            ..ROUTED
        }),
        kept: &[Diff, Wire],
        ..PLAIN
    },
    // ── Lesson 09
    Scene { name: "emit-log-topic-4", words: KERNEL, ..PLAIN },
    Scene {
        name: "emit-log-topic-6",
        words: KERNEL,
        kept: &[
            Wire,
            Printed,
            Report,
            Picture(
                "The whole conversation of lesson 09: connect, declare a topic exchange, publish with a key of two words, close.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "emit-log-topic-slash",
        words: KERNEL,
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["kern.*"])],
            messages: &[sends("emit-log-topic-slash", KERNEL, &[]), sends(EMIT_TOPIC, KERNEL, &[0])],
            with_senders: true,
        }),
        kept: &[
            Diff,
            Picture("The key kern/critical is one word, and does not match kern.*; the key kern.critical does."),
        ],
        ..PLAIN
    },
    Scene {
        name: "emit-log-topic-severity-first",
        words: KERNEL,
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["kern.*"])],
            messages: &[sends("emit-log-topic-severity-first", KERNEL, &[]), sends(EMIT_TOPIC, KERNEL, &[0])],
            with_senders: true,
        }),
        kept: &[Diff, Picture("The key critical.kern does not match kern.*; the key kern.critical does.")],
        ..PLAIN
    },
    Scene {
        name: "emit-log-topic-empty",
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["*"]), (RECEIVE_TOPIC, &["#"])],
            messages: &[
                sends(EMIT_TOPIC, &["", "no", "key"], &[1]),
                sends(EMIT_TOPIC, &["kern", "one", "word"], &[0, 1]),
            ],
            ..ROUTED
        }),
        kept: &[Picture(
            "An empty key has no word: the receiver with the pattern # gets it, and the one with * does not.",
        )],
        ..PLAIN
    },
    Scene { name: "emit-log-topic-headers", words: KERNEL, kept: &[Diff, Wire], ..PLAIN },
    // ── Lesson 10
    Scene { name: "receive-logs-topic-5", words: &["kern.*", "*.critical"], ..PLAIN },
    Scene {
        name: "receive-logs-topic-9",
        words: &["kern.*", "*.critical"],
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["kern.*", "*.critical"])],
            messages: &[
                sends(EMIT_TOPIC, KERNEL, &[0]),
                sends(EMIT_TOPIC, JOB, &[]),
                sends(EMIT_TOPIC, DISK, &[]),
                sends(EMIT_TOPIC, CRON, &[0]),
            ],
            ..ROUTED
        }),
        kept: &[Wire, Report],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-topic-routed",
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["kern.*", "*.critical"])],
            messages: &[
                sends(EMIT_TOPIC, KERNEL, &[0]),
                sends(EMIT_TOPIC, JOB, &[]),
                sends(EMIT_TOPIC, DISK, &[]),
                sends(EMIT_TOPIC, CRON, &[0]),
            ],
            with_senders: true,
        }),
        kept: &[Picture(
            "Four messages are published; the receiver with the patterns kern.* and *.critical gets two of them.",
        )],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-topic-hash",
        words: &["#"],
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["#"])],
            messages: &[sends(EMIT_TOPIC, KERNEL, &[0]), sends(EMIT_TOPIC, JOB, &[0]), sends(EMIT_TOPIC, DISK, &[0])],
            ..ROUTED
        }),
        kept: &[Wire, Printed],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-topic-exact",
        words: &["kern.critical"],
        routed: Some(&Routed {
            receivers: &[(RECEIVE_TOPIC, &["kern.critical"])],
            messages: &[
                sends(EMIT_TOPIC, BOOTED, &[]),
                sends(EMIT_TOPIC, &["kern.*", "Is", "this", "a", "pattern?"], &[]),
                sends(EMIT_TOPIC, KERNEL, &[0]),
            ],
            ..ROUTED
        }),
        kept: &[Printed],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-topic-direct",
        words: &["kern.*"],
        routed: Some(&Routed {
            receivers: &[("receive-logs-topic-direct", &["kern.*"])],
            messages: &[
                sends("emit-log-topic-direct", KERNEL, &[]),
                sends("emit-log-topic-direct", &["kern.*", "Letter", "for", "letter"], &[0]),
            ],
            ..ROUTED
        }),
        kept: &[Diff, Printed],
        ..PLAIN
    },
    Scene {
        name: "receive-logs-topic-headers",
        words: &["critical"],
        routed: Some(&Routed {
            receivers: &[("receive-logs-topic-headers", &["critical"])],
            messages: &[
                sends("emit-log-topic-headers", KERNEL, &[0]),
                sends("emit-log-topic-headers", BOOTED, &[]),
                sends("emit-log-topic-headers", CRON, &[0]),
            ],
            ..ROUTED
        }),
        kept: &[Diff, Wire, Printed],
        ..PLAIN
    },
];
