//! Tests of the operator's commands.

use broker::{Account, Alarm, Config, DeprecatedFeature, Patterns};
use bytes::Bytes;
use wire::{
    Method,
    protocol::{basic::AMQPProperties, connection, queue},
};

use crate::world::{World, connection_method, consume, declare, names, refusal};

#[test]
fn an_alarm_holds_who_publishes_and_tells_them() {
    let mut world = World::new();
    let (publisher, receiver, later) = (world.client(), world.client(), world.client());
    world.say(receiver, 1, declare("q"));
    world.say(receiver, 1, consume("q", "t", true));
    world.publish(publisher, "q", b"before", AMQPProperties::default());
    world.broker.raise(Alarm::Disk);
    assert_eq!(
        world.heard_by_all(),
        [(publisher, "hold".to_owned()), (publisher, "0 connection.blocked  reason \"low on disk\"".to_owned())]
    );
    // A connection that has not published before is blocked from its first message on; that message itself gets through.
    world.broker.raise(Alarm::Memory);
    let heard = world.publish(later, "q", b"during", AMQPProperties::default());
    assert_eq!(names(&heard), ["hold", "0 connection.blocked"]);
    assert_eq!(world.broker.queues()[0].ready, 0, "the receiver got it");
    world.broker.clear(Alarm::Disk);
    assert!(world.heard_by_all().is_empty(), "one of two alarms is still on");
    world.broker.clear(Alarm::Memory);
    let heard = world.heard_by_all();
    assert_eq!(heard.iter().filter(|(_, line)| line == "resume").count(), 2);
    assert_eq!(heard.iter().filter(|(_, line)| line == "0 connection.unblocked").count(), 2);
}

#[test]
fn the_next_logins_are_refused_and_the_one_after_is_not() {
    let mut world = World::new();
    world.broker.refuse_logins(1);
    let stranger = world.stranger();
    let refused = world.log_in(stranger, "guest", "guest");
    assert!(refusal(&refused).starts_with("\"ACCESS_REFUSED - Login was refused"), "{refused:?}");
    world.client();
}

#[test]
fn a_connection_can_be_closed_with_a_word_and_cut_without() {
    let mut world = World::new();
    let (first, second) = (world.client(), world.client());
    assert!(world.broker.close(first.0, "because"));
    assert_eq!(refusal(&world.heard(first)), "\"CONNECTION_FORCED - because\"");
    assert!(world.broker.cut(second.0));
    assert_eq!(world.heard(second), ["hang up"]);
    assert!(!world.broker.close(second.0, "again"));
}

#[test]
fn a_vhost_goes_with_all_that_is_in_it() {
    let mut world = World::with(Config { vhosts: vec!["other".to_owned()], ..Config::default() });
    let stranger = world.stranger();
    world.log_in(stranger, "guest", "guest");
    let open = connection_method(connection::AMQPMethod::Open(connection::Open { virtual_host: "other".into() }));
    assert_eq!(world.say(stranger, 0, open), ["0 connection.open-ok"]);
    world.broker.publish_from_outside("/", "", "nowhere", &AMQPProperties::default(), Bytes::new());
    assert!(world.broker.delete_vhost("other"));
    assert_eq!(refusal(&world.heard(stranger)), "\"CONNECTION_FORCED - vhost 'other' is deleted\"");
    assert_eq!(world.broker.vhosts(), ["/"]);
}

#[test]
fn messages_are_published_peeked_at_and_thrown_away() {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare("q"));
    let publish = |world: &mut World, key: &str, body: &'static str| {
        world.broker.publish_from_outside("/", "", key, &AMQPProperties::default(), body.into())
    };
    assert_eq!(publish(&mut world, "q", "one"), Some(1));
    assert_eq!(publish(&mut world, "q", "two"), Some(1));
    assert_eq!(publish(&mut world, "nowhere", "lost"), Some(0));
    let bodies = |world: &World| -> Vec<Bytes> {
        world.broker.peek("/", "q", 10).unwrap().into_iter().map(|peeked| peeked.message.body.clone()).collect()
    };
    assert_eq!(bodies(&world), ["one", "two"]);
    assert_eq!(bodies(&world), ["one", "two"], "a look changes nothing");
    assert_eq!(world.broker.purge("/", "q"), Some(2));
    assert!(bodies(&world).is_empty());
    assert!(world.broker.peek("/", "nope", 1).is_none());
}

#[test]
fn implicit_bindings_are_listed_too() {
    let mut world = World::new();
    let client = world.client();
    world.say(client, 1, declare("q"));
    let bind = queue::Bind {
        queue: "q".into(),
        exchange: "amq.topic".into(),
        routing_key: "#.rabbit".into(),
        ..queue::Bind::default()
    };
    world.say(client, 1, Method::Queue(queue::AMQPMethod::Bind(bind)));
    let listed: Vec<String> = world
        .broker
        .bindings()
        .iter()
        .map(|binding| format!("{:?} {:?} {}", binding.source, binding.key, binding.destination))
        .collect();
    assert_eq!(listed, [r##""" "q" q"##, r##""amq.topic" "#.rabbit" q"##]);
}

#[test]
fn an_account_without_permissions_may_log_in_and_enter_nothing() {
    let account = |name: &str, permissions| Account {
        name: name.to_owned(),
        password: "secret".to_owned(),
        permissions,
        administrator: false,
    };
    let reads = Patterns { configure: String::new(), write: "^$".to_owned(), read: "^q".to_owned() };
    let accounts = vec![account("outsider", None), account("reader", Some(reads))];
    let mut world = World::with(Config { accounts, ..Config::default() });
    let open = || connection_method(connection::AMQPMethod::Open(connection::Open { virtual_host: "/".into() }));
    let stranger = world.stranger();
    assert_eq!(world.log_in(stranger, "outsider", "secret"), ["tuned"]);
    assert_eq!(
        refusal(&world.say(stranger, 0, open())),
        "\"NOT_ALLOWED - access to vhost '/' refused for user 'outsider'\" class-id 10 method-id 40"
    );
    let reader = world.stranger();
    world.log_in(reader, "reader", "secret");
    assert_eq!(world.say(reader, 0, open()), ["0 connection.open-ok"]);
    let guest = world.stranger();
    let refused = world.log_in(guest, "guest", "guest");
    assert!(refusal(&refused).starts_with("\"ACCESS_REFUSED"), "accounts of one's own stand in the place of guest");
}

#[test]
fn a_pattern_that_is_no_regular_expression_is_refused() {
    let patterns = Patterns { configure: "(".to_owned(), write: String::new(), read: String::new() };
    let account =
        Account { name: "ann".to_owned(), password: String::new(), permissions: Some(patterns), administrator: false };
    let error = broker::Broker::new(Config { accounts: vec![account], ..Config::default() }).unwrap_err();
    assert!(error.to_string().starts_with("the pattern \"(\" is not a regular expression"), "{error}");
}

/// The broker has no clock and no randomness of its own: two brokers with the same inputs have the same outputs.
#[test]
fn the_same_inputs_give_the_same_effects() {
    let play = || {
        let mut world = World::new();
        let client = world.client();
        let mut heard = world.say(client, 1, declare(""));
        heard.extend(world.say(client, 1, consume("", "", true)));
        let queue = world.broker.queues()[0].name.clone();
        heard.extend(world.publish(client, &queue, b"m", AMQPProperties::default()));
        heard
    };
    assert_eq!(play(), play());
    assert!(play()[0].contains("amq.gen-"));
}

#[test]
fn the_log_says_who_came_and_went_and_what_was_refused() {
    let mut world = World::new();
    world.broker.start_log();
    let client = world.client();
    world.say(client, 1, consume("nope", "t", true));
    world.broker.raise(Alarm::Memory);
    world.broker.clear(Alarm::Memory);
    world.broker.lost(world.now, client.0);
    insta::assert_snapshot!(world.broker.take_log().join("\n"), @"
    accepting connection a test
    connection a test: user 'guest' authenticated and granted access to vhost '/'
    channel error on connection a test, channel 1: NOT_FOUND - no queue 'nope' in vhost '/'
    alarm set: low on memory; publishers are blocked
    alarm cleared: low on memory
    closing connection a test: client unexpectedly closed TCP connection
    ");
    assert!(world.broker.take_log().is_empty());
}

/// The operator clears no alarm that messages raised, and messages clear none that the operator raised.
#[test]
fn the_alarm_of_a_teacher_and_that_of_messages_are_two() {
    let mut world = World::limited(|limits| limits.memory = 5_000);
    let client = world.client();
    world.say(client, 1, declare("q"));
    while world.broker.alarms().is_empty() {
        world.publish(client, "q", &[b'x'; 1000], AMQPProperties::default());
    }
    world.broker.clear(Alarm::Memory);
    world.heard(client);
    assert_eq!(world.broker.alarms(), [Alarm::Memory], "the messages are still there");
    world.broker.raise(Alarm::Memory);
    world.broker.purge("/", "q");
    assert!(world.heard(client).is_empty(), "the teacher has not said that it is over");
    world.broker.clear(Alarm::Memory);
    assert_eq!(names(&world.heard(client)), ["resume", "0 connection.unblocked"]);
}

#[test]
fn a_broker_that_is_stopped_says_so() {
    let mut world = World::new();
    let (client, stranger) = (world.client(), world.stranger());
    world.broker.shut_down();
    let heard = world.heard_by_all();
    let of = |who| heard.iter().filter(|(to, _)| *to == who).map(|(_, line)| line.clone()).collect::<Vec<_>>();
    assert_eq!(refusal(&of(client)), "\"CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'\"");
    assert_eq!(of(stranger), ["hang up"]);
}

/// Messages of a client that disconnects are in their old places before other clients get them.
#[test]
fn what_comes_back_from_a_client_that_is_gone_is_in_order() {
    use wire::{protocol::basic, types::AMQPValue};
    let mut world = World::new();
    let (first, second) = (world.client(), world.client());
    let sac = [("x-single-active-consumer", AMQPValue::Boolean(true))];
    world.say(first, 1, crate::world::declare_with("q", &sac));
    let qos = basic::Qos { prefetch_count: 1, global: false };
    world.say(first, 1, Method::Basic(basic::AMQPMethod::Qos(qos)));
    world.say(first, 1, consume("q", "first", false));
    world.say(second, 1, consume("q", "second", false));
    for body in [b"1", b"2", b"3"] {
        world.publish(second, "q", body, AMQPProperties::default());
    }
    world.broker.lost(world.now, first.0);
    let bodies: Vec<String> =
        world.heard(second).iter().filter_map(|line| line.rsplit_once("  ")).map(|(_, body)| body.to_owned()).collect();
    assert_eq!(bodies, [r#""1""#, r#""2""#, r#""3""#]);
}

#[test]
fn a_denied_feature_is_refused_and_what_it_does_not_concern_is_not() {
    let denied = [DeprecatedFeature::TransientNonexclQueues].into();
    let mut world = World::with(Config { denied, ..Config::default() });
    let declare = |durable: bool, exclusive: bool| {
        let declare = queue::Declare { queue: "q".into(), durable, exclusive, ..queue::Declare::default() };
        Method::Queue(queue::AMQPMethod::Declare(declare))
    };
    let client = world.client();
    let refused = refusal(&world.say(client, 1, declare(false, false)));
    assert!(refused.starts_with("\"INTERNAL_ERROR - Feature `transient_nonexcl_queues` is deprecated."), "{refused}");
    for (durable, exclusive) in [(false, true), (true, false)] {
        let client = world.client();
        assert_eq!(names(&world.say(client, 1, declare(durable, exclusive))), ["1 queue.declare-ok"]);
        world.say(
            client,
            1,
            Method::Queue(queue::AMQPMethod::Delete(queue::Delete { queue: "q".into(), ..Default::default() })),
        );
    }
}
