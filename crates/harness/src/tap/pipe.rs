//! One direction of one connection: forwards bytes, and notes them.

use bytes::{BufMut, Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};
use wire::{Codec, Frame, Listener, Method, Peer, Unit, What, protocol::connection::AMQPMethod::Open};

use crate::{
    brokers::confined::Account,
    tap::{login, recorder::Recorder},
};

/// The most bytes that are read at a time.
const PIECE: usize = 64 * 1024;

/// Forwards until one side ends.
pub(super) async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    who: Peer,
    connection: u32,
    notes: &Recorder,
    mut rewrite: Option<Rewrite>,
) {
    let mut buffer = BytesMut::with_capacity(PIECE);
    loop {
        buffer.reserve(PIECE);
        let read = from.read_buf(&mut buffer).await;
        let place = notes.position();
        match read {
            Ok(0) | Err(_) => {
                if let Some(rest) = rewrite.as_mut().map(Rewrite::rest) {
                    let _ = to.write_all(&rest).await;
                }
                let _ = to.shutdown().await;
                return notes.say_at(place, connection, who, What::Ended { reset: read.is_err() });
            }
            Ok(_) => {
                let heard = buffer.split().freeze();
                let through = match &mut rewrite {
                    Some(rewrite) => rewrite.pass(heard.clone()),
                    None => heard.clone(),
                };
                let written = to.write_all(&through).await;
                notes.hear_at(place, connection, who, heard);
                if written.is_err() {
                    return; // the other side is gone, and its own direction says so
                }
                if rewrite.as_ref().is_some_and(Rewrite::is_refused) {
                    let _ = to.shutdown().await;
                    return;
                }
            }
        }
    }
}

/// Replaces the vhost in `connection.open`, and passes everything else unchanged. With an account, it also replaces the login,
/// and passes only what it understands until the vhost is open: nothing else could log in.
pub(super) struct Rewrite {
    asked: String,
    vhost: String,
    account: Option<Account>,
    /// Set when the login was replaced.
    has_login: bool,
    /// Set when nothing more may pass.
    is_refused: bool,
    codec: Codec,
    /// The start of an incomplete frame. None when there is nothing more to rewrite.
    pending: Option<BytesMut>,
}

impl Rewrite {
    /// Returns the rewrite for a connection at its start: `asked` becomes `vhost`, and `guest` becomes the account.
    pub(super) fn new(asked: &str, vhost: &str, account: Option<&Account>) -> Rewrite {
        Rewrite {
            asked: asked.to_owned(),
            vhost: vhost.to_owned(),
            account: account.cloned(),
            has_login: false,
            is_refused: false,
            codec: Codec::new(Listener::LARGEST_FRAME),
            pending: (asked != vhost || account.is_some()).then(BytesMut::new),
        }
    }

    /// Returns whether the connection has to end.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Returns the bytes to forward, of these and of those held back before.
    pub(super) fn pass(&mut self, bytes: Bytes) -> Bytes {
        if self.is_refused {
            return Bytes::new();
        }
        let Some(mut pending) = self.pending.take() else { return bytes };
        pending.extend_from_slice(&bytes);
        let mut through = BytesMut::new();
        loop {
            let mut rest = pending.clone();
            let unit = match self.codec.next(&mut rest) {
                Ok(Some(unit)) => unit,
                Ok(None) => {
                    self.pending = Some(pending);
                    return through.freeze();
                }
                Err(_) => {
                    self.is_refused = self.account.is_some();
                    if !self.is_refused {
                        through.extend_from_slice(&pending);
                    }
                    return through.freeze();
                }
            };
            let mut raw = pending.split_to(pending.len() - rest.len());
            if let Some(account) = &self.account {
                match login::confine(&unit, account, &mut self.has_login) {
                    login::Confined::Unchanged => {}
                    login::Confined::Login(login) => raw = BytesMut::from(&login[..]),
                    login::Confined::Last => {
                        self.is_refused = true;
                        through.extend_from_slice(&raw);
                        return through.freeze();
                    }
                    login::Confined::Refused => {
                        self.is_refused = true;
                        return through.freeze();
                    }
                }
            }
            match vhost_opened(&unit) {
                Some(vhost) => {
                    through.extend_from_slice(&if vhost == self.asked { self.replaced(&raw) } else { raw });
                    through.extend_from_slice(&pending);
                    return through.freeze();
                }
                None => through.extend_from_slice(&raw),
            }
        }
    }

    /// Returns the bytes that were held back, at the end of the stream.
    pub(super) fn rest(&mut self) -> BytesMut {
        let rest = self.pending.take().unwrap_or_default();
        if self.account.is_some() { BytesMut::new() } else { rest }
    }

    /// Returns the frame of `connection.open` with the vhost replaced. Its reserved fields stay as they are.
    fn replaced(&self, frame: &[u8]) -> BytesMut {
        // type 1, channel 2, size 4, class 2, method 2; then the vhost: its length, and its bytes.
        let (front, after) = (&frame[7..11], &frame[12 + self.asked.len()..frame.len() - 1]);
        let mut replaced = BytesMut::with_capacity(frame.len() + self.vhost.len());
        replaced.put_slice(&frame[..3]);
        replaced.put_u32(u32::try_from(front.len() + 1 + self.vhost.len() + after.len()).unwrap_or(u32::MAX));
        replaced.put_slice(front);
        replaced.put_u8(u8::try_from(self.vhost.len()).unwrap_or(u8::MAX));
        replaced.put_slice(self.vhost.as_bytes());
        replaced.put_slice(after);
        replaced.put_u8(wire::frame::END);
        replaced
    }
}

fn vhost_opened(unit: &Unit) -> Option<String> {
    let Unit::Frame(frame) = unit else { return None };
    match frame.parse() {
        Ok(Frame::Method(Method::Connection(Open(open)))) => Some(open.virtual_host.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wire::{
        frame::{PROTOCOL_HEADER, method},
        protocol::{channel, connection},
    };

    use super::*;

    fn conversation(vhost: &str) -> Vec<u8> {
        let start_ok = Method::Connection(connection::AMQPMethod::StartOk(connection::StartOk::default()));
        let open = Method::Connection(Open(connection::Open { virtual_host: vhost.into() }));
        let channel = Method::Channel(channel::AMQPMethod::Open(channel::Open {}));
        [&PROTOCOL_HEADER[..], &method(0, start_ok), &method(0, open), &method(1, channel)].concat()
    }

    /// Passes `bytes` in pieces of `size`.
    fn passed(bytes: &[u8], size: usize) -> Vec<u8> {
        let mut rewrite = Rewrite::new("/", "a vhost", None);
        let mut through = Vec::new();
        for piece in bytes.chunks(size) {
            through.extend_from_slice(&rewrite.pass(Bytes::copy_from_slice(piece)));
        }
        through.extend_from_slice(&rewrite.rest());
        through
    }

    #[test]
    fn the_vhost_is_rewritten_however_the_bytes_are_split() {
        let (asked, wanted) = (conversation("/"), conversation("a vhost"));
        for size in 1..=asked.len() {
            assert_eq!(passed(&asked, size), wanted, "in pieces of {size}");
        }
    }

    #[test]
    fn another_vhost_and_other_bytes_pass_as_they_are() {
        for bytes in [
            conversation("other"),
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            b"AMQ".to_vec(),
            vec![1, 0, 0, 255, 255, 255, 255, 7],
        ] {
            for size in 1..=bytes.len() {
                assert_eq!(passed(&bytes, size), bytes, "in pieces of {size}");
            }
        }
    }
}
