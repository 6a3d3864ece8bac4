//! Contents: a method, a header and a body become a message (AMQP 0-9-1, section 4.2.6).

use bytes::{Bytes, BytesMut};
use wire::{
    RawFrame,
    frame::{FrameKind, RawHeader},
    protocol::basic,
};

use crate::state::{
    Broker,
    channel::At,
    erlang,
    refusal::{Code, Refusal},
};

/// The class and method number of `basic.publish`, for closes.
pub(crate) const PUBLISH: (u16, u16) = (60, 40);

/// A content that is not complete yet.
#[derive(Debug)]
pub(crate) struct Assembly {
    publish: basic::Publish,
    header: Option<RawHeader>,
    pub(crate) body: BytesMut,
    heard: u64,
}

impl Broker {
    pub(crate) fn begin_assembly(&mut self, at: At, publish: basic::Publish) {
        if let Some(channel) = self.channel_mut(at) {
            channel.assembly = Some(Assembly { publish, header: None, body: BytesMut::new(), heard: 0 });
        }
    }

    /// Adds a frame to the content that is being received. Returns the content when it is complete.
    #[allow(clippy::type_complexity)]
    pub(crate) fn assemble(
        &mut self,
        at: At,
        raw: &RawFrame,
    ) -> Result<Option<(basic::Publish, RawHeader, Bytes)>, (Refusal, (u16, u16))> {
        if raw.kind == FrameKind::Header {
            self.note_publisher(at.connection);
        }
        let (most, largest) = (self.limits.message, self.limits.announced);
        let gauge = self.gauge.clone();
        let Some(channel) = self.channel_mut(at) else { return Ok(None) };
        let Some(assembly) = &mut channel.assembly else { return Ok(None) };
        match (&assembly.header, raw.kind) {
            (None, FrameKind::Header) => {
                let header = raw.raw_header().map_err(|_| (unreadable_header(raw), (0, 0)))?;
                if header.class != 60 || header.weight != 0 {
                    let named = (header.weight == 0).then_some(&header);
                    return Err((out_of_place(assembly, named), PUBLISH));
                }
                if header.size > largest {
                    let why = format!("content body size {} exceeds maximum allowed size {largest}", header.size);
                    return Err((Refusal::frame_error(why), PUBLISH));
                }
                if header.properties().is_err() {
                    return Err((Refusal::internal_error(), (0, 0)));
                }
                assembly.header = Some(header);
            }
            (Some(header), FrameKind::Body) => {
                assembly.heard += raw.payload.len() as u64;
                if assembly.heard > header.size {
                    let refusal = Refusal::frame_error("content body frame exceeds remaining content size");
                    return Err((refusal, PUBLISH));
                }
                // A body that is too large is read to its end, and not kept.
                if header.size <= most as u64 {
                    gauge.add(raw.payload.len());
                    assembly.body.extend_from_slice(&raw.payload);
                }
            }
            _ => return Err((out_of_place(assembly, None), PUBLISH)),
        }
        if assembly.header.as_ref().is_none_or(|header| assembly.heard < header.size) {
            return Ok(None);
        }
        let Some(Assembly { publish, header: Some(header), body, .. }) = channel.assembly.take() else {
            return Ok(None);
        };
        gauge.take(body.len());
        Ok(Some((publish, header, body.freeze())))
    }
}

/// Returns the refusal of a frame that does not continue an incomplete content.
fn out_of_place(assembly: &Assembly, frame: Option<&RawHeader>) -> Refusal {
    Refusal::unexpected_frame(match (&assembly.header, frame) {
        (None, Some(header)) => {
            format!("expected content header for class 60, got one for class {} instead", header.class)
        }
        (None, None) => "expected content header for class 60, got non content header frame instead".to_owned(),
        (Some(_), _) => "expected content body, got non content body frame instead".to_owned(),
    })
}

fn unreadable_header(raw: &RawFrame) -> Refusal {
    Refusal { code: Code::FrameError, why: format!("type 2, {}: unknown_frame", erlang::octets(&raw.payload)) }
}
