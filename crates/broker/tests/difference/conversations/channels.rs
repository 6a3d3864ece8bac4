//! Channels: opening and closing them, and frames in a forbidden order.

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
pub(super) fn header(class: u16, weight: u16, size: u64, rest: &[u8]) -> Vec<u8> {
    [class.to_be_bytes().as_slice(), &weight.to_be_bytes(), &size.to_be_bytes(), rest].concat()
}

/// No properties.
pub(super) const PLAIN: &[u8] = b"\0\0";

/// A connection with a queue `q`.
pub(super) fn with_queue(s: &mut Stage) -> Client {
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

/// Sends a method on a channel that is not open.
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
