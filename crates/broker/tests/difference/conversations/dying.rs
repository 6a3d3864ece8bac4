//! Messages that expire, are pushed out or rejected, and their way as dead letters.

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    rejected,
    nacked,
    nacked_one,
    nacked_two_published_by_itself,
    rejected_one_by_one,
    expired_after_reject_requeue,
    expired_after_nack_requeue,
    expired_after_its_channel_closed,
    requeued_is_not_dead,
    rejected_after_being_redelivered,
    rejected_on_a_consumer,
    rejected_while_another_waits,
    rejected_then_got,
    expired_then_got,
    pushed_out_then_got,
    rejected_with_properties,
    expired_by_the_queue,
    expired_by_the_message,
    expired_at_once,
    expired_at_once_by_the_queue,
    ttl_zero_with_a_consumer,
    expiration_zero_with_a_consumer,
    ttl_zero_with_a_busy_consumer,
    the_shorter_of_both_counts,
    the_shorter_of_both_counts_the_other_way,
    behind_one_that_lives_longer,
    unacknowledged_does_not_expire,
    expired_without_dead_letters,
    maxlen_drops_the_oldest,
    maxlen_zero,
    maxlen_does_not_count_what_is_unacknowledged,
    maxlen_bytes,
    maxlen_and_bytes,
    maxlen_reject_publish_dlx,
    maxlen_reject_publish,
    maxlen_reject_publish_bytes,
    dead_letter_exchange_missing,
    dead_letter_exchange_is_declared_later,
    dead_letter_unroutable,
    dead_letter_keeps_its_key,
    dead_letter_internal_exchange,
    dead_letter_to_its_alternate,
    dead_letter_with_cc,
    dead_letter_with_cc_and_a_key,
    rejected_twice_counts,
    through_two_queues,
    retry_loop_of_two_queues,
    expiring_cycle_ends,
    rejected_to_itself_goes_on,
    expiration_is_kept_as_original,
    x_death_made_up_by_the_publisher,
    queue_deleted_is_no_death,
    purged_is_no_death,
    queue_expired_is_no_death,
    several_in_order,
    mandatory_and_dead,
    priorities_go_first,
    priorities_requeued,
    priorities_and_maxlen,
    priorities_and_ttl,
);

/// Declares a queue `q` with these arguments, whose dead letters go to `dead` through the default exchange.
fn with_dead(s: &mut Stage, arguments: Values) -> Client {
    let mut a = s.connect();
    a.queue("dead", "", NONE);
    let mut all = vec![("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text("dead"))];
    all.extend_from_slice(arguments);
    a.queue("q", "", &all);
    a
}

/// Waits until this number of dead letters is in their queue, then consumes them.
fn dead(a: &mut Client, letters: usize) {
    a.await_messages("dead", letters);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.hear(letters);
    a.call(cancel("undertaker", ""));
}

fn rejected(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn nacked(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.fill("q", &["1", "2"]);
    a.get("q");
    a.get("q");
    a.tell(nack(2, "multiple"));
    dead(&mut a, 2);
}

fn nacked_one(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.fill("q", &["1"]);
    a.get("q");
    a.tell(nack(1, ""));
    dead(&mut a, 1);
}

fn nacked_two_published_by_itself(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.get("q");
    a.get("q");
    a.tell(nack(2, "multiple"));
    dead(&mut a, 2);
}

fn rejected_one_by_one(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.get("q");
    a.get("q");
    a.tell(reject(1, ""));
    a.await_messages("dead", 1);
    a.tell(reject(2, ""));
    dead(&mut a, 2);
}

fn expired_after_reject_requeue(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(100))]);
    a.publish("", "q", "m");
    a.get("q");
    a.quiet();
    a.tell(reject(1, "requeue"));
    dead(&mut a, 1);
}

fn expired_after_nack_requeue(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(100))]);
    a.publish("", "q", "m");
    a.get("q");
    a.quiet();
    a.tell(nack(1, "requeue"));
    dead(&mut a, 1);
}

fn expired_after_its_channel_closed(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(100))]);
    a.publish("", "q", "m");
    a.get("q");
    a.quiet();
    a.call(channel_close());
    a.open(2);
    dead(&mut a, 1);
}

fn requeued_is_not_dead(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, "requeue"));
    a.quiet();
    a.count("dead");
    a.count("q");
}

fn rejected_after_being_redelivered(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, "requeue"));
    a.get("q");
    a.tell(reject(2, ""));
    dead(&mut a, 1);
}

fn rejected_on_a_consumer(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.call(consume("q", "t", "", NONE));
    a.publish("", "q", "m");
    a.hear(1);
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn rejected_while_another_waits(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.call(consume("dead", "undertaker", "no-ack", NONE));
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    a.hear(1);
}

fn rejected_then_got(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    a.await_messages("dead", 1);
    a.take("dead");
}

fn expired_then_got(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(20))]);
    a.publish("", "q", "m");
    a.await_messages("dead", 1);
    a.take("dead");
}

fn pushed_out_then_got(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length", int(1))]);
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.await_messages("dead", 1);
    a.take("dead");
}

fn rejected_with_properties(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    let properties = headers(&[("kept", int(1))])
        .with_content_type("text/plain".into())
        .with_delivery_mode(2)
        .with_message_id("m-1".into())
        .with_priority(3);
    a.publish_as("", "q", "", &properties, b"m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn expired_by_the_queue(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(50))]);
    a.publish("", "q", "m");
    dead(&mut a, 1);
    a.count("q");
}

fn expired_by_the_message(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish_as("", "q", "", &plain().with_expiration("50".into()), b"m");
    dead(&mut a, 1);
}

fn expired_at_once(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish_as("", "q", "", &plain().with_expiration("0".into()), b"m");
    dead(&mut a, 1);
}

fn expired_at_once_by_the_queue(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(0))]);
    a.publish("", "q", "m");
    dead(&mut a, 1);
}

fn ttl_zero_with_a_consumer(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(0))]);
    a.call(consume("q", "t", "no-ack", NONE));
    a.publish("", "q", "in time");
    a.hear(1);
    a.count("dead");
}

fn expiration_zero_with_a_consumer(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.call(consume("q", "t", "no-ack", NONE));
    a.publish_as("", "q", "", &plain().with_expiration("0".into()), b"in time");
    a.hear(1);
    a.count("dead");
}

fn ttl_zero_with_a_busy_consumer(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(0))]);
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.publish("", "q", "1");
    a.hear(1);
    a.publish("", "q", "2");
    a.quiet();
    a.count("dead");
}

fn the_shorter_of_both_counts(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(60_000))]);
    a.publish_as("", "q", "", &plain().with_expiration("50".into()), b"by itself");
    dead(&mut a, 1);
}

fn the_shorter_of_both_counts_the_other_way(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(50))]);
    a.publish_as("", "q", "", &plain().with_expiration("60000".into()), b"by the queue");
    dead(&mut a, 1);
}

fn behind_one_that_lives_longer(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "lives");
    a.publish_as("", "q", "", &plain().with_expiration("10".into()), b"dies behind it");
    a.quiet();
    a.count("q");
    a.take("q");
    dead(&mut a, 1);
}

fn unacknowledged_does_not_expire(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(100))]);
    a.publish("", "q", "m");
    a.get("q");
    a.quiet();
    a.count("dead");
    a.tell(reject(1, "requeue"));
    dead(&mut a, 1);
}

fn expired_without_dead_letters(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-message-ttl", int(20))]);
    a.fill("q", &["1", "2"]);
    a.quiet();
    a.count("q");
    a.get("q");
}

fn maxlen_drops_the_oldest(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length", int(2))]);
    for body in ["1", "2", "3", "4"] {
        a.publish("", "q", body);
    }
    dead(&mut a, 2);
    a.take("q");
    a.take("q");
}

fn maxlen_zero(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length", int(0))]);
    a.publish("", "q", "m");
    dead(&mut a, 1);
}

fn maxlen_does_not_count_what_is_unacknowledged(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length", int(1))]);
    a.publish("", "q", "1");
    a.get("q");
    a.publish("", "q", "2");
    a.quiet();
    a.count("dead");
    a.tell(reject(1, "requeue"));
    dead(&mut a, 1);
    a.take("q");
}

fn maxlen_bytes(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length-bytes", int(10))]);
    for body in ["1234", "5678", "abcd", "x", "this is too long by itself"] {
        a.publish("", "q", body);
    }
    a.quiet();
    a.count("q");
    dead(&mut a, 5);
}

fn maxlen_and_bytes(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length-bytes", int(4)), ("x-max-length", int(3))]);
    for body in ["1", "2", "3", "4", "567"] {
        a.publish("", "q", body);
    }
    a.quiet();
    a.take("q");
    a.take("q");
    a.take("q");
}

fn maxlen_reject_publish_dlx(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length", int(1)), ("x-overflow", text("reject-publish-dlx"))]);
    a.call(confirm_select(""));
    a.publish("", "q", "1");
    a.hear(1);
    a.publish("", "q", "2");
    a.hear(1);
    dead(&mut a, 1);
    a.take("q");
}

fn maxlen_reject_publish(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-length", int(1)), ("x-overflow", text("reject-publish"))]);
    a.publish("", "q", "1");
    a.publish("", "q", "2");
    a.quiet();
    a.count("dead");
    a.take("q");
}

fn maxlen_reject_publish_bytes(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length-bytes", int(5)), ("x-overflow", text("reject-publish"))]);
    a.call(confirm_select(""));
    for body in ["1234", "5678", "9"] {
        a.publish("", "q", body);
        a.hear(1);
    }
    a.count("q");
}

fn dead_letter_exchange_missing(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-dead-letter-exchange", text("nope"))]);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    a.quiet();
    a.call(flow(true));
    a.count("q");
}

fn dead_letter_exchange_is_declared_later(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-dead-letter-exchange", text("later"))]);
    a.publish("", "q", "m");
    a.exchange("later", "fanout", "", NONE);
    a.queue("dead", "", NONE);
    a.bind("dead", "later", "");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn dead_letter_unroutable(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-dead-letter-exchange", text("amq.direct"))]);
    a.publish_as("", "q", "mandatory", &plain(), b"m");
    a.get("q");
    a.tell(reject(1, ""));
    a.quiet();
}

fn dead_letter_keeps_its_key(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("dead", "", NONE);
    a.bind("dead", "amq.topic", "#");
    a.queue("q", "", &[("x-dead-letter-exchange", text("amq.topic"))]);
    a.bind("q", "amq.direct", "the key");
    a.publish("amq.direct", "the key", "m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn dead_letter_internal_exchange(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "fanout", "internal", NONE);
    a.queue("dead", "", NONE);
    a.bind("dead", "x", "");
    a.queue("q", "", &[("x-dead-letter-exchange", text("x"))]);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn dead_letter_to_its_alternate(s: &mut Stage) {
    let mut a = s.connect();
    a.exchange("x", "direct", "", &[("alternate-exchange", text("amq.fanout"))]);
    a.queue("dead", "", NONE);
    a.bind("dead", "amq.fanout", "");
    a.queue("q", "", &[("x-dead-letter-exchange", text("x"))]);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn dead_letter_with_cc(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("dead", "", NONE);
    a.bind("dead", "amq.topic", "#");
    a.queue("q", "", &[("x-dead-letter-exchange", text("amq.topic"))]);
    a.publish_headers("", "q", &[("CC", list(&[text("one"), text("two")])), ("BCC", list(&[text("secret")]))], "m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn dead_letter_with_cc_and_a_key(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.queue("one", "", NONE);
    a.publish_headers("", "q", &[("CC", list(&[text("one")]))], "m");
    a.take("one");
    a.get("q");
    a.tell(reject(2, ""));
    dead(&mut a, 1);
    a.take("one");
}

fn rejected_twice_counts(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.get("q");
    a.tell(reject(1, ""));
    a.await_messages("dead", 1);
    a.take("dead");
    a.note("-> (sends it round again, with its headers)");
    let again = a.last.clone();
    a.publish_as("", "q", "", &again, b"m");
    a.get("q");
    a.tell(reject(3, ""));
    a.await_messages("dead", 1);
    a.take("dead");
}

fn through_two_queues(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("dead", "", NONE);
    a.queue("two", "", &[("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text("dead"))]);
    a.queue("one", "", &[("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text("two"))]);
    a.call(consume("one", "c1", "", NONE));
    a.call(consume("two", "c2", "", NONE));
    a.publish("", "one", "m");
    a.hear(1);
    a.tell(reject(1, ""));
    a.hear(1);
    a.tell(reject(2, ""));
    dead(&mut a, 1);
}

fn retry_loop_of_two_queues(s: &mut Stage) {
    let mut a = s.connect();
    a.queue(
        "wait",
        "",
        &[
            ("x-dead-letter-exchange", text("")),
            ("x-dead-letter-routing-key", text("work")),
            ("x-message-ttl", int(20)),
        ],
    );
    a.queue("work", "", &[("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text("wait"))]);
    a.call(consume("work", "t", "", NONE));
    a.publish("", "work", "m");
    for tag in 1..4 {
        a.hear(1);
        a.tell(reject(tag, ""));
    }
    a.hear(1);
}

fn expiring_cycle_ends(s: &mut Stage) {
    let mut a = s.connect();
    a.queue(
        "q",
        "",
        &[("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text("q")), ("x-message-ttl", int(20))],
    );
    a.publish("", "q", "m");
    a.quiet();
    a.count("q");
}

fn rejected_to_itself_goes_on(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", text("q"))]);
    a.publish("", "q", "m");
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.tell(reject(1, ""));
    a.hear(1);
    a.tell(reject(2, ""));
    a.hear(1);
}

fn expiration_is_kept_as_original(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish_as("", "q", "", &plain().with_expiration("30".into()), b"m");
    dead(&mut a, 1);
    a.publish_as("", "q", "", &plain().with_expiration("60000".into()), b"rejected before");
    a.get("q");
    a.tell(reject(2, ""));
    dead(&mut a, 1);
}

fn x_death_made_up_by_the_publisher(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish_headers("", "q", &[("x-death", text("I was dead before"))], "m");
    a.get("q");
    a.tell(reject(1, ""));
    dead(&mut a, 1);
}

fn queue_deleted_is_no_death(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.call(queue_delete("q", ""));
    a.quiet();
    a.count("dead");
}

fn purged_is_no_death(s: &mut Stage) {
    let mut a = with_dead(s, NONE);
    a.publish("", "q", "m");
    a.call(queue_purge("q", ""));
    a.quiet();
    a.count("dead");
}

fn queue_expired_is_no_death(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-expires", int(30))]);
    a.publish("", "q", "m");
    a.quiet();
    a.count("dead");
    a.count("q");
}

fn several_in_order(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-message-ttl", int(50))]);
    a.fill("q", &["1", "2", "3", "4", "5"]);
    dead(&mut a, 5);
}

fn mandatory_and_dead(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length", int(0))]);
    a.publish_as("", "q", "mandatory", &plain(), b"m");
    a.quiet();
}

fn priorities_go_first(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-priority", int(5))]);
    for (priority, body) in
        [(None, "none"), (Some(1), "1"), (Some(5), "5"), (Some(9), "9 is 5"), (Some(0), "0"), (Some(5), "5 later")]
    {
        let properties = priority.map_or_else(plain, |priority| plain().with_priority(priority));
        a.publish_as("", "q", "", &properties, body.as_bytes());
    }
    for _ in 0..6 {
        a.take("q");
    }
}

fn priorities_requeued(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-priority", int(5))]);
    for (priority, body) in [(1, "low"), (3, "mid"), (5, "high")] {
        a.publish_as("", "q", "", &plain().with_priority(priority), body.as_bytes());
    }
    a.get("q");
    a.get("q");
    a.tell(nack(0, "multiple requeue"));
    a.quiet();
    for _ in 0..3 {
        a.take("q");
    }
}

fn priorities_and_maxlen(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-priority", int(5)), ("x-max-length", int(2))]);
    for (priority, body) in [(5, "high"), (1, "low"), (3, "mid")] {
        a.publish_as("", "q", "", &plain().with_priority(priority), body.as_bytes());
    }
    dead(&mut a, 1);
    a.take("q");
    a.take("q");
}

fn priorities_and_ttl(s: &mut Stage) {
    let mut a = with_dead(s, &[("x-max-priority", int(5))]);
    a.publish_as("", "q", "", &plain().with_priority(5), b"high, lives");
    a.publish_as("", "q", "", &plain().with_priority(1).with_expiration("20".into()), b"low, dies");
    a.quiet();
    a.count("q");
    a.count("dead");
}
