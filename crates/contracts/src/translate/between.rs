//! The connection in between: how it is lost, and what is said on it out of turn.

use super::{
    Entry,
    Of::{Line, Reply},
};

pub(super) const ENTRIES: &[Entry] = &[
    // ── It is gone ──
    Entry {
        of: Line,
        pattern: r#"(?:invalid channel state: |InvalidChannelState\()Clos(?:ed|ing)(?: \(|, ")(?<method>[a-z]+\.[a-z-]+)[)"]"#,
        examples: &[
            "invalid channel state: Closed (basic.publish)",
            r#"Error { kind: InvalidChannelState(Closed, "basic.publish"), notifier: None }"#,
            "invalid channel state: Closing (basic.ack)",
        ],
        cause: "The channel was closed before `$method`, so this error is only what came after. An earlier call was refused, and the broker closed the channel for it; or the program closed it itself.",
        remedy: "Look for the first error: pass each one on with `?`, also those that a consumer delivers, and it names the reason. `cargo xtask wire lesson NN` shows what was said, `channel.close` included.",
    },
    Entry {
        of: Line,
        pattern: r#"(?:invalid channel state: |InvalidChannelState\()Error(?: \(|, ")(?<method>[a-z]+\.[a-z-]+)[)"]"#,
        examples: &[
            "invalid channel state: Error (basic.publish)",
            r#"Error { kind: InvalidChannelState(Error, "basic.publish"), notifier: None }"#,
        ],
        cause: "The whole connection was lost before `$method`, and its channels with it, so this error is only what came after.",
        remedy: "Look for the first error: pass each one on with `?`, and it names the reason. The broker's log has its side of it.",
    },
    Entry {
        of: Line,
        pattern: r#"(?:invalid channel state: |InvalidChannelState\()(?:Initial|Reconnecting)(?: \(|, ")(?<method>[a-z]+\.[a-z-]+)[)"]"#,
        examples: &[
            "invalid channel state: Initial (basic.publish)",
            r#"Error { kind: InvalidChannelState(Reconnecting, "basic.publish"), notifier: None }"#,
        ],
        cause: "The channel is not open yet, or the connection is being restored, so `$method` has to wait.",
        remedy: "Use a channel that `connection.create_channel().await?` gave you. With `enable_auto_recover()`, wait and try again.",
    },
    Entry {
        of: Line,
        pattern: r"(?:invalid channel state: |InvalidChannelState\()Clos(?:ed|ing)",
        examples: &[
            "invalid channel state: Closed (channel.close-ok received)",
            r#"Error { kind: InvalidChannelState(Closing, "channel.close-ok sent"), notifier: None }"#,
        ],
        cause: "The channel was closed while this call waited for its answer: by the program, or for an earlier error.",
        remedy: "Look for the first error: pass each one on with `?`, and it names the reason. Close a channel when all that was said on it is answered.",
    },
    Entry {
        of: Line,
        pattern: r"invalid channel state: |InvalidChannelState\(",
        examples: &[
            "invalid channel state: Connected (basic.deliver)",
            r#"Error { kind: InvalidChannelState(Connected, "basic.deliver"), notifier: None }"#,
        ],
        cause: "lapin and the broker don't agree about what goes on on this channel.",
        remedy: "Look for an earlier error, which is the one that matters. `cargo xtask wire lesson NN` shows what was said on the channel.",
    },
    Entry {
        of: Line,
        pattern: r"(?:invalid connection state: |InvalidConnectionState\()(?:Closed|Closing|Error)",
        examples: &[
            "invalid connection state: Closed",
            "Error { kind: InvalidConnectionState(Closed), notifier: None }",
            "invalid connection state: Error",
        ],
        cause: "The connection is closed, so this error is only what came after: an earlier error ended it, or the program did with `connection.close`.",
        remedy: "Look for the first error: pass each one on with `?`, and it names the reason. Close the connection last, when all else is done.",
    },
    Entry {
        of: Line,
        pattern: r"invalid connection state: |InvalidConnectionState\(",
        examples: &[
            "invalid connection state: Connecting",
            "Error { kind: InvalidConnectionState(Reconnecting), notifier: None }",
        ],
        cause: "The connection is not open yet, or is being restored.",
        remedy: "Wait for it: `.await` the call that connects. With `enable_auto_recover()`, try again a little later.",
    },
    Entry {
        of: Line,
        pattern: r"(?:invalid channel: |InvalidChannel\()(?<channel>\d+)",
        examples: &["invalid channel: 1", "Error { kind: InvalidChannel(1), notifier: None }"],
        cause: "The connection has no channel $channel any more: it was closed, or went away with an earlier error.",
        remedy: "Look for the first error. To go on after it, open a new channel with `connection.create_channel().await?`.",
    },
    Entry {
        of: Line,
        pattern: r"no heartbeat received from server|MissingHeartbeatError|AMQPHeartbeatTimeout|missed heartbeats",
        examples: &[
            "no heartbeat received from server for too long",
            "Error { kind: MissingHeartbeatError, notifier: None }",
            "pika.exceptions.AMQPHeartbeatTimeout: No activity or too many missed heartbeats in the last 60 seconds",
        ],
        cause: "The broker was not heard for too long, so the connection counts as lost: the network failed, the computer slept, or the program was too busy to listen.",
        remedy: "In async code, don't block: `tokio::time::sleep` for waiting, `tokio::task::spawn_blocking` for long work. Then check the network, and connect again.",
    },
    Entry {
        of: Line,
        pattern: r"failed printing to std(?:out|err)",
        examples: &["failed printing to stdout: Broken pipe (os error 32)"],
        cause: "Whoever read the program's output is gone, such as a pager that was closed, or `head` that had enough. It has nothing to do with the broker.",
        remedy: "Let the reader read to the end. `writeln!(io::stdout(), …)` gives an error to handle, where `println!` panics.",
    },
    Entry {
        of: Line,
        pattern: r"(?i:connection (?:was )?(?:forcibly closed|reset|aborted)|broken pipe)|Connection(?:Reset|Aborted)|BrokenPipe|os error (?:32|53|54|103|104|10053|10054)\)",
        examples: &[
            "IO error: Connection reset by peer (os error 104)",
            "IO error: connection aborted",
            "IO error: Broken pipe (os error 32)",
            "Error { kind: IOError(Kind(ConnectionAborted)), notifier: None }",
            r#"Error { kind: IOError(Os { code: 104, kind: ConnectionReset, message: "Connection reset by peer" }), notifier: None }"#,
            "pika.exceptions.StreamLostError: Stream connection lost: ConnectionResetError(104, 'Connection reset by peer')",
            "IO error: An existing connection was forcibly closed by the remote host. (os error 10054)",
        ],
        cause: "The other side hung up without a word: the broker was stopped, is only starting, or gave up on a program that it heard nothing from. Or the network failed.",
        remedy: "`cargo xtask broker status` tells whether the broker is up, and its log why it hung up. If it was starting, try again in some seconds.",
    },
    Entry {
        of: Line,
        pattern: r"(?i:unexpected end of file|early eof)|UnexpectedEof|StreamLostError|Transport indicated EOF",
        examples: &[
            "IO error: unexpected end of file",
            r#"Error { kind: IOError(Custom { kind: UnexpectedEof, error: "early eof" }), notifier: None }"#,
            "pika.exceptions.StreamLostError: Transport indicated EOF",
        ],
        cause: "The connection ended in the middle: the broker was stopped, or gave up on a program that it heard nothing from, or something between the two cut it.",
        remedy: "`cargo xtask broker status` tells whether the broker is up, and its log why it hung up. Then connect again.",
    },
    Entry {
        of: Line,
        pattern: r"(?i:too many open files)|os error (?:24|10024)\)",
        examples: &["IO error: Too many open files (os error 24)"],
        cause: "The program has so many connections or files open that the system gives it no more. Often it connects anew for each message.",
        remedy: "Connect once, at the start, and use that connection for all messages. Close what you don't need any more.",
    },
    Entry {
        of: Line,
        pattern: r"(?i:cannot assign requested address)|os error (?:99|49|10049)\)",
        examples: &["IO error: Cannot assign requested address (os error 99)"],
        cause: "The system has no way to begin a connection to that address: it is not one that can be reached from here, or so many connections were opened that no number is left for one more.",
        remedy: "Check the host in AMQP_URL. Connect once, at the start, and use that connection for all messages.",
    },
    // ── The broker ended it ──
    Entry {
        of: Reply(&[320]),
        pattern: r"broker forced connection closure with reason 'shutdown'",
        examples: &["CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'"],
        cause: "The broker is being stopped, and says goodbye to all programs.",
        remedy: "Start it again with `cargo xtask broker up`, or as you started it, and then the program. Durable queues are there again; of their messages, those with delivery mode 2.",
    },
    Entry {
        of: Reply(&[320]),
        pattern: r"vhost '(?<vhost>.*?)' is deleted",
        examples: &["CONNECTION_FORCED - vhost 'shop' is deleted"],
        cause: "Somebody deleted the vhost `$vhost`, with its queues, while the program was using it.",
        remedy: "Use another vhost, or have it made again with `sudo rabbitmqctl add_vhost NAME`. All queues in it must be declared anew.",
    },
    Entry {
        of: Reply(&[320]),
        pattern: r"CONNECTION_FORCED - (?<why>[^:]+)",
        examples: &["CONNECTION_FORCED - closed by a teacher"],
        cause: "Somebody who looks after the broker closed this connection, and says: $why.",
        remedy: "Ask them, or connect again. A program that shall live with this connects anew by itself, a little later each time.",
    },
    // ── There are too many channels ──
    Entry {
        of: Line,
        pattern: r"maximum number of channels|ChannelsLimitReached|NoFreeChannels",
        examples: &[
            "the maximum number of channels for this connection has been reached",
            "Error { kind: ChannelsLimitReached, notifier: None }",
            "pika.exceptions.NoFreeChannels",
        ],
        cause: "The program has as many channels on this connection as the broker allows, and opens one more.",
        remedy: "Open a channel once and keep it, not one for each message. Close those that are not needed.",
    },
    Entry {
        of: Reply(&[530]),
        pattern: r"number of channels opened \((?<open>\d+)\) has reached the negotiated channel_max \((?<most>\d+)\)",
        examples: &["NOT_ALLOWED - number of channels opened (2047) has reached the negotiated channel_max (2047)"],
        cause: "The program has $open channels on this connection, and $most is the most that the two agreed on.",
        remedy: "Open a channel once and keep it, not one for each message. Close those that are not needed.",
    },
    // ── Something was said out of turn ──
    Entry {
        of: Reply(&[504]),
        pattern: r"expected 'channel\.open'",
        examples: &["CHANNEL_ERROR - expected 'channel.open'"],
        cause: "The program says something on a channel that is not open: it never was, or it was closed before.",
        remedy: "[[await_each]] After an error on a channel, go on with a new one: [[channel]].",
    },
    Entry {
        of: Reply(&[504]),
        pattern: r"second 'channel\.open' seen",
        examples: &["CHANNEL_ERROR - second 'channel.open' seen"],
        cause: "The program opens a channel that is open already.",
        remedy: "Let the client library number the channels: [[channel]] takes a free one.",
    },
    Entry {
        of: Reply(&[504]),
        pattern: r"unexpected method in connection state (?<state>\w+)",
        examples: &["CHANNEL_ERROR - unexpected method in connection state running"],
        cause: "The program says something on the connection itself that has no place there while it is $state.",
        remedy: "Let a client library do the talking. If one did, look for two threads or processes that use the same connection.",
    },
    Entry {
        of: Reply(&[501]),
        pattern: r"\{frame_too_large,(?<size>\d+),(?<most>\d+)\}",
        examples: &["FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,5000,4088}"],
        cause: "A frame came with $size bytes, and the two agreed on $most at most.",
        remedy: "Let a client library cut messages into frames: lapin and Pika do. Leave `frame_max` out of the address.",
    },
    Entry {
        of: Reply(&[503]),
        pattern: r"unimplemented method",
        examples: &["COMMAND_INVALID - unimplemented method"],
        cause: "The program calls a method that this broker does not have.",
        remedy: "Do without it: the lessons need none that a broker may lack.",
    },
];
