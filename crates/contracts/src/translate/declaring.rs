//! Queues and exchanges: whether they are there, whose they are, and how many there may be.

use super::{Entry, Of::Reply};

pub(super) const ENTRIES: &[Entry] = &[
    // ── They are not there ──
    Entry {
        of: Reply(&[404]),
        pattern: r"no queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)'",
        examples: &["NOT_FOUND - no queue 'hello' in vhost '/'"],
        cause: "There is no queue `$queue` in the vhost `$vhost`: nobody declared it, or it was deleted, or its name is spelt differently elsewhere.",
        remedy: "Declare it before you use it, in this program as well: [[declare]]. `cargo xtask broker queues` lists what there is.",
    },
    Entry {
        of: Reply(&[404]),
        pattern: r"no exchange '(?<exchange>.*?)' in vhost '(?<vhost>.*?)'",
        examples: &["NOT_FOUND - no exchange 'logs' in vhost '/'"],
        cause: "There is no exchange `$exchange` in the vhost `$vhost`. Publishing has no answer, so when a message was meant for it, the error comes out of a later call.",
        remedy: "Declare it before you publish to it or bind to it: [[declare_exchange]]. To reach a queue by its own name, publish to the exchange `\"\"` instead.",
    },
    Entry {
        of: Reply(&[404]),
        pattern: r"no previously declared queue",
        examples: &["NOT_FOUND - no previously declared queue"],
        cause: "An empty queue name means the queue that this channel declared last, and it declared none.",
        remedy: "Give the queue's name. Where the broker chose it, the answer to the declaration has it[[declared_name]].",
    },
    // ── They belong to somebody ──
    Entry {
        of: Reply(&[405]),
        pattern: r"access to locked queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)'",
        examples: &[
            "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'hello' in vhost '/'. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.",
        ],
        cause: "The queue `$queue` in the vhost `$vhost` was declared exclusive by another connection, which has it to itself. Or it is there for everybody, and this program asks for it exclusively.",
        remedy: "Where programs share a queue, [[exclusive_off]]. Where each program needs a queue of its own, let the broker choose the name: [[named_by_broker]].",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)' in exclusive use",
        examples: &["ACCESS_REFUSED - queue 'hello' in vhost '/' in exclusive use"],
        cause: "One consumer wants the queue `$queue` in the vhost `$vhost` to itself, and there is another one.",
        remedy: "End the other program, or [[exclusive_consumer_off]]: `cargo xtask broker connections` lists who is connected.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"configure access to (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)' refused for user '(?<user>.*?)'",
        examples: &["ACCESS_REFUSED - configure access to queue 'hello' in vhost '/' refused for user 'ann'"],
        cause: "The account `$user` may not declare or delete the $kind `$name` in the vhost `$vhost`.",
        remedy: "Allow it: the first of the three patterns in `sudo rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'` says which names it may configure.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"write access to (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)' refused for user '(?<user>.*?)'",
        examples: &["ACCESS_REFUSED - write access to exchange 'logs' in vhost '/' refused for user 'ann'"],
        cause: "The account `$user` may not write to the $kind `$name` in the vhost `$vhost`: publishing needs that of the exchange, and binding a queue needs it of the queue.",
        remedy: "Allow it: the second of the three patterns in `sudo rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'` says to which names it may write.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"read access to (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)' refused for user '(?<user>.*?)'",
        examples: &["ACCESS_REFUSED - read access to queue 'hello' in vhost '/' refused for user 'ann'"],
        cause: "The account `$user` may not read from the $kind `$name` in the vhost `$vhost`: consuming needs that of the queue, and binding a queue needs it of the exchange.",
        remedy: "Allow it: the third of the three patterns in `sudo rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'` says from which names it may read.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"access to topic '(?<key>.*?)' in exchange topic '(?<exchange>.*?)' in vhost '(?<vhost>.*?)' refused for user '(?<user>.*?)'",
        examples: &[
            "ACCESS_REFUSED - write access to topic 'kern.info' in exchange topic 'logs' in vhost '/' refused for user 'ann'",
            "ACCESS_REFUSED - access to topic 'kern.info' in exchange topic 'logs' in vhost '/' refused for user 'ann'",
        ],
        cause: "The account `$user` may use the exchange `$exchange` in the vhost `$vhost`, and not with the routing key `$key`.",
        remedy: "Use a routing key that it may use, or allow this one: `sudo rabbitmqctl set_topic_permissions -p VHOST USER EXCHANGE '.*' '.*'`.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"access to (?<kind>queue|exchange) '(?<name>.*?)' in vhost '(?<vhost>.*?)' refused for user '(?<user>.*?)'",
        examples: &["ACCESS_REFUSED - access to queue 'hello' in vhost '/' refused for user 'ann'"],
        cause: "The account `$user` may not do this with the $kind `$name` in the vhost `$vhost`.",
        remedy: "Allow it: the three patterns in `sudo rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'` say which names it may declare, write to and read from.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"operation not permitted on the default exchange",
        examples: &["ACCESS_REFUSED - operation not permitted on the default exchange"],
        cause: "The default exchange, whose name is empty, is the broker's own: nobody declares it, deletes it or binds to it. Every queue can be reached through it already, with its name as the routing key.",
        remedy: "Leave the binding out, or bind to an exchange with a name.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"(?<kind>queue|exchange) name '(?<name>.*?)' contains reserved prefix",
        examples: &[
            "ACCESS_REFUSED - exchange name 'amq.mine' contains reserved prefix 'amq.*'",
            "ACCESS_REFUSED - queue name 'amq.mine' contains reserved prefix 'amq.*'",
        ],
        cause: "The $kind can't be called `$name`: names that begin with `amq.` are for the broker to give.",
        remedy: "Choose a name that begins otherwise. For a queue, an empty name lets the broker choose one.",
    },
    Entry {
        of: Reply(&[403]),
        pattern: r"deletion of system exchange '(?<exchange>.*?)' in vhost '(?<vhost>.*?)' not allowed",
        examples: &["ACCESS_REFUSED - deletion of system exchange 'amq.direct' in vhost '/' not allowed"],
        cause: "`$exchange` in the vhost `$vhost` is one of the broker's own exchanges, and stays.",
        remedy: "Delete only exchanges that you declared; this one does no harm where nothing is bound to it.",
    },
    // ── There are too many, or they are in use ──
    Entry {
        of: Reply(&[406]),
        pattern: r"queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)' in use",
        examples: &["PRECONDITION_FAILED - queue 'hello' in vhost '/' in use"],
        cause: "The program wants to delete the queue `$queue` in the vhost `$vhost` only if nobody consumes from it, and somebody does.",
        remedy: "End the programs that consume from it first, or leave `if-unused` out of the deletion.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"exchange '(?<exchange>.*?)' in vhost '(?<vhost>.*?)' in use",
        examples: &["PRECONDITION_FAILED - exchange 'logs' in vhost '/' in use"],
        cause: "The program wants to delete the exchange `$exchange` in the vhost `$vhost` only if nothing is bound to it, and something is.",
        remedy: "Unbind its queues first (`cargo xtask broker bindings` lists them), or leave `if-unused` out of the deletion.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"queue '(?<queue>.*?)' in vhost '(?<vhost>.*?)' not empty",
        examples: &["PRECONDITION_FAILED - queue 'hello' in vhost '/' not empty"],
        cause: "The program wants to delete the queue `$queue` in the vhost `$vhost` only if it is empty, and messages wait in it.",
        remedy: "Receive them first, or leave `if-empty` out of the deletion. `cargo xtask broker peek QUEUE` shows what is in it.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"cannot declare (?<kind>queue|exchange) '(?<name>.*?)'.*?: (?:queue|exchange) limit .*?\(?(?<limit>\d+)\)? is reached",
        examples: &[
            "PRECONDITION_FAILED - cannot declare queue 'hello': queue limit in vhost '/' (100) is reached",
            "PRECONDITION_FAILED - cannot declare exchange 'logs' in vhost '/': exchange limit of 100 is reached",
            "PRECONDITION_FAILED - cannot declare queue 'hello' in vhost '/': queue limit in cluster (100) is reached",
        ],
        cause: "The $kind `$name` would be one too many: the limit is $limit.",
        remedy: "Delete what is not needed. Queues of a program's own go away with its connection when they are declared with `exclusive: true`.",
    },
    Entry {
        of: Reply(&[506]),
        pattern: r"cannot bind: binding limit \((?<limit>\d+)\) is reached",
        examples: &["RESOURCE_ERROR - cannot bind: binding limit (1000) is reached"],
        cause: "This binding would be one too many for the broker: the limit is $limit.",
        remedy: "Bind once at the start, not for each message. `cargo xtask broker bindings` lists what is bound.",
    },
    Entry {
        of: Reply(&[406]),
        pattern: r"Invalid x-match field (?:value|type)",
        examples: &[
            "PRECONDITION_FAILED - Invalid x-match field value <<\"some\">>; expected all, any, all-with-x, or any-with-x",
            "PRECONDITION_FAILED - Invalid x-match field type signedint (value 1); expected longstr",
        ],
        cause: "A binding to a headers exchange says with `x-match` how many headers must fit, and this one says something else.",
        remedy: "Set it to the text `all` or `any`.",
    },
];
