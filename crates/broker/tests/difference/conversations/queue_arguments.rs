//! The arguments of queue.declare: the accepted ones, and the ones that count as equal.

use wire::types::AMQPValue;

use crate::{methods::*, stage::Stage};

conversations!(
    ttl,
    ttl_zero,
    ttl_negative,
    ttl_text,
    ttl_largest,
    ttl_ten_years,
    ttl_too_large,
    ttl_far_too_large,
    ttl_float,
    ttl_bool,
    ttl_void,
    ttl_timestamp,
    ttl_table,
    ttl_list,
    ttl_decimal,
    ttl_bytes,
    ttl_unsigned,
    ttl_changed,
    ttl_dropped,
    ttl_added,
    ttl_in_other_widths,
    ttl_in_another_width_and_changed,
    ttl_as_text_afterwards,
    ttl_as_float_afterwards,
    expires,
    expires_zero,
    expires_negative,
    expires_text,
    expires_too_large,
    expires_largest,
    expires_changed,
    expires_in_another_width,
    expires_and_the_queue_is_gone,
    expires_not_while_consumed,
    max_length_negative,
    max_length_zero,
    max_length_text,
    max_length_huge,
    max_length_changed,
    max_length_bytes_negative,
    max_length_bytes_text,
    max_length_bytes_changed,
    overflow_drop_head,
    overflow_reject_publish,
    overflow_reject_publish_dlx,
    overflow_unknown,
    overflow_number,
    overflow_changed,
    overflow_default_spelt_out,
    dead_letter_exchange_missing,
    dead_letter_exchange_number,
    dead_letter_exchange_changed,
    dead_letter_exchange_dropped,
    dead_letter_exchange_added,
    dead_letter_key_alone,
    dead_letter_key_number,
    dead_letter_key_changed,
    dead_letter_strategy_classic,
    dead_letter_strategy_unknown,
    max_priority,
    max_priority_zero,
    max_priority_255,
    max_priority_256,
    max_priority_negative,
    max_priority_text,
    max_priority_changed,
    max_priority_dropped,
    max_priority_quorum,
    single_active_consumer,
    single_active_consumer_text,
    single_active_consumer_changed,
    single_active_consumer_dropped,
    queue_type_classic,
    queue_type_classic_afterwards,
    queue_type_quorum,
    queue_type_quorum_then_classic,
    queue_type_quorum_then_default,
    queue_type_default_then_quorum,
    queue_type_stream,
    queue_type_unknown,
    queue_type_number,
    queue_type_empty,
    queue_type_in_capitals,
    quorum_transient,
    quorum_exclusive,
    quorum_auto_delete,
    stream_transient,
    stream_exclusive,
    queue_mode_lazy,
    queue_mode_unknown,
    queue_mode_number,
    queue_version_1,
    queue_version_2,
    queue_version_3,
    queue_version_text,
    queue_version_changed,
    delivery_limit_classic,
    delivery_limit_quorum,
    delivery_limit_negative,
    delivery_limit_text,
    consumer_timeout,
    consumer_timeout_text,
    consumer_timeout_negative,
    max_age_classic,
    group_size_classic,
    leader_locator,
    leader_locator_unknown,
    master_locator,
    max_in_memory_length_classic,
    unknown_argument,
    unknown_argument_changed,
    argument_without_an_x,
    ha_policy_argument,
    several_wrong_arguments,
    wrong_argument_on_an_existing_queue,
    wrong_argument_without_a_name,
);

/// Declares a queue with one argument, twice.
fn argument(s: &mut Stage, name: &str, value: AMQPValue) {
    arguments(s, &[(name, value)]);
}

/// Declares a durable queue with these arguments, then checks whether it exists.
fn arguments(s: &mut Stage, values: Values) {
    let mut a = s.connect();
    a.queue("q", "durable", values);
    a.open(2);
    a.count("q");
}

/// Declares a queue, then declares it again with other arguments.
fn redeclare(s: &mut Stage, before: Values, after: Values) {
    let mut a = s.connect();
    a.queue("q", "durable", before);
    a.queue("q", "durable", after);
}

fn ttl(s: &mut Stage) {
    argument(s, "x-message-ttl", int(60_000));
}

fn ttl_zero(s: &mut Stage) {
    argument(s, "x-message-ttl", int(0));
}

fn ttl_negative(s: &mut Stage) {
    argument(s, "x-message-ttl", int(-1));
}

fn ttl_text(s: &mut Stage) {
    argument(s, "x-message-ttl", text("60000"));
}

fn ttl_largest(s: &mut Stage) {
    argument(s, "x-message-ttl", long(4_294_967_295));
}

fn ttl_ten_years(s: &mut Stage) {
    argument(s, "x-message-ttl", long(315_360_000_000));
}

fn ttl_too_large(s: &mut Stage) {
    argument(s, "x-message-ttl", long(315_360_000_001));
}

fn ttl_far_too_large(s: &mut Stage) {
    argument(s, "x-message-ttl", long(i64::MAX));
}

fn ttl_float(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::Double(1000.0));
}

fn ttl_bool(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::Boolean(true));
}

fn ttl_void(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::Void);
}

fn ttl_timestamp(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::Timestamp(1000));
}

fn ttl_table(s: &mut Stage) {
    argument(s, "x-message-ttl", inner(NONE));
}

fn ttl_list(s: &mut Stage) {
    argument(s, "x-message-ttl", list(&[int(1)]));
}

fn ttl_decimal(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::DecimalValue(wire::types::DecimalValue { scale: 1, value: 10 }));
}

fn ttl_bytes(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::ByteArray(b"60000".as_slice().into()));
}

fn ttl_unsigned(s: &mut Stage) {
    argument(s, "x-message-ttl", AMQPValue::LongUInt(1000));
}

fn ttl_changed(s: &mut Stage) {
    redeclare(s, &[("x-message-ttl", int(1000))], &[("x-message-ttl", int(2000))]);
}

fn ttl_dropped(s: &mut Stage) {
    redeclare(s, &[("x-message-ttl", int(1000))], NONE);
}

fn ttl_added(s: &mut Stage) {
    redeclare(s, NONE, &[("x-message-ttl", int(1000))]);
}

fn ttl_in_other_widths(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", &[("x-message-ttl", int(100))]);
    for other in [
        long(100),
        AMQPValue::ShortShortInt(100),
        AMQPValue::ShortShortUInt(100),
        AMQPValue::ShortInt(100),
        AMQPValue::ShortUInt(100),
        AMQPValue::LongUInt(100),
    ] {
        a.queue("q", "durable", &[("x-message-ttl", other)]);
    }
}

fn ttl_in_another_width_and_changed(s: &mut Stage) {
    redeclare(s, &[("x-message-ttl", long(100))], &[("x-message-ttl", AMQPValue::ShortInt(7))]);
}

fn ttl_as_text_afterwards(s: &mut Stage) {
    redeclare(s, &[("x-message-ttl", int(100))], &[("x-message-ttl", text("100"))]);
}

fn ttl_as_float_afterwards(s: &mut Stage) {
    redeclare(s, &[("x-message-ttl", int(100))], &[("x-message-ttl", AMQPValue::Double(100.0))]);
}

fn expires(s: &mut Stage) {
    argument(s, "x-expires", int(60_000));
}

fn expires_zero(s: &mut Stage) {
    argument(s, "x-expires", int(0));
}

fn expires_negative(s: &mut Stage) {
    argument(s, "x-expires", int(-5));
}

fn expires_text(s: &mut Stage) {
    argument(s, "x-expires", text("1"));
}

fn expires_too_large(s: &mut Stage) {
    argument(s, "x-expires", long(315_360_000_001));
}

fn expires_largest(s: &mut Stage) {
    argument(s, "x-expires", long(315_360_000_000));
}

fn expires_changed(s: &mut Stage) {
    redeclare(s, &[("x-expires", int(60_000))], &[("x-expires", int(70_000))]);
}

fn expires_in_another_width(s: &mut Stage) {
    redeclare(s, &[("x-expires", int(60_000))], &[("x-expires", long(60_000))]);
}

fn expires_and_the_queue_is_gone(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-expires", int(100))]);
    a.quiet();
    a.quiet();
    a.count("q");
}

fn expires_not_while_consumed(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-expires", int(100))]);
    a.call(consume("q", "t", "", NONE));
    a.quiet();
    a.quiet();
    a.count("q");
}

fn max_length_negative(s: &mut Stage) {
    argument(s, "x-max-length", int(-1));
}

fn max_length_zero(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", &[("x-max-length", int(0))]);
    a.fill("q", &["1"]);
    a.count("q");
}

fn max_length_text(s: &mut Stage) {
    argument(s, "x-max-length", text("5"));
}

fn max_length_huge(s: &mut Stage) {
    argument(s, "x-max-length", long(i64::MAX));
}

fn max_length_changed(s: &mut Stage) {
    redeclare(s, &[("x-max-length", int(1))], &[("x-max-length", int(2))]);
}

fn max_length_bytes_negative(s: &mut Stage) {
    argument(s, "x-max-length-bytes", int(-1));
}

fn max_length_bytes_text(s: &mut Stage) {
    argument(s, "x-max-length-bytes", text("1"));
}

fn max_length_bytes_changed(s: &mut Stage) {
    redeclare(s, &[("x-max-length-bytes", int(1))], &[("x-max-length-bytes", int(2))]);
}

fn overflow_drop_head(s: &mut Stage) {
    argument(s, "x-overflow", text("drop-head"));
}

fn overflow_reject_publish(s: &mut Stage) {
    argument(s, "x-overflow", text("reject-publish"));
}

fn overflow_reject_publish_dlx(s: &mut Stage) {
    argument(s, "x-overflow", text("reject-publish-dlx"));
}

fn overflow_unknown(s: &mut Stage) {
    argument(s, "x-overflow", text("explode"));
}

fn overflow_number(s: &mut Stage) {
    argument(s, "x-overflow", int(1));
}

fn overflow_changed(s: &mut Stage) {
    redeclare(s, &[("x-overflow", text("drop-head"))], &[("x-overflow", text("reject-publish"))]);
}

fn overflow_default_spelt_out(s: &mut Stage) {
    redeclare(s, NONE, &[("x-overflow", text("drop-head"))]);
}

fn dead_letter_exchange_missing(s: &mut Stage) {
    argument(s, "x-dead-letter-exchange", text("nope"));
}

fn dead_letter_exchange_number(s: &mut Stage) {
    argument(s, "x-dead-letter-exchange", int(1));
}

fn dead_letter_exchange_changed(s: &mut Stage) {
    redeclare(s, &[("x-dead-letter-exchange", text("a"))], &[("x-dead-letter-exchange", text("b"))]);
}

fn dead_letter_exchange_dropped(s: &mut Stage) {
    redeclare(s, &[("x-dead-letter-exchange", text("a"))], NONE);
}

fn dead_letter_exchange_added(s: &mut Stage) {
    redeclare(s, NONE, &[("x-dead-letter-exchange", text("a"))]);
}

fn dead_letter_key_alone(s: &mut Stage) {
    argument(s, "x-dead-letter-routing-key", text("k"));
}

fn dead_letter_key_number(s: &mut Stage) {
    arguments(s, &[("x-dead-letter-exchange", text("")), ("x-dead-letter-routing-key", int(1))]);
}

fn dead_letter_key_changed(s: &mut Stage) {
    let exchange = ("x-dead-letter-exchange", text(""));
    redeclare(
        s,
        &[exchange.clone(), ("x-dead-letter-routing-key", text("a"))],
        &[exchange, ("x-dead-letter-routing-key", text("b"))],
    );
}

fn dead_letter_strategy_classic(s: &mut Stage) {
    argument(s, "x-dead-letter-strategy", text("at-most-once"));
}

fn dead_letter_strategy_unknown(s: &mut Stage) {
    arguments(s, &[("x-queue-type", text("quorum")), ("x-dead-letter-strategy", text("maybe"))]);
}

fn max_priority(s: &mut Stage) {
    argument(s, "x-max-priority", int(10));
}

fn max_priority_zero(s: &mut Stage) {
    argument(s, "x-max-priority", int(0));
}

fn max_priority_255(s: &mut Stage) {
    argument(s, "x-max-priority", int(255));
}

fn max_priority_256(s: &mut Stage) {
    argument(s, "x-max-priority", int(256));
}

fn max_priority_negative(s: &mut Stage) {
    argument(s, "x-max-priority", int(-1));
}

fn max_priority_text(s: &mut Stage) {
    argument(s, "x-max-priority", text("high"));
}

fn max_priority_changed(s: &mut Stage) {
    redeclare(s, &[("x-max-priority", int(10))], &[("x-max-priority", int(5))]);
}

fn max_priority_dropped(s: &mut Stage) {
    redeclare(s, &[("x-max-priority", int(10))], NONE);
}

fn max_priority_quorum(s: &mut Stage) {
    arguments(s, &[("x-queue-type", text("quorum")), ("x-max-priority", int(5))]);
}

fn single_active_consumer(s: &mut Stage) {
    argument(s, "x-single-active-consumer", AMQPValue::Boolean(true));
}

fn single_active_consumer_text(s: &mut Stage) {
    argument(s, "x-single-active-consumer", text("true"));
}

fn single_active_consumer_changed(s: &mut Stage) {
    redeclare(
        s,
        &[("x-single-active-consumer", AMQPValue::Boolean(true))],
        &[("x-single-active-consumer", AMQPValue::Boolean(false))],
    );
}

fn single_active_consumer_dropped(s: &mut Stage) {
    redeclare(s, &[("x-single-active-consumer", AMQPValue::Boolean(true))], NONE);
}

fn queue_type_classic(s: &mut Stage) {
    redeclare(s, &[("x-queue-type", text("classic"))], NONE);
}

fn queue_type_classic_afterwards(s: &mut Stage) {
    redeclare(s, NONE, &[("x-queue-type", text("classic"))]);
}

fn queue_type_quorum(s: &mut Stage) {
    argument(s, "x-queue-type", text("quorum"));
}

fn queue_type_quorum_then_classic(s: &mut Stage) {
    redeclare(s, &[("x-queue-type", text("quorum"))], &[("x-queue-type", text("classic"))]);
}

fn queue_type_quorum_then_default(s: &mut Stage) {
    redeclare(s, &[("x-queue-type", text("quorum"))], NONE);
}

fn queue_type_default_then_quorum(s: &mut Stage) {
    redeclare(s, NONE, &[("x-queue-type", text("quorum"))]);
}

fn queue_type_stream(s: &mut Stage) {
    argument(s, "x-queue-type", text("stream"));
}

fn queue_type_unknown(s: &mut Stage) {
    argument(s, "x-queue-type", text("fancy"));
}

fn queue_type_number(s: &mut Stage) {
    argument(s, "x-queue-type", int(1));
}

fn queue_type_empty(s: &mut Stage) {
    argument(s, "x-queue-type", text(""));
}

fn queue_type_in_capitals(s: &mut Stage) {
    argument(s, "x-queue-type", text("Classic"));
}

fn quorum_transient(s: &mut Stage) {
    s.connect().queue("q", "", &[("x-queue-type", text("quorum"))]);
}

fn quorum_exclusive(s: &mut Stage) {
    s.connect().queue("q", "durable exclusive", &[("x-queue-type", text("quorum"))]);
}

fn quorum_auto_delete(s: &mut Stage) {
    s.connect().queue("q", "durable auto-delete", &[("x-queue-type", text("quorum"))]);
}

fn stream_transient(s: &mut Stage) {
    s.connect().queue("q", "", &[("x-queue-type", text("stream"))]);
}

fn stream_exclusive(s: &mut Stage) {
    s.connect().queue("q", "durable exclusive", &[("x-queue-type", text("stream"))]);
}

fn queue_mode_lazy(s: &mut Stage) {
    redeclare(s, &[("x-queue-mode", text("lazy"))], &[("x-queue-mode", text("default"))]);
}

fn queue_mode_unknown(s: &mut Stage) {
    argument(s, "x-queue-mode", text("brave"));
}

fn queue_mode_number(s: &mut Stage) {
    argument(s, "x-queue-mode", int(1));
}

fn queue_version_1(s: &mut Stage) {
    argument(s, "x-queue-version", int(1));
}

fn queue_version_2(s: &mut Stage) {
    argument(s, "x-queue-version", int(2));
}

fn queue_version_3(s: &mut Stage) {
    argument(s, "x-queue-version", int(3));
}

fn queue_version_text(s: &mut Stage) {
    argument(s, "x-queue-version", text("2"));
}

fn queue_version_changed(s: &mut Stage) {
    redeclare(s, &[("x-queue-version", int(1))], &[("x-queue-version", int(2))]);
}

fn delivery_limit_classic(s: &mut Stage) {
    argument(s, "x-delivery-limit", int(3));
}

fn delivery_limit_quorum(s: &mut Stage) {
    let quorum = ("x-queue-type", text("quorum"));
    redeclare(s, &[quorum.clone(), ("x-delivery-limit", int(3))], &[quorum, ("x-delivery-limit", int(4))]);
}

fn delivery_limit_negative(s: &mut Stage) {
    arguments(s, &[("x-queue-type", text("quorum")), ("x-delivery-limit", int(-1))]);
}

fn delivery_limit_text(s: &mut Stage) {
    arguments(s, &[("x-queue-type", text("quorum")), ("x-delivery-limit", text("3"))]);
}

fn consumer_timeout(s: &mut Stage) {
    argument(s, "x-consumer-timeout", int(10_000));
}

fn consumer_timeout_text(s: &mut Stage) {
    argument(s, "x-consumer-timeout", text("soon"));
}

fn consumer_timeout_negative(s: &mut Stage) {
    argument(s, "x-consumer-timeout", int(-1));
}

fn max_age_classic(s: &mut Stage) {
    argument(s, "x-max-age", text("1h"));
}

fn group_size_classic(s: &mut Stage) {
    argument(s, "x-quorum-initial-group-size", int(3));
}

fn leader_locator(s: &mut Stage) {
    argument(s, "x-queue-leader-locator", text("balanced"));
}

fn leader_locator_unknown(s: &mut Stage) {
    argument(s, "x-queue-leader-locator", text("nowhere"));
}

fn master_locator(s: &mut Stage) {
    argument(s, "x-queue-master-locator", text("min-masters"));
}

fn max_in_memory_length_classic(s: &mut Stage) {
    argument(s, "x-max-in-memory-length", int(5));
}

fn unknown_argument(s: &mut Stage) {
    argument(s, "x-unheard-of", int(5));
}

fn unknown_argument_changed(s: &mut Stage) {
    redeclare(s, &[("x-unheard-of", int(5))], &[("x-unheard-of", int(6))]);
}

fn argument_without_an_x(s: &mut Stage) {
    argument(s, "message-ttl", text("whatever"));
}

fn ha_policy_argument(s: &mut Stage) {
    argument(s, "x-ha-policy", text("all"));
}

fn several_wrong_arguments(s: &mut Stage) {
    arguments(s, &[("x-message-ttl", int(-1)), ("x-expires", int(0)), ("x-max-length", text("a"))]);
}

fn wrong_argument_on_an_existing_queue(s: &mut Stage) {
    redeclare(s, NONE, &[("x-message-ttl", text("1"))]);
}

fn wrong_argument_without_a_name(s: &mut Stage) {
    s.connect().queue("", "exclusive", &[("x-message-ttl", int(-1))]);
}
