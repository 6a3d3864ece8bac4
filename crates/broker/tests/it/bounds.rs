//! Tests of the limits: the broker enforces them for any input, with RabbitMQ's replies.

use broker::Alarm;
use wire::{
    Method,
    protocol::{basic::AMQPProperties, channel, connection, exchange, queue},
    types::AMQPValue,
};

use crate::world::{
    Client, World, channel_method, confirm_select, connection_method, consume, declare, declare_with, names, refusal,
};

fn bind(queue: &str, key: &str) -> Method {
    let bind = queue::Bind {
        queue: queue.into(),
        exchange: "amq.direct".into(),
        routing_key: key.into(),
        ..queue::Bind::default()
    };
    Method::Queue(queue::AMQPMethod::Bind(bind))
}

fn declare_exchange(name: &str) -> Method {
    let declare = exchange::Declare { exchange: name.into(), kind: "fanout".into(), ..exchange::Declare::default() };
    Method::Exchange(exchange::AMQPMethod::Declare(declare))
}

#[test]
fn queues_exchanges_bindings_and_consumers_are_counted() {
    let mut world = World::limited(|limits| {
        limits.queues = 2;
        limits.exchanges = 8;
        limits.bindings = 1;
        limits.consumers_of_a_channel = 1;
    });
    let mut refused = |say: &[Method]| {
        let client = world.client();
        let heard: Vec<String> = say.iter().flat_map(|method| world.say(client, 1, method.clone())).collect();
        refusal(&heard)
    };
    insta::assert_snapshot!(
        [
            refused(&[declare("a"), declare("b"), declare("c")]),
            refused(&[declare_exchange("x"), declare_exchange("y")]),
            refused(&[bind("a", "1"), bind("a", "1"), bind("a", "2")]),
            refused(&[consume("a", "1", true), consume("a", "2", true)]),
        ]
        .join("\n"),
        @r#"
    "PRECONDITION_FAILED - cannot declare queue 'c' in vhost '/': queue limit in cluster (2) is reached" class-id 50 method-id 10
    "PRECONDITION_FAILED - cannot declare exchange 'y' in vhost '/': exchange limit in cluster (8) is reached" class-id 40 method-id 10
    "RESOURCE_ERROR - cannot bind: binding limit (1) is reached" class-id 50 method-id 20
    "NOT_ALLOWED - reached maximum (1) of consumers per channel" class-id 60 method-id 20
    "#
    );
}

#[test]
fn arguments_take_no_more_than_their_share() {
    let mut world = World::limited(|limits| limits.definitions = 1000);
    let client = world.client();
    let large = |size: usize| [("x-note", AMQPValue::LongString("n".repeat(size).into()))];
    world.say(client, 1, declare_with("a", &large(800)));
    let delete = queue::Delete { queue: "a".into(), ..queue::Delete::default() };
    world.say(client, 1, Method::Queue(queue::AMQPMethod::Delete(delete)));
    assert_eq!(
        names(&world.say(client, 1, declare_with("b", &large(800)))),
        ["1 queue.declare-ok"],
        "room is given back"
    );
    assert!(refusal(&world.say(client, 1, declare_with("c", &large(800)))).starts_with("\"RESOURCE_ERROR"));
}

#[test]
fn channels_and_connections_are_counted() {
    let mut world = World::limited(|limits| {
        limits.channels = 2;
        limits.connections = 2;
    });
    let (first, second) = (world.client(), world.client());
    let open = channel_method(channel::AMQPMethod::Open(channel::Open {}));
    assert!(refusal(&world.say(second, 2, open)).contains("number of channels opened on node"));
    world.broker.lost(world.now, second.0);
    let again = world.client();
    let third = world.stranger();
    world.log_in(third, "guest", "guest");
    let open = connection_method(connection::AMQPMethod::Open(connection::Open { virtual_host: "/".into() }));
    assert_eq!(
        refusal(&world.say(third, 0, open)),
        "\"NOT_ALLOWED - connection refused: node connection limit (2) is reached\" class-id 10 method-id 40"
    );
    assert_ne!(first, again);
}

#[test]
fn a_message_that_is_too_large_is_heard_to_its_end_and_refused() {
    let mut world = World::limited(|limits| limits.message = 1000);
    let client = world.client();
    world.say(client, 1, declare("q"));
    world.publish(client, "q", &[b'x'; 1000], AMQPProperties::default());
    assert_eq!(
        refusal(&world.publish(client, "q", &[b'x'; 1001], AMQPProperties::default())),
        "\"PRECONDITION_FAILED - message size 1001 is larger than configured max size 1000\" class-id 60 method-id 40"
    );
    assert_eq!(world.ready("q"), 1);
}

/// Messages for a client that does not read stay in the queue, where they are counted.
#[test]
fn a_slow_consumer_pushes_back() {
    let mut world = World::limited(|limits| limits.outstanding = 10_000);
    let (publisher, slow) = (world.client(), world.client());
    world.say(slow, 1, declare("q"));
    world.say(slow, 1, consume("q", "t", true));
    let mut delivered = 0;
    let mut size = 0;
    for _ in 0..100 {
        publish_unread(&mut world, publisher, 1000);
        for (_, effect) in world.broker.effects() {
            if let broker::Effect::Send(output @ broker::Output::Deliver { .. }) = &effect {
                delivered += 1;
                size += output.size();
            }
        }
    }
    assert!((9..=10).contains(&delivered), "{delivered} were delivered");
    assert_eq!(world.ready("q"), 100 - delivered);
    // It reads, and more arrives.
    world.broker.sent(world.now, slow.0, size);
    assert!(world.heard(slow).len() > 80);
    assert_eq!(world.ready("q"), 0);
}

fn publish_unread(world: &mut World, client: Client, size: usize) {
    use wire::{Codec, frame, protocol::basic};
    let publish = basic::Publish { routing_key: "q".into(), ..basic::Publish::default() };
    let mut bytes = bytes::BytesMut::new();
    frame::put_method(&mut bytes, 1, &Method::Basic(basic::AMQPMethod::Publish(publish)));
    frame::put_content(&mut bytes, 1, &[0, 0], &vec![b'x'; size], 131_072);
    let mut codec = Codec::new(131_072);
    while let Some(unit) = codec.next(&mut bytes).unwrap() {
        world.broker.hear(world.now, client.0, &unit);
    }
}

/// The memory alarm is raised automatically, blocks publishers, and is cleared when there is room again.
#[test]
fn too_many_messages_raise_the_memory_alarm_until_they_are_gone() {
    let mut world = World::limited(|limits| limits.memory = 10_000);
    let (publisher, other) = (world.client(), world.client());
    world.say(publisher, 1, declare("q"));
    world.say(publisher, 1, confirm_select());
    let mut heard = Vec::new();
    while world.broker.alarms().is_empty() {
        heard.extend(world.publish(publisher, "q", &[b'x'; 1000], AMQPProperties::default()));
        assert!(heard.len() < 100, "no alarm went off");
    }
    assert_eq!(names(&heard)[heard.len() - 2..], ["hold", "0 connection.blocked"]);
    assert!(!world.broker.listens_to(publisher.0));
    assert!(world.broker.listens_to(other.0), "who does not publish is not held");
    assert!(world.broker.memory() < 12_000);
    world.broker.purge("/", "q").unwrap();
    assert_eq!(names(&world.heard(publisher)), ["resume", "0 connection.unblocked"]);
    assert_eq!(world.broker.alarms(), Vec::<Alarm>::new());
    assert_eq!(world.broker.memory(), 0);
}

/// A body counts from its first byte on: a client that sends halves of many large messages is blocked, too.
#[test]
fn half_a_message_takes_room_as_well() {
    use wire::{Codec, frame, protocol::basic};
    let mut world = World::limited(|limits| limits.memory = 10_000);
    let client = world.client();
    let mut heard = Vec::new();
    for channel in 2..50 {
        let open = channel_method(channel::AMQPMethod::Open(channel::Open {}));
        world.say(client, channel, open);
        let mut bytes = bytes::BytesMut::new();
        frame::put_method(&mut bytes, channel, &Method::Basic(basic::AMQPMethod::Publish(basic::Publish::default())));
        frame::put_header(&mut bytes, channel, &[0, 0], 2000);
        frame::put_frame(&mut bytes, frame::FrameKind::Body, channel, &[b'x'; 1000]);
        let mut codec = Codec::new(131_072);
        while let Some(unit) = codec.next(&mut bytes).unwrap() {
            world.broker.hear(world.now, client.0, &unit);
        }
        heard.extend(world.heard(client));
        if !world.broker.listens_to(client.0) {
            assert!((10..13).contains(&channel), "held after {channel} halves");
            assert_eq!(names(&heard), ["hold", "0 connection.blocked"]);
            world.broker.lost(world.now, client.0);
            assert_eq!(world.broker.memory(), 0);
            return;
        }
    }
    panic!("the broker took 48 halves");
}

/// A message in many queues takes room in each of them.
#[test]
fn a_place_in_a_queue_takes_room_as_well() {
    let mut world = World::limited(|limits| limits.memory = 100_000);
    let client = world.client();
    for queue in 0..100 {
        let name = format!("q{queue}");
        world.say(client, 1, declare(&name));
        let bind = queue::Bind { queue: name.as_str().into(), exchange: "amq.fanout".into(), ..queue::Bind::default() };
        world.say(client, 1, Method::Queue(queue::AMQPMethod::Bind(bind)));
    }
    let mut messages = 0;
    while world.broker.alarms().is_empty() {
        let properties = AMQPProperties::default();
        world.broker.publish_from_outside("/", "amq.fanout", "", &properties, bytes::Bytes::new());
        world.heard(client);
        messages += 1;
        assert!(messages < 100, "{} bytes", world.broker.memory());
    }
    assert!((9..12).contains(&messages), "{messages} messages");
}

/// All messages that die at once arrive, even if it takes several turns, and those that go in circles come to an end.
#[test]
fn dead_letters_are_moved_a_few_at_a_time_and_none_is_lost() {
    use wire::protocol::basic;
    let mut world = World::new();
    let client = world.client();
    let to = |queue: &str| {
        [
            ("x-dead-letter-exchange", AMQPValue::LongString("".into())),
            ("x-dead-letter-routing-key", AMQPValue::LongString(queue.into())),
        ]
    };
    world.say(client, 1, declare("dead"));
    world.say(client, 1, declare_with("q", &to("dead")));
    for _ in 0..2000 {
        world.publish(client, "q", b"m", AMQPProperties::default());
    }
    world.say(client, 1, consume("q", "t", false));
    let nack = basic::Nack { delivery_tag: 0, multiple: true, requeue: false };
    world.say(client, 1, Method::Basic(basic::AMQPMethod::Nack(nack)));
    assert!(world.ready("dead") < 2000, "all of them in one turn");
    assert_eq!(world.broker.next_due(), Some(world.now), "there is more to do at once");
    for _ in 0..10 {
        world.after(0);
    }
    assert_eq!(world.ready("dead"), 2000);
}

#[test]
fn a_circle_of_full_queues_comes_to_an_end() {
    use wire::protocol::basic;
    let mut world = World::new();
    let client = world.client();
    for (queue, next) in [("a", "b"), ("b", "c"), ("c", "a")] {
        let arguments = [
            ("x-max-length", AMQPValue::LongInt(0)),
            ("x-dead-letter-exchange", AMQPValue::LongString("".into())),
            ("x-dead-letter-routing-key", AMQPValue::LongString(next.into())),
        ];
        world.say(client, 1, declare_with(queue, &arguments));
    }
    world.say(client, 1, consume("a", "t", false));
    assert_eq!(names(&world.publish(client, "a", b"m", AMQPProperties::default())), ["1 basic.deliver"]);
    let cancel = basic::Cancel { consumer_tag: "t".into(), nowait: true };
    world.say(client, 1, Method::Basic(basic::AMQPMethod::Cancel(cancel)));
    let reject = basic::Reject { delivery_tag: 1, requeue: false };
    world.say(client, 1, Method::Basic(basic::AMQPMethod::Reject(reject)));
    for _ in 0..10 {
        world.after(0);
    }
    assert_eq!(world.broker.next_due(), None);
    assert_eq!(world.broker.memory(), 0);
}

#[test]
fn consumers_are_counted_in_all() {
    let mut world = World::limited(|limits| limits.consumers = 2);
    let client = world.client();
    world.say(client, 1, declare("q"));
    for tag in ["1", "2"] {
        world.say(client, 1, consume("q", tag, true));
    }
    assert!(refusal(&world.say(client, 1, consume("q", "3", true))).contains("reached maximum (2) of consumers"));
    let again = world.client();
    assert_eq!(names(&world.say(again, 1, consume("q", "1", true))), ["1 basic.consume-ok"], "places are given back");
}
