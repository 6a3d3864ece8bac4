//! Exchanges and bindings: declaring and deleting them, and the deletions that follow.

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    declare_every_type,
    declare_local_random,
    declare_unknown_type,
    declare_empty_type,
    declare_type_in_capitals,
    declare_unknown_type_on_an_existing_one,
    declare_passive_with_an_unknown_type,
    declare_passive_with_another_type,
    declare_passive_missing,
    declare_no_wait,
    declare_default,
    declare_default_passive,
    declare_amq_same,
    declare_amq_passive,
    declare_amq_transient,
    declare_amq_other_type,
    declare_amq_new,
    declare_amq_new_passive,
    declare_name_with_line_ends,
    redeclare_durable,
    redeclare_transient,
    redeclare_type,
    redeclare_auto_delete,
    redeclare_internal,
    redeclare_everything,
    redeclare_flags,
    redeclare_unknown_argument,
    redeclare_alternate_added,
    redeclare_alternate_changed,
    redeclare_alternate_dropped,
    alternate_of_a_wrong_type,
    alternate_missing,
    alternate_routes,
    alternate_chain,
    alternate_cycle,
    alternate_default,
    delete_and_again,
    delete_default,
    delete_amq,
    delete_amq_missing,
    delete_no_wait,
    delete_if_unused,
    delete_if_unused_as_a_destination,
    delete_drops_bindings,
    auto_delete_by_unbinding,
    auto_delete_by_deleting_the_queue,
    auto_delete_by_the_end_of_an_exclusive_queue,
    auto_delete_as_a_source_of_an_exchange,
    auto_delete_as_a_destination,
    auto_delete_in_a_row,
    auto_delete_never_bound,
    internal_is_closed_to_clients,
    bind_twice,
    bind_with_other_arguments_is_another_binding,
    bind_no_wait,
    bind_missing_exchange,
    bind_missing_queue,
    bind_missing_both,
    bind_default,
    bind_default_missing_queue,
    unbind_default,
    unbind_missing_everything,
    exchange_bind_missing_source,
    exchange_bind_missing_destination,
    exchange_bind_missing_both,
    exchange_bind_default_source,
    exchange_bind_default_destination,
    exchange_unbind_missing,
    exchange_bind_no_wait,
    exchange_to_exchange,
    exchange_cycle,
    a_queue_gets_a_message_once,
    queue_deleted_takes_its_bindings,
);

/// Declares an exchange, then declares it again with other properties.
fn redeclare(s: &mut Stage, before: (&str, &str, Values), after: (&str, &str, Values)) {
    let mut a = s.connect();
    a.exchange("x", before.0, before.1, before.2);
    a.exchange("x", after.0, after.1, after.2);
}

/// Takes everything out of these queues.
pub(super) fn take_all(a: &mut Client, queues: &[&str]) {
    for queue in queues {
        loop {
            let answer = a.call(get(queue, "no-ack"));
            let is_message = answer.is_some_and(|answer| wire::fields::describe(&answer).name == "basic.get-ok");
            if !is_message {
                break;
            }
        }
    }
}

fn declare_every_type(s: &mut Stage) {
    let mut a = s.connect();
    for kind in ["direct", "fanout", "topic", "headers"] {
        a.exchange(kind, kind, "", NONE);
        a.exchange(kind, kind, "", NONE);
        a.exchange(kind, kind, "passive", NONE);
    }
}

fn declare_local_random(s: &mut Stage) {
    s.connect().exchange("x", "x-local-random", "", NONE);
}

fn declare_unknown_type(s: &mut Stage) {
    s.connect().exchange("x", "bogus", "", NONE);
}

fn declare_empty_type(s: &mut Stage) {
    s.connect().exchange("x", "", "", NONE);
}

fn declare_type_in_capitals(s: &mut Stage) {
    s.connect().exchange("x", "Direct", "", NONE);
}

fn declare_unknown_type_on_an_existing_one(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("bogus", "", NONE));
}

fn declare_passive_with_an_unknown_type(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("bogus", "passive", NONE));
}

fn declare_passive_with_another_type(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("fanout", "passive durable", NONE));
}

fn declare_passive_missing(s: &mut Stage) {
    s.connect().exchange("nope", "direct", "passive", NONE);
}

fn declare_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(exchange_declare("x", "direct", "no-wait", NONE));
    a.quiet();
    a.exchange("x", "", "passive", NONE);
}

fn declare_default(s: &mut Stage) {
    s.connect().exchange("", "direct", "durable", NONE);
}

fn declare_default_passive(s: &mut Stage) {
    s.connect().exchange("", "direct", "passive", NONE);
}

fn declare_amq_same(s: &mut Stage) {
    let mut a = s.connect();
    for (name, kind) in [
        ("amq.direct", "direct"),
        ("amq.fanout", "fanout"),
        ("amq.topic", "topic"),
        ("amq.headers", "headers"),
        ("amq.match", "headers"),
    ] {
        a.exchange(name, kind, "durable", NONE);
    }
    a.exchange("amq.rabbitmq.trace", "topic", "durable internal", NONE);
    a.exchange("amq.rabbitmq.log", "topic", "durable internal", NONE);
}

fn declare_amq_passive(s: &mut Stage) {
    let mut a = s.connect();
    for name in ["amq.direct", "amq.fanout", "amq.topic", "amq.headers", "amq.match", "amq.rabbitmq.trace"] {
        a.exchange(name, "", "passive", NONE);
    }
}

fn declare_amq_transient(s: &mut Stage) {
    s.connect().exchange("amq.direct", "direct", "", NONE);
}

fn declare_amq_other_type(s: &mut Stage) {
    s.connect().exchange("amq.direct", "fanout", "durable", NONE);
}

fn declare_amq_new(s: &mut Stage) {
    s.connect().exchange("amq.mine", "direct", "", NONE);
}

fn declare_amq_new_passive(s: &mut Stage) {
    s.connect().exchange("amq.mine", "direct", "passive", NONE);
}

fn declare_name_with_line_ends(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("a\r\nb", "direct", "", NONE);
    a.exchange("ab", "direct", "passive", NONE);
}

fn redeclare_durable(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("direct", "durable", NONE));
}

fn redeclare_transient(s: &mut Stage) {
    redeclare(s, ("direct", "durable", NONE), ("direct", "", NONE));
}

fn redeclare_type(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("topic", "", NONE));
}

fn redeclare_auto_delete(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("direct", "auto-delete", NONE));
}

fn redeclare_internal(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("direct", "internal", NONE));
}

fn redeclare_everything(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("topic", "durable auto-delete internal", NONE));
}

fn redeclare_flags(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("direct", "durable auto-delete internal", NONE));
}

fn redeclare_unknown_argument(s: &mut Stage) {
    redeclare(s, ("direct", "", &[("x-any", int(1))]), ("direct", "", NONE));
}

fn redeclare_alternate_added(s: &mut Stage) {
    redeclare(s, ("direct", "", NONE), ("direct", "", &[("alternate-exchange", text("a"))]));
}

fn redeclare_alternate_changed(s: &mut Stage) {
    redeclare(
        s,
        ("direct", "", &[("alternate-exchange", text("a"))]),
        ("direct", "", &[("alternate-exchange", text("b"))]),
    );
}

fn redeclare_alternate_dropped(s: &mut Stage) {
    redeclare(s, ("direct", "", &[("alternate-exchange", text("a"))]), ("direct", "", NONE));
}

fn alternate_of_a_wrong_type(s: &mut Stage) {
    s.connect().exchange("x", "direct", "", &[("alternate-exchange", int(1))]);
}

fn alternate_missing(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", &[("alternate-exchange", text("nope"))]);
    a.publish_as("x", "k", "mandatory", &plain(), b"m");
    a.hear(1);
}

fn alternate_routes(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("alt", "fanout", "", NONE);
    a.exchange("x", "direct", "", &[("alternate-exchange", text("alt"))]);
    a.queue("q", "", NONE);
    a.queue("rest", "", NONE);
    a.bind("q", "x", "k");
    a.bind("rest", "alt", "");
    a.publish("x", "k", "bound");
    a.publish_as("x", "other", "mandatory", &plain(), b"unbound");
    take_all(&mut a, &["q", "rest"]);
}

fn alternate_chain(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x3", "direct", "", NONE);
    a.exchange("x2", "direct", "", &[("alternate-exchange", text("x3"))]);
    a.exchange("x1", "direct", "", &[("alternate-exchange", text("x2"))]);
    a.queue("q", "", NONE);
    a.bind("q", "x3", "k");
    a.publish_as("x1", "k", "mandatory", &plain(), b"found in the end");
    take_all(&mut a, &["q"]);
    a.publish_as("x1", "other", "mandatory", &plain(), b"found nowhere");
    a.hear(1);
}

fn alternate_cycle(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x1", "direct", "", &[("alternate-exchange", text("x2"))]);
    a.exchange("x2", "direct", "", &[("alternate-exchange", text("x1"))]);
    a.publish_as("x1", "k", "mandatory", &plain(), b"m");
    a.hear(1);
}

fn alternate_default(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "fanout", "", &[("alternate-exchange", text(""))]);
    a.queue("q", "", NONE);
    a.publish_as("x", "q", "mandatory", &plain(), b"m");
    take_all(&mut a, &["q"]);
}

fn delete_and_again(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", NONE);
    a.call(exchange_delete("x", ""));
    a.call(exchange_delete("x", ""));
    a.call(exchange_delete("x", "if-unused"));
    a.exchange("x", "direct", "passive", NONE);
}

fn delete_default(s: &mut Stage) {
    s.connect().call(exchange_delete("", ""));
}

fn delete_amq(s: &mut Stage) {
    s.connect().call(exchange_delete("amq.fanout", ""));
}

fn delete_amq_missing(s: &mut Stage) {
    s.connect().call(exchange_delete("amq.nope", ""));
}

fn delete_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", NONE);
    a.tell(exchange_delete("x", "no-wait"));
    a.quiet();
    a.exchange("x", "direct", "passive", NONE);
}

fn delete_if_unused(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", NONE);
    a.queue("q", "", NONE);
    a.bind("q", "x", "k");
    a.open(2);
    a.call(exchange_delete("x", "if-unused"));
    a.channel = 1;
    a.call(queue_unbind("q", "x", "k", NONE));
    a.call(exchange_delete("x", "if-unused"));
}

fn delete_if_unused_as_a_destination(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", NONE);
    a.call(exchange_bind("x", "amq.direct", "k", "", NONE));
    a.call(exchange_delete("x", "if-unused"));
}

fn delete_drops_bindings(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", NONE);
    a.queue("q", "", NONE);
    a.bind("q", "x", "k");
    a.call(exchange_delete("x", ""));
    a.exchange("x", "direct", "", NONE);
    a.publish_as("x", "k", "mandatory", &plain(), b"m");
    a.hear(1);
}

fn auto_delete_by_unbinding(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "auto-delete", NONE);
    a.queue("q", "", NONE);
    a.bind("q", "x", "one");
    a.bind("q", "x", "two");
    a.call(queue_unbind("q", "x", "one", NONE));
    a.exchange("x", "direct", "passive", NONE);
    a.call(queue_unbind("q", "x", "two", NONE));
    a.exchange("x", "direct", "passive", NONE);
}

fn auto_delete_by_deleting_the_queue(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "auto-delete", NONE);
    a.queue("q", "", NONE);
    a.bind("q", "x", "one");
    a.call(queue_delete("q", ""));
    a.exchange("x", "direct", "passive", NONE);
}

fn auto_delete_by_the_end_of_an_exclusive_queue(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "auto-delete", NONE);
    a.queue("q", "exclusive", NONE);
    a.bind("q", "x", "one");
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.exchange("x", "direct", "passive", NONE);
}

fn auto_delete_as_a_source_of_an_exchange(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("source", "direct", "auto-delete", NONE);
    a.exchange("x", "direct", "", NONE);
    a.call(exchange_bind("x", "source", "k", "", NONE));
    a.call(exchange_delete("x", ""));
    a.exchange("source", "direct", "passive", NONE);
}

fn auto_delete_as_a_destination(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "auto-delete", NONE);
    a.exchange("source", "direct", "", NONE);
    a.call(exchange_bind("x", "source", "k", "", NONE));
    a.call(exchange_unbind("x", "source", "k", "", NONE));
    a.exchange("x", "direct", "passive", NONE);
}

fn auto_delete_in_a_row(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x1", "direct", "auto-delete", NONE);
    a.exchange("x2", "direct", "auto-delete", NONE);
    a.queue("q", "", NONE);
    a.call(exchange_bind("x2", "x1", "k", "", NONE));
    a.bind("q", "x2", "k");
    a.call(queue_delete("q", ""));
    a.open(2);
    a.exchange("x2", "direct", "passive", NONE);
    a.open(3);
    a.exchange("x1", "direct", "passive", NONE);
}

fn auto_delete_never_bound(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "auto-delete", NONE);
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.exchange("x", "direct", "passive", NONE);
}

fn internal_is_closed_to_clients(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "fanout", "internal", NONE);
    a.queue("q", "", NONE);
    a.bind("q", "x", "");
    a.call(exchange_bind("x", "amq.fanout", "", "", NONE));
    a.publish("amq.fanout", "", "by another exchange");
    take_all(&mut a, &["q"]);
    a.publish("x", "", "by a client");
    a.call(flow(true));
}

fn bind_twice(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "amq.direct", "k");
    a.bind("q", "amq.direct", "k");
    a.publish("amq.direct", "k", "once");
    take_all(&mut a, &["q"]);
    a.call(queue_unbind("q", "amq.direct", "k", NONE));
    a.publish_as("amq.direct", "k", "mandatory", &plain(), b"unbound");
    a.hear(1);
}

fn bind_with_other_arguments_is_another_binding(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "amq.direct", "k");
    a.call(queue_bind("q", "amq.direct", "k", "", &[("n", int(1))]));
    a.publish("amq.direct", "k", "once");
    take_all(&mut a, &["q"]);
    a.call(queue_unbind("q", "amq.direct", "k", &[("n", int(2))]));
    a.call(queue_unbind("q", "amq.direct", "k", NONE));
    a.publish_as("amq.direct", "k", "mandatory", &plain(), b"still bound");
    take_all(&mut a, &["q"]);
    a.call(queue_unbind("q", "amq.direct", "k", &[("n", long(1))]));
    a.publish_as("amq.direct", "k", "mandatory", &plain(), b"unbound?");
    a.quiet();
}

fn bind_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.tell(queue_bind("q", "amq.direct", "k", "no-wait", NONE));
    a.quiet();
    a.tell(queue_bind("q", "nope", "k", "no-wait", NONE));
    a.quiet();
}

fn bind_missing_exchange(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "nope", "k");
}

fn bind_missing_queue(s: &mut Stage) {
    s.connect().bind("nope", "amq.direct", "k");
}

fn bind_missing_both(s: &mut Stage) {
    s.connect().bind("nope", "nope too", "k");
}

fn bind_default(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "", "k");
}

fn bind_default_missing_queue(s: &mut Stage) {
    s.connect().bind("nope", "", "k");
}

fn unbind_default(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_unbind("q", "", "q", NONE));
}

fn unbind_missing_everything(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_unbind("q", "amq.direct", "never", NONE));
    a.call(queue_unbind("q", "nope", "k", NONE));
    a.call(queue_unbind("nope", "amq.direct", "k", NONE));
    a.call(queue_unbind("nope", "nope", "k", NONE));
}

fn exchange_bind_missing_source(s: &mut Stage) {
    s.connect().call(exchange_bind("amq.direct", "nope", "k", "", NONE));
}

fn exchange_bind_missing_destination(s: &mut Stage) {
    s.connect().call(exchange_bind("nope", "amq.direct", "k", "", NONE));
}

fn exchange_bind_missing_both(s: &mut Stage) {
    s.connect().call(exchange_bind("destination", "source", "k", "", NONE));
}

fn exchange_bind_default_source(s: &mut Stage) {
    s.connect().call(exchange_bind("amq.direct", "", "k", "", NONE));
}

fn exchange_bind_default_destination(s: &mut Stage) {
    s.connect().call(exchange_bind("", "amq.direct", "k", "", NONE));
}

fn exchange_unbind_missing(s: &mut Stage) {
    let mut a = s.connect();
    a.call(exchange_unbind("amq.direct", "amq.topic", "never", "", NONE));
    a.call(exchange_unbind("nope", "amq.topic", "k", "", NONE));
    a.call(exchange_unbind("amq.direct", "nope", "k", "", NONE));
    a.call(exchange_unbind("amq.direct", "", "k", "", NONE));
}

fn exchange_bind_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(exchange_bind("amq.direct", "amq.topic", "k", "no-wait", NONE));
    a.quiet();
    a.tell(exchange_unbind("amq.direct", "amq.topic", "k", "no-wait", NONE));
    a.quiet();
}

fn exchange_to_exchange(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("f", "fanout", "", NONE);
    a.exchange("t", "topic", "", NONE);
    a.queue("q", "", NONE);
    a.queue("r", "", NONE);
    a.call(exchange_bind("t", "f", "ignored", "", NONE));
    a.bind("q", "t", "a.*");
    a.bind("r", "f", "");
    a.publish("f", "a.b", "both");
    a.publish("f", "b.a", "one");
    take_all(&mut a, &["q", "r"]);
}

fn exchange_cycle(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("f", "fanout", "", NONE);
    a.exchange("g", "fanout", "", NONE);
    a.queue("q", "", NONE);
    a.call(exchange_bind("g", "f", "", "", NONE));
    a.call(exchange_bind("f", "g", "", "", NONE));
    a.call(exchange_bind("f", "f", "", "", NONE));
    a.bind("q", "f", "");
    a.bind("q", "g", "");
    a.publish("f", "", "once");
    take_all(&mut a, &["q"]);
}

fn a_queue_gets_a_message_once(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "topic", "", NONE);
    a.queue("q", "", NONE);
    for pattern in ["#", "a.#", "a.b", "*.b"] {
        a.bind("q", "x", pattern);
    }
    a.publish("x", "a.b", "once");
    take_all(&mut a, &["q"]);
}

fn queue_deleted_takes_its_bindings(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "amq.direct", "k");
    a.call(queue_delete("q", ""));
    a.queue("q", "", NONE);
    a.publish_as("amq.direct", "k", "mandatory", &plain(), b"m");
    a.hear(1);
}
