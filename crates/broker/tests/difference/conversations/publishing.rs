//! basic.publish: properties, returns, and messages that are refused.

use wire::{protocol::basic::AMQPProperties, types::AMQPValue};

use crate::{methods::*, stage::Stage};

conversations!(
    to_a_missing_exchange,
    to_a_missing_exchange_then_a_method,
    to_a_missing_queue,
    mandatory,
    mandatory_with_cc,
    mandatory_large,
    immediate,
    expiration_a_number,
    expiration_letters,
    expiration_empty,
    expiration_negative,
    expiration_fraction,
    expiration_with_a_plus,
    expiration_with_spaces,
    expiration_with_letters_behind,
    expiration_with_leading_zeros,
    expiration_largest,
    expiration_too_large,
    expiration_huge,
    expiration_wrong_and_nowhere_to_go,
    user_id_right,
    user_id_wrong,
    user_id_empty,
    priorities,
    delivery_modes,
    delivery_mode_0,
    delivery_mode_3,
    every_property,
    properties_that_are_empty,
    properties_of_255_bytes,
    timestamp_largest,
    every_type_of_header,
    header_of_type_capital_l,
    header_of_type_capital_u,
    header_text_that_is_not_utf8,
    header_twice_with_one_name,
    cc_list,
    cc_with_itself,
    cc_empty,
    cc_text,
    cc_number,
    cc_void,
    cc_list_with_a_number,
    cc_in_small_letters,
    bcc_list,
    bcc_text,
    bcc_list_with_a_table,
    cc_and_bcc,
    cc_on_fanout,
    order_of_a_channel_is_kept,
);

/// Publishes one message with these properties to `q`, and gets it.
fn through(s: &mut Stage, properties: &AMQPProperties) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.publish_as("", "q", "", properties, b"m");
    a.take("q");
}

fn to_a_missing_exchange(s: &mut Stage) {
    let mut a = s.connect();
    a.publish("nope", "k", "m");
    a.hear(1);
}

fn to_a_missing_exchange_then_a_method(s: &mut Stage) {
    let mut a = s.connect();
    a.publish("nope", "k", "m");
    a.tell(queue_declare("q", "", NONE));
    a.hear(1);
}

fn to_a_missing_queue(s: &mut Stage) {
    let mut a = s.connect();
    a.publish("", "nope", "m");
    a.quiet();
}

fn mandatory(s: &mut Stage) {
    let mut a = s.connect();
    let properties = headers(&[("h", int(1))]).with_content_type("text/plain".into()).with_delivery_mode(2);
    a.publish_as("", "nope", "mandatory", &properties, b"come back");
    a.hear(1);
    a.publish_as("amq.topic", "nope", "mandatory", &plain(), b"");
    a.hear(1);
}

fn mandatory_with_cc(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    let cc = headers(&[("CC", list(&[text("q")]))]);
    a.publish_as("", "nope", "mandatory", &cc, b"found by CC");
    a.take("q");
    let unroutable = headers(&[("CC", list(&[text("nope too")])), ("BCC", list(&[text("nor me")]))]);
    a.publish_as("", "nope", "mandatory", &unroutable, b"found by none");
    a.hear(1);
}

fn mandatory_large(s: &mut Stage) {
    let mut a = s.connect();
    a.publish_as("", "nope", "mandatory", &plain(), &[b'x'; 140_000]);
    a.hear(1);
}

fn immediate(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.publish_as("", "q", "immediate", &plain(), b"m");
    a.hear_end();
}

/// Publishes a message with this expiration.
fn expiration(s: &mut Stage, expiration: &str) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.publish_as("", "q", "", &plain().with_expiration(expiration.into()), b"m");
    a.take("q");
}

fn expiration_a_number(s: &mut Stage) {
    expiration(s, "60000");
}

fn expiration_letters(s: &mut Stage) {
    expiration(s, "abc");
}

fn expiration_empty(s: &mut Stage) {
    expiration(s, "");
}

fn expiration_negative(s: &mut Stage) {
    expiration(s, "-1");
}

fn expiration_fraction(s: &mut Stage) {
    expiration(s, "1.5");
}

fn expiration_with_a_plus(s: &mut Stage) {
    expiration(s, "+60000");
}

fn expiration_with_spaces(s: &mut Stage) {
    expiration(s, " 60000");
}

fn expiration_with_letters_behind(s: &mut Stage) {
    expiration(s, "60000ms");
}

fn expiration_with_leading_zeros(s: &mut Stage) {
    expiration(s, "0060000");
}

fn expiration_largest(s: &mut Stage) {
    expiration(s, "315360000000");
}

fn expiration_too_large(s: &mut Stage) {
    expiration(s, "315360000001");
}

fn expiration_huge(s: &mut Stage) {
    expiration(s, "99999999999999999999999999");
}

fn expiration_wrong_and_nowhere_to_go(s: &mut Stage) {
    let mut a = s.connect();
    a.publish_as("", "nope", "", &plain().with_expiration("abc".into()), b"m");
    a.quiet();
}

fn user_id_right(s: &mut Stage) {
    let user = s.address.user.clone();
    through(s, &plain().with_user_id(user.into()));
}

fn user_id_wrong(s: &mut Stage) {
    through(s, &plain().with_user_id("bob".into()));
}

fn user_id_empty(s: &mut Stage) {
    through(s, &plain().with_user_id("".into()));
}

fn priorities(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    for priority in [0, 1, 9, 255] {
        a.publish_as("", "q", "", &plain().with_priority(priority), b"m");
        a.take("q");
    }
}

fn delivery_modes(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    for mode in [1, 2] {
        a.publish_as("", "q", "", &plain().with_delivery_mode(mode), b"m");
        a.take("q");
    }
}

fn delivery_mode_0(s: &mut Stage) {
    through(s, &plain().with_delivery_mode(0));
}

fn delivery_mode_3(s: &mut Stage) {
    through(s, &plain().with_delivery_mode(3));
}

fn every_property(s: &mut Stage) {
    let properties = headers(&[("h", text("v"))])
        .with_content_type("text/plain".into())
        .with_content_encoding("gzip".into())
        .with_delivery_mode(2)
        .with_priority(5)
        .with_correlation_id("c-1".into())
        .with_reply_to("somewhere".into())
        .with_expiration("60000".into())
        .with_message_id("m-1".into())
        .with_timestamp(1_700_000_000)
        .with_type("a type".into())
        .with_app_id("an app".into())
        .with_cluster_id("a cluster".into());
    through(s, &properties);
}

fn properties_that_are_empty(s: &mut Stage) {
    let properties = headers(NONE)
        .with_content_type("".into())
        .with_correlation_id("".into())
        .with_reply_to("".into())
        .with_message_id("".into())
        .with_timestamp(0)
        .with_type("".into());
    through(s, &properties);
}

fn properties_of_255_bytes(s: &mut Stage) {
    let long = "p".repeat(255);
    through(s, &plain().with_correlation_id(long.as_str().into()).with_message_id(long.as_str().into()));
}

fn timestamp_largest(s: &mut Stage) {
    through(s, &plain().with_timestamp(u64::MAX));
}

fn every_type_of_header(s: &mut Stage) {
    let decimal = wire::types::DecimalValue { scale: 2, value: 12345 };
    through(
        s,
        &headers(&[
            ("bool", AMQPValue::Boolean(true)),
            ("bool false", AMQPValue::Boolean(false)),
            ("i8", AMQPValue::ShortShortInt(-8)),
            ("u8", AMQPValue::ShortShortUInt(200)),
            ("i16", AMQPValue::ShortInt(-1600)),
            ("u16", AMQPValue::ShortUInt(60_000)),
            ("i32", int(-32)),
            ("u32", AMQPValue::LongUInt(4_000_000_000)),
            ("i64", long(i64::MIN)),
            ("float", AMQPValue::Float(1.5)),
            ("double", AMQPValue::Double(-2.25)),
            ("decimal", AMQPValue::DecimalValue(decimal)),
            ("text", text("ä \u{1F430}")),
            ("empty text", text("")),
            ("list", list(&[int(1), text("two"), AMQPValue::Void, list(&[])])),
            ("moment", AMQPValue::Timestamp(1_700_000_001)),
            ("table", inner(&[("inner", inner(&[("deep", int(1))])), ("empty", inner(NONE))])),
            ("bytes", AMQPValue::ByteArray(b"\x00\xff".as_slice().into())),
            ("void", AMQPValue::Void),
            ("", text("no name")),
        ]),
    );
}

/// Publishes to `q` with a header frame that has this table of headers, in bytes, and shows the bytes that come back.
fn raw_headers(s: &mut Stage, values: &[u8]) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.tell(publish("", "q", ""));
    let mut header = b"\0\x3c\0\0\0\0\0\0\0\0\0\0\x20\0".to_vec();
    header.extend(u32::try_from(values.len()).unwrap().to_be_bytes());
    header.extend(values);
    a.raw(2, 1, &header);
    a.tell(get("q", "no-ack"));
    a.hear(1);
}

fn header_of_type_capital_l(s: &mut Stage) {
    raw_headers(s, b"\x01aL\0\0\0\0\0\0\0\x07");
}

fn header_of_type_capital_u(s: &mut Stage) {
    raw_headers(s, b"\x01aU\0\x07");
}

fn header_text_that_is_not_utf8(s: &mut Stage) {
    raw_headers(s, b"\x01aS\0\0\0\x02\xff\xfe");
}

fn header_twice_with_one_name(s: &mut Stage) {
    raw_headers(s, b"\x01aI\0\0\0\x01\x01aI\0\0\0\x02");
}

/// Publishes with this CC.
fn cc(s: &mut Stage, name: &str, value: AMQPValue) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.queue("r", "", NONE);
    a.publish_headers("", "q", &[(name, value), ("kept", int(1))], "m");
    a.take("q");
    a.take("r");
}

fn cc_list(s: &mut Stage) {
    cc(s, "CC", list(&[text("r")]));
}

fn cc_with_itself(s: &mut Stage) {
    cc(s, "CC", list(&[text("q"), text("r"), text("r")]));
}

fn cc_empty(s: &mut Stage) {
    cc(s, "CC", list(&[]));
}

fn cc_text(s: &mut Stage) {
    cc(s, "CC", text("r"));
}

fn cc_number(s: &mut Stage) {
    cc(s, "CC", int(1));
}

fn cc_void(s: &mut Stage) {
    cc(s, "CC", AMQPValue::Void);
}

fn cc_list_with_a_number(s: &mut Stage) {
    cc(s, "CC", list(&[text("r"), int(1)]));
}

fn cc_in_small_letters(s: &mut Stage) {
    cc(s, "cc", list(&[text("r")]));
}

fn bcc_list(s: &mut Stage) {
    cc(s, "BCC", list(&[text("r")]));
}

fn bcc_text(s: &mut Stage) {
    cc(s, "BCC", text("r"));
}

fn bcc_list_with_a_table(s: &mut Stage) {
    cc(s, "BCC", list(&[inner(NONE)]));
}

fn cc_and_bcc(s: &mut Stage) {
    let mut a = s.connect();
    for queue in ["q", "r", "s"] {
        a.queue(queue, "", NONE);
        a.bind(queue, "amq.topic", &format!("{queue}.#"));
    }
    a.publish_headers("amq.topic", "q.1", &[("CC", list(&[text("r.1")])), ("BCC", list(&[text("s.1")]))], "m");
    for queue in ["q", "r", "s"] {
        a.take(queue);
    }
}

fn cc_on_fanout(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.bind("q", "amq.fanout", "");
    a.publish_headers("amq.fanout", "k", &[("CC", list(&[text("r")]))], "once");
    a.take("q");
    a.take("q");
}

fn order_of_a_channel_is_kept(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    for number in 0..20 {
        a.publish("", "q", &number.to_string());
    }
    a.call(consume("q", "t", "no-ack", NONE));
    a.hear(20);
}
