//! A resource alarm of the broker is not the program's fault.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use checker::{brokers::ports, lessons};
use libtest_mimic::Failed;

use crate::{
    brokers::{Place, TestBroker},
    own::{Apart, text},
};

/// An alarm before a check, or in the middle of it, leads to no verdict, and no check waits for its end.
pub fn not_the_programs_fault(broker: &TestBroker) -> Result<(), Failed> {
    let apart = Apart::new(&broker.place);
    let port = ports::free_pair()?.to_string();
    let flags: Vec<&str> = apart.flags.iter().map(String::as_str).collect();
    let up = apart.run(&[&["broker", "up", "--port", &port], &flags[..]].concat())?;
    assert!(up.status.success(), "{}", text(&up));
    let [raise, clear] = match &broker.place {
        Place::Docker(_) => {
            let name = ["ps", "--quiet", "--filter", &format!("publish={port}")].map(str::to_owned);
            let container = String::from_utf8(Command::new("docker").args(name).output()?.stdout)?;
            [0.0, 0.6].map(|most| {
                format!("docker exec {} rabbitmqctl --quiet set_vm_memory_high_watermark {most}", container.trim())
            })
        }
        _ => ["raise", "clear"].map(|what| format!("{} broker alarm {what} memory", env!("CARGO_BIN_EXE_checker"))),
    };
    let change = |line: &str| {
        let words = shell_words::split(line).unwrap();
        let status =
            Command::new(&words[0]).args(&words[1..]).env("TMPDIR", &apart.folder).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "{line}");
    };
    let not_checked = |arguments: &[&str]| {
        let begin = Instant::now();
        let check = apart.run(&[&["check", "lesson"], arguments, &["--timeout", "60"]].concat()).unwrap();
        assert_eq!(check.status.code(), Some(3), "{arguments:?}: {}", text(&check));
        assert!(text(&check).contains("The broker is low on memory."), "{}", text(&check));
        let way_out = if broker.place == Place::Embedded { "broker alarm clear" } else { "rabbitmq.com/docs/memory" };
        assert!(text(&check).contains(way_out), "{}", text(&check));
        assert!(begin.elapsed() < Duration::from_secs(30), "{arguments:?}: silent for {:?}", begin.elapsed());
    };
    for lesson in lessons::all()? {
        let number = lesson.number.as_str();
        change(&raise);
        not_checked(&[number, "--reference"]);
        change(&clear);
        let program = Path::new(env!("CARGO_BIN_EXE_checker")).with_file_name(&lesson.about.id);
        let script = format!("{raise} >/dev/null 2>&1; exec {}", program.display());
        not_checked(&[number, "--program", &shell_words::join(["sh", "-c", &script])]);
        change(&clear);
    }
    // An alarm that stops a program before it is reported leaves no trace in the conversation.
    let script = format!("{raise} >/dev/null 2>&1");
    not_checked(&["01", "--program", &shell_words::join(["sh", "-c", &script])]);
    let status = apart.run(&["broker", "status"])?;
    assert!(text(&status).contains("\nalarm        low on memory: publishers are blocked\n"), "{}", text(&status));
    let doctor = apart.run(&["doctor"])?;
    assert!(text(&doctor).contains("and is low on memory: publishers are blocked\n"), "{}", text(&doctor));
    change(&clear);
    assert!(!text(&apart.run(&["broker", "status"])?).contains("alarm"));
    let checked = apart.run(&["check", "lesson", "01", "--reference"])?;
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked));
    Ok(())
}
