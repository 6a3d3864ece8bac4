//! Tests of the faults that are injected into publishing.

use broker::{Injection, PublishFault};
use wire::{
    Method, frame,
    protocol::basic::{self, AMQPProperties},
};

use crate::world::{Client, World, confirm_select, declare, names, refusal};

/// Returns a broker with the queue `q`, and a client in confirm mode.
fn publisher() -> (World, Client) {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare("q"));
    world.say(client, 1, confirm_select());
    (world, client)
}

fn inject(world: &mut World, fault: PublishFault, after: u64, count: u64) {
    assert!(world.broker.inject("/", Injection { fault, after, count }));
}

/// Publishes `count` messages, and returns the answers.
fn send(world: &mut World, client: Client, count: usize) -> Vec<String> {
    let one = |world: &mut World| world.publish(client, "q", b"m", AMQPProperties::default());
    (0..count).flat_map(|_| one(world)).collect()
}

#[test]
fn the_chosen_messages_are_refused_and_no_others() {
    let (mut world, client) = publisher();
    inject(&mut world, PublishFault::Nack, 1, 2);
    let heard = send(&mut world, client, 4);
    assert_eq!(names(&heard), ["1 basic.ack", "1 basic.nack", "1 basic.nack", "1 basic.ack"]);
    assert!(heard[2].contains("delivery-tag 3"), "{heard:?}");
    assert_eq!(world.ready("q"), 2, "a refused message is in no queue");
}

#[test]
fn a_message_without_a_route_is_returned_if_it_is_mandatory_and_confirmed_in_any_case() {
    let (mut world, client) = publisher();
    inject(&mut world, PublishFault::Return, 0, 2);
    assert_eq!(names(&send(&mut world, client, 1)), ["1 basic.ack"]);
    let publish = basic::Publish { routing_key: "q".into(), mandatory: true, ..basic::Publish::default() };
    world.say(client, 1, Method::Basic(basic::AMQPMethod::Publish(publish)));
    let content = frame::content(1, AMQPProperties::default(), b"m", 131_072);
    assert_eq!(names(&world.hear(client, &content)), ["1 basic.return", "1 basic.ack"]);
    assert_eq!(world.ready("q"), 0);
    assert_eq!(names(&send(&mut world, client, 1)), ["1 basic.ack"]);
    assert_eq!(world.ready("q"), 1);
}

#[test]
fn late_confirms_come_together_in_their_order_and_of_their_kind() {
    let (mut world, client) = publisher();
    inject(&mut world, PublishFault::DelayConfirm(20), 0, 6);
    inject(&mut world, PublishFault::Nack, 3, 2);
    // The last one is not delayed, and waits for those before it.
    assert!(send(&mut world, client, 7).is_empty());
    assert_eq!(world.ready("q"), 5, "only the confirms are late");
    world.after(19);
    assert!(world.heard(client).is_empty());
    world.after(1);
    let heard = world.heard(client);
    assert_eq!(
        heard,
        [
            "1 basic.ack  delivery-tag 3 multiple",
            "1 basic.nack  delivery-tag 5 multiple requeue",
            "1 basic.ack  delivery-tag 7 multiple",
        ]
    );
    assert_eq!(names(&send(&mut world, client, 1)), ["1 basic.ack"], "nothing is late any more");
}

#[test]
fn the_confirms_of_a_channel_that_is_gone_do_no_harm() {
    let (mut world, client) = publisher();
    inject(&mut world, PublishFault::DelayConfirm(20), 0, 9);
    send(&mut world, client, 2);
    inject(&mut world, PublishFault::CloseChannel, 0, 1);
    let closed = send(&mut world, client, 1);
    assert_eq!(refusal(&closed), "\"PRECONDITION_FAILED - the channel is closed on demand\" class-id 60 method-id 40");
    world.after(100);
    assert!(world.heard(client).is_empty());
}

#[test]
fn the_connection_is_cut_with_the_chosen_message() {
    let (mut world, client) = publisher();
    inject(&mut world, PublishFault::Cut, 2, 1);
    assert_eq!(names(&send(&mut world, client, 3)), ["1 basic.ack", "1 basic.ack", "hang up"]);
    assert_eq!(world.ready("q"), 2);
    let other = world.client();
    world.say(other, 1, confirm_select());
    assert_eq!(names(&send(&mut world, other, 1)), ["1 basic.ack"], "it is for one message");
}

#[test]
fn a_fault_ends_by_a_count_or_a_delay_of_nothing_and_is_for_one_vhost() {
    let (mut world, client) = publisher();
    inject(&mut world, PublishFault::Nack, 0, 10);
    inject(&mut world, PublishFault::DelayConfirm(10), 0, 10);
    inject(&mut world, PublishFault::Nack, 0, 0);
    inject(&mut world, PublishFault::DelayConfirm(0), 0, 1);
    assert_eq!(names(&send(&mut world, client, 1)), ["1 basic.ack"]);
    assert!(!world.broker.inject("elsewhere", Injection { fault: PublishFault::Cut, after: 0, count: 1 }));
    assert!(world.broker.add_vhost("elsewhere"));
    assert!(world.broker.inject("elsewhere", Injection { fault: PublishFault::Cut, after: 0, count: 1 }));
    assert_eq!(names(&send(&mut world, client, 1)), ["1 basic.ack"]);
    inject(&mut world, PublishFault::Nack, 0, 10);
    world.broker.restart();
    world.heard_by_all();
    let again = world.client();
    world.say(again, 1, confirm_select());
    assert_eq!(names(&send(&mut world, again, 1)), ["1 basic.ack"], "a restart ends it");
}
