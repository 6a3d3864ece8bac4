//! The handshake: broker and client introduce themselves and agree on limits (AMQP 0-9-1, sections 2.2.4 and 4.2.2).
//!
//! ```text
//!  client                 broker
//!    protocol header  ─▶
//!                     ◀─  connection.start     its properties and mechanisms
//!    start-ok         ─▶                       its properties, name and password
//!                     ◀─  tune                 limits: channels, frame size, heartbeat
//!    tune-ok, open    ─▶                       the agreed limits, and the vhost
//!                     ◀─  open-ok
//! ```

use wire::{
    Frame, Method, RawFrame,
    frame::{FrameKind, PROTOCOL_HEADER, announces_0_9_1},
    protocol::connection::{self, AMQPMethod},
    types::{AMQPValue, FieldTable, LongString},
};

use crate::state::{
    Broker, ConnectionId, Effect, Millis, Output,
    channel::At,
    connection::{Capabilities, Phase},
    message::{as_text, text},
    refusal::Refusal,
};

/// The broker's name where RabbitMQ has the name of its node.
pub(crate) const NODE: &str = "embedded@localhost";

/// The version of RabbitMQ whose behaviour this broker imitates.
pub const VERSION: &str = "4.3.6";

/// The smallest frame, in bytes, that a client may ask for; the same as RabbitMQ's.
const FRAME_MIN: u32 = 8192;

/// The delay, in ms, before the end of a refused login, for clients without `authentication_failure_close`. It slows down
/// guessing.
const SILENCE: Millis = 3_000;

impl Broker {
    pub(crate) fn on_header(&mut self, id: ConnectionId, header: [u8; 8]) {
        if announces_0_9_1(&header) {
            self.set_phase(id, Phase::Start);
            self.send(At { connection: id, channel: 0 }, AMQPMethod::Start(start()));
            return;
        }
        // For another version the broker answers with the one that it supports, and hangs up (section 4.2.2).
        let answer = match header[4..7] {
            [0, 0, 9..=255] => PROTOCOL_HEADER,
            _ => *b"AMQP\x03\x01\0\0",
        };
        self.emit(id, Effect::Send(Output::ProtocolHeader(answer)));
        self.hang_up(id);
    }

    /// Handles a frame before the login is complete. Any unexpected one ends the connection without an answer.
    pub(crate) fn on_handshake(&mut self, id: ConnectionId, phase: Phase, raw: &RawFrame) {
        if raw.kind == FrameKind::Heartbeat && raw.channel == 0 && raw.payload.is_empty() {
            return;
        }
        let method = match raw.parse() {
            Ok(Frame::Method(Method::Connection(method))) if raw.channel == 0 => method,
            _ => return self.hang_up(id),
        };
        match (phase, method) {
            (Phase::Start, AMQPMethod::StartOk(start_ok)) => self.log_in(id, start_ok),
            (Phase::Tune, AMQPMethod::TuneOk(tune_ok)) => self.tune(id, &tune_ok),
            _ => self.hang_up(id),
        }
    }

    fn log_in(&mut self, id: ConnectionId, start_ok: connection::StartOk) {
        let client = capabilities(&start_ok.client_properties);
        let mechanism = start_ok.mechanism.as_str();
        let Some((user, password)) = credentials(mechanism, start_ok.response.as_bytes()) else {
            return self.hang_up(id);
        };
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.client = client;
            connection.properties = kept(&start_ok.client_properties);
            connection.user = user.as_str().into();
        }
        let refused = if self.refuse_logins > 0 {
            self.refuse_logins -= 1;
            true
        } else {
            !password.map_or(self.accounts.has(&user), |password| self.accounts.knows(&user, &password))
        };
        if !refused {
            self.set_phase(id, Phase::Tune);
            let limits = &self.limits;
            let tune = connection::Tune {
                channel_max: limits.channels_of_a_connection,
                frame_max: limits.frame,
                heartbeat: limits.heartbeat,
            };
            self.send(At { connection: id, channel: 0 }, AMQPMethod::Tune(tune));
        } else if client.authentication_failure_close {
            let why = format!(
                "Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
            );
            self.close_connection(id, &Refusal::access_refused(why), (0, 0));
        } else {
            self.set_phase(id, Phase::Closed);
            self.hang_up_in(id, Some(SILENCE));
        }
    }

    fn tune(&mut self, id: ConnectionId, asked: &connection::TuneOk) {
        let (frames, channels) = (self.limits.frame, self.limits.channels_of_a_connection);
        let fits = (FRAME_MIN..=frames).contains(&asked.frame_max) && (1..=channels).contains(&asked.channel_max);
        if !fits {
            return self.hang_up(id);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.channel_max = asked.channel_max;
            connection.frame_max = Some(asked.frame_max);
        }
        self.set_phase(id, Phase::Open);
        self.emit(id, Effect::Tuned { frame_max: asked.frame_max, heartbeat: asked.heartbeat });
    }
}

/// Returns name and password; no password for `ANONYMOUS`. None when the response does not fit its mechanism.
fn credentials(mechanism: &str, response: &[u8]) -> Option<(String, Option<String>)> {
    let owned = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    match mechanism {
        "PLAIN" => {
            let mut parts = response.split(|byte| *byte == 0);
            let (first, user, password, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next());
            (first.is_empty() && rest.is_none()).then_some(())?;
            Some((owned(user)?, Some(owned(password)?)))
        }
        "AMQPLAIN" => {
            let (mut user, mut password, mut rest) = (None, None, response);
            // A field table without its size; every value in it is a long string.
            while let Some((&size, after)) = rest.split_first() {
                let (key, after) = after.split_at_checked(usize::from(size))?;
                let (&[kind, a, b, c, d], after) = after.split_first_chunk::<5>()?;
                let (value, after) = after.split_at_checked(u32::from_be_bytes([a, b, c, d]) as usize)?;
                (kind == b'S').then_some(())?;
                match key {
                    b"LOGIN" => user = owned(value),
                    b"PASSWORD" => password = owned(value),
                    _ => {}
                }
                rest = after;
            }
            Some((user?, Some(password?)))
        }
        "ANONYMOUS" => Some(("guest".to_owned(), None)),
        _ => None,
    }
}

fn capabilities(properties: &FieldTable) -> Capabilities {
    let Some(AMQPValue::FieldTable(table)) = properties.inner().get("capabilities") else {
        return Capabilities::default();
    };
    let has = |name: &str| table.inner().get(name) == Some(&AMQPValue::Boolean(true));
    Capabilities {
        consumer_cancel_notify: has("consumer_cancel_notify"),
        blocked: has("connection.blocked"),
        authentication_failure_close: has("authentication_failure_close"),
    }
}

/// Returns the client properties to keep: those that listings show, if they are short.
fn kept(properties: &FieldTable) -> FieldTable {
    let mut kept = FieldTable::default();
    for name in ["product", "version", "platform", "information", "connection_name"] {
        if let Some(text) = properties.inner().get(name).and_then(as_text).filter(|text| text.len() <= 1024) {
            kept.insert(name.into(), self::text(text));
        }
    }
    kept
}

fn start() -> connection::Start {
    let mut capabilities = FieldTable::default();
    for name in [
        "publisher_confirms",
        "exchange_exchange_bindings",
        "basic.nack",
        "consumer_cancel_notify",
        "connection.blocked",
        "consumer_priorities",
        "authentication_failure_close",
        "per_consumer_qos",
        "direct_reply_to",
    ] {
        capabilities.insert(name.into(), AMQPValue::Boolean(true));
    }
    let mut about = FieldTable::default();
    about.insert("capabilities".into(), AMQPValue::FieldTable(capabilities));
    for (key, value) in [
        ("cluster_name", NODE),
        ("copyright", "The hello-rabbit maintainers; RabbitMQ itself is Broadcom's"),
        ("information", "hello-rabbit's embedded broker, for teaching and testing. It keeps nothing on disk."),
        ("platform", "Rust, in memory"),
        ("product", "RabbitMQ"),
        ("version", VERSION),
    ] {
        about.insert(key.into(), text(value));
    }
    connection::Start {
        version_major: 0,
        version_minor: 9,
        server_properties: about,
        mechanisms: LongString::from("ANONYMOUS PLAIN AMQPLAIN"),
        locales: LongString::from("en_US"),
    }
}
