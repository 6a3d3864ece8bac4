//! Tests that grade on a RabbitMQ in a container. Without an image or a sandbox, they are reported as not run;
//! `HELLO_RABBIT_SANDBOX=required` makes them fail there.

// clippy's own exception for tests does not see a test without its harness.
#![allow(clippy::unwrap_used)]

mod shared;

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use cli::{BrokerArgs, BrokerChoice};
use harness::{
    brokers::{
        Broker, Names,
        address::Address,
        client::{self, Client},
        docker::{BUILT, image_at_hand},
    },
    cleanup::Run,
    live::LiveRun,
    tap::{Bounds, Tap},
};
use libtest_mimic::{Arguments, Failed, Trial};

use shared::{Class, MANIFEST, is_required, right, said};

/// The deadline for something to be seen.
const SEEN_TIMEOUT: Duration = Duration::from_secs(180);

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each one starts a RabbitMQ.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let has_sandbox = Command::new("bwrap").arg("--version").output().is_ok_and(|output| output.status.success());
    let has_image = |image: Option<&str>| runtime().block_on(image_at_hand(image)).is_some();
    let trial = |name: String, can_run: bool, test: Box<dyn FnOnce() + Send>| {
        let run = move || {
            test();
            Ok::<(), Failed>(())
        };
        Trial::test(name, run).with_ignored_flag(!can_run && !is_required())
    };
    let whole: [(&str, fn()); 4] = [
        ("a_class_is_graded_on_one_rabbitmq", a_class_is_graded_on_one_rabbitmq),
        ("a_broker_that_goes_away_fails_no_student", a_broker_that_goes_away_fails_no_student),
        ("ctrl_c_removes_the_broker", ctrl_c_removes_the_broker),
        ("a_broker_that_can_not_confine_is_refused", a_broker_that_can_not_confine_is_refused),
    ];
    let can_grade = has_sandbox && has_image(None);
    let mut trials: Vec<Trial> =
        whole.map(|(name, test)| trial(name.to_owned(), can_grade, Box::new(test))).into_iter().collect();
    for image in BUILT {
        let test = move || an_account_has_its_vhost_and_nothing_else(image);
        trials.push(trial(
            format!("an_account_has_its_vhost_and_nothing_else({image})"),
            has_image(Some(image)),
            Box::new(test),
        ));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SEEN_TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Sets a folder of its own for the runs of a `grade`, so that its container can be found. Returns the folder.
fn own_folder(class: &Class, grade: &mut Command) -> PathBuf {
    let temporary = class.folder.path().join("temporary");
    fs::create_dir_all(&temporary).unwrap();
    grade.env("TMPDIR", &temporary);
    temporary
}

/// Returns the running containers of the runs in a folder.
fn containers(temporary: &PathBuf) -> Vec<String> {
    let bases = fs::read_dir(temporary).into_iter().flatten().flatten();
    let runs = bases.flat_map(|base| fs::read_dir(base.path().join("runs")).into_iter().flatten().flatten());
    let names = runs.map(|run| format!("hello-rabbit-{}", run.file_name().to_string_lossy()));
    names.filter(|name| is_there(name)).collect()
}

fn is_there(container: &str) -> bool {
    let mut inspect = Command::new("docker");
    inspect.args(["container", "inspect", container]).stdout(Stdio::null()).stderr(Stdio::null());
    inspect.status().unwrap().success()
}

fn a_class_is_graded_on_one_rabbitmq() {
    let class = Class::new();
    class.add("ada", &[("src/main.rs", &right()), ("Cargo.toml", MANIFEST)]);
    class.add("ben", &[("main.rs", &right().replace("Hello World!", "Hello world!"))]);
    // The login that every tutorial has, typed into the program.
    let from_environment = r#"env::var("AMQP_URL").unwrap_or("amqp://localhost:5672".into())"#;
    let fixed = right().replace(from_environment, r#""amqp://guest:guest@localhost:5672/%2f".to_owned()"#);
    assert!(!fixed.contains(from_environment));
    class.add("cleo", &[("main.rs", &fixed)]);
    class.add("dan", &[("main.rs", "fn main() { println!(\" [x] Sent 'Hello World!'\"); }")]);
    let expected =
        ["ada passed 5 -", "ben failed 2 body.case", "cleo passed 5 -", "dan failed 0 connect.printed-without"];
    let mut grade = class.command(&["--broker", "docker", "--report", "all"]);
    let temporary = own_folder(&class, &mut grade);
    let output = grade.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(class.lines(), expected, "{}", said(&output));
    assert!(said(&output).contains("graded by RabbitMQ "), "{}", said(&output));
    assert_eq!(containers(&temporary), Vec::<String>::new());
    let broker = class.report()["broker"].as_str().unwrap().to_owned();
    assert!(broker.starts_with("RabbitMQ "), "{broker}");
    assert_eq!(class.report()["submissions"][0]["broker"].as_str(), Some(broker.as_str()));
    for file in ["class.html", "students/ada.html", "students/ada.md", "junit.xml"] {
        let text = fs::read_to_string(class.journal().join(file)).unwrap();
        assert!(text.contains(&broker), "{file} does not name {broker}");
    }
    // On another broker, every check is another one. Grading again by the journal keeps what is there.
    let output = class.grade(&["--regrade", "--report", "json"]);
    assert_eq!(
        (class.report()["broker"].as_str(), class.lines()),
        (Some(broker.as_str()), expected.map(str::to_owned).to_vec())
    );
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let output = class.grade(&["--report", "json"]);
    assert!(!said(&output).contains("are done already"), "{}", said(&output));
    assert_eq!(class.lines(), expected, "{}", said(&output));
    assert!(class.report()["broker"].as_str().unwrap().starts_with("the embedded broker "));
}

fn a_broker_that_goes_away_fails_no_student() {
    let class = Class::new();
    for student in ["ada", "ben", "cleo", "dan"] {
        class.add(student, &[("main.rs", &format!("{}\n// {student}\n", right()))]);
    }
    let flags = ["--broker", "docker", "--jobs", "1", "--report", "json"];
    let mut grade = class.command(&flags);
    let temporary = own_folder(&class, &mut grade);
    let grade = grade.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    until("the first check to be kept", || !class.finished().is_empty());
    let [container] = <[String; 1]>::try_from(containers(&temporary)).unwrap();
    assert!(Command::new("docker").args(["kill", &container]).stdout(Stdio::null()).status().unwrap().success());
    let output = grade.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let lines = class.lines();
    assert!(lines[0].starts_with("ada passed 5"), "{lines:?}");
    assert!(lines[3].starts_with("dan not_checked null"), "{lines:?}");
    assert!(lines.iter().all(|line| line.contains(" passed 5") || line.contains(" not_checked null")), "{lines:?}");
    let why = class.report()["submissions"][3]["reason"].as_str().unwrap().to_owned();
    assert!(why.contains("is gone") || why.contains("broker"), "{why}");
    assert!(!is_there(&container), "the container is left");
    // The same command does the rest.
    let output = class.grade(&flags);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("of 4 checks are done already"), "{}", said(&output));
    assert!(class.lines().iter().all(|line| line.ends_with("passed 5 -")), "{:?}", class.lines());
}

fn ctrl_c_removes_the_broker() {
    let class = Class::new();
    class.add("ada", &[("main.rs", "fn main() { std::thread::sleep(std::time::Duration::from_secs(60)) }")]);
    let begin = |more: &[&str]| -> (Child, PathBuf, String) {
        let mut grade = class.command(&["--broker", "docker", "--timeout", "60"]);
        let temporary = own_folder(&class, &mut grade);
        let mut grade = grade.args(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the container to be there", || {
            assert!(grade.try_wait().unwrap().is_none(), "it ended");
            !containers(&temporary).is_empty()
        });
        let container = containers(&temporary).remove(0);
        (grade, temporary, container)
    };
    let (mut grade, _, container) = begin(&[]);
    assert!(Command::new("kill").args(["-INT", &grade.id().to_string()]).status().unwrap().success());
    assert_eq!(grade.wait().unwrap().code(), Some(130));
    assert!(!is_there(&container), "the container is left after Ctrl-C");
    // After `kill -9`, the next command removes it.
    let (mut grade, _, container) = begin(&[]);
    grade.kill().unwrap();
    grade.wait().unwrap();
    assert!(is_there(&container), "a killed command can't clean up, so this test sees nothing");
    let mut next = class.command(&["--regrade"]);
    own_folder(&class, &mut next);
    next.output().unwrap();
    until("the container to be gone", || !is_there(&container));
}

/// The kit's own broker as a program has no management API for users, and a broker without any has no vhosts.
fn a_broker_that_can_not_confine_is_refused() {
    let class = Class::new();
    class.add("ada", &[("main.rs", &right())]);
    let run = Run::begin().unwrap();
    let broker = BrokerArgs { broker: BrokerChoice::Embedded, image: None };
    let runtime = runtime();
    let broker = runtime.block_on(Broker::find(&broker, &run)).unwrap();
    for (address, expected) in
        [(broker.address.url(), "gives no vhost to each check"), ("amqp://127.0.0.1:1".to_owned(), "No broker answers")]
    {
        let output = class.grade(&["--broker", &address]);
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(expected) && said(&output).contains("\nhint: "), "{}", said(&output));
    }
    let output = class.grade(&["--broker", "auto"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    runtime.block_on(run.end());
}

fn an_account_has_its_vhost_and_nothing_else(image: &str) {
    let run = Run::begin().unwrap();
    runtime().block_on(async {
        let broker = BrokerArgs { broker: BrokerChoice::Docker, image: Some(image.to_owned()) };
        let broker = Broker::find(&broker, &run).await.unwrap().confining();
        let management = broker.management.clone().unwrap();
        let other = broker.make_vhost(&run, Names::default()).await.unwrap();
        let check = run.child().unwrap();
        let address = broker.make_vhost(&check, Names::default()).await.unwrap();
        let account = broker.make_account(&check, &address.vhost).await.unwrap().unwrap();
        let tap = Tap::open_for(
            &address,
            Some(&account),
            None,
            LiveRun::default(),
            tokio::time::Instant::now(),
            None,
            Bounds::default(),
        );
        let tap = tap.await.unwrap();
        let inside = Address::parse(&tap.url()).unwrap();
        assert_eq!((inside.user.as_str(), inside.vhost.as_str()), ("guest", "/"));
        // The program's login works, and what it makes is in the check's own vhost.
        let client = Client::reach(&inside).await.unwrap();
        let own = Client::reach(&address).await.unwrap();
        // RabbitMQ 4.3 refuses others.
        client.declare(client::durable("mine")).await.unwrap();
        assert!(own.has("mine").await.unwrap());
        // Neither a vhost of others nor another login.
        let refused = async |address: Address| Client::reach(&address).await.err().map(|error| error.to_string());
        let why = refused(inside.in_vhost(&other.vhost)).await.unwrap();
        assert!(why.contains("refused"), "{why}");
        let why = refused(Address { password: "other".to_owned(), ..inside.clone() }).await.unwrap();
        assert!(why.contains("ACCESS_REFUSED") || why.contains("refused"), "{why}");
        let direct = Address { user: account.user.clone(), password: account.password.clone(), ..other.clone() };
        assert!(refused(direct).await.is_some(), "the account opens a vhost of others");
        let direct = Address { user: account.user.clone(), password: account.password.clone(), ..address.clone() };
        assert_eq!(refused(direct.clone()).await, None);
        // The account is bounded.
        let mut most = None;
        for number in 0..100 {
            if let Err(error) = client.declare(client::durable(&format!("queue-{number}"))).await {
                most = Some((number, error.to_string()));
                break;
            }
        }
        let (number, why) = most.expect("there is no limit of queues");
        assert!((60..=64).contains(&number) && why.contains("queue limit"), "{number}: {why}");
        let mut open = Vec::new();
        let most = loop {
            match Client::reach(&direct).await {
                Ok(client) => open.push(client),
                Err(error) => break error.to_string(),
            }
            assert!(open.len() < 100, "there is no limit of connections");
        };
        assert!(open.len() >= 32 && most.contains("limit"), "{}: {most}", open.len());
        drop((open, client, own));
        tap.close().await;
        // With the check, the user goes, too.
        let _ = check.end().await;
        // RabbitMQ may delete a vhost with many queues for longer than a request waits.
        let gone = async {
            let mut tick = tokio::time::interval(Duration::from_millis(200));
            while !management.vhosts().await.is_ok_and(|vhosts| !vhosts.contains(&address.vhost)) {
                tick.tick().await;
            }
        };
        tokio::time::timeout(SEEN_TIMEOUT, gone).await.expect("the vhost is left");
        assert!(refused(Address { vhost: "/".to_owned(), ..direct }).await.is_some());
    });
    assert_eq!(runtime().block_on(run.end()), Vec::<String>::new());
}
