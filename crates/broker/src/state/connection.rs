//! Connections as a whole, from the first byte to the last (AMQP 0-9-1, section 2.2.4).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wire::{
    Frame, Method, RawFrame, Unit,
    frame::{FrameError, FrameKind},
    protocol::connection::{self, AMQPMethod},
    types::FieldTable,
};

use crate::state::{
    Broker, ConnectionId, Due, Effect, Millis,
    accounts::Access,
    channel::{At, Channel},
    erlang,
    queue::QueueId,
    refusal::{Done, Refusal},
};

/// The size of a frame's envelope in bytes.
const OVERHEAD: u32 = wire::frame::OVERHEAD as u32;

/// The time limit for a client's handshake, in ms.
const HANDSHAKE: Millis = 10_000;

/// The time limit for a client's answer to `connection.close`, in ms.
const CLOSING: Millis = 30_000;

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Waiting for the protocol header.
    Header,
    /// Waiting for `connection.start-ok`.
    Start,
    /// Waiting for `connection.tune-ok`.
    Tune,
    /// Waiting for `connection.open`.
    Open,
    Running,
    /// Closed by the broker, and waiting for `connection.close-ok`.
    Closing,
    /// Closed and answered, or about to be hung up.
    Closed,
}

/// The capabilities that the client announced.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Capabilities {
    pub(crate) consumer_cancel_notify: bool,
    pub(crate) blocked: bool,
    pub(crate) authentication_failure_close: bool,
}

/// The state of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) phase: Phase,
    /// The client's and the broker's address, as in `127.0.0.1:50123 -> 127.0.0.1:5672`.
    pub(crate) name: String,
    pub(crate) since: Millis,
    /// The time at which the connection is hung up, unless something else happens first.
    timeout: Option<Millis>,
    pub(crate) client: Capabilities,
    /// The client's description of itself.
    pub(crate) properties: FieldTable,
    pub(crate) user: Arc<str>,
    pub(crate) vhost: Arc<str>,
    pub(crate) channel_max: u16,
    /// The agreed frame size in bytes; None until both sides have agreed.
    pub(crate) frame_max: Option<u32>,
    pub(crate) channels: BTreeMap<u16, Channel>,
    /// The exclusive queues of the connection.
    pub(crate) exclusive: BTreeSet<QueueId>,
    /// The number of bytes that are not sent to the client yet.
    pub(crate) outstanding: usize,
    /// True if too many bytes are unsent: its consumers get nothing until about half of them are sent.
    pub(crate) full: bool,
    /// True once the connection has published, so that alarms block it.
    pub(crate) publishes: bool,
    /// The channel on which a message is being received although the channel is not open.
    pub(crate) published_unopened: Option<u16>,
    /// True if an alarm blocks the connection.
    pub(crate) blocked: bool,
}

impl Connection {
    fn new(name: String, since: Millis) -> Connection {
        Connection {
            phase: Phase::Header,
            name,
            since,
            timeout: None,
            client: Capabilities::default(),
            properties: FieldTable::default(),
            user: "".into(),
            vhost: "".into(),
            channel_max: 0,
            frame_max: None,
            channels: BTreeMap::new(),
            exclusive: BTreeSet::new(),
            outstanding: 0,
            full: false,
            publishes: false,
            published_unopened: None,
            blocked: false,
        }
    }
}

impl Broker {
    pub(crate) fn new_connection(&mut self, name: String) -> ConnectionId {
        self.connection_count += 1;
        let id = ConnectionId(self.connection_count);
        self.note(|_| format!("accepting connection {name}"));
        self.connections.insert(id, Connection::new(name, self.now));
        self.hang_up_in(id, Some(HANDSHAKE));
        id
    }

    /// Sets the deadline for a connection's next step. None removes the deadline.
    pub(crate) fn hang_up_in(&mut self, id: ConnectionId, timeout: Option<Millis>) {
        let at = timeout.map(|timeout| self.now + timeout);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(before) = std::mem::replace(&mut connection.timeout, at) {
            self.timers.remove(&(before, Due::HangUp(id)));
        }
        self.timers.extend(at.map(|at| (at, Due::HangUp(id))));
    }

    /// Handles a protocol header or a frame.
    pub(crate) fn on_unit(&mut self, id: ConnectionId, unit: &Unit) {
        let Some(phase) = self.connections.get(&id).map(|connection| connection.phase) else { return };
        match (unit, phase) {
            (_, Phase::Closed) => self.on_closed(id, unit),
            (Unit::ProtocolHeader(header), Phase::Header) => self.on_header(id, *header),
            (Unit::Frame(_), Phase::Header) => self.on_header(id, *b"AMQP\x03\x01\0\0"),
            (Unit::ProtocolHeader(_), _) => self.hang_up(id),
            (Unit::Frame(raw), Phase::Start | Phase::Tune) => self.on_handshake(id, phase, raw),
            (Unit::Frame(raw), Phase::Closing) => self.on_closing(id, raw),
            (Unit::Frame(raw), Phase::Open | Phase::Running) if raw.channel == 0 => self.on_channel_0(id, phase, raw),
            (Unit::Frame(raw), Phase::Open) => {
                let why = format!("type {}, {}", raw.kind.octet(), erlang::octets(&raw.payload));
                self.close_connection(id, &Refusal::unexpected_frame(why), (0, 0));
            }
            (Unit::Frame(raw), Phase::Running) => {
                self.on_channel(At { connection: id, channel: raw.channel }, raw);
            }
        }
    }

    /// Handles bytes that are not a frame. `bytes` starts where the frame should start.
    pub(crate) fn on_garbage(&mut self, id: ConnectionId, error: &FrameError, bytes: &[u8]) {
        let Some(phase) = self.connections.get(&id).map(|connection| connection.phase) else { return };
        let size = bytes.get(3..7).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]) as usize);
        let front = bytes.get(7..).unwrap_or_default();
        let payload = &front[..front.len().min(size)];
        let kind = bytes.first().copied().unwrap_or(0);
        match (phase, error) {
            (Phase::Header, _) => self.on_header(id, *b"AMQP\x03\x01\0\0"),
            (Phase::Open | Phase::Running, FrameError::UnknownType(_)) => {
                let why = format!("type {kind}, {}: unknown_frame", erlang::octets(payload));
                self.close_connection(id, &Refusal::frame_error(why), (0, 0));
            }
            (Phase::Open | Phase::Running, FrameError::BadEnd(end)) => {
                let payload = erlang::octets(payload);
                let why = format!("type {kind}, {payload}: {{invalid_frame_end_marker,{end}}}");
                self.close_connection(id, &Refusal::frame_error(why), (0, 0));
            }
            (Phase::Open | Phase::Running, FrameError::TooLarge { size, most }) => {
                let most = most.saturating_sub(OVERHEAD);
                let why = format!("type {kind}, all octets = <<>>: {{frame_too_large,{size},{most}}}");
                self.close_connection(id, &Refusal::frame_error(why), (0, 0));
            }
            // After a close, errors are ignored.
            (Phase::Closing | Phase::Closed, _) => {}
            _ => self.hang_up(id),
        }
    }

    /// Handles a frame on channel 0 of a connection that is logged in.
    fn on_channel_0(&mut self, id: ConnectionId, phase: Phase, raw: &RawFrame) {
        let octets = || erlang::octets(&raw.payload);
        match raw.kind {
            FrameKind::Heartbeat if raw.payload.is_empty() => return,
            FrameKind::Heartbeat => {
                let why = format!("type 8, {}: unknown_frame", octets());
                return self.close_connection(id, &Refusal::frame_error(why), (0, 0));
            }
            FrameKind::Header | FrameKind::Body => {
                let why = format!("type {}, {}", raw.kind.octet(), octets());
                return self.close_connection(id, &Refusal::unexpected_frame(why), (0, 0));
            }
            FrameKind::Method => {}
        }
        let method = match raw.parse() {
            Ok(Frame::Method(method)) => method,
            Ok(_) => return,
            Err(error) => return self.unreadable(id, raw, &error),
        };
        let at = At { connection: id, channel: 0 };
        match (phase, method) {
            (Phase::Open, Method::Connection(AMQPMethod::Open(open))) => {
                match self.open(id, open.virtual_host.as_str()) {
                    Ok(()) => self.send(at, AMQPMethod::OpenOk(connection::OpenOk {})),
                    Err(refusal) => self.close_connection(id, &refusal, raw.method_id()),
                }
            }
            (Phase::Running, Method::Connection(AMQPMethod::Close(_))) => {
                self.end_connection(id);
                self.set_phase(id, Phase::Closed);
                self.hang_up_in(id, Some(CLOSING));
                self.send(at, AMQPMethod::CloseOk(connection::CloseOk {}));
            }
            // Passwords do not expire here, so there is nothing to update: RabbitMQ accepts it for its internal users, too.
            (Phase::Running, Method::Connection(AMQPMethod::UpdateSecret(_))) => {
                self.send(at, AMQPMethod::UpdateSecretOk(connection::UpdateSecretOk {}));
            }
            _ => {
                let state = if phase == Phase::Open { "opening" } else { "running" };
                let refusal = Refusal::channel_error(format!("unexpected method in connection state {state}"));
                self.close_connection(id, &refusal, raw.method_id());
            }
        }
    }

    fn open(&mut self, id: ConnectionId, vhost: &str) -> Done {
        let Some((name, _)) = self.vhosts.get_key_value(vhost) else {
            return Err(Refusal::not_allowed(format!("vhost {vhost} not found")));
        };
        let name = name.clone();
        let Some(connection) = self.connections.get(&id) else { return Ok(()) };
        let (user, client) = (connection.user.clone(), connection.name.clone());
        if !self.accounts.may_enter(&user, vhost) {
            return Err(Refusal::not_allowed(format!("access to vhost '{vhost}' refused for user '{user}'")));
        }
        let most = self.limits.connections;
        let running = self.connections.values().filter(|connection| connection.phase == Phase::Running).count();
        if running >= most {
            return Err(Refusal::not_allowed(format!("connection refused: node connection limit ({most}) is reached")));
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.vhost = name;
        }
        self.set_phase(id, Phase::Running);
        self.note(|_| {
            format!("connection {client}: user '{user}' authenticated and granted access to vhost '{vhost}'")
        });
        self.hang_up_in(id, None);
        Ok(())
    }

    /// Handles a frame on a connection that the broker closed; only closes and their answers count.
    fn on_closing(&mut self, id: ConnectionId, raw: &RawFrame) {
        match raw.parse() {
            Ok(Frame::Method(Method::Connection(AMQPMethod::CloseOk(_)))) => self.hang_up(id),
            Ok(Frame::Method(Method::Connection(AMQPMethod::Close(_)))) => {
                self.send(At { connection: id, channel: 0 }, AMQPMethod::CloseOk(connection::CloseOk {}));
            }
            _ => {}
        }
    }

    /// Handles a frame on a connection that the client closed; each further close is answered, too.
    fn on_closed(&mut self, id: ConnectionId, unit: &Unit) {
        if let Unit::Frame(raw) = unit
            && let Ok(Frame::Method(Method::Connection(AMQPMethod::Close(_)))) = raw.parse()
        {
            self.send(At { connection: id, channel: 0 }, AMQPMethod::CloseOk(connection::CloseOk {}));
        }
    }

    /// Closes a connection with a reply code and a text. `about` is the method to blame, or zeros.
    pub(crate) fn close_connection(&mut self, id: ConnectionId, refusal: &Refusal, about: (u16, u16)) {
        self.note(|broker| format!("error on connection {}: {}", broker.name_of(id), refusal.text()));
        self.end_connection(id);
        self.set_phase(id, Phase::Closing);
        self.hang_up_in(id, Some(CLOSING));
        let close = connection::Close {
            reply_code: refusal.code.number(),
            reply_text: refusal.text(),
            class_id: about.0,
            method_id: about.1,
        };
        self.send(At { connection: id, channel: 0 }, AMQPMethod::Close(close));
    }

    pub(crate) fn name_of(&self, id: ConnectionId) -> &str {
        self.connections.get(&id).map_or("", |connection| &connection.name)
    }

    /// Ends the socket after the remaining output was sent.
    pub(crate) fn hang_up(&mut self, id: ConnectionId) {
        self.end_connection(id);
        self.set_phase(id, Phase::Closed);
        self.hang_up_in(id, None);
        self.emit(id, Effect::HangUp);
    }

    /// Ends a connection for any reason: ends its channels, and removes its exclusive queues.
    pub(crate) fn end_connection(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let channels: Vec<u16> = connection.channels.keys().copied().collect();
        // The connection's other channels must not receive messages that one channel returns.
        connection.phase = Phase::Closed;
        let exclusive = std::mem::take(&mut connection.exclusive);
        for channel in channels {
            self.end_channel(At { connection: id, channel });
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.channels.clear();
            if std::mem::take(&mut connection.blocked) {
                self.emit(id, Effect::Resume);
            }
        }
        for queue in exclusive {
            self.remove_queue(queue);
        }
    }

    pub(crate) fn set_phase(&mut self, id: ConnectionId, phase: Phase) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = phase;
        }
    }

    /// Checks that the caller has this access.
    pub(crate) fn allow(&self, caller: &crate::state::channel::Caller, access: Access, kind: &str, name: &str) -> Done {
        self.accounts.check(&caller.user, &caller.vhost, access, kind, name)
    }
}
