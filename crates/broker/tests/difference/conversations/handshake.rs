//! The handshake, from the first byte to an open connection, and its errors.

use crate::{
    client::Client,
    methods::*,
    stage::{CAPABLE, Stage, about},
};

conversations!(
    greeting,
    whole,
    header_of_http,
    header_of_version_1_1_0_9,
    header_of_version_1_1_8_0,
    header_of_version_1_1_9_1,
    header_of_version_0_0_8_0,
    header_of_version_0_0_10_0,
    header_of_version_0_1_0_0,
    header_of_version_0_0_9_0,
    header_of_version_0_10,
    header_of_tls,
    header_of_the_future,
    header_of_garbage,
    tune_without_limits,
    tune_channel_max_zero_then_a_high_channel,
    tune_channel_max_one,
    tune_channel_max_two_and_a_high_number,
    tune_channel_max_two_and_three_channels,
    tune_channel_max_too_large,
    tune_frame_max_too_small,
    tune_frame_max_4096,
    tune_frame_max_8191,
    tune_frame_max_smallest,
    tune_frame_max_too_large,
    tune_frame_max_one,
    tune_frame_max_zero_and_a_large_frame,
    frame_larger_than_agreed,
    tune_heartbeat_large,
    heartbeat_timeout,
    mechanism_unknown,
    mechanism_empty,
    mechanism_in_small_letters,
    plain_empty,
    plain_without_zeros,
    plain_with_one_zero,
    plain_with_three_zeros,
    plain_with_an_identity,
    plain_with_a_wrong_password,
    plain_with_an_empty_password,
    plain_with_an_unknown_user,
    plain_with_an_empty_user,
    plain_with_a_wrong_password_without_the_capability,
    plain_malformed_without_the_capability,
    capability_of_the_wrong_type,
    capabilities_that_are_no_table,
    amqplain_right,
    amqplain_wrong,
    amqplain_unreadable,
    amqplain_without_a_password,
    amqplain_empty,
    anonymous,
    anonymous_with_a_trace,
    start_ok_with_another_locale,
    start_ok_with_no_properties,
    start_ok_on_channel_1,
    start_ok_twice,
    tune_ok_before_start_ok,
    open_before_tune_ok,
    channel_before_open,
    queue_before_open,
    close_before_start_ok,
    close_before_tune_ok,
    close_before_open,
    heartbeat_before_start_ok,
    secure_ok_unexpected,
    secure_ok_when_open,
    start_ok_when_open,
    tune_ok_when_open,
    open_twice,
    vhost_missing,
    vhost_empty,
    vhost_default,
    vhost_name_of_255_bytes,
    vhost_with_a_trailing_slash,
    update_secret,
    update_secret_wrong,
    update_secret_on_channel_1,
);

fn greeting(s: &mut Stage) {
    let mut a = s.socket();
    a.bytes(&wire::frame::PROTOCOL_HEADER);
    a.hear(1);
}

fn whole(s: &mut Stage) {
    let vhost = s.address.vhost.clone();
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(CAPABLE), "PLAIN", &s.login()));
    a.hear(1);
    a.tell_on(0, tune_ok(2047, 131_072, 60));
    a.call_on(0, connection_open(&vhost));
    a.open(1);
    a.call_on(0, connection_close());
    a.quiet();
}

fn header(s: &mut Stage, bytes: &[u8]) {
    let mut a = s.socket();
    a.bytes(bytes);
    a.hear_end();
}

fn header_of_http(s: &mut Stage) {
    header(s, b"GET / HTTP/1.1\r\n\r\n");
}

/// Clients that announce 0-9-1 in the form of 0-8, such as Perl's AnyEvent::RabbitMQ.
fn header_of_version_1_1_0_9(s: &mut Stage) {
    let (vhost, login) = (s.address.vhost.clone(), s.login());
    let mut a = s.socket();
    a.bytes(b"AMQP\x01\x01\0\x09");
    // The broker's own properties are the subject of `greeting`.
    a.muted(|a| a.hear(1));
    a.tell_on(0, start_ok(&about(CAPABLE), "PLAIN", &login));
    a.hear(1);
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.call_on(0, connection_open(&vhost));
    a.open(1);
    a.queue("q", "durable", NONE);
    a.publish("", "q", "m");
    a.call(get("q", "no-ack"));
    a.call_on(0, connection_close());
}

fn header_of_version_1_1_9_1(s: &mut Stage) {
    header(s, b"AMQP\x01\x01\x09\x01");
}

fn header_of_version_0_0_8_0(s: &mut Stage) {
    header(s, b"AMQP\0\0\x08\0");
}

fn header_of_version_0_0_10_0(s: &mut Stage) {
    header(s, b"AMQP\0\0\x0a\0");
}

fn header_of_version_0_1_0_0(s: &mut Stage) {
    header(s, b"AMQP\0\x01\0\0");
}

fn header_of_version_1_1_8_0(s: &mut Stage) {
    header(s, b"AMQP\x01\x01\x08\x00");
}

fn header_of_version_0_0_9_0(s: &mut Stage) {
    let mut a = s.socket();
    a.bytes(b"AMQP\0\0\x09\0");
    a.quiet();
}

fn header_of_version_0_10(s: &mut Stage) {
    header(s, b"AMQP\x01\x01\x00\x0a");
}

fn header_of_tls(s: &mut Stage) {
    header(s, b"AMQP\x02\x01\x00\x00");
}

fn header_of_the_future(s: &mut Stage) {
    header(s, b"AMQP\0\0\x09\x02");
}

fn header_of_garbage(s: &mut Stage) {
    header(s, b"\x16\x03\x01\x02\0\x01\0\x01");
}

/// Sends a tune-ok, opens the vhost and a channel.
pub(super) fn tune(s: &mut Stage, channel_max: u16, frame_max: u32, heartbeat: u16) -> Client {
    let vhost = s.address.vhost.clone();
    let mut a = s.tuned();
    a.tell_on(0, tune_ok(channel_max, frame_max, heartbeat));
    a.call_on(0, connection_open(&vhost));
    a
}

fn tune_without_limits(s: &mut Stage) {
    let mut a = tune(s, 0, 0, 0);
    a.open(1);
    a.open(2047);
    a.open(2048);
}

fn tune_channel_max_zero_then_a_high_channel(s: &mut Stage) {
    tune(s, 0, 131_072, 0).open(65535);
}

fn tune_channel_max_one(s: &mut Stage) {
    let mut a = tune(s, 1, 131_072, 0);
    a.open(1);
    a.open(2);
}

fn tune_channel_max_two_and_a_high_number(s: &mut Stage) {
    let mut a = tune(s, 2, 131_072, 0);
    a.open(100);
}

fn tune_channel_max_two_and_three_channels(s: &mut Stage) {
    let mut a = tune(s, 2, 131_072, 0);
    a.open(1);
    a.open(2);
    a.open(3);
}

fn tune_channel_max_too_large(s: &mut Stage) {
    tune(s, 4000, 131_072, 0).open(1);
}

fn tune_frame_max_too_small(s: &mut Stage) {
    tune(s, 2047, 4095, 0);
}

fn tune_frame_max_4096(s: &mut Stage) {
    tune(s, 2047, 4096, 0).open(1);
}

fn tune_frame_max_8191(s: &mut Stage) {
    tune(s, 2047, 8191, 0).open(1);
}

fn tune_frame_max_smallest(s: &mut Stage) {
    let mut a = tune(s, 2047, 8192, 0);
    a.frame_max = 8192;
    a.open(1);
    a.queue("q", "exclusive", NONE);
    a.publish("", "q", &"x".repeat(20_000));
    a.take("q");
}

fn tune_frame_max_too_large(s: &mut Stage) {
    tune(s, 2047, 131_073, 0);
}

fn tune_frame_max_one(s: &mut Stage) {
    tune(s, 2047, 1, 0);
}

fn tune_frame_max_zero_and_a_large_frame(s: &mut Stage) {
    let mut a = tune(s, 2047, 0, 0);
    a.frame_max = 0;
    a.open(1);
    a.queue("q", "exclusive", NONE);
    a.publish("", "q", &"x".repeat(300_000));
    a.take("q");
}

fn frame_larger_than_agreed(s: &mut Stage) {
    let mut a = tune(s, 2047, 8192, 0);
    a.open(1);
    a.queue("q", "exclusive", NONE);
    a.tell(publish("", "q", ""));
    a.raw(2, 1, b"\0\x3c\0\0\0\0\0\0\0\0\x23\x28\0\0");
    a.raw(3, 1, &[b'x'; 9000]);
    a.hear_end();
}

fn tune_heartbeat_large(s: &mut Stage) {
    tune(s, 2047, 131_072, 65535).open(1);
}

fn heartbeat_timeout(s: &mut Stage) {
    tune(s, 2047, 131_072, 1).hear_end();
}

fn mechanism_unknown(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(CAPABLE), "GSSAPI", b""));
    a.hear_end();
}

fn mechanism_empty(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(CAPABLE), "", b""));
    a.hear_end();
}

fn mechanism_in_small_letters(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(CAPABLE), "plain", &s.login()));
    a.hear_end();
}

/// Logs in with this response, as a client that wants to be notified of a refused login.
fn response(s: &mut Stage, mechanism: &str, bytes: &[u8]) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(CAPABLE), mechanism, bytes));
    a.hear(1);
}

fn plain_empty(s: &mut Stage) {
    response(s, "PLAIN", b"");
}

fn plain_without_zeros(s: &mut Stage) {
    response(s, "PLAIN", b"guest");
}

fn plain_with_one_zero(s: &mut Stage) {
    response(s, "PLAIN", b"\0guest");
}

fn plain_with_three_zeros(s: &mut Stage) {
    response(s, "PLAIN", b"\0guest\0guest\0");
}

fn plain_with_an_identity(s: &mut Stage) {
    response(s, "PLAIN", b"someone\0guest\0guest");
}

fn plain_with_a_wrong_password(s: &mut Stage) {
    response(s, "PLAIN", b"\0guest\0wrong");
}

fn plain_with_an_empty_password(s: &mut Stage) {
    response(s, "PLAIN", b"\0guest\0");
}

fn plain_with_an_unknown_user(s: &mut Stage) {
    response(s, "PLAIN", b"\0stranger\0guest");
}

fn plain_with_an_empty_user(s: &mut Stage) {
    response(s, "PLAIN", b"\0\0guest");
}

fn plain_with_a_wrong_password_without_the_capability(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(&[]), "PLAIN", b"\0guest\0wrong"));
    a.hear_end();
}

fn plain_malformed_without_the_capability(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&about(&[]), "PLAIN", b"guest"));
    a.hear_end();
}

fn capability_of_the_wrong_type(s: &mut Stage) {
    let mut a = s.greeted();
    let properties = [("capabilities", inner(&[("authentication_failure_close", text("true"))]))];
    a.tell_on(0, start_ok(&properties, "PLAIN", b"\0guest\0wrong"));
    a.hear_end();
}

fn capabilities_that_are_no_table(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(&[("capabilities", text("all"))], "PLAIN", b"\0guest\0guest"));
    a.hear(1);
}

/// Returns LOGIN and PASSWORD in the form of AMQPLAIN: a table without its size.
fn amqplain(user: &str, password: &str) -> Vec<u8> {
    let mut response = b"\x05LOGINS".to_vec();
    response.extend(u32::try_from(user.len()).unwrap().to_be_bytes());
    response.extend(user.as_bytes());
    response.extend(b"\x08PASSWORDS");
    response.extend(u32::try_from(password.len()).unwrap().to_be_bytes());
    response.extend(password.as_bytes());
    response
}

fn amqplain_right(s: &mut Stage) {
    response(s, "AMQPLAIN", &amqplain("guest", "guest"));
}

fn amqplain_wrong(s: &mut Stage) {
    response(s, "AMQPLAIN", &amqplain("guest", "wrong"));
}

fn amqplain_unreadable(s: &mut Stage) {
    response(s, "AMQPLAIN", b"\0guest\0guest");
}

fn amqplain_without_a_password(s: &mut Stage) {
    response(s, "AMQPLAIN", b"\x05LOGINS\0\0\0\x05guest");
}

fn amqplain_empty(s: &mut Stage) {
    response(s, "AMQPLAIN", b"");
}

fn anonymous(s: &mut Stage) {
    response(s, "ANONYMOUS", b"");
}

fn anonymous_with_a_trace(s: &mut Stage) {
    response(s, "ANONYMOUS", b"someone");
}

fn start_ok_with_another_locale(s: &mut Stage) {
    let mut a = s.greeted();
    a.channel = 0;
    let mut arguments = vec![0, 0, 0, 0];
    arguments.extend(short(b"PLAIN"));
    arguments.extend(b"\0\0\0\x0c\0guest\0guest");
    arguments.extend(short(b"xx_YY"));
    a.raw_method(10, 11, &arguments);
    a.hear(1);
}

fn start_ok_with_no_properties(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, start_ok(NONE, "PLAIN", b"\0guest\0guest"));
    a.hear(1);
}

fn start_ok_on_channel_1(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(1, start_ok(NONE, "PLAIN", b"\0guest\0guest"));
    a.hear_end();
}

fn start_ok_twice(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, start_ok(NONE, "PLAIN", b"\0guest\0guest"));
    a.hear_end();
}

fn tune_ok_before_start_ok(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, tune_ok(2047, 131_072, 60));
    a.hear_end();
}

fn open_before_tune_ok(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, connection_open("/"));
    a.hear_end();
}

fn channel_before_open(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.tell_on(1, channel_open());
    a.hear_end();
}

fn queue_before_open(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.tell_on(0, queue_declare("q", "", NONE));
    a.hear_end();
}

fn close_before_start_ok(s: &mut Stage) {
    let mut a = s.greeted();
    a.tell_on(0, connection_close());
    a.hear_end();
}

fn close_before_tune_ok(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, connection_close());
    a.hear_end();
}

fn close_before_open(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.call_on(0, connection_close());
    a.hear_end();
}

fn heartbeat_before_start_ok(s: &mut Stage) {
    let mut a = s.greeted();
    a.raw(8, 0, b"");
    a.tell_on(0, start_ok(NONE, "PLAIN", b"\0guest\0guest"));
    a.hear(1);
}

fn secure_ok_unexpected(s: &mut Stage) {
    let mut a = s.tuned();
    a.tell_on(0, secure_ok(b"guest"));
    a.hear_end();
}

fn secure_ok_when_open(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, secure_ok(b"guest"));
    a.hear_end();
}

fn start_ok_when_open(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, start_ok(NONE, "PLAIN", b"\0guest\0guest"));
    a.hear_end();
}

fn tune_ok_when_open(s: &mut Stage) {
    let mut a = s.connect();
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.hear_end();
}

fn open_twice(s: &mut Stage) {
    let vhost = s.address.vhost.clone();
    let mut a = s.connect();
    a.tell_on(0, connection_open(&vhost));
    a.hear_end();
}

/// Opens this vhost.
fn vhost(s: &mut Stage, vhost: &str) {
    let mut a = s.tuned();
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.call_on(0, connection_open(vhost));
}

fn vhost_missing(s: &mut Stage) {
    vhost(s, "nope");
}

fn vhost_empty(s: &mut Stage) {
    vhost(s, "");
}

fn vhost_default(s: &mut Stage) {
    vhost(s, "/");
}

fn vhost_name_of_255_bytes(s: &mut Stage) {
    vhost(s, &"v".repeat(255));
}

fn vhost_with_a_trailing_slash(s: &mut Stage) {
    let name = format!("/{}", s.address.vhost);
    vhost(s, &name);
}

fn update_secret(s: &mut Stage) {
    let mut a = s.connect();
    a.call_on(0, crate::methods::update_secret("guest"));
    a.call(flow(true));
}

fn update_secret_wrong(s: &mut Stage) {
    let mut a = s.connect();
    a.call_on(0, crate::methods::update_secret("wrong"));
    a.call(flow(true));
}

fn update_secret_on_channel_1(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(crate::methods::update_secret("guest"));
    a.hear_end();
}
