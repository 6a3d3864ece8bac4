//! A run of a program, written event by event.

use std::time::Duration;

use recording::{ProgramExit, ProgramRun};
use wire::{
    Content, Event, Method, Peer, What,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel::{self, AMQPMethod as Channel},
        connection::{self, AMQPMethod as Connection},
        queue::{self, AMQPMethod as Queue},
    },
};

use Peer::{Broker, Program};

/// A run of a program, written event by event.
#[derive(Clone, Default)]
pub struct Script {
    pub seen: ProgramRun,
}

impl Script {
    /// Returns a script with a connection and an open channel.
    pub fn connected() -> Script {
        Script::default()
            .say(Program, 0, Method::Connection(Connection::Open(connection::Open { virtual_host: "/".into() })))
            .say(Broker, 0, Method::Connection(Connection::OpenOk(connection::OpenOk {})))
            .say(Program, 1, Method::Channel(Channel::Open(channel::Open {})))
            .say(Broker, 1, Method::Channel(Channel::OpenOk(channel::OpenOk {})))
    }

    /// Returns a script with a connection, and `hello` declared.
    pub fn declared() -> Script {
        Script::connected().declare(queue::Declare { queue: "hello".into(), durable: true, ..Default::default() })
    }

    pub fn what(mut self, from: Peer, what: What) -> Script {
        let order = self.seen.events.len() as u64;
        self.seen.events.push(Event { at: Duration::from_millis(order), order, connection: 1, from, what });
        self
    }

    pub fn say(self, from: Peer, channel: u16, method: Method) -> Script {
        self.what(from, What::Method { channel, method, content: None })
    }

    pub fn carry(self, from: Peer, method: Basic, body: &[u8]) -> Script {
        let content =
            Content { size: body.len() as u64, body: body.to_vec().into(), complete: true, ..Default::default() };
        self.what(from, What::Method { channel: 1, method: Method::Basic(method), content: Some(Box::new(content)) })
    }

    pub fn declare(self, declare: queue::Declare) -> Script {
        let ok = queue::DeclareOk { queue: declare.queue.clone(), ..Default::default() };
        self.say(Program, 1, Method::Queue(Queue::Declare(declare))).say(Broker, 1, Method::Queue(Queue::DeclareOk(ok)))
    }

    pub fn publish(self, exchange: &str, key: &str, body: &[u8]) -> Script {
        let publish = basic::Publish { exchange: exchange.into(), routing_key: key.into(), ..Default::default() };
        self.carry(Program, Basic::Publish(publish), body)
    }

    pub fn refused(self, code: u16, text: &str, about: (u16, u16)) -> Script {
        let close = channel::Close { reply_code: code, reply_text: text.into(), class_id: about.0, method_id: about.1 };
        self.say(Broker, 1, Method::Channel(Channel::Close(close)))
    }

    pub fn refused_at_the_door(self, code: u16, text: &str) -> Script {
        let close = connection::Close { reply_code: code, reply_text: text.into(), ..Default::default() };
        self.say(Broker, 0, Method::Connection(Connection::Close(close)))
    }

    pub fn close(self) -> Script {
        let close = connection::Close { reply_code: 200, reply_text: "OK".into(), ..Default::default() };
        self.say(Program, 0, Method::Connection(Connection::Close(close))).say(
            Broker,
            0,
            Method::Connection(Connection::CloseOk(connection::CloseOk {})),
        )
    }

    pub fn consume(self, no_ack: bool) -> Script {
        let consume = basic::Consume { queue: "hello".into(), no_ack, ..Default::default() };
        self.say(Program, 1, Method::Basic(Basic::Consume(consume))).say(
            Broker,
            1,
            Method::Basic(Basic::ConsumeOk(basic::ConsumeOk { consumer_tag: "tag".into() })),
        )
    }

    pub fn deliver(self, tag: u64, body: &str) -> Script {
        let deliver = basic::Deliver { consumer_tag: "tag".into(), delivery_tag: tag, ..Default::default() };
        self.carry(Broker, Basic::Deliver(deliver), body.as_bytes())
    }

    pub fn print(mut self, line: &str) -> Script {
        let at = Duration::from_millis(self.seen.events.len() as u64);
        self.seen.print(format!("{line}\r\n").as_bytes(), at);
        self
    }

    pub fn complain(mut self, line: &str) -> Script {
        self.seen.stderr.push(format!("{line}\n").as_bytes());
        self
    }

    pub fn exit(mut self, code: i32) -> Script {
        let at = Duration::from_secs(1);
        self.seen.exit = Some(ProgramExit { code: Some(code), signal: None, overdue: false, at });
        self
    }

    /// Presses Ctrl-C.
    pub fn interrupted(mut self) -> Script {
        self.seen.interrupted_at = Some(Duration::from_millis(self.seen.events.len() as u64));
        self
    }

    /// Ends the program with Ctrl-C.
    pub fn ended_by_ctrl_c(mut self) -> Script {
        self.seen.interrupted_at = Some(Duration::from_millis(900));
        self.seen.exit = Some(ProgramExit { code: None, signal: Some(2), overdue: false, at: Duration::from_secs(1) });
        self
    }

    pub fn crashed(mut self, signal: i32) -> Script {
        self.seen.exit =
            Some(ProgramExit { code: None, signal: Some(signal), overdue: false, at: Duration::from_secs(1) });
        self
    }

    /// Spreads the conversation evenly over this time.
    pub fn spread(mut self, over: Duration) -> Script {
        let step = over / u32::try_from(self.seen.events.len()).unwrap();
        for (at, event) in (1..).zip(&mut self.seen.events) {
            event.at = step * at;
        }
        self
    }

    pub fn overdue(mut self) -> Script {
        let at = Duration::from_secs(10);
        self.seen.exit = Some(ProgramExit { code: None, signal: None, overdue: true, at });
        self
    }
}
