//! The layouts of platforms.

use super::*;

#[test]
fn plain() {
    let mut classroom = Classroom::new();
    classroom.put("Ada/src/main.rs", MAIN).put("Bob.rs", MAIN).put("Eve/essay.pdf", "%PDF");
    classroom.put("essay.pdf", "%PDF").put("notes.txt", "").put(".hidden", "");
    let class = classroom.read();
    assert_eq!(names(&class), ["Ada", "Bob", "Eve"]);
    assert_eq!(package(&class.submissions[1]).main, "Bob.rs");
    assert!(refusal(&class.submissions[2]).starts_with("It has no program, only essay.pdf. Hand in"));
    let aside: Vec<&str> = class.left_aside.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(aside, ["a hidden entry", "a PDF, and no program", "neither a program nor an archive"]);
    classroom.options.programs = vec![super::super::ProgramRule::parse("python3 send.py").unwrap()];
    classroom.put("Max.py", b"# caf\xe9\n");
    let class = classroom.read();
    let program = &class.submissions[3].content.as_ref().unwrap().program;
    let command = vec!["python3".to_owned(), "Max.py".to_owned()];
    assert_eq!(*program, Program::Command { command, folder: PathBuf::new() });
}

#[test]
fn a_pattern_names_students_and_files() {
    let mut classroom = Classroom::new();
    classroom.put("week1-s42-main.rs", MAIN).put("week1-s42-Cargo.toml", MANIFEST).put("other.rs", MAIN);
    classroom.options.pattern = Some(r"^week1-(?P<id>s\d+)-(?P<file>.+)$".to_owned());
    let class = classroom.read();
    assert_eq!(class.left_aside[0].reason, "its name does not match the pattern");
    let submission = only(class);
    assert_eq!(submission.student.id, "s42");
    assert_eq!(package(&submission).main, "main.rs");
}

#[test]
fn moodle() {
    let classroom = Classroom::new();
    classroom.put("Ada Lovelace_11_assignsubmission_file/hello/Cargo.toml", MANIFEST);
    classroom.put("Ada Lovelace_11_assignsubmission_file/hello/src/main.rs", MAIN);
    classroom.put("Ada Lovelace_11_assignsubmission_onlinetext/onlinetext.html", "<p>done</p>");
    classroom.put("Ada Lovelace_12_assignsubmission_file_/x.zip", zip(&[("main.rs", MAIN.as_bytes())]));
    classroom.put("Participant_13_assignsubmission_file_main.rs", MAIN);
    classroom.put("Max_14_assignsubmission_onlinetext/onlinetext.html", "");
    let class = classroom.read();
    assert_eq!(class.layout, Layout::Moodle);
    assert_eq!(names(&class), ["Ada Lovelace", "Ada Lovelace", "Max", "Participant 13"]);
    assert_eq!(class.submissions[0].key, "ada-lovelace-11");
    assert_eq!(package(&class.submissions[0]).folder, "hello");
    assert_eq!(class.submissions[0].laid_aside[0].reason, "text that was typed into Moodle");
    assert_eq!(package(&class.submissions[1]).main, "main.rs");
    assert!(refusal(&class.submissions[2]).contains("typed into"));
    assert_eq!(package(&class.submissions[3]).name, "hello-send");
}

#[test]
fn canvas() {
    let classroom = Classroom::new();
    classroom.put("lovelaceada_101_2001_Cargo.toml", MANIFEST).put("lovelaceada_101_2002_main-1.rs", MAIN);
    classroom.put("_LATE_102_2003_hello.zip", zip(&[("hello/src/main.rs", MAIN.as_bytes())]));
    classroom.put("anon_bT5xQ_2004_main.rs", MAIN).put("zed_104_text.html", "").put("grades.csv", "");
    let class = classroom.read();
    assert_eq!(class.layout, Layout::Canvas);
    assert_eq!(names(&class), ["lovelaceada", "User 102", "User bT5xQ", "zed"]);
    let ada = &class.submissions[0];
    assert_eq!((ada.paths.len(), &*package(ada).main, &*package(ada).edition), (2, "main.rs", "2024"));
    assert!(class.submissions[1].marked_late && !ada.marked_late);
    assert_eq!(package(&class.submissions[1]).folder, "hello");
    assert_eq!(class.left_aside[0].reason, "not a name of a Canvas download");
}

#[test]
fn repositories() {
    let mut classroom = Classroom::new();
    let commit = "tree 0\nauthor A <a@b> 1700000000 +0100\ncommitter A <a@b> 1700000123 +0100\n\nwork\n";
    for name in ["hello-send-ann-lee", "hello-send-ann-may"] {
        classroom.put(&format!("{name}/src/main.rs"), MAIN).put(&format!("{name}/.git/HEAD"), "ref: refs/heads/main\n");
    }
    let hash = "ab".repeat(20);
    let mut object = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    write!(object, "commit {}\0{commit}", commit.len()).unwrap();
    classroom.put("hello-send-ann-lee/.git/refs/heads/main", format!("{hash}\n"));
    classroom.put(&format!("hello-send-ann-lee/.git/objects/{}/{}", &hash[..2], &hash[2..]), object.finish().unwrap());
    classroom.put("hello-send-ann-may/.git/HEAD", "ref: refs/../../../etc/passwd\n");
    let class = classroom.read();
    assert_eq!(class.layout, Layout::Github);
    let logins: Vec<&str> = class.submissions.iter().map(|it| it.student.login.as_str()).collect();
    assert_eq!(logins, ["ann-lee", "ann-may"]);
    assert_eq!(class.submissions[0].submitted_at, Some(1_700_000_123));
    assert_eq!(class.submissions[1].submitted_at, None);
    assert!(aside(&class.submissions[0], ".git/").is_some());
    classroom.options.layout = Some(Layout::Classroom50);
    let class = classroom.read();
    assert_eq!(class.submissions[1].student.login, "ann-may");
}

#[test]
fn a_packed_commit_is_read() {
    let commit = b"tree 0\ncommitter A <a@b> 1700000456 +0000\n\nwork\n";
    let hash = "cd".repeat(20);
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    let offset = pack.len() as u32;
    let length = commit.len();
    pack.extend([0x80 | (1 << 4) | (length & 15) as u8, (length >> 4) as u8]);
    let mut object = flate2::write::ZlibEncoder::new(pack, flate2::Compression::default());
    object.write_all(commit).unwrap();
    let pack = object.finish().unwrap();
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255_u32 {
        index.extend(u32::from(first >= 0xcd).to_be_bytes());
    }
    index.extend([0xcd; 20]);
    index.extend([0; 4]);
    index.extend(offset.to_be_bytes());
    let classroom = Classroom::new();
    classroom.put("hello-send-ada/main.rs", MAIN).put("hello-send-ada/.git/HEAD", "ref: refs/heads/main\n");
    classroom.put("hello-send-ada/.git/packed-refs", format!("# pack-refs\n{hash} refs/heads/main\n"));
    classroom
        .put("hello-send-ada/.git/objects/pack/pack-1.pack", pack)
        .put("hello-send-ada/.git/objects/pack/pack-1.idx", index);
    let submission = only(classroom.read());
    assert_eq!((&*submission.student.login, submission.submitted_at), ("ada", Some(1_700_000_456)));
}

#[test]
fn two_entries_of_one_student() {
    let classroom = Classroom::new();
    classroom.put("Ada/main.rs", MAIN).put("Ada.zip", zip(&[("main.rs", MAIN.as_bytes())]));
    let submission = only(classroom.read());
    assert_eq!(submission.paths, ["Ada", "Ada.zip"]);
    assert_eq!(aside(&submission, "Ada.zip"), Some("a second entry of this student with the same files"));
    classroom.put("Ada/main.rs", "fn main() { }");
    let submission = only(classroom.read());
    assert!(refusal(&submission).contains("Ada and Ada.zip"), "{}", refusal(&submission));
}

#[test]
fn students_may_hand_in_their_git() {
    let classroom = Classroom::new();
    for name in ["Ada", "Bob"] {
        classroom.put(&format!("{name}/main.rs"), MAIN).put(&format!("{name}/.git/HEAD"), "");
    }
    assert_eq!(classroom.read().layout, Layout::Plain);
}

#[test]
fn an_archive_beside_its_folder() {
    let classroom = Classroom::new();
    classroom.put("Ada/hello/main.rs", MAIN).put("Ada/hello.zip", zip(&[("main.rs", b"fn main() { }")]));
    let submission = only(classroom.read());
    assert_eq!(package(&submission).folder, "hello");
    assert!(aside(&submission, "hello.zip").unwrap().contains("folder of the same name"));
}
