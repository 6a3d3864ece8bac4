//! Messages on their way from the broker: subscribing, receiving, acknowledging, and replies.

use super::{
    Entry,
    Of::{Line, Reply},
};

pub(super) const ENTRIES: &[Entry] = &[
    // ── Acknowledging ──
    Entry {
        of: Reply(&[406]),
        pattern: r"unknown delivery tag (?<tag>\d+)",
        examples: &["PRECONDITION_FAILED - unknown delivery tag 1"],
        cause: "No delivery $tag waits for an acknowledgement on this channel: it was acknowledged before, or came on another channel, or the subscription does without acknowledgements ([[auto_ack]]).",
        remedy: "Acknowledge each delivery once, and on its own channel, with [[ack]]. A subscription without acknowledgements ([[auto_ack]]) needs none at all.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"delivery acknowledgement on channel (?<channel>\d+) timed out\. Timeout value used: (?<time>\d+) ms",
        examples: &[
            "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out. Timeout value used: 1800000 ms. This timeout value can be configured, see consumers doc guide to learn more",
        ],
        cause: "A delivery on channel $channel was not acknowledged within $time ms, so the broker takes its messages back and closes the channel.",
        remedy: "Acknowledge each message as soon as its work is done. With [[qos_one]] none waits behind a slow one; split up a task that takes that long.",
    },
    // ── Subscribing ──
    Entry {
        of: Reply(&[530]),
        pattern: r"attempt to reuse consumer tag '(?<tag>.*?)'",
        examples: &["NOT_ALLOWED - attempt to reuse consumer tag 'worker'"],
        cause: "The program subscribes with the consumer tag `$tag`, and a subscription on this channel has that tag already.",
        remedy: "Give [[consume_name]] another tag, or an empty one (`\"\"`), and the broker makes one up.",
    },
    Entry {
        of: Reply(&[530]),
        pattern: r"reached maximum \((?<most>\d+)\) of consumers",
        examples: &["NOT_ALLOWED - reached maximum (10) of consumers per channel"],
        cause: "The program has $most subscriptions, and the broker allows no more.",
        remedy: "Subscribe once, with [[consume_name]], and receive in a loop. Calling it again for each message makes a new subscription each time.",
    },
    Entry {
        of: Reply(&[540]),
        pattern: r"prefetch_size!=0 \((?<size>\d+)\)",
        examples: &["NOT_IMPLEMENTED - prefetch_size!=0 (1024)"],
        cause: "The program limits by size ($size bytes) what is sent to it ahead, and RabbitMQ limits by number only.",
        remedy: "Leave the size at 0 and set the count: [[qos]].",
    },
    Entry {
        of: Reply(&[540]),
        pattern: r"queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)' does not support global qos",
        examples: &["NOT_IMPLEMENTED - queue 'hello' in vhost '/' does not support global qos"],
        cause: "The prefetch limit was set with `global`, for all of the channel's consumers together, and the queue `$queue` in the vhost `$vhost` is of a type that does not know this.",
        remedy: "Leave `global` out: [[qos]].",
    },
    Entry {
        of: Reply(&[540]),
        pattern: r"requeue=false",
        examples: &["NOT_IMPLEMENTED - requeue=false"],
        cause: "The program asks for its unacknowledged messages again and says that they shall not go back into the queue, which RabbitMQ can't do.",
        remedy: "[[requeue]]",
    },
    Entry {
        of: Reply(&[540]),
        pattern: r"active=false",
        examples: &["NOT_IMPLEMENTED - active=false"],
        cause: "The program asks the broker to hold its messages back (`channel.flow`), and RabbitMQ does not do that.",
        remedy: "Limit what is sent to you ahead, with [[qos_one]], and acknowledge what you are done with.",
    },
    // ── Replies, as in RPC ──
    Entry {
        of: Reply(&[406]),
        pattern: r"fast reply consumer does not exist",
        examples: &["PRECONDITION_FAILED - fast reply consumer does not exist"],
        cause: "The request asks for its reply through `amq.rabbitmq.reply-to`, and this channel does not consume from there yet.",
        remedy: "First consume from `amq.rabbitmq.reply-to` without acknowledgements ([[auto_ack]]), then publish the request, both on the same channel.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"reply consumer cannot acknowledge",
        examples: &["PRECONDITION_FAILED - reply consumer cannot acknowledge"],
        cause: "Replies through `amq.rabbitmq.reply-to` are in no queue, so there is nothing to acknowledge.",
        remedy: "Consume from it without acknowledgements ([[auto_ack]]).",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"reply consumer already set",
        examples: &["PRECONDITION_FAILED - reply consumer already set"],
        cause: "This channel consumes from `amq.rabbitmq.reply-to` already, and it can do so once.",
        remedy: "Subscribe once, before the first request, and tell the replies apart by their `correlation_id`.",
    },
    // ── In the program ──
    Entry {
        of: Line,
        pattern: r"invalid utf-8 sequence|incomplete utf-8 byte sequence|Utf8Error|codec can't decode byte",
        examples: &[
            "invalid utf-8 sequence of 1 bytes from index 0",
            "called `Result::unwrap()` on an `Err` value: Utf8Error { valid_up_to: 0, error_len: Some(1) }",
            "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        ],
        cause: "The program takes a body for text, and its bytes are not UTF-8. A body can be anything: the broker never looks into it.",
        remedy: "Make text of it with [[text]], where it is text. Or have sender and receiver agree on what they send.",
    },
    Entry {
        of: Line,
        pattern: r"deadline has elapsed|Elapsed\(\(\)\)",
        examples: &["deadline has elapsed", "called `Result::unwrap()` on an `Err` value: Elapsed(())"],
        cause: "The program set itself a time limit, and what it waits for did not come in time.",
        remedy: "`cargo xtask broker queues` shows where messages wait, and whether anybody consumes. For a reply to a request: does the server run, and copy `reply_to` and `correlation_id`?",
    },
    Entry {
        of: Line,
        pattern: r"ConsumerCancelled",
        examples: &["pika.exceptions.ConsumerCancelled"],
        cause: "The broker ended the subscription: its queue was deleted, or moved away.",
        remedy: "Find out who deletes it. Declare the queue again, and subscribe again.",
    },
    Entry {
        of: Line,
        pattern: r"DuplicateConsumerTag",
        examples: &["pika.exceptions.DuplicateConsumerTag: worker"],
        cause: "The program subscribes with a consumer tag that a subscription on this channel has already.",
        remedy: "Leave the tag out of `basic_consume`, and one is made up.",
    },
];
