//! The management API: the few of [RabbitMQ's HTTP calls](https://www.rabbitmq.com/docs/http-api-reference) that a course needs,
//! under the same paths, and a few of its own under `/api/hello-rabbit/` that simulate faults.
//!
//! | call | does |
//! |---|---|
//! | `GET /api/overview`, `/api/whoami`, `/api/vhosts`, `/api/users`, `/api/exchanges`, `/api/queues`, `/api/bindings`, `/api/connections`, `/api/channels` | lists; exchanges, queues and bindings also `/VHOST`, exchanges and queues also `/VHOST/NAME`, connections also `/NAME` |
//! | `PUT`, `DELETE /api/vhosts/VHOST` | |
//! | `PUT`, `DELETE /api/users/USER` | `{"password": …, "tags": …}` |
//! | `PUT /api/permissions/VHOST/USER` | `{"configure": …, "write": …, "read": …}` |
//! | `DELETE /api/queues/VHOST/QUEUE`, `…/contents`, `/api/exchanges/VHOST/EXCHANGE` | deletes, purges |
//! | `POST /api/queues/VHOST/QUEUE/get` | `{"count": …}`: peeks |
//! | `POST /api/exchanges/VHOST/EXCHANGE/publish` | `{"routing_key": …, "payload": …, "payload_encoding": "string" or "base64"}` |
//! | `DELETE /api/connections/NAME` | closes, with the reason in `X-Reason` |
//! | `PUT`, `DELETE /api/hello-rabbit/alarms/memory`, `…/disk` | raises, clears |
//! | `PUT /api/hello-rabbit/refuse-logins` | `{"count": …}`: refuses the next logins |
//! | `PUT /api/hello-rabbit/delay` | `{"ms": …}`: delays everything that the broker sends |
//! | `PUT /api/hello-rabbit/publishes/VHOST` | `{"fault": "nack", "return", "confirm-delay", "close-channel" or "cut", "after": …, "count": …, "ms": …}`: injects a fault into the next messages that are published; a count of 0 ends it |
//! | `DELETE /api/hello-rabbit/connections/NAME` | cuts, without `connection.close` |
//! | `PUT /api/hello-rabbit/restart` | restarts, as seen from clients |

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use wire::{fields, protocol::basic::AMQPProperties};

use crate::{
    Account, Alarm, BindingInfo, ConnectionInfo, ExchangeInfo, Injection, Limits, Patterns, PublishFault, QueueInfo,
    Server, VERSION,
    state::{Broker, ConnectionId},
};

/// The largest request, in bytes: the largest message in base64, and a little more.
const LARGEST: usize = 24 * 1024 * 1024;

/// The time limit for a client to send its request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit of a whole request.
const LONGEST: Duration = Duration::from_secs(30);

/// The largest number of bytes that are shown of a message, and of all messages together.
const SHOWN: usize = 64 * 1024;
const SHOWN_IN_ALL: usize = 4 * 1024 * 1024;

/// The number of requests that are served at a time.
const AT_A_TIME: usize = 64;

/// An answer: a status, and perhaps JSON.
type Answer = Result<(StatusCode, Option<Value>), (StatusCode, &'static str)>;

const NOT_FOUND: Answer = Err((StatusCode::NOT_FOUND, "not_found"));

/// Listens on this port of 127.0.0.1.
///
/// # Errors
///
/// An error when the port can't be used.
pub async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves the API until the future is dropped.
pub async fn serve(server: Arc<Server>, listener: TcpListener) -> Infallible {
    let mut requests = JoinSet::new();
    loop {
        while requests.try_join_next().is_some() {}
        if requests.len() >= AT_A_TIME {
            requests.join_next().await;
        }
        let Ok((socket, _)) = listener.accept().await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let server = server.clone();
        requests.spawn(async move {
            let service = service_fn(|request| {
                let server = server.clone();
                async move { Ok::<_, Infallible>(respond(&server, request).await) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(REQUEST_TIMEOUT).keep_alive(false);
            // A client may disconnect in the middle, and a request that takes too long is cut off.
            let _ = timeout(LONGEST, http.serve_connection(TokioIo::new(socket), service)).await;
        });
    }
}

async fn respond(server: &Server, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let mut response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    let answer = match who(server, parts.headers.get(header::AUTHORIZATION)) {
        None => {
            response = response.header(header::WWW_AUTHENTICATE, "Basic realm=\"hello-rabbit\"");
            Err((StatusCode::UNAUTHORIZED, "not_authorised"))
        }
        Some(user) => match timeout(REQUEST_TIMEOUT, Limited::new(body, LARGEST).collect()).await {
            Ok(Ok(body)) => {
                let bytes = body.to_bytes();
                let reason = parts.headers.get("x-reason").and_then(|reason| reason.to_str().ok());
                let reason = reason.filter(|reason| !reason.is_empty());
                match if bytes.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&bytes) } {
                    Ok(asked) => answer(server, &user, &parts.method, parts.uri.path(), &asked, reason),
                    Err(_) => Err((StatusCode::BAD_REQUEST, "not_json")),
                }
            }
            _ => Err((StatusCode::PAYLOAD_TOO_LARGE, "the request is too large or too slow")),
        },
    };
    let (status, body) = match answer {
        Ok((status, body)) => (status, body.map(|body| body.to_string()).unwrap_or_default()),
        Err((status, reason)) => (status, json!({ "error": status.canonical_reason(), "reason": reason }).to_string()),
    };
    response.status(status).body(Full::new(body.into())).unwrap_or_default()
}

/// Returns the user, if the password is right.
fn who(server: &Server, login: Option<&header::HeaderValue>) -> Option<String> {
    let login = BASE64_STANDARD.decode(login?.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
    let login = String::from_utf8(login).ok()?;
    let (user, password) = login.split_once(':')?;
    server.with(|broker| broker.knows(user, password)).then(|| user.to_owned())
}

fn answer(server: &Server, user: &str, method: &Method, path: &str, asked: &Value, reason: Option<&str>) -> Answer {
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let parts: Vec<String> = path.trim_start_matches('/').trim_end_matches('/').split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let Some((&"api", path)) = parts.split_first() else { return NOT_FOUND };
    let is_operator = server.with(|broker| broker.is_administrator(user));
    if *method != Method::GET && !is_operator {
        return Err((StatusCode::UNAUTHORIZED, "Not administrator user"));
    }
    match (method.as_str(), path) {
        ("GET", _) => read(server, user, path),
        ("POST", ["exchanges", vhost, exchange, "publish"]) => publish(server, vhost, exchange, asked),
        ("POST", ["queues", vhost, queue, "get"]) => peek(server, vhost, queue, asked),
        ("PUT", ["hello-rabbit", "delay"]) => {
            let Some(ms) = asked["ms"].as_u64().filter(|ms| *ms <= 600_000) else {
                return Err((StatusCode::BAD_REQUEST, "ms is missing or larger than 600000"));
            };
            server.delay(Duration::from_millis(ms));
            Ok((StatusCode::NO_CONTENT, None))
        }
        _ => server.with(|broker| change(broker, method, path, asked, reason)),
    }
}

/// Reads the broker's state, and formats it as JSON after the broker is unlocked.
fn read(server: &Server, user: &str, path: &[&str]) -> Answer {
    let ok = |value: Value| Ok((StatusCode::OK, Some(value)));
    let vhosts = server.with(|broker| broker.vhosts());
    if let ["exchanges" | "queues" | "bindings" | "vhosts", vhost, ..] = path
        && !vhosts.iter().any(|name| name == vhost)
    {
        return NOT_FOUND;
    }
    let wanted = path.get(1).copied();
    let is_wanted = |vhost: &str| wanted.is_none_or(|wanted| vhost == wanted);
    match path {
        ["overview"] => ok(overview(server)),
        ["whoami"] => ok(json!({ "name": user, "tags": [tags(server, user)] })),
        ["vhosts"] => ok(vhosts.iter().map(|name| json!({ "name": name })).collect()),
        ["vhosts", name] => ok(json!({ "name": name })),
        ["aliveness-test", _] => ok(json!({ "status": "ok" })),
        ["users"] => {
            let users = server.with(|broker| broker.users());
            ok(users.iter().map(|name| json!({ "name": name, "tags": [tags(server, name)] })).collect())
        }
        ["queues"] | ["queues", _] => {
            let all = server.with(|broker| broker.queues());
            ok(all.iter().filter(|queue| is_wanted(&queue.vhost)).map(queue_json).collect())
        }
        ["queues", vhost, name] => {
            let all = server.with(|broker| broker.queues());
            match all.iter().find(|queue| queue.vhost == *vhost && queue.name == *name) {
                Some(queue) => ok(queue_json(queue)),
                None => NOT_FOUND,
            }
        }
        ["exchanges"] | ["exchanges", _] => {
            let all = server.with(|broker| broker.exchanges());
            ok(all.iter().filter(|exchange| is_wanted(&exchange.vhost)).map(exchange_json).collect())
        }
        ["exchanges", vhost, name] => {
            let all = server.with(|broker| broker.exchanges());
            match all.iter().find(|exchange| exchange.vhost == *vhost && exchange.name == *name) {
                Some(exchange) => ok(exchange_json(exchange)),
                None => NOT_FOUND,
            }
        }
        ["bindings"] | ["bindings", _] => {
            let all = server.with(|broker| broker.bindings());
            ok(all.iter().filter(|binding| is_wanted(&binding.vhost)).map(binding_json).collect())
        }
        ["connections"] => ok(server.with(|broker| broker.connections()).iter().map(connection_json).collect()),
        ["channels"] => {
            let all = server.with(|broker| broker.connections());
            let of = |connection: &ConnectionInfo| {
                let name = |number: &u16| format!("{} ({number})", connection.name);
                let (user, vhost) = (connection.user.clone(), connection.vhost.clone());
                let details = json!({ "name": connection.name });
                let shown = |number: &u16| {
                    json!({
                        "name": name(number), "number": number, "user": user, "vhost": vhost, "connection_details": details,
                    })
                };
                connection.channels.iter().map(shown).collect::<Vec<_>>()
            };
            ok(all.iter().flat_map(of).collect())
        }
        ["connections", name] => {
            let all = server.with(|broker| broker.connections());
            match all.iter().find(|connection| connection.name == *name) {
                Some(connection) => ok(connection_json(connection)),
                None => NOT_FOUND,
            }
        }
        _ => NOT_FOUND,
    }
}

fn overview(server: &Server) -> Value {
    let (memory, alarms, queues, exchanges, connections) = server.with(|broker| {
        let counts = (broker.queues().len(), broker.exchanges().len(), broker.connections().len());
        (broker.memory(), broker.alarms(), counts.0, counts.1, counts.2)
    });
    json!({
        "product_name": "RabbitMQ",
        "product_version": VERSION,
        "rabbitmq_version": VERSION,
        "management_version": VERSION,
        "cluster_name": crate::state::handshake::NODE,
        "node": crate::state::handshake::NODE,
        "hello_rabbit": {
            "embedded": env!("CARGO_PKG_VERSION"),
            "message_bytes": memory,
            "alarms": alarms.iter().map(|alarm| alarm.reason()).collect::<Vec<_>>(),
        },
        "object_totals": { "queues": queues, "exchanges": exchanges, "connections": connections },
    })
}

fn change(broker: &mut Broker, method: &Method, path: &[&str], asked: &Value, reason: Option<&str>) -> Answer {
    let text = |key: &str| asked[key].as_str().unwrap_or_default().to_owned();
    let done = |there: bool| if there { Ok((StatusCode::NO_CONTENT, None)) } else { NOT_FOUND };
    match (method.as_str(), path) {
        ("PUT", ["vhosts", name]) => {
            let new = broker.add_vhost(name);
            Ok((if new { StatusCode::CREATED } else { StatusCode::NO_CONTENT }, None))
        }
        ("DELETE", ["vhosts", name]) => done(broker.delete_vhost(name)),
        ("PUT", ["users", name]) => {
            let account = Account {
                name: (*name).to_owned(),
                password: text("password"),
                permissions: None,
                administrator: text("tags").split(',').any(|tag| tag.trim() == "administrator"),
            };
            match broker.add_account(&account) {
                Ok(()) => Ok((StatusCode::CREATED, None)),
                Err(_) => Err((StatusCode::BAD_REQUEST, "bad_request")),
            }
        }
        ("DELETE", ["users", name]) => done(broker.delete_user(name)),
        ("PUT", ["permissions", vhost, user]) => {
            let patterns = Patterns { configure: text("configure"), write: text("write"), read: text("read") };
            match broker.permit(user, vhost, &patterns) {
                Ok(true) => Ok((StatusCode::CREATED, None)),
                Ok(false) => Err((StatusCode::BAD_REQUEST, "vhost_or_user_not_found")),
                Err(_) => Err((StatusCode::BAD_REQUEST, "a pattern is not a regular expression")),
            }
        }
        ("DELETE", ["queues", vhost, queue]) => done(broker.delete_queue_named(vhost, queue)),
        ("DELETE", ["exchanges", vhost, exchange]) => done(broker.delete_exchange_named(vhost, exchange)),
        ("DELETE", ["queues", vhost, queue, "contents"]) => done(broker.purge(vhost, queue).is_some()),
        ("DELETE", ["connections", name]) => match connection(broker, name) {
            Some(id) => done(broker.close(id, reason.unwrap_or("Closed via management plugin"))),
            None => NOT_FOUND,
        },
        ("DELETE", ["connections", "username", user]) => {
            let theirs = broker.connections();
            for connection in theirs.iter().filter(|connection| connection.user == *user) {
                broker.close(connection.id, reason.unwrap_or("Closed via management plugin"));
            }
            done(true)
        }
        ("DELETE", ["hello-rabbit", "connections", name]) => match connection(broker, name) {
            Some(id) => done(broker.cut(id)),
            None => NOT_FOUND,
        },
        ("PUT" | "DELETE", ["hello-rabbit", "alarms", name]) => {
            let alarm = match *name {
                "memory" => Alarm::Memory,
                "disk" => Alarm::Disk,
                _ => return NOT_FOUND,
            };
            if *method == Method::PUT {
                broker.raise(alarm)
            } else {
                broker.clear(alarm)
            }
            done(true)
        }
        ("PUT", ["hello-rabbit", "restart"]) => {
            broker.restart();
            done(true)
        }
        ("PUT", ["hello-rabbit", "publishes", vhost]) => match injection(asked) {
            Ok(injection) => done(broker.inject(vhost, injection)),
            Err(reason) => Err((StatusCode::BAD_REQUEST, reason)),
        },
        ("PUT", ["hello-rabbit", "refuse-logins"]) => {
            let count = asked["count"].as_u64().and_then(|count| u32::try_from(count).ok());
            let Some(count) = count else { return Err((StatusCode::BAD_REQUEST, "count is missing")) };
            broker.refuse_logins(count);
            done(true)
        }
        _ => NOT_FOUND,
    }
}

/// Returns the fault that is asked for, and the messages that it is for: by default, the next one.
fn injection(asked: &Value) -> Result<Injection, &'static str> {
    let fault = match asked["fault"].as_str().unwrap_or_default() {
        "nack" => PublishFault::Nack,
        "return" => PublishFault::Return,
        "confirm-delay" => PublishFault::DelayConfirm(asked["ms"].as_u64().ok_or("ms is missing")?),
        "close-channel" => PublishFault::CloseChannel,
        "cut" => PublishFault::Cut,
        _ => return Err("fault must be nack, return, confirm-delay, close-channel or cut"),
    };
    let number = |name: &str, otherwise: u64| match &asked[name] {
        Value::Null => Ok(otherwise),
        number => number.as_u64().ok_or("after and count must be whole numbers"),
    };
    Ok(Injection { fault, after: number("after", 0)?, count: number("count", 1)? })
}

fn publish(server: &Server, vhost: &str, exchange: &str, asked: &Value) -> Answer {
    let payload = asked["payload"].as_str().unwrap_or_default();
    let body = match asked["payload_encoding"].as_str() {
        None | Some("string") => Bytes::copy_from_slice(payload.as_bytes()),
        Some("base64") => match BASE64_STANDARD.decode(payload) {
            Ok(bytes) => bytes.into(),
            Err(_) => return Err((StatusCode::BAD_REQUEST, "the payload is not base64")),
        },
        Some(_) => return Err((StatusCode::BAD_REQUEST, "payload_encoding must be string or base64")),
    };
    if body.len() > Limits::default().message {
        return Err((StatusCode::BAD_REQUEST, "the message is larger than the broker's limit"));
    }
    let key = asked["routing_key"].as_str().unwrap_or_default();
    if key.len() > 255 {
        return Err((StatusCode::BAD_REQUEST, "routing_key is longer than 255 bytes"));
    }
    // In the management API the default exchange has a name.
    let exchange = if exchange == "amq.default" { "" } else { exchange };
    let properties = AMQPProperties::default();
    match server.with(|broker| broker.publish_from_outside(vhost, exchange, key, &properties, body)) {
        Some(queues) => Ok((StatusCode::OK, Some(json!({ "routed": queues > 0 })))),
        None => NOT_FOUND,
    }
}

fn peek(server: &Server, vhost: &str, queue: &str, asked: &Value) -> Answer {
    let count = asked["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(1).min(1000);
    let Some(peeked) = server.with(|broker| broker.peek(vhost, queue, count)) else { return NOT_FOUND };
    let mut room = SHOWN_IN_ALL;
    let mut shown = Vec::new();
    for peeked in &peeked {
        let body = &peeked.message.body[..peeked.message.body.len().min(SHOWN)];
        if body.len() > room {
            break;
        }
        room -= body.len();
        let (payload, encoding) = match std::str::from_utf8(body) {
            Ok(text) => (text.to_owned(), "string"),
            Err(_) => (BASE64_STANDARD.encode(body), "base64"),
        };
        let properties: serde_json::Map<String, Value> = fields::properties(&peeked.message.read_properties())
            .into_iter()
            .map(|(name, value)| (name.replace('-', "_"), value))
            .collect();
        shown.push(json!({
            "payload": payload, "payload_encoding": encoding, "payload_bytes": peeked.message.body.len(),
            "exchange": &*peeked.message.exchange, "routing_key": peeked.message.routing_key,
            "redelivered": peeked.redelivered, "properties": properties,
        }));
    }
    Ok((StatusCode::OK, Some(shown.into())))
}

fn exchange_json(exchange: &ExchangeInfo) -> Value {
    json!({
        "vhost": exchange.vhost, "name": exchange.name, "type": exchange.kind, "durable": exchange.durable,
        "auto_delete": exchange.auto_delete, "internal": exchange.internal,
    })
}

fn binding_json(binding: &BindingInfo) -> Value {
    json!({
        "vhost": binding.vhost, "source": binding.source, "destination": binding.destination,
        "destination_type": if binding.to_exchange { "exchange" } else { "queue" }, "routing_key": binding.key,
    })
}

fn queue_json(queue: &QueueInfo) -> Value {
    json!({
        "vhost": queue.vhost, "name": queue.name, "type": queue.kind, "durable": queue.durable,
        "auto_delete": queue.auto_delete, "exclusive": queue.exclusive, "messages": queue.ready + queue.unacked,
        "messages_ready": queue.ready, "messages_unacknowledged": queue.unacked, "message_bytes_ready": queue.bytes,
        "consumers": queue.consumers,
    })
}

fn connection_json(connection: &ConnectionInfo) -> Value {
    let peer = connection.name.split(" -> ").next().unwrap_or_default();
    let (host, port) = match peer.parse::<SocketAddr>() {
        Ok(peer) => (peer.ip().to_string(), peer.port()),
        Err(_) => (peer.to_owned(), 0),
    };
    json!({
        "name": connection.name, "peer_host": host, "peer_port": port, "user": connection.user,
        "vhost": connection.vhost, "state": connection.state, "channels": connection.channels.len(),
        "client_properties": wire::fields::table(&connection.properties),
    })
}

fn connection(broker: &Broker, name: &str) -> Option<ConnectionId> {
    broker.connections().iter().find(|connection| connection.name == name).map(|connection| connection.id)
}

fn tags(server: &Server, user: &str) -> &'static str {
    if server.with(|broker| broker.is_administrator(user)) { "administrator" } else { "" }
}
