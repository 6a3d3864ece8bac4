//! Tests of events that are caused by time.

use wire::{protocol::basic::AMQPProperties, types::AMQPValue};

use crate::world::{World, consume, declare_with, get, names};

fn expiring(ms: &str) -> AMQPProperties {
    AMQPProperties::default().with_expiration(ms.into())
}

#[test]
fn a_message_gets_too_old_at_its_time_and_not_before() {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare_with("q", &[("x-message-ttl", AMQPValue::LongInt(100))]));
    world.publish(client, "q", b"of the queue", AMQPProperties::default());
    assert_eq!(world.broker.next_due(), Some(100));
    world.after(99);
    assert_eq!(world.ready("q"), 1);
    world.after(1);
    assert_eq!(world.ready("q"), 0);
    world.publish(client, "q", b"of its own", expiring("50"));
    world.after(50);
    assert_eq!(names(&world.say(client, 1, get("q"))), ["1 basic.get-empty"]);
}

#[test]
fn a_message_that_may_not_wait_is_for_who_waits_for_it() {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare_with("q", &[]));
    world.publish(client, "q", b"expired", expiring("0"));
    assert_eq!(world.ready("q"), 0);
    world.say(client, 1, consume("q", "t", true));
    assert_eq!(names(&world.publish(client, "q", b"taken", expiring("0"))), ["1 basic.deliver"]);
}

#[test]
fn an_unused_queue_is_deleted() {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare_with("q", &[("x-expires", AMQPValue::LongInt(1000))]));
    world.after(999);
    world.say(client, 1, get("q")); // a get counts as use
    world.after(999);
    assert_eq!(world.broker.queues().len(), 1);
    world.say(client, 1, consume("q", "t", true));
    world.after(10_000);
    assert_eq!(world.broker.queues().len(), 1, "a queue with a consumer is in use");
    world.broker.lost(world.now, client.0);
    world.after(1000);
    assert_eq!(world.broker.queues().len(), 0);
}

#[test]
fn a_handshake_has_to_be_through_in_ten_seconds() {
    let mut world = World::new();
    let stranger = world.stranger();
    world.after(9_999);
    assert!(world.heard(stranger).is_empty());
    world.after(1);
    assert_eq!(world.heard(stranger), ["hang up"]);
    let client = world.client();
    world.after(60_000);
    assert!(world.heard(client).is_empty(), "who is in stays");
}

#[test]
fn a_client_that_does_not_answer_a_close_is_hung_up_on() {
    let mut world = World::new();
    let client = world.client();
    assert_eq!(names(&world.say(client, 7, get("q"))), ["0 connection.close"]);
    world.after(29_999);
    assert!(world.heard(client).is_empty());
    world.after(1);
    assert_eq!(world.heard(client), ["hang up"]);
}

#[test]
fn a_broker_with_nothing_to_wait_for_waits_for_nothing() {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare_with("q", &[("x-expires", AMQPValue::LongInt(1000))]));
    world.publish(client, "q", b"m", expiring("100"));
    world.say(client, 1, get("q"));
    world.broker.delete_queue_named("/", "q");
    world.after(10_000);
    world.broker.lost(world.now, client.0);
    assert_eq!(world.broker.next_due(), None);
}
