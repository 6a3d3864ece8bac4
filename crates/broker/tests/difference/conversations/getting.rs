//! basic.get and the settling of messages: acknowledged, rejected, recovered.

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    get_counts,
    get_empty,
    get_missing,
    get_then_close_the_channel,
    get_then_lose_the_connection,
    get_then_lose_the_channel_by_an_error,
    ack_one,
    ack_twice,
    ack_unknown,
    ack_zero,
    ack_zero_multiple,
    ack_zero_multiple_nothing,
    ack_multiple,
    ack_multiple_with_gaps,
    ack_multiple_up_to_one_that_is_settled,
    ack_multiple_beyond_the_last,
    ack_multiple_all_settled,
    ack_after_no_ack,
    ack_on_another_channel,
    tags_count_over_no_ack,
    ack_when_the_queue_is_gone,
    ack_when_the_queue_is_gone_and_the_tag_unknown,
    nack_requeue,
    nack_drops,
    nack_multiple,
    nack_zero_multiple,
    nack_unknown,
    nack_multiple_unknown,
    reject_requeue,
    reject_drops,
    reject_unknown,
    reject_zero,
    requeue_goes_to_its_old_place,
    requeue_in_the_middle,
    redelivered_stays,
    recover_requeue,
    recover_without_requeue,
    recover_async,
    recover_async_without_requeue,
    recover_nothing,
    recover_to_a_consumer,
    qos_then_get,
);

/// A connection with a queue `q` that holds these messages.
fn with(s: &mut Stage, bodies: &[&str]) -> Client {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", bodies);
    a
}

/// Takes the remaining messages of `q` on a new channel.
fn rest(a: &mut Client, messages: usize) {
    a.open(9);
    for _ in 0..messages {
        a.take("q");
    }
    a.call(channel_close());
    a.channel = 1;
}

fn get_counts(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    for _ in 0..4 {
        a.get("q");
    }
}

fn get_empty(s: &mut Stage) {
    with(s, &[]).get("q");
}

fn get_missing(s: &mut Stage) {
    s.connect().get("nope");
}

fn get_then_close_the_channel(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.get("q");
    a.call(channel_close());
    a.open(1);
    a.get("q");
    a.get("q");
}

fn get_then_lose_the_connection(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.cut();
    let mut b = s.connect();
    b.quiet();
    b.get("q");
    b.get("q");
}

fn get_then_lose_the_channel_by_an_error(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.count("nope");
    a.open(1);
    a.get("q");
}

fn ack_one(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.tell(ack(1, ""));
    a.call(channel_close());
    rest(&mut a, 2);
}

fn ack_twice(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(ack(1, ""));
    a.tell(ack(1, ""));
    a.hear(1);
}

fn ack_unknown(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(ack(99, ""));
    a.hear(1);
}

fn ack_zero(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(ack(0, ""));
    a.hear(1);
}

fn ack_zero_multiple(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.get("q");
    a.get("q");
    a.tell(ack(0, "multiple"));
    a.get("q");
    a.call(channel_close());
    rest(&mut a, 2);
}

fn ack_zero_multiple_nothing(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(ack(0, "multiple"));
    a.quiet();
    a.tell(nack(0, "multiple requeue"));
    a.quiet();
}

fn ack_multiple(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    for _ in 0..3 {
        a.get("q");
    }
    a.tell(ack(2, "multiple"));
    a.call(channel_close());
    rest(&mut a, 2);
}

fn ack_multiple_with_gaps(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4"]);
    for _ in 0..4 {
        a.get("q");
    }
    a.tell(ack(2, ""));
    a.tell(ack(3, "multiple"));
    a.call(channel_close());
    rest(&mut a, 2);
}

fn ack_multiple_up_to_one_that_is_settled(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    for _ in 0..3 {
        a.get("q");
    }
    a.tell(ack(2, ""));
    a.tell(ack(2, "multiple"));
    a.quiet();
}

fn ack_multiple_beyond_the_last(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(ack(5, "multiple"));
    a.hear(1);
    rest(&mut a, 2);
}

fn ack_multiple_all_settled(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(ack(1, "multiple"));
    a.tell(ack(1, "multiple"));
    a.hear(1);
}

fn ack_after_no_ack(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.take("q");
    a.tell(ack(1, ""));
    a.hear(1);
}

fn ack_on_another_channel(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.open(2);
    a.tell(ack(1, ""));
    a.hear(1);
}

fn tags_count_over_no_ack(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.take("q");
    a.get("q");
    a.get("q");
    a.tell(ack(2, ""));
    a.tell(ack(3, ""));
    a.quiet();
}

fn ack_when_the_queue_is_gone(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.call(queue_delete("q", ""));
    a.tell(ack(1, ""));
    a.quiet();
}

fn ack_when_the_queue_is_gone_and_the_tag_unknown(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.call(queue_delete("q", ""));
    a.tell(ack(2, ""));
    a.hear(1);
}

fn nack_requeue(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.tell(nack(1, "requeue"));
    a.get("q");
}

fn nack_drops(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.tell(nack(1, ""));
    a.get("q");
}

fn nack_multiple(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    for _ in 0..3 {
        a.get("q");
    }
    a.tell(nack(2, "multiple requeue"));
    a.get("q");
    a.get("q");
    a.get("q");
}

fn nack_zero_multiple(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.get("q");
    a.tell(nack(0, "multiple requeue"));
    a.get("q");
    a.get("q");
}

fn nack_unknown(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(nack(99, ""));
    a.hear(1);
}

fn nack_multiple_unknown(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(nack(99, "multiple"));
    a.hear(1);
}

fn reject_requeue(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.tell(reject(1, "requeue"));
    a.get("q");
}

fn reject_drops(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.get("q");
    a.tell(reject(1, ""));
    a.get("q");
}

fn reject_unknown(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(reject(99, ""));
    a.hear(1);
}

fn reject_zero(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(reject(0, "requeue"));
    a.hear(1);
}

fn requeue_goes_to_its_old_place(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4"]);
    a.get("q");
    a.get("q");
    a.get("q");
    a.tell(reject(2, "requeue"));
    a.tell(reject(1, "requeue"));
    a.quiet();
    rest(&mut a, 4);
    a.tell(reject(3, "requeue"));
    a.quiet();
    rest(&mut a, 2);
}

fn requeue_in_the_middle(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3", "4"]);
    a.get("q");
    a.get("q");
    a.tell(reject(2, "requeue"));
    a.get("q");
    a.get("q");
    a.tell(nack(0, "multiple requeue"));
    a.quiet();
    rest(&mut a, 5);
}

fn redelivered_stays(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(reject(1, "requeue"));
    a.get("q");
    a.tell(reject(2, "requeue"));
    a.get("q");
}

fn recover_requeue(s: &mut Stage) {
    let mut a = with(s, &["1", "2", "3"]);
    a.get("q");
    a.get("q");
    a.call(recover(true));
    a.get("q");
    a.get("q");
    a.tell(ack(1, ""));
    a.hear(1);
}

fn recover_without_requeue(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(recover(false));
    a.quiet();
}

fn recover_async(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(crate::methods::recover_async(true));
    a.quiet();
    a.get("q");
}

fn recover_async_without_requeue(s: &mut Stage) {
    let mut a = with(s, &["1"]);
    a.get("q");
    a.tell(crate::methods::recover_async(false));
    a.quiet();
}

fn recover_nothing(s: &mut Stage) {
    s.connect().call(recover(true));
}

fn recover_to_a_consumer(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.call(consume("q", "t", "", NONE));
    a.hear(2);
    a.tell(ack(1, ""));
    a.tell(recover(true));
    a.hear(2);
}

fn qos_then_get(s: &mut Stage) {
    let mut a = with(s, &["1", "2"]);
    a.call(qos(1, false));
    a.get("q");
    a.get("q");
}
