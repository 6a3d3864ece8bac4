//! Quorum queues, where they differ from classic ones.

use wire::types::AMQPValue;

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    publish_and_get,
    confirmed,
    requeue_counts,
    channel_closed_counts,
    connection_lost_counts,
    cancel_then_close,
    requeue_order,
    recover_requeues,
    delivery_limit,
    delivery_limit_by_nack,
    delivery_limit_by_lost_channels,
    delivery_limit_default,
    rejected,
    expired,
    expired_by_the_message,
    maxlen,
    maxlen_reject_publish,
    reject_publish_dlx,
    qos_global,
    exclusive_consumer,
    exclusive_second,
    consumer_priority,
    single_active,
    message_priorities,
    purge,
    delete_counts,
    delete_if_unused,
    delete_if_empty,
    deleted_under_a_consumer,
    queue_mode_is_refused,
    tx_is,
    consumer_timeout,
);

/// A quorum queue `q` with these arguments, and dead letters to `dead`.
fn with(s: &mut Stage, arguments: Values) -> Client {
    let mut a = s.connect();
    a.queue("dead", "durable", NONE);
    let mut all = vec![
        ("x-queue-type", text("quorum")),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text("dead")),
    ];
    all.extend_from_slice(arguments);
    a.queue("q", "durable", &all);
    a
}

/// Receives messages from `q` through a new consumer: a quorum queue shows a message a little after it was confirmed.
fn deliver(a: &mut Client, messages: usize) {
    a.call(consume("q", "t", "", NONE));
    a.hear(messages);
}

fn publish_and_get(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["1", "2"]);
    a.get("q");
    a.get("q");
    a.tell(ack(1, ""));
    a.tell(nack(2, "requeue"));
    a.quiet();
    a.get("q");
    a.get("q");
}

fn confirmed(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.confirm();
    for body in ["1", "2", "3"] {
        a.publish("", "q", body);
    }
    a.confirmed();
}

fn requeue_counts(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    a.tell(reject(1, "requeue"));
    a.hear(1);
    a.tell(nack(2, "requeue"));
    a.hear(1);
}

fn channel_closed_counts(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    a.call(channel_close());
    a.open(2);
    deliver(&mut a, 1);
}

fn connection_lost_counts(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    a.cut();
    let mut b = s.connect();
    deliver(&mut b, 1);
}

fn cancel_then_close(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    a.call(cancel("t", ""));
    a.quiet();
    a.call(channel_close());
    a.open(2);
    deliver(&mut a, 1);
}

fn requeue_order(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["1", "2", "3"]);
    a.call(qos(2, false));
    deliver(&mut a, 2);
    a.tell(nack(2, "multiple requeue"));
    a.hear(2);
    a.tell(ack(4, "multiple"));
    a.hear(1);
}

fn recover_requeues(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["1"]);
    deliver(&mut a, 1);
    a.tell(recover(true));
    a.hear(2);
}

fn delivery_limit(s: &mut Stage) {
    let mut a = with(s, &[("x-delivery-limit", int(2))]);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    for tag in 1..3 {
        a.tell(reject(tag, "requeue"));
        a.hear(1);
    }
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.tell(reject(3, "requeue"));
    a.hear(1);
}

fn delivery_limit_by_nack(s: &mut Stage) {
    let mut a = with(s, &[("x-delivery-limit", int(2))]);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    for tag in 1..3 {
        a.tell(nack(tag, "requeue"));
        a.hear(1);
    }
    a.tell(nack(3, "requeue"));
    a.quiet();
}

fn delivery_limit_by_lost_channels(s: &mut Stage) {
    let mut a = with(s, &[("x-delivery-limit", int(1))]);
    a.fill("q", &["m"]);
    deliver(&mut a, 1);
    a.call(channel_close());
    a.open(2);
    deliver(&mut a, 1);
    a.call(channel_close());
    a.open(3);
    a.await_messages("dead", 1);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.quiet();
    a.call(consume("q", "t", "", NONE));
    a.quiet();
}

fn delivery_limit_default(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["m"]);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    deliver(&mut a, 1);
    for tag in 1..=20 {
        a.muted(|a| {
            a.tell(reject(tag, "requeue"));
            a.next(std::time::Instant::now() + crate::client::ANSWER_TIMEOUT);
        });
    }
    a.note("-> (rejects with requeue, 20 times)");
    a.tell(reject(21, "requeue"));
    a.hear(1);
}

fn rejected(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["m"]);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    deliver(&mut a, 1);
    a.tell(reject(1, ""));
    a.hear(1);
}

fn expired(s: &mut Stage) {
    let mut a = with(s, &[("x-message-ttl", int(50))]);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.publish("", "q", "m");
    a.hear(1);
}

fn expired_by_the_message(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.publish_as("", "q", "", &plain().with_expiration("50".into()), b"m");
    a.hear(1);
}

fn maxlen(s: &mut Stage) {
    let mut a = with(s, &[("x-max-length", int(1))]);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.hear(1);
}

fn maxlen_reject_publish(s: &mut Stage) {
    let mut a = with(s, &[("x-max-length", int(1)), ("x-overflow", text("reject-publish"))]);
    a.call(confirm_select(""));
    for body in ["1", "2"] {
        a.publish("", "q", body);
        a.hear(1);
    }
}

fn reject_publish_dlx(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", &[("x-queue-type", text("quorum")), ("x-overflow", text("reject-publish-dlx"))]);
}

fn qos_global(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(qos(1, true));
    a.call(consume("q", "t", "", NONE));
}

fn exclusive_consumer(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(consume("q", "t", "exclusive", NONE));
    a.call(consume("q", "u", "", NONE));
}

fn exclusive_second(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(consume("q", "t", "", NONE));
    a.call(consume("q", "u", "exclusive", NONE));
}

fn consumer_priority(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(qos(1, false));
    a.call(consume("q", "low", "", NONE));
    a.call(consume("q", "high", "", &[("x-priority", int(5))]));
    a.publish("", "q", "1");
    a.hear(1);
    a.publish("", "q", "2");
    a.hear(1);
}

fn single_active(s: &mut Stage) {
    let mut a = with(s, &[("x-single-active-consumer", AMQPValue::Boolean(true))]);
    a.call(consume("q", "one", "", NONE));
    a.call(consume("q", "two", "", NONE));
    a.publish("", "q", "1");
    a.hear(1);
    a.tell(ack(1, ""));
    a.call(cancel("one", ""));
    a.publish("", "q", "2");
    a.hear(1);
}

fn message_priorities(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.note("-> (publishes to q: 0 none 4 5 9, by priority)");
    let mut b = s.connect();
    b.muted(|b| {
        b.confirm();
        b.publish_as("", "q", "", &plain().with_priority(0), b"0");
        b.publish("", "q", "none");
        for priority in [4, 5, 9] {
            b.publish_as("", "q", "", &plain().with_priority(priority), priority.to_string().as_bytes());
        }
        b.confirmed();
    });
    for _ in 0..5 {
        a.take("q");
    }
}

fn purge(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["1", "2"]);
    a.get("q");
    a.call(queue_purge("q", ""));
}

fn delete_counts(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.fill("q", &["1", "2"]);
    a.get("q");
    a.call(queue_delete("q", ""));
}

fn delete_if_unused(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(queue_delete("q", "if-unused"));
}

fn delete_if_empty(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(queue_delete("q", "if-empty"));
}

fn deleted_under_a_consumer(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(consume("q", "t", "", NONE));
    let mut b = s.connect();
    b.call(queue_delete("q", ""));
    a.hear(1);
}

fn queue_mode_is_refused(s: &mut Stage) {
    s.connect().queue("q", "durable", &[("x-queue-type", text("quorum")), ("x-queue-mode", text("lazy"))]);
}

fn tx_is(s: &mut Stage) {
    let mut a = with(s, NONE);
    a.call(tx_select());
    a.publish("", "q", "1");
    a.call(tx_commit());
    a.quiet();
    a.take("q");
}

fn consumer_timeout(s: &mut Stage) {
    let mut a = with(s, &[("x-consumer-timeout", int(60_000))]);
    a.count("q");
}
