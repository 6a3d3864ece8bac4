//! A client that costs next to nothing, so that a broker's own speed shows. Its messages are written once and sent over and
//! over. The messages that it receives are counted, and not parsed.

use std::io;

use bytes::{Bytes, BytesMut};
use checker::brokers::address::Address;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wire::{
    Codec, Listener, Method, Unit,
    frame::{FrameKind, PROTOCOL_HEADER, RawFrame, content, method},
    protocol::{basic, channel, connection, queue},
};

/// The approximate size of one write, in bytes.
const PIECE: usize = 64 * 1024;

/// The smaller of the maxima that the two brokers propose.
const FRAME_MAX: u32 = 131_072;

const QUEUE: &str = "load-raw";

/// A connection with one channel and one queue.
pub struct Raw {
    socket: TcpStream,
    codec: Codec,
    bytes: BytesMut,
}

impl Raw {
    pub async fn open(address: &str) -> io::Result<Raw> {
        let address = Address::parse(address).map_err(io::Error::other)?;
        let socket = TcpStream::connect(address.host_and_port()).await?;
        socket.set_nodelay(true)?;
        let mut raw = Raw { socket, codec: Codec::new(Listener::LARGEST_FRAME), bytes: BytesMut::new() };
        raw.socket.write_all(&PROTOCOL_HEADER).await?;
        raw.hear_method((10, 10)).await?;
        let login = format!("\0{}\0{}", address.user, address.password);
        let start_ok = connection::StartOk {
            client_properties: Default::default(),
            mechanism: "PLAIN".into(),
            response: login.as_str().into(),
            locale: "en_US".into(),
        };
        raw.say(0, Method::Connection(connection::AMQPMethod::StartOk(start_ok))).await?;
        raw.hear_method((10, 30)).await?;
        let tune_ok = connection::TuneOk { channel_max: 1, frame_max: FRAME_MAX, heartbeat: 0 };
        raw.say(0, Method::Connection(connection::AMQPMethod::TuneOk(tune_ok))).await?;
        let open = connection::Open { virtual_host: address.vhost.as_str().into() };
        raw.say(0, Method::Connection(connection::AMQPMethod::Open(open))).await?;
        raw.hear_method((10, 41)).await?;
        raw.say(1, Method::Channel(channel::AMQPMethod::Open(channel::Open {}))).await?;
        raw.hear_method((20, 11)).await?;
        raw.declare(false).await?;
        Ok(raw)
    }

    /// Publishes this many messages, and waits until all are in the queue.
    pub async fn publish(&mut self, messages: usize, size: usize) -> io::Result<()> {
        let publish = basic::Publish { routing_key: QUEUE.into(), ..basic::Publish::default() };
        let publish = method(1, Method::Basic(basic::AMQPMethod::Publish(publish)));
        let body = content(1, basic::AMQPProperties::default(), &vec![b'x'; size], FRAME_MAX);
        let message = [publish, body].concat();
        let at_once = (PIECE / message.len()).max(1);
        let piece = message.repeat(at_once);
        let mut left = messages;
        while left > 0 {
            let count = left.min(at_once);
            self.socket.write_all(&piece[..count * message.len()]).await?;
            left -= count;
        }
        self.declare(true).await
    }

    /// Consumes this many messages without acknowledging them, and stops.
    pub async fn consume(&mut self, messages: usize) -> io::Result<()> {
        let consume = basic::Consume {
            queue: QUEUE.into(),
            consumer_tag: "raw".into(),
            no_local: false,
            no_ack: true,
            exclusive: false,
            nowait: true,
            arguments: Default::default(),
        };
        self.say(1, Method::Basic(basic::AMQPMethod::Consume(consume))).await?;
        for _ in 0..messages {
            self.hear_method((60, 60)).await?;
        }
        let cancel = basic::Cancel { consumer_tag: "raw".into(), nowait: false };
        self.say(1, Method::Basic(basic::AMQPMethod::Cancel(cancel))).await?;
        self.hear_method((60, 31)).await
    }

    pub async fn purge(&mut self) -> io::Result<()> {
        let purge = queue::Purge { queue: QUEUE.into(), nowait: false };
        self.say(1, Method::Queue(queue::AMQPMethod::Purge(purge))).await?;
        self.hear_method((50, 31)).await
    }

    pub async fn close(mut self) -> io::Result<()> {
        let close = connection::Close { reply_code: 200, reply_text: "OK".into(), class_id: 0, method_id: 0 };
        self.say(0, Method::Connection(connection::AMQPMethod::Close(close))).await?;
        self.hear_method((10, 51)).await
    }

    async fn declare(&mut self, passive: bool) -> io::Result<()> {
        let declare = queue::Declare {
            queue: QUEUE.into(),
            passive,
            durable: false,
            exclusive: true,
            auto_delete: false,
            nowait: false,
            arguments: Default::default(),
        };
        self.say(1, Method::Queue(queue::AMQPMethod::Declare(declare))).await?;
        self.hear_method((50, 11)).await
    }

    async fn say(&mut self, channel: u16, what: Method) -> io::Result<()> {
        let bytes: Bytes = method(channel, what);
        self.socket.write_all(&bytes).await
    }

    /// Reads until this method arrives, and ignores what comes before it.
    async fn hear_method(&mut self, id: (u16, u16)) -> io::Result<()> {
        loop {
            match self.codec.next(&mut self.bytes).map_err(io::Error::other)? {
                Some(Unit::Frame(frame)) if frame.kind == FrameKind::Method => match frame.method_id() {
                    method if method == id => return Ok(()),
                    (10, 50) | (20, 40) => return Err(io::Error::other(complaint(&frame))),
                    _ => {}
                },
                Some(_) => {}
                None => {
                    self.bytes.reserve(PIECE);
                    if self.socket.read_buf(&mut self.bytes).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        }
    }
}

fn complaint(frame: &RawFrame) -> String {
    format!("the broker closes: {:?}", frame.parse())
}
