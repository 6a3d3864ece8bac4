//! Direct reply-to: answers without a queue.

use wire::{Method, protocol::basic};

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    request_and_reply,
    shape_of_the_address,
    reply_mandatory,
    reply_confirmed,
    reply_when_the_requester_is_gone,
    reply_when_the_consumer_is_cancelled,
    reply_twice,
    reply_to_a_made_up_address,
    request_without_a_consumer,
    request_by_another_channel,
    request_to_itself,
    consume_with_acknowledgements,
    consume_twice,
    consume_again_after_cancel,
    consume_on_two_channels,
    consume_with_a_generated_tag,
    consume_exclusive,
    declare,
    declare_passive,
    declare_the_address_passive,
    get,
    bind,
    purge,
    delete,
    tags_count_replies,
    consume_ok_is_what_comes,
);

/// The pseudo-queue.
const REPLIES: &str = "amq.rabbitmq.reply-to";

/// A requester that listens for replies, and a queue `q` for requests.
fn requester(s: &mut Stage) -> Client {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.call(consume(REPLIES, "replies", "no-ack", NONE));
    a
}

/// Sends a request, and returns its reply-to as the responder receives it.
fn request(a: &mut Client, b: &mut Client) -> String {
    a.publish_as("", "q", "", &plain().with_reply_to(REPLIES.into()).with_correlation_id("1".into()), b"request");
    b.call(consume("q", "requests", "no-ack", NONE));
    let deadline = std::time::Instant::now() + crate::client::ANSWER_TIMEOUT;
    let heard = b.next(deadline);
    assert!(heard.is_some(), "the request did not come");
    b.reply_to.clone()
}

fn request_and_reply(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    b.publish_as("", &reply_to, "", &plain().with_correlation_id("1".into()), b"reply");
    a.hear(1);
}

fn shape_of_the_address(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    let parts: Vec<&str> = reply_to.split('.').collect();
    b.note(format!("-- the address starts with {:?} and has {} parts", &parts[..3].join("."), parts.len()));
}

fn reply_mandatory(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    b.publish_as("", &reply_to, "mandatory", &plain(), b"reply");
    b.quiet();
    a.hear(1);
}

fn reply_confirmed(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    b.confirm();
    b.publish_as("", &reply_to, "mandatory", &plain(), b"reply");
    b.confirmed();
    a.hear(1);
}

fn reply_when_the_requester_is_gone(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    a.call_on(0, connection_close());
    b.confirm();
    b.publish_as("", &reply_to, "mandatory", &plain(), b"reply");
    b.confirmed();
}

fn reply_when_the_consumer_is_cancelled(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    a.call(cancel("replies", ""));
    b.publish_as("", &reply_to, "mandatory", &plain(), b"reply");
    b.quiet();
    a.quiet();
}

fn reply_twice(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    b.publish("", &reply_to, "one");
    b.publish("", &reply_to, "two");
    a.hear(2);
}

fn reply_to_a_made_up_address(s: &mut Stage) {
    let mut a = requester(s);
    a.publish_as("", "amq.rabbitmq.reply-to.made.up", "mandatory", &plain(), b"reply");
    a.hear(1);
}

fn request_without_a_consumer(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.publish_as("", "q", "", &plain().with_reply_to(REPLIES.into()), b"request");
    a.hear(1);
}

fn request_by_another_channel(s: &mut Stage) {
    let mut a = requester(s);
    a.open(2);
    a.publish_as("", "q", "", &plain().with_reply_to(REPLIES.into()), b"request");
    a.hear(1);
}

fn request_to_itself(s: &mut Stage) {
    let mut a = requester(s);
    a.publish_as("", REPLIES, "mandatory", &plain(), b"m");
    a.hear(1);
}

fn consume_with_acknowledgements(s: &mut Stage) {
    s.connect().call(consume(REPLIES, "t", "", NONE));
}

fn consume_twice(s: &mut Stage) {
    let mut a = requester(s);
    a.call(consume(REPLIES, "more", "no-ack", NONE));
}

fn consume_again_after_cancel(s: &mut Stage) {
    let mut a = requester(s);
    a.call(cancel("replies", ""));
    a.call(consume(REPLIES, "more", "no-ack", NONE));
}

fn consume_on_two_channels(s: &mut Stage) {
    let mut a = requester(s);
    a.open(2);
    a.call(consume(REPLIES, "replies", "no-ack", NONE));
}

fn consume_with_a_generated_tag(s: &mut Stage) {
    s.connect().call(consume(REPLIES, "", "no-ack", NONE));
}

fn consume_exclusive(s: &mut Stage) {
    s.connect().call(consume(REPLIES, "t", "no-ack exclusive", NONE));
}

fn declare(s: &mut Stage) {
    s.connect().queue(REPLIES, "", NONE);
}

fn declare_passive(s: &mut Stage) {
    s.connect().count(REPLIES);
}

fn declare_the_address_passive(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    b.count(&reply_to);
    a.call(cancel("replies", ""));
    b.count(&reply_to);
}

fn get(s: &mut Stage) {
    s.connect().get(REPLIES);
}

fn bind(s: &mut Stage) {
    s.connect().bind(REPLIES, "amq.direct", "k");
}

fn purge(s: &mut Stage) {
    s.connect().call(queue_purge(REPLIES, ""));
}

fn delete(s: &mut Stage) {
    s.connect().call(queue_delete(REPLIES, ""));
}

fn tags_count_replies(s: &mut Stage) {
    let mut a = requester(s);
    let mut b = s.connect();
    let reply_to = request(&mut a, &mut b);
    b.publish("", &reply_to, "one");
    a.hear(1);
    a.queue("other", "", NONE);
    a.fill("other", &["m"]);
    a.get("other");
}

fn consume_ok_is_what_comes(s: &mut Stage) {
    let mut a = s.connect();
    let answer = a.call(consume(REPLIES, "t", "no-ack", NONE));
    assert!(matches!(answer, Some(Method::Basic(basic::AMQPMethod::ConsumeOk(_)))));
    a.call(cancel("t", ""));
}
