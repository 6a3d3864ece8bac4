//! One socket: what is read from it, and what waits to be written.

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
    shell::server::Shared,
    state::{ConnectionId, Effect, Output, message::Message},
};

/// How much is read at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// How much is written at a time, in bytes, or one frame more.
const WRITE: usize = 32 * 1024;

/// The room for what is to be written that a connection keeps while it has nothing to write, in bytes.
const SMALL: usize = 4 * 1024;

/// How long one connection may keep the others from the broker, when it has sent much at once.
const FAIR_SLICE: Duration = Duration::from_millis(2);

/// With less than so many bytes at once, the broker waits for more, for this long.
const COALESCE_BELOW: usize = 2 * 1024;
const COALESCE_TIME: Duration = Duration::from_micros(100);

/// Longer than anything takes.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// How long a client that we hang up on may take to read the last that we said.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The largest payload before both sides have agreed on one, in bytes.
const FIRST_FRAMES: u32 = 131_072 - OVERHEAD as u32;

/// What the broker has for a socket.
#[derive(Debug, Default)]
pub(super) struct Link {
    outbox: Mutex<VecDeque<Output>>,
    /// Something is in the outbox, or the end has come.
    wake_writer: Notify,
    wake_reader: Notify,
    /// The reader waits for the broker to listen again. Set and taken in turns only, so that nobody waits for good.
    held: AtomicBool,
    hang_up: AtomicBool,
    frame_max: AtomicU32,
    heartbeat: AtomicU16,
}

impl Link {
    /// Takes what the broker wants done. [`Link::wake`] sets it going.
    pub(super) fn take(&self, effect: Effect) {
        match effect {
            Effect::Send(output) => self.outbox.lock().unwrap_or_else(PoisonError::into_inner).push_back(output),
            Effect::Tuned { frame_max, heartbeat } => {
                self.frame_max.store(frame_max, Ordering::Relaxed);
                self.heartbeat.store(heartbeat, Ordering::Relaxed);
            }
            // The reader asks the broker before it reads.
            Effect::Hold => {}
            Effect::Resume => self.wake_reader.notify_one(),
            Effect::HangUp => self.hang_up.store(true, Ordering::Release),
        }
    }

    pub(super) fn wake(&self) {
        self.wake_writer.notify_one();
    }

    /// Ends the socket now.
    pub(super) fn cut(&self) {
        self.hang_up.store(true, Ordering::Release);
        self.wake_writer.notify_one();
        self.wake_reader.notify_one();
    }

    /// Something is new for the writer, which finds out what.
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

/// Serves one client to its end.
pub(super) async fn serve(socket: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    // Small frames must not wait for more to come.
    let _ = socket.set_nodelay(true);
    let name = match socket.local_addr() {
        Ok(local) => format!("{peer} -> {local}"),
        Err(_) => peer.to_string(),
    };
    let (id, link) = shared.connect(name);
    let (from, to) = socket.into_split();
    let writer = tokio::spawn(write(to, id, link.clone(), shared.clone()));
    let from = read(from, id, &link, &shared).await;
    shared.disconnect(id);
    link.cut();
    let _ = writer.await;
    // Ending a socket with bytes in it that nobody read would cut off what we said last.
    let _ = timeout(LAST_WORDS, drain(from)).await;
}

async fn drain(mut from: OwnedReadHalf) {
    let mut nowhere = [0; 4096];
    while from.read(&mut nowhere).await.is_ok_and(|count| count > 0) {}
}

/// Reads frames and hands them to the broker, until either side ends.
async fn read(from: OwnedReadHalf, id: ConnectionId, link: &Link, shared: &Shared) -> OwnedReadHalf {
    let mut codec = Codec::new(FIRST_FRAMES);
    let mut buffer = BytesMut::new();
    // How much there still is of a frame that could not be read.
    let mut skip: usize = 0;
    let mut last_heard = Instant::now();
    // How much was read since the last turn.
    let mut read_now = 0;
    loop {
        let skipped = skip.min(buffer.len());
        let _ = buffer.split_to(skipped);
        skip -= skipped;
        // As many frames as have come, as long as the broker listens, and no longer than others can wait. A frame that it hears
        // may change how large the next may be.
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
                // RabbitMQ takes a payload of that size, and not only a frame: some clients count without the envelope.
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
            // Who only puts little messages into a queue waits for nothing. So that not each of them wakes us, a few may come
            // together: on a machine with few cores waking costs more than the message itself.
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
            // The broker says why it closes, and what answers that is a frame again.
            Heard::Garbage => {
                let size = buffer.get(3..7).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
                skip = size as usize + OVERHEAD;
                if !buffer.is_empty() {
                    continue;
                }
            }
            // Until it listens again. What was sent before is heard then, even if the client is gone by that time, as with
            // RabbitMQ. Who is gone and never heard again is noticed by the writer: no sign of life arrives.
            Heard::Enough => {
                link.wake_reader.notified().await;
                last_heard = Instant::now();
                continue;
            }
        }
        if buffer.is_empty() {
            // Room is taken when there is something to read, so that who says nothing takes none.
            buffer = BytesMut::new();
        }
        // RabbitMQ looks once in an interval, and gives up when two looks in a row found nothing.
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
                    // Nothing was there after all.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    _ => return from,
                }
            },
            () = link.wake_reader.notified() => {}
        }
    }
}

/// What came of a turn.
enum Heard {
    /// All that has come, and no message is in its middle.
    All,
    /// All that has come, and the rest of a message is on its way.
    Part,
    /// As much as others can wait for.
    More,
    /// The broker listens no more, for now.
    Enough,
    /// Bytes that are no frame.
    Garbage,
}

/// Writes what the broker has for the client, and a sign of life where it has nothing.
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
        // A client that got much at once, and has nothing more to get, gives the room back.
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

/// Writes all of it; a client that is to be hung up on gets a while to read. Returns whether it went out. Who woke us in the
/// meantime did so for the outbox or for the end; look at both before waiting again.
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

/// Appends an output, but for the body that it may have: that is written a piece at a time, so that a large message takes its room
/// once, however many get it.
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

/// A body that is on its way out.
struct Body {
    channel: u16,
    message: Arc<Message>,
    written: usize,
}

impl Body {
    /// Appends the next frame of it. Returns whether that was the last.
    fn put_frame(&mut self, frame_max: u32, to: &mut BytesMut) -> bool {
        let rest = &self.message.body[self.written..];
        let piece = &rest[..rest.len().min(largest_payload(frame_max))];
        put_frame(to, FrameKind::Body, self.channel, piece);
        self.written += piece.len();
        self.written == self.message.body.len()
    }
}
