//! queue.declare: flags, names, and exclusive queues.

use crate::{methods::*, stage::Stage};

conversations!(
    declare_and_again,
    declare_durable_and_again,
    redeclare_durable_as_transient,
    redeclare_transient_as_durable,
    transient_no_wait,
    transient_and_what_is_checked_before,
    transient_and_what_is_checked_after,
    transient_on_one_channel_of_two,
    redeclare_auto_delete_on,
    redeclare_auto_delete_off,
    redeclare_exclusive_off,
    redeclare_exclusive_on,
    redeclare_exclusive_by_its_owner,
    redeclare_everything_otherwise,
    redeclare_durable_and_auto_delete_otherwise,
    redeclare_flags_and_arguments_otherwise,
    redeclare_passively_otherwise,
    exclusive_passive_by_its_owner,
    exclusive_durable,
    exclusive_auto_delete_goes_with_its_consumer,
    exclusive_of_another_declare,
    exclusive_of_another_declare_exclusive,
    exclusive_of_another_declare_durable,
    exclusive_of_another_passive,
    exclusive_of_another_bind,
    exclusive_of_another_unbind,
    exclusive_of_another_consume,
    exclusive_of_another_get,
    exclusive_of_another_purge,
    exclusive_of_another_delete,
    exclusive_of_another_publish,
    exclusive_on_another_channel_of_its_owner,
    exclusive_survives_its_channel,
    exclusive_goes_with_its_connection,
    exclusive_durable_goes_with_its_connection,
    passive_missing,
    passive_empty_and_none_declared,
    passive_empty_means_the_last,
    passive_is_remembered,
    declare_empty_after_a_named_one,
    passive_counts,
    passive_no_wait,
    declare_no_wait,
    declare_no_wait_without_a_name,
    server_named,
    server_named_durable,
    server_named_quorum,
    reserved_name,
    reserved_name_passive,
    reserved_name_exactly,
    reserved_name_without_a_dot,
    reserved_name_in_capitals,
    server_named_declared_again,
    name_with_line_ends,
    name_with_spaces_and_umlauts,
    name_of_255_bytes,
    name_that_is_not_utf8,
    name_that_is_not_utf8_passive,
    name_with_a_zero,
    name_with_quotes,
    reply_text_is_cut,
);

/// Declares a queue with flags, then declares it again with others.
fn reflag(s: &mut Stage, before: &str, after: &str) {
    let mut a = s.connect();
    a.queue("q", before, NONE);
    a.queue("q", after, NONE);
}

fn declare_and_again(s: &mut Stage) {
    reflag(s, "", "");
}

fn declare_durable_and_again(s: &mut Stage) {
    reflag(s, "durable", "durable");
}

fn redeclare_durable_as_transient(s: &mut Stage) {
    reflag(s, "durable", "");
}

fn redeclare_transient_as_durable(s: &mut Stage) {
    reflag(s, "", "durable");
}

fn transient_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(queue_declare("q", "no-wait", NONE));
    a.quiet();
}

/// The name, an existing queue and the arguments are checked first; a queue that is refused for them is not transient yet.
fn transient_and_what_is_checked_before(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", NONE);
    for (name, arguments) in [
        ("amq.q", NONE),
        ("q", NONE),
        ("r", &[("x-message-ttl", text("soon"))][..]),
        ("r", &[("x-queue-type", text("fancy"))]),
    ] {
        let mut b = s.connect();
        b.call(queue_declare(name, "", arguments));
        b.quiet();
    }
}

/// A quorum queue has to be durable, and a locator is denied; a transient queue is refused before these checks.
fn transient_and_what_is_checked_after(s: &mut Stage) {
    for arguments in [[("x-queue-type", text("quorum"))], [("x-queue-master-locator", text("min-masters"))]] {
        let mut a = s.connect();
        a.call(queue_declare("q", "", &arguments));
        a.quiet();
    }
}

/// Input on other channels of the connection after a declaration was refused.
fn transient_on_one_channel_of_two(s: &mut Stage) {
    let mut a = s.connect();
    a.open(2);
    a.tell(queue_declare("q", "", NONE));
    a.tell_on(2, queue_declare("r", "durable", NONE));
    a.quiet();
    let mut b = s.connect();
    b.call(queue_declare("r", "passive", NONE));
}

fn redeclare_auto_delete_on(s: &mut Stage) {
    reflag(s, "durable", "durable auto-delete");
}

fn redeclare_auto_delete_off(s: &mut Stage) {
    reflag(s, "durable auto-delete", "durable");
}

fn redeclare_exclusive_off(s: &mut Stage) {
    reflag(s, "exclusive", "");
}

fn redeclare_exclusive_on(s: &mut Stage) {
    reflag(s, "", "exclusive");
}

fn redeclare_exclusive_by_its_owner(s: &mut Stage) {
    reflag(s, "exclusive", "exclusive");
}

fn redeclare_everything_otherwise(s: &mut Stage) {
    reflag(s, "durable", "auto-delete exclusive");
}

fn redeclare_durable_and_auto_delete_otherwise(s: &mut Stage) {
    reflag(s, "durable", "auto-delete");
}

fn redeclare_flags_and_arguments_otherwise(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", &[("x-message-ttl", int(1000))]);
    a.queue("q", "auto-delete", NONE);
}

fn redeclare_passively_otherwise(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "durable", &[("x-message-ttl", int(1000))]);
    a.queue("q", "passive auto-delete", &[("x-message-ttl", int(5))]);
}

fn exclusive_passive_by_its_owner(s: &mut Stage) {
    reflag(s, "exclusive", "passive");
}

fn exclusive_durable(s: &mut Stage) {
    reflag(s, "exclusive durable", "exclusive durable");
}

fn exclusive_auto_delete_goes_with_its_consumer(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive auto-delete", NONE);
    a.call(consume("q", "t", "", NONE));
    a.call(cancel("t", ""));
    a.count("q");
}

/// Sends a method for an exclusive queue from another connection.
fn exclusive_of_another(s: &mut Stage, method: wire::Method) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    let mut b = s.connect();
    b.call(method);
}

fn exclusive_of_another_declare(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "", NONE));
}

fn exclusive_of_another_declare_exclusive(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "exclusive", NONE));
}

fn exclusive_of_another_declare_durable(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "exclusive durable", NONE));
}

fn exclusive_of_another_passive(s: &mut Stage) {
    exclusive_of_another(s, queue_declare("q", "passive", NONE));
}

fn exclusive_of_another_bind(s: &mut Stage) {
    exclusive_of_another(s, queue_bind("q", "amq.direct", "k", "", NONE));
}

fn exclusive_of_another_unbind(s: &mut Stage) {
    exclusive_of_another(s, queue_unbind("q", "amq.direct", "k", NONE));
}

fn exclusive_of_another_consume(s: &mut Stage) {
    exclusive_of_another(s, consume("q", "t", "", NONE));
}

fn exclusive_of_another_get(s: &mut Stage) {
    exclusive_of_another(s, get("q", ""));
}

fn exclusive_of_another_purge(s: &mut Stage) {
    exclusive_of_another(s, queue_purge("q", ""));
}

fn exclusive_of_another_delete(s: &mut Stage) {
    exclusive_of_another(s, queue_delete("q", ""));
}

fn exclusive_of_another_publish(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    let mut b = s.connect();
    b.confirm();
    b.publish("", "q", "m");
    b.confirmed();
    a.take("q");
}

fn exclusive_on_another_channel_of_its_owner(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    a.open(2);
    a.queue("q", "exclusive", NONE);
    a.call(queue_purge("q", ""));
}

fn exclusive_survives_its_channel(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    a.call(channel_close());
    a.open(2);
    a.count("q");
}

fn exclusive_goes_with_its_connection(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive", NONE);
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.count("q");
}

fn exclusive_durable_goes_with_its_connection(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "exclusive durable", NONE);
    a.call_on(0, connection_close());
    let mut b = s.connect();
    b.count("q");
}

fn passive_missing(s: &mut Stage) {
    s.connect().count("nope");
}

fn passive_empty_and_none_declared(s: &mut Stage) {
    s.connect().count("");
}

fn passive_empty_means_the_last(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("first", "", NONE);
    a.queue("last", "", NONE);
    a.count("");
}

fn passive_is_remembered(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("first", "", NONE);
    a.queue("last", "", NONE);
    a.count("first");
    a.count("");
}

fn declare_empty_after_a_named_one(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("first", "", NONE);
    a.queue("", "exclusive", NONE);
    a.bind("", "amq.direct", "k");
}

fn passive_counts(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.fill("q", &["1", "2", "3"]);
    a.count("q");
    a.get("q");
    a.count("q");
    a.call(qos(1, false));
    a.call(consume("q", "t", "", NONE));
    a.hear(1);
    a.count("q");
}

fn passive_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    a.tell(queue_declare("q", "passive no-wait", NONE));
    a.quiet();
    a.tell(queue_declare("nope", "passive no-wait", NONE));
    a.quiet();
}

fn declare_no_wait(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(queue_declare("q", "no-wait", NONE));
    a.quiet();
    a.count("q");
    a.tell(queue_declare("q", "durable no-wait", NONE));
    a.quiet();
}

fn declare_no_wait_without_a_name(s: &mut Stage) {
    let mut a = s.connect();
    a.tell(queue_declare("", "exclusive no-wait", NONE));
    a.quiet();
    a.count("");
}

fn server_named(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("", "exclusive", NONE);
    a.queue("", "exclusive", NONE);
    a.count("");
    a.queue("", "", NONE);
}

fn server_named_durable(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("", "durable", NONE);
}

fn server_named_quorum(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("", "durable", &[("x-queue-type", text("quorum"))]);
}

fn reserved_name(s: &mut Stage) {
    s.connect().queue("amq.mine", "", NONE);
}

fn reserved_name_passive(s: &mut Stage) {
    s.connect().count("amq.mine");
}

fn reserved_name_exactly(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("amq.", "", NONE);
}

fn reserved_name_without_a_dot(s: &mut Stage) {
    s.connect().queue("amq", "", NONE);
}

fn reserved_name_in_capitals(s: &mut Stage) {
    s.connect().queue("AMQ.mine", "", NONE);
}

fn server_named_declared_again(s: &mut Stage) {
    let mut a = s.connect();
    let declared = a.call(queue_declare("", "exclusive", NONE));
    use wire::{Method, protocol::queue};
    let Some(Method::Queue(queue::AMQPMethod::DeclareOk(declared))) = declared else { panic!("no name") };
    a.queue(declared.queue.as_str(), "exclusive", NONE);
}

fn name_with_line_ends(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("one\r\ntwo\n", "", NONE);
    a.count("one\r\ntwo\n");
    a.count("onetwo");
}

fn name_with_spaces_and_umlauts(s: &mut Stage) {
    let mut a = s.connect();
    a.queue(" ä \u{1F430} ", "", NONE);
    a.count(" \u{e4} nope");
}

fn name_of_255_bytes(s: &mut Stage) {
    let mut a = s.connect();
    a.queue(&"q".repeat(255), "", NONE);
    a.count(&"p".repeat(255));
}

fn name_that_is_not_utf8(s: &mut Stage) {
    let mut a = s.connect();
    let mut declare = b"\0\0".to_vec();
    declare.extend(short(b"\xff\xfe"));
    declare.extend(b"\0\0\0\0\0");
    a.raw_method(50, 10, &declare);
    a.quiet();
}

fn name_that_is_not_utf8_passive(s: &mut Stage) {
    let mut a = s.connect();
    let mut declare = b"\0\0".to_vec();
    declare.extend(short(b"\xff\xfe"));
    declare.extend(b"\x01\0\0\0\0");
    a.raw_method(50, 10, &declare);
    a.quiet();
}

fn name_with_a_zero(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("a\0b", "", NONE);
}

fn name_with_quotes(s: &mut Stage) {
    s.connect().count("it's \"quoted\"");
}

fn reply_text_is_cut(s: &mut Stage) {
    let mut a = s.connect();
    let long = "long".repeat(40);
    a.queue(&long, "exclusive", NONE);
    let mut b = s.connect();
    b.count(&long);
}
