//! Channels: the conversations inside a connection (AMQP 0-9-1, section 2.2.5), and the way from frames to methods with
//! contents (section 4.2.6).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use wire::{
    Frame, Method, RawFrame,
    frame::{FrameError, FrameKind},
    protocol::{
        basic::AMQPMethod as Basic,
        channel::{self, AMQPMethod},
    },
    types::ShortString,
};

use crate::state::{
    Broker, ConnectionId,
    acknowledge::Unacked,
    content::{Assembly, PUBLISH},
    erlang,
    injection::Held,
    message::Weight,
    publish::Publication,
    queue::QueueId,
    refusal::{Done, Refusal, Scope},
    reply_to::ReplyTo,
};

/// The address of a channel: its connection and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At {
    pub(crate) connection: ConnectionId,
    pub(crate) channel: u16,
}

/// The sender of a method: its channel, its user and its vhost.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) at: At,
    pub(crate) user: Arc<str>,
    pub(crate) vhost: Arc<str>,
}

impl Caller {
    /// Returns the refusal of a method that only a broker may send.
    pub(crate) fn unexpected(&self) -> Refusal {
        Refusal::command_invalid("unimplemented method")
    }
}

/// The mode of a channel, which determines the treatment of published messages.
#[derive(Debug, Default)]
pub(crate) enum Mode {
    /// No confirms and no transactions.
    #[default]
    Plain,
    /// Each message is confirmed by its number.
    Confirm(Confirms),
    /// Messages and acknowledgements wait for `tx.commit`.
    Transaction(Transaction),
}

/// The pending confirms of a channel in confirm mode.
#[derive(Debug, Default)]
pub(crate) struct Confirms {
    /// The number of published messages.
    pub(crate) published: u64,
    /// The numbers of accepted messages that are not confirmed yet.
    pub(crate) taken: Vec<u64>,
    /// The numbers of messages that a full queue rejected, and that are not confirmed yet.
    pub(crate) refused: Vec<u64>,
    /// The confirms that are sent later, in order.
    pub(crate) held: VecDeque<Held>,
}

/// The operations that wait for `tx.commit`.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) publications: VecDeque<(Publication, Weight)>,
    /// The settled deliveries, and the way in which each was settled: see [`crate::state::acknowledge`].
    pub(crate) settled: Vec<(crate::state::acknowledge::Settle, Vec<(u64, Unacked)>)>,
}

/// The state of a channel.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    /// True if the broker closed the channel and waits for `channel.close-ok`. Everything else is ignored.
    pub(crate) closing: bool,
    /// The number of the last delivery.
    pub(crate) delivered: u64,
    /// The unacknowledged deliveries by their numbers.
    pub(crate) unacked: BTreeMap<u64, Unacked>,
    pub(crate) consumers: BTreeMap<Arc<str>, QueueId>,
    /// The prefetch of the next consumer; 0 means no limit.
    pub(crate) prefetch: u16,
    pub(crate) mode: Mode,
    pub(crate) last_queue: ShortString,
    pub(crate) reply_to: Option<ReplyTo>,
    /// The message that is being received.
    pub(crate) assembly: Option<Assembly>,
}

impl Channel {
    /// Returns the number of received bytes of an incomplete body.
    pub(crate) fn assembling(&self) -> usize {
        self.assembly.as_ref().map_or(0, |assembly| assembly.body.len())
    }
}

impl Broker {
    /// Handles a frame on a channel other than 0.
    pub(crate) fn on_channel(&mut self, at: At, raw: &RawFrame) {
        if raw.kind == FrameKind::Heartbeat {
            let why = format!("type 8, {}", erlang::octets(&raw.payload));
            return self.close_connection(at.connection, &Refusal::unexpected_frame(why), (0, 0));
        }
        let Some(channel) = self.channel_mut(at) else { return self.open_channel(at, raw) };
        let closing = channel.closing;
        if channel.assembly.is_some() {
            return match self.assemble(at, raw) {
                Ok(Some(_)) if closing => {}
                Ok(Some((publish, header, body))) => {
                    let result = self.caller(at).map_or(Ok(()), |caller| self.publish(&caller, publish, &header, body));
                    self.settle(at, result, PUBLISH);
                }
                Ok(None) => {}
                Err((refusal, about)) => self.settle(at, Err(refusal), about),
            };
        }
        if closing {
            return self.on_closing_channel(at, raw);
        }
        match raw.parse() {
            Ok(Frame::Method(method)) => {
                let result = match prefetch_size(raw) {
                    0 => self.on_method(at, method),
                    size => Err(Refusal::not_implemented(format!("prefetch_size!=0 ({size})"))),
                };
                self.settle(at, result, raw.method_id());
            }
            _ if raw.kind != FrameKind::Method => {
                self.settle(at, Err(not_a_method()), (0, 0));
            }
            Ok(_) => {}
            Err(error) => self.unreadable(at.connection, raw, &error),
        }
    }

    fn open_channel(&mut self, at: At, raw: &RawFrame) {
        let about = raw.method_id();
        match raw.parse() {
            Err(error) if raw.kind == FrameKind::Method => return self.unreadable(at.connection, raw, &error),
            Ok(Frame::Method(Method::Channel(AMQPMethod::Open(_)))) => {}
            // RabbitMQ assembles a message before it checks whether the channel is open.
            Ok(Frame::Method(Method::Basic(Basic::Publish(_)))) => {
                if let Some(connection) = self.connections.get_mut(&at.connection) {
                    connection.published_unopened = Some(at.channel);
                }
                return;
            }
            _ if self.connections.get(&at.connection).is_some_and(|c| c.published_unopened == Some(at.channel)) => {
                let refusal = Refusal::channel_error("expected 'channel.open'");
                return self.close_connection(at.connection, &refusal, PUBLISH);
            }
            _ if raw.kind == FrameKind::Method => {
                let refusal = Refusal::channel_error("expected 'channel.open'");
                return self.close_connection(at.connection, &refusal, about);
            }
            _ => return self.close_connection(at.connection, &not_a_method(), (0, 0)),
        }
        let in_all: usize = self.connections.values().map(|connection| connection.channels.len()).sum();
        let most_in_all = self.limits.channels;
        let Some(connection) = self.connections.get_mut(&at.connection) else { return };
        let (open, most) = (connection.channels.len(), usize::from(connection.channel_max));
        if open >= most {
            let why = format!("number of channels opened ({open}) has reached the negotiated channel_max ({most})");
            return self.close_connection(at.connection, &Refusal::not_allowed(why), (0, 0));
        }
        if in_all >= most_in_all {
            let why = format!(
                "number of channels opened on node '{}' has reached the maximum allowed limit of ({most_in_all})",
                crate::state::handshake::NODE
            );
            return self.close_connection(at.connection, &Refusal::not_allowed(why), (0, 0));
        }
        connection.channels.insert(at.channel, Channel::default());
        self.send(at, AMQPMethod::OpenOk(channel::OpenOk {}));
    }

    fn on_closing_channel(&mut self, at: At, raw: &RawFrame) {
        match raw.parse() {
            Ok(Frame::Method(Method::Channel(AMQPMethod::CloseOk(_)))) => {
                if let Some(connection) = self.connections.get_mut(&at.connection) {
                    connection.channels.remove(&at.channel);
                }
            }
            Ok(Frame::Method(Method::Channel(AMQPMethod::Close(_)))) => {
                self.send(at, AMQPMethod::CloseOk(channel::CloseOk {}));
            }
            Ok(Frame::Method(Method::Channel(AMQPMethod::Open(_)))) => {
                let refusal = Refusal::channel_error("second 'channel.open' seen");
                self.close_connection(at.connection, &refusal, raw.method_id());
            }
            // The content follows, and has to be read to its end.
            Ok(Frame::Method(Method::Basic(Basic::Publish(publish)))) => self.begin_assembly(at, publish),
            _ if raw.kind != FrameKind::Method => self.close_connection(at.connection, &not_a_method(), (0, 0)),
            _ => {}
        }
    }

    fn on_method(&mut self, at: At, method: Method) -> Done {
        let Some(caller) = self.caller(at) else { return Ok(()) };
        match method {
            Method::Basic(Basic::Publish(publish)) => {
                self.begin_assembly(at, publish);
                Ok(())
            }
            Method::Basic(method) => self.basic_method(&caller, method),
            Method::Queue(method) => self.queue_method(&caller, method),
            Method::Exchange(method) => self.exchange_method(&caller, method),
            Method::Confirm(method) => self.confirm_method(&caller, &method),
            Method::Tx(method) => self.tx_method(&caller, &method),
            Method::Access(wire::protocol::access::AMQPMethod::Request(_)) => {
                self.send(at, wire::protocol::access::AMQPMethod::RequestOk(wire::protocol::access::RequestOk {}));
                Ok(())
            }
            Method::Channel(AMQPMethod::Open(_)) => Err(Refusal::channel_error("second 'channel.open' seen")),
            Method::Channel(AMQPMethod::Flow(flow)) if flow.active => {
                self.send(at, AMQPMethod::FlowOk(channel::FlowOk { active: true }));
                Ok(())
            }
            Method::Channel(AMQPMethod::Flow(_)) => Err(Refusal::not_implemented("active=false")),
            Method::Channel(AMQPMethod::Close(_)) => {
                self.end_channel(at);
                if let Some(connection) = self.connections.get_mut(&at.connection) {
                    connection.channels.remove(&at.channel);
                }
                self.send(at, AMQPMethod::CloseOk(channel::CloseOk {}));
                Ok(())
            }
            _ => Err(caller.unexpected()),
        }
    }

    /// Closes the channel or the connection when a method was refused.
    pub(crate) fn settle(&mut self, at: At, result: Done, about: (u16, u16)) {
        let Err(refusal) = result else { return };
        match refusal.code.scope() {
            Scope::Connection => self.close_connection(at.connection, &refusal, about),
            Scope::Channel => {
                self.note(|broker| {
                    let (client, channel) = (broker.name_of(at.connection), at.channel);
                    format!("channel error on connection {client}, channel {channel}: {}", refusal.text())
                });
                self.end_channel(at);
                let close = channel::Close {
                    reply_code: refusal.code.number(),
                    reply_text: refusal.text(),
                    class_id: about.0,
                    method_id: about.1,
                };
                self.send(at, AMQPMethod::Close(close));
            }
        }
    }

    /// Handles a method that can't be read.
    pub(crate) fn unreadable(&mut self, connection: ConnectionId, raw: &RawFrame, error: &FrameError) {
        let about = raw.method_id();
        match error {
            _ if raw.payload.len() < 4 => {
                let why = format!("type 1, {}: unknown_frame", erlang::octets(&raw.payload));
                self.close_connection(connection, &Refusal::frame_error(why), (0, 0));
            }
            FrameError::Method { class, method } if !is_known(*class, *method) => self.hang_up(connection),
            _ if wire::nesting::has_malformed_name(&raw.payload) => {
                self.close_connection(connection, &Refusal::frame_error("Malformed UTF-8 in shortstr"), (0, 0));
            }
            // In RabbitMQ a malformed table crashes the process that reads it.
            _ if wire::nesting::has_whole_table(&raw.payload) => self.hang_up(connection),
            _ => {
                let why = format!("cannot decode {}", erlang::binary(&raw.payload[4..]));
                self.close_connection(connection, &Refusal::frame_error(why), about);
            }
        }
    }

    /// Returns the caller on this channel.
    pub(crate) fn caller(&self, at: At) -> Option<Caller> {
        let connection = self.connections.get(&at.connection)?;
        Some(Caller { at, user: connection.user.clone(), vhost: connection.vhost.clone() })
    }

    pub(crate) fn channel(&self, at: At) -> Option<&Channel> {
        self.connections.get(&at.connection)?.channels.get(&at.channel)
    }

    pub(crate) fn channel_mut(&mut self, at: At) -> Option<&mut Channel> {
        self.connections.get_mut(&at.connection)?.channels.get_mut(&at.channel)
    }

    /// Answers a method on its channel.
    pub(crate) fn reply(&mut self, caller: &Caller, method: impl Into<Answer>) {
        self.send(caller.at, method);
    }

    /// Ends a channel: removes its consumers, and returns unacknowledged messages to their queues.
    pub(crate) fn end_channel(&mut self, at: At) {
        self.flush_confirms(at);
        let Some(channel) = self.channel_mut(at) else { return };
        // From here on the channel's consumers get nothing: when one is removed, the next in line may belong to the same
        // channel.
        channel.closing = true;
        let consumers = std::mem::take(&mut channel.consumers);
        let mut unacked = std::mem::take(&mut channel.unacked);
        let assembling = channel.assembling();
        channel.assembly = None;
        if let Mode::Transaction(transaction) = std::mem::take(&mut channel.mode) {
            unacked.extend(transaction.settled.into_iter().flat_map(|(_, entries)| entries));
        }
        let reply_to = channel.reply_to.take();
        self.gauge.take(assembling);
        if let Some(reply_to) = reply_to {
            self.reply_names.remove(&reply_to.name);
        }
        // Consumers are removed first, so that nothing comes back to them; others get messages when all of them are back in
        // place.
        let queues: BTreeSet<QueueId> = consumers.into_values().collect();
        queues.iter().for_each(|queue| self.remove_consumers(*queue, |consumer| consumer.at == at));
        self.requeue(unacked.into_values().collect(), true);
        for queue in queues {
            self.deliver(queue);
            self.remove_if_abandoned(queue);
        }
    }
}

fn not_a_method() -> Refusal {
    Refusal::unexpected_frame("expected method frame, got non method frame instead")
}

/// Returns the prefetch in bytes of a `basic.qos`, which RabbitMQ does not support; 0 for every other method.
fn prefetch_size(raw: &RawFrame) -> u32 {
    match raw.payload.first_chunk::<8>() {
        Some(&[0, 60, 0, 10, a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// Returns whether the protocol has this method.
fn is_known(class: u16, method: u16) -> bool {
    matches!(
        (class, method),
        (10, 10 | 11 | 20 | 21 | 30 | 31 | 40 | 41 | 50 | 51 | 60 | 61 | 70 | 71)
            | (20, 10 | 11 | 20 | 21 | 40 | 41)
            | (30, 10 | 11)
            | (40, 10 | 11 | 20 | 21 | 30 | 31 | 40 | 51)
            | (50, 10 | 11 | 20 | 21 | 30 | 31 | 40 | 41 | 50 | 51)
            | (60, 10 | 11 | 20 | 21 | 30 | 31 | 40 | 50 | 60 | 70 | 71 | 72 | 80 | 90 | 100 | 110 | 111 | 120)
            | (85, 10 | 11)
            | (90, 10 | 11 | 20 | 21 | 30 | 31)
    )
}

/// A method that the broker sends, of any class.
pub(crate) struct Answer(pub(crate) Method);

macro_rules! answers {
    ($( $class:ident $of:ident ),*) => {
        $( impl From<wire::protocol::$class::AMQPMethod> for Answer {
            fn from(method: wire::protocol::$class::AMQPMethod) -> Answer {
                Answer(Method::$of(method))
            }
        } )*
    };
}

answers!(
    connection Connection, channel Channel, access Access, exchange Exchange, queue Queue, basic Basic, tx Tx, confirm Confirm
);
