//! Queues and exchanges: what they are like, and can't be like.

use super::{Entry, Of::Reply};

pub(super) const ENTRIES: &[Entry] = &[
    // ── They are there, and different ──
    Entry {
        of: Reply(&[406]),
        pattern: r"inequivalent arg 'type' for exchange '(?<exchange>.*?)' in vhost '(?<vhost>.*?)': received '(?<received>.*?)' but current is '(?<current>.*?)'",
        examples: &[
            "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'logs' in vhost '/': received 'topic' but current is 'fanout'",
        ],
        cause: "The exchange `$exchange` exists already in the vhost `$vhost`, with the type `$current`; this program asks for `$received`. An exchange never changes its type.",
        remedy: "Ask for `$current`, or take another name. Or delete the exchange once, with [[delete_exchange]], if no other program needs it as it is.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"inequivalent arg '(?<argument>.*?)' for (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)': received '(?<received>.*?)' but current is '(?<current>.*?)'",
        examples: &[
            "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'hello' in vhost '/': received 'false' but current is 'true'",
            "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'hello' in vhost '/': received 'quorum' but current is 'classic'",
        ],
        cause: "The $kind `$name` exists already in the vhost `$vhost`, and there `$argument` is `$current`; this program asks for `$received`. What is there never changes.",
        remedy: "Ask for `$current` in every program, or take another name. Or delete the $kind, with all that is in it, and let it be declared anew: `sudo rabbitmqctl delete_queue NAME`, or `cargo xtask broker down` and `up`.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"inequivalent arg '(?<argument>.*?)' for (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)': received none but current is the value '(?<current>.*?)' of type",
        examples: &[
            "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'hello' in vhost '/': received none but current is the value '60000' of type 'signedint'",
        ],
        cause: "The $kind `$name` exists already in the vhost `$vhost`, and was declared with the argument `$argument`, which is `$current`. This program declares it without.",
        remedy: "Give the same argument in every program that declares it, or take another name. Or delete the $kind, with all that is in it, and let it be declared anew.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"inequivalent arg '(?<argument>.*?)' for (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)': received the value '(?<received>.*?)' of type '\w+' but current is none",
        examples: &[
            "PRECONDITION_FAILED - inequivalent arg 'x-dead-letter-exchange' for queue 'hello' in vhost '/': received the value 'dlx' of type 'longstr' but current is none",
        ],
        cause: "The $kind `$name` exists already in the vhost `$vhost`, and was declared without the argument `$argument`. This program gives it, as `$received`.",
        remedy: "Leave the argument out, or take another name. Or delete the $kind, with all that is in it, and let it be declared anew with the argument.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"inequivalent arg '(?<argument>.*?)' for (?<kind>queue|exchange) '(?<name>.*?)'",
        examples: &[
            "PRECONDITION_FAILED - inequivalent arg 'durable' for queue 'a-name-so-long-that-the-rest-is-cut-off' in vh...",
        ],
        cause: "The $kind `$name` exists already, and there `$argument` is not what the program asks for. What is there never changes.",
        remedy: "Declare it with the same flags and arguments in every program, or take another name. Or delete the $kind, with all that is in it, and let it be declared anew.",
    },
    // ── They can't be like that ──
    Entry {
        of: Reply(&[406, 503]),
        pattern: r"(?:unknown|invalid) exchange type '(?<kind>.*?)'",
        examples: &[
            "PRECONDITION_FAILED - unknown exchange type 'bogus'",
            "COMMAND_INVALID - unknown exchange type 'bogus'",
            "PRECONDITION_FAILED - invalid exchange type ''",
        ],
        cause: "The program declares an exchange of the type `$kind`, and the broker has no such type.",
        remedy: "There are `direct`, `fanout`, `topic` and `headers`, in small letters[[exchange_kind]]. Others come with plugins of the broker.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid arg '(?<argument>.*?)' for queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)' of queue type rabbit_(?<kind>[a-z]+)_queue",
        examples: &[
            "PRECONDITION_FAILED - invalid arg 'x-stream-offset' for queue 'hello' in vhost '/' of queue type rabbit_classic_queue",
        ],
        cause: "The queue `$queue` in the vhost `$vhost` is of the type `$kind`, and that type has no argument `$argument`.",
        remedy: "Leave the argument out, or declare a queue of a type that has it, with the argument `x-queue-type`.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r#"invalid arg 'x-queue-type' for queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)': "unsupported queue type '(?<kind>.*?)'"#,
        examples: &[
            "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'hello' in vhost '/': \"unsupported queue type 'fancy'\"",
        ],
        cause: "The queue `$queue` can't be declared in the vhost `$vhost`: the broker has no queues of the type `$kind`.",
        remedy: "The types are `classic`, `quorum` and `stream`. Without the argument `x-queue-type` it is `classic`, unless the vhost says otherwise.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r#"invalid arg '(?<argument>.*?)' for queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)': "expected (?<wanted>\w+), got (?<got>\w+)"#,
        examples: &[
            "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'hello' in vhost '/': \"expected integer, got longstr\"",
        ],
        cause: "For the queue `$queue` in the vhost `$vhost`, the argument `$argument` must be of the type $wanted, and the program sends $got (longstr is text).",
        remedy: "Send it in that type, so a number without quotes around it[[number]].",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid arg '(?<argument>.*?)' for queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)': \{value_negative,(?<value>-\d+)\}",
        examples: &[
            "PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'hello' in vhost '/': {value_negative,-1}",
        ],
        cause: "For the queue `$queue` in the vhost `$vhost`, the argument `$argument` is $value, and it can't be less than 0.",
        remedy: "Send a number from 0 up; where there shall be no limit, leave the argument out.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)': routing_key_but_no_dlx_defined",
        examples: &[
            "PRECONDITION_FAILED - invalid arg 'x-dead-letter-routing-key' for queue 'hello' in vhost '/': routing_key_but_no_dlx_defined",
        ],
        cause: "The queue `$queue` in the vhost `$vhost` is told which routing key dead letters get, and not which exchange takes them.",
        remedy: "Add the argument `x-dead-letter-exchange`; `\"\"` stands for the default exchange. Or leave `x-dead-letter-routing-key` out.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid arg '(?<argument>.*?)' for queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)': (?<why>[^:]+)",
        examples: &[
            "PRECONDITION_FAILED - invalid arg 'x-overflow' for queue 'hello' in vhost '/': invalid_overflow",
            "PRECONDITION_FAILED - invalid arg 'x-queue-mode' for queue 'hello' in vhost '/': {unacceptable_type,signedint}",
        ],
        cause: "The broker does not understand the argument `$argument` for the queue `$queue` in the vhost `$vhost`; in its words: $why.",
        remedy: "Check the value and its type (text or number) against RabbitMQ's page about it, or leave the argument out: the lessons need none.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid type '(?<got>.*?)' for arg '(?<argument>.*?)' in (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)'",
        examples: &[
            "PRECONDITION_FAILED - invalid type 'signedint' for arg 'x-dead-letter-exchange' in queue 'hello' in vhost '/'",
        ],
        cause: "For the $kind `$name` in the vhost `$vhost`, the argument `$argument` names an exchange, so it must be text, and the program sends a $got.",
        remedy: "Send it as text[[long_string]].",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"invalid property '(?<property>.*?)' for queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)'",
        examples: &[
            "PRECONDITION_FAILED - invalid property 'non-durable' for queue 'hello' in vhost '/'",
            "PRECONDITION_FAILED - invalid property 'exclusive-owner' for queue 'hello' in vhost '/'",
        ],
        cause: "The queue `$queue` in the vhost `$vhost` is declared as `$property`, and queues of the type that the program asks for can't be: they are durable, and shared.",
        remedy: "Declare it durable ([[durable]]), and leave `exclusive` and [[auto_delete]] out. Or leave the argument `x-queue-type` out.",
    },
    Entry {
        of: Reply(&[541]),
        pattern: r"Feature \W?transient_nonexcl_queues\W? is deprecated",
        examples: &[
            "INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated.\nBy default, this feature is not permitted anymore.",
        ],
        cause: "The queue is neither durable nor exclusive, and RabbitMQ 4.3 refuses such queues by default.",
        remedy: "Declare it durable (in [[name]], [[durable]]), in every program that declares it.",
    },
    Entry {
        of: Reply(&[540]),
        pattern: r"queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)': streams are not part",
        examples: &["NOT_IMPLEMENTED - queue 'hello' in vhost '/': streams are not part of this teaching broker"],
        cause: "The queue `$queue` in the vhost `$vhost` shall be a stream, and the kit's own broker has no streams.",
        remedy: "Leave the argument `x-queue-type` out, or use RabbitMQ itself.",
    },
];
