//! Header and body frames: in the right and in the wrong place, too short and too long.

use super::channels::{PLAIN, header, with_queue};
use crate::{methods::*, stage::Stage};

conversations!(
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
);

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
