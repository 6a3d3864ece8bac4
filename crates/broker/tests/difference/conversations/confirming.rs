//! Publisher confirms and transactions.

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    select_twice,
    select_no_wait,
    tags_start_at_one_after_select,
    tags_are_of_the_channel,
    many,
    persistent,
    unroutable_is_confirmed,
    mandatory_is_returned_then_confirmed,
    mandatory_mixed,
    missing_exchange,
    reject_publish,
    reject_publish_without_confirms,
    reject_publish_by_one_of_two_queues,
    drop_head_is_confirmed,
    ttl_zero_is_confirmed,
    with_a_consumer,
    invalid_expiration,
    tx_after_confirm,
    confirm_after_tx,
    confirm_after_tx_no_wait,
    tx_select_twice,
    tx_commit_without_select,
    tx_rollback_without_select,
    tx_commit_after_confirm,
    tx_publish,
    tx_commit_nothing,
    tx_ack,
    tx_ack_twice,
    tx_nack_requeue,
    tx_reject,
    tx_ack_unknown,
    tx_unacknowledged_at_rollback,
    tx_missing_exchange,
    tx_mandatory,
    tx_mandatory_rolled_back,
    tx_queue_gone_before_commit,
    tx_channel_closed_before_commit,
    tx_declare_is_at_once,
    tx_prefetch_until_commit,
    tx_reject_publish,
    ack_from_the_client_of_a_confirm,
);

/// A channel with confirms and a queue `q`.
fn with_queue(s: &mut Stage) -> Client {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a
}

fn select_twice(s: &mut Stage) {
    let mut a = with_queue(s);
    a.confirm();
    a.publish("", "q", "1");
    a.confirmed();
    a.call(confirm_select(""));
    a.publish("", "q", "2");
    a.confirmed();
}

fn select_no_wait(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(confirm_select("no-wait"));
    a.expect_confirms();
    a.publish("", "q", "1");
    a.confirmed();
}

fn tags_start_at_one_after_select(s: &mut Stage) {
    let mut a = with_queue(s);
    a.publish("", "q", "unconfirmed");
    a.call(confirm_select(""));
    a.publish("", "q", "first");
    a.hear(1);
}

fn tags_are_of_the_channel(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(confirm_select(""));
    a.publish("", "q", "1");
    a.hear(1);
    a.open(2);
    a.call(confirm_select(""));
    a.publish("", "q", "2");
    a.hear(1);
}

fn many(s: &mut Stage) {
    let mut a = with_queue(s);
    a.confirm();
    for number in 0..50 {
        a.publish("", "q", &number.to_string());
    }
    a.confirmed();
    a.count("q");
}

fn persistent(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", NONE);
    a.confirm();
    for _ in 0..3 {
        a.publish_as("", "q", "", &plain().with_delivery_mode(2), b"m");
    }
    a.confirmed();
}

fn unroutable_is_confirmed(s: &mut Stage) {
    let mut a = s.connect();
    a.call(confirm_select(""));
    a.publish("", "nope", "m");
    a.hear(1);
}

fn mandatory_is_returned_then_confirmed(s: &mut Stage) {
    let mut a = s.connect();
    a.call(confirm_select(""));
    a.publish_as("", "nope", "mandatory", &plain(), b"m");
    a.hear(2);
}

fn mandatory_mixed(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(confirm_select(""));
    for (key, body) in [("q", "1"), ("nope", "2"), ("q", "3")] {
        a.publish_as("", key, "mandatory", &plain(), body.as_bytes());
        a.hear(if key == "q" { 1 } else { 2 });
    }
}

fn missing_exchange(s: &mut Stage) {
    let mut a = s.connect();
    a.call(confirm_select(""));
    a.publish("nope", "k", "m");
    a.hear(1);
    a.open(1);
    a.call(confirm_select(""));
    a.publish("", "nope", "m");
    a.hear(1);
}

fn reject_publish(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length", int(1)), ("x-overflow", text("reject-publish"))]);
    a.call(confirm_select(""));
    a.publish("", "q", "1");
    a.hear(1);
    a.publish("", "q", "2");
    a.hear(1);
    a.take("q");
    a.publish("", "q", "3");
    a.hear(1);
}

fn reject_publish_without_confirms(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length", int(1)), ("x-overflow", text("reject-publish"))]);
    a.publish("", "q", "1");
    a.publish_as("", "q", "mandatory", &plain(), b"2");
    a.quiet();
    a.take("q");
    a.take("q");
}

fn reject_publish_by_one_of_two_queues(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("full", "", &[("x-max-length", int(0)), ("x-overflow", text("reject-publish"))]);
    a.queue("q", "", NONE);
    a.bind("full", "amq.fanout", "");
    a.bind("q", "amq.fanout", "");
    a.call(confirm_select(""));
    a.publish("amq.fanout", "", "m");
    a.hear(1);
    a.take("q");
    a.take("full");
}

fn drop_head_is_confirmed(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length", int(0))]);
    a.call(confirm_select(""));
    a.publish("", "q", "m");
    a.hear(1);
}

fn ttl_zero_is_confirmed(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-message-ttl", int(0))]);
    a.call(confirm_select(""));
    a.publish("", "q", "m");
    a.hear(1);
}

fn with_a_consumer(s: &mut Stage) {
    let mut a = with_queue(s);
    let mut b = s.connect();
    b.call(consume("q", "t", "", NONE));
    a.confirm();
    a.publish("", "q", "m");
    a.confirmed();
    b.hear(1);
}

fn invalid_expiration(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(confirm_select(""));
    a.publish_as("", "q", "", &plain().with_expiration("soon".into()), b"m");
    a.hear(1);
}

fn tx_after_confirm(s: &mut Stage) {
    let mut a = s.connect();
    a.call(confirm_select(""));
    a.call(tx_select());
}

fn confirm_after_tx(s: &mut Stage) {
    let mut a = s.connect();
    a.call(tx_select());
    a.call(confirm_select(""));
}

fn confirm_after_tx_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.call(tx_select());
    a.tell(confirm_select("no-wait"));
    a.hear(1);
}

fn tx_select_twice(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(tx_select());
    a.publish("", "q", "m");
    a.call(tx_select());
    a.call(tx_commit());
    a.count("q");
}

fn tx_commit_without_select(s: &mut Stage) {
    s.connect().call(tx_commit());
}

fn tx_rollback_without_select(s: &mut Stage) {
    s.connect().call(tx_rollback());
}

fn tx_commit_after_confirm(s: &mut Stage) {
    let mut a = s.connect();
    a.call(confirm_select(""));
    a.call(tx_commit());
}

fn tx_publish(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(tx_select());
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.count("q");
    a.call(tx_commit());
    a.count("q");
    a.publish("", "q", "3");
    a.call(tx_rollback());
    a.call(tx_commit());
    a.count("q");
}

fn tx_commit_nothing(s: &mut Stage) {
    let mut a = s.connect();
    a.call(tx_select());
    a.call(tx_commit());
    a.call(tx_rollback());
}

fn tx_ack(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1", "2", "3"]);
    a.call(tx_select());
    a.get("q");
    a.get("q");
    a.tell(ack(1, ""));
    a.call(tx_rollback());
    a.tell(ack(1, ""));
    a.call(tx_commit());
    a.call(channel_close());
    a.open(2);
    a.take("q");
    a.take("q");
    a.take("q");
}

fn tx_ack_twice(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1"]);
    a.call(tx_select());
    a.get("q");
    a.tell(ack(1, ""));
    a.tell(ack(1, ""));
    a.hear(1);
}

fn tx_nack_requeue(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1"]);
    a.call(tx_select());
    a.get("q");
    a.tell(nack(1, "requeue"));
    a.get("q");
    a.call(tx_commit());
    a.get("q");
}

fn tx_reject(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1"]);
    a.call(tx_select());
    a.get("q");
    a.tell(reject(1, ""));
    a.call(tx_rollback());
    a.tell(reject(1, "requeue"));
    a.call(tx_commit());
    a.get("q");
}

fn tx_ack_unknown(s: &mut Stage) {
    let mut a = s.connect();
    a.call(tx_select());
    a.tell(ack(7, ""));
    a.hear(1);
}

fn tx_unacknowledged_at_rollback(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1"]);
    a.call(tx_select());
    a.get("q");
    a.call(tx_rollback());
    a.quiet();
    a.tell(ack(1, ""));
    a.call(tx_commit());
    a.get("q");
}

fn tx_missing_exchange(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(tx_select());
    a.publish("", "q", "before");
    a.publish("nope", "k", "m");
    a.hear(1);
    a.open(1);
    a.count("q");
}

fn tx_mandatory(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(tx_select());
    a.publish_as("", "nope", "mandatory", &plain(), b"m");
    a.quiet();
    a.tell(tx_commit());
    a.hear(2);
}

fn tx_mandatory_rolled_back(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(tx_select());
    a.publish_as("", "nope", "mandatory", &plain(), b"m");
    a.call(tx_rollback());
    a.quiet();
}

fn tx_queue_gone_before_commit(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(tx_select());
    a.publish_as("", "q", "mandatory", &plain(), b"m");
    a.call(queue_delete("q", ""));
    a.call(tx_commit());
    a.quiet();
}

fn tx_channel_closed_before_commit(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1"]);
    a.call(tx_select());
    a.get("q");
    a.tell(ack(1, ""));
    a.publish("", "q", "2");
    a.call(channel_close());
    a.open(2);
    a.take("q");
    a.take("q");
}

fn tx_declare_is_at_once(s: &mut Stage) {
    let mut a = s.connect();
    a.call(tx_select());
    a.queue("q", "", NONE);
    a.call(tx_rollback());
    a.count("q");
}

fn tx_prefetch_until_commit(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["1", "2"]);
    a.call(tx_select());
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.tell(ack(1, ""));
    a.quiet();
    a.tell(tx_commit());
    a.hear(2);
}

fn tx_reject_publish(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length", int(1)), ("x-overflow", text("reject-publish"))]);
    a.call(tx_select());
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.tell(tx_commit());
    a.hear(1);
    a.count("q");
}

fn ack_from_the_client_of_a_confirm(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(confirm_select(""));
    a.publish("", "q", "1");
    a.hear(1);
    a.tell(ack(1, ""));
    a.hear(1);
}
