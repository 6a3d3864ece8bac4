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
fn a_number_of_another_kind_does_not_join() {
    let moodle = |csv: &str, folder: &str| {
        let classroom = with_roster(csv);
        classroom.put(&format!("{folder}_assignsubmission_file/main.rs"), MAIN);
        classroom.read()
    };
    // 4711 is also a number of the school, of another student.
    for csv in ["Full name,ID number\nBob Brown,4711\n", "name,id\nBob Brown,4711\n", "name,student number\nAda,4711\n"]
    {
        for folder in ["Ada Lovelace_4711", "Participant_4711"] {
            let class = moodle(csv, folder);
            assert_eq!(class.without_submission.len(), 1, "{csv} {folder}");
            let sentence = "the roster has no line with Moodle's number 4711. Moodle's grading worksheet has it";
            assert!(class.not_joined[0].contains(sentence), "{:?}", class.not_joined);
        }
    }
    // In a column `id`, the number and the name together join.
    for (name, folder) in
        [("Ada Lovelace", "Ada Lovelace"), ("O'Neil, José", "Jose ONeil"), ("李雷", "李雷"), ("", "Ada")]
    {
        let class = moodle(&format!("name,id,login\n\"{name}\",4711,x\n"), &format!("{folder}_4711"));
        assert!(class.without_submission.is_empty(), "{name}: {:?}", class.not_joined);
    }
    // Moodle's number stays, because its worksheet is filled in by it.
    let class = moodle("ID number,Identifier,Username\n77,Participant 4711,ada\n4711,Participant 5,bob\n", "Ada_4711");
    let student = &class.submissions[0].student;
    assert_eq!((&*student.id, &*student.login, class.not_joined.len()), ("4711", "ada", 0));
    assert_eq!(class.without_submission[0].login, "bob");
}

#[test]
fn canvas_joins_by_its_own_number() {
    let csv =
        "Student,ID,SIS User ID,SIS Login ID,Section\n\"Brown, Bob\",7,101,bob,A\n\"Lovelace, Ada\",101,7,ada,A\n";
    let classroom = with_roster(csv);
    classroom.put("renamed_101_2001_main.rs", MAIN).put("brownbob_7_2002_main.rs", MAIN);
    let class = classroom.read();
    let joined: Vec<_> = class.submissions.iter().map(|it| (&*it.student.login, &*it.student.id)).collect();
    assert_eq!(joined, [("bob", "7"), ("ada", "101")]);
    let classroom = with_roster("name,sis user id\nBob Brown,101\n");
    classroom.put("lovelaceada_101_2001_main.rs", MAIN);
    assert!(classroom.read().not_joined[0].contains("Canvas's exported gradebook has it"));
}

#[test]
fn anonymous_ids_differ_by_case() {
    let classroom = with_roster("id,name\nbT5xQ,Ada\nab12c,Bob\n");
    for id in ["bT5xQ", "Bt5xq", "AB12C"] {
        classroom.put(&format!("anon_{id}_2001_main.rs"), format!("{MAIN}// {id}"));
    }
    let class = classroom.read();
    assert_eq!(names(&class), ["Ada", "User AB12C", "User Bt5xq"]);
    assert_eq!((class.not_joined.len(), &*class.without_submission[0].name), (2, "Bob"));
}

#[test]
fn a_repository_joins_by_its_login_alone() {
    let repositories = |csv: &str| {
        let classroom = with_roster(csv);
        classroom.put("hello-send-max/main.rs", MAIN).put("hello-send-max/.git/HEAD", "");
        classroom.put("hello-send-eve/main.rs", MAIN).put("hello-send-eve/.git/HEAD", "");
        let class = classroom.read();
        names(&class).join(", ")
    };
    assert_eq!(repositories("name,email\nMax Mustermann,max@uni.edu\n"), "eve, max");
    assert_eq!(repositories("name,login\nMax Mustermann,max\n"), "eve, Max Mustermann");
    // The school's login is another one than the name on GitHub.
    assert_eq!(repositories("name,login,github_username\nMax M,max,mm\nEve Adams,ea,max\n"), "eve, Eve Adams");
}

#[test]
fn the_same_number_in_columns_of_two_kinds() {
    let classroom =
        with_roster("name,Identifier,ID number\nAda,Participant 1,2\nBob,Participant 2,1\nEve,Participant 3,3\n");
    for folder in ["1", "3"] {
        classroom.put(&format!("{folder}/main.rs"), MAIN);
    }
    // It could be two students, so it is none.
    let class = classroom.read();
    assert_eq!((names(&class), class.not_joined.len()), (vec!["1", "Eve"], 1));
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
