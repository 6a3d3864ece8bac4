//! Archives: honest ones and hostile ones.

use flate2::{Compression, write::GzEncoder};

use super::*;

fn submitted(name: &str, bytes: &[u8]) -> HandedIn {
    let classroom = Classroom::new();
    classroom.put(name, bytes);
    HandedIn::to(classroom)
}

fn tar(build: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    build(&mut tar);
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn append(tar: &mut tar::Builder<Vec<u8>>, name: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    // `set_path` refuses `..`: the name is written as it is.
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

#[test]
fn each_kind_is_read() {
    let plain = tar(|tar| {
        append(tar, "hello/Cargo.toml", MANIFEST.as_bytes());
        append(tar, "hello/src/main.rs", MAIN.as_bytes());
        append(tar, "hello/target/debug/hello", &[0; 1000]);
    });
    let zipped = zip(&[
        ("hello\\Cargo.toml", MANIFEST.as_bytes()),
        ("hello\\src\\main.rs", MAIN.as_bytes()),
        ("hello\\target\\debug\\hello", &[0; 1000]),
    ]);
    for (name, bytes) in
        [("Ada.tar", plain.clone()), ("Ada.tar.gz", gzip(&plain)), ("Ada.tgz", gzip(&plain)), ("Ada.ZIP", zipped)]
    {
        let submission = submitted(name, &bytes);
        assert_eq!(submission.student.name, "Ada", "{name}");
        assert_eq!((&*package(&submission).folder, &*package(&submission).main), ("hello", "src/main.rs"), "{name}");
        assert!(aside(&submission, "hello/target/").is_some(), "{name}: {:?}", submission.laid_aside);
        assert_eq!(content(&submission).files.len(), 2);
    }
}

#[test]
fn a_large_target_folder_is_no_bomb() {
    let zeros = vec![0; 80 << 20];
    let submission = submitted("Ada.zip", &zip(&[("src/main.rs", MAIN.as_bytes()), ("target/debug/app", &zeros)]));
    assert_eq!(package(&submission).main, "src/main.rs");
}

#[test]
fn paths_that_lead_out_are_refused() {
    for name in ["../evil.rs", "/etc/evil.rs", "a/../../evil.rs", "..\\evil.rs", "C:\\evil.rs"] {
        let submission = submitted("Ada.zip", &zip(&[("main.rs", MAIN.as_bytes()), (name, b"")]));
        assert!(refusal(&submission).contains("path"), "{name}: {}", refusal(&submission));
        let bytes = tar(|tar| append(tar, name, b""));
        assert!(refusal(&submitted("Ada.tar", &bytes)).contains("path"), "{name}");
    }
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![b' '; 3 << 20];
    let bomb = zip(&[("main.rs", MAIN.as_bytes()), ("data.txt", &zeros)]);
    let sentence = "Its archive unpacks to more than 200 times its size";
    assert!(refusal(&submitted("Ada.zip", &bomb)).starts_with(sentence));
    let bomb = gzip(&tar(|tar| append(tar, "target/data", &zeros)));
    assert!(refusal(&submitted("Ada.tar.gz", &bomb)).starts_with(sentence));
    let classroom = Classroom::new();
    classroom.put("Ada/hello.zip", zip(&[("main.rs", MAIN.as_bytes()), ("data.txt", &zeros)]));
    assert!(refusal(&only(classroom.read())).starts_with(sentence));
}

#[test]
fn limits_of_number_and_size() {
    let mut classroom = Classroom::new();
    classroom.options.limits.files = 3;
    classroom.put("Ada/main.rs", MAIN);
    for number in 0..3 {
        classroom.put(&format!("Ada/{number}.txt"), "");
    }
    assert!(refusal(&only(classroom.read())).contains("more than 3 files"));
    classroom.options.limits.files = 10;
    classroom.options.limits.file_bytes = 100;
    classroom.put("Ada/0.txt", [b'a'; 101]);
    let submission = only(classroom.read());
    assert_eq!(aside(&submission, "0.txt"), Some("larger than 100 bytes"));
    assert!(submission.content.is_ok());
    classroom.options.limits.bytes = 5;
    assert!(refusal(&only(classroom.read())).contains("more than 5 bytes together"));
}

#[test]
fn names_longer_than_a_header() {
    let long = format!("{}/main.rs", "a".repeat(200));
    let bytes = tar(|tar| {
        let mut header = tar::Header::new_gnu();
        header.set_size(MAIN.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, &long, MAIN.as_bytes()).unwrap();
    });
    assert!(content(&submitted("Ada.tar", &bytes)).files.contains_key(&long));
    let bytes = tar(|tar| {
        tar.append_pax_extensions([("mtime", b"1".as_slice()), ("path", long.as_bytes())]).unwrap();
        append(tar, "short.rs", MAIN.as_bytes());
        append(tar, "other.txt", b"");
    });
    let files = content(&submitted("Ada.tar", &bytes)).files;
    assert_eq!(files.keys().collect::<Vec<_>>(), [&long, "other.txt"]);
}

#[test]
fn parts_that_are_not_used_are_counted_if_there_are_too_many() {
    let bytes = tar(|tar| {
        append(tar, "main.rs", MAIN.as_bytes());
        (0..1_500).for_each(|number| append(tar, &format!("{number}/target/app"), b""));
    });
    let submission = submitted("Ada.tar", &bytes);
    assert_eq!(package(&submission).main, "main.rs");
    assert_eq!(submission.laid_aside.len(), 1_001);
    assert_eq!(aside(&submission, "…"), Some("500 more parts that are not used"));
    // They are looked at one by one, so there is a limit of them, too.
    let bytes = tar(|tar| (0..100_001).for_each(|_| append(tar, "target/app", b"")));
    assert!(refusal(&submitted("Ada.tar", &bytes)).contains("more than 100000 files and folders"));
}

#[test]
fn links_are_laid_aside() {
    let bytes = tar(|tar| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "out", "/tmp").unwrap();
        append(tar, "out/evil.txt", b"x");
        append(tar, "main.rs", MAIN.as_bytes());
    });
    let submission = submitted("Ada.tar", &bytes);
    assert!(aside(&submission, "out").unwrap().contains("link"));
    // A later entry through the link is a plain file in memory.
    assert!(content(&submission).files.contains_key("out/evil.txt"));
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_never_followed() {
    let classroom = Classroom::new();
    classroom.put("Ada/main.rs", MAIN);
    std::os::unix::fs::symlink("/etc/passwd", classroom.class().join("Ada/data.txt")).unwrap();
    std::os::unix::fs::symlink("/etc", classroom.class().join("Ada/etc")).unwrap();
    std::os::unix::fs::symlink(classroom.class().join("Ada"), classroom.class().join("Bob")).unwrap();
    let class = classroom.read();
    assert_eq!(class.left_aside[0].reason, "a link, which is never followed");
    let submission = only(class);
    assert!(aside(&submission, "data.txt").is_some() && aside(&submission, "etc").is_some());
    assert_eq!(content(&submission).files.len(), 1);
}

#[test]
fn archives_that_cannot_be_read() {
    let whole = zip(&[("main.rs", MAIN.as_bytes())]);
    assert!(refusal(&submitted("Ada.zip", &whole[..whole.len() / 2])).contains("cut off"));
    assert!(refusal(&submitted("Ada.tar.gz", b"no gzip")).contains("cut off"));
    assert!(refusal(&submitted("Ada.rar", b"Rar!")).contains("Hand in a .zip"));
    let nested = zip(&[("hello.zip", &whole)]);
    let submission = submitted("Ada.zip", &nested);
    assert!(refusal(&submission).starts_with("It has no program"), "{}", refusal(&submission));
    assert!(aside(&submission, "hello.zip").unwrap().contains("inside an archive"));
}

#[test]
fn a_class_may_be_a_zip() {
    let inner = zip(&[("Cargo.toml", MANIFEST.as_bytes()), ("src/main.rs", MAIN.as_bytes())]);
    let classroom = Classroom::new();
    let bytes = zip(&[
        ("week1/Ada.zip", &inner),
        ("week1/Bob/src/main.rs", MAIN.as_bytes()),
        ("week1/Eve/../../evil.rs", MAIN.as_bytes()),
        ("week1/essay.pdf", b"%PDF"),
        ("../evil.rs", b""),
    ]);
    classroom.put("week1.zip", bytes);
    let class = read(&classroom.class().join("week1.zip"), &classroom.options).unwrap();
    assert_eq!(names(&class), ["Ada", "Bob", "Eve"]);
    assert_eq!(package(&class.submissions[0]).name, "hello-send");
    assert_eq!(package(&class.submissions[1]).main, "src/main.rs");
    assert!(refusal(&class.submissions[2]).contains("leads out"));
    assert_eq!(class.left_aside.len(), 2);
}

#[test]
fn damaged_archives_are_refused_and_nothing_else_happens() {
    let plain = tar(|tar| append(tar, "src/main.rs", MAIN.as_bytes()));
    let archives =
        [("Ada.zip", zip(&[("src/main.rs", MAIN.as_bytes())])), ("Ada.tar.gz", gzip(&plain)), ("Ada.tar", plain)];
    let classroom = Classroom::new();
    for (name, bytes) in archives {
        for at in (0..bytes.len().min(512)).step_by(3) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            classroom.put(name, damaged);
            only(classroom.read());
        }
        fs::remove_file(classroom.class().join(name)).unwrap();
    }
}

#[test]
fn a_password_and_too_many_bytes() {
    let mut damaged = zip(&[("main.rs", MAIN.as_bytes())]);
    // The flag of encryption, in the local header and in the directory.
    damaged[6] |= 1;
    let directory = damaged.windows(4).position(|it| it == b"PK\x01\x02").unwrap();
    damaged[directory + 8] |= 1;
    assert!(refusal(&submitted("Ada.zip", &damaged)).contains("password"));
    let mut classroom = Classroom::new();
    classroom.options.limits.stream_bytes = 10_000;
    let noise: Vec<u8> = (0..40_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    classroom.put("Ada.tgz", gzip(&tar(|tar| append(tar, "target/x", &noise))));
    assert!(refusal(&only(classroom.read())).contains("cargo clean"));
}
