//! Joining submissions and the roster.

use super::*;

fn with_roster(csv: &str) -> Classroom {
    let mut classroom = Classroom::new();
    let path = classroom.folder.path().join("roster.csv");
    fs::write(&path, csv).unwrap();
    classroom.options.roster = Some(path);
    classroom
}

#[test]
fn joined_by_id_and_login_and_never_by_name() {
    let classroom = with_roster(
        "\u{feff}Full Name;Student Number;E-Mail\r\nLovelace, Ada;11;ada@uni.edu\r\nJosé;12;jose@uni.edu\r\n\
         Max;13;max@uni.edu\r\nEve;14;eve@uni.edu\r\n",
    );
    for name in ["ada", "Jose\u{301}", "13"] {
        classroom.put(&format!("{name}/main.rs"), MAIN);
    }
    let class = classroom.read();
    assert_eq!(names(&class), ["José", "Lovelace, Ada", "Max"]);
    assert_eq!((&*class.submissions[1].student.id, &*class.submissions[1].student.login), ("11", "ada@uni.edu"));
    // `José` is a name here, but also the part before the `@` only without the accent.
    assert_eq!(class.not_joined.len(), 1);
    assert!(
        class.not_joined[0].ends_with("Line 3 has the same name, José, which is not enough."),
        "{:?}",
        class.not_joined
    );
    let without: Vec<&str> = class.without_submission.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(without, ["José", "Eve"]);
}

#[test]
fn platforms_join_by_number() {
    let classroom = with_roster("Identifier,Full name\nParticipant 11,Ada\nParticipant 12,Ada\n");
    classroom.put("Ada_12_assignsubmission_file/main.rs", MAIN);
    let class = classroom.read();
    assert_eq!(class.submissions[0].student.id, "12");
    assert_eq!(class.without_submission[0].id, "11");
    assert!(class.not_joined.is_empty());
    let classroom =
        with_roster("Student,ID,SIS Login ID,Section\n    Points Possible,,,\n\"Lovelace, Ada\",101,ada,A\n");
    classroom.put("lovelaceada_101_2001_main.rs", MAIN);
    let class = classroom.read();
    assert_eq!(class.submissions[0].student.login, "ada");
    assert!(class.without_submission.is_empty());
}

#[test]
fn a_login_with_a_dash_is_taken_from_the_roster() {
    let classroom = with_roster("github_username,first_name,last_name\nann-lee,Ann,Lee\n");
    classroom.put("exam-ann-lee/main.rs", MAIN).put("exam-ann-lee/.git/HEAD", "");
    let class = classroom.read();
    let student = &class.submissions[0].student;
    assert_eq!((&*student.login, &*student.name), ("ann-lee", "Ann Lee"));
}

#[test]
fn two_entries_of_one_line() {
    let classroom = with_roster("id,login\n11,ada\n");
    classroom.put("11/main.rs", MAIN).put("ada/main.rs", "fn main() { }");
    let submission = only(classroom.read());
    assert!(refusal(&submission).contains("11 and ada"));
}

#[test]
fn errors_name_the_line() {
    for (csv, line, expected) in [
        ("", 1, "a header"),
        ("name,house\nAda,1\n", 1, "a column `id`, `login` or `email`"),
        ("name,id\nAda,1\nBob,1\n", 3, "an own id"),
        ("name,id\nAda,\n", 2, "one of the two"),
        ("login,email\na,x@y\nb,X@y\n", 3, "an own login"),
    ] {
        let classroom = with_roster(csv);
        classroom.put("Ada/main.rs", MAIN);
        let error = read(&classroom.class(), &classroom.options).unwrap_err().to_string();
        assert!(error.contains(&format!("roster.csv: line {line}: ")) && error.contains(expected), "{csv:?}: {error}");
    }
}
