//! Channels: opened, closed, and frames in an order that they must not have.

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    open_and_close,
    open_twice,
    open_on_channel_0,
    not_open_declare,
    not_open_publish,
    not_open_close,
    not_open_close_ok,
    not_open_flow,
    not_open_ack,
    not_open_header,
    not_open_body,
    closed_then_used,
    closed_twice,
    close_ok_unasked,
    open_ok_from_the_client,
    declare_ok_from_the_client,
    deliver_from_the_client,
    flow_on,
    flow_off,
    flow_ok_unasked,
    access_request,
    unknown_class,
    unknown_method,
    unknown_method_on_channel_0,
    unknown_method_on_a_closed_channel,
    class_of_old_times,
    arguments_cut_off,
    arguments_missing,
    arguments_too_many,
    arguments_too_many_after_a_name,
    table_with_an_unknown_type,
    table_longer_than_the_frame,
    table_shorter_than_its_values,
    flags_all_set,
    publish_then_a_method,
    publish_then_channel_close,
    publish_then_connection_close,
    publish_then_publish,
    publish_then_heartbeat,
    publish_between_frames_of_another_channel,
    header_then_channel_close,
    header_then_a_method,
    header_twice,
    header_out_of_place,
    body_out_of_place,
    body_instead_of_header,
    header_of_another_class,
    header_of_an_unknown_class,
    header_with_a_weight,
    header_without_flags,
    header_cut_off,
    header_with_properties_cut_off,
    header_with_bytes_too_many,
    header_with_a_continuation_flag,
    header_with_a_lone_continuation_flag,
    header_with_an_unused_flag,
    header_with_headers_of_an_unknown_type,
    body_empty,
    body_empty_and_a_frame_for_it,
    body_in_pieces,
    body_too_long,
    body_too_long_in_two_frames,
    body_too_short_then_publish,
    body_larger_than_allowed,
    body_one_byte_larger_than_allowed,
    body_of_17_mib,
    body_of_16_mib,
    body_of_many_frames,
    body_of_exactly_one_frame,
    error_then_ignored_methods,
    error_then_open,
    error_answered_by_close,
    error_then_content_goes_on,
    error_leaves_other_channels_alone,
    error_and_methods_sent_before_it_came,
    channel_0_queue_declare,
    channel_0_publish,
    channel_0_channel_close,
    close_puts_messages_back,
);

/// A header frame: class, weight, size of the body, flags and properties.
fn header(class: u16, weight: u16, size: u64, rest: &[u8]) -> Vec<u8> {
    [class.to_be_bytes().as_slice(), &weight.to_be_bytes(), &size.to_be_bytes(), rest].concat()
}

/// No properties.
const PLAIN: &[u8] = b"\0\0";

/// A connection with a queue `q`.
fn with_queue(s: &mut Stage) -> Client {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a
}

fn open_and_close(s: &mut Stage) {
    let mut a = s.connect();
    a.open(2);
    a.call(channel_close());
    a.open(2);
    a.open(65);
}

fn open_twice(s: &mut Stage) {
    let mut a = s.connect();
    a.open(1);
}

fn open_on_channel_0(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, channel_open());
    a.hear_end();
}

/// On a channel that is not open.
fn not_open(s: &mut Stage, method: wire::Method) {
    let mut a = s.connect();
    a.tell_on(2, method);
    a.quiet();
}

fn not_open_declare(s: &mut Stage) {
    not_open(s, queue_declare("q", "", NONE));
}

fn not_open_publish(s: &mut Stage) {
    not_open(s, publish("", "q", ""));
}

fn not_open_close(s: &mut Stage) {
    not_open(s, channel_close());
}

fn not_open_close_ok(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(2, channel_close_ok());
    a.quiet();
    a.call(flow(true));
}

fn not_open_flow(s: &mut Stage) {
    not_open(s, flow(true));
}

fn not_open_ack(s: &mut Stage) {
    not_open(s, ack(1, ""));
}

fn not_open_header(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(2, 2, &header(60, 0, 0, PLAIN));
    a.hear_end();
}

fn not_open_body(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(3, 2, b"x");
    a.hear_end();
}

fn closed_then_used(s: &mut Stage) {
    let mut a = s.connect();
    a.call(channel_close());
    a.tell(queue_declare("q", "", NONE));
    a.hear_end();
}

fn closed_twice(s: &mut Stage) {
    let mut a = s.connect();
    a.call(channel_close());
    a.tell(channel_close());
    a.hear_end();
}

fn close_ok_unasked(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(channel_close_ok());
    a.quiet();
    a.tell(flow(true));
    a.quiet();
}

fn open_ok_from_the_client(s: &mut Stage) {
    use wire::{Method, protocol::channel};
    let mut a = s.connect();
    a.tell(Method::Channel(channel::AMQPMethod::OpenOk(channel::OpenOk {})));
    a.hear_end();
}

fn declare_ok_from_the_client(s: &mut Stage) {
    use wire::{Method, protocol::queue};
    let mut a = s.connect();
    let declared = queue::DeclareOk { queue: "q".into(), message_count: 0, consumer_count: 0 };
    a.tell(Method::Queue(queue::AMQPMethod::DeclareOk(declared)));
    a.hear_end();
}

fn deliver_from_the_client(s: &mut Stage) {
    use wire::{Method, protocol::basic};
    let mut a = s.connect();
    a.tell(Method::Basic(basic::AMQPMethod::Deliver(basic::Deliver {
        consumer_tag: "t".into(),
        delivery_tag: 1,
        redelivered: false,
        exchange: "".into(),
        routing_key: "q".into(),
    })));
    a.content(&plain(), b"x");
    a.hear_end();
}

fn flow_on(s: &mut Stage) {
    let mut a = s.connect();
    a.call(flow(true));
}

fn flow_off(s: &mut Stage) {
    let mut a = s.connect();
    a.call(flow(false));
}

fn flow_ok_unasked(s: &mut Stage) {
    use wire::{Method, protocol::channel};
    let mut a = s.connect();
    a.tell(Method::Channel(channel::AMQPMethod::FlowOk(channel::FlowOk { active: true })));
    a.quiet();
}

fn access_request(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(crate::methods::access_request());
    a.quiet();
}

fn unknown_class(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(200, 10, b"");
    a.hear_end();
}

fn unknown_method(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 99, b"");
    a.hear_end();
}

fn unknown_method_on_channel_0(s: &mut Stage) {
    let mut a = s.connect();
    a.channel = 0;
    a.raw_method(10, 99, b"");
    a.hear_end();
}

fn unknown_method_on_a_closed_channel(s: &mut Stage) {
    let mut a = s.connect();
    a.channel = 7;
    a.raw_method(50, 99, b"");
    a.hear_end();
}

fn class_of_old_times(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(70, 10, b"");
    a.hear_end();
}

fn arguments_cut_off(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 10, b"\0\0");
    a.hear_end();
}

fn arguments_missing(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(60, 80, b"");
    a.hear_end();
}

fn arguments_too_many(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(20, 20, b"\x01extra");
    a.quiet();
}

fn arguments_too_many_after_a_name(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(20, 10, b"\0extra");
    a.quiet();
}

fn table_with_an_unknown_type(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 10, b"\0\0\x01q\0\0\0\0\x04\x01aZ\0");
    a.hear_end();
}

fn table_longer_than_the_frame(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 10, b"\0\0\x01q\0\0\0\0\xff\x01at\x01");
    a.hear_end();
}

fn table_shorter_than_its_values(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 10, b"\0\0\x01q\0\0\0\0\x02\x01a");
    a.hear_end();
}

fn flags_all_set(s: &mut Stage) {
    let mut a = s.connect();
    a.raw_method(50, 10, b"\0\0\x01q\xee\0\0\0\0");
    a.quiet();
}

fn publish_then_a_method(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.tell(queue_declare("q", "passive", NONE));
    a.hear_end();
}

fn publish_then_channel_close(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.tell(channel_close());
    a.quiet();
    a.open(2);
    a.count("q");
}

fn publish_then_connection_close(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.tell_on(0, connection_close());
    a.quiet();
}

fn publish_then_publish(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.publish("", "q", "m");
    a.hear_end();
}

fn publish_then_heartbeat(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(8, 0, b"");
    a.content(&plain(), b"m");
    a.take("q");
}

fn publish_between_frames_of_another_channel(s: &mut Stage) {
    let mut a = with_queue(s);
    a.open(2);
    a.channel = 1;
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 3, PLAIN));
    a.channel = 2;
    a.queue("other", "", NONE);
    a.publish("", "q", "from channel 2");
    a.await_messages("q", 1);
    a.channel = 1;
    a.raw(3, 1, b"one");
    a.await_messages("q", 2);
    a.take("q");
    a.take("q");
}

fn header_then_channel_close(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 10, PLAIN));
    a.raw(3, 1, b"half");
    a.tell(channel_close());
    a.quiet();
    a.open(2);
    a.count("q");
}

fn header_then_a_method(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 10, PLAIN));
    a.tell(queue_declare("q", "passive", NONE));
    a.hear_end();
}

fn header_twice(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 10, PLAIN));
    a.raw(2, 1, &header(60, 0, 10, PLAIN));
    a.hear_end();
}

fn header_out_of_place(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(2, 1, &header(60, 0, 10, PLAIN));
    a.hear_end();
}

fn body_out_of_place(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(3, 1, b"x");
    a.hear_end();
}

fn body_instead_of_header(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(3, 1, b"x");
    a.hear_end();
}

/// Publishes with this header frame and no more.
fn with_header(s: &mut Stage, payload: &[u8]) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, payload);
    a.quiet();
}

fn header_of_another_class(s: &mut Stage) {
    with_header(s, &header(50, 0, 0, PLAIN));
}

fn header_of_an_unknown_class(s: &mut Stage) {
    with_header(s, &header(99, 0, 0, PLAIN));
}

fn header_with_a_weight(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 1, 0, PLAIN));
    a.take("q");
}

fn header_without_flags(s: &mut Stage) {
    with_header(s, &header(60, 0, 0, b""));
}

fn header_cut_off(s: &mut Stage) {
    with_header(s, b"\0\x3c\0\0");
}

fn header_with_properties_cut_off(s: &mut Stage) {
    with_header(s, &header(60, 0, 0, b"\x80\0\x05ab"));
}

fn header_with_bytes_too_many(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 0, b"\0\0extra"));
    a.quiet();
    a.tell(get("q", "no-ack"));
    a.quiet();
}

fn header_with_a_continuation_flag(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 0, b"\0\x01\0\0"));
    a.quiet();
    a.tell(get("q", "no-ack"));
    a.quiet();
}

fn header_with_a_lone_continuation_flag(s: &mut Stage) {
    with_header(s, &header(60, 0, 0, b"\0\x01"));
}

fn header_with_an_unused_flag(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 0, b"\0\x02"));
    a.quiet();
    a.tell(get("q", "no-ack"));
    a.quiet();
}

fn header_with_headers_of_an_unknown_type(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 0, b"\x20\0\0\0\0\x04\x01aZ\0"));
    a.quiet();
    a.tell(get("q", "no-ack"));
    a.quiet();
}

fn body_empty(s: &mut Stage) {
    let mut a = with_queue(s);
    a.publish("", "q", "");
    a.take("q");
}

fn body_empty_and_a_frame_for_it(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 0, PLAIN));
    a.raw(3, 1, b"");
    a.quiet();
}

fn body_in_pieces(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 6, PLAIN));
    for piece in ["a", "bc", "", "def"] {
        a.raw(3, 1, piece.as_bytes());
    }
    a.take("q");
}

fn body_too_long(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 2, PLAIN));
    a.raw(3, 1, b"three");
    a.quiet();
    a.tell(get("q", "no-ack"));
    a.quiet();
}

fn body_too_long_in_two_frames(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 4, PLAIN));
    a.raw(3, 1, b"abc");
    a.raw(3, 1, b"def");
    a.quiet();
}

fn body_too_short_then_publish(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 4, PLAIN));
    a.raw(3, 1, b"abc");
    a.publish("", "q", "m");
    a.hear_end();
}

fn body_larger_than_allowed(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 629_145_600, PLAIN));
    a.quiet();
    a.tell(flow(true));
    a.quiet();
}

fn body_one_byte_larger_than_allowed(s: &mut Stage) {
    let mut a = with_queue(s);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, &header(60, 0, 16 * 1024 * 1024 + 1, PLAIN));
    a.quiet();
}

fn body_of_17_mib(s: &mut Stage) {
    let mut a = with_queue(s);
    a.confirm();
    a.publish("", "q", &"x".repeat(17 << 20));
    a.confirmed();
}

fn body_of_16_mib(s: &mut Stage) {
    let mut a = with_queue(s);
    a.confirm();
    a.publish("", "q", &"x".repeat(16 << 20));
    a.confirmed();
    a.call(flow(true));
}

fn body_of_many_frames(s: &mut Stage) {
    let mut a = with_queue(s);
    a.publish("", "q", &"x".repeat(300_000));
    a.take("q");
}

fn body_of_exactly_one_frame(s: &mut Stage) {
    let mut a = with_queue(s);
    a.publish("", "q", &"x".repeat(131_072 - 8));
    a.publish("", "q", &"x".repeat(131_072 - 7));
    a.take("q");
    a.take("q");
}

fn error_then_ignored_methods(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.count("nope");
    a.tell(queue_declare("made", "", NONE));
    a.publish("", "made", "m");
    a.quiet();
    a.tell(channel_close_ok());
    a.polite = true;
    a.open(1);
    a.count("made");
}

fn error_then_open(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.count("nope");
    a.polite = true;
    a.tell(channel_open());
    a.hear_end();
}

fn error_answered_by_close(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.count("nope");
    a.tell(channel_close());
    a.quiet();
    a.tell(channel_close_ok());
    a.quiet();
    a.open(1);
}

fn error_then_content_goes_on(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.count("nope");
    a.polite = true;
    a.raw(2, 1, &header(60, 0, 3, PLAIN));
    a.raw(3, 1, b"abc");
    a.hear_end();
}

fn error_leaves_other_channels_alone(s: &mut Stage) {
    let mut a = with_queue(s);
    a.call(consume("q", "t", "no-ack", NONE));
    a.open(2);
    a.count("nope");
    a.channel = 1;
    a.publish("", "q", "still here");
    a.hear(1);
}

fn error_and_methods_sent_before_it_came(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(queue_declare("first", "", NONE));
    a.tell(queue_declare("nope", "passive", NONE));
    a.tell(queue_declare("second", "", NONE));
    a.hear(2);
    a.open(2);
    a.count("first");
    a.count("second");
}

fn channel_0_queue_declare(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, queue_declare("q", "", NONE));
    a.hear_end();
}

fn channel_0_publish(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, publish("", "q", ""));
    a.hear_end();
}

fn channel_0_channel_close(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, channel_close());
    a.hear_end();
}

fn close_puts_messages_back(s: &mut Stage) {
    let mut a = with_queue(s);
    a.fill("q", &["one", "two"]);
    a.get("q");
    a.call(channel_close());
    a.open(2);
    a.take("q");
    a.take("q");
}
