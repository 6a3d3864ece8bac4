//! The lessons' own programs pass, and their reports are those of the snapshots.

use checker::brokers::{
    address::Address,
    client::{self, Client},
};
use lapin::{Connection, ConnectionProperties, ExchangeKind, options::ExchangeDeclareOptions, types::FieldTable};
use libtest_mimic::Failed;

use crate::{
    brokers::{Check as _, Place, TestBroker, forward, runtime},
    shared::{render, snapshot},
};

/// The lesson's own program passes. Its report is the same on every RabbitMQ, as are its output and its conversation if one
/// program runs at a time. With several workers, the distribution of messages differs from run to run, and so does what comes to a
/// program that waits for a time.
pub fn reference(broker: &TestBroker, lesson: &str) -> Result<(), Failed> {
    let output = broker.check(&["lesson", lesson, "--format", "json", "--seed", "1"]).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let programs = report["programs"].as_array().ok_or("no programs")?;
    let is_killed = |program: &serde_json::Value| program["exit"]["signal"] == 9;
    // How many foreign answers come until it gives up is a matter of time.
    let gives_up = |program: &serde_json::Value| program["role"] == contracts::calling::NO_SERVER;
    // Which messages one confirm is for is a matter of time, and so are the milliseconds that it prints.
    let is_timed = |program: &serde_json::Value| program["role"] == contracts::confirming::CALM;
    if programs.iter().any(|program| is_killed(program) || gives_up(program) || is_timed(program)) {
        let output = broker.check(&["lesson", lesson, "--seed", "1"]).output()?;
        // RabbitMQ has no faults on demand, and the report says so.
        let notes = report["notes"].as_array().ok_or("no notes")?;
        let on_rabbitmq = if notes.is_empty() { "" } else { "_on_rabbitmq" };
        snapshot(&format!("lesson_{lesson}_report{on_rabbitmq}"), &render(&output));
        return Ok(());
    }
    let output = broker.check(&["lesson", lesson, "--wire", "--seed", "1"]).output()?;
    snapshot(&format!("lesson_{lesson}_report"), &render(&output));
    let stdout: Vec<&str> =
        report["stdout"].as_array().ok_or("no stdout")?.iter().filter_map(|line| line.as_str()).collect();
    snapshot(&format!("lesson_{lesson}_stdout"), &stdout.join("\n"));
    Ok(())
}

/// `check all` checks all lessons on one broker.
pub fn check_all(broker: &TestBroker) -> Result<(), Failed> {
    let output = broker.check(&["all"]).output()?;
    // RabbitMQ has no faults on demand, and the report of lesson 13 says so.
    let on_rabbitmq = if broker.place == Place::Embedded { "" } else { "_on_rabbitmq" };
    snapshot(&format!("check_all{on_rabbitmq}"), &render(&output));
    Ok(())
}

/// The JSON report is one object, with the fields of the format.
pub fn json(broker: &TestBroker) -> Result<(), Failed> {
    let output = broker.check(&["lesson", "01", "--format", "json"]).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["format"], "hello-rabbit/check/v1");
    assert_eq!(report["verdict"], "passed");
    assert_eq!(report["broker"]["product"], "RabbitMQ");
    assert_eq!(report["broker"]["version"], broker.broker.identity.version);
    assert_eq!(report["exit"]["code"], 0);
    assert_eq!(report["stdout"], serde_json::json!([" [x] Sent 'Hello World!'"]));
    let published = report["wire"].as_array().unwrap().iter().find(|event| event["method"] == "basic.publish").unwrap();
    assert_eq!(published["args"]["routing-key"], "hello");
    assert_eq!(published["body"], "Hello World!");
    assert_eq!(published["from"], "program");
    let text = report.to_string();
    assert!(!text.contains("hello-rabbit-"), "the check's own vhost shows: {text}");
    assert!(text.contains("(hidden)") && !text.contains("guest\\u0000guest"), "the password shows: {text}");
    for field in ["lesson", "program", "reason", "steps", "stderr", "timing_ms"] {
        assert!(report.get(field).is_some(), "{field} is missing");
    }
    Ok(())
}

/// A check without a management API works in the given vhost, and refuses to when a queue or an exchange is in its way.
pub fn users_queue(broker: &TestBroker) -> Result<(), Failed> {
    let management = broker.broker.management.clone().unwrap();
    let vhost = format!("users-{}", fastrand::u32(..));
    runtime().block_on(management.make_vhost(&vhost)).unwrap();
    let address = broker.broker.address.in_vhost(&vhost);
    // A forwarder to the broker: no management API listens at its port + 10,000.
    let door = runtime().block_on(forward(&address));
    let forwarded = Address { port: door.port(), ..broker.broker.address.clone() };
    let client = runtime().block_on(Client::reach(&address)).unwrap();
    let declare = |queue| runtime().block_on(client.declare(client::durable(queue))).unwrap();

    declare("other");
    let passed = broker.check_at(&forwarded, &["lesson", "01"]).output()?;
    assert_eq!(passed.status.code(), Some(0), "{}", String::from_utf8_lossy(&passed.stdout));
    assert!(!runtime().block_on(client.has("hello")).unwrap(), "the check left its queue");
    assert!(runtime().block_on(client.has("other")).unwrap(), "the check took a queue that is not its own");

    declare("hello");
    runtime().block_on(client.publish("hello", b"precious")).unwrap();
    let refused = broker.check_at(&forwarded, &["lesson", "01"]).output()?;
    snapshot("users_queue", &render(&refused));

    let passed = broker.check_at(&forwarded, &["lesson", "05"]).output()?;
    assert_eq!(passed.status.code(), Some(0), "{}", String::from_utf8_lossy(&passed.stdout));
    assert!(!runtime().block_on(client.has_exchange("logs")).unwrap(), "the check left its exchange");
    runtime().block_on(async {
        let connection = Connection::connect(&address.url(), ConnectionProperties::default()).await?;
        let (channel, flags) = (connection.create_channel().await?, ExchangeDeclareOptions::default());
        channel.exchange_declare("logs".into(), ExchangeKind::Fanout, flags, FieldTable::default()).await?;
        connection.close(200, "Goodbye".into()).await
    })?;
    let refused = broker.check_at(&forwarded, &["lesson", "05"]).output()?;
    snapshot("users_exchange", &render(&refused));
    assert!(runtime().block_on(client.has_exchange("logs")).unwrap(), "the user's exchange is gone");
    let kept = runtime().block_on(client.drain("hello", 1, std::time::Duration::from_secs(5))).unwrap();
    assert_eq!(kept, Some(vec![b"precious".to_vec()]), "the user's message is gone");
    runtime().block_on(management.delete_vhost(&vhost)).unwrap();
    Ok(())
}
