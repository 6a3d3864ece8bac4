//! Arbitrary bytes, in arbitrary pieces, as the bytes of a connection.
//!
//! The requirements for all bytes: nothing panics; the result does not depend on the pieces; the result is the same after
//! it was written and read again; a listener keeps no more of a body than its limit.

#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use wire::{
    Codec, Frame, FrameError, Listener, RawFrame, Unit, What,
    frame::{FrameKind, put_content, put_method, read_properties, write_properties},
};

/// The largest payload, small so that short inputs reach frames that are too large.
const MOST: u32 = 4096;

/// The number of bytes of a body that the listener keeps.
const KEEP: usize = 16;

fuzz_target!(|input: &[u8]| {
    // The first byte determines the size of the pieces.
    let Some((&cut, stream)) = input.split_first() else { return };
    let (whole, error) = read(stream, stream.len().max(1));
    let (pieces, error_in_pieces) = read(stream, usize::from(cut % 16) + 1);
    assert_eq!(whole, pieces, "what is read depends on the pieces");
    // If the stream is not AMQP, the bytes in the error depend on the pieces; everything else is the same.
    match (&error, &error_in_pieces) {
        (Some(FrameError::NotAmqp(_)), Some(FrameError::NotAmqp(_))) => {}
        _ => assert_eq!(error, error_in_pieces, "what is wrong depends on the pieces"),
    }
    let mut again = BytesMut::new();
    for unit in &whole {
        match unit {
            Unit::ProtocolHeader(header) => again.extend_from_slice(header),
            Unit::Frame(frame) => {
                frame.encode(&mut again);
                look_into(frame);
            }
        }
    }
    assert!(stream.starts_with(&again), "frames are written as they were read");
    listen(stream, usize::from(cut % 16) + 1);
});

/// Returns all units, and the error that ended the stream.
fn read(stream: &[u8], size: usize) -> (Vec<Unit>, Option<FrameError>) {
    let (mut codec, mut buffer, mut units) = (Codec::new(MOST), BytesMut::new(), Vec::new());
    for piece in stream.chunks(size) {
        buffer.extend_from_slice(piece);
        loop {
            match codec.next(&mut buffer) {
                Ok(Some(unit)) => units.push(unit),
                Ok(None) => break,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    return (units, Some(error));
                }
            }
        }
    }
    (units, None)
}

/// Parses a frame, writes it, and parses that again. Writing settles the form (lengths of integers, the order of table
/// entries), so from then on the bytes stay the same.
fn look_into(frame: &RawFrame) {
    let parsed = frame.parse();
    assert_eq!(parsed.is_ok(), frame.parse().is_ok());
    match parsed {
        Ok(Frame::Method(method)) => {
            let mut bytes = BytesMut::new();
            put_method(&mut bytes, frame.channel, &method);
            let reread = only(&bytes);
            assert_eq!(reread.channel, frame.channel);
            let Ok(Frame::Method(reparsed)) = reread.parse() else { panic!("{method:?} was written unreadably") };
            let mut once_more = BytesMut::new();
            put_method(&mut once_more, frame.channel, &reparsed);
            assert_eq!(bytes, once_more);
            assert_eq!(format!("{method:?}"), format!("{reparsed:?}"));
            // All values that can be read can be described.
            let _ = wire::fields::describe(&method);
            let _ = wire::words::method_line(&method, None);
        }
        Ok(Frame::Header(header)) => {
            let raw = frame.raw_header().expect("a header that can be read has its fixed part");
            assert_eq!((raw.class, raw.size), (header.class_id, header.body_size));
            let properties = raw.properties().expect("the same properties");
            assert_eq!(format!("{properties:?}"), format!("{:?}", header.properties));
            let written = write_properties(&properties);
            let reread = read_properties(&written).expect("written properties can be read");
            assert_eq!(format!("{reread:?}"), format!("{properties:?}"));
            assert_eq!(write_properties(&reread), written);
            // A content with the properties as they came, and a body that needs several frames.
            let mut bytes = BytesMut::new();
            put_content(&mut bytes, frame.channel, &raw.properties, &[7; 20], 16);
            let (units, error) = read(&bytes, bytes.len());
            assert_eq!((units.len(), error), (4, None));
            let Unit::Frame(first) = &units[0] else { panic!("{units:?}") };
            assert_eq!(first.raw_header().map(|header| header.properties), Ok(raw.properties));
        }
        Ok(Frame::Body(body)) => assert_eq!(body, frame.payload),
        Ok(Frame::Heartbeat) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if frame.kind == FrameKind::Header {
        assert_eq!(frame.raw_header().is_ok(), frame.payload.len() >= 12);
    }
}

/// Returns the one frame in these bytes.
fn only(bytes: &[u8]) -> RawFrame {
    let mut buffer = BytesMut::from(bytes);
    match Codec::new(u32::MAX).next(&mut buffer) {
        Ok(Some(Unit::Frame(frame))) if buffer.is_empty() => frame,
        other => panic!("{other:?}, and {} bytes left", buffer.len()),
    }
}

fn listen(stream: &[u8], size: usize) {
    let hear = |size: usize| {
        let (mut listener, mut said) = (Listener::new(KEEP), Vec::new());
        for piece in stream.chunks(size) {
            listener.hear(piece, |what| said.push(what));
        }
        listener.end(|what| said.push(what));
        said
    };
    let said = hear(size);
    for what in &said {
        if let What::Method { content: Some(content), .. } = what {
            assert!(content.body.len() <= KEEP);
            assert!(content.body.len() as u64 <= content.size || !content.complete);
        }
    }
    let not_amqp = |said: &[What]| said.iter().any(|what| matches!(what, What::Garbage(FrameError::NotAmqp(_))));
    let whole = hear(stream.len().max(1));
    if !not_amqp(&whole) {
        assert_eq!(format!("{said:?}"), format!("{whole:?}"));
    }
}
