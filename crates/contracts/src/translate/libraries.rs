//! What libraries add: tokio and lapin in Rust, Pika in Python.

use super::{Entry, Of::Line};

pub(super) const ENTRIES: &[Entry] = &[
    // ── tokio ──
    Entry {
        of: Line,
        pattern: r"there is no reactor running|no tokio runtime: use",
        examples: &[
            "there is no reactor running, must be called from the context of a Tokio 1.x runtime",
            "IO error: no tokio runtime: use Runtime::tokio() or Runtime::tokio_with_handle()",
        ],
        cause: "lapin's calls, as tokio's own, need a tokio runtime, and none runs here.",
        remedy: "Put `#[tokio::main]` above `async fn main`, and `.await` in place of another library's `block_on`. In a thread of your own, use the `block_on` of a `tokio::runtime::Handle`.",
    },
    Entry {
        of: Line,
        pattern: r"no default configured runtime|NoDefaultRuntime",
        examples: &["no default configured runtime", "Error { kind: NoDefaultRuntime, notifier: None }"],
        cause: "lapin was built without a runtime to work with.",
        remedy: "Switch its feature on in Cargo.toml: `lapin = { version = \"4\", default-features = false, features = [\"tokio\"] }`.",
    },
    Entry {
        of: Line,
        pattern: r"context was found, but (?:IO is|timers are) disabled",
        examples: &[
            "A Tokio 1.x context was found, but IO is disabled. Call `enable_io` on the runtime builder to enable IO.",
            "A Tokio 1.x context was found, but timers are disabled. Call `enable_time` on the runtime builder to enable timers.",
        ],
        cause: "The tokio runtime was built by hand, without the part that this call needs.",
        remedy: "Call `enable_all()` on the builder before `build()`, or use `#[tokio::main]`, which does.",
    },
    Entry {
        of: Line,
        pattern: r"Cannot (?:start|drop) a runtime",
        examples: &[
            "Cannot start a runtime from within a runtime. This happens because a function (like `block_on`) attempted to block the current thread while the thread is being used to drive asynchronous tasks.",
            "Cannot drop a runtime in a context where blocking is not allowed.",
        ],
        cause: "The program is in async code already, and starts a second runtime there, or ends one.",
        remedy: "Write `.await` in the place of `block_on`. One runtime, from `#[tokio::main]`, is enough for a program.",
    },
    Entry {
        of: Line,
        pattern: r"runtime shutdown error|RuntimeShutdownError|context was found, but it is being shutdown",
        examples: &[
            "runtime shutdown error: A Tokio 1.x context was found, but it is being shutdown.",
            r#"Error { kind: RuntimeShutdownError(Custom { kind: Other, error: "A Tokio 1.x context was found, but it is being shutdown." }), notifier: None }"#,
        ],
        cause: "The runtime ended while the connection was still at work, because `main` returned first.",
        remedy: "Wait for all that is under way, and at the end for `connection.close(200, \"Goodbye\".into()).await?`.",
    },
    Entry {
        of: Line,
        pattern: r"\btask \d+ panicked|JoinError::Panic",
        examples: &[
            "task 12 panicked with message \"no such queue\"",
            "JoinError::Panic(Id(12), \"no such queue\", ...)",
        ],
        cause: "A task that the program started with `tokio::spawn` panicked.",
        remedy: "What it said stands above this line. In a task, return errors rather than `unwrap()`, and look at what its handle gives.",
    },
    Entry {
        of: Line,
        pattern: r"\btask \d+ was cancelled|JoinError::Cancelled",
        examples: &["task 12 was cancelled", "JoinError::Cancelled(Id(12))"],
        cause: "The program waits for a task that was aborted, and an aborted task has no result.",
        remedy: "After `abort()`, don't unwrap what the task's handle gives.",
    },
    // ── Pika ──
    Entry {
        of: Line,
        pattern: r"ChannelWrongStateError|Channel is clos(?:ed|ing)",
        examples: &["pika.exceptions.ChannelWrongStateError: Channel is closed."],
        cause: "The channel was closed before, so this error is only what came after: an earlier call was refused, and the broker closed the channel for it.",
        remedy: "Look for the first error, maybe in an `except` that goes on silently: `ChannelClosedByBroker` has the reason. To go on after it, open a new channel with `connection.channel()`.",
    },
    Entry {
        of: Line,
        pattern: r"ConnectionWrongStateError|[Aa]ttempted to send a frame on closed connection",
        examples: &[
            "pika.exceptions.ConnectionWrongStateError: BlockingConnection.close(200, 'Normal shutdown') called on closed connection.",
        ],
        cause: "The connection is closed already: by the program, or after an earlier error.",
        remedy: "Look for the first error, maybe in an `except` that goes on silently. Close the connection once, at the end.",
    },
    Entry {
        of: Line,
        pattern: r"ConnectionBlockedTimeout",
        examples: &["pika.exceptions.ConnectionBlockedTimeout: Blocked connection timeout expired."],
        cause: "The broker is short of disk or memory and reads nothing from who publishes, and that lasted longer than the program wants to wait.",
        remedy: "Make room for the broker: its log says of what it is short. With the kit's own broker, `cargo xtask broker alarm clear` ends an alarm.",
    },
    Entry {
        of: Line,
        pattern: r"pika\.exceptions\.AMQPConnectionError|AMQPConnectorSocketConnectError|AMQPConnectionWorkflowFailed",
        examples: &["pika.exceptions.AMQPConnectionError"],
        cause: "Pika got no connection, and most often that means that no broker listens at that address.",
        remedy: "`cargo xtask broker status` tells whether one is up, and `cargo xtask broker up` starts one. If yours is elsewhere, give host and port in the `ConnectionParameters`.",
    },
];
