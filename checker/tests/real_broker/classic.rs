//! The classic Python programs pass, and exchange messages with ours.
//!
//! `HELLO_RABBIT_PIKA_0` is a Python with Pika 0.11 (Python 2.7 or 3.6), `HELLO_RABBIT_PIKA_1` one with Pika 1.x. If one is not
//! set, its tests are reported as ignored. Python is not the subject of this project, so CI needs it only where it sets these
//! variables.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use checker::{
    brokers::{address::Address, client::Client, ports},
    lessons::{self, Lesson},
};
use libtest_mimic::Failed;
use wire::words;

use crate::{
    brokers::{Check as _, TestBroker, forward, runtime},
    step_programs,
};

/// The time limit for a message to arrive.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(20);

/// A Python, by the name of its environment variable.
#[derive(Clone, Copy)]
pub struct Python(pub &'static str);

/// A test with one of the Pythons.
pub type Test = fn(&TestBroker, Python) -> Result<(), Failed>;

/// The possible Pythons.
pub const PYTHONS: [Python; 2] = [Python("HELLO_RABBIT_PIKA_0"), Python("HELLO_RABBIT_PIKA_1")];

impl Python {
    /// Returns the part of a test's name that names it.
    pub fn name(self) -> String {
        self.0.trim_start_matches("HELLO_RABBIT_").to_lowercase()
    }

    /// Returns whether its variable is set.
    pub fn is_set(self) -> bool {
        env::var_os(self.0).is_some()
    }

    fn command(self, script: &Path) -> String {
        format!("{} {}", env::var(self.0).unwrap_or_default(), shell_words::quote(&script.to_string_lossy()))
    }
}

/// Returns the script of a classic program.
fn script(program: &str) -> PathBuf {
    let of = |lesson: Lesson| lesson.folder.join("classic").join(program).with_extension("py");
    let all = lessons::all().unwrap_or_else(|error| panic!("{error}")).into_iter().map(of);
    { all }.find(|path| path.is_file()).unwrap_or_else(|| panic!("no lesson has a classic program {program}.py"))
}

/// Returns each classic program, with its lesson's number.
fn programs() -> Vec<(String, String)> {
    let of = |lesson: Lesson| {
        let files = fs::read_dir(lesson.folder.join("classic")).into_iter().flatten().flatten();
        let names = files.filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned()));
        names.map(|name| (lesson.number.clone(), name)).collect::<Vec<_>>()
    };
    lessons::all().unwrap_or_else(|error| panic!("{error}")).into_iter().flat_map(of).collect()
}

/// Returns a copy of the script with the one change that the book makes, so that it shares our queue `hello`.
fn durable(program: &str) -> io::Result<PathBuf> {
    let text = fs::read_to_string(script(program))?;
    let changed = text.replace("queue_declare(queue='hello')", "queue_declare(queue='hello', durable=True)");
    assert_ne!(changed, text, "{program}.py does not declare hello as the book says");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("classic-{}", fastrand::u32(..)));
    fs::create_dir_all(&folder)?;
    let path = folder.join(program).with_extension("py");
    fs::write(&path, changed)?;
    Ok(path)
}

/// All programs pass their lessons, on a port in their arguments. Those whose queue is transient pass only where the broker
/// permits it.
pub fn pass(broker: &TestBroker, python: Python) -> Result<(), Failed> {
    for (lesson, program) in &programs() {
        let port = ports::free()?.to_string();
        let command = format!("{} {port}", python.command(&script(program)));
        let output = broker.check(&["lesson", lesson, "--program", &command, "--port", &port]).output()?;
        let report = String::from_utf8_lossy(&output.stdout);
        let is_transient = ["send", "receive"].contains(&program.as_str());
        let (code, says) = match (is_transient, broker.denies_transient) {
            (true, true) => (1, "step 2 of "),
            (true, false) => (0, "note: The queue `hello` is neither durable nor exclusive."),
            (false, _) => (0, "passed"),
        };
        assert_eq!(output.status.code(), Some(code), "{report}");
        assert!(report.contains(says), "{report}");
    }
    Ok(())
}

/// Rust receives what Python sends, and the other way round.
pub fn exchange(broker: &TestBroker, python: Python) -> Result<(), Failed> {
    let management = broker.broker.management.clone().ok_or("no management API")?;
    let vhost = format!("classic-{}", fastrand::u32(..));
    runtime().block_on(management.make_vhost(&vhost))?;
    let address = broker.broker.address.in_vhost(&vhost);
    let done = both_ways(&address, python);
    runtime().block_on(management.delete_vhost(&vhost))?;
    done
}

fn both_ways(address: &Address, python: Python) -> Result<(), Failed> {
    // The classic programs can only use the vhost `/`, so a forwarder leads them to this vhost.
    let door = runtime().block_on(forward(address));
    let classic = |script: &Path| -> Result<Command, Failed> {
        let words = shell_words::split(&format!("{} {}", python.command(script), door.port()))?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env("PYTHONUNBUFFERED", "1");
        Ok(command)
    };
    let folder = step_programs::folder()?;
    let rust = |program: &str| {
        let mut command = Command::new(folder.join(program));
        command.env("AMQP_URL", address.url());
        command
    };
    meet(rust("hello-receive-7"), classic(&durable("send")?)?)?;
    meet(classic(&durable("receive")?)?, rust("hello-send-5"))?;
    meet(rust("worker-10"), classic(&script("new_task"))?)?;
    meet(classic(&script("worker"))?, rust("new-task-6"))?;
    // Unchanged, they declare another `hello` than the existing one.
    let refused = classic(&script("send"))?.output()?;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("406"), "{refused:?}");
    let left = runtime().block_on(async {
        let client = Client::reach(address).await?;
        client.drain("hello", 0, MESSAGE_TIMEOUT).await
    })?;
    assert_eq!(left, Some(vec![]), "a message was not received");
    Ok(())
}

/// Starts a receiver, then a sender, and waits for the message.
fn meet(mut receiver: Command, mut sender: Command) -> Result<(), Failed> {
    let mut receiver = Ended(receiver.stdout(Stdio::piped()).spawn()?);
    let stdout = receiver.0.stdout.take().ok_or("no stdout")?;
    let lines = lines(stdout);
    expect(&lines, " [*] Waiting for messages. To exit press CTRL+C")?;
    let sent = sender.output()?;
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    assert_eq!(String::from_utf8_lossy(&sent.stdout).trim_end(), " [x] Sent 'Hello World!'");
    let received = lines.recv_timeout(MESSAGE_TIMEOUT)?;
    let plain = received.replace("b'", "'");
    assert_eq!(plain, " [x] Received 'Hello World!'", "{}", words::quoted(received.as_bytes()));
    Ok(())
}

fn expect(lines: &mpsc::Receiver<String>, expected: &str) -> Result<(), Failed> {
    let line = lines.recv_timeout(MESSAGE_TIMEOUT)?;
    assert_eq!(line, expected);
    Ok(())
}

fn lines(stdout: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A child that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
