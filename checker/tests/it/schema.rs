//! The JSON Schemas of reports and recordings accept all that a check writes, and refuse everything else.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use bytes::Bytes;
use checker::report::{json::FIELDS, schema::schema};
use cli::Exit;
use jsonschema::{Validator, draft202012};
use recording::{
    Address, Body, BrokerIdentity, BuildError, KEPT, Language, Mark, NotChecked, Program, ProgramExit, ProgramRun,
    Recording, Warning,
};
use serde_json::{Map, Value, json};
use snapbox::{Assert, Data};
use wire::{
    Content, Event, FrameError, Method, Peer, What,
    protocol::{basic, queue},
};

use crate::{
    reference::{broken, report},
    start::empty,
};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name)
}

fn of_reports() -> Validator {
    validator(&schema())
}

fn of_recordings() -> Validator {
    validator(&serde_json::from_str(&fs::read_to_string(path("recording-v1.json")).unwrap()).unwrap())
}

fn validator(schema: &Value) -> Validator {
    draft202012::meta::validate(schema).unwrap();
    draft202012::new(schema).unwrap()
}

fn accepts(validator: &Validator, value: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

/// The reports of every kind, each with its recording.
static CHECKS: LazyLock<Vec<(Value, Value)>> = LazyLock::new(|| {
    let folder = empty("schema");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (closed, broken) = (format!("amqp://{closed}"), broken());
    let checks: [(&[&str], Exit); 8] = [
        (&["01", "--broker", "embedded", "--reference"], Exit::Passed),
        (&["02", "--broker", "embedded", "--reference"], Exit::Passed),
        (&["03", "--broker", "embedded", "--reference"], Exit::Passed),
        (&["04", "--broker", "embedded", "--reference"], Exit::Passed),
        (&["01", "--broker", "embedded", "--program", "true"], Exit::Failed),
        (&["01", "--broker", "embedded", "--path", &broken.to_string_lossy()], Exit::Failed),
        (&["01", "--broker", "embedded", "--program", "no-such-program"], Exit::NotChecked),
        (&["01", "--broker", &closed, "--program", "true"], Exit::NotChecked),
    ];
    let check = |(number, (arguments, exit)): (usize, (&[&str], Exit))| {
        let file = folder.join(format!("{number}.json"));
        let report = report(&[arguments, &["--record", file.to_str().unwrap()]].concat(), exit);
        (report, serde_json::from_slice(&fs::read(file).unwrap()).unwrap())
    };
    checks.into_iter().enumerate().map(check).collect()
});

#[test]
fn the_schema_of_reports_is_in_its_file() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(text), Data::read_from(&path("check-v1.json"), None).raw());
}

#[test]
fn reports_and_recordings_of_every_kind_are_valid() {
    let (of_reports, of_recordings) = (of_reports(), of_recordings());
    for (report, recording) in &*CHECKS {
        accepts(&of_reports, report);
        accepts(&of_recordings, recording);
    }
}

#[test]
fn a_report_with_a_field_that_is_missing_or_of_a_wrong_type_is_refused() {
    let validator = of_reports();
    let mut reports: Vec<Value> = CHECKS.iter().map(|(report, _)| report.clone()).collect();
    reports[0]["notes"] = json!([{ "step": "declare", "code": "declare.transient", "message": "A note.", "read": "https://www.rabbitmq.com" }]);
    reports.iter().for_each(|report| accepts(&validator, report));
    for field in FIELDS {
        let name = field.path.rsplit('.').next().unwrap();
        let has =
            |report: &Value| holder(&mut report.clone(), field.path).is_some_and(|object| object.contains_key(name));
        let report =
            reports.iter().find(|report| has(report)).unwrap_or_else(|| panic!("no report has {}", field.path));

        let mut missing = report.clone();
        holder(&mut missing, field.path).unwrap().remove(name);
        assert!(!validator.is_valid(&missing), "{} may be missing", field.path);

        let known: Vec<&str> = field.types.split(" or ").collect();
        let values = [("boolean", json!(true)), ("number", json!(0)), ("array", json!([0])), ("object", json!({}))];
        let (kind, value) = values.into_iter().find(|(kind, _)| !known.contains(kind)).unwrap();
        let mut wrong = report.clone();
        holder(&mut wrong, field.path).unwrap().insert(name.to_owned(), value);
        assert!(!validator.is_valid(&wrong), "{} may be of the type {kind}", field.path);
    }
    let mut more = reports[0].clone();
    more["weather"] = json!("fine");
    accepts(&validator, &more);
}

/// Returns the object that has this field, in the first item of each array on the way.
fn holder<'a>(report: &'a mut Value, path: &str) -> Option<&'a mut Map<String, Value>> {
    let way = path.rsplit_once('.').map_or("", |(way, _)| way);
    let pointer = way.split('.').filter(|name| !name.is_empty()).map(|name| match name.strip_suffix("[]") {
        Some(array) => format!("/{array}/0"),
        None => format!("/{name}"),
    });
    report.pointer_mut(&pointer.collect::<String>())?.as_object_mut()
}

/// Returns a recording that has every possible field.
fn full() -> Value {
    let address = Address { scheme: "amqp".to_owned(), host: "localhost".to_owned(), port: Some(5672) };
    let warning = Warning {
        file: "src/main.rs".to_owned(),
        line: 7,
        code: "channel.close()".to_owned(),
        message: "unused implementer of `Future` that must be used".to_owned(),
        note: String::new(),
    };
    let mut run = ProgramRun {
        role: "worker 1".to_owned(),
        arguments: vec!["one".to_owned()],
        events: events(),
        exit: Some(ProgramExit { code: None, signal: Some(9), overdue: true, at: Duration::from_millis(9) }),
        interrupted_at: Some(Duration::from_millis(7)),
        killed_at: Some(Duration::from_millis(8)),
        ..ProgramRun::default()
    };
    run.print(b"a line\n", Duration::from_millis(6));
    run.stderr.push(&vec![b'x'; 3 * KEPT]);
    let mark = Mark { name: "subscribed".to_owned(), role: "worker 1".to_owned(), count: Some(3) };
    let bodies = vec![Body(b"text".to_vec()), Body(vec![0xff, 0])];
    let recording = Recording {
        lesson: "worker".to_owned(),
        seed: Some(u64::MAX),
        program: Program {
            language: Some(Language::DotNet),
            library: Some("aio_pika".to_owned()),
            port: Some(5672),
            addresses: vec![address],
            warnings: vec![warning],
            ..Program::default()
        },
        broker: Some(BrokerIdentity::default()),
        not_checked: Some(NotChecked {
            message: "No broker answers.".to_owned(),
            hints: vec!["Start one.".to_owned()],
        }),
        build_error: Some(BuildError { text: "error[E0308]".to_owned(), code: Some("E0308".to_owned()) }),
        runs: vec![run],
        queues: [("missing".to_owned(), None), ("tasks".to_owned(), Some(bodies))].into(),
        marks: vec![mark],
        ..Recording::default()
    };
    let mut text = Vec::new();
    recording.write(&mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn events() -> Vec<Event> {
    let declare = queue::Declare { queue: "hello".into(), durable: true, ..queue::Declare::default() };
    let content = Content {
        properties: basic::AMQPProperties::default().with_delivery_mode(2),
        size: 10,
        body: Bytes::from_static(b"\xff\0Hello"),
        complete: false,
    };
    let method =
        |channel, method, content: Option<Content>| What::Method { channel, method, content: content.map(Box::new) };
    let strange = |unread| What::Strange { channel: 1, why: "odd".to_owned(), unread };
    let whats = [
        What::Connected,
        What::Unreachable("no route".to_owned()),
        What::ProtocolHeader(*b"AMQP\0\0\x09\x01"),
        method(1, Method::Queue(queue::AMQPMethod::Declare(declare)), None),
        method(1, Method::Basic(basic::AMQPMethod::Publish(basic::Publish::default())), Some(content)),
        strange(None),
        strange(Some(FrameError::Header)),
        strange(Some(FrameError::TooDeep)),
        strange(Some(FrameError::Method { class: 60, method: 40 })),
        strange(Some(FrameError::Table { class: 50, method: 10, key: "x-type".to_owned(), kind: b's' })),
        What::Heartbeat,
        What::Garbage(FrameError::NotAmqp(b"HTTP/1.1".to_vec())),
        What::Garbage(FrameError::UnknownType(9)),
        What::Garbage(FrameError::TooLarge { size: 1, most: 0 }),
        What::Garbage(FrameError::BadEnd(0)),
        What::Ended { reset: true },
    ];
    let event = |(order, what)| Event {
        at: Duration::from_micros(order * 1500),
        order,
        connection: 1,
        from: if order % 2 == 0 { Peer::Program } else { Peer::Broker },
        what,
    };
    (0..).zip(whats).map(event).collect()
}

#[test]
fn a_recording_is_valid_as_the_kit_writes_it_and_refused_with_a_change() {
    let validator = of_recordings();
    let full = full();
    accepts(&validator, &full);

    let missing = ["/runs", "/queues", "/timing/run", "/program/name", "/broker/kind", "/marks/0/name"];
    let of_runs = ["/events", "/exit/at", "/stdout/text", "/events/0/from", "/events/0/raw", "/events/0/raw/at_us"];
    let of_events = ["/0/raw/connected", "/3/raw/method/frame", "/4/raw/method/content/body", "/15/raw/ended/reset"];
    let missing = missing.map(str::to_owned).into_iter();
    let missing = missing.chain(of_runs.map(|way| format!("/runs/0{way}")));
    for way in missing.chain(of_events.map(|way| format!("/runs/0/events{way}"))) {
        let (object, name) = way.rsplit_once('/').unwrap();
        let mut changed = full.clone();
        let removed = changed.pointer_mut(object).unwrap().as_object_mut().unwrap().remove(name);
        assert!(removed.is_some(), "there is no {way}");
        assert!(!validator.is_valid(&changed), "{way} may be missing");
    }

    let wrong = [
        ("/format", json!("hello-rabbit/recording/v2")),
        ("/seed", json!(-1)),
        ("/queues", json!([])),
        ("/queues/tasks/1", json!([256])),
        ("/marks/0/count", json!("3")),
        ("/timing/total", json!(1.5)),
        ("/program/language", json!("Rust")),
        ("/runs/0/stdout", json!("a line\n")),
        ("/runs/0/stdout_at/0", json!("6 ms")),
        ("/runs/0/exit/code", json!("0")),
        ("/runs/0/events/0/from", json!("server")),
        ("/runs/0/events/0/connection", json!(0)),
        ("/runs/0/events/0/at_ms", json!("0.0")),
        ("/runs/0/events/3/channel", json!(65_536)),
        ("/runs/0/events/3/method", json!("declare")),
        ("/runs/0/events/3/args", json!([])),
        ("/runs/0/events/4/body", json!(["text"])),
        ("/runs/0/events/2/raw/protocol_header", json!([65, 77, 81, 80])),
        ("/runs/0/events/3/raw/method/frame", json!("not base64")),
        ("/runs/0/events/9/raw/strange/unread", json!("Table")),
        ("/runs/0/events/0/raw", json!({ "at_us": 0, "order": 0, "connected": null, "heartbeat": null })),
    ];
    for (way, value) in wrong {
        let mut changed = full.clone();
        *changed.pointer_mut(way).unwrap() = value;
        assert!(!validator.is_valid(&changed), "{way} may be {}", changed.pointer(way).unwrap());
    }

    let mut more = full;
    more["weather"] = json!("fine");
    more["runs"][0]["events"][3]["raw"]["more"] = json!(true);
    accepts(&validator, &more);
}
