//! Lessons 11 and 12: remote procedure calls, from both sides.

use contracts::{
    calling,
    contract::{Contract, judge},
    lessons::{rpc_client::RpcClient, rpc_server::RpcServer},
    serving::{self, AWAITING, Plan, QUEUE, Request},
};
use recording::{Mark, ProgramRun, Recording};
use wire::{
    Content, Method, Peer, What,
    protocol::{
        basic::{self, AMQPMethod as Basic, AMQPProperties},
        queue::{self, AMQPMethod as Queue},
    },
};

use super::{Script, render};
use Peer::{Broker, Program};

const SEED: u64 = 3;

/// A server, written step by step.
#[derive(Clone)]
struct Server {
    script: Script,
    role: usize,
    /// The delivery tag of its last request.
    tag: u64,
}

impl Server {
    /// Returns a server that waits for requests.
    fn waits(role: usize) -> Server {
        Server { script: Script::connected(), role, tag: 0 }.waiting()
    }

    fn waiting(mut self) -> Server {
        let declare = queue::Declare { queue: QUEUE.into(), durable: true, ..Default::default() };
        let qos = basic::Qos { prefetch_count: 1, ..Default::default() };
        let consume = basic::Consume { queue: QUEUE.into(), ..Default::default() };
        let ok = basic::ConsumeOk { consumer_tag: "tag".into() };
        self.script = self
            .script
            .declare(declare)
            .say(Program, 1, Method::Basic(Basic::Qos(qos)))
            .say(Broker, 1, Method::Basic(Basic::QosOk(basic::QosOk {})))
            .say(Program, 1, Method::Basic(Basic::Consume(consume)))
            .say(Broker, 1, Method::Basic(Basic::ConsumeOk(ok)))
            .print(AWAITING);
        self
    }

    fn gets(mut self, request: &Request) -> Server {
        self.tag += 1;
        let deliver = basic::Deliver { consumer_tag: "tag".into(), delivery_tag: self.tag, ..Default::default() };
        let (id, reply_to) = (request.id.as_deref(), request.reply_to.as_deref());
        self.script = carry(self.script, Broker, Basic::Deliver(deliver), request.body.as_bytes(), id, reply_to);
        self
    }

    fn prints(mut self, request: &Request) -> Server {
        self.script = self.script.print(&format!(" [.] fib({})", request.body));
        self
    }

    fn answers(mut self, request: &Request) -> Server {
        let publish = basic::Publish {
            routing_key: request.reply_to.as_deref().unwrap_or_default().into(),
            ..Default::default()
        };
        let answer = request.answer().unwrap_or_default();
        self.script =
            carry(self.script, Program, Basic::Publish(publish), answer.as_bytes(), request.id.as_deref(), None);
        self
    }

    fn acks(self) -> Server {
        let tag = self.tag;
        self.acks_tag(tag)
    }

    fn acks_tag(mut self, delivery_tag: u64) -> Server {
        let ack = basic::Ack { delivery_tag, multiple: false };
        self.script = self.script.say(Program, 1, Method::Basic(Basic::Ack(ack)));
        self
    }

    /// Does all that a request asks for.
    fn serves(self, request: &Request) -> Server {
        self.gets(request).prints(request).answers(request).acks()
    }

    fn serves_all<'a>(self, requests: impl IntoIterator<Item = &'a Request>) -> Server {
        requests.into_iter().fold(self, Server::serves)
    }

    fn with(mut self, change: impl FnOnce(Script) -> Script) -> Server {
        self.script = change(self.script);
        self
    }

    fn run(self) -> ProgramRun {
        ProgramRun { role: serving::ROLES[self.role].to_owned(), index: self.role, ..self.script.seen }
    }
}

/// Adds a message with these two properties.
fn carry(script: Script, from: Peer, method: Basic, body: &[u8], id: Option<&str>, reply_to: Option<&str>) -> Script {
    let mut properties = AMQPProperties::default();
    if let Some(id) = id {
        properties = properties.with_correlation_id(id.into());
    }
    if let Some(queue) = reply_to {
        properties = properties.with_reply_to(queue.into());
    }
    let content = Content { properties, size: body.len() as u64, body: body.to_vec().into(), complete: true };
    script.what(from, What::Method { channel: 1, method: Method::Basic(method), content: Some(Box::new(content)) })
}

fn plan() -> Plan {
    Plan::chosen(SEED)
}

/// Returns lesson 11's verdict on these servers.
fn serve(servers: impl IntoIterator<Item = Server>) -> String {
    let runs: Vec<ProgramRun> = servers.into_iter().map(Server::run).collect();
    let mark = |run: &ProgramRun| Mark { name: serving::WAITS.to_owned(), role: run.role.clone(), count: None };
    let marks = runs.iter().map(mark).collect();
    let recording = Recording { seed: Some(SEED), runs, marks, ..Default::default() };
    let evidence = RpcServer::evidence(&recording).unwrap();
    render(&judge::<RpcServer>(&evidence, &recording.runs, &[]))
}

/// Returns a client that has a queue and a subscription, written step by step.
fn subscribed(role: &str) -> (Script, String) {
    let name = format!("amq.gen-{role}");
    let ok = queue::DeclareOk { queue: name.as_str().into(), ..Default::default() };
    let declare = queue::Declare { exclusive: true, ..Default::default() };
    let consume = basic::Consume { queue: name.as_str().into(), no_ack: true, ..Default::default() };
    let script = Script::connected()
        .say(Program, 1, Method::Queue(Queue::Declare(declare)))
        .say(Broker, 1, Method::Queue(Queue::DeclareOk(ok)))
        .say(Program, 1, Method::Basic(Basic::Consume(consume)))
        .say(Broker, 1, Method::Basic(Basic::ConsumeOk(basic::ConsumeOk { consumer_tag: "tag".into() })));
    (script, name)
}

/// Adds a request for 6, with the id `mine` and this queue for its answer.
fn asks(script: Script, reply_to: &str) -> Script {
    let publish = basic::Publish { routing_key: QUEUE.into(), ..Default::default() };
    carry(script, Program, Basic::Publish(publish), b"6", Some("mine"), Some(reply_to)).print(" [x] Requesting fib(6)")
}

/// Returns lesson 12's verdict on one client.
fn call(script: Script) -> String {
    let run = ProgramRun { role: calling::ROLES[1].to_owned(), arguments: vec!["6".to_owned()], ..script.seen };
    let recording = Recording { seed: Some(SEED), runs: vec![run], ..Default::default() };
    let evidence = RpcClient::evidence(&recording).unwrap();
    render(&judge::<RpcClient>(&evidence, &recording.runs, &[]))
}

pub fn cases() -> Vec<(&'static str, String)> {
    let plan = plan();
    let served = || Server::waits(0).serves_all(&plan.good).serves_all(&plan.bad);
    let unknown = (60, 40);
    let closed = |script: Script| script.refused(404, "NOT_FOUND - no exchange 'rpc' in vhost '/'", unknown);
    let (first, name) = subscribed("first");
    let cancelled = asks(first.clone(), &name)
        .say(Program, 1, Method::Basic(Basic::Cancel(basic::Cancel { consumer_tag: "tag".into(), nowait: false })))
        .overdue();
    vec![
        (
            "the broker closes the channel at the first request",
            serve([Server::waits(0).gets(&plan.good[0]).prints(&plan.good[0]).with(closed)]),
        ),
        ("the broker delivers nothing", serve([Server::waits(0)])),
        (
            "the broker closes the channel at a bad request",
            serve([Server::waits(0).serves_all(&plan.good).gets(&plan.bad[0]).prints(&plan.bad[0]).with(closed)]),
        ),
        (
            "a bad request stays without an acknowledgement",
            serve([Server::waits(0).serves_all(&plan.good).gets(&plan.bad[0]).serves_all(&plan.bad[1..])]),
        ),
        (
            "two servers, and one gets nothing",
            serve([served().serves_all(&plan.shared).with(Script::interrupted), Server::waits(1)]),
        ),
        (
            "a shared request is answered, and not acknowledged",
            serve([
                served().serves(&plan.shared[0]).serves(&plan.shared[2]).with(Script::interrupted),
                Server::waits(1)
                    .serves(&plan.shared[1])
                    .gets(&plan.shared[3])
                    .prints(&plan.shared[3])
                    .answers(&plan.shared[3])
                    .with(Script::interrupted),
            ]),
        ),
        ("a direct answer, and no subscription for it", call(asks(first.clone(), calling::DIRECT).exit(0))),
        (
            "the broker refuses the request",
            call(
                asks(first.clone(), &name)
                    .refused(403, "ACCESS_REFUSED - access to exchange '' in vhost '/' refused", unknown)
                    .overdue(),
            ),
        ),
        ("the subscription ends before the answer", call(cancelled)),
    ]
}
