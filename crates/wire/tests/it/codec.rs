//! Tests of splitting bytes into frames.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use tokio_util::codec::Framed;
use wire::{
    Codec, Frame, FrameError, Method, RawFrame, Unit,
    frame::{self, FrameKind, PROTOCOL_HEADER},
    protocol::{basic::AMQPProperties, channel, queue},
};

const MOST: u32 = 1 << 20;

/// Returns all units in `bytes`, which arrive in pieces of `size`.
fn units(bytes: &[u8], size: usize) -> Result<Vec<Unit>, FrameError> {
    let (mut codec, mut buffer, mut units) = (Codec::new(MOST), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        buffer.extend_from_slice(piece);
        while let Some(unit) = codec.next(&mut buffer)? {
            units.push(unit);
        }
    }
    Ok(units)
}

fn declare() -> Method {
    Method::Queue(queue::AMQPMethod::Declare(queue::Declare { queue: "hello".into(), ..queue::Declare::default() }))
}

#[test]
fn frames_come_out_however_the_bytes_are_split() {
    let stream = [
        &PROTOCOL_HEADER[..],
        &frame::method(1, declare()),
        &frame::content(1, AMQPProperties::default(), &[7; 300], 128),
        &[8, 0, 0, 0, 0, 0, 0, 0xCE],
    ]
    .concat();
    let whole = units(&stream, stream.len()).unwrap();
    assert_eq!(whole.len(), 1 + 1 + 1 + 3 + 1, "a body of 300 bytes takes three frames of 128");
    for size in 1..stream.len() {
        assert_eq!(units(&stream, size).unwrap(), whole, "in pieces of {size}");
    }
}

#[test]
fn a_frame_max_counts_the_envelope() {
    let bytes = frame::content(1, AMQPProperties::default(), &[7; 300], 128);
    let longest = units(&bytes, bytes.len()).unwrap().into_iter().map(|unit| match unit {
        Unit::Frame(frame) => frame.payload.len() + frame::OVERHEAD,
        Unit::ProtocolHeader(_) => 0,
    });
    assert_eq!(longest.max(), Some(128));
}

#[test]
fn what_is_wrong_with_the_bytes_is_reported() {
    let cases: [(&[u8], FrameError); 6] = [
        (b"GET / HTTP/1.1\r\n\r\n", FrameError::NotAmqp(b"GET / HTTP/1.1\r\n".to_vec())),
        (&[0x16, 0x03, 0x01], FrameError::NotAmqp(vec![0x16, 0x03, 0x01])),
        (b"AMQQ", FrameError::NotAmqp(b"AMQQ".to_vec())),
        (&[8, 0, 0, 0, 0, 0, 0, 0xCE, 9], FrameError::UnknownType(9)),
        (&[1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], FrameError::TooLarge { size: u32::MAX, most: MOST }),
        (&[8, 0, 0, 0, 0, 0, 0, 0xCD], FrameError::BadEnd(0xCD)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(units(bytes, bytes.len()), Err(expected.clone()), "{bytes:?}");
        assert!(!expected.to_string().is_empty());
    }
}

#[test]
fn a_method_that_can_not_be_read_does_not_end_the_stream() {
    let unknown = RawFrame { kind: FrameKind::Method, channel: 1, payload: Bytes::from_static(&[0, 99, 0, 1]) };
    assert_eq!(unknown.parse(), Err(FrameError::Method { class: 99, method: 1 }));
    let cut = RawFrame { kind: FrameKind::Method, channel: 1, payload: Bytes::from_static(&[0, 50, 0]) };
    assert_eq!(cut.parse(), Err(FrameError::Method { class: 50, method: 0 }));
    let header = RawFrame { kind: FrameKind::Header, channel: 1, payload: Bytes::from_static(&[0, 60]) };
    assert_eq!(header.parse(), Err(FrameError::Header));
    let mut stream = BytesMut::new();
    unknown.encode(&mut stream);
    stream.extend_from_slice(&frame::method(1, declare()));
    let all = units(&stream, stream.len()).unwrap();
    let Unit::Frame(second) = &all[1] else { panic!("{all:?}") };
    assert_eq!(second.parse(), Ok(Frame::Method(declare())));
}

#[tokio::test]
async fn either_side_of_a_connection_is_a_framed_away() {
    let (client, server) = tokio::io::duplex(64);
    let mut client = Framed::new(client, Codec::new(MOST));
    let mut server = Framed::new(server, Codec::new(MOST));
    let open = Method::Channel(channel::AMQPMethod::Open(channel::Open {}));
    let open_ok = Method::Channel(channel::AMQPMethod::OpenOk(channel::OpenOk {}));
    client.send(Bytes::from_static(&PROTOCOL_HEADER)).await.unwrap();
    client.send(frame::method(1, open.clone())).await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap(), Unit::ProtocolHeader(PROTOCOL_HEADER));
    assert_eq!(parsed(server.next().await.unwrap().unwrap()), Frame::Method(open));
    server.send(frame::method(1, open_ok.clone())).await.unwrap();
    assert_eq!(parsed(client.next().await.unwrap().unwrap()), Frame::Method(open_ok));
    drop(client);
    assert!(server.next().await.is_none());
}

fn parsed(unit: Unit) -> Frame {
    match unit {
        Unit::Frame(frame) => frame.parse().unwrap(),
        Unit::ProtocolHeader(header) => panic!("{header:?}"),
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_say_different_things_in_different_pieces(
        bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(3), Just(8), Just(0xCE), any::<u8>()], 0..200),
        size in 1usize..20,
    ) {
        let whole = units(&bytes, bytes.len());
        let pieces = units(&bytes, size);
        prop_assert_eq!(whole.is_ok(), pieces.is_ok());
        if let (Ok(whole), Ok(pieces)) = (&whole, &pieces) {
            prop_assert_eq!(whole, pieces);
            for unit in whole {
                if let Unit::Frame(frame) = unit {
                    let _ = frame.parse();
                }
            }
        }
    }

    #[test]
    fn publish_and_ack_are_read_as_amq_protocol_reads_them(
        method in prop_oneof![Just(40u8), Just(80)],
        ticket_or_tag in prop_oneof![prop::collection::vec(any::<u8>(), 2), prop::collection::vec(any::<u8>(), 8)],
        names in prop::collection::vec(prop::collection::vec(prop_oneof![60 => Just(b'a'), 1 => any::<u8>()], 0..12), 0..4),
        end in prop::collection::vec(0u8..5, 0..3),
    ) {
        let short = |name: Vec<u8>| [vec![u8::try_from(name.len()).unwrap()], name].concat();
        let names: Vec<u8> = names.into_iter().flat_map(short).collect();
        let payload = [vec![0, 60, 0, method], ticket_or_tag, names, end].concat();
        let frame = RawFrame { kind: FrameKind::Method, channel: 1, payload: payload.into() };
        let mut bytes = BytesMut::new();
        frame.encode(&mut bytes);
        let theirs = match amq_protocol::frame::parse_frame(&bytes[..]) {
            Ok((_, amq_protocol::frame::AMQPFrame::Method(_, method))) => Some(Frame::Method(method)),
            _ => None,
        };
        prop_assert_eq!(frame.parse().ok(), theirs);
    }

    #[test]
    fn a_frame_survives_being_written_and_read(
        kind in prop_oneof![Just(FrameKind::Method), Just(FrameKind::Header), Just(FrameKind::Body), Just(FrameKind::Heartbeat)],
        channel in any::<u16>(),
        payload in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        let frame = RawFrame { kind, channel, payload: payload.into() };
        let mut bytes = BytesMut::new();
        frame.encode(&mut bytes);
        prop_assert_eq!(units(&bytes, 7), Ok(vec![Unit::Frame(frame)]));
    }
}
