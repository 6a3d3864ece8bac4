//! Programs that use lapin, as the lessons do.

use std::time::Duration;

use futures_lite::StreamExt;
use harness::brokers::address::Address;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicPublishOptions,
        BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::FieldTable,
};
use tokio::{runtime::Runtime, time::timeout};

use crate::stage::Stage;

conversations!(
    send_and_receive,
    confirms_and_returns,
    work_queue,
    publish_subscribe,
    channel_error_then_another_channel,
    queue_deleted_ends_the_consumer,
    unacknowledged_comes_again,
    wrong_password,
    missing_vhost,
    remote_procedure_call,
);

/// Runs a program to its end, or until its time limit.
fn run(program: impl Future<Output = Result<(), lapin::Error>>) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        timeout(Duration::from_secs(30), program)
            .await
            .expect("the program ends in time")
            .expect("the program goes well");
    });
}

async fn connect(s: &Stage) -> Result<(Connection, Channel), lapin::Error> {
    let connection = Connection::connect(&s.address.url(), ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    Ok((connection, channel))
}

async fn declare(channel: &Channel, queue: &str) -> Result<(), lapin::Error> {
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, FieldTable::default()).await.map(drop)
}

async fn publish(channel: &Channel, key: &str, body: &str) -> Result<String, lapin::Error> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let confirmation = channel
        .basic_publish("".into(), key.into(), options, body.as_bytes(), BasicProperties::default())
        .await?
        .await?;
    Ok(match confirmation {
        lapin::Confirmation::Ack(None) => "ack".to_owned(),
        lapin::Confirmation::Ack(Some(message)) => {
            format!("ack, returned: {} {}", message.reply_code, message.reply_text)
        }
        lapin::Confirmation::Nack(_) => "nack".to_owned(),
        lapin::Confirmation::NotRequested => "not requested".to_owned(),
    })
}

fn describe(delivery: &Delivery) -> String {
    format!("{:?} redelivered {}", String::from_utf8_lossy(&delivery.data), delivery.redelivered)
}

fn send_and_receive(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        declare(&channel, "hello").await?;
        s.note(format!("publish: {}", publish(&channel, "hello", "Hello World!").await?));
        let mut consumer = channel
            .basic_consume("hello".into(), "".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        let delivery = consumer.next().await.unwrap()?;
        s.note(format!("received {}", describe(&delivery)));
        s.note(format!("ack: {:?}", delivery.ack(BasicAckOptions::default()).await?));
        connection.close(200, "OK".into()).await
    });
}

fn confirms_and_returns(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        declare(&channel, "q").await?;
        s.note(format!("to q: {}", publish(&channel, "q", "1").await?));
        s.note(format!("unroutable: {}", publish(&channel, "none", "2").await?));
        s.note(format!("to q: {}", publish(&channel, "q", "3").await?));
        connection.close(200, "OK".into()).await
    });
}

fn work_queue(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        declare(&channel, "tasks").await?;
        channel.basic_qos(1, BasicQosOptions::default()).await?;
        for number in 0..3 {
            publish(&channel, "tasks", &number.to_string()).await?;
        }
        let mut consumer = channel
            .basic_consume("tasks".into(), "worker".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        for _ in 0..3 {
            let delivery = consumer.next().await.unwrap()?;
            s.note(format!("worker got {}", describe(&delivery)));
            delivery.ack(BasicAckOptions::default()).await?;
        }
        channel.basic_cancel("worker".into(), BasicCancelOptions::default()).await?;
        s.note(format!("after cancel: {}", consumer.next().await.is_none()));
        connection.close(200, "OK".into()).await
    });
}

fn publish_subscribe(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        let fanout = lapin::ExchangeKind::Fanout;
        channel
            .exchange_declare("logs".into(), fanout, ExchangeDeclareOptions::default(), FieldTable::default())
            .await?;
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let mut queues = Vec::new();
        for _ in 0..2 {
            let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
            s.note(format!("declared {}", queue.name()));
            channel
                .queue_bind(
                    queue.name().clone(),
                    "logs".into(),
                    "".into(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                )
                .await?;
            queues.push(queue);
        }
        let properties = BasicProperties::default();
        channel
            .basic_publish("logs".into(), "".into(), BasicPublishOptions::default(), b"info", properties)
            .await?
            .await?;
        for queue in queues {
            let got = channel.basic_get(queue.name().clone(), BasicGetOptions { no_ack: true }).await?;
            s.note(format!("got {:?}", got.map(|message| describe(&message.delivery))));
        }
        connection.close(200, "OK".into()).await
    });
}

fn channel_error_then_another_channel(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let error = channel.queue_declare("nope".into(), passive, FieldTable::default()).await.unwrap_err();
        s.note(format!("error: {error}"));
        s.note(format!("the channel is open: {}", channel.status().connected()));
        let channel = connection.create_channel().await?;
        declare(&channel, "q").await?;
        s.note(format!("publish: {}", publish(&channel, "q", "m").await?));
        connection.close(200, "OK".into()).await
    });
}

fn queue_deleted_ends_the_consumer(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        declare(&channel, "q").await?;
        let mut consumer = channel
            .basic_consume("q".into(), "t".into(), BasicConsumeOptions::default(), FieldTable::default())
            .await?;
        let another = connection.create_channel().await?;
        another.queue_delete("q".into(), QueueDeleteOptions::default()).await?;
        s.note(format!("the consumer ends: {}", consumer.next().await.is_none()));
        connection.close(200, "OK".into()).await
    });
}

fn unacknowledged_comes_again(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        declare(&channel, "q").await?;
        publish(&channel, "q", "m").await?;
        let got = channel.basic_get("q".into(), BasicGetOptions::default()).await?.unwrap();
        s.note(format!("first {}", describe(&got.delivery)));
        connection.close(200, "OK".into()).await?;
        let (connection, channel) = connect(s).await?;
        let got = channel.basic_get("q".into(), BasicGetOptions::default()).await?.unwrap();
        s.note(format!("second {}", describe(&got.delivery)));
        connection.close(200, "OK".into()).await
    });
}

fn wrong_password(s: &mut Stage) {
    run(async {
        let address = Address { password: "wrong".to_owned(), ..s.address.clone() };
        let refused = Connection::connect(&address.url(), ConnectionProperties::default()).await;
        s.note(refused.err().map(|error| error.to_string()).unwrap_or_default());
        Ok(())
    });
}

fn missing_vhost(s: &mut Stage) {
    run(async {
        let url = s.address.in_vhost("nope").url();
        let refused = Connection::connect(&url, ConnectionProperties::default()).await;
        s.note(refused.err().map(|error| error.to_string()).unwrap_or_default());
        Ok(())
    });
}

fn remote_procedure_call(s: &mut Stage) {
    run(async {
        let (connection, channel) = connect(s).await?;
        declare(&channel, "rpc").await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let mut replies =
            channel.basic_consume("amq.rabbitmq.reply-to".into(), "".into(), no_ack, FieldTable::default()).await?;
        let server = connection.create_channel().await?;
        let mut requests = server.basic_consume("rpc".into(), "".into(), no_ack, FieldTable::default()).await?;
        let properties =
            BasicProperties::default().with_reply_to("amq.rabbitmq.reply-to".into()).with_correlation_id("7".into());
        channel
            .basic_publish("".into(), "rpc".into(), BasicPublishOptions::default(), b"30", properties)
            .await?
            .await?;
        let request = requests.next().await.unwrap()?;
        let reply_to = request.properties.reply_to().clone().unwrap();
        let id = request.properties.correlation_id().clone().unwrap();
        s.note(format!("request {} for {reply_to}", describe(&request)));
        let properties = BasicProperties::default().with_correlation_id(id);
        server.basic_publish("".into(), reply_to, BasicPublishOptions::default(), b"832040", properties).await?.await?;
        let reply = replies.next().await.unwrap()?;
        s.note(format!("reply {} {:?}", describe(&reply), reply.properties.correlation_id()));
        connection.close(200, "OK".into()).await
    });
}
