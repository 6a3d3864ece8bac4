//! Messages on their way to the broker: publishing, confirms and transactions.

use super::{
    Entry,
    Of::{Line, Reply},
};

pub(super) const ENTRIES: &[Entry] = &[
    // ── Publishing ──
    Entry {
        of: Reply(&[403]),
        pattern: r"cannot publish to internal exchange '(?<exchange>.*?)' in vhost '(?<vhost>.*?)'",
        examples: &["ACCESS_REFUSED - cannot publish to internal exchange 'logs' in vhost '/'"],
        cause: "The exchange `$exchange` in the vhost `$vhost` was declared as internal: it takes messages from other exchanges only.",
        remedy: "Publish to an exchange that it is bound to, or declare it without `internal`, under another name.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"message size (?<size>\d+) is larger than (?:configured )?max size (?<most>\d+)",
        examples: &[
            "PRECONDITION_FAILED - message size 17825792 is larger than configured max size 16777216",
            "PRECONDITION_FAILED - message size 134217729 is larger than max size 134217728",
        ],
        cause: "The message has $size bytes, and the broker takes no more than $most in one.",
        remedy: "Put what is large somewhere else, and send where it is. Or cut it into several messages.",
    },
    Entry {
        of: Reply(&[501]),
        pattern: r"content body size (?<size>\d+) exceeds maximum allowed size (?<most>\d+)",
        examples: &["FRAME_ERROR - content body size 629145600 exceeds maximum allowed size 536870912"],
        cause: "The message has $size bytes, and the broker takes no more than $most in one.",
        remedy: "Put what is large somewhere else, and send where it is. Or cut it into several messages.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"user_id property set to '(?<claimed>.*?)' but authenticated user was '(?<user>.*?)'",
        examples: &["PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'guest'"],
        cause: "The message says that it is from `$claimed`, and the program is logged in as `$user`.",
        remedy: "Leave [[user_id]] out, or give it the name that the program logs in with.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid expiration '(?<value>.*?)':",
        examples: &[
            "PRECONDITION_FAILED - invalid expiration '5 s': {leftover_string,\" s\"}",
            "PRECONDITION_FAILED - invalid expiration 'soon': no_integer",
        ],
        cause: "A message's expiration is text with a whole number of milliseconds in it, and `$value` is none.",
        remedy: "For five seconds, write [[expiration]].",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid message: \{delivery_mode_unknown,(?<mode>\d+)\}",
        examples: &["PRECONDITION_FAILED - invalid message: {delivery_mode_unknown,0}"],
        cause: "The message has the delivery mode $mode, and there are two: 1 for one that may be lost in a restart, 2 for one that is kept.",
        remedy: "Write [[persistent]] to have it kept, or leave the mode out.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r#"invalid message: \{unacceptable_type_in_header,"(?<header>\w+)""#,
        examples: &["PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,\"CC\",longstr}"],
        cause: "The header `$header` names further routing keys for the broker, so it must be a list of texts, and it is something else.",
        remedy: "Make it a list[[list]]. If it has another meaning for you, call it otherwise.",
    },
    Entry {
        of: Reply(&[312]),
        pattern: "",
        examples: &["NO_ROUTE"],
        cause: "The message comes back, because its publisher set `mandatory` and no queue takes it: no queue has that name, or none is bound with a key that fits.",
        remedy: "Declare the queue, and bind it, before you publish. `cargo xtask broker queues` and `cargo xtask broker bindings` list what there is.",
    },
    Entry {
        of: Reply(&[540]),
        pattern: r"immediate=true",
        examples: &["NOT_IMPLEMENTED - immediate=true"],
        cause: "The program publishes with `immediate`, a flag that RabbitMQ does not have any more.",
        remedy: "Leave it out. To hear of a message that no queue takes, set `mandatory`.",
    },
    // ── Confirms and transactions ──
    Entry {
        of: Reply(&[406]),
        pattern: r"cannot switch from (?<from>tx|confirm) to (?<to>tx|confirm) mode",
        examples: &[
            "PRECONDITION_FAILED - cannot switch from tx to confirm mode",
            "PRECONDITION_FAILED - cannot switch from confirm to tx mode",
        ],
        cause: "This channel is in $from mode, and can't change to $to mode: a channel has either transactions (tx) or confirms.",
        remedy: "Decide for one, [[transaction]] or [[confirm]], or use a channel for each.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"channel is not transactional",
        examples: &["PRECONDITION_FAILED - channel is not transactional"],
        cause: "The program ends a transaction on a channel that has none.",
        remedy: "Call [[transaction]] on the same channel first. To know that messages arrived, [[confirm]] is enough.",
    },
    // ── In the program ──
    Entry {
        of: Line,
        pattern: r"future polled after completion|FutureCompleted",
        examples: &["future polled after completion", "Error { kind: FutureCompleted, notifier: None }"],
        cause: "The program waits a second time for a confirm that it has already.",
        remedy: "Await each `PublisherConfirm` once, and keep what it says in a variable.",
    },
    Entry {
        of: Line,
        pattern: r"ShortString exceeds maximum length|ShortStringTooLong|Short String can contain up to 255",
        examples: &[
            "ShortString exceeds maximum length: ShortStringError(300)",
            "ShortString exceeds maximum length of 255 bytes (got 300)",
            "pika.exceptions.ShortStringTooLong: b'a-name-of-300-bytes'",
        ],
        cause: "A name is longer than 255 bytes: that is the most for queues, exchanges, routing keys, consumer tags and a message's labels.",
        remedy: "Choose a shorter name. What is long belongs in the body.",
    },
    Entry {
        of: Line,
        pattern: r"failed to serialise|SerialisationError",
        examples: &[
            "failed to serialise: InvalidOffset",
            "Error { kind: SerialisationError(InvalidOffset), notifier: None }",
        ],
        cause: "lapin can't put into bytes what the program says: something in it is too large for AMQP, such as a message's headers.",
        remedy: "Make headers and arguments smaller. What is large belongs in the body.",
    },
    Entry {
        of: Line,
        pattern: r"UnroutableError",
        examples: &["pika.exceptions.UnroutableError: 1 unroutable message(s) returned"],
        cause: "The message comes back, because it is mandatory and no queue takes it: no queue has that name, or none is bound with a key that fits.",
        remedy: "Declare the queue, and bind it, before you publish. `cargo xtask broker queues` and `cargo xtask broker bindings` list what there is.",
    },
    Entry {
        of: Line,
        pattern: r"NackError",
        examples: &["pika.exceptions.NackError: 1 message(s) NACKed"],
        cause: "The broker could not take the message, for instance because its queue is full and refuses more.",
        remedy: "Publish it again later. `cargo xtask broker queues` shows how many messages wait.",
    },
];
