//! A lesson with several programs, on a broker that belongs to the check: it is restarted, and the report contains all
//! programs.

use std::process::Command;

use serde_json::Value;

#[test]
fn workers_share_one_is_killed_and_the_broker_is_restarted() {
    let output = Command::new(env!("CARGO_BIN_EXE_checker"))
        .args(["check", "lesson", "04", "--reference", "--broker", "embedded", "--format", "json"])
        .env_remove("AMQP_URL")
        .env_remove("HELLO_RABBIT_IMAGE")
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdict"], "passed", "{report:#}");
    let programs = report["programs"].as_array().unwrap();
    let roles: Vec<&Value> = programs.iter().map(|program| &program["role"]).collect();
    assert_eq!(roles, ["worker 1", "worker 2", "worker 3", "idle worker"]);
    assert_eq!(report["role"], "worker 1");
    let ends: Vec<&Value> = programs.iter().map(|program| &program["exit"]["signal"]).collect();
    assert_eq!(ends.iter().filter(|signal| **signal == 9).count(), 1, "one is killed: {ends:?}");
    let survive = report["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(survive["id"], "survive");
    assert!(survive["evidence"].as_str().unwrap().contains("after a restart of the broker"), "{survive:#}");
}
