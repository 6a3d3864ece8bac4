//! The reports of a class, read by Python's csv, json and XML: readers that share no code with the kit.

use std::fs;

use crate::stand_in::{Machine, kit, right, text, wrong};

/// The worksheet that Moodle exports for this class.
const WORKSHEET: &str = "Identifier,\"Full name\",\"Email address\",Status,Grade,\"Maximum Grade\",\"Grade can be changed\",\
    \"Last modified (submission)\",\"Last modified (grade)\",\"Feedback comments\"\n\
    \"Participant 4711\",\"Ada Lovelace\",ada@example.org,Submitted,,100.00,Yes,-,-,\n\
    \"Participant 4712\",\"=cmd|'/C calc'!A0\",ben@example.org,Submitted,,100.00,Yes,-,-,\n\
    \"Participant 4713\",\"Cy \"\"Essay\"\" O'Neil\",cy@example.org,Submitted,,100.00,Yes,-,-,\"Come and see me\"\n\
    \"Participant 4799\",\"Dee Absent\",no@example.org,\"No submission\",,100.00,Yes,-,-,\n";

/// The gradebook that Canvas exports for it.
const GRADEBOOK: &str = "\u{feff}Student,ID,SIS User ID,SIS Login ID,Section,Hello World: sending (77),Work (78),Final Score\r\n\
    \"    Points Possible\",,,,,5.00,5.00,(read only)\r\n\
    \"Lovelace, Ada\",4711,,ada,\"A, \"\"B\"\"\",,4.50,\r\n\
    \"=\"\"cmd|'/C calc'!A0\"\"\",4712,,ben,A,\"3,00\",,\r\n\
    \"O'Neil, Cy\",4713,,cy,A,EX,,\r\n\
    \"Student, Test\",4799,,,A,,,\r\n";

pub fn take_every_report() {
    let machine = Machine::new();
    for (name, id, file, text) in [
        ("Ada Lovelace", 4711, "main.rs", right()),
        ("=cmd|'C calc'!A0", 4712, "main.rs", wrong()),
        ("Cy Essay", 4713, "essay.pdf", "%PDF-1.4".to_owned()),
    ] {
        machine.write(&format!("class/{name}_{id}_assignsubmission_file/{file}"), &text);
    }
    machine.write("class/::error::pwned.txt", "no submission");
    machine.write("worksheet.csv", WORKSHEET);
    machine.write("gradebook.csv", GRADEBOOK);
    let grade = |more: &[&str]| {
        let mut grade = machine.command("cargo");
        grade.args(["xtask", "grade", "class", "--lesson", "01", "--layout", "moodle", "--seed", "1"]).args(more);
        let output = grade.current_dir(machine.path("")).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    };
    grade(&["--report", "all", "--report", "moodle", "--gradebook", "worksheet.csv"]);
    grade(&["--regrade", "--report", "canvas", "--gradebook", "gradebook.csv"]);

    let scripts = kit().join("crates/grader/tests/platforms");
    let mut readers = machine.command("python3");
    readers.arg(scripts.join("readers.py")).arg(machine.path("class-grades")).arg(machine.path(""));
    let output = readers.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let read = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(read.lines().count(), 6, "{read}");
    // Proof that the readers can fail: a broken file of each kind.
    for (file, from, to) in [
        ("junit.xml", "<testcase ", "<testcase file=\"x\" "),
        ("junit.xml", "tests=\"", "tests=\"1"),
        ("grades.csv", "'=cmd", "=cmd"),
        ("grades.json", "\"score\": 5", "\"score\": 5, \"score\": 6"),
        (
            "moodle.csv",
            "Participant 4799\",\"Dee Absent\",no@example.org,\"No submission\",",
            "Participant 4799\",\"Dee Absent\",no@example.org,\"No submission\",0",
        ),
        ("canvas.csv", "ada,\"A, \"\"B\"\"\",5,", "ada,\"A, \"\"B\"\"\",101,"),
    ] {
        let path = machine.path("class-grades").join(file);
        let whole = fs::read_to_string(&path).unwrap();
        assert!(whole.contains(from), "{file} has no {from}:\n{whole}");
        fs::write(&path, whole.replacen(from, to, 1)).unwrap();
        let output = readers.output().unwrap();
        assert!(!output.status.success() && text(&output).contains(file), "{file} is broken: {}", text(&output));
        fs::write(&path, whole).unwrap();
    }
}
