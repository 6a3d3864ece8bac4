//! `doctor`: its findings on machines that lack one thing or another, and the absence of secrets in them.

use std::{fs, net::TcpListener, path::Path, process::Command};

use serde_json::Value;

use crate::{
    shared::render,
    start::{command, empty},
};

/// Returns a `doctor` command for a machine with a compiler and cargo, and nothing else on its path.
fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let nothing = folder.join("nothing");
    fs::create_dir_all(&nothing).unwrap();
    let mut command = command(folder, &[&["doctor"], arguments].concat());
    let rustc = Path::new(env!("CARGO")).with_file_name("rustc");
    if rustc.is_file() {
        command.env("RUSTC", rustc);
    }
    command.env("CARGO", env!("CARGO")).env("PATH", nothing).env_remove("DOCKER_HOST");
    command
}

/// Returns the findings as JSON, from a `doctor` that must end with this code.
fn diagnoses(command: &mut Command, code: i32) -> Vec<Value> {
    let output = command.arg("--format").arg("json").output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", render(&output));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["format"], &answer["fit"]), (&"hello-rabbit/doctor/v1".into(), &(code == 0).into()));
    answer["findings"].as_array().unwrap().clone()
}

/// Returns the state and the words of one finding.
fn found(findings: &[Value], id: &str) -> (String, String) {
    let finding = findings.iter().find(|finding| finding["id"] == id);
    let finding = finding.unwrap_or_else(|| panic!("nothing about {id}: {findings:#?}"));
    (finding["state"].as_str().unwrap().to_owned(), finding["what"].as_str().unwrap().to_owned())
}

#[test]
fn without_docker_all_is_well_and_everything_is_looked_at() {
    let folder = empty("doctor-bare");
    let findings = diagnoses(&mut bare(&folder, &[]), 0);
    let mut ids: Vec<&str> = findings.iter().map(|finding| finding["id"].as_str().unwrap()).collect();
    // The first is there only when cargo needs the network, and the second only when the system reports its memory.
    ids.retain(|id| !matches!(*id, "crates" | "memory"));
    let all = [
        "kit", "system", "rust", "disk", "runs", "embedded", "docker", "rabbitmq", "warm", "amqp-url", "port", "port",
        "work",
    ];
    assert_eq!(ids, all);
    assert_eq!(found(&findings, "docker"), ("ok".into(), "Docker is not installed, and not needed".into()));
    for id in ["kit", "rust", "embedded", "runs"] {
        assert_eq!(found(&findings, id).0, "ok", "{id}");
    }
    assert!(found(&findings, "embedded").1.contains(" ms after its start"));
    assert!(found(&findings, "rust").1.contains(concat!("needs ", env!("CARGO_PKG_RUST_VERSION"))));
}

#[test]
fn the_text_has_a_word_first_and_a_verdict_last() {
    let folder = empty("doctor-text");
    let output = bare(&folder, &[]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (lines, verdict) = text.split_once("\n\n").unwrap();
    for line in lines.lines() {
        let begins = ["ok       ", "warning  ", "problem  ", "           "];
        assert!(begins.iter().any(|word| line.starts_with(word)), "{line}");
    }
    assert!(verdict.ends_with(": a check on the embedded broker can work\n"), "{verdict}");
}

#[test]
fn neither_the_password_nor_the_user_is_printed() {
    let folder = empty("doctor-secret");
    let dead_address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(broker::Server::start(broker::Config::default(), None)).unwrap();
    let login = "ludmilla:hush-hush";
    for (url, expected) in [
        (
            format!("amqp://{login}@{dead_address}/mine"),
            format!("AMQP_URL names amqp://{dead_address}/mine, but no broker answers there"),
        ),
        (
            format!("amqp://{login}@127.0.0.1:{}", server.port()),
            format!(
                "AMQP_URL names amqp://127.0.0.1:{}: RabbitMQ {} answers, but refuses the login or the vhost",
                server.port(),
                broker::VERSION
            ),
        ),
        (format!("amqps://{login}@{dead_address}"), "AMQP_URL asks for TLS".to_owned()),
        (format!("amqp://{login}@host:port"), "AMQP_URL is set, but it is not an AMQP address".to_owned()),
        (login.to_owned(), "AMQP_URL is set, but it is not an AMQP address".to_owned()),
    ] {
        let findings = diagnoses(bare(&folder, &[]).env("AMQP_URL", &url), 0);
        let (state, what) = found(&findings, "amqp-url");
        assert!(state == "warning" && what.starts_with(&expected), "{url}: {state} {what}");
        let text = render(&bare(&folder, &[]).env("AMQP_URL", &url).output().unwrap());
        for all in [text, format!("{findings:?}")] {
            assert!(!all.contains("hush") && !all.contains("ludmilla"), "{url}: {all}");
        }
    }
    let findings = diagnoses(bare(&folder, &[]).env("AMQP_URL", format!("amqp://127.0.0.1:{}", server.port())), 0);
    assert_eq!(found(&findings, "amqp-url").0, "ok", "{findings:#?}");
}

#[test]
fn what_keeps_a_check_from_working_is_a_problem_and_exits_with_3() {
    let folder = empty("doctor-problems");
    let findings = diagnoses(bare(&folder, &[]).env("RUSTC", folder.join("no-rustc")), 3);
    assert_eq!(found(&findings, "rust"), ("problem".into(), "rustc is not installed, or not on the PATH".into()));

    let file = folder.join("a-file");
    fs::write(&file, "").unwrap();
    let mut doctor = bare(&folder, &[]);
    doctor.env("TMPDIR", &file).env("TMP", &file);
    if cfg!(unix) {
        let findings = diagnoses(&mut doctor, 3);
        assert_eq!(found(&findings, "runs").0, "problem");
    }
}

#[test]
fn progress_and_programs_are_found_and_the_home_folder_is_a_tilde() {
    let folder = empty("doctor-home");
    let doctor = || {
        let mut doctor = bare(&folder, &[]);
        doctor.env("HOME", &folder).env("USERPROFILE", &folder);
        // cargo needs the files in its real home.
        let home = std::env::home_dir().unwrap();
        for (key, place) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            doctor.env(key, std::env::var_os(key).unwrap_or_else(|| home.join(place).into_os_string()));
        }
        doctor
    };
    let work = || found(&diagnoses(&mut doctor(), 0), "work");
    let place = Path::new("~").join("work").display().to_string();
    assert_eq!(work(), ("ok".into(), format!("no program of your own yet; your programs will be in {place}")));
    let progress = folder.join("work/.hello-rabbit/progress.json");
    fs::create_dir_all(progress.parent().unwrap()).unwrap();
    assert_eq!(work(), ("ok".into(), format!("your programs are in {place}; lessons passed: 0")));
    fs::write(progress, "not json").unwrap();
    let (state, what) = work();
    assert!(
        state == "warning" && what.starts_with("your progress can't be read: ~") && what.contains("move it away"),
        "{what}"
    );
}

#[test]
#[cfg(unix)]
fn an_engine_that_never_answers_does_not_delay_the_rest() {
    use std::{
        os::unix::fs::PermissionsExt,
        time::{Duration, Instant},
    };

    let folder = empty("doctor-late");
    let docker = folder.join("nothing/docker");
    fs::create_dir_all(docker.parent().unwrap()).unwrap();
    fs::write(&docker, "#!/bin/sh\nexec /bin/sleep 600\n").unwrap();
    fs::set_permissions(&docker, fs::Permissions::from_mode(0o755)).unwrap();
    let begin = Instant::now();
    let findings = diagnoses(&mut bare(&folder, &[]), 0);
    assert!(begin.elapsed() < Duration::from_secs(20), "it took {:?}", begin.elapsed());
    let expected = "Docker is installed, but its engine takes too long to answer";
    assert_eq!(found(&findings, "docker"), ("warning".into(), expected.into()));
}
