//! Commands on the broker that is kept running, through its management API: queries, changes and simulated faults.

use cli::{AlarmKind, AlarmWhat, BrokerCommand};
use recording::NotChecked;
use serde_json::{Value, json};

use crate::{
    brokers::management::{Management, ManagementError, encode},
    stage::{Injection, PublishFault, asked},
};

/// Carries out a command, and returns its output. None if it is not a command of this module.
pub(super) async fn run(what: &BrokerCommand, management: &Management) -> Option<Result<String, NotChecked>> {
    Some(match what {
        BrokerCommand::Bindings => bindings(management).await,
        BrokerCommand::Connections => connections(management).await,
        BrokerCommand::Publish { key, body, exchange, place } => {
            publish(management, &place.vhost, exchange, key, body).await
        }
        BrokerCommand::Peek { queue, count, place } => peek(management, &place.vhost, queue, *count).await,
        BrokerCommand::Purge { queue, place } => {
            let path = format!("/api/queues/{}/{}/contents", encode(&place.vhost), encode(queue));
            ask(management, "DELETE", &path, Value::Null, "purge the queue")
                .await
                .map(|_| format!("{queue} is empty\n"))
        }
        BrokerCommand::Delete { queue, place } => delete(management, &place.vhost, queue).await,
        BrokerCommand::Close { connection, reason } => end(management, "/api/connections", connection, reason).await,
        BrokerCommand::Cut { connection } => end(management, "/api/hello-rabbit/connections", connection, "").await,
        BrokerCommand::Alarm { what, kind } => alarm(management, *what, *kind).await,
        BrokerCommand::RefuseLogins { count } => {
            let asked = json!({ "count": count });
            ask(management, "PUT", "/api/hello-rabbit/refuse-logins", asked, "refuse logins").await.map(|_| match count
            {
                0 => "logins are accepted again\n".to_owned(),
                1 => "the next login is refused\n".to_owned(),
                _ => format!("the next {count} logins are refused\n"),
            })
        }
        BrokerCommand::Delay { ms } => {
            let asked = json!({ "ms": ms });
            ask(management, "PUT", "/api/hello-rabbit/delay", asked, "delay what it sends").await.map(|_| match ms {
                0 => "nothing is delayed\n".to_owned(),
                _ => format!("everything that the broker sends is delayed by {ms} ms\n"),
            })
        }
        BrokerCommand::NackNext { count, which } => {
            inject(management, &which.place.vhost, PublishFault::Nack, which.after, *count).await.map(
                |()| match count {
                    0 => "no message is refused any more\n".to_owned(),
                    _ => format!("{}, refused with basic.nack\n", messages(*count, which.after)),
                },
            )
        }
        BrokerCommand::ReturnNext { count, which } => {
            inject(management, &which.place.vhost, PublishFault::Return, which.after, *count).await.map(
                |()| match count {
                    0 => "each message goes to its queue again\n".to_owned(),
                    _ => format!("{}, in no queue: mandatory ones are returned\n", messages(*count, which.after)),
                },
            )
        }
        BrokerCommand::ConfirmDelay { ms, which } => {
            let fault = PublishFault::DelayConfirm(u64::from(*ms));
            inject(management, &which.place.vhost, fault, which.after, u64::MAX).await.map(|()| match ms {
                0 => "confirms are not delayed any more\n".to_owned(),
                _ => format!("confirms are delayed by {ms} ms\n"),
            })
        }
        BrokerCommand::CutAfter { count, place } => {
            let done = inject(management, &place.vhost, PublishFault::Cut, *count, 1).await;
            done.map(|()| format!("{}, cuts its connection\n", messages(1, *count)))
        }
        BrokerCommand::CloseChannelAfter { count, place } => {
            let done = inject(management, &place.vhost, PublishFault::CloseChannel, *count, 1).await;
            done.map(|()| format!("{}, closes its channel\n", messages(1, *count)))
        }
        BrokerCommand::Up { .. }
        | BrokerCommand::Down
        | BrokerCommand::Status
        | BrokerCommand::Queues { .. }
        | BrokerCommand::Restart
        | BrokerCommand::Logs => return None,
    })
}

async fn inject(
    management: &Management,
    vhost: &str,
    fault: PublishFault,
    after: u64,
    count: u64,
) -> Result<(), NotChecked> {
    let asked = asked(Injection { fault, after, count });
    let path = format!("/api/hello-rabbit/publishes/{}", encode(vhost));
    ask(management, "PUT", &path, asked, "do that to published messages").await.map(drop).map_err(|mut reason| {
        reason.hints.push(format!("Check that there is a vhost {vhost:?}: cargo xtask broker status"));
        reason
    })
}

/// Returns the words for the messages that a fault is for.
fn messages(count: u64, after: u64) -> String {
    let next = match count {
        1 => "the next published message".to_owned(),
        _ => format!("the next {count} published messages"),
    };
    match after {
        0 => next,
        1 => format!("{next} after another one"),
        _ => format!("{next} after {after} others"),
    }
}

/// Returns the queues of `/`, as `rabbitmqctl list_queues` prints them.
pub(super) async fn queues(management: &Management, columns: &[&str]) -> Result<String, NotChecked> {
    let queues = list(management, "/api/queues/%2F", "list its queues").await?;
    let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |queue: &Value| columns.iter().map(|column| cell(&queue[*column])).collect();
    Ok(format!("Listing queues for vhost / ...\n{}", table(columns, queues.iter().map(row))))
}

/// Restarts the embedded broker, as seen from its clients.
pub(super) async fn restart(management: &Management) -> Result<(), NotChecked> {
    ask(management, "PUT", "/api/hello-rabbit/restart", Value::Null, "restart the broker").await.map(drop)
}

async fn bindings(management: &Management) -> Result<String, NotChecked> {
    let bindings = list(management, "/api/bindings", "list its bindings").await?;
    let row = |binding: &Value| {
        let source = text(binding, "source");
        let source = if source.is_empty() { "(default)".to_owned() } else { source };
        let destination = format!("{} {}", text(binding, "destination_type"), text(binding, "destination"));
        vec![text(binding, "vhost"), source, text(binding, "routing_key"), destination]
    };
    Ok(table(&["vhost", "exchange", "routing key", "leads to"], bindings.iter().map(row)))
}

async fn connections(management: &Management) -> Result<String, NotChecked> {
    let connections = list(management, "/api/connections", "list its connections").await?;
    let row = |connection: &Value| {
        let channels = connection["channels"].to_string();
        vec![
            text(connection, "name"),
            text(connection, "user"),
            text(connection, "vhost"),
            text(connection, "state"),
            channels,
        ]
    };
    Ok(table(&["name", "user", "vhost", "state", "channels"], connections.iter().map(row)))
}

async fn publish(
    management: &Management,
    vhost: &str,
    exchange: &str,
    key: &str,
    body: &str,
) -> Result<String, NotChecked> {
    let name = if exchange.is_empty() { "amq.default" } else { exchange };
    let path = format!("/api/exchanges/{}/{}/publish", encode(vhost), encode(name));
    let asked = json!({
        "properties": {}, "routing_key": key, "payload": body, "payload_encoding": "string",
    });
    let answer = ask(management, "POST", &path, asked, "publish").await?;
    let routed: Value = serde_json::from_str(&answer).unwrap_or_default();
    if routed["routed"] == true {
        return Ok("published\n".to_owned());
    }
    Err(NotChecked {
        message: format!("The broker dropped the message: no queue gets messages with the routing key {key:?}."),
        hints: vec!["List the bindings: cargo xtask broker bindings".to_owned()],
    })
}

async fn peek(management: &Management, vhost: &str, queue: &str, count: u32) -> Result<String, NotChecked> {
    let path = format!("/api/queues/{}/{}/get", encode(vhost), encode(queue));
    // RabbitMQ takes messages out and requeues them; the embedded broker leaves them in the queue.
    let asked = json!({ "count": count, "ackmode": "ack_requeue_true", "encoding": "auto" });
    let answer = management.call("POST", &path, Some(asked.to_string()), None, "show the messages of the queue").await;
    let answer = answer.map_err(|error| match error {
        ManagementError::Refused { status: 404, .. } => no_queue(vhost, queue),
        error => not_answered(&error, &path),
    })?;
    let messages: Vec<Value> = serde_json::from_str(&answer).unwrap_or_default();
    let row = |(number, message): (usize, &Value)| {
        let again = if message["redelivered"] == true { "redelivered" } else { "" };
        let body = wire::words::bytes(&payload(message));
        vec![(number + 1).to_string(), again.to_owned(), body]
    };
    if messages.is_empty() {
        return Ok(format!("{queue} is empty\n"));
    }
    Ok(table(&["", "", "body"], messages.iter().enumerate().map(row)))
}

async fn delete(management: &Management, vhost: &str, queue: &str) -> Result<String, NotChecked> {
    let path = format!("/api/queues/{}/{}", encode(vhost), encode(queue));
    let deleted = management.call("DELETE", &path, None, None, "delete the queue").await;
    deleted.map(|_| format!("{queue} is deleted\n")).map_err(|error| match error {
        ManagementError::Refused { status: 404, .. } => no_queue(vhost, queue),
        error => not_answered(&error, &path),
    })
}

fn no_queue(vhost: &str, queue: &str) -> NotChecked {
    NotChecked {
        message: format!("There is no queue {queue:?} in the vhost {vhost:?}."),
        hints: vec!["List the queues: cargo xtask broker queues".to_owned()],
    }
}

fn payload(message: &Value) -> Vec<u8> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let payload = text(message, "payload");
    match text(message, "payload_encoding").as_str() {
        "base64" => BASE64_STANDARD.decode(&payload).unwrap_or_else(|_| payload.into_bytes()),
        _ => payload.into_bytes(),
    }
}

async fn end(management: &Management, path: &str, connection: &str, reason: &str) -> Result<String, NotChecked> {
    let names = match connection {
        "all" => {
            let all = list(management, "/api/connections", "list its connections").await?;
            all.iter().map(|connection| text(connection, "name")).collect()
        }
        one => vec![one.to_owned()],
    };
    for name in &names {
        let path = format!("{path}/{}", encode(name));
        let mut ended = management.call("DELETE", &path, None, Some(reason), "end the connection").await;
        if connection == "all" && matches!(ended, Err(ManagementError::Refused { status: 404, .. })) {
            ended = Ok(String::new()); // it went by itself
        }
        ended.map_err(|error| NotChecked {
            message: format!("{error}."),
            hints: vec!["List the connections: cargo xtask broker connections".to_owned()],
        })?;
    }
    Ok(format!(
        "{} ended\n",
        if names.len() == 1 { "1 connection".to_owned() } else { format!("{} connections", names.len()) }
    ))
}

async fn alarm(management: &Management, what: AlarmWhat, kind: Option<AlarmKind>) -> Result<String, NotChecked> {
    let (method, then, otherwise): (_, _, &[AlarmKind]) = match what {
        AlarmWhat::Raise => ("PUT", "on: publishers are blocked", &[AlarmKind::Memory]),
        AlarmWhat::Clear => ("DELETE", "off", &[AlarmKind::Memory, AlarmKind::Disk]),
    };
    let mut output = String::new();
    for kind in kind.as_ref().map_or(otherwise, std::slice::from_ref) {
        let name = match kind {
            AlarmKind::Memory => "memory",
            AlarmKind::Disk => "disk",
        };
        let path = format!("/api/hello-rabbit/alarms/{name}");
        ask(management, method, &path, Value::Null, "raise or clear an alarm").await?;
        output.push_str(&format!("the {name} alarm is {then}\n"));
    }
    Ok(output)
}

async fn list(management: &Management, path: &str, what: &str) -> Result<Vec<Value>, NotChecked> {
    let answer = ask(management, "GET", path, Value::Null, what).await?;
    Ok(serde_json::from_str(&answer).unwrap_or_default())
}

async fn ask(
    management: &Management,
    method: &'static str,
    path: &str,
    asked: Value,
    what: &str,
) -> Result<String, NotChecked> {
    let body = (!asked.is_null()).then(|| asked.to_string());
    management.call(method, path, body, None, what).await.map_err(|error| not_answered(&error, path))
}

fn not_answered(error: &ManagementError, path: &str) -> NotChecked {
    NotChecked {
        message: format!("{error}."),
        hints: vec![if path.starts_with("/api/hello-rabbit/") {
            "Start the embedded broker, because only that can do it: cargo xtask broker up --broker embedded".to_owned()
        } else {
            "Check that the queue, the exchange and the vhost exist: cargo xtask broker queues".to_owned()
        }],
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Returns rows under their headings, with columns as wide as necessary. The names may come from any program, so they are made
/// harmless.
fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| wire::words::harmless(cell)).collect()).collect();
    let width = |column: usize| rows.iter().map(|row| textwrap::core::display_width(&row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - textwrap::core::display_width(cell))));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_have_to_be_and_names_are_harmless() {
        let rows = [vec!["hello".to_owned(), "1".to_owned()], vec!["a\x1b[31m".to_owned(), "200".to_owned()]];
        insta::assert_snapshot!(table(&["name", "messages"], rows.into_iter()), @r"
        name         messages
        hello        1
        a\u{1b}[31m  200
        ");
    }
}
