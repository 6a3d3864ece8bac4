//! A program that connects to an address other than the given one, and so never reaches the broker.
//!
//! AMQP_URL is set, begins with `amqp://`, and leads to a broker that listens. So if a program reports a refused connection, an
//! unknown host or an invalid address, it uses another address.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use recording::{Address, Program, ProgramRun};

use crate::{
    ending,
    fault::{Fault, Param, Phrase, faults::address as faults},
};

/// The complaints of clients and languages about an address that leads nowhere, and their meanings.
const COMPLAINTS: [(Trouble, &str); 6] = [
    (
        Trouble::NoVariable,
        r"environment variable not found|\bNotPresent\b|KeyError: '\w*(?:AMQP|amqp|RABBIT|BROKER)\w*'|key not found: .AMQP",
    ),
    (Trouble::NoAddress, r"Invalid URL: '|relative URL without a base|RelativeUrlWithoutBase"),
    (
        Trouble::Scheme,
        r"Invalid AMQP scheme: |Expected amqp: or amqps: as the protocol|AMQP scheme must be either|Wrong scheme in AMQP URI|must use amqp or amqps schema",
    ),
    (
        Trouble::UnknownHost,
        r"Name or service not known|failed to lookup address|failure in name resolution|nodename nor servname|ENOTFOUND|EAI_AGAIN|no such host|server misbehaving|UnknownHostException|gaierror|getaddrinfo|php_network_getaddresses|No such host is known|couldn't resolve host",
    ),
    (
        Trouble::Refused,
        r"(?i:connection refused|actively refused)|ECONNREFUSED|ConnectionRefused|os error (?:111|61|10061)\)|Connect call failed|AMQPConnectionError|AMQPConnectorSocketConnectError|AMQPConnectionWorkflowFailed|TCPConnectionFailed|BrokerUnreachableException|Unable to connect to tcp|java\.net\.ConnectException",
    ),
    (
        Trouble::NoAnswer,
        r"(?i:connection (?:attempt )?timed out)|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|kind: TimedOut|i/o timeout|(?i:no route to host|network is unreachable)|SocketTimeoutException|IncompatibleProtocolError|Socket closed abruptly during opening handshake",
    ),
];

/// The problem with the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    NoVariable,
    NoAddress,
    Scheme,
    UnknownHost,
    Refused,
    NoAnswer,
}

#[expect(clippy::unwrap_used, reason = "the patterns are constants, and the tests compile each")]
static READY: LazyLock<Vec<(Trouble, Regex)>> =
    LazyLock::new(|| COMPLAINTS.iter().map(|(trouble, pattern)| (*trouble, Regex::new(pattern).unwrap())).collect());

/// The patterns of a host and a port in a complaint: `localhost:5672`, `('127.0.0.1', 5672)`; or of an unknown host.
#[expect(clippy::unwrap_used, reason = "the patterns are constants, and the tests compile each")]
static NAMED: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"(?<host>\[[0-9a-f:]+\]|(?:\d{1,3}\.){3}\d{1,3}|[A-Za-z][\w.-]*):(?<port>\d{3,5})\b",
        r"\('(?<host>[^']+)', (?<port>\d+)\)",
        r"(?:ENOTFOUND|EAI_AGAIN|lookup|UnknownHostException:|getaddrinfo for) (?<host>[\w.-]+)(?<port>)",
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

/// Returns the fault of a wrong address; None if there is no sign of one.
pub(super) fn wrong_address(seen: &ProgramRun) -> Option<Fault> {
    let lines: Vec<String> = ending::complaints(seen).into_iter().chain(seen.stdout.lines()).collect();
    let complaint = READY.iter().find_map(|(trouble, pattern)| {
        let line = lines.iter().rfind(|line| pattern.is_match(line))?;
        Some((*trouble, line.as_str()))
    });
    let (trouble, line) = complaint?;
    let facts = &*seen.program;
    let of_an_address = |line: &&String| READY.iter().any(|(_, pattern)| pattern.is_match(line));
    let address = named(line).or_else(|| lines.iter().filter(of_an_address).find_map(|line| named(line)));
    let written = of_interest(facts);
    let is_http = |written: &Address| written.scheme.starts_with("http");
    let fault = match trouble {
        Trouble::NoVariable if ending::panic_of(seen).is_some() => faults::no_variable(faults::panicked()),
        Trouble::NoVariable => faults::no_variable(faults::failed()),
        Trouble::NoAddress => faults::no_scheme(),
        _ if trouble == Trouble::Scheme || written.is_some_and(is_http) => faults::http(),
        _ => elsewhere(trouble, address.as_ref().or(written), facts),
    };
    let from_stdout = !ending::complaints(seen).iter().any(|other| other == line);
    Some(if from_stdout { fault.seen(format!("on stdout: {line}")) } else { fault })
}

/// A hard-coded address in a program that never connects to the one that it is given.
pub(super) struct Written {
    host: String,
    port: u16,
    given: Param,
    /// The advice on what to do.
    pub(super) remedy: Phrase,
}

impl Written {
    /// Returns the fault of a hard-coded address.
    pub(super) fn fault(self) -> Fault {
        faults::hard_coded(self.host, self.port, self.given, self.remedy)
    }
}

/// Returns the hard-coded address of a program that does not read the one that it is given, and complains about nothing: it
/// keeps trying, or it reached a broker of its own there.
pub(super) fn written_into_it(seen: &ProgramRun) -> Option<Written> {
    let facts = &*seen.program;
    let address = of_interest(facts).filter(|_| !facts.reads_address)?;
    let port = address.port.unwrap_or(5672);
    if address.is_local() && facts.port == Some(port) {
        return None;
    }
    let host = if address.is_local() { "localhost" } else { &address.host }.to_owned();
    let remedy = if matches!(port, 15671 | 15672) || address.scheme.starts_with("http") {
        faults::rewrite()
    } else {
        instead(address.is_local().then_some(port))
    };
    Some(Written { host, port, given: given(facts), remedy })
}

/// Returns the address that a complaint names.
fn named(line: &str) -> Option<Address> {
    let written = |found: Captures<'_>| Address {
        scheme: String::new(),
        host: found["host"].to_owned(),
        port: found.name("port").and_then(|port| port.as_str().parse().ok()),
    };
    // A line of a source file is written in the same way as a host and its port.
    let is_source =
        |address: &Address| [".rb", ".py", ".js", ".go", ".php"].iter().any(|end| address.host.ends_with(end));
    NAMED.iter().find_map(|pattern| pattern.captures_iter(line).map(written).find(|address| !is_source(address)))
}

/// Returns the address in a program's text that is most likely to blame: unusual ones come first.
fn of_interest(facts: &Program) -> Option<&Address> {
    let of = |fits: fn(&Address) -> bool| facts.addresses.iter().find(|address| fits(address));
    of(|address| address.scheme.starts_with("http"))
        .or_else(|| of(|address| matches!(address.port, Some(15671 | 15672))))
        .or_else(|| of(|address| address.scheme == "amqps" || address.port == Some(5671)))
        .or_else(|| of(|address| !address.is_local()))
        .or_else(|| facts.addresses.first().filter(|_| !facts.reads_address))
}

/// Returns the fault of a program that connects in vain to this address, if it is known.
fn elsewhere(trouble: Trouble, address: Option<&Address>, facts: &Program) -> Fault {
    let port = address.and_then(|address| address.port).unwrap_or(5672);
    let is_local = address.is_some_and(Address::is_local);
    let host = address.map_or("", |address| address.host.as_str());
    if matches!(port, 15671 | 15672) {
        return faults::management_port(port);
    }
    if address.is_some_and(|address| address.scheme == "amqps" || port == 5671) {
        return faults::tls(given(facts));
    }
    if trouble == Trouble::UnknownHost {
        let what = if host.is_empty() || is_local { faults::a_host() } else { faults::the_host(host) };
        return faults::unknown_host(what, given(facts));
    }
    if address.is_none() {
        let given = facts.port.map_or_else(|| faults::the_one_given().into(), at_port);
        return match trouble {
            Trouble::NoAnswer => faults::other_no_answer(given),
            _ => faults::other_refused(given),
        };
    }
    let target = if is_local { format!("localhost:{port}") } else { format!("{host}:{port}") };
    let remedy = instead(is_local.then_some(port));
    match trouble {
        Trouble::NoAnswer => faults::no_answer(target, given(facts), remedy),
        _ => faults::refused(target, given(facts), remedy),
    }
}

/// Returns the address that a program is given.
fn given(facts: &Program) -> Param {
    facts.port.map_or_else(|| faults::given().into(), at_port)
}

fn at_port(port: u16) -> Param {
    format!("localhost:{port}").into()
}

/// Returns the advice on a hard-coded address. `port` is its port, if it is on this machine.
fn instead(port: Option<u16>) -> Phrase {
    port.map_or_else(faults::take_given, faults::check_at_port)
}
