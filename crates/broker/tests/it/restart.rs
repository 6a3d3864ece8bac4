//! Tests of a restart, and of what survives it.

use broker::Alarm;
use wire::{
    Method,
    protocol::{basic::AMQPProperties, exchange, queue},
};

use crate::world::{Client, World, consume, declare, get, names, refusal};

fn durable(name: &str) -> Method {
    let declare = queue::Declare { queue: name.into(), durable: true, ..queue::Declare::default() };
    Method::Queue(queue::AMQPMethod::Declare(declare))
}

fn exchange(name: &str, durable: bool) -> Method {
    let declare =
        exchange::Declare { exchange: name.into(), kind: "fanout".into(), durable, ..exchange::Declare::default() };
    Method::Exchange(exchange::AMQPMethod::Declare(declare))
}

fn bind(queue: &str, exchange: &str) -> Method {
    let bind = queue::Bind { queue: queue.into(), exchange: exchange.into(), ..queue::Bind::default() };
    Method::Queue(queue::AMQPMethod::Bind(bind))
}

fn persistent() -> AMQPProperties {
    AMQPProperties::default().with_delivery_mode(2)
}

/// Restarts the broker, and checks its invariants.
fn restart(world: &mut World) {
    world.broker.restart();
    world.heard_by_all();
}

fn ready(world: &World) -> Vec<(String, usize, usize)> {
    world.broker.queues().into_iter().map(|queue| (queue.name, queue.ready, queue.unacked)).collect()
}

#[test]
fn persistent_messages_in_durable_queues_stay_and_the_rest_goes() {
    let mut world = World::new();
    let client = world.client();
    for method in [durable("kept"), declare("lost")] {
        world.say(client, 1, method);
    }
    for queue in ["kept", "lost"] {
        world.publish(client, queue, b"transient", AMQPProperties::default());
        world.publish(client, queue, b"one", persistent());
        world.publish(client, queue, b"two", persistent());
    }
    restart(&mut world);
    assert_eq!(ready(&world), [("kept".to_owned(), 2, 0)]);
    let client = world.client();
    let lines = world.say(client, 1, get("kept"));
    assert!(!lines[0].contains("redelivered") && lines[0].ends_with("\"one\""), "{lines:?}");
    assert!(refusal(&world.say(client, 1, get("lost"))).contains("NOT_FOUND - no queue 'lost'"));
}

#[test]
fn everybody_is_thrown_out_and_what_they_had_is_there_again() {
    let mut world = World::new();
    let (one, other) = (world.client(), world.client());
    world.say(one, 1, durable("q"));
    for (client, tag) in [(one, "one"), (other, "other")] {
        world.say(client, 1, consume("q", tag, false));
    }
    world.publish(one, "q", b"task", persistent());
    assert_eq!(ready(&world), [("q".to_owned(), 0, 1)]);
    world.broker.restart();
    let heard = world.heard_by_all();
    // Messages of one client must not go to another one during the restart.
    let lines = |client: Client| -> Vec<String> {
        heard.iter().filter(|(to, _)| *to == client).map(|(_, line)| line.clone()).collect()
    };
    for client in [one, other] {
        assert_eq!(names(&lines(client)), ["0 connection.close", "hang up"]);
        assert!(refusal(&lines(client)).contains("CONNECTION_FORCED"), "{heard:?}");
    }
    assert_eq!(ready(&world), [("q".to_owned(), 1, 0)]);
    let again = world.client();
    let deliveries = world.say(again, 1, consume("q", "t", false));
    assert!(deliveries.iter().any(|line| line.contains("redelivered") && line.ends_with("\"task\"")), "{deliveries:?}");
}

#[test]
fn bindings_stay_between_what_stays() {
    let mut world = World::new();
    let client = world.client();
    for method in [durable("q"), declare("gone"), exchange("kept", true), exchange("lost", false)] {
        world.say(client, 1, method);
    }
    for (queue, exchange) in [("q", "kept"), ("q", "lost"), ("gone", "kept")] {
        assert_eq!(world.say(client, 1, bind(queue, exchange)), ["1 queue.bind-ok"]);
    }
    restart(&mut world);
    let exchanges: Vec<String> = world.broker.exchanges().into_iter().map(|exchange| exchange.name).collect();
    assert!(exchanges.contains(&"kept".to_owned()) && !exchanges.contains(&"lost".to_owned()), "{exchanges:?}");
    assert!(exchanges.contains(&"amq.topic".to_owned()));
    let sent = |exchange: &str, world: &mut World| {
        world.broker.publish_from_outside("/", exchange, "", &persistent(), "x".into())
    };
    assert_eq!(sent("kept", &mut world), Some(1));
    assert_eq!(sent("lost", &mut world), None);
}

#[test]
fn queues_that_depend_on_a_client_are_gone_durable_or_not() {
    let mut world = World::new();
    let client = world.client();
    let mine = queue::Declare { queue: "mine".into(), durable: true, exclusive: true, ..queue::Declare::default() };
    world.say(client, 1, Method::Queue(queue::AMQPMethod::Declare(mine)));
    let passing = queue::Declare { queue: "passing".into(), durable: true, auto_delete: true, ..Default::default() };
    world.say(client, 1, Method::Queue(queue::AMQPMethod::Declare(passing)));
    world.say(client, 1, consume("passing", "t", true));
    restart(&mut world);
    assert!(world.broker.queues().is_empty());
}

#[test]
fn a_bad_day_ends_with_the_restart() {
    let mut world = World::new();
    world.broker.raise(Alarm::Disk);
    world.broker.refuse_logins(3);
    restart(&mut world);
    let client = world.client();
    world.say(client, 1, durable("q"));
    assert!(world.publish(client, "q", b"x", persistent()).is_empty(), "no publisher is blocked");
}
