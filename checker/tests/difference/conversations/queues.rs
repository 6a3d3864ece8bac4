//! queue.declare in all its forms, and what else is done to queues.

use wire::types::AMQPValue;

use crate::{methods::*, stage::Stage};

conversations!(
    declare_and_again,
    declare_durable_and_again,
    redeclare_durable_as_transient,
    redeclare_transient_as_durable,
    redeclare_auto_delete_on,
    redeclare_auto_delete_off,
    redeclare_exclusive_off,
    redeclare_exclusive_on,
    redeclare_exclusive_by_its_owner,
    redeclare_everything_otherwise,
    redeclare_durable_and_auto_delete_otherwise,
    redeclare_flags_and_arguments_otherwise,
    redeclare_passively_otherwise,
    exclusive_passive_by_its_owner,
    exclusive_durable,
    exclusive_auto_delete_goes_with_its_consumer,
    exclusive_of_another_declare,
    exclusive_of_another_declare_exclusive,
    exclusive_of_another_declare_durable,
    exclusive_of_another_passive,
    exclusive_of_another_bind,
    exclusive_of_another_unbind,
    exclusive_of_another_consume,
    exclusive_of_another_get,
    exclusive_of_another_purge,
    exclusive_of_another_delete,
    exclusive_of_another_publish,
    exclusive_on_another_channel_of_its_owner,
    exclusive_survives_its_channel,
    exclusive_goes_with_its_connection,
    exclusive_durable_goes_with_its_connection,
    passive_missing,
    passive_empty_and_none_declared,
    passive_empty_means_the_last,
    passive_is_remembered,
    declare_empty_after_a_named_one,
    passive_counts,
    passive_no_wait,
    declare_no_wait,
    declare_no_wait_without_a_name,
    server_named,
    server_named_durable,
    server_named_quorum,
    reserved_name,
    reserved_name_passive,
    reserved_name_exactly,
    reserved_name_without_a_dot,
    reserved_name_in_capitals,
    server_named_declared_again,
    name_with_line_ends,
    name_with_spaces_and_umlauts,
    name_of_255_bytes,
    name_that_is_not_utf8,
    name_that_is_not_utf8_passive,
    name_with_a_zero,
    name_with_quotes,
    reply_text_is_cut,
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

/// Declares a queue with one argument, twice over.
fn argument(s: &mut Stage, name: &str, value: AMQPValue) {
    arguments(s, &[(name, value)]);
}

/// Declares a durable queue with these arguments, then asks whether it is there.
fn arguments(s: &mut Stage, values: Values) {
    let mut a = s.connect();
    a.queue("q", "durable", values);
    a.open(2);
    a.count("q");
}

/// Declares a queue, then once more with other arguments.
fn redeclare(s: &mut Stage, before: Values, after: Values) {
    let mut a = s.connect();
    a.queue("q", "durable", before);
    a.queue("q", "durable", after);
}

/// Declares a queue with flags, then once more with others.
fn reflag(s: &mut Stage, before: &str, after: &str) {
    let mut a = s.connect();
    a.queue("q", before, NONE);
    a.queue("q", after, NONE);
}

fn declare_and_again(s: &mut Stage) {
    reflag(s, "", "");
}

fn declare_durable_and_again(s: &mut Stage) {
    reflag(s, "durable", "durable");
}

fn redeclare_durable_as_transient(s: &mut Stage) {
    reflag(s, "durable", "");
}

fn redeclare_transient_as_durable(s: &mut Stage) {
    reflag(s, "", "durable");
}

fn redeclare_auto_delete_on(s: &mut Stage) {
    reflag(s, "durable", "durable auto-delete");
}

fn redeclare_auto_delete_off(s: &mut Stage) {
    reflag(s, "durable auto-delete", "durable");
}

fn redeclare_exclusive_off(s: &mut Stage) {
    reflag(s, "exclusive", "");
}

fn redeclare_exclusive_on(s: &mut Stage) {
    reflag(s, "", "exclusive");
}

fn redeclare_exclusive_by_its_owner(s: &mut Stage) {
    reflag(s, "exclusive", "exclusive");
}

fn redeclare_everything_otherwise(s: &mut Stage) {
    reflag(s, "durable", "auto-delete exclusive");
}

fn redeclare_durable_and_auto_delete_otherwise(s: &mut Stage) {
    reflag(s, "durable", "auto-delete");
}

fn redeclare_flags_and_arguments_otherwise(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", &[("x-message-ttl", int(1000))]);
    a.queue("q", "auto-delete", NONE);
}

fn redeclare_passively_otherwise(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", &[("x-message-ttl", int(1000))]);
    a.queue("q", "passive auto-delete", &[("x-message-ttl", int(5))]);
}

fn exclusive_passive_by_its_owner(s: &mut Stage) {
    reflag(s, "exclusive", "passive");
}

fn exclusive_durable(s: &mut Stage) {
    reflag(s, "exclusive durable", "exclusive durable");
}

fn exclusive_auto_delete_goes_with_its_consumer(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive auto-delete", NONE);
    a.call(consume("q", "t", "", NONE));
    a.call(cancel("t", ""));
    a.count("q");
}

/// Another connection does this to an exclusive queue.
fn exclusive_of_another(s: &mut Stage, method: wire::Method) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    let mut b = s.connect();
    b.call(method);
}

fn exclusive_of_another_declare(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "", NONE));
}

fn exclusive_of_another_declare_exclusive(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "exclusive", NONE));
}

fn exclusive_of_another_declare_durable(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "exclusive durable", NONE));
}

fn exclusive_of_another_passive(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "passive", NONE));
}

fn exclusive_of_another_bind(s: &mut Stage) {
    exclusive_of_another(s, queue_bind("q", "amq.direct", "k", "", NONE));
}

fn exclusive_of_another_unbind(s: &mut Stage) {
    exclusive_of_another(s, queue_unbind("q", "amq.direct", "k", NONE));
}

fn exclusive_of_another_consume(s: &mut Stage) {
    exclusive_of_another(s, consume("q", "t", "", NONE));
}

fn exclusive_of_another_get(s: &mut Stage) {
    exclusive_of_another(s, get("q", ""));
}

fn exclusive_of_another_purge(s: &mut Stage) {
    exclusive_of_another(s, queue_purge("q", ""));
}

fn exclusive_of_another_delete(s: &mut Stage) {
    exclusive_of_another(s, queue_delete("q", ""));
}

fn exclusive_of_another_publish(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    let mut b = s.connect();
    b.confirm();
    b.publish("", "q", "m");
    b.confirmed();
    a.take("q");
}

fn exclusive_on_another_channel_of_its_owner(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    a.open(2);
    a.queue("q", "exclusive", NONE);
    a.call(queue_purge("q", ""));
}

fn exclusive_survives_its_channel(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    a.call(channel_close());
    a.open(2);
    a.count("q");
}

fn exclusive_goes_with_its_connection(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.count("q");
}

fn exclusive_durable_goes_with_its_connection(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive durable", NONE);
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.count("q");
}

fn passive_missing(s: &mut Stage) {
    s.connect().count("nope");
}

fn passive_empty_and_none_declared(s: &mut Stage) {
    s.connect().count("");
}

fn passive_empty_means_the_last(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("first", "", NONE);
    a.queue("last", "", NONE);
    a.count("");
}

fn passive_is_remembered(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("first", "", NONE);
    a.queue("last", "", NONE);
    a.count("first");
    a.count("");
}

fn declare_empty_after_a_named_one(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("first", "", NONE);
    a.queue("", "exclusive", NONE);
    a.bind("", "amq.direct", "k");
}

fn passive_counts(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1", "2", "3"]);
    a.count("q");
    a.get("q");
    a.count("q");
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.count("q");
}

fn passive_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.tell(queue_declare("q", "passive no-wait", NONE));
    a.quiet();
    a.tell(queue_declare("nope", "passive no-wait", NONE));
    a.quiet();
}

fn declare_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(queue_declare("q", "no-wait", NONE));
    a.quiet();
    a.count("q");
    a.tell(queue_declare("q", "durable no-wait", NONE));
    a.quiet();
}

fn declare_no_wait_without_a_name(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(queue_declare("", "exclusive no-wait", NONE));
    a.quiet();
    a.count("");
}

fn server_named(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("", "exclusive", NONE);
    a.queue("", "exclusive", NONE);
    a.count("");
    a.queue("", "", NONE);
}

fn server_named_durable(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("", "durable", NONE);
}

fn server_named_quorum(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("", "durable", &[("x-queue-type", text("quorum"))]);
}

fn reserved_name(s: &mut Stage) {
    s.connect().queue("amq.mine", "", NONE);
}

fn reserved_name_passive(s: &mut Stage) {
    s.connect().count("amq.mine");
}

fn reserved_name_exactly(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("amq.", "", NONE);
}

fn reserved_name_without_a_dot(s: &mut Stage) {
    s.connect().queue("amq", "", NONE);
}

fn reserved_name_in_capitals(s: &mut Stage) {
    s.connect().queue("AMQ.mine", "", NONE);
}

fn server_named_declared_again(s: &mut Stage) {
    let mut a = s.connect();
    let declared = a.call(queue_declare("", "exclusive", NONE));
    use wire::{Method, protocol::queue};
    let Some(Method::Queue(queue::AMQPMethod::DeclareOk(declared))) = declared else { panic!("no name") };
    a.queue(declared.queue.as_str(), "exclusive", NONE);
}

fn name_with_line_ends(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("one\r\ntwo\n", "", NONE);
    a.count("one\r\ntwo\n");
    a.count("onetwo");
}

fn name_with_spaces_and_umlauts(s: &mut Stage) {
    let mut a = s.connect();
    a.queue(" ä \u{1F430} ", "", NONE);
    a.count(" \u{e4} nope");
}

fn name_of_255_bytes(s: &mut Stage) {
    let mut a = s.connect();
    a.queue(&"q".repeat(255), "", NONE);
    a.count(&"p".repeat(255));
}

fn name_that_is_not_utf8(s: &mut Stage) {
    let mut a = s.connect();
    let mut declare = b"\0\0".to_vec();
    declare.extend(short(b"\xff\xfe"));
    declare.extend(b"\0\0\0\0\0");
    a.raw_method(50, 10, &declare);
    a.quiet();
}

fn name_that_is_not_utf8_passive(s: &mut Stage) {
    let mut a = s.connect();
    let mut declare = b"\0\0".to_vec();
    declare.extend(short(b"\xff\xfe"));
    declare.extend(b"\x01\0\0\0\0");
    a.raw_method(50, 10, &declare);
    a.quiet();
}

fn name_with_a_zero(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("a\0b", "", NONE);
}

fn name_with_quotes(s: &mut Stage) {
    s.connect().count("it's \"quoted\"");
}

fn reply_text_is_cut(s: &mut Stage) {
    let mut a = s.connect();
    let long = "long".repeat(40);
    a.queue(&long, "exclusive", NONE);
    let mut b = s.connect();
    b.count(&long);
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
    redeclare(
        s,
        &[quorum.clone(), ("x-delivery-limit", int(3))],
        &[quorum, ("x-delivery-limit", int(4))],
    );
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

/// Does this on a channel that has declared no queue.
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
