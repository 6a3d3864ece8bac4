//! The name and the arguments of every method as data, for reports, for JSON and for people.

use amq_protocol::{
    protocol::{AMQPClass, access, basic, basic::AMQPProperties, channel, confirm, connection, exchange, queue, tx},
    types::{AMQPValue, FieldTable, LongString, ShortString},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

/// A method's name, as in `basic.publish`, and its arguments in the specification's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// `class.method`, both as the specification spells them.
    pub name: &'static str,
    /// Each argument's name, as the specification spells it, and its value. Passwords are replaced by `(hidden)`.
    pub args: Vec<(&'static str, Value)>,
}

/// The text that replaces a secret.
pub const HIDDEN: &str = "(hidden)";

macro_rules! describe {
    ($method:expr; $( $name:literal $class:ident :: $variant:ident $in:ident { $( $field:ident $label:literal ),* } )*) => {
        match $method {
            $( AMQPClass::$in($class::AMQPMethod::$variant($class::$variant { $( $field ),* })) => Described {
                name: $name,
                args: vec![ $( ($label, $field.to_json()) ),* ],
            }, )*
        }
    };
}

/// Names a method and lists its arguments.
#[must_use]
pub fn describe(method: &AMQPClass) -> Described {
    let mut described = describe! { method;
        "connection.start" connection::Start Connection { version_major "version-major", version_minor "version-minor", server_properties "server-properties", mechanisms "mechanisms", locales "locales" }
        "connection.start-ok" connection::StartOk Connection { client_properties "client-properties", mechanism "mechanism", response "response", locale "locale" }
        "connection.secure" connection::Secure Connection { challenge "challenge" }
        "connection.secure-ok" connection::SecureOk Connection { response "response" }
        "connection.tune" connection::Tune Connection { channel_max "channel-max", frame_max "frame-max", heartbeat "heartbeat" }
        "connection.tune-ok" connection::TuneOk Connection { channel_max "channel-max", frame_max "frame-max", heartbeat "heartbeat" }
        "connection.open" connection::Open Connection { virtual_host "virtual-host" }
        "connection.open-ok" connection::OpenOk Connection { }
        "connection.close" connection::Close Connection { reply_code "reply-code", reply_text "reply-text", class_id "class-id", method_id "method-id" }
        "connection.close-ok" connection::CloseOk Connection { }
        "connection.blocked" connection::Blocked Connection { reason "reason" }
        "connection.unblocked" connection::Unblocked Connection { }
        "connection.update-secret" connection::UpdateSecret Connection { new_secret "new-secret", reason "reason" }
        "connection.update-secret-ok" connection::UpdateSecretOk Connection { }
        "channel.open" channel::Open Channel { }
        "channel.open-ok" channel::OpenOk Channel { }
        "channel.flow" channel::Flow Channel { active "active" }
        "channel.flow-ok" channel::FlowOk Channel { active "active" }
        "channel.close" channel::Close Channel { reply_code "reply-code", reply_text "reply-text", class_id "class-id", method_id "method-id" }
        "channel.close-ok" channel::CloseOk Channel { }
        "access.request" access::Request Access { realm "realm", exclusive "exclusive", passive "passive", active "active", write "write", read "read" }
        "access.request-ok" access::RequestOk Access { }
        "exchange.declare" exchange::Declare Exchange { exchange "exchange", kind "type", passive "passive", durable "durable", auto_delete "auto-delete", internal "internal", nowait "no-wait", arguments "arguments" }
        "exchange.declare-ok" exchange::DeclareOk Exchange { }
        "exchange.delete" exchange::Delete Exchange { exchange "exchange", if_unused "if-unused", nowait "no-wait" }
        "exchange.delete-ok" exchange::DeleteOk Exchange { }
        "exchange.bind" exchange::Bind Exchange { destination "destination", source "source", routing_key "routing-key", nowait "no-wait", arguments "arguments" }
        "exchange.bind-ok" exchange::BindOk Exchange { }
        "exchange.unbind" exchange::Unbind Exchange { destination "destination", source "source", routing_key "routing-key", nowait "no-wait", arguments "arguments" }
        "exchange.unbind-ok" exchange::UnbindOk Exchange { }
        "queue.declare" queue::Declare Queue { queue "queue", passive "passive", durable "durable", exclusive "exclusive", auto_delete "auto-delete", nowait "no-wait", arguments "arguments" }
        "queue.declare-ok" queue::DeclareOk Queue { queue "queue", message_count "message-count", consumer_count "consumer-count" }
        "queue.bind" queue::Bind Queue { queue "queue", exchange "exchange", routing_key "routing-key", nowait "no-wait", arguments "arguments" }
        "queue.bind-ok" queue::BindOk Queue { }
        "queue.unbind" queue::Unbind Queue { queue "queue", exchange "exchange", routing_key "routing-key", arguments "arguments" }
        "queue.unbind-ok" queue::UnbindOk Queue { }
        "queue.purge" queue::Purge Queue { queue "queue", nowait "no-wait" }
        "queue.purge-ok" queue::PurgeOk Queue { message_count "message-count" }
        "queue.delete" queue::Delete Queue { queue "queue", if_unused "if-unused", if_empty "if-empty", nowait "no-wait" }
        "queue.delete-ok" queue::DeleteOk Queue { message_count "message-count" }
        "basic.qos" basic::Qos Basic { prefetch_count "prefetch-count", global "global" }
        "basic.qos-ok" basic::QosOk Basic { }
        "basic.consume" basic::Consume Basic { queue "queue", consumer_tag "consumer-tag", no_local "no-local", no_ack "no-ack", exclusive "exclusive", nowait "no-wait", arguments "arguments" }
        "basic.consume-ok" basic::ConsumeOk Basic { consumer_tag "consumer-tag" }
        "basic.cancel" basic::Cancel Basic { consumer_tag "consumer-tag", nowait "no-wait" }
        "basic.cancel-ok" basic::CancelOk Basic { consumer_tag "consumer-tag" }
        "basic.publish" basic::Publish Basic { exchange "exchange", routing_key "routing-key", mandatory "mandatory", immediate "immediate" }
        "basic.return" basic::Return Basic { reply_code "reply-code", reply_text "reply-text", exchange "exchange", routing_key "routing-key" }
        "basic.deliver" basic::Deliver Basic { consumer_tag "consumer-tag", delivery_tag "delivery-tag", redelivered "redelivered", exchange "exchange", routing_key "routing-key" }
        "basic.get" basic::Get Basic { queue "queue", no_ack "no-ack" }
        "basic.get-ok" basic::GetOk Basic { delivery_tag "delivery-tag", redelivered "redelivered", exchange "exchange", routing_key "routing-key", message_count "message-count" }
        "basic.get-empty" basic::GetEmpty Basic { }
        "basic.ack" basic::Ack Basic { delivery_tag "delivery-tag", multiple "multiple" }
        "basic.reject" basic::Reject Basic { delivery_tag "delivery-tag", requeue "requeue" }
        "basic.recover-async" basic::RecoverAsync Basic { requeue "requeue" }
        "basic.recover" basic::Recover Basic { requeue "requeue" }
        "basic.recover-ok" basic::RecoverOk Basic { }
        "basic.nack" basic::Nack Basic { delivery_tag "delivery-tag", multiple "multiple", requeue "requeue" }
        "tx.select" tx::Select Tx { }
        "tx.select-ok" tx::SelectOk Tx { }
        "tx.commit" tx::Commit Tx { }
        "tx.commit-ok" tx::CommitOk Tx { }
        "tx.rollback" tx::Rollback Tx { }
        "tx.rollback-ok" tx::RollbackOk Tx { }
        "confirm.select" confirm::Select Confirm { nowait "no-wait" }
        "confirm.select-ok" confirm::SelectOk Confirm { }
    };
    for (name, value) in &mut described.args {
        if matches!(*name, "response" | "challenge" | "new-secret") {
            *value = json!(HIDDEN);
        }
    }
    described
}

/// Returns the properties that are set, in the specification's order.
#[must_use]
pub fn properties(properties: &AMQPProperties) -> Vec<(&'static str, Value)> {
    macro_rules! present {
        ($( $get:ident $label:literal ),*) => {
            [ $( ($label, properties.$get().as_ref().map(ToJson::to_json)) ),* ]
        };
    }
    let all = present!(
        content_type "content-type", content_encoding "content-encoding", headers "headers",
        delivery_mode "delivery-mode", priority "priority", correlation_id "correlation-id", reply_to "reply-to",
        expiration "expiration", message_id "message-id", timestamp "timestamp", kind "type", user_id "user-id",
        app_id "app-id", cluster_id "cluster-id"
    );
    all.into_iter().filter_map(|(label, value)| value.map(|value| (label, value))).collect()
}

/// Returns a field table as a JSON object.
#[must_use]
pub fn table(table: &FieldTable) -> Value {
    table.to_json()
}

/// Returns bytes as JSON: a string if they are UTF-8, else `{"base64": "…"}`.
#[must_use]
pub fn bytes_to_json(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({ "base64": BASE64_STANDARD.encode(bytes) }),
    }
}

trait ToJson {
    fn to_json(&self) -> Value;
}

macro_rules! plain_to_json {
    ($( $type:ty ),*) => { $( impl ToJson for $type { fn to_json(&self) -> Value { json!(self) } } )* };
}

plain_to_json!(bool, u8, u16, u32, u64);

impl ToJson for ShortString {
    fn to_json(&self) -> Value {
        json!(self.as_str())
    }
}

impl ToJson for LongString {
    fn to_json(&self) -> Value {
        bytes_to_json(self.as_bytes())
    }
}

impl ToJson for FieldTable {
    fn to_json(&self) -> Value {
        Value::Object(self.inner().iter().map(|(key, value)| (key.to_string(), value.to_json())).collect::<Map<_, _>>())
    }
}

impl ToJson for AMQPValue {
    fn to_json(&self) -> Value {
        match self {
            AMQPValue::Boolean(value) => json!(value),
            AMQPValue::ShortShortInt(value) => json!(value),
            AMQPValue::ShortShortUInt(value) => json!(value),
            AMQPValue::ShortInt(value) => json!(value),
            AMQPValue::ShortUInt(value) => json!(value),
            AMQPValue::LongInt(value) => json!(value),
            AMQPValue::LongUInt(value) => json!(value),
            AMQPValue::LongLongInt(value) => json!(value),
            AMQPValue::Float(value) => json!(value),
            AMQPValue::Double(value) => json!(value),
            AMQPValue::DecimalValue(value) => json!({ "decimal": value.value, "scale": value.scale }),
            AMQPValue::ShortString(value) => value.to_json(),
            AMQPValue::LongString(value) => value.to_json(),
            AMQPValue::FieldArray(values) => values.as_slice().iter().map(ToJson::to_json).collect(),
            AMQPValue::Timestamp(value) => json!(value),
            AMQPValue::FieldTable(table) => table.to_json(),
            AMQPValue::ByteArray(bytes) => bytes_to_json(bytes.as_slice()),
            AMQPValue::Void => Value::Null,
        }
    }
}
