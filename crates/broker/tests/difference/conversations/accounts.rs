//! Permissions, and connections that an operator closes.

use crate::{client::Client, methods::*, stage::Stage};

conversations!(
    queue_declare_refused,
    queue_declare_new_refused,
    queue_declare_passive_refused,
    queue_declare_allowed,
    queue_declare_server_named_refused,
    queue_delete_refused,
    queue_delete_missing_refused,
    queue_bind_refused_by_the_queue,
    queue_bind_refused_by_the_exchange,
    queue_bind_refused_and_missing,
    queue_unbind_refused_by_the_queue,
    queue_unbind_refused_by_the_exchange,
    queue_purge_refused,
    exchange_declare_refused,
    exchange_declare_passive_refused,
    exchange_delete_refused,
    exchange_bind_refused_by_the_destination,
    exchange_bind_refused_by_the_source,
    exchange_unbind_refused,
    alternate_exchange_refused_to_read,
    alternate_exchange_refused_to_write,
    dead_letter_exchange_refused_to_read,
    dead_letter_exchange_refused_to_write,
    dead_letter_default_exchange,
    publish_refused,
    publish_allowed,
    publish_to_the_default_exchange_refused,
    publish_to_the_default_exchange_allowed,
    publish_to_a_missing_exchange_refused,
    publish_to_an_internal_exchange_refused,
    consume_refused,
    consume_missing_refused,
    get_refused,
    get_allowed,
    nothing_is_allowed_by_empty_patterns,
    patterns_match_anywhere,
    reply_to_needs_nothing,
    server_named_with_the_right_pattern,
    flow_and_confirms_need_nothing,
    vhost_without_permission,
    wrong_password,
    permission_taken_away_later,
    vhost_deleted,
    connections_closed_by_the_management,
    connections_closed_by_the_management_without_a_reason,
    user_deleted,
    update_secret_of_another_user,
);

/// Connects as a user who may use names that start with `mine`; a queue `yours` and an exchange `yours.x` exist.
fn as_a_guest(s: &mut Stage) -> Client {
    as_limited(s, "^mine", "^mine", "^mine")
}

fn as_limited(s: &mut Stage, configure: &str, write: &str, read: &str) -> Client {
    let mut owner = s.connect();
    owner.muted(|owner| {
        owner.queue("yours", "", NONE);
        owner.queue("mine", "", NONE);
        owner.exchange("yours.x", "fanout", "", NONE);
        owner.exchange("mine.x", "fanout", "", NONE);
        owner.call_on(0, connection_close());
    });
    s.connect_as("limited", configure, write, read)
}

/// Tries a method as a user who may only use names that start with `mine`.
fn refused(s: &mut Stage, method: wire::Method) {
    let mut a = as_a_guest(s);
    a.call(method);
}

fn queue_declare_refused(s: &mut Stage) {
    refused(s, queue_declare("yours", "", NONE));
}

fn queue_declare_new_refused(s: &mut Stage) {
    refused(s, queue_declare("new", "", NONE));
}

fn queue_declare_passive_refused(s: &mut Stage) {
    refused(s, queue_declare("yours", "passive", NONE));
}

fn queue_declare_allowed(s: &mut Stage) {
    refused(s, queue_declare("mine", "", NONE));
}

fn queue_declare_server_named_refused(s: &mut Stage) {
    refused(s, queue_declare("", "exclusive", NONE));
}

fn queue_delete_refused(s: &mut Stage) {
    refused(s, queue_delete("yours", ""));
}

fn queue_delete_missing_refused(s: &mut Stage) {
    refused(s, queue_delete("nope", ""));
}

fn queue_bind_refused_by_the_queue(s: &mut Stage) {
    refused(s, queue_bind("yours", "mine.x", "", "", NONE));
}

fn queue_bind_refused_by_the_exchange(s: &mut Stage) {
    refused(s, queue_bind("mine", "yours.x", "", "", NONE));
}

fn queue_bind_refused_and_missing(s: &mut Stage) {
    refused(s, queue_bind("nope", "nope", "", "", NONE));
}

fn queue_unbind_refused_by_the_queue(s: &mut Stage) {
    refused(s, queue_unbind("yours", "mine.x", "", NONE));
}

fn queue_unbind_refused_by_the_exchange(s: &mut Stage) {
    refused(s, queue_unbind("mine", "yours.x", "", NONE));
}

fn queue_purge_refused(s: &mut Stage) {
    refused(s, queue_purge("yours", ""));
}

fn exchange_declare_refused(s: &mut Stage) {
    refused(s, exchange_declare("yours.x", "fanout", "", NONE));
}

fn exchange_declare_passive_refused(s: &mut Stage) {
    refused(s, exchange_declare("yours.x", "fanout", "passive", NONE));
}

fn exchange_delete_refused(s: &mut Stage) {
    refused(s, exchange_delete("yours.x", ""));
}

fn exchange_bind_refused_by_the_destination(s: &mut Stage) {
    refused(s, exchange_bind("yours.x", "mine.x", "", "", NONE));
}

fn exchange_bind_refused_by_the_source(s: &mut Stage) {
    refused(s, exchange_bind("mine.x", "yours.x", "", "", NONE));
}

fn exchange_unbind_refused(s: &mut Stage) {
    refused(s, exchange_unbind("yours.x", "mine.x", "", "", NONE));
}

fn alternate_exchange_refused_to_read(s: &mut Stage) {
    let mut a = as_limited(s, ".*", ".*", "^nothing");
    a.exchange("new", "direct", "", &[("alternate-exchange", text("mine.x"))]);
}

fn alternate_exchange_refused_to_write(s: &mut Stage) {
    let mut a = as_limited(s, ".*", "^new", ".*");
    a.exchange("new", "direct", "", &[("alternate-exchange", text("yours.x"))]);
}

fn dead_letter_exchange_refused_to_read(s: &mut Stage) {
    let mut a = as_limited(s, ".*", ".*", "^nothing");
    a.queue("new", "", &[("x-dead-letter-exchange", text("mine.x"))]);
}

fn dead_letter_exchange_refused_to_write(s: &mut Stage) {
    let mut a = as_limited(s, ".*", "^nothing", ".*");
    a.queue("new", "", &[("x-dead-letter-exchange", text("mine.x"))]);
}

fn dead_letter_default_exchange(s: &mut Stage) {
    let mut a = as_limited(s, ".*", "^new", ".*");
    a.queue("new", "", &[("x-dead-letter-exchange", text(""))]);
}

fn publish_refused(s: &mut Stage) {
    let mut a = as_a_guest(s);
    a.publish("yours.x", "", "m");
    a.hear(1);
}

fn publish_allowed(s: &mut Stage) {
    let mut a = as_a_guest(s);
    a.publish("mine.x", "", "m");
    a.quiet();
}

fn publish_to_the_default_exchange_refused(s: &mut Stage) {
    let mut a = as_a_guest(s);
    a.publish("", "mine", "m");
    a.hear(1);
}

fn publish_to_the_default_exchange_allowed(s: &mut Stage) {
    let mut a = as_limited(s, "^$", "^amq\\.default$", "^$");
    a.publish("", "mine", "m");
    a.quiet();
}

fn publish_to_a_missing_exchange_refused(s: &mut Stage) {
    let mut a = as_a_guest(s);
    a.publish("nope", "", "m");
    a.hear(1);
}

fn publish_to_an_internal_exchange_refused(s: &mut Stage) {
    let mut owner = s.connect();
    owner.muted(|owner| owner.exchange("hidden", "fanout", "internal", NONE));
    let mut a = s.connect_as("limited", "^$", "^$", "^$");
    a.publish("hidden", "", "m");
    a.hear(1);
}

fn consume_refused(s: &mut Stage) {
    refused(s, consume("yours", "t", "", NONE));
}

fn consume_missing_refused(s: &mut Stage) {
    refused(s, consume("nope", "t", "", NONE));
}

fn get_refused(s: &mut Stage) {
    refused(s, get("yours", ""));
}

fn get_allowed(s: &mut Stage) {
    refused(s, get("mine", ""));
}

fn nothing_is_allowed_by_empty_patterns(s: &mut Stage) {
    let mut a = as_limited(s, "", "", "");
    a.call(get("mine", ""));
}

fn patterns_match_anywhere(s: &mut Stage) {
    let mut a = as_limited(s, "ne", "ne", "ne");
    a.call(get("mine", ""));
}

fn reply_to_needs_nothing(s: &mut Stage) {
    let mut a = as_a_guest(s);
    a.call(consume("amq.rabbitmq.reply-to", "t", "no-ack", NONE));
}

fn server_named_with_the_right_pattern(s: &mut Stage) {
    let mut a = as_limited(s, "^amq\\.gen", "^$", "^amq\\.gen");
    a.queue("", "exclusive", NONE);
    a.call(consume("", "t", "", NONE));
}

fn flow_and_confirms_need_nothing(s: &mut Stage) {
    let mut a = as_limited(s, "^$", "^$", "^$");
    a.call(flow(true));
    a.call(confirm_select(""));
    a.call(qos(1, false));
}

fn vhost_without_permission(s: &mut Stage) {
    let user = s.user("limited");
    let vhost = s.address.vhost.clone();
    let mut a = s.greeted();
    let login = format!("\0{user}\0secret");
    a.tell_on(0, start_ok(NONE, "PLAIN", login.as_bytes()));
    a.hear(1);
    a.tell_on(0, tune_ok(2047, 131_072, 0));
    a.call_on(0, connection_open(&vhost));
}

fn wrong_password(s: &mut Stage) {
    let user = s.user("limited");
    let mut a = s.greeted();
    let login = format!("\0{user}\0wrong");
    a.tell_on(0, start_ok(&crate::stage::about(crate::stage::CAPABLE), "PLAIN", login.as_bytes()));
    a.hear_end();
}

fn permission_taken_away_later(s: &mut Stage) {
    let mut a = s.connect_as("limited", ".*", ".*", ".*");
    a.queue("q", "", NONE);
    let user = format!("limited-{}", s.address.vhost);
    s.permit(&user, "^$", "^$", "^$");
    a.note("-- the permissions are taken away");
    a.queue("q", "", NONE);
}

fn vhost_deleted(s: &mut Stage) {
    let mut a = s.connect();
    a.queue("q", "", NONE);
    s.manage("DELETE", &format!("vhosts/{}", s.address.vhost), "");
    a.note("-- the vhost is deleted");
    a.hear_end();
}

fn connections_closed_by_the_management(s: &mut Stage) {
    let mut a = s.connect_as("limited", ".*", ".*", ".*");
    a.queue("q", "", NONE);
    let user = format!("limited-{}", s.address.vhost);
    s.manage_because("DELETE", &format!("connections/username/{user}"), "", "it is late");
    a.note("-- the management closes it: it is late");
    a.hear_end();
}

fn connections_closed_by_the_management_without_a_reason(s: &mut Stage) {
    let mut a = s.connect_as("limited", ".*", ".*", ".*");
    a.queue("q", "", NONE);
    let user = format!("limited-{}", s.address.vhost);
    s.manage("DELETE", &format!("connections/username/{user}"), "");
    a.note("-- the management closes it");
    a.hear_end();
}

fn user_deleted(s: &mut Stage) {
    let mut a = s.connect_as("limited", ".*", ".*", ".*");
    a.queue("q", "", NONE);
    let user = format!("limited-{}", s.address.vhost);
    s.manage("DELETE", &format!("users/{user}"), "");
    a.note("-- the user is deleted");
    a.quiet();
}

fn update_secret_of_another_user(s: &mut Stage) {
    let mut a = s.connect_as("limited", ".*", ".*", ".*");
    a.call_on(0, update_secret("another"));
    a.queue("q", "", NONE);
}
