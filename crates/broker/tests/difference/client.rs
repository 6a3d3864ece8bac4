//! A client that can send anything, even what no client should, and records what it receives.

use std::{
    collections::{BTreeSet, HashMap},
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use bytes::BytesMut;
use harness::brokers::address::Address;
use wire::{
    Codec, Frame, Method, RawFrame, Unit, fields,
    frame::{self, FrameKind},
    protocol::{basic::AMQPProperties, channel, connection},
};

use crate::transcript::{self, Log};

/// The time limit for an answer that has to come. A machine may be busy, so only a fault takes this long.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The time without input that counts as silence.
pub const SILENCE: Duration = Duration::from_millis(300);

/// The time to wait for unexpected input after the expected input has arrived.
const LINGER: Duration = Duration::from_millis(100);

/// A complete thing that was received.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A method, with its content if it has one.
    Method(u16, Box<Method>),
    /// Something that can't be read, or a protocol header.
    Other,
    /// The socket was closed.
    Ended,
}

/// A content whose header or body is not complete yet.
struct Partial {
    line: String,
    method: Box<Method>,
    properties: Option<AMQPProperties>,
    left: u64,
    body: Vec<u8>,
    frames: Vec<usize>,
}

/// The publishes on a channel that wait for their confirms.
#[derive(Default)]
struct Confirms {
    next: u64,
    waiting: BTreeSet<u64>,
    positive: BTreeSet<u64>,
    negative: BTreeSet<u64>,
}

/// One connection.
pub struct Client {
    /// The broker, and the vhost of the conversation.
    pub address: Address,
    name: char,
    log: Log,
    stream: TcpStream,
    codec: Codec,
    unread: BytesMut,
    partial: HashMap<u16, Partial>,
    confirms: HashMap<u16, Confirms>,
    ended: bool,
    muted: bool,
    /// The channel for methods.
    pub channel: u16,
    /// The largest frame that carries a part of a body, in bytes, including the envelope.
    pub frame_max: u32,
    /// The properties of the last content that arrived.
    pub last: AMQPProperties,
    /// The reply-to of the last content that arrived.
    pub reply_to: String,
    /// True if a close is answered immediately, as every client should do.
    pub polite: bool,
    /// A factor for the time that counts as silence.
    pub ears: u32,
}

impl Client {
    /// Opens a TCP connection, and sends nothing.
    pub fn dial(name: char, log: Log, address: &Address, ears: u32) -> Client {
        let stream = TcpStream::connect(address.host_and_port()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(ANSWER_TIMEOUT)).unwrap();
        Client {
            address: address.clone(),
            name,
            log,
            stream,
            codec: Codec::new(64 << 20),
            unread: BytesMut::new(),
            partial: HashMap::new(),
            confirms: HashMap::new(),
            ended: false,
            muted: false,
            channel: 1,
            frame_max: 131_072,
            last: AMQPProperties::default(),
            reply_to: String::new(),
            polite: true,
            ears,
        }
    }

    /// Runs something without recording it.
    pub fn muted<T>(&mut self, what: impl FnOnce(&mut Client) -> T) -> T {
        let before = std::mem::replace(&mut self.muted, true);
        let result = what(self);
        self.muted = before;
        result
    }

    /// Records a line.
    pub fn note(&self, line: impl Into<String>) {
        let line = line.into();
        // Output to a closed socket is not recorded, because the broker does not receive it.
        if !(self.muted || self.ended && line.starts_with("->")) {
            self.log.add(self.name, line);
        }
    }

    /// Sends bytes. Errors are ignored, because the end of the connection is received later.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends bytes, and records them.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.note(format!("-> bytes {}", bytes.escape_ascii()));
        self.write(bytes);
    }

    /// Sends a frame of any type.
    pub fn raw(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let shown =
            if payload.len() > 80 { format!("({} bytes)", payload.len()) } else { payload.escape_ascii().to_string() };
        self.note(format!("-> {channel} frame type {kind}: {shown}"));
        let mut bytes = vec![kind];
        bytes.extend(channel.to_be_bytes());
        bytes.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend(payload);
        bytes.push(frame::END);
        self.write(&bytes);
    }

    /// Sends a method by its numbers, with raw arguments.
    pub fn raw_method(&mut self, class: u16, method: u16, arguments: &[u8]) {
        let mut payload = class.to_be_bytes().to_vec();
        payload.extend(method.to_be_bytes());
        payload.extend(arguments);
        self.raw(1, self.channel, &payload);
    }

    /// Sends a method without waiting for an answer.
    pub fn tell(&mut self, method: Method) {
        self.tell_on(self.channel, method);
    }

    /// Sends a method like [`Client::tell`], on another channel.
    pub fn tell_on(&mut self, channel: u16, method: Method) {
        self.note(format!("-> {}", transcript::method(channel, &method)));
        self.write(&frame::method(channel, method));
    }

    /// Sends a method and listens until its answer, or until a close.
    pub fn call(&mut self, method: Method) -> Option<Method> {
        self.call_on(self.channel, method)
    }

    /// Sends a method like [`Client::call`], on another channel.
    pub fn call_on(&mut self, channel: u16, method: Method) -> Option<Method> {
        let name = fields::describe(&method).name;
        self.tell_on(channel, method);
        self.answer(channel, name)
    }

    /// Listens until the answer to the method with this name, or until a close.
    pub fn answer(&mut self, channel: u16, name: &str) -> Option<Method> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            match self.next(deadline) {
                None => {
                    self.note("<- (no answer)");
                    return None;
                }
                Some(Heard::Ended) => return None,
                Some(Heard::Other) => {}
                Some(Heard::Method(on, method)) => {
                    let heard = fields::describe(&method).name;
                    let is_answer = heard == format!("{name}-ok")
                        || (name == "basic.get" && heard == "basic.get-empty")
                        || heard == "channel.close";
                    if on == channel && is_answer {
                        return Some(*method);
                    }
                }
            }
        }
    }

    /// Sends a content: properties and body, in frames that fit.
    pub fn content(&mut self, properties: &AMQPProperties, body: &[u8]) {
        self.write(&frame::content(self.channel, properties.clone(), body, self.frame_max));
    }

    /// Publishes a message: the method and its content.
    pub fn publish_as(&mut self, exchange: &str, key: &str, flags: &str, properties: &AMQPProperties, body: &[u8]) {
        let publish = crate::methods::publish(exchange, key, flags);
        let line = transcript::method(self.channel, &publish);
        self.note(format!("-> {line}{}", transcript::content(properties, body, &[])));
        if let Some(confirms) = self.confirms.get_mut(&self.channel) {
            confirms.next += 1;
            confirms.waiting.insert(confirms.next);
        }
        let mut frames = frame::method(self.channel, publish).to_vec();
        frames.extend(frame::content(self.channel, properties.clone(), body, self.frame_max));
        self.write(&frames);
    }

    /// Counts the publishes on this channel from now on.
    pub fn expect_confirms(&mut self) {
        self.confirms.entry(self.channel).or_default();
    }

    /// Listens until this number of things has arrived, and a little longer for unexpected ones.
    pub fn hear(&mut self, things: usize) {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        for heard in 0..things {
            match self.next(deadline) {
                Some(Heard::Ended) => return,
                Some(_) => {}
                None => {
                    self.note(format!("<- (only {heard} of {things} came)"));
                    return;
                }
            }
        }
        self.rest(LINGER * self.ears);
    }

    /// Listens like [`Client::hear`], and sorts the lines, for things whose order is not guaranteed.
    pub fn hear_sorted(&mut self, things: usize) {
        let from = self.log.len();
        self.hear(things);
        self.log.sort(from);
    }

    /// Listens until silence, and records it if nothing else came.
    pub fn quiet(&mut self) {
        if !self.rest(SILENCE * self.ears) {
            self.note("<- (silence)");
        }
    }

    /// Listens until every publish on this channel is confirmed, and records the confirms as sets, because a broker may
    /// bundle them in any way.
    pub fn confirmed(&mut self) {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        while self.confirms.get(&self.channel).is_some_and(|confirms| !confirms.waiting.is_empty()) {
            match self.next(deadline) {
                Some(Heard::Ended) => break,
                Some(_) if self.confirms.contains_key(&self.channel) => {}
                Some(_) => break,
                None => {
                    self.note("<- (confirms are missing)");
                    break;
                }
            }
        }
        self.settle();
    }

    /// Listens until the broker closes the socket.
    pub fn hear_end(&mut self) {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            match self.next(deadline) {
                Some(Heard::Ended) => return,
                Some(_) => {}
                None => {
                    self.note("<- (the socket stays open)");
                    return;
                }
            }
        }
    }

    /// Cuts the connection without a close.
    pub fn cut(&mut self) {
        self.note("-> (cuts the connection)");
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
        self.ended = true;
    }

    /// Records the confirms since the last time.
    fn settle(&mut self) {
        let mut channels: Vec<u16> = self.confirms.keys().copied().collect();
        channels.sort_unstable();
        for channel in channels {
            let confirms = self.confirms.get_mut(&channel).unwrap();
            let (positive, negative) = (std::mem::take(&mut confirms.positive), std::mem::take(&mut confirms.negative));
            for (word, tags) in [("ack", positive), ("nack", negative)] {
                if !tags.is_empty() {
                    let tags: Vec<String> = tags.iter().map(u64::to_string).collect();
                    self.note(format!("<- {channel} confirms: {word} {}", tags.join(" ")));
                }
            }
        }
    }

    /// Listens until nothing comes for this time. Returns whether anything came.
    fn rest(&mut self, silence: Duration) -> bool {
        let mut any = false;
        loop {
            match self.next(Instant::now() + silence) {
                None => break,
                Some(Heard::Ended) => {
                    any = true;
                    break;
                }
                Some(_) => any = true,
            }
        }
        self.settle();
        any
    }

    /// Returns the next complete thing, recorded; None when it does not arrive in time.
    pub fn next(&mut self, deadline: Instant) -> Option<Heard> {
        loop {
            match self.unit(deadline)? {
                Piece::Ended => {
                    self.settle();
                    if !self.ended {
                        self.note("<- (socket closed)");
                    }
                    self.ended = true;
                    return Some(Heard::Ended);
                }
                Piece::Garbage(line) => {
                    self.settle();
                    self.note(format!("<- {line}"));
                    self.ended = true;
                    return Some(Heard::Ended);
                }
                Piece::Unit(Unit::ProtocolHeader(header)) => {
                    self.note(format!("<- protocol header {}", header.escape_ascii()));
                    return Some(Heard::Other);
                }
                Piece::Unit(Unit::Frame(frame)) => {
                    if let Some(heard) = self.frame(&frame) {
                        return Some(heard);
                    }
                }
            }
        }
    }

    fn unit(&mut self, deadline: Instant) -> Option<Piece> {
        loop {
            if self.ended {
                return Some(Piece::Ended);
            }
            match self.codec.next(&mut self.unread) {
                Ok(Some(unit)) => return Some(Piece::Unit(unit)),
                Ok(None) => {}
                Err(error) => return Some(Piece::Garbage(format!("{error}: {}", self.unread.escape_ascii()))),
            }
            let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut bytes = [0; 65_536];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Some(Piece::Ended),
                Ok(count) => self.unread.extend_from_slice(&bytes[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It is a race whether the socket is reset or ended.
                Err(_) => return Some(Piece::Ended),
            }
        }
    }

    fn frame(&mut self, frame: &RawFrame) -> Option<Heard> {
        let channel = frame.channel;
        match frame.parse() {
            Err(_) => {
                self.note(format!("<- {channel} {:?} {}", frame.kind, frame.payload.escape_ascii()));
                Some(Heard::Other)
            }
            Ok(Frame::Heartbeat) => None,
            Ok(Frame::Method(method)) => self.method(channel, method),
            Ok(Frame::Header(header)) => {
                let Some(partial) = self.partial.get_mut(&channel) else {
                    return self.stray(frame);
                };
                partial.left = header.body_size;
                partial.properties = Some(header.properties);
                self.complete(channel)
            }
            Ok(Frame::Body(part)) => {
                let Some(partial) = self.partial.get_mut(&channel) else {
                    return self.stray(frame);
                };
                partial.left = partial.left.saturating_sub(part.len() as u64);
                partial.frames.push(part.len());
                partial.body.extend_from_slice(&part);
                self.complete(channel)
            }
        }
    }

    fn stray(&mut self, frame: &RawFrame) -> Option<Heard> {
        let kind = if frame.kind == FrameKind::Header { "header" } else { "body" };
        self.note(format!("<- {} a {kind} frame out of place: {}", frame.channel, frame.payload.escape_ascii()));
        Some(Heard::Other)
    }

    fn complete(&mut self, channel: u16) -> Option<Heard> {
        if self.partial.get(&channel)?.left > 0 {
            return None;
        }
        let partial = self.partial.remove(&channel)?;
        let properties = partial.properties.unwrap_or_default();
        self.last = properties.clone();
        if let Some(reply_to) = properties.reply_to() {
            self.reply_to = reply_to.to_string();
        }
        self.settle();
        self.note(format!("<- {}{}", partial.line, transcript::content(&properties, &partial.body, &partial.frames)));
        Some(Heard::Method(channel, partial.method))
    }

    fn method(&mut self, channel: u16, method: Method) -> Option<Heard> {
        let line = transcript::method(channel, &method);
        let name = fields::describe(&method).name;
        if matches!(name, "basic.deliver" | "basic.return" | "basic.get-ok") {
            let method = Box::new(method);
            let partial = Partial { line, method, properties: None, left: 1, body: Vec::new(), frames: Vec::new() };
            self.partial.insert(channel, partial);
            return None;
        }
        if self.is_confirm(channel, &method) {
            return Some(Heard::Method(channel, Box::new(method)));
        }
        self.settle();
        self.note(format!("<- {line}"));
        if self.polite && name == "channel.close" {
            self.confirms.remove(&channel);
            self.tell_on(channel, Method::Channel(channel::AMQPMethod::CloseOk(channel::CloseOk {})));
        }
        if name == "connection.close" && self.polite {
            self.tell_on(0, Method::Connection(connection::AMQPMethod::CloseOk(connection::CloseOk {})));
            self.hear_end();
            return Some(Heard::Ended);
        }
        Some(Heard::Method(channel, Box::new(method)))
    }

    /// Handles a method if it is an expected confirm. Returns false when it is not.
    fn is_confirm(&mut self, channel: u16, method: &Method) -> bool {
        use wire::protocol::basic::AMQPMethod::{Ack, Nack};
        let Some(confirms) = self.confirms.get_mut(&channel) else { return false };
        let (tag, multiple, positive) = match method {
            Method::Basic(Ack(ack)) => (ack.delivery_tag, ack.multiple, true),
            Method::Basic(Nack(nack)) => (nack.delivery_tag, nack.multiple, false),
            _ => return false,
        };
        let settled: Vec<u64> = confirms
            .waiting
            .iter()
            .copied()
            .filter(|one| *one == tag || (multiple && (*one <= tag || tag == 0)))
            .collect();
        if settled.is_empty() {
            // It confirms none of these publishes, so it is recorded like any other method.
            return false;
        }
        for tag in settled {
            confirms.waiting.remove(&tag);
            if positive {
                confirms.positive.insert(tag)
            } else {
                confirms.negative.insert(tag)
            };
        }
        true
    }
}

/// The input from the socket.
enum Piece {
    Unit(Unit),
    Garbage(String),
    Ended,
}
