//! The place of a conversation: a vhost of its own on one broker.

use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_STANDARD};
use harness::brokers::address::Address;
use wire::types::AMQPValue;

use crate::{
    client::{ANSWER_TIMEOUT, Client},
    methods::{self, inner},
    transcript::Log,
};

/// The distance from the AMQP port to the management API's port, as everywhere in this project.
const MANAGEMENT: u16 = harness::brokers::ports::MANAGEMENT;

/// A fresh vhost, the connections to it, and the transcript.
pub struct Stage {
    /// The broker, and the vhost.
    pub address: Address,
    log: Log,
    connections: u8,
    users: Vec<String>,
    ears: u32,
}

impl Stage {
    /// Creates the vhost. With `ears` of 5, silence has to last five times longer than usual.
    pub fn set(broker: &Address, ears: u32) -> Stage {
        // All names have the same length, and are short: reply texts contain them, and are cut at 255 bytes.
        let name: String = std::iter::repeat_with(fastrand::lowercase).take(6).collect();
        let vhost = format!("d{name}");
        let stage =
            Stage { address: broker.in_vhost(&vhost), log: Log::default(), connections: 0, users: Vec::new(), ears };
        stage.manage("PUT", &format!("vhosts/{vhost}"), "{}");
        stage.permit(&broker.user.clone(), ".*", ".*", ".*");
        stage
    }

    /// Returns the transcript so far.
    pub fn transcript(&self) -> String {
        self.log.text(&self.address.vhost)
    }

    /// Records a line that belongs to no connection.
    pub fn note(&self, line: impl Into<String>) {
        self.log.add('a', line);
    }

    /// Sends a request to the management API, and returns its answer.
    pub fn manage(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.manage_because(method, path, body, "")
    }

    /// Sends a request like [`Stage::manage`], with an `X-Reason`.
    pub fn manage_because(&self, method: &str, path: &str, body: &str, reason: &str) -> (u16, String) {
        let Address { host, port, user, password, .. } = &self.address;
        let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30)));
        let agent = ureq::Agent::new_with_config(config.http_status_as_error(false).proxy(None).build());
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{host}:{}/api/{path}", port + MANAGEMENT))
            .header("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))
            .header("content-type", "application/json");
        if !reason.is_empty() {
            request = request.header("x-reason", reason);
        }
        let mut response = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap_or_default())
    }

    /// Gives a user permissions in this vhost.
    pub fn permit(&self, user: &str, configure: &str, write: &str, read: &str) {
        let body = serde_json::json!({ "configure": configure, "write": write, "read": read }).to_string();
        self.manage("PUT", &format!("permissions/{}/{user}", self.address.vhost), &body);
    }

    /// Creates a user with the password `secret` and no permissions, and returns the name.
    pub fn user(&mut self, name: &str) -> String {
        let name = format!("{name}-{}", self.address.vhost);
        self.manage("PUT", &format!("users/{name}"), r#"{"password":"secret","tags":""}"#);
        self.users.push(name.clone());
        name
    }

    /// Creates a user with these permissions, and connects as that user.
    pub fn connect_as(&mut self, name: &str, configure: &str, write: &str, read: &str) -> Client {
        let user = self.user(name);
        self.permit(&user, configure, write, read);
        let mut client = self.socket();
        client.note(format!("-> (connects as {name}: configure {configure:?} write {write:?} read {read:?})"));
        let response = format!("\0{user}\0secret");
        client.muted(|client| handshake(client, CAPABLE, response.as_bytes(), &self.address.vhost));
        client
    }

    /// Opens a connection of the main user, with channel 1.
    pub fn connect(&mut self) -> Client {
        self.connect_with(CAPABLE)
    }

    /// Opens a connection like [`Stage::connect`], for a client with these capabilities.
    pub fn connect_with(&mut self, capabilities: &[&str]) -> Client {
        let mut client = self.socket();
        let login = self.login();
        client.muted(|client| handshake(client, capabilities, &login, &self.address.vhost));
        client
    }

    /// Returns the main user's response for PLAIN.
    pub fn login(&self) -> Vec<u8> {
        format!("\0{}\0{}", self.address.user, self.address.password).into_bytes()
    }

    /// Opens a connection without sending anything.
    pub fn socket(&mut self) -> Client {
        let name = char::from(b'a' + self.connections);
        self.connections += 1;
        Client::dial(name, self.log.clone(), &self.address, self.ears)
    }

    /// Opens a connection, sends the protocol header and receives connection.start; neither is recorded.
    pub fn greeted(&mut self) -> Client {
        let mut client = self.socket();
        client.muted(open_with_header);
        client
    }

    /// Opens a connection of the main user and receives connection.tune; nothing is recorded so far.
    pub fn tuned(&mut self) -> Client {
        let mut client = self.greeted();
        let login = self.login();
        client.muted(|client| {
            client.tell_on(0, methods::start_ok(&about(CAPABLE), "PLAIN", &login));
            client.next(Instant::now() + ANSWER_TIMEOUT);
        });
        client
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.manage("DELETE", &format!("vhosts/{}", self.address.vhost), "");
        for user in &self.users {
            self.manage("DELETE", &format!("users/{user}"), "");
        }
    }
}

/// The capabilities of a modern client.
pub const CAPABLE: &[&str] = &[
    "authentication_failure_close",
    "basic.nack",
    "connection.blocked",
    "consumer_cancel_notify",
    "exchange_exchange_bindings",
    "publisher_confirms",
];

/// Returns client properties with these capabilities.
pub fn about(capabilities: &[&str]) -> Vec<(&'static str, AMQPValue)> {
    let can: Vec<(&str, AMQPValue)> = capabilities.iter().map(|name| (*name, AMQPValue::Boolean(true))).collect();
    vec![("product", methods::text("difference")), ("capabilities", inner(&can))]
}

fn open_with_header(client: &mut Client) {
    client.write(&wire::frame::PROTOCOL_HEADER);
    client.next(Instant::now() + ANSWER_TIMEOUT);
}

/// Goes through the whole handshake, and opens channel 1.
pub fn handshake(client: &mut Client, capabilities: &[&str], login: &[u8], vhost: &str) {
    open_with_header(client);
    client.tell_on(0, methods::start_ok(&about(capabilities), "PLAIN", login));
    client.next(Instant::now() + ANSWER_TIMEOUT);
    // Without heartbeats a conversation may take any time.
    client.tell_on(0, methods::tune_ok(2047, client.frame_max, 0));
    client.call_on(0, methods::connection_open(vhost));
    client.open(1);
}
