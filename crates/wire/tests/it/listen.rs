//! Tests of the listener.

use wire::{
    Listener, Method, What,
    frame::{PROTOCOL_HEADER, content, method},
    protocol::{
        basic::{self, AMQPProperties},
        channel,
    },
};

fn hear(bytes: &[u8], keep: usize) -> Vec<What> {
    let (mut listener, mut said) = (Listener::new(keep), Vec::new());
    listener.hear(bytes, |what| said.push(what));
    listener.end(|what| said.push(what));
    said
}

fn publish(channel: u16) -> Vec<u8> {
    method(channel, Method::Basic(basic::AMQPMethod::Publish(basic::Publish::default()))).to_vec()
}

fn body_of(what: &What) -> Option<(u64, usize, bool)> {
    match what {
        What::Method { content: Some(content), .. } => Some((content.size, content.body.len(), content.complete)),
        _ => None,
    }
}

#[test]
fn contents_on_two_channels_do_not_mix() {
    let one = content(1, AMQPProperties::default(), b"onetwo", 11);
    let two = content(2, AMQPProperties::default(), b"TWO", 0);
    // The header and the first half of one, all of two, the second half of one.
    let cut = one.len() - 11;
    let said = hear(&[&publish(1), &publish(2), &one[..cut], &two[..], &one[cut..]].concat(), 100);
    let bodies: Vec<&[u8]> = said
        .iter()
        .filter_map(|what| match what {
            What::Method { content: Some(content), .. } => Some(&content.body[..]),
            _ => None,
        })
        .collect();
    assert_eq!(bodies, [&b"TWO"[..], b"onetwo"]);
}

#[test]
fn an_empty_body_has_no_frame_and_is_complete() {
    let said = hear(&[publish(1), content(1, AMQPProperties::default(), b"", 0).to_vec()].concat(), 100);
    assert_eq!(said.iter().filter_map(body_of).collect::<Vec<_>>(), [(0, 0, true)]);
}

#[test]
fn a_long_body_is_kept_to_a_bound_and_a_cut_one_is_said_to_be_cut() {
    let long = content(1, AMQPProperties::default(), &[b'x'; 1000], 100);
    assert_eq!(
        hear(&[publish(1), long.to_vec()].concat(), 10).iter().filter_map(body_of).collect::<Vec<_>>(),
        [(1000, 10, true)]
    );
    let cut = [publish(1), long[..long.len() - 200].to_vec()].concat();
    let bodies = hear(&cut, 10_000).iter().filter_map(body_of).collect::<Vec<_>>();
    assert!(matches!(bodies[..], [(1000, 700..=900, false)]), "{bodies:?}");
    assert_eq!(hear(&publish(1), 10).iter().filter_map(body_of).collect::<Vec<_>>(), [(0, 0, false)]);
}

#[test]
fn what_has_no_place_is_strange_and_what_is_no_amqp_is_garbage() {
    let lonely = content(1, AMQPProperties::default(), b"x", 0);
    let said = hear(&[&PROTOCOL_HEADER[..], &lonely[..]].concat(), 10);
    assert!(
        matches!(
            said[..],
            [What::ProtocolHeader(_), What::Strange { channel: 1, .. }, What::Strange { channel: 1, .. }]
        ),
        "{said:?}"
    );
    let open = method(1, Method::Channel(channel::AMQPMethod::Open(channel::Open {})));
    let said = hear(&[&PROTOCOL_HEADER[..], b"nonsense", &open[..]].concat(), 10);
    assert!(
        matches!(said[..], [What::ProtocolHeader(_), What::Garbage(_)]),
        "after garbage nothing is understood: {said:?}"
    );
}
