//! The socket of one connection: a reader, a writer, and the output that waits for the writer.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
    task::yield_now,
    time::{Instant, sleep, timeout, timeout_at},
};
use wire::{
    Codec,
    frame::{FrameKind, OVERHEAD, largest_payload, put_deliver, put_frame, put_header, put_method},
};

use crate::{
    shell::{server::Shared, spawn},
    state::{ConnectionId, Effect, Output, message::Message},
};

/// The largest number of bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// The number of bytes that are written at a time, plus at most one frame.
const WRITE: usize = 32 * 1024;

/// The capacity of the write buffer, in bytes, that an idle connection keeps.
const SMALL: usize = 4 * 1024;

/// The longest time that one connection may keep the others from the broker, when it has sent much at once.
const FAIR_SLICE: Duration = Duration::from_millis(2);

/// A turn with fewer bytes than this, and without effects, is followed by a pause of [`COALESCE_TIME`] for more bytes.
const COALESCE_BELOW: usize = 2 * 1024;
const COALESCE_TIME: Duration = Duration::from_micros(100);

/// A duration that is longer than any wait.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// The time limit for a client to read the last output before the socket is closed.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The largest payload, in bytes, until both sides have agreed on one.
const FIRST_FRAMES: u32 = 131_072 - OVERHEAD as u32;

/// The state that the broker, the reader and the writer of a socket share.
#[derive(Debug, Default)]
pub(super) struct Link {
    outbox: Mutex<VecDeque<Output>>,
    /// A signal to the writer: the outbox has output, or the connection is over.
    wake_writer: Notify,
    wake_reader: Notify,
    /// True if the reader waits until the broker listens again. Changed only within turns, so that the reader never waits
    /// for ever.
    held: AtomicBool,
    hang_up: AtomicBool,
    frame_max: AtomicU32,
    heartbeat: AtomicU16,
}

impl Link {
    /// Stores an effect. [`Link::wake`] starts the writer.
    pub(super) fn take(&self, effect: Effect) {
        match effect {
            Effect::Send(output) => self.outbox.lock().unwrap_or_else(PoisonError::into_inner).push_back(output),
            Effect::Tuned { frame_max, heartbeat } => {
                self.frame_max.store(frame_max, Ordering::Relaxed);
                self.heartbeat.store(heartbeat, Ordering::Relaxed);
            }
            // The reader asks the broker before each read.
            Effect::Hold => {}
            Effect::Resume => self.wake_reader.notify_one(),
            Effect::HangUp => self.hang_up.store(true, Ordering::Release),
        }
    }

    pub(super) fn wake(&self) {
        self.wake_writer.notify_one();
    }

    /// Ends the socket immediately.
    pub(super) fn cut(&self) {
        self.hang_up.store(true, Ordering::Release);
        self.wake_writer.notify_one();
        self.wake_reader.notify_one();
    }

    /// Waits until there is something new for the writer.
    pub(super) async fn woken(&self) {
        self.wake_writer.notified().await;
    }

    pub(super) fn is_over(&self) -> bool {
        self.hang_up.load(Ordering::Acquire)
    }

    fn heartbeat(&self) -> Option<Duration> {
        match self.heartbeat.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        }
    }
}

/// Serves one client until its connection ends.
pub(super) async fn serve(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    // Small frames are sent immediately.
    let _ = socket.set_nodelay(true);
    let name = match socket.local_addr() {
        Ok(local) => format!("{peer} -> {local}"),
        Err(_) => peer.to_string(),
    };
    let (id, link) = shared.connect(name);
    let (from, to) = socket.into_split();
    let writer = spawn(write(to, id, link.clone(), shared.clone()));
    let from = read(from, id, &link, &shared).await;
    shared.disconnect(id);
    link.cut();
    let _ = writer.await;
    // Closing a socket with unread bytes in it would cut off the broker's last output.
    let _ = timeout(LAST_WORDS, drain(from)).await;
}

async fn drain(mut from: OwnedReadHalf) {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await.is_ok_and(|count| count > 0) {}
}

/// Reads frames and passes them to the broker, until either side ends the connection.
async fn read(from: OwnedReadHalf, id: ConnectionId, link: &Link, shared: &Shared) -> OwnedReadHalf {
    let mut codec = Codec::new(FIRST_FRAMES);
    let mut buffer = BytesMut::new();
    // The number of bytes still to skip from a frame that could not be read.
    let mut skip: usize = 0;
    let mut last_heard = Instant::now();
    // The number of bytes read since the last turn.
    let mut read_now = 0;
    loop {
        let skipped = skip.min(buffer.len());
        let _ = buffer.split_to(skipped);
        skip -= skipped;
        // The broker hears all frames that have arrived, while it listens and until the others have waited long enough.
        // Each frame may change the size limit for the next.
        let just_read = std::mem::take(&mut read_now);
        let (heard, mattered) = shared.turn_and_tell(|broker, now| {
            let begin = Instant::now();
            let mut frames: u32 = 0;
            while broker.listens_to(id) {
                match codec.next(&mut buffer) {
                    Ok(Some(unit)) => broker.hear(now, id, &unit),
                    Ok(None) if buffer.is_empty() && !broker.is_in_a_message(id) => return Heard::All,
                    Ok(None) => return Heard::Part,
                    Err(error) => {
                        broker.garbage(now, id, &error, &buffer);
                        return Heard::Garbage;
                    }
                }
                // RabbitMQ applies `frame-max` to the payload and not only to the frame, because some clients do not count
                // the envelope.
                if let Some(frame_max) = broker.frame_max(id) {
                    codec.set_most(frame_max);
                }
                frames += 1;
                if frames.is_multiple_of(8) && begin.elapsed() > FAIR_SLICE {
                    return Heard::More;
                }
            }
            link.held.store(true, Ordering::Relaxed);
            Heard::Enough
        });
        if link.is_over() {
            return from;
        }
        match heard {
            // A client that publishes small messages waits for no answer. A short pause lets several of them arrive
            // together: on a machine with few cores each wake-up costs more than the message itself.
            Heard::All if (1..COALESCE_BELOW).contains(&just_read) && !mattered => {
                tokio::select! {
                    () = sleep(COALESCE_TIME) => {}
                    () = link.wake_reader.notified() => {}
                }
            }
            Heard::All | Heard::Part => {}
            Heard::More => {
                yield_now().await;
                continue;
            }
            // The broker sends the reason for its close, and the client's answer is a valid frame again.
            Heard::Garbage => {
                let size = buffer.get(3..7).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
                skip = size as usize + OVERHEAD;
                if !buffer.is_empty() {
                    continue;
                }
            }
            // The reader waits until the broker listens again. As in RabbitMQ, bytes that were sent before are then heard,
            // even if the client is gone by that time. The writer notices a client that is gone for good, because a
            // heartbeat can't be sent.
            Heard::Enough => {
                link.wake_reader.notified().await;
                last_heard = Instant::now();
                continue;
            }
        }
        if buffer.is_empty() {
            // The buffer is allocated only for reading, so idle clients take no memory.
            buffer = BytesMut::new();
        }
        // RabbitMQ checks once in an interval, and gives up after two checks in a row without input.
        let time_limit = link.heartbeat().map_or(FOREVER, |heartbeat| heartbeat * 5 / 2);
        tokio::select! {
            ready = timeout_at(last_heard + time_limit, from.readable()) => {
                let Ok(Ok(())) = ready else { return from };
                buffer.reserve(PIECE);
                match from.try_read_buf(&mut buffer) {
                    Ok(count) if count > 0 => {
                        last_heard = Instant::now();
                        read_now = count;
                    }
                    // A spurious wake-up.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    _ => return from,
                }
            },
            () = link.wake_reader.notified() => {}
        }
    }
}

/// The result of a turn.
enum Heard {
    /// All bytes were heard, and no message is incomplete.
    All,
    /// All bytes were heard, and the rest of a message is missing.
    Part,
    /// The turn was long enough; more frames are waiting.
    More,
    /// The broker does not listen for now.
    Enough,
    /// The bytes are not a frame.
    Garbage,
}

/// Writes the broker's output to the client, and heartbeats when there is none.
async fn write(mut to: OwnedWriteHalf, id: ConnectionId, link: Arc<Link>, shared: Arc<Shared>) {
    let mut bytes = BytesMut::new();
    let mut outputs: VecDeque<Output> = VecDeque::new();
    let mut body: Option<Body> = None;
    loop {
        if outputs.is_empty() {
            std::mem::swap(&mut outputs, &mut link.outbox.lock().unwrap_or_else(PoisonError::into_inner));
        }
        if outputs.is_empty() && body.is_none() {
            if link.is_over() {
                break;
            }
            let interval = link.heartbeat().map_or(FOREVER, |heartbeat| heartbeat / 2);
            if timeout(interval, link.wake_writer.notified()).await.is_err() {
                put_frame(&mut bytes, FrameKind::Heartbeat, 0, &[]);
                if !send(&mut to, &mut bytes, &link).await {
                    break;
                }
            }
            continue;
        }
        shared.hold_back(&link).await;
        let frame_max = link.frame_max.load(Ordering::Relaxed);
        let mut size = 0;
        while bytes.len() < WRITE {
            if let Some(begun) = &mut body {
                if begun.put_frame(frame_max, &mut bytes) {
                    body = None;
                }
            } else if let Some(output) = outputs.pop_front() {
                size += output.size();
                body = encode(output, &mut bytes);
            } else {
                break;
            }
        }
        if !send(&mut to, &mut bytes, &link).await {
            break;
        }
        let resumes = shared.turn(|broker, now| {
            broker.sent(now, id, size);
            broker.listens_to(id) && link.held.swap(false, Ordering::Relaxed)
        });
        if resumes {
            link.wake_reader.notify_one();
        }
        // After a large burst of output the buffer's memory is freed.
        if outputs.is_empty() && body.is_none() && bytes.capacity() > SMALL {
            bytes = BytesMut::new();
        }
        if outputs.capacity() > 1024 && outputs.is_empty() {
            outputs = VecDeque::new();
        }
    }
    let _ = to.shutdown().await;
    link.cut();
}

/// Writes all bytes; after a hang-up the client has a limited time to read them. Returns whether they were sent. It may
/// consume a wake-up, so check the outbox and the end before waiting again.
async fn send(to: &mut OwnedWriteHalf, bytes: &mut BytesMut, link: &Link) -> bool {
    let mut all = std::pin::pin!(to.write_all(bytes));
    let written = loop {
        if link.is_over() {
            break timeout(LAST_WORDS, all).await.is_ok_and(|written| written.is_ok());
        }
        tokio::select! {
            written = &mut all => break written.is_ok(),
            () = link.wake_writer.notified() => {}
        }
    };
    bytes.clear();
    written
}

/// Appends an output without its body. The body is written in pieces, so that a large message takes its memory once,
/// however many clients receive it.
fn encode(output: Output, to: &mut BytesMut) -> Option<Body> {
    let (channel, message) = match output {
        Output::ProtocolHeader(header) => {
            to.extend_from_slice(&header);
            return None;
        }
        Output::Method { channel, method } => {
            put_method(to, channel, &method);
            return None;
        }
        Output::Deliver { channel, tag, delivery, redelivered, message } => {
            put_deliver(to, channel, &tag, delivery, redelivered, (&message.exchange, &message.routing_key));
            (channel, message)
        }
        Output::Content { channel, method, message } => {
            put_method(to, channel, &method);
            (channel, message)
        }
    };
    put_header(to, channel, &message.properties, message.body.len());
    (!message.body.is_empty()).then_some(Body { channel, message, written: 0 })
}

/// A body that is partly written.
struct Body {
    channel: u16,
    message: Arc<Message>,
    written: usize,
}

impl Body {
    /// Appends the next frame of the body. Returns whether it was the last.
    fn put_frame(&mut self, frame_max: u32, to: &mut BytesMut) -> bool {
        let rest = &self.message.body[self.written..];
        let piece = &rest[..rest.len().min(largest_payload(frame_max))];
        put_frame(to, FrameKind::Body, self.channel, piece);
        self.written += piece.len();
        self.written == self.message.body.len()
    }
}
