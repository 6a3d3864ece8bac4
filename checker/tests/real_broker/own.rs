//! Brokers that the checker itself starts, selected by its flags, with a separate folder for temporary files.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use checker::{
    brokers::{
        address::Address,
        client::{self, Client},
        ports,
    },
    cleanup,
};
use lapin::{
    BasicProperties, Confirmation, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use libtest_mimic::Failed;

use crate::{
    brokers::{Place, TestBroker, runtime},
    cleaning::until,
};

/// A place for the checker's records, apart from those of the developer who runs the tests.
pub struct Apart {
    /// The folder of its records.
    pub folder: PathBuf,
    /// The flags that select a broker of the place.
    pub flags: Vec<String>,
}

impl Apart {
    /// Makes one for checks on a broker of this place.
    pub fn new(place: &Place) -> Apart {
        let name = format!("apart-{}", fastrand::u64(..));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        let flags: &[&str] = match place {
            Place::Docker(image) => &["--broker", "docker", "--image", image],
            Place::Local | Place::Missing(_) => &["--broker", "local"],
            Place::Embedded | Place::EmbeddedDenying => &["--broker", "embedded"],
        };
        Apart { folder, flags: flags.iter().map(|flag| (*flag).to_owned()).collect() }
    }

    /// Returns the checker as a program, with its records here.
    pub fn checker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
        command.args(arguments).env("TMPDIR", &self.folder).env("NO_COLOR", "1");
        command.env("HELLO_RABBIT_WORK", self.folder.join("work"));
        command.env_remove("AMQP_URL").env_remove("HELLO_RABBIT_IMAGE").stdin(Stdio::null());
        command
    }

    /// Returns the output of the checker with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Result<Output, Failed> {
        Ok(self.checker(arguments).output()?)
    }

    /// Returns the files in the checker's folder, except the gate that every run uses.
    fn left(&self) -> Vec<PathBuf> {
        let mut left = Vec::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("gate") {
                    left.push(path);
                }
            }
        }
        left
    }

    /// Returns the folders of the existing runs.
    fn runs(&self) -> Vec<PathBuf> {
        let bases = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let runs = bases.flat_map(|base| fs::read_dir(base.path().join("runs")).into_iter().flatten().flatten());
        runs.map(|run| run.path()).filter(|path| path.is_dir()).collect()
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.checker(&["broker", "down"]).output();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns all output: stdout, then stderr.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A broker is started, used by a check without flags, inspected and stopped; nothing is left.
pub fn kept_warm(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    let port = ports::free_pair()?.to_string();
    let flags: Vec<&str> = apart.flags.iter().map(String::as_str).collect();
    let up = apart.run(&[&["broker", "up", "--port", &port], &flags[..]].concat())?;
    assert!(up.status.success(), "{}", text(&up));
    assert!(text(&up).contains(&format!("amqp://localhost:{port}")), "{}", text(&up));
    let again = apart.run(&["broker", "up"])?;
    assert!(again.status.success() && text(&again).contains("a broker is already up"), "{}", text(&again));
    let other_port = ports::free_pair()?.to_string();
    let other_kind = if broker.place == Place::Embedded { "local" } else { "embedded" };
    for (flag, value) in [("--port", other_port.as_str()), ("--broker", other_kind)] {
        let other = apart.run(&["broker", "up", flag, value])?;
        assert_eq!(other.status.code(), Some(3), "{}", text(&other));
        let expected = format!("on port {port}. You asked for {flag} {value}.");
        assert!(text(&other).contains(&expected), "{expected} is not in {}", text(&other));
        assert!(text(&other).contains("Stop it first: cargo xtask broker down"), "{}", text(&other));
    }

    let check = apart.run(&["check", "lesson", "01", "--format", "json"])?;
    let report: serde_json::Value = serde_json::from_slice(&check.stdout)?;
    assert_eq!(report["verdict"], "passed", "{report:#}");
    match broker.place {
        // The report names the broker itself, not the one it imitates.
        Place::Embedded => assert_eq!(report["broker"]["product"], "the embedded broker"),
        _ => assert_eq!(report["broker"]["version"], broker.broker.identity.version),
    }

    let queues = apart.run(&["broker", "queues"])?;
    assert!(text(&queues).contains("Listing queues for vhost / ..."), "{}", text(&queues));
    let address = Address { port: port.parse()?, ..broker.broker.address.clone() };
    let client = runtime().block_on(Client::reach(&address))?;
    runtime().block_on(client.declare(client::durable("greetings")))?;
    runtime().block_on(client.close());
    for (command, expected) in [
        (&["broker", "publish", "greetings", "hello, rabbit"][..], "published"),
        (&["broker", "peek", "greetings"], "\"hello, rabbit\""),
        (&["broker", "bindings"], "queue greetings"),
        (&["broker", "purge", "greetings"], "greetings is empty"),
        (&["broker", "peek", "greetings"], "greetings is empty"),
        (&["broker", "publish", "nowhere", "lost"], "The broker dropped the message"),
        (&["broker", "peek", "nowhere"], "There is no queue \"nowhere\""),
    ] {
        let output = apart.run(command)?;
        assert!(text(&output).contains(expected), "{command:?}: {}", text(&output));
    }
    let columns = apart.run(&["broker", "queues", "name", "messages_ready", "messages_unacknowledged"])?;
    let row = text(&columns).lines().find(|line| line.starts_with("greetings")).unwrap_or_default().to_owned();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["greetings", "0", "0"], "{}", text(&columns));
    // The queue is durable and the message transient, so a restart leaves an empty queue.
    apart.run(&["broker", "publish", "greetings", "transient"])?;
    let restarted = apart.run(&["broker", "restart"])?;
    assert!(restarted.status.success(), "{}", text(&restarted));
    let queues = apart.run(&["broker", "queues"])?;
    let row = text(&queues).lines().find(|line| line.starts_with("greetings")).unwrap_or_default().to_owned();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["greetings", "0"], "{}", text(&queues));

    let deleted = apart.run(&["broker", "delete", "greetings"])?;
    assert_eq!(text(&deleted), "greetings is deleted\n");
    let again = apart.run(&["broker", "delete", "greetings"])?;
    assert!(text(&again).contains("There is no queue \"greetings\""), "{}", text(&again));

    let logs = apart.run(&["broker", "logs"])?;
    assert!(text(&logs).contains("RabbitMQ"), "{}", text(&logs));

    let down = apart.run(&["broker", "down"])?;
    let what = if broker.place == Place::Embedded { "the embedded broker" } else { "RabbitMQ (" };
    assert!(text(&down).starts_with(&format!("stopped {what}")), "{}", text(&down));
    assert!(text(&down).ends_with(&format!(" on port {port}\n")), "{}", text(&down));
    let status = apart.run(&["broker", "status"])?;
    assert_eq!(status.status.code(), Some(3), "{}", text(&status));
    assert_eq!(apart.left(), Vec::<PathBuf>::new());
    Ok(())
}

/// Programs see the failures that an operator causes by hand: alarms, closed and cut connections, refused logins, delays.
pub fn bad_day(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    let port = ports::free_pair()?;
    let up = apart.run(&["broker", "up", "--broker", "embedded", "--port", &port.to_string()])?;
    assert!(up.status.success(), "{}", text(&up));
    let address = Address::loopback(port);
    let connect = || runtime().block_on(Connection::connect(&address.url(), ConnectionProperties::default()));
    let run = |words: &[&str]| apart.run(&[&["broker"], words].concat()).map(|output| text(&output));

    let connection = connect()?;
    let channel = runtime().block_on(connection.create_channel())?;
    let publish = || {
        runtime().block_on(async {
            let options = BasicPublishOptions::default();
            channel.basic_publish("".into(), "nowhere".into(), options, b"m", BasicProperties::default()).await
        })
    };
    assert_eq!(run(&["alarm", "raise", "disk"])?, "the disk alarm is on: publishers are blocked\n");
    drop(publish()?);
    until("the connection to be blocked", || connection.status().blocked())?;
    assert_eq!(run(&["alarm", "clear", "disk"])?, "the disk alarm is off\n");
    until("the connection to go on", || !connection.status().blocked())?;

    assert!(run(&["connections"])?.contains("guest"), "{}", run(&["connections"])?);
    assert_eq!(run(&["close", "all", "--reason", "school is over"])?, "1 connection ended\n");
    until("the connection to end", || !connection.status().connected())?;
    assert!(publish().is_err());

    assert_eq!(run(&["refuse-logins", "1"])?, "the next login is refused\n");
    let refused = connect().err().ok_or("it was let in")?.to_string();
    assert!(refused.contains("ACCESS_REFUSED"), "{refused}");
    let again = connect()?;
    assert_eq!(run(&["cut", "all"])?, "1 connection ended\n");
    until("the connection to be cut", || !again.status().connected())?;

    let sender = connect()?;
    let channel = runtime().block_on(sender.create_channel())?;
    runtime().block_on(channel.confirm_select(ConfirmSelectOptions::default()))?;
    let confirmed = || {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        runtime().block_on(async {
            let sent = channel.basic_publish("".into(), "".into(), options, b"m", BasicProperties::default()).await?;
            sent.await
        })
    };
    assert_eq!(run(&["nack-next"])?, "the next published message, refused with basic.nack\n");
    assert!(matches!(confirmed()?, Confirmation::Nack(_)));
    let on_return = "the next published message after another one, in no queue: mandatory ones are returned\n";
    assert_eq!(run(&["return-next", "--after", "1"])?, on_return);
    assert_eq!(run(&["confirm-delay", "200"])?, "confirms are delayed by 200 ms\n");
    let begin = Instant::now();
    assert!(matches!(confirmed()?, Confirmation::Ack(_)));
    assert!(begin.elapsed() > Duration::from_millis(200), "it took {:?}", begin.elapsed());
    assert!(matches!(confirmed()?, Confirmation::Ack(Some(_))));
    assert_eq!(run(&["confirm-delay", "0"])?, "confirms are not delayed any more\n");
    assert_eq!(run(&["close-channel-after", "0"])?, "the next published message, closes its channel\n");
    assert!(confirmed().is_err() && sender.status().connected());
    let channel = runtime().block_on(sender.create_channel())?;
    assert_eq!(run(&["cut-after", "1"])?, "the next published message after another one, cuts its connection\n");
    for _ in 0..2 {
        let options = BasicPublishOptions::default();
        let sent = channel.basic_publish("".into(), "nowhere".into(), options, b"m", BasicProperties::default());
        drop(runtime().block_on(sent)?);
    }
    until("the connection to be cut", || !sender.status().connected())?;

    assert_eq!(run(&["delay", "100"])?, "everything that the broker sends is delayed by 100 ms\n");
    let begin = Instant::now();
    let slow = connect()?;
    assert!(begin.elapsed() > Duration::from_millis(300), "three answers took {:?}", begin.elapsed());
    assert_eq!(run(&["delay", "0"])?, "nothing is delayed\n");
    runtime().block_on(slow.close(200, "OK".into()))?;
    Ok(())
}

/// A copy of the kit with only the files that its brokers need: cargo has nothing to build there.
struct Copy<'a> {
    apart: &'a Apart,
    folder: PathBuf,
}

impl Copy<'_> {
    fn new<'a>(apart: &'a Apart, name: &str) -> Copy<'a> {
        let folder = apart.folder.join(name);
        for part in ["lessons", "xtask"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("xtask/Cargo.toml"), "").unwrap();
        Copy { apart, folder: folder.canonicalize().unwrap() }
    }

    fn run(&self, words: &[&str]) -> Result<String, Failed> {
        let mut command = self.apart.checker(&[&["broker"], words].concat());
        command.env("CARGO_MANIFEST_DIR", self.folder.join("xtask")).env("CARGO", "true");
        Ok(text(&command.output()?))
    }
}

/// Two copies of the kit have a broker each, and a conflict names the other copy.
pub fn two_kits(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    let port = ports::free_pair()?.to_string();
    let other_port = ports::free_pair()?.to_string();
    let up = |kit: &Copy<'_>, port: &str| kit.run(&["up", "--broker", "embedded", "--port", port]);
    let (one, two) = (Copy::new(&apart, "one"), Copy::new(&apart, "two"));
    // The program is built in the complete kit.
    apart.run(&["broker", "up", "--broker", "embedded", "--port", &port])?;
    apart.run(&["broker", "down"])?;

    let said = up(&one, &port)?;
    assert!(said.contains(&format!("address      amqp://localhost:{port}")), "{said}");
    assert!(two.run(&["status"])?.contains("No broker is kept running."), "{}", two.run(&["status"])?);
    let said = up(&two, &port)?;
    let place = one.folder.display().to_string();
    assert!(said.contains(&format!("another copy of the kit, in {place}, keeps a broker there")), "{said}");
    assert!(said.contains(&format!("Stop that one: cd {place}; cargo xtask broker down")), "{said}");
    let said = two.run(&["down"])?;
    assert!(said.contains(&format!("in {place}, keeps the embedded broker on port {port}")), "{said}");

    let said = up(&two, &other_port)?;
    assert!(said.contains(&format!("address      amqp://localhost:{other_port}")), "{said}");
    assert_eq!(two.run(&["down"])?, format!("stopped the embedded broker on port {other_port}\n"));
    assert!(one.run(&["status"])?.contains(&port));

    // A kit that was moved finds the broker that it started at its old place.
    fs::rename(&one.folder, apart.folder.join("moved"))?;
    let moved = Copy::new(&apart, "moved");
    assert_eq!(moved.run(&["down"])?, format!("stopped the embedded broker on port {port}\n"));
    assert!(moved.run(&["status"])?.contains("No broker is kept running."));
    Ok(())
}

/// A broker that goes away in the middle of a check is not the program's fault.
pub fn gone(broker: &TestBroker) -> Result<(), Failed> {
    for number in ["01", "02", "03", "04"] {
        let apart = Apart::new(&broker.place);
        let port = ports::free_pair()?.to_string();
        let up = apart.run(&["broker", "up", "--broker", "embedded", "--port", &port])?;
        assert!(up.status.success(), "{}", text(&up));
        // It stops the broker, and sends nothing to it.
        let program = shell_words::join([env!("CARGO_BIN_EXE_checker"), "broker", "down"]);
        let address = format!("amqp://localhost:{port}");
        let check = apart.run(&["check", "lesson", number, "--broker", &address, "--program", &program])?;
        assert_eq!(check.status.code(), Some(3), "{}", text(&check));
        assert!(text(&check).contains("The broker failed during the check"), "{}", text(&check));
    }
    Ok(())
}

/// A missing engine is reported immediately, with a hint, and leaves nothing to clean up.
pub fn no_engine(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    for arguments in [&["check", "lesson", "01", "--program", "true"][..], &["broker", "up"]] {
        let mut command = apart.checker(&[arguments, &["--broker", "docker"]].concat());
        let output = command.env("DOCKER_HOST", "tcp://127.0.0.1:1").output()?;
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        let words = text(&output);
        assert!(words.contains("Check that the Docker engine answers: docker info"), "{words}");
        assert!(!words.contains("could not be removed"), "{words}");
    }
    Ok(())
}

/// A check that started its own broker is killed while the broker runs: the next run removes the broker.
pub fn killed(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    let flags: Vec<&str> = apart.flags.iter().map(String::as_str).collect();
    let endless = ["check", "lesson", "01", "--timeout", "600", "--program", "sleep 602"];
    let mut check =
        apart.checker(&[&endless, &flags[..]].concat()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut run = String::new();
    until("the program to run", || {
        run = apart
            .runs()
            .first()
            .map(|run| run.file_name().unwrap_or_default().to_string_lossy().into_owned())
            .unwrap_or_default();
        !run.is_empty() && !cleanup::processes(&format!("{run}.program")).is_empty()
    })?;
    check.kill()?;
    check.wait()?;
    assert!(!apart.left().is_empty(), "a killed check can't clean up, so this test sees nothing");
    let next = apart.run(&["broker", "status"])?;
    assert!(!text(&next).contains("warning"), "{}", text(&next));
    assert_eq!(apart.left(), Vec::<PathBuf>::new());
    assert_eq!(cleanup::processes(&run), Vec::<i32>::new());
    if let Place::Docker(_) = broker.place {
        assert_eq!(containers(&run)?, "");
    }
    Ok(())
}

/// A program that does not compile ends its check while the broker is still starting, which leaves nothing of the broker.
pub fn not_needed(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    let program = apart.folder.join("no-program");
    fs::create_dir_all(program.join("src"))?;
    let manifest = "[package]\nname = \"no-program\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(program.join("Cargo.toml"), manifest)?;
    let mut runs = Vec::new();
    // The broker's progress differs each time.
    for attempt in 0..6 {
        fs::write(program.join("src/main.rs"), format!("fn main() {{ nothing_{attempt} }}\n"))?;
        let check = ["check", "lesson", "01", "--path", &program.to_string_lossy()].map(str::to_owned);
        let arguments: Vec<&str> = check.iter().chain(&apart.flags).map(String::as_str).collect();
        let check = apart.checker(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        until("the check to begin", || {
            runs.extend(apart.runs().iter().filter_map(|run| Some(run.file_name()?.to_string_lossy().into_owned())));
            runs.len() > attempt
        })?;
        let output = check.wait_with_output()?;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(!text(&output).contains("warning"), "{}", text(&output));
        runs.truncate(attempt + 1);
    }
    runs.sort();
    runs.dedup();
    assert_eq!(runs.len(), 6);
    assert_eq!(apart.runs(), Vec::<PathBuf>::new());
    for run in &runs {
        assert_eq!(cleanup::processes(&cleanup::broker_mark(run)), Vec::<i32>::new());
    }
    if let Place::Docker(_) = broker.place {
        // A container that the engine was asked for comes within seconds, or never; one that is being removed is listed for a
        // while.
        let deadline = Instant::now() + Duration::from_secs(3);
        for run in &runs {
            until("the container to be gone", || {
                containers(run).is_ok_and(|listed| listed.is_empty()) && Instant::now() > deadline
            })?;
        }
    }
    Ok(())
}

/// Returns the containers of a run, as `docker ps` lists them.
fn containers(run: &str) -> Result<String, Failed> {
    let name = format!("name=hello-rabbit-{run}");
    let listed = Command::new("docker").args(["ps", "--all", "--quiet", "--filter", &name]).output()?;
    Ok(String::from_utf8_lossy(&listed.stdout).into_owned())
}
