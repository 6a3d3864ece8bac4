//! Queries over a recorded conversation.

use std::time::Duration;

use wire::{
    Content, Event, FrameError, Method, Peer, What, fields,
    protocol::{basic, channel, connection, exchange, queue},
    words,
};

use recording::ProgramRun;

/// A recorded conversation.
#[derive(Clone, Copy)]
pub struct Transcript<'a> {
    events: &'a [Event],
}

/// A method in a conversation.
#[derive(Clone, Copy)]
pub struct MethodEvent<'a> {
    /// The time, on the events' time axis.
    pub at: Duration,
    /// The place in the order of events.
    pub order: u64,
    /// The number of the connection.
    pub connection: u32,
    /// The number of the channel on that connection.
    pub channel: u16,
    /// The side that sent it.
    pub from: Peer,
    /// The method.
    pub method: &'a Method,
    /// The content that came with it.
    pub content: Option<&'a Content>,
}

impl<'a> MethodEvent<'a> {
    /// Returns the method of this event; None if it is something else.
    #[must_use]
    pub fn of(event: &'a Event) -> Option<MethodEvent<'a>> {
        let What::Method { channel, method, content } = &event.what else { return None };
        Some(MethodEvent {
            at: event.at,
            order: event.order,
            connection: event.connection,
            channel: *channel,
            from: event.from,
            method,
            content: content.as_deref(),
        })
    }

    /// Returns a line for a report: `program: queue.declare  queue "hello"`.
    #[must_use]
    pub fn line(&self) -> String {
        let who = if self.from == Peer::Program { "program" } else { "broker" };
        format!("{who}: {}", words::method_line(self.method, self.content))
    }

    /// Returns the method's name, such as `queue.bind`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        fields::describe(self.method).name
    }
}

impl Close<'_> {
    /// Returns the name of what it closes.
    #[must_use]
    pub fn what(&self) -> &'static str {
        if self.said.channel == 0 { "connection" } else { "channel" }
    }
}

/// A `connection.close` or `channel.close`.
#[derive(Clone, Copy)]
pub struct Close<'a> {
    /// The method itself.
    pub said: MethodEvent<'a>,
    /// The reply code, such as 404.
    pub code: u16,
    /// The reply text, such as `NOT_FOUND - no queue 'hello' in vhost '/'`.
    pub text: &'a str,
    /// The class and the method that it is about; zeros if there is none.
    pub about: (u16, u16),
}

/// Returns whether a queue is declared with this argument, such as `x-expires`.
#[must_use]
pub fn has_argument(declare: &queue::Declare, name: &str) -> bool {
    declare.arguments.inner().keys().any(|key| key.as_str() == name)
}

/// The class and the method of `exchange.declare`, as in [`Close::about`].
pub const EXCHANGE_DECLARE: (u16, u16) = (40, 10);
/// The class and the method of `queue.bind`.
pub const QUEUE_BIND: (u16, u16) = (50, 20);
/// The class and the method of `queue.declare`, as in [`Close::about`].
pub const QUEUE_DECLARE: (u16, u16) = (50, 10);
/// The class and the method of `basic.publish`.
pub const BASIC_PUBLISH: (u16, u16) = (60, 40);
/// The class and the method of `basic.consume`.
pub const BASIC_CONSUME: (u16, u16) = (60, 20);
/// The class and the method of `basic.qos`.
pub const BASIC_QOS: (u16, u16) = (60, 10);
/// The class and the method of `basic.ack`.
pub const BASIC_ACK: (u16, u16) = (60, 80);

impl<'a> Transcript<'a> {
    /// Returns the conversation of a program.
    #[must_use]
    pub fn of(run: &'a ProgramRun) -> Transcript<'a> {
        Transcript { events: &run.events }
    }

    /// Returns all methods, in order.
    pub fn methods(self) -> impl DoubleEndedIterator<Item = MethodEvent<'a>> {
        self.events.iter().filter_map(MethodEvent::of)
    }

    /// Returns everything from this side that is not a method.
    pub fn others(self, from: Peer) -> impl Iterator<Item = &'a What> {
        let of_side = self.events.iter().filter(move |event| event.from == from);
        of_side.map(|event| &event.what).filter(|what| !matches!(what, What::Method { .. }))
    }

    /// Returns the methods from the program that fit, in order.
    pub fn said(self, fits: impl Fn(&Method) -> bool) -> impl DoubleEndedIterator<Item = MethodEvent<'a>> {
        self.methods().filter(move |said| said.from == Peer::Program && fits(said.method))
    }

    /// Returns the queue that the program means by `name` in one of its methods. In AMQP, the empty name means the queue that
    /// was declared last on the channel; if that had no name, either, the broker's reply has it.
    #[must_use]
    pub fn queue_meant(self, said: &MethodEvent<'a>, name: &'a str) -> &'a str {
        let (connection, channel) = (said.connection, said.channel);
        let here = self.declares().filter(|(other, _)| other.connection == connection && other.channel == channel);
        let last = here.filter(|(other, _)| other.order < said.order).last();
        match last {
            Some((said, declare)) if name.is_empty() => self.declared_name(&said, declare),
            _ => name,
        }
    }

    /// Returns the name of the queue in this declaration: the program's, or the one that the broker generated. Empty if there is
    /// no reply.
    #[must_use]
    pub fn declared_name(self, said: &MethodEvent<'a>, declare: &'a queue::Declare) -> &'a str {
        let named = |method: &'a Method| match method {
            Method::Queue(queue::AMQPMethod::DeclareOk(ok)) => Some(ok.queue.as_str()),
            _ => None,
        };
        match declare.queue.as_str() {
            "" => self.answer(said, named).unwrap_or_default(),
            name => name,
        }
    }

    /// Returns whether the program opened no connection at all.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.events.is_empty()
    }

    /// Returns the program's `queue.declare`s.
    pub fn declares(self) -> impl Iterator<Item = (MethodEvent<'a>, &'a queue::Declare)> {
        self.methods().filter_map(|said| match said.method {
            Method::Queue(queue::AMQPMethod::Declare(declare)) => Some((said, declare)),
            _ => None,
        })
    }

    /// Returns the program's `exchange.declare`s.
    pub fn exchange_declares(self) -> impl Iterator<Item = (MethodEvent<'a>, &'a exchange::Declare)> {
        self.methods().filter_map(|said| match said.method {
            Method::Exchange(exchange::AMQPMethod::Declare(declare)) => Some((said, declare)),
            _ => None,
        })
    }

    /// Returns the program's `queue.bind`s.
    pub fn binds(self) -> impl Iterator<Item = (MethodEvent<'a>, &'a queue::Bind)> {
        self.methods().filter_map(|said| match said.method {
            Method::Queue(queue::AMQPMethod::Bind(bind)) => Some((said, bind)),
            _ => None,
        })
    }

    /// Returns the broker's reply to a method: the next one on that channel that fits.
    pub fn answer<T>(self, to: &MethodEvent<'a>, fits: impl Fn(&'a Method) -> Option<T>) -> Option<T> {
        let (connection, channel, order) = (to.connection, to.channel, to.order);
        self.methods()
            .filter(|said| said.from == Peer::Broker && said.connection == connection && said.channel == channel)
            .filter(|said| said.order > order)
            .find_map(|said| fits(said.method))
    }

    /// Returns the program's messages: the method, its arguments, and the content.
    pub fn publishes(self) -> impl DoubleEndedIterator<Item = (MethodEvent<'a>, &'a basic::Publish, &'a Content)> {
        self.methods().filter_map(|said| match (said.method, said.content) {
            (Method::Basic(basic::AMQPMethod::Publish(publish)), Some(content)) => Some((said, publish, content)),
            _ => None,
        })
    }

    /// Returns the messages that the broker delivered to the program.
    pub fn deliveries(self) -> impl Iterator<Item = (MethodEvent<'a>, &'a basic::Deliver, &'a Content)> {
        self.methods().filter_map(|said| match (said.method, said.content) {
            (Method::Basic(basic::AMQPMethod::Deliver(deliver)), Some(content)) => Some((said, deliver, content)),
            _ => None,
        })
    }

    /// Returns the program's `basic.consume`s.
    pub fn consumes(self) -> impl Iterator<Item = (MethodEvent<'a>, &'a basic::Consume)> {
        self.methods().filter_map(|said| match said.method {
            Method::Basic(basic::AMQPMethod::Consume(consume)) => Some((said, consume)),
            _ => None,
        })
    }

    /// Returns the closes that this side sent.
    pub fn closes(self, from: Peer) -> impl Iterator<Item = Close<'a>> {
        self.methods().filter(move |said| said.from == from).filter_map(|said| {
            let (code, text, about) = match said.method {
                Method::Connection(connection::AMQPMethod::Close(close)) => {
                    (close.reply_code, close.reply_text.as_str(), (close.class_id, close.method_id))
                }
                Method::Channel(channel::AMQPMethod::Close(close)) => {
                    (close.reply_code, close.reply_text.as_str(), (close.class_id, close.method_id))
                }
                _ => return None,
            };
            Some(Close { said, code, text, about })
        })
    }

    /// Returns the broker's refusals of a method.
    pub fn refusals(self, of: (u16, u16)) -> impl Iterator<Item = Close<'a>> {
        self.closes(Peer::Broker).filter(move |close| close.about == of)
    }

    /// Returns the broker's first refusal of a method.
    #[must_use]
    pub fn refusal(self, of: (u16, u16)) -> Option<Close<'a>> {
        self.refusals(of).next()
    }

    /// Returns the program's method that this close is about.
    #[must_use]
    pub fn refused(self, close: &Close<'_>) -> Option<MethodEvent<'a>> {
        let is_meant = |said: &MethodEvent<'_>| {
            let about = (said.method.get_amqp_class_id(), said.method.get_amqp_method_id());
            let where_it_closes = close.said.channel == 0 || close.said.channel == said.channel;
            about == close.about && said.connection == close.said.connection && where_it_closes
        };
        let before = |said: &MethodEvent<'_>| said.from == Peer::Program && said.order < close.said.order;
        self.methods().rfind(|said| before(said) && is_meant(said))
    }

    /// Returns whether the broker was the first to end a socket.
    #[must_use]
    pub fn broker_hung_up(self) -> bool {
        let first = self.events.iter().find(|event| matches!(event.what, What::Ended { .. }));
        first.is_some_and(|event| event.from == Peer::Broker)
    }

    /// Returns the connections whose handshake was completed, and the vhost that each asked for.
    #[must_use]
    pub fn opened(self) -> Vec<(u32, &'a str)> {
        let asked = |number: u32| {
            self.methods().filter(|said| said.connection == number).find_map(|said| match said.method {
                Method::Connection(connection::AMQPMethod::Open(open)) => Some(open.virtual_host.as_str()),
                _ => None,
            })
        };
        self.methods()
            .filter(|said| matches!(said.method, Method::Connection(connection::AMQPMethod::OpenOk(_))))
            .map(|said| (said.connection, asked(said.connection).unwrap_or_default()))
            .collect()
    }

    /// Returns whether the program closed this connection itself: with `connection.close`, not by dropping the socket.
    #[must_use]
    pub fn closed_gently(self, number: u32) -> bool {
        self.closes(Peer::Program).any(|close| close.said.connection == number && close.said.channel == 0)
    }

    /// Returns the bytes that are not AMQP, if the program sent any.
    #[must_use]
    pub fn garbage(self) -> Option<&'a FrameError> {
        self.others(Peer::Program).find_map(|what| match what {
            What::Garbage(error) => Some(error),
            _ => None,
        })
    }
}
