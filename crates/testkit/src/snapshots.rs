//! The comparison of output with snapshots.

use std::process::Output;

use crate::kit;

/// Returns exit code, stdout and stderr as one text.
#[must_use]
pub fn render(output: &Output) -> String {
    format!(
        "exit code: {:?}\n--- stdout ---\n{}--- stderr ---\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Compares a text with a snapshot, without everything that differs between runs and between brokers. The name may contain
/// folders.
pub fn snapshot(name: &str, text: &str) {
    let (folder, name) = name.rsplit_once('/').unwrap_or(("", name));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(kit().join("checker/tests/snapshots").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, instead) in UNSTEADY {
        settings.add_filter(pattern, instead);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The patterns of what differs between runs and between brokers, with their replacements.
pub const UNSTEADY: [(&str, &str); 11] = [
    (r"thread '([^']+)' \(\d+\)", "thread '$1'"),
    (r" +\d+\.\d ms", "    [time]"),
    (r"in \d+\.\d s", "in [time]"),
    (r"\d+\.\d s after its last message", "[time] after its last message"),
    (r"printed \d+\.\d s later", "printed [time] later"),
    (r"RabbitMQ \d+\.\d+\.\d+", "RabbitMQ [version]"),
    (r"amqp://guest@127\.0\.0\.1:\d+", "amqp://guest@127.0.0.1:[port]"),
    (r"amq\.ctag-[A-Za-z0-9_-]+", "amq.ctag-[random]"),
    (r"amq\.gen-[A-Za-z0-9_-]{22}", "amq.gen-[random]"),
    (r"/users-\d+", "/users-[random]"),
    (r"lessons\\", "lessons/"),
];
