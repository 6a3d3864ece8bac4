//! The broker against a model of it: plain lists, searched from end to end, without any code of the broker.
//!
//! There are a few classic queues with and without a time to live, and two connections with two channels each. The steps do
//! everything that can be done to a message, in random order. After each step the broker must have made the same deliveries
//! as the model (consumer, order, delivery tags, redelivered flags), and must have the same counts.
//!
//! `PROPTEST_CASES=100000 cargo test -p broker --test it model` is a long run. A failure shows the shortest list of steps
//! that still fails.

use std::collections::BTreeMap;

use broker::{ConnectionId, Limits, Output};
use proptest::prelude::*;
use wire::{
    Method,
    protocol::{
        basic::{self, AMQPMethod as Basic},
        channel::{self, AMQPMethod as Channel},
        queue::{self, AMQPMethod as Queue},
    },
    types::AMQPValue,
};

use crate::player::World;

/// The names of the queues; the second has a time to live, the third holds at most three messages.
const QUEUES: [&str; 3] = ["plain", "ttl", "short"];
const TTL: u64 = 100;
const LENGTH: usize = 3;

/// Names for consumers. There are few, so that they are used again.
const TAGS: [&str; 3] = ["s", "t", "u"];

/// One step. `channel` counts all channels of all connections, `which` counts the deliveries that a channel holds.
#[derive(Clone, Debug)]
enum Step {
    Declare {
        channel: usize,
        queue: usize,
    },
    Publish {
        channel: usize,
        queue: usize,
        expiration: Option<u64>,
    },
    Get {
        channel: usize,
        queue: usize,
        no_ack: bool,
    },
    Consume {
        channel: usize,
        queue: usize,
        tag: usize,
        prefetch: u16,
        no_ack: bool,
    },
    Cancel {
        channel: usize,
        tag: usize,
    },
    Settle {
        channel: usize,
        which: usize,
        multiple: bool,
        how: How,
    },
    /// Settles with the tag 0 and `multiple`.
    SettleAll {
        channel: usize,
        how: How,
    },
    Recover {
        channel: usize,
    },
    CloseChannel {
        channel: usize,
    },
    LoseConnection {
        connection: usize,
    },
    Purge {
        channel: usize,
        queue: usize,
    },
    Delete {
        channel: usize,
        queue: usize,
    },
    Wait {
        ms: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Ack,
    /// Requeues with `basic.nack` or, for a single one, with `basic.reject`.
    Back {
        reject: bool,
    },
    Away {
        reject: bool,
    },
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        Just(How::Ack),
        any::<bool>().prop_map(|reject| How::Back { reject }),
        any::<bool>().prop_map(|reject| How::Away { reject }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let (channel, queue, tag) = (0..4usize, 0..QUEUES.len(), 0..TAGS.len());
    let (c, q, t) = (channel.clone(), queue.clone(), tag.clone());
    let expiration = prop_oneof![3 => Just(None), 1 => (0..150u64).prop_map(Some)];
    prop_oneof![
        2 => (c.clone(), q.clone()).prop_map(|(channel, queue)| Step::Declare { channel, queue }),
        8 => (c.clone(), q.clone(), expiration)
            .prop_map(|(channel, queue, expiration)| Step::Publish { channel, queue, expiration }),
        3 => (c.clone(), q.clone(), any::<bool>())
            .prop_map(|(channel, queue, no_ack)| Step::Get { channel, queue, no_ack }),
        4 => (c.clone(), q.clone(), t.clone(), 0..4u16, prop::bool::weighted(0.2)).prop_map(
            |(channel, queue, tag, prefetch, no_ack)| Step::Consume { channel, queue, tag, prefetch, no_ack }
        ),
        2 => (c.clone(), t).prop_map(|(channel, tag)| Step::Cancel { channel, tag }),
        6 => (c.clone(), 0..6usize, any::<bool>(), how())
            .prop_map(|(channel, which, multiple, how)| Step::Settle { channel, which, multiple, how }),
        1 => (c.clone(), how()).prop_map(|(channel, how)| Step::SettleAll { channel, how }),
        1 => c.clone().prop_map(|channel| Step::Recover { channel }),
        1 => c.clone().prop_map(|channel| Step::CloseChannel { channel }),
        1 => (0..2usize).prop_map(|connection| Step::LoseConnection { connection }),
        1 => (c.clone(), q.clone()).prop_map(|(channel, queue)| Step::Purge { channel, queue }),
        1 => (channel, queue).prop_map(|(channel, queue)| Step::Delete { channel, queue }),
        2 => (0..120u64).prop_map(|ms| Step::Wait { ms }),
    ]
}

/// A message in the model.
#[derive(Clone, Debug, PartialEq)]
struct Message {
    number: u32,
    redelivered: bool,
    expires: Option<u64>,
}

#[derive(Clone, Debug)]
struct Consumer {
    channel: usize,
    tag: usize,
    prefetch: usize,
    no_ack: bool,
    /// The number of deliveries that count against the prefetch.
    busy: usize,
}

#[derive(Clone, Debug, Default)]
struct ModelQueue {
    ready: Vec<Message>,
    /// Its consumers, in the order of their turns.
    consumers: Vec<Consumer>,
}

/// A delivery that is not settled.
#[derive(Clone, Debug)]
struct Held {
    tag: u64,
    /// The queue, and the number of its declaration: a queue that is declared again is another one.
    queue: (usize, u32),
    consumer: Option<usize>,
    message: Message,
}

/// A message that a client receives: channel, consumer (None for a get), delivery tag, number, redelivered.
type Heard = (usize, Option<usize>, u64, u32, bool);

#[derive(Debug, Default)]
struct Model {
    now: u64,
    queues: BTreeMap<usize, (u32, ModelQueue)>,
    declared: u32,
    published: u32,
    /// For each channel: the last delivery tag, and the held deliveries by tag.
    channels: [(u64, Vec<Held>); 4],
    heard: Vec<Heard>,
}

impl Model {
    fn queue(&mut self, id: (usize, u32)) -> Option<&mut ModelQueue> {
        self.queues.get_mut(&id.0).filter(|(generation, _)| *generation == id.1).map(|(_, queue)| queue)
    }

    fn id(&self, queue: usize) -> Option<(usize, u32)> {
        self.queues.get(&queue).map(|(generation, _)| (queue, *generation))
    }

    /// Removes expired messages at the head; one behind a younger one waits for its turn.
    fn expire(&mut self, id: (usize, u32)) {
        let now = self.now;
        let Some(queue) = self.queue(id) else { return };
        let keep = queue.ready.iter().position(|message| message.expires.is_none_or(|at| at > now));
        queue.ready.drain(..keep.unwrap_or(queue.ready.len()));
    }

    /// Delivers messages to consumers in turn, as far as they can take them.
    fn run(&mut self, id: (usize, u32)) {
        while let Some(queue) = self.queue(id)
            && !queue.ready.is_empty()
            && let Some(free) =
                queue.consumers.iter().position(|consumer| consumer.prefetch == 0 || consumer.busy < consumer.prefetch)
        {
            let message = queue.ready.remove(0);
            let mut consumer = queue.consumers.remove(free);
            consumer.busy += usize::from(!consumer.no_ack);
            queue.consumers.push(consumer.clone());
            self.hand_out(consumer.channel, Some(consumer.tag), id, message, consumer.no_ack);
            self.expire(id);
        }
    }

    fn hand_out(&mut self, channel: usize, consumer: Option<usize>, id: (usize, u32), message: Message, no_ack: bool) {
        let (last, held) = &mut self.channels[channel];
        *last += 1;
        self.heard.push((channel, consumer, *last, message.number, message.redelivered));
        if !no_ack {
            held.push(Held { tag: *last, queue: id, consumer, message });
        }
    }

    /// Removes messages at the head of a queue that holds too many.
    fn trim(&mut self, id: (usize, u32)) {
        if QUEUES[id.0] == "short"
            && let Some(queue) = self.queue(id)
            && queue.ready.len() > LENGTH
        {
            let surplus = queue.ready.len() - LENGTH;
            queue.ready.drain(..surplus);
        }
        self.expire(id);
    }

    fn publish(&mut self, queue: usize, expiration: Option<u64>) {
        self.published += 1;
        let ttl = (QUEUES[queue] == "ttl").then_some(TTL);
        let ttl = [ttl, expiration].into_iter().flatten().min();
        let message = Message { number: self.published, redelivered: false, expires: ttl.map(|ttl| self.now + ttl) };
        let Some(id) = self.id(queue) else { return };
        if let Some(queue) = self.queue(id) {
            queue.ready.push(message);
        }
        self.run(id);
        self.trim(id);
    }

    /// Returns deliveries to their old places, which follow from their numbers.
    fn give_back(&mut self, held: Vec<Held>) {
        let mut touched: Vec<(usize, u32)> = held.iter().map(|held| held.queue).collect();
        // The older queue comes first.
        touched.sort_by_key(|(_, generation)| *generation);
        touched.dedup();
        for Held { queue: id, message, .. } in held {
            if let Some(queue) = self.queue(id) {
                let at = queue.ready.iter().take_while(|other| other.number < message.number).count();
                queue.ready.insert(at, Message { redelivered: true, ..message });
            }
        }
        for id in touched {
            self.expire(id);
            self.run(id);
            self.trim(id);
        }
    }

    fn settle(&mut self, channel: usize, settled: Vec<Held>, how: How) {
        for held in &settled {
            if let (Some(tag), Some(queue)) = (held.consumer, self.queue(held.queue)) {
                let consumer = queue.consumers.iter_mut().find(|other| other.channel == channel && other.tag == tag);
                if let Some(consumer) = consumer {
                    consumer.busy = consumer.busy.saturating_sub(1);
                }
            }
        }
        let mut touched: Vec<(usize, u32)> = settled.iter().map(|held| held.queue).collect();
        touched.sort_by_key(|(_, generation)| *generation);
        if let How::Back { .. } = how {
            self.give_back(settled);
        }
        for id in touched {
            self.run(id);
        }
    }

    /// Takes the deliveries of a channel up to a tag, or only that one.
    fn take(&mut self, channel: usize, tag: u64, multiple: bool) -> Vec<Held> {
        let held = &mut self.channels[channel].1;
        held.sort_by_key(|held| held.tag);
        held.extract_if(.., |held| if multiple { held.tag <= tag } else { held.tag == tag }).collect()
    }

    /// Ends channels. Their consumers are removed first, so that they get none of the returned messages.
    fn end_channels(&mut self, channels: &[usize]) {
        for (_, queue) in self.queues.values_mut() {
            queue.consumers.retain(|consumer| !channels.contains(&consumer.channel));
        }
        for &channel in channels {
            let (last, mut held) = std::mem::take(&mut self.channels[channel]);
            let _ = last;
            held.sort_by_key(|held| held.tag);
            self.give_back(held);
        }
    }

    fn consumer_is_there(&self, channel: usize, tag: usize) -> bool {
        let all = self.queues.values().flat_map(|(_, queue)| &queue.consumers);
        all.into_iter().any(|consumer| consumer.channel == channel && consumer.tag == tag)
    }

    /// Returns the numbers of ready and unacknowledged messages of a queue.
    fn counts(&self, queue: usize) -> Option<(usize, usize)> {
        let id = self.id(queue)?;
        let unacked = self.channels.iter().flat_map(|(_, held)| held).filter(|held| held.queue == id).count();
        Some((self.queues[&queue].1.ready.len(), unacked))
    }
}

/// The broker and the model, side by side.
struct Both {
    world: World,
    model: Model,
    connections: [ConnectionId; 2],
}

impl Both {
    fn new() -> Both {
        let mut world = World::new(Limits::default());
        let connections = [world.connect(), world.connect()];
        let mut both = Both { world, model: Model::default(), connections };
        for channel in 0..4 {
            both.open(channel);
        }
        both
    }

    fn at(&self, channel: usize) -> (ConnectionId, u16) {
        (self.connections[channel / 2], u16::try_from(channel % 2 + 1).unwrap())
    }

    fn open(&mut self, channel: usize) {
        let (id, number) = self.at(channel);
        self.world.open(id, number);
    }

    fn basic(&mut self, channel: usize, said: Basic) {
        let (id, number) = self.at(channel);
        self.world.basic(id, number, said);
    }

    fn queue(&mut self, channel: usize, said: Queue) {
        let (id, number) = self.at(channel);
        self.world.say(id, number, Method::Queue(said));
    }

    fn play(&mut self, step: &Step) {
        match *step {
            Step::Declare { channel, queue } => {
                let argument = match QUEUES[queue] {
                    "ttl" => vec![("x-message-ttl", AMQPValue::LongLongInt(TTL.try_into().unwrap()))],
                    "short" => vec![("x-max-length", AMQPValue::LongInt(LENGTH.try_into().unwrap()))],
                    _ => vec![],
                };
                self.world.declare(self.at(channel), QUEUES[queue], &argument);
                self.model.declared += 1;
                let generation = self.model.declared;
                self.model.queues.entry(queue).or_insert((generation, ModelQueue::default()));
            }
            Step::Publish { channel, queue, expiration } => {
                self.model.publish(queue, expiration);
                let mut properties = basic::AMQPProperties::default();
                if let Some(expiration) = expiration {
                    properties = properties.with_expiration(expiration.to_string().into());
                }
                let body = self.model.published.to_string();
                self.world.publish_with(self.at(channel), "", QUEUES[queue], &properties, body.as_bytes());
            }
            // A missing queue closes the channel, which is the subject of another step.
            Step::Get { queue, .. } | Step::Consume { queue, .. } | Step::Purge { queue, .. }
                if self.model.id(queue).is_none() => {}
            Step::Get { channel, queue, no_ack } => {
                self.basic(channel, Basic::Get(basic::Get { queue: QUEUES[queue].into(), no_ack }));
                let id = self.model.id(queue).unwrap();
                let ready = &mut self.model.queue(id).unwrap().ready;
                if !ready.is_empty() {
                    let message = ready.remove(0);
                    self.model.expire(id);
                    self.model.hand_out(channel, None, id, message, no_ack);
                }
            }
            Step::Consume { channel, tag, .. } if self.model.consumer_is_there(channel, tag) => {}
            Step::Consume { channel, queue, tag, prefetch, no_ack } => {
                self.basic(channel, Basic::Qos(basic::Qos { prefetch_count: prefetch, global: false }));
                let consume = basic::Consume {
                    queue: QUEUES[queue].into(),
                    consumer_tag: TAGS[tag].into(),
                    no_ack,
                    ..Default::default()
                };
                self.basic(channel, Basic::Consume(consume));
                let id = self.model.id(queue).unwrap();
                let prefetch = if no_ack { 0 } else { prefetch.into() };
                self.model.queue(id).unwrap().consumers.push(Consumer { channel, tag, prefetch, no_ack, busy: 0 });
                self.model.run(id);
            }
            Step::Cancel { channel, tag } => {
                self.basic(channel, Basic::Cancel(basic::Cancel { consumer_tag: TAGS[tag].into(), nowait: false }));
                for (_, queue) in self.model.queues.values_mut() {
                    queue.consumers.retain(|consumer| (consumer.channel, consumer.tag) != (channel, tag));
                }
            }
            Step::Settle { channel, which, multiple, how } => {
                let held = &self.model.channels[channel].1;
                let mut tags: Vec<u64> = held.iter().map(|held| held.tag).collect();
                tags.sort_unstable();
                let Some(&delivery_tag) = tags.get(which) else { return };
                let multiple = multiple && !matches!(how, How::Back { reject: true } | How::Away { reject: true });
                self.basic(channel, settling(delivery_tag, multiple, how));
                let settled = self.model.take(channel, delivery_tag, multiple);
                self.model.settle(channel, settled, how);
            }
            Step::SettleAll { channel, how } => {
                let how = match how {
                    How::Ack => How::Ack,
                    How::Back { .. } => How::Back { reject: false },
                    How::Away { .. } => How::Away { reject: false },
                };
                self.basic(channel, settling(0, true, how));
                let settled = self.model.take(channel, u64::MAX, true);
                self.model.settle(channel, settled, how);
            }
            Step::Recover { channel } => {
                self.basic(channel, Basic::Recover(basic::Recover { requeue: true }));
                let settled = self.model.take(channel, u64::MAX, true);
                self.model.settle(channel, settled, How::Back { reject: false });
            }
            Step::CloseChannel { channel } => {
                let (id, number) = self.at(channel);
                self.world.say(id, number, Method::Channel(Channel::Close(channel::Close::default())));
                self.model.end_channels(&[channel]);
                self.compare(step);
                self.open(channel);
            }
            Step::LoseConnection { connection } => {
                self.world.lose(self.connections[connection]);
                let channels = [2 * connection, 2 * connection + 1];
                self.model.end_channels(&channels);
                self.compare(step);
                self.connections[connection] = self.world.connect();
                channels.into_iter().for_each(|channel| self.open(channel));
            }
            Step::Purge { channel, queue } => {
                self.queue(channel, Queue::Purge(queue::Purge { queue: QUEUES[queue].into(), nowait: false }));
                let id = self.model.id(queue).unwrap();
                self.model.queue(id).unwrap().ready.clear();
            }
            Step::Delete { channel, queue } => {
                self.queue(channel, Queue::Delete(queue::Delete { queue: QUEUES[queue].into(), ..Default::default() }));
                self.model.queues.remove(&queue);
            }
            Step::Wait { ms } => {
                self.world.wait(ms);
                self.model.now += ms;
                for queue in 0..QUEUES.len() {
                    if let Some(id) = self.model.id(queue) {
                        self.model.expire(id);
                    }
                }
            }
        }
        self.compare(step);
    }

    /// Compares the received messages of each channel and the counts of each queue.
    fn compare(&mut self, step: &Step) {
        let mut heard: [Vec<Heard>; 4] = Default::default();
        for (index, id) in self.connections.iter().enumerate() {
            for output in self.world.read(*id) {
                let number = |body: &[u8]| String::from_utf8_lossy(body).parse::<u32>().unwrap();
                let place = |channel: u16| 2 * index + usize::from(channel) - 1;
                match output {
                    Output::Deliver { channel, tag, delivery, redelivered, message } => {
                        let consumer = TAGS.iter().position(|name| **name == *tag);
                        let channel = place(channel);
                        heard[channel].push((channel, consumer, delivery, number(&message.body), redelivered));
                    }
                    Output::Content { channel, method, message } => {
                        let Method::Basic(Basic::GetOk(ok)) = *method else { panic!("{method:?}") };
                        let channel = place(channel);
                        heard[channel].push((channel, None, ok.delivery_tag, number(&message.body), ok.redelivered));
                    }
                    Output::Method { method, .. } => {
                        let closed = matches!(*method, Method::Channel(Channel::Close(_)) | Method::Connection(_));
                        assert!(!closed, "{step:?}: {method:?}");
                    }
                    Output::ProtocolHeader(_) => panic!("{step:?}: a protocol header"),
                }
            }
        }
        let mut expected: [Vec<Heard>; 4] = Default::default();
        for one in std::mem::take(&mut self.model.heard) {
            expected[one.0].push(one);
        }
        assert_eq!(heard, expected, "{step:?}: (channel, consumer, delivery tag, message, redelivered)");
        for (queue, name) in QUEUES.iter().enumerate() {
            assert_eq!(
                self.world.counts(name),
                self.model.counts(queue),
                "{step:?}: ready and unacknowledged of {name}"
            );
        }
    }
}

fn settling(delivery_tag: u64, multiple: bool, how: How) -> Basic {
    match how {
        How::Ack => Basic::Ack(basic::Ack { delivery_tag, multiple }),
        How::Back { reject: true } => Basic::Reject(basic::Reject { delivery_tag, requeue: true }),
        How::Away { reject: true } => Basic::Reject(basic::Reject { delivery_tag, requeue: false }),
        How::Back { reject: false } => Basic::Nack(basic::Nack { delivery_tag, multiple, requeue: true }),
        How::Away { reject: false } => Basic::Nack(basic::Nack { delivery_tag, multiple, requeue: false }),
    }
}

proptest! {
    #[test]
    fn the_broker_does_what_the_model_does(steps in prop::collection::vec(step(), 1..80)) {
        let mut both = Both::new();
        for step in &steps {
            both.play(step);
        }
    }
}
