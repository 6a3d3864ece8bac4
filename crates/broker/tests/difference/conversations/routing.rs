//! Routing by each type of exchange.

use wire::types::AMQPValue;

use super::exchanges::take_all;
use crate::{methods::*, stage::Stage};

conversations!(
    direct_several_queues_and_keys,
    fanout_ignores_keys,
    topic_patterns,
    topic_unbind,
    topic_three_hashes,
    headers_all,
    headers_any,
    headers_without_x_match,
    headers_all_with_x,
    headers_any_with_x,
    headers_invalid_x_match,
    headers_x_match_of_a_wrong_type,
    headers_x_names_all,
    headers_x_names_any,
    headers_x_names_all_with_x,
    headers_x_names_any_with_x,
    headers_without_arguments,
    headers_any_without_arguments,
    headers_void_is_there_or_not,
    headers_types,
    headers_types_of_texts,
    headers_tables,
    headers_two_bindings_once,
    local_random_wants_an_empty_key,
    local_random_routes,
    default_reaches_every_queue,
);

fn direct_several_queues_and_keys(s: &mut Stage) {
    let mut a = s.connect();
    for (queue, keys) in [("q", ["red", "green"].as_slice()), ("r", &["red"]), ("s", &["RED"])] {
        a.queue(queue, "", NONE);
        for key in keys {
            a.bind(queue, "amq.direct", key);
        }
    }
    for key in ["red", "green", "blue", "RED", ""] {
        a.publish("amq.direct", key, key);
    }
    take_all(&mut a, &["q", "r", "s"]);
}

fn fanout_ignores_keys(s: &mut Stage) {
    let mut a = s.connect();
    for queue in ["q", "r"] {
        a.queue(queue, "", NONE);
        a.bind(queue, "amq.fanout", queue);
    }
    a.publish("amq.fanout", "whatever", "m");
    take_all(&mut a, &["q", "r"]);
}

fn topic_patterns(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "topic", "", NONE);
    let patterns = [
        "#", "*", "a.b.c", "a.*.c", "*.*", "*.#", "#.*", "#.#", "a.#", "#.c", "a.#.c", "", ".", "*.b.#", "#.b.#",
        "a..c", "*.*.*", "a*", "#a", "A.B.C", "**", "##", "a.*.#.c", "#.*.#", "b.#.b",
    ];
    for pattern in patterns {
        let queue = format!("q {pattern}");
        a.queue(&queue, "", NONE);
        a.bind(&queue, "x", pattern);
    }
    let keys = [
        "", ".", "..", "a", "a.b", "a.b.c", "a..c", "a.c", "b", "b.b", "a.b.c.d", "a.", ".a", "#", "*", "a*", "A.B.C",
        "a.b.b.c",
    ];
    for key in keys {
        a.publish("x", key, key);
    }
    for pattern in patterns {
        take_all(&mut a, &[&format!("q {pattern}")]);
    }
}

fn topic_three_hashes(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "topic", "", NONE);
    a.queue("q", "", NONE);
    // `a#` is a word of its own.
    for pattern in ["#.#", "#.b.#", "a#.##.#.#"] {
        a.bind("q", "x", pattern);
    }
    a.bind("q", "x", "a.#.#.#");
    let mut b = s.connect();
    b.exchange("y", "fanout", "", NONE);
    b.call(exchange_bind("y", "x", "#.a.#.b.#.c.#", "", NONE));
}

fn topic_unbind(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "topic", "", NONE);
    a.queue("q", "", NONE);
    a.bind("q", "x", "a.#");
    a.bind("q", "x", "a.*");
    a.call(queue_unbind("q", "x", "a.#", NONE));
    a.publish("x", "a", "not any more");
    a.publish("x", "a.b", "still");
    take_all(&mut a, &["q"]);
}

/// Binds a queue to amq.headers with these arguments, publishes messages with these headers, and shows those that arrived.
fn headers_match(s: &mut Stage, arguments: Values, messages: &[(&str, Values)]) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_bind("q", "amq.headers", "", "", arguments));
    for (body, values) in messages {
        a.publish_headers("amq.headers", "", values, body);
    }
    take_all(&mut a, &["q"]);
}

/// Messages with all, some and none of the headers `a` 1 and `b` "two".
fn some_headers(s: &mut Stage, x_match: Option<&str>) {
    let mut arguments = vec![("a", int(1)), ("b", text("two"))];
    arguments.extend(x_match.map(|x_match| ("x-match", text(x_match))));
    let one = ("a", int(1));
    let two = ("b", text("two"));
    headers_match(
        s,
        &arguments,
        &[
            ("both", &[one.clone(), two.clone()]),
            ("both and more", &[one.clone(), two.clone(), ("c", int(3))]),
            ("only a", &[one]),
            ("only b", &[two]),
            ("a is another", &[("a", int(2)), ("b", text("two"))]),
            ("neither", &[("c", int(3))]),
            ("none", NONE),
        ],
    );
}

fn headers_all(s: &mut Stage) {
    some_headers(s, Some("all"));
}

fn headers_any(s: &mut Stage) {
    some_headers(s, Some("any"));
}

fn headers_without_x_match(s: &mut Stage) {
    some_headers(s, None);
}

fn headers_all_with_x(s: &mut Stage) {
    some_headers(s, Some("all-with-x"));
}

fn headers_any_with_x(s: &mut Stage) {
    some_headers(s, Some("any-with-x"));
}

fn headers_invalid_x_match(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_bind("q", "amq.headers", "", "", &[("x-match", text("most"))]));
}

fn headers_x_match_of_a_wrong_type(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_bind("q", "amq.headers", "", "", &[("x-match", int(1))]));
}

/// Headers whose names start with x-.
fn x_headers(s: &mut Stage, x_match: &str) {
    headers_match(
        s,
        &[("x-match", text(x_match)), ("x-a", int(1)), ("b", int(2))],
        &[
            ("both", &[("x-a", int(1)), ("b", int(2))]),
            ("only b", &[("b", int(2))]),
            ("only x-a", &[("x-a", int(1))]),
            ("x-a is another", &[("x-a", int(9)), ("b", int(2))]),
        ],
    );
}

fn headers_x_names_all(s: &mut Stage) {
    x_headers(s, "all");
}

fn headers_x_names_any(s: &mut Stage) {
    x_headers(s, "any");
}

fn headers_x_names_all_with_x(s: &mut Stage) {
    x_headers(s, "all-with-x");
}

fn headers_x_names_any_with_x(s: &mut Stage) {
    x_headers(s, "any-with-x");
}

fn headers_without_arguments(s: &mut Stage) {
    headers_match(s, NONE, &[("one", &[("a", int(1))]), ("none", NONE)]);
}

fn headers_any_without_arguments(s: &mut Stage) {
    headers_match(s, &[("x-match", text("any"))], &[("one", &[("a", int(1))]), ("none", NONE)]);
}

fn headers_void_is_there_or_not(s: &mut Stage) {
    headers_match(
        s,
        &[("x-match", text("all")), ("a", AMQPValue::Void)],
        &[("a is 1", &[("a", int(1))]), ("a is void", &[("a", AMQPValue::Void)]), ("no a", &[("b", int(1))])],
    );
}

fn headers_types(s: &mut Stage) {
    headers_match(
        s,
        &[("a", int(1))],
        &[
            ("same", &[("a", int(1))]),
            ("wider", &[("a", long(1))]),
            ("narrower", &[("a", AMQPValue::ShortShortInt(1))]),
            ("unsigned", &[("a", AMQPValue::LongUInt(1))]),
            ("float", &[("a", AMQPValue::Double(1.0))]),
            ("text", &[("a", text("1"))]),
            ("bool", &[("a", AMQPValue::Boolean(true))]),
            ("timestamp", &[("a", AMQPValue::Timestamp(1))]),
            ("void", &[("a", AMQPValue::Void)]),
        ],
    );
}

fn headers_types_of_texts(s: &mut Stage) {
    headers_match(
        s,
        &[("a", text("1"))],
        &[
            ("same", &[("a", text("1"))]),
            ("bytes", &[("a", AMQPValue::ByteArray(b"1".as_slice().into()))]),
            ("number", &[("a", int(1))]),
        ],
    );
}

fn headers_tables(s: &mut Stage) {
    let table = inner(&[("x", int(1)), ("y", int(2))]);
    headers_match(
        s,
        &[("a", table.clone()), ("l", list(&[int(1)]))],
        &[
            ("same", &[("a", table.clone()), ("l", list(&[int(1)]))]),
            ("other list", &[("a", table), ("l", list(&[int(2)]))]),
        ],
    );
}

fn headers_two_bindings_once(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_bind("q", "amq.headers", "", "", &[("a", int(1))]));
    a.call(queue_bind("q", "amq.match", "other key", "", &[("a", int(1))]));
    a.call(queue_bind("q", "amq.headers", "other key", "", &[("x-match", text("any")), ("a", int(1))]));
    a.publish_headers("amq.headers", "ignored", &[("a", int(1))], "once");
    take_all(&mut a, &["q"]);
}

fn local_random_wants_an_empty_key(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "x-local-random", "", NONE);
    a.queue("q", "exclusive", NONE);
    a.bind("q", "x", "a key");
}

fn local_random_routes(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "x-local-random", "", NONE);
    a.queue("q", "exclusive", NONE);
    a.bind("q", "x", "");
    a.publish("x", "any", "m");
    take_all(&mut a, &["q"]);
}

fn default_reaches_every_queue(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("a.b", "", NONE);
    a.queue("*", "", NONE);
    a.publish("", "a.b", "1");
    a.publish("", "*", "2");
    a.publish_as("", "#", "mandatory", &plain(), b"3");
    a.hear(1);
    take_all(&mut a, &["a.b", "*"]);
}
