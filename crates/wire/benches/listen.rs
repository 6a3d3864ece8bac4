//! The time that a listener needs for a conversation of 1,000 messages in one direction.

use divan::{Bencher, counter::BytesCount};
use wire::{
    Listener, Method,
    frame::{content, method},
    protocol::basic::{self, AMQPProperties},
};

fn main() {
    divan::main();
}

#[divan::bench(args = [12, 1024, 65_536])]
fn hear_1000_messages(bencher: Bencher, size: usize) {
    let publish =
        Method::Basic(basic::AMQPMethod::Publish(basic::Publish { routing_key: "hello".into(), ..Default::default() }));
    let message = [method(1, publish), content(1, AMQPProperties::default(), &vec![b'x'; size], 131_072)].concat();
    let bytes = message.repeat(1000);
    bencher.counter(BytesCount::of_slice(&bytes)).bench(|| {
        let (mut listener, mut heard) = (Listener::new(1024), 0);
        for piece in bytes.chunks(65_536) {
            listener.hear(piece, |_| heard += 1);
        }
        assert_eq!(heard, 1000);
    });
}
