//! A report as one JSON object, `hello-rabbit/check/v1`. Fields are added freely, and never changed.

use std::time::Duration;

use serde_json::{Value, json};
use wire::{Event, Peer, What, fields};

use crate::verdict::{Outcome, Report, Step};

/// The version of the format.
pub const FORMAT: &str = "hello-rabbit/check/v1";

/// The report as JSON.
#[must_use]
pub fn report(report: &Report) -> Value {
    let performance = &report.performance;
    json!({
        "format": FORMAT,
        "lesson": report.lesson,
        "program": report.program,
        "verdict": report.verdict.word(),
        "reason": report.reason.as_ref().map(|reason| &reason.message),
        "ways_out": report.reason.as_ref().map(|reason| &reason.hints),
        "broker": report.broker.as_ref().map(|broker| json!({
            "kind": broker.kind,
            "product": broker.product,
            "version": broker.version,
            "detail": broker.detail,
        })),
        "steps": report.steps.iter().map(step).collect::<Vec<_>>(),
        "stdout": performance.stdout.lines(),
        "stderr": performance.stderr.lines(),
        "exit": performance.exit.map(|exit| json!({
            "code": exit.code,
            "signal": exit.signal,
            "overdue": exit.overdue,
        })),
        "seed": report.seed,
        "wire": performance.events.iter().map(event).collect::<Vec<_>>(),
        "wire_cut": performance.events_cut,
        "timing_ms": {
            "build": milliseconds(report.timing.build),
            "broker": milliseconds(report.timing.broker),
            "run": milliseconds(report.timing.run),
            "total": milliseconds(report.timing.total),
        },
    })
}

fn step(step: &Step) -> Value {
    let (verdict, evidence, message, hint) = match &step.outcome {
        Outcome::Passed(evidence) => ("passed", evidence.as_str(), "", ""),
        Outcome::Failed(mistake) => ("failed", &*mistake.evidence, &*mistake.message, &*mistake.hint),
        Outcome::Skipped(_) => ("skipped", "", "", ""),
        Outcome::NotChecked => ("not_checked", "", "", ""),
    };
    json!({
        "id": step.id,
        "title": step.title,
        "verdict": verdict,
        "evidence": evidence,
        "message": message,
        "hint": hint,
        "read": step.read,
    })
}

/// One thing that was said. `method` has a dot for AMQP's methods and none for what happens to the socket.
fn event(event: &Event) -> Value {
    let (channel, method, args, body) = match &event.what {
        What::Method { channel, method, content } => {
            let described = fields::describe(method);
            let mut args: serde_json::Map<String, Value> =
                described.args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if let Some(content) = content {
                let properties: serde_json::Map<String, Value> = fields::properties(&content.properties)
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect();
                args.insert("properties".to_owned(), Value::Object(properties));
            }
            let body = content.as_ref().map_or(Value::Null, |content| fields::bytes_to_json(&content.body));
            (*channel, described.name, Value::Object(args), body)
        }
        What::Connected => (0, "connected", json!({}), Value::Null),
        What::Unreachable(why) => (0, "unreachable", json!({ "why": why }), Value::Null),
        What::ProtocolHeader(header) => (
            0,
            "protocol-header",
            json!({ "version": format!("{}-{}-{}", header[5], header[6], header[7]) }),
            Value::Null,
        ),
        What::Strange { channel, why } => (*channel, "strange", json!({ "why": why }), Value::Null),
        What::Heartbeat => (0, "heartbeat", json!({}), Value::Null),
        What::Garbage(error) => (0, "garbage", json!({ "why": error.to_string() }), Value::Null),
        What::Ended { reset } => (0, "ended", json!({ "reset": reset }), Value::Null),
    };
    json!({
        "at_ms": milliseconds(event.at),
        "connection": event.connection,
        "from": match event.from { Peer::Program => "program", Peer::Broker => "broker" },
        "channel": channel,
        "method": method,
        "args": args,
        "body": body,
    })
}

/// Milliseconds, to the tenth.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
