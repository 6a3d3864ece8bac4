//! Faults of the broker that were found by fuzzing or by comparison with a model, each with the shortest way to it.

use broker::Limits;
use wire::{
    Method,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel, connection,
        exchange::{self, AMQPMethod as Exchange},
        queue::{self, AMQPMethod as Queue},
    },
    types::AMQPValue,
};

use crate::player::{World, delivered, table};

#[test]
fn a_client_that_reads_in_small_pieces_gets_everything() {
    let mut world = World::new(Limits { outstanding: 10_000, ..Limits::default() });
    let id = world.connect();
    world.open(id, 1);
    world.broker.sent(0, id, usize::MAX);
    world.declare((id, 1), "q", &[]);
    for _ in 0..40 {
        world.publish((id, 1), "", "q", &[b'm'; 1000]);
    }
    world.consume((id, 1), "q", "t", 0);
    let (mut count, mut unread) = (0, 0);
    for _ in 0..1000 {
        let outputs = world.take(id);
        count += delivered(&outputs).len();
        unread += outputs.iter().map(broker::Output::size).sum::<usize>();
        let part = unread.min(500);
        unread -= part;
        world.broker.sent(world.now, id, part);
        world.settle();
    }
    assert_eq!((count, unread), (40, 0));
}

#[test]
fn a_channel_that_closes_does_not_hand_its_messages_to_its_own_next_consumer() {
    let mut world = World::new(Limits::default());
    let id = world.connect();
    world.open(id, 1);
    world.declare((id, 1), "q", &[("x-single-active-consumer", AMQPValue::Boolean(true))]);
    world.publish((id, 1), "", "q", b"1");
    world.publish((id, 1), "", "q", b"2");
    world.consume((id, 1), "q", "first", 1);
    world.consume((id, 1), "q", "second", 1);
    assert_eq!(world.counts("q"), Some((1, 1)));
    world.say(id, 1, Method::Channel(channel::AMQPMethod::Close(channel::Close::default())));
    assert_eq!(world.counts("q"), Some((2, 0)));
}

#[test]
fn nothing_is_said_to_a_connection_that_is_gone() {
    let mut world = World::new(Limits::default());
    let id = world.connect();
    world.say(id, 0, Method::Connection(connection::AMQPMethod::Close(connection::Close::default())));
    world.lose(id);
    assert_eq!(world.broker.next_due(), None);
    world.wait(60_000);
    assert_eq!(world.hung_up, []);
}

#[test]
fn a_connection_that_was_cut_is_hung_up_on_once() {
    let mut world = World::new(Limits::default());
    let id = world.connect();
    world.broker.close(id, "because");
    world.broker.cut(id);
    world.settle();
    world.wait(60_000);
    assert_eq!(world.hung_up, [id]);
}

#[test]
fn a_binding_with_an_argument_that_is_no_number_goes_with_its_queue() {
    let mut world = World::new(Limits::default());
    let id = world.connect();
    world.open(id, 1);
    world.declare((id, 1), "q", &[]);
    for nan in [AMQPValue::Float(f32::NAN), AMQPValue::Double(f64::NAN)] {
        let arguments = table(&[("nan", nan)]);
        let bind = queue::Bind {
            queue: "q".into(),
            exchange: "amq.fanout".into(),
            arguments: arguments.clone(),
            ..Default::default()
        };
        // The same binding twice counts once, and can be removed.
        for _ in 0..2 {
            world.say(id, 1, Method::Queue(Queue::Bind(bind.clone())));
            assert_eq!(world.broker.bindings().len(), 2);
        }
        let unbind =
            queue::Unbind { queue: "q".into(), exchange: "amq.fanout".into(), arguments, ..Default::default() };
        world.say(id, 1, Method::Queue(Queue::Unbind(unbind)));
        assert_eq!(world.broker.bindings().len(), 1);
        world.say(id, 1, Method::Queue(Queue::Bind(bind)));
        world.broker.delete_queue_named("/", "q");
        assert_eq!(world.broker.bindings(), []);
        world.declare((id, 1), "q", &[]);
    }
}

/// Each auto-delete exchange is deleted with its last binding, and takes the last binding of the exchange before with it.
#[test]
fn a_long_chain_of_auto_delete_exchanges_falls_without_a_stack_as_long() {
    const LENGTH: usize = 5000;
    let mut world = World::new(Limits::default());
    let id = world.connect();
    world.open(id, 1);
    let name = |index: usize| format!("x{index}");
    for index in 0..LENGTH {
        let declare = exchange::Declare {
            exchange: name(index).into(),
            kind: "fanout".into(),
            auto_delete: true,
            ..Default::default()
        };
        world.say(id, 1, Method::Exchange(Exchange::Declare(declare)));
        if index > 0 {
            let bind = exchange::Bind {
                source: name(index - 1).into(),
                destination: name(index).into(),
                ..Default::default()
            };
            world.say(id, 1, Method::Exchange(Exchange::Bind(bind)));
        }
    }
    let before = world.broker.exchanges().len();
    let delete = exchange::Delete { exchange: name(LENGTH - 1).into(), ..Default::default() };
    world.say(id, 1, Method::Exchange(Exchange::Delete(delete)));
    assert_eq!(world.broker.exchanges().len(), before - LENGTH);
    assert!(world.broker.bindings().is_empty());
}

/// RabbitMQ checks the age of the next message after each one that was taken (`rabbit_amqqueue_process:fetch`).
#[test]
fn a_message_that_is_too_old_is_not_delivered_behind_one_that_is_not() {
    let mut world = World::new(Limits::default());
    let id = world.connect();
    world.open(id, 1);
    world.declare((id, 1), "q", &[]);
    for (body, expiration) in [("long", "100"), ("short", "10"), ("last", "100")] {
        let properties = basic::AMQPProperties::default().with_expiration(expiration.into());
        world.publish_with((id, 1), "", "q", &properties, body.as_bytes());
    }
    world.wait(50);
    world.take(id);
    world.consume((id, 1), "q", "t", 0);
    let bodies: Vec<String> = delivered(&world.take(id)).into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, ["long", "last"]);
    world.basic(id, 1, Basic::Ack(basic::Ack { delivery_tag: 0, multiple: true }));
    assert_eq!(world.counts("q"), Some((0, 0)));
}
