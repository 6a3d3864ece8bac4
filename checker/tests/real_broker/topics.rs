//! The matching of topics, compared with a broker's own: the contracts expect the messages that RabbitMQ would deliver.

use std::{collections::BTreeSet, env};

use contracts::exchanges::Kind;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind,
    options::{
        BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::FieldTable,
};
use libtest_mimic::Failed;
use testkit::topics;

use crate::brokers::{TestBroker, runtime};

/// The number of rounds, each with other patterns and keys.
const ROUNDS: u64 = 5;

/// A queue for each pattern gets the keys that the contracts say, on this broker.
pub fn are_matched_alike(broker: &TestBroker) -> Result<(), Failed> {
    let rounds = env::var("HELLO_RABBIT_TOPIC_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let url = broker.broker.address.url();
    runtime().block_on(async {
        let connection = Connection::connect(&url, ConnectionProperties::default()).await?;
        for seed in 0..rounds {
            let channel = connection.create_channel().await?;
            round(&channel, seed).await?;
            channel.close(200, "OK".into()).await?;
        }
        connection.close(200, "Goodbye".into()).await?;
        Ok(())
    })
}

async fn round(channel: &Channel, seed: u64) -> Result<(), Failed> {
    let (mut patterns, keys) = topics::chosen(seed);
    // RabbitMQ 4.3 refuses to bind a pattern with more.
    patterns.retain(|pattern| pattern.matches('#').count() <= 2);
    let exchange = format!("topics-{}", fastrand::u64(..));
    let flags = ExchangeDeclareOptions { auto_delete: true, ..Default::default() };
    channel.exchange_declare(exchange.as_str().into(), ExchangeKind::Topic, flags, FieldTable::default()).await?;
    let mut queues = Vec::new();
    for pattern in &patterns {
        let flags = QueueDeclareOptions { exclusive: true, ..Default::default() };
        let queue = channel.queue_declare("".into(), flags, FieldTable::default()).await?.name().clone();
        let (key, flags) = (pattern.as_str().into(), QueueBindOptions::default());
        channel.queue_bind(queue.clone(), exchange.as_str().into(), key, flags, FieldTable::default()).await?;
        queues.push(queue);
    }
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    for key in &keys {
        let (flags, properties) = (BasicPublishOptions::default(), BasicProperties::default());
        let sent =
            channel.basic_publish(exchange.as_str().into(), key.as_str().into(), flags, key.as_bytes(), properties);
        sent.await?.await?;
    }
    for (pattern, queue) in patterns.iter().zip(queues) {
        let mut got = BTreeSet::new();
        while let Some(message) = channel.basic_get(queue.clone(), BasicGetOptions { no_ack: true }).await? {
            got.insert(String::from_utf8_lossy(&message.data).into_owned());
        }
        let expected: BTreeSet<String> = keys.iter().filter(|key| Kind::Topic.takes(pattern, key)).cloned().collect();
        assert_eq!(got, expected, "the pattern {pattern:?}, seed {seed}");
    }
    Ok(())
}
