//! A program that connects to another address than the one that it is given, and never reaches it.
//!
//! AMQP_URL is set, begins with `amqp://`, and leads to a broker that listens. So where a program says that its connection was
//! refused, that it does not know the host, or that the address is none, it is the program that has another address.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use recording::{Address, Program, ProgramRun};

use crate::{
    ending,
    fault::{Fault, Param, Phrase, faults::address as faults},
};

/// What clients and their languages say of an address that leads nowhere, and what that means.
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

/// What is wrong with the address.
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

/// A host and a port in a complaint: `localhost:5672`, `('127.0.0.1', 5672)`; or a host that is not known.
#[expect(clippy::unwrap_used, reason = "the patterns are constants, and the tests compile each")]
static NAMED: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"(?<host>\[[0-9a-f:]+\]|(?:\d{1,3}\.){3}\d{1,3}|[A-Za-z][\w.-]*):(?<port>\d{3,5})\b",
        r"\('(?<host>[^']+)', (?<port>\d+)\)",
        r"(?:ENOTFOUND|EAI_AGAIN|lookup|UnknownHostException:|getaddrinfo for) (?<host>[\w.-]+)(?<port>)",
    ]
    .map(|pattern| Regex::new(pattern).unwrap())
});

/// The fault; None where nothing says that the address is to blame.
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
    Some(if from_stdout { fault.seen(format!("on its stdout: {line}")) } else { fault })
}

/// An address that is written into a program which never connects to the one that it is given.
pub(super) struct Written {
    host: String,
    port: u16,
    given: Param,
    /// What to do.
    pub(super) remedy: Phrase,
}

impl Written {
    /// The fault that it is.
    pub(super) fn fault(self) -> Fault {
        faults::hard_coded(self.host, self.port, self.given, self.remedy)
    }
}

/// The address of a program that has one written into it, does not read the one that it is given, and complains about
/// nothing: it goes on trying, or it reached a broker of its own there.
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

/// The address that a complaint names.
fn named(line: &str) -> Option<Address> {
    let written = |found: Captures<'_>| Address {
        scheme: String::new(),
        host: found["host"].to_owned(),
        port: found.name("port").and_then(|port| port.as_str().parse().ok()),
    };
    // A line of a source is written as a host and its port are.
    let is_source =
        |address: &Address| [".rb", ".py", ".js", ".go", ".php"].iter().any(|end| address.host.ends_with(end));
    NAMED.iter().find_map(|pattern| pattern.captures_iter(line).map(written).find(|address| !is_source(address)))
}

/// Of the addresses in a program's text, the one that is most likely to blame: what is odd comes before what is usual.
fn of_interest(facts: &Program) -> Option<&Address> {
    let of = |fits: fn(&Address) -> bool| facts.addresses.iter().find(|address| fits(address));
    of(|address| address.scheme.starts_with("http"))
        .or_else(|| of(|address| matches!(address.port, Some(15671 | 15672))))
        .or_else(|| of(|address| address.scheme == "amqps" || address.port == Some(5671)))
        .or_else(|| of(|address| !address.is_local()))
        .or_else(|| facts.addresses.first().filter(|_| !facts.reads_address))
}

/// It connects to this address, where it is known, and in vain.
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

/// The address that a program is given.
fn given(facts: &Program) -> Param {
    facts.port.map_or_else(|| faults::given().into(), at_port)
}

fn at_port(port: u16) -> Param {
    format!("localhost:{port}").into()
}

/// What to do with an address that is written into a program. `port` is the one that it has on this machine.
fn instead(port: Option<u16>) -> Phrase {
    port.map_or_else(faults::take_given, faults::check_at_port)
}
