//! Consumers: the distribution of messages, the prefetch, and the end of consumers.

use wire::types::AMQPValue;

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    consume_and_ack,
    consume_no_ack,
    consume_missing,
    consume_missing_no_wait,
    tag_generated,
    tag_generated_no_wait,
    tag_twice,
    tag_twice_on_two_channels,
    tag_twice_and_no_such_queue,
    tag_again_after_cancel,
    consume_no_wait,
    consume_no_local,
    cancel_unknown,
    cancel_unknown_no_wait,
    cancel_no_wait,
    cancel_on_another_channel,
    cancel_keeps_what_is_unacknowledged,
    cancel_ok_from_the_client,
    exclusive_then_another,
    exclusive_second,
    exclusive_then_free_again,
    exclusive_then_get_on_another_connection,
    exclusive_then_delete_on_another_connection,
    priority_text,
    priority_float,
    priority_negative,
    argument_unknown,
    argument_cancel_on_ha_failover,
    argument_stream_offset,
    qos_1,
    qos_2_multiple,
    qos_is_of_each_consumer,
    qos_after_consume_changes_nothing,
    qos_global,
    qos_global_raised,
    qos_global_and_own,
    qos_global_and_get,
    qos_no_ack_knows_no_limit,
    qos_0_is_no_limit,
    qos_by_bytes,
    qos_is_of_the_channel,
    round_robin_of_two,
    round_robin_of_three,
    round_robin_with_qos,
    round_robin_goes_on_after_a_cancel,
    round_robin_of_two_connections,
    backlog_goes_to_the_first,
    priority_goes_first,
    single_active,
    single_active_requeue,
    single_active_and_exclusive,
    queue_deleted_is_announced,
    queue_deleted_is_unannounced_to_others,
    queue_deleted_on_its_own_channel,
    queue_deleted_with_two_consumers_on_one_channel,
    channel_closed_gives_messages_to_others,
    connection_lost_gives_messages_to_others,
    reject_requeue_comes_again,
    nack_requeue_multiple_keeps_the_order,
    purge_does_not_touch_what_is_delivered,
    large_message_in_frames,
    tag_of_255_bytes,
    two_queues_on_one_channel_count_tags_together,
);

/// A connection with a queue `q` that holds these messages.
fn with(s: &mut Stage, bodies: &[&str]) -> Client {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", bodies);
    a
}

/// Messages `1` to this number, published one after the other.
fn publish_numbers(a: &mut Client, last: u32) {
    for number in 1..=last {
        a.publish("", "q", &number.to_string());
    }
}

fn consume_and_ack(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    a.tell(ack(2, "multiple"));
    a.call(cancel("t", ""));
    a.count("q");
}

fn consume_no_ack(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.call(consume("q", "t", "no-ack", NONE));
    a.hear(1);
    a.call(channel_close());
    a.open(2);
    a.count("q");
}

fn consume_missing(s: &mut Stage) {
    s.connect().call(consume("nope", "t", "", NONE));
}

fn consume_missing_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(consume("nope", "t", "no-wait", NONE));
    a.hear(1);
}

fn tag_generated(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.call(consume("q", "", "no-ack", NONE));
    a.hear(1);
    a.call(consume("q", "", "no-ack", NONE));
}

fn tag_generated_no_wait(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.tell(consume("q", "", "no-ack no-wait", NONE));
    a.hear(1);
}

fn tag_twice(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.tell(consume("q", "t", "", NONE));
    a.hear_end();
}

fn tag_twice_on_two_channels(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.open(2);
    a.call(consume("q", "t", "", NONE));
}

fn tag_twice_and_no_such_queue(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.tell(consume("nope", "t", "", NONE));
    a.hear(1);
}

fn tag_again_after_cancel(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.call(cancel("t", ""));
    a.call(consume("q", "t", "", NONE));
}

fn consume_no_wait(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.tell(consume("q", "t", "no-wait no-ack", NONE));
    a.hear(1);
}

fn consume_no_local(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "no-local no-ack", NONE));
    a.publish("", "q", "from itself");
    a.hear(1);
}

fn cancel_unknown(s: &mut Stage) {
    let mut a = s.connect();
    a.call(cancel("none", ""));
    a.call(cancel("", ""));
}

fn cancel_unknown_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(cancel("none", "no-wait"));
    a.quiet();
}

fn cancel_no_wait(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.tell(cancel("t", "no-wait"));
    a.quiet();
    a.count("q");
}

fn cancel_on_another_channel(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.open(2);
    a.call(cancel("t", ""));
    a.count("q");
}

fn cancel_keeps_what_is_unacknowledged(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    a.call(cancel("t", ""));
    a.tell(ack(1, ""));
    a.publish("", "q", "3");
    a.quiet();
    a.tell(nack(2, "requeue"));
    a.quiet();
    a.take("q");
    a.take("q");
}

fn cancel_ok_from_the_client(s: &mut Stage) {
    use wire::{Method, protocol::basic};
    let mut a = s.connect();
    a.tell(Method::Basic(basic::AMQPMethod::CancelOk(basic::CancelOk { consumer_tag: "t".into() })));
    a.quiet();
}

fn exclusive_then_another(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "exclusive", NONE));
    a.call(consume("q", "u", "", NONE));
}

fn exclusive_second(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.call(consume("q", "u", "exclusive", NONE));
}

fn exclusive_then_free_again(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "exclusive", NONE));
    a.call(cancel("t", ""));
    a.call(consume("q", "u", "", NONE));
}

fn exclusive_then_get_on_another_connection(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "exclusive", NONE));
    a.fill("q", &["1", "2"]);
    a.hear(1);
    let mut b = s.connect();
    b.take("q");
}

fn exclusive_then_delete_on_another_connection(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "exclusive", NONE));
    let mut b = s.connect();
    b.call(queue_delete("q", ""));
    a.hear(1);
}

/// Consumes with these arguments.
fn argument(s: &mut Stage, name: &str, value: AMQPValue) {
    let mut a = with(s, &["1"]);
    a.tell(consume("q", "t", "no-ack", &[(name, value)]));
    a.quiet();
}

fn priority_text(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.call(consume("q", "t", "no-ack", &[("x-priority", text("high"))]));
}

fn priority_float(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.call(consume("q", "t", "no-ack", &[("x-priority", AMQPValue::Double(1.0))]));
}

fn priority_negative(s: &mut Stage) {
    argument(s, "x-priority", int(-5));
}

fn argument_unknown(s: &mut Stage) {
    argument(s, "x-unheard-of", int(5));
}

fn argument_cancel_on_ha_failover(s: &mut Stage) {
    argument(s, "x-cancel-on-ha-failover", AMQPValue::Boolean(true));
}

fn argument_stream_offset(s: &mut Stage) {
    argument(s, "x-stream-offset", text("first"));
}

fn qos_1(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.tell(ack(1, ""));
    a.hear(1);
    a.tell(reject(2, ""));
    a.hear(1);
}

fn qos_2_multiple(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4", "5"]);
    a.call(qos(2, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    a.tell(ack(2, "multiple"));
    a.hear(2);
}

fn qos_is_of_each_consumer(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4", "5"]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.call(consume("q", "u", "", NONE));
    a.hear(1);
    a.call(qos(2, false));
    a.call(consume("q", "v", "", NONE));
    a.hear(2);
}

fn qos_after_consume_changes_nothing(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.call(qos(3, false));
    a.quiet();
}

fn qos_global(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4"]);
    a.call(qos(2, true));
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    a.call(consume("q", "u", "", NONE));
    a.quiet();
    a.tell(ack(1, ""));
    a.quiet();
}

fn qos_global_raised(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4"]);
    a.call(qos(1, true));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.call(qos(3, true));
    a.quiet();
    a.call(qos(0, true));
    a.quiet();
}

fn qos_global_and_own(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4", "5"]);
    a.call(qos(3, true));
    a.call(qos(2, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    a.call(consume("q", "u", "", NONE));
    a.quiet();
}

fn qos_global_and_get(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, true));
    a.get("q");
    a.call(consume("q", "t", "", NONE));
    a.quiet();
}

fn qos_no_ack_knows_no_limit(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "no-ack", NONE));
    a.hear(3);
}

fn qos_0_is_no_limit(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, false));
    a.call(qos(0, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(3);
}

fn qos_by_bytes(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(60, 10, b"\0\0\0\x0a\0\x01\0");
    a.hear(1);
}

fn qos_is_of_the_channel(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, false));
    a.open(2);
    a.call(consume("q", "t", "", NONE));
    a.hear(3);
}

fn round_robin_of_two(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "one", "no-ack", NONE));
    a.call(consume("q", "two", "no-ack", NONE));
    publish_numbers(&mut a, 6);
    a.hear(6);
}

fn round_robin_of_three(s: &mut Stage) {
    let mut a = with(s, &[]);
    for tag in ["one", "two", "three"] {
        a.call(consume("q", tag, "no-ack", NONE));
    }
    publish_numbers(&mut a, 7);
    a.hear(7);
}

fn round_robin_with_qos(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(qos(1, false));
    a.call(consume("q", "one", "", NONE));
    a.call(consume("q", "two", "", NONE));
    publish_numbers(&mut a, 4);
    a.hear(2);
    a.tell(ack(2, ""));
    a.hear(1);
    a.tell(ack(3, ""));
    a.hear(1);
}

fn round_robin_goes_on_after_a_cancel(s: &mut Stage) {
    let mut a = with(s, &[]);
    for tag in ["one", "two", "three"] {
        a.call(consume("q", tag, "no-ack", NONE));
    }
    a.publish("", "q", "1");
    a.hear(1);
    a.call(cancel("two", ""));
    for number in 2..6 {
        a.publish("", "q", &number.to_string());
    }
    a.hear(4);
}

fn round_robin_of_two_connections(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "no-ack", NONE));
    let mut b = s.connect();
    b.call(consume("q", "t", "no-ack", NONE));
    let mut c = s.connect();
    publish_numbers(&mut c, 4);
    a.hear(2);
    b.hear(2);
}

fn backlog_goes_to_the_first(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(consume("q", "one", "", NONE));
    a.hear(3);
    a.call(consume("q", "two", "", NONE));
    a.quiet();
}

fn priority_goes_first(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(qos(2, false));
    a.call(consume("q", "low", "", NONE));
    a.call(consume("q", "high", "", &[("x-priority", int(10))]));
    a.call(consume("q", "lowest", "", &[("x-priority", int(-1))]));
    publish_numbers(&mut a, 5);
    a.hear(5);
    a.tell(ack(1, ""));
    a.publish("", "q", "6");
    a.hear(1);
}

fn single_active(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-single-active-consumer", AMQPValue::Boolean(true))]);
    a.call(consume("q", "one", "", NONE));
    a.call(consume("q", "two", "", NONE));
    a.call(consume("q", "three", "", &[("x-priority", int(5))]));
    publish_numbers(&mut a, 2);
    a.hear(2);
    a.call(cancel("one", ""));
    a.publish("", "q", "3");
    a.hear(1);
}

fn single_active_requeue(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-single-active-consumer", AMQPValue::Boolean(true))]);
    a.call(consume("q", "one", "", NONE));
    let mut b = s.connect();
    b.call(consume("q", "two", "", NONE));
    publish_numbers(&mut a, 2);
    a.hear(2);
    a.cut();
    b.hear(2);
}

fn single_active_and_exclusive(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-single-active-consumer", AMQPValue::Boolean(true))]);
    a.call(consume("q", "one", "exclusive", NONE));
}

fn queue_deleted_is_announced(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    let mut b = s.connect();
    b.call(queue_delete("q", ""));
    a.hear(1);
    a.tell(ack(1, ""));
    a.call(cancel("t", ""));
}

fn queue_deleted_is_unannounced_to_others(s: &mut Stage) {
    let mut a = s.connect_with(&[]);
    a.queue("q", "", NONE);
    a.call(consume("q", "t", "", NONE));
    let mut b = s.connect();
    b.call(queue_delete("q", ""));
    a.quiet();
    a.call(cancel("t", ""));
}

fn queue_deleted_on_its_own_channel(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.tell(queue_delete("q", ""));
    a.hear(2);
}

fn queue_deleted_with_two_consumers_on_one_channel(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "", NONE));
    a.open(2);
    a.call(consume("q", "u", "", NONE));
    a.open(3);
    a.call(consume("q", "v", "", NONE));
    a.channel = 2;
    let mut b = s.connect();
    b.call(queue_delete("q", ""));
    // The order of the channels is not guaranteed: it is enough that all three get the method.
    a.hear_sorted(3);
}

fn channel_closed_gives_messages_to_others(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    let mut b = s.connect();
    b.call(consume("q", "u", "", NONE));
    a.call(channel_close());
    b.hear(2);
}

fn connection_lost_gives_messages_to_others(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(2, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    let mut b = s.connect();
    b.call(consume("q", "u", "", NONE));
    b.hear(1);
    a.cut();
    b.hear(2);
}

fn reject_requeue_comes_again(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.tell(reject(1, "requeue"));
    a.hear(1);
    a.tell(nack(2, "requeue"));
    a.hear(1);
}

fn nack_requeue_multiple_keeps_the_order(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(3, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(3);
    a.tell(nack(3, "multiple requeue"));
    a.hear(3);
}

fn purge_does_not_touch_what_is_delivered(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.call(queue_purge("q", ""));
    a.tell(ack(1, ""));
    a.quiet();
}

fn large_message_in_frames(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", "t", "no-ack", NONE));
    a.publish("", "q", &"x".repeat(200_000));
    a.publish("", "q", "small");
    a.hear(2);
}

fn tag_of_255_bytes(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.call(consume("q", &"t".repeat(255), "", NONE));
}

fn two_queues_on_one_channel_count_tags_together(s: &mut Stage) {
    let mut a = with(s, &[]);
    a.queue("r", "", NONE);
    a.call(consume("q", "t", "", NONE));
    a.call(consume("r", "u", "", NONE));
    a.publish("", "q", "1");
    a.hear(1);
    a.publish("", "r", "2");
    a.hear(1);
    a.tell(ack(2, "multiple"));
    a.quiet();
}
