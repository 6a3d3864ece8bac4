//! A program that connects to another address than the one that it is given, and never reaches it.
//!
//! AMQP_URL is set, begins with `amqp://`, and leads to a broker that listens. So where a program says that its connection was
//! refused, that it does not know the host, or that the address is none, it is the program that has another address.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use recording::{Address, Program, ProgramRun};

use crate::{ending, fault::Fault};

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

/// What to do with an address that is none of a broker's.
const REWRITE: &str = "Write `amqp://localhost:5672` in its place, and check the program with `--port 5672`. Or take the address from AMQP_URL: [[env]].";

/// How a program with an address in it is checked.
pub(super) const WRITTEN_INTO_IT: &str =
    "A program that has localhost:5672 written into it is checked with `--port 5672`.";

/// The mistake; None where nothing says that the address is to blame.
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
    let mistake = match trouble {
        Trouble::NoVariable => {
            let did = if ending::panic_of(seen).is_some() { "panicked" } else { "failed" };
            Fault::new(format!("The program {did}: it reads an environment variable that is not set."))
                .hint("The address is in AMQP_URL: compare the name letter for letter. In [[language]]: [[env]].")
        }
        Trouble::NoAddress => Fault::new(
            "The address that the program connects to does not begin with `amqp://`, or is empty.",
        )
        .hint(
            "AMQP_URL holds a whole address: read it by that name, and pass it on unchanged. Print your address to see \
                 what it has become[[debug_quotes]].",
        ),
        _ if trouble == Trouble::Scheme || written.is_some_and(|written| written.scheme.starts_with("http")) => {
            Fault::new(
                "The program connects to an `http://` address; a broker's address for programs begins with `amqp://`.",
            )
            .hint(REWRITE)
        }
        _ => elsewhere(trouble, address.as_ref().or(written), facts),
    };
    let from_stdout = !ending::complaints(seen).iter().any(|other| other == line);
    Some(if from_stdout { mistake.seen(format!("on its stdout: {line}")) } else { mistake })
}

/// The mistake of a program that has an address written into it, does not read the one that it is given, and complains about
/// nothing: it goes on trying, or it reached a broker of its own there.
pub(super) fn written_into_it(seen: &ProgramRun) -> Option<Fault> {
    let facts = &*seen.program;
    let address = of_interest(facts).filter(|_| !facts.reads_address)?;
    let port = address.port.unwrap_or(5672);
    if address.is_local() && facts.port == Some(port) {
        return None;
    }
    let host = if address.is_local() { "localhost" } else { &address.host };
    let hint = if matches!(port, 15671 | 15672) || address.scheme.starts_with("http") {
        REWRITE.to_owned()
    } else {
        instead(address.is_local().then_some(port))
    };
    let given = facts.port.map_or_else(|| "the address in AMQP_URL".to_owned(), |port| format!("localhost:{port}"));
    Some(
        Fault::new(format!("The program has {host}:{port} written into it, and never connects to {given}.")).hint(hint),
    )
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
    let given = facts.port.map_or_else(|| "the address in AMQP_URL".to_owned(), |port| format!("localhost:{port}"));
    if matches!(port, 15671 | 15672) {
        return Fault::new(format!(
            "The program connects to port {port}, which is for browsers; programs speak AMQP, on port 5672."
        ))
        .hint(REWRITE);
    }
    if address.is_some_and(|address| address.scheme == "amqps" || port == 5671) {
        return Fault::new(format!("The program connects with TLS (amqps, port 5671), and {given} is without."))
            .hint("Take the address from AMQP_URL as it is: [[env]]. It begins with `amqp://`.");
    }
    if trouble == Trouble::UnknownHost {
        let what = if host.is_empty() || is_local { "a host".to_owned() } else { format!("the host `{host}`") };
        return Fault::new(format!("The program connects to {what}, which is not known here, and not to {given}."))
            .hint(format!("{} The name of a container is known to other containers only.", instead(None)));
    }
    let target = if is_local { format!("localhost:{port}") } else { format!("{host}:{port}") };
    let (there, hint) = match trouble {
        Trouble::NoAnswer => ("which does not answer as a broker does", instead(is_local.then_some(port))),
        _ => ("where no broker listens", instead(is_local.then_some(port))),
    };
    match address {
        Some(_) => Fault::new(format!("The program connects to {target}, {there}, and not to {given}.")).hint(hint),
        None => Fault::new(match facts.port {
            Some(port) => format!("The program connects to another address than localhost:{port}, {there}."),
            None => format!("The program connects to another address than the one in AMQP_URL, {there}."),
        })
        .hint(format!("Take the address from AMQP_URL: [[env]]. Is the name misspelt? {WRITTEN_INTO_IT}")),
    }
}

/// What to do with an address that is written into a program. `port` is the one that it has on this machine.
fn instead(port: Option<u16>) -> String {
    match port {
        Some(port) => format!(
            "Check it with `--port {port}`, because localhost:{port} is written into the program. Or take the address from AMQP_URL: [[env]]."
        ),
        None => format!("Take the address from AMQP_URL: [[env]]. {WRITTEN_INTO_IT}"),
    }
}
