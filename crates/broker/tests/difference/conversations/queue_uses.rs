//! The use and the end of queues after their declaration.

use crate::{methods::*, stage::Stage};

conversations!(
    none_declared_bind,
    none_declared_unbind,
    none_declared_consume,
    none_declared_get,
    none_declared_purge,
    none_declared_delete,
    last_declared_is_meant,
    last_declared_bind_without_a_key,
    named_bind_without_a_key,
    last_declared_publish_without_a_key,
    last_declared_is_of_the_channel,
    last_declared_is_deleted,
    delete_counts,
    delete_missing,
    delete_missing_with_conditions,
    delete_no_wait,
    delete_if_empty,
    delete_if_empty_with_unacknowledged,
    delete_if_unused,
    delete_if_unused_and_if_empty_both_wrong,
    purge,
    purge_missing,
    purge_no_wait,
    auto_delete_without_a_consumer,
    auto_delete_by_cancel,
    auto_delete_by_channel_close,
    auto_delete_by_connection_close,
    auto_delete_by_a_lost_connection,
    auto_delete_not_by_get,
    unknown_flags_in_delete,
);

/// Sends a method on a channel that has declared no queue.
fn none_declared(s: &mut Stage, method: wire::Method) {
    s.connect().call(method);
}

fn none_declared_bind(s: &mut Stage) {
    none_declared(s, queue_bind("", "amq.direct", "k", "", NONE));
}

fn none_declared_unbind(s: &mut Stage) {
    none_declared(s, queue_unbind("", "amq.direct", "k", NONE));
}

fn none_declared_consume(s: &mut Stage) {
    none_declared(s, consume("", "t", "", NONE));
}

fn none_declared_get(s: &mut Stage) {
    none_declared(s, get("", ""));
}

fn none_declared_purge(s: &mut Stage) {
    none_declared(s, queue_purge("", ""));
}

fn none_declared_delete(s: &mut Stage) {
    none_declared(s, queue_delete("", ""));
}

fn last_declared_is_meant(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("", "amq.direct", "k");
    a.publish("amq.direct", "k", "m1");
    a.get("");
    a.call(consume("", "t", "", NONE));
    a.call(cancel("t", ""));
    a.call(queue_purge("", ""));
    a.call(queue_unbind("", "amq.direct", "k", NONE));
    a.call(queue_delete("", ""));
    a.call(queue_purge("", ""));
}

fn last_declared_bind_without_a_key(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("", "amq.direct", "");
    a.publish("amq.direct", "q", "by the queue's name");
    a.publish("amq.direct", "", "by no key");
    a.take("q");
    a.take("q");
    a.call(queue_unbind("", "amq.direct", "", NONE));
    a.publish("amq.direct", "q", "unbound");
    a.take("q");
}

fn named_bind_without_a_key(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "amq.direct", "");
    a.publish("amq.direct", "q", "by the queue's name");
    a.publish("amq.direct", "", "by no key");
    a.take("q");
    a.take("q");
}

fn last_declared_publish_without_a_key(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.publish_as("", "", "mandatory", &plain(), b"m");
    a.hear(1);
    a.take("q");
}

fn last_declared_is_of_the_channel(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.open(2);
    a.get("");
}

fn last_declared_is_deleted(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(queue_delete("q", ""));
    a.get("");
}

fn delete_counts(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1", "2", "3"]);
    a.get("q");
    a.call(queue_delete("q", ""));
}

fn delete_missing(s: &mut Stage) {
    s.connect().call(queue_delete("nope", ""));
}

fn delete_missing_with_conditions(s: &mut Stage) {
    s.connect().call(queue_delete("nope", "if-unused if-empty"));
}

fn delete_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.tell(queue_delete("q", "no-wait"));
    a.quiet();
    a.count("q");
}

fn delete_if_empty(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1"]);
    a.call(queue_delete("q", "if-empty"));
    a.open(2);
    a.call(queue_purge("q", ""));
    a.call(queue_delete("q", "if-empty"));
}

fn delete_if_empty_with_unacknowledged(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1"]);
    a.get("q");
    a.call(queue_delete("q", "if-empty"));
}

fn delete_if_unused(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(consume("q", "t", "", NONE));
    a.open(2);
    a.call(queue_delete("q", "if-unused"));
    a.channel = 1;
    a.call(cancel("t", ""));
    a.call(queue_delete("q", "if-unused"));
}

fn delete_if_unused_and_if_empty_both_wrong(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.fill("q", &["1", "2"]);
    a.hear(1);
    a.call(queue_delete("q", "if-unused if-empty"));
}

fn purge(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1", "2", "3"]);
    a.get("q");
    a.call(queue_purge("q", ""));
    a.tell(reject(1, "requeue"));
    a.take("q");
}

fn purge_missing(s: &mut Stage) {
    s.connect().call(queue_purge("nope", ""));
}

fn purge_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1"]);
    a.tell(queue_purge("q", "no-wait"));
    a.quiet();
    a.count("q");
}

fn auto_delete_without_a_consumer(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "auto-delete", NONE);
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.count("q");
}

fn auto_delete_by_cancel(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "auto-delete", NONE);
    a.call(consume("q", "one", "", NONE));
    a.call(consume("q", "two", "", NONE));
    a.call(cancel("one", ""));
    a.count("q");
    a.call(cancel("two", ""));
    a.count("q");
}

fn auto_delete_by_channel_close(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "auto-delete", NONE);
    a.call(consume("q", "one", "", NONE));
    a.call(channel_close());
    a.open(2);
    a.quiet();
    a.count("q");
}

fn auto_delete_by_connection_close(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "auto-delete", NONE);
    a.call(consume("q", "one", "", NONE));
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.quiet();
    b.count("q");
}

fn auto_delete_by_a_lost_connection(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "auto-delete", NONE);
    a.call(consume("q", "one", "", NONE));
    a.cut();
    let mut b = s.connect();
    b.quiet();
    b.count("q");
}

fn auto_delete_not_by_get(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "auto-delete", NONE);
    a.get("q");
    a.count("q");
}

fn unknown_flags_in_delete(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 40, b"\0\0\x04nope\xf8");
    a.quiet();
}
