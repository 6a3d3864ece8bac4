//! Connections: their end, and frames that no connection may send.

use super::handshake::tune;
use crate::{methods::*, stage::Stage};

conversations!(
    close_then_more,
    close_after_a_channel_error,
    close_on_channel_1,
    close_ok_unasked,
    close_twice,
    error_without_close_ok_then_more,
    error_answered_by_close,
    heartbeat_on_channel_1,
    heartbeat_on_a_closed_channel,
    heartbeat_with_a_payload,
    frame_above_channel_max,
    frame_of_unknown_type,
    frame_of_unknown_type_on_a_channel,
    frame_of_type_zero,
    frame_with_a_wrong_end,
    frame_with_a_wrong_end_before_open,
    frame_with_an_empty_method,
    frame_with_half_a_method,
    header_frame_on_channel_0,
    body_frame_on_channel_0,
    connection_blocked_from_the_client,
    protocol_header_twice,
    byte_by_byte,
);

fn close_then_more(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, connection_close());
    a.tell(queue_declare("q", "", NONE));
    a.quiet();
    let mut b = s.connect();
    b.count("q");
}

fn close_after_a_channel_error(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.count("nope");
    a.call_on(0, connection_close());
    a.quiet();
}

fn close_on_channel_1(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(connection_close());
    a.hear_end();
}

fn close_ok_unasked(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, connection_close_ok());
    a.hear_end();
}

fn close_twice(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, connection_close());
    a.tell_on(0, connection_close());
    a.quiet();
}

fn error_without_close_ok_then_more(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.tell_on(0, queue_declare("q", "", NONE));
    a.hear(1);
    a.tell(queue_declare("q", "", NONE));
    a.tell_on(5, channel_open());
    a.raw(8, 0, b"");
    a.quiet();
    a.tell_on(0, connection_close_ok());
    a.hear_end();
}

fn error_answered_by_close(s: &mut Stage) {
    let mut a = s.connect();
    a.polite = false;
    a.tell_on(0, queue_declare("q", "", NONE));
    a.hear(1);
    a.tell_on(0, connection_close());
    a.hear(1);
    a.tell_on(0, connection_close_ok());
    a.hear_end();
}

fn heartbeat_on_channel_1(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(8, 1, b"");
    a.quiet();
}

fn heartbeat_on_a_closed_channel(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(8, 77, b"");
    a.quiet();
}

fn heartbeat_with_a_payload(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(8, 0, b"hi");
    a.quiet();
}

fn frame_above_channel_max(s: &mut Stage) {
    let mut a = tune(s, 10, 131_072, 0);
    a.tell_on(11, queue_declare("q", "", NONE));
    a.hear_end();
}

fn frame_of_unknown_type(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(9, 0, b"");
    a.hear_end();
}

fn frame_of_unknown_type_on_a_channel(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(9, 1, b"abc");
    a.hear_end();
}

fn frame_of_type_zero(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(0, 0, b"\0\x01");
    a.hear_end();
}

fn frame_with_a_wrong_end(s: &mut Stage) {
    let mut a = s.connect();
    a.bytes(b"\x01\0\x01\0\0\0\x05\0\x14\0\x14\x01\xCD");
    a.hear_end();
}

fn frame_with_a_wrong_end_before_open(s: &mut Stage) {
    let mut a = s.tuned();
    a.bytes(b"\x01\0\0\0\0\0\x04\0\x0a\0\x0b\xCD");
    a.hear_end();
}

fn frame_with_an_empty_method(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(1, 1, b"");
    a.hear_end();
}

fn frame_with_half_a_method(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(1, 0, b"\0\x0a");
    a.hear_end();
}

fn header_frame_on_channel_0(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(2, 0, b"\0\x3c\0\0\0\0\0\0\0\0\0\0\0\0");
    a.hear_end();
}

fn body_frame_on_channel_0(s: &mut Stage) {
    let mut a = s.connect();
    a.raw(3, 0, b"x");
    a.hear_end();
}

fn connection_blocked_from_the_client(s: &mut Stage) {
    use wire::{Method, protocol::connection};
    let mut a = s.connect();
    let blocked = connection::Blocked { reason: "because".into() };
    a.tell_on(0, Method::Connection(connection::AMQPMethod::Blocked(blocked)));
    a.hear_end();
}

fn protocol_header_twice(s: &mut Stage) {
    let mut a = s.greeted();
    a.bytes(&wire::frame::PROTOCOL_HEADER);
    a.hear_end();
}

fn byte_by_byte(s: &mut Stage) {
    let mut a = s.connect();
    let frame = wire::frame::method(1, flow(true));
    for byte in frame.iter() {
        a.write(&[*byte]);
    }
    a.hear(1);
}
