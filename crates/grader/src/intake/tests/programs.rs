//! Finding the program, and refusing what can't be graded.

use super::*;

#[test]
fn one_program_is_found() {
    let manifest_2015 = "[package]\nname = \"my_app\"\n[lib]\nname = \"core_part\"\npath = \"lib/a.rs\"\n";
    let bins = "[package]\nname = \"app\"\nedition = \"2021\"\n[[bin]]\nname = \"x\"\npath = \"./code/../code/x.rs\"\n";
    let run = "[package]\nname = \"app\"\nedition = \"2021\"\ndefault-run = \"two\"\n";
    let aliens = "[package]\nname = \"bunny\"\nedition.workspace = true\nlapin.workspace = true\n";
    for (files, name, edition, main, bin, folder) in [
        (&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)][..], "hello-send", "2024", "src/main.rs", "hello-send", ""),
        (&[("main.rs", MAIN)], "hello-send", "2024", "main.rs", "hello-send", ""),
        (&[("x/src/main.rs", MAIN)], "hello-send", "2024", "src/main.rs", "hello-send", "x"),
        (
            &[("a/b/Cargo.toml", MANIFEST), ("a/b/src/main.rs", MAIN)],
            "hello-send",
            "2024",
            "src/main.rs",
            "hello-send",
            "a/b",
        ),
        (
            &[("Cargo.toml", manifest_2015), ("lib/a.rs", ""), ("src/main.rs", MAIN)],
            "core-part",
            "2015",
            "src/main.rs",
            "my_app",
            "",
        ),
        (&[("Cargo.toml", bins), ("code/x.rs", MAIN)], "app", "2021", "code/x.rs", "x", ""),
        (
            &[("Cargo.toml", run), ("src/bin/one.rs", MAIN), ("src/bin/two/main.rs", MAIN)],
            "app",
            "2021",
            "src/bin/two/main.rs",
            "two",
            "",
        ),
        (
            &[("Cargo.toml", bins), ("code/x.rs", MAIN), ("src/bin/sender.rs", MAIN)],
            "app",
            "2021",
            "src/bin/sender.rs",
            "sender",
            "",
        ),
        (&[("Cargo.toml", aliens), ("src/main.rs", MAIN)], "bunny", "2024", "src/main.rs", "bunny", ""),
        (&[("Cargo.toml", MANIFEST), ("main.rs", MAIN)], "hello-send", "2024", "main.rs", "hello-send", ""),
        (&[("send.rs", MAIN), ("util.rs", "pub fn f() {}")], "hello-send", "2024", "send.rs", "hello-send", ""),
    ] {
        let submission = one(files);
        let found = package(&submission);
        let fields = (&*found.name, &*found.edition, &*found.main, &*found.bin, &*found.folder);
        assert_eq!(fields, (name, edition, main, bin, folder), "{files:?}");
    }
}

#[test]
fn the_package_for_the_lesson_is_chosen() {
    let other = "[package]\nname = \"hello-receive\"\nedition = \"2024\"\n";
    let submission = one(&[
        ("one/Cargo.toml", MANIFEST),
        ("one/src/main.rs", MAIN),
        ("two/Cargo.toml", other),
        ("two/src/main.rs", MAIN),
    ]);
    assert_eq!(package(&submission).folder, "one");
}

#[test]
fn the_whole_kit() {
    let kit = [
        ("kit/Cargo.toml", "[workspace]\nmembers = [\"lessons/*\"]\n"),
        ("kit/xtask/Cargo.toml", "[package]\nname = \"xtask\"\n"),
        ("kit/xtask/src/main.rs", MAIN),
        ("kit/lessons/01-hello-send/Cargo.toml", MANIFEST),
        ("kit/lessons/01-hello-send/src/main.rs", MAIN),
    ];
    let sentence = one(&kit);
    assert!(refusal(&sentence).starts_with("It is the whole kit, and it has no work/01-hello-send"));
    let own = [("kit/work/01-hello-send/Cargo.toml", MANIFEST), ("kit/work/01-hello-send/src/main.rs", MAIN)];
    let submission = one(&[&kit[..], &own[..]].concat());
    assert_eq!(package(&submission).folder, "kit/work/01-hello-send");
    assert_eq!(aside(&submission, "kit/"), Some("the whole kit, of which only kit/work/01-hello-send is used"));
    assert_eq!(content(&submission).files.len(), 2);
}

#[test]
fn whatever_executes_is_laid_aside() {
    let submission = one(&[
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", ""),
        ("build.rs", MAIN),
        (".cargo/config.toml", ""),
        ("rust-toolchain.toml", ""),
        ("src/main.rs", "mod build;\nfn main() {}"),
        ("src/build.rs", ""),
        ("src/text.txt", "included"),
        ("m/Cargo.toml", "[package]\nname = \"m\"\n[lib]\nproc-macro = true\n"),
        ("m/src/lib.rs", ""),
        ("target/debug/app", ""),
    ]);
    let paths: Vec<&str> = submission.laid_aside.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, [".cargo/", "Cargo.lock", "build.rs", "m/", "rust-toolchain.toml", "target/"]);
    assert_eq!(aside(&submission, "build.rs"), Some("a build script, which is never run"));
    let content = content(&submission);
    let files: Vec<&str> = content.files.keys().map(String::as_str).collect();
    assert_eq!(files, ["Cargo.toml", "src/build.rs", "src/main.rs", "src/text.txt"]);
}

const LIBRARY: &str = "It is a library (src/lib.rs), and has no program that can be run: there is no src/main.rs with \
                       `fn main`. Hand in the package's folder";

#[test]
fn a_library_with_a_program_in_it_is_a_program() {
    assert_eq!(package(&one(&[("Cargo.toml", MANIFEST), ("src/lib.rs", MAIN)])).main, "src/lib.rs");
    // A library beside a program of another language does not matter.
    let mut classroom = Classroom::new();
    classroom.options.programs = vec![super::super::ProgramRule::parse("python3 send.py").unwrap()];
    classroom.put("Ada/Cargo.toml", MANIFEST).put("Ada/src/lib.rs", "").put("Ada/send.py", "");
    assert!(matches!(only(classroom.read()).content.unwrap().program, Program::Command { .. }));
}

#[test]
fn programs_side_by_side_are_known_by_their_role() {
    let files = [("Cargo.toml", MANIFEST), ("src/bin/sender.rs", MAIN), ("src/bin/empfaenger.rs", MAIN)];
    let mut classroom = Classroom::new();
    for (path, text) in files {
        classroom.put(&format!("Ada/{path}"), text.replace("hello-send", "homework"));
        classroom.put(&format!("Eve/{}", path.replace("src/bin/", "").replace("Cargo.toml", "notes.txt")), text);
    }
    for (lesson, program) in [("hello-send", "sender"), ("hello-receive", "empfaenger")] {
        classroom.options.lesson_id = lesson.to_owned();
        let class = classroom.read();
        assert_eq!(package(&class.submissions[0]).bin, program);
        assert_eq!(package(&class.submissions[1]).main, format!("{program}.rs"));
    }
    // Two that both send are not chosen from.
    classroom.put("Ada/src/bin/sender2.rs", MAIN);
    classroom.options.lesson_id = "hello-send".to_owned();
    assert!(refusal(&classroom.read().submissions[0]).starts_with("It has three programs in one package: "));
}

#[test]
fn refusals() {
    let manifest = |dependencies: &str| format!("{}{dependencies}\n", MANIFEST.replace("lapin = \"4\"\n", ""));
    let lapin_2 = manifest("lapin = \"2.3\"");
    let rand = manifest("rand = \"0.9\"");
    let part = manifest("part = { path = \"../part\" }");
    let app = "[package]\nname = \"app\"\nedition = \"2024\"\n";
    let missing = "[package]\nname = \"app\"\nedition = \"2024\"\n[[bin]]\nname = \"a\"\npath = \"a.rs\"\n";
    let escape = "[package]\nname = \"a\\u001b[31m\"\n";
    let generated = "include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));";
    for (files, start) in [
        (&[][..], "It is empty. Hand in"),
        (
            &[("Cargo.toml", &*lapin_2), ("src/main.rs", "use lapin::Connection;")],
            "It needs lapin 2, and the lesson uses lapin 4",
        ),
        (
            &[("Cargo.toml", &*rand), ("src/main.rs", "use rand::Rng;")],
            "It needs the crate rand, and the lesson offers only lapin and tokio.",
        ),
        (&[("Cargo.toml", &*part), ("src/main.rs", "use part::x;")], "It needs the crate part"),
        (&[("Cargo.toml", MANIFEST), ("build.rs", MAIN), ("src/main.rs", generated)], "It needs its build script"),
        (
            &[("Cargo.toml", MANIFEST), ("build.rs", "\"cargo:rustc-env=KEY=1\""), ("src/main.rs", "env!(\"KEY\")")],
            "It needs its build script",
        ),
        (
            &[("Cargo.toml", app), ("src/bin/a.rs", MAIN), ("src/bin/b.rs", MAIN)],
            "It has two programs in one package: src/bin/a.rs and src/bin/b.rs. Hand in the one for hello-send only",
        ),
        (
            &[("a/Cargo.toml", app), ("a/src/main.rs", MAIN), ("b/Cargo.toml", app), ("b/src/main.rs", MAIN)],
            "It has several packages with a program: a and b.",
        ),
        (&[("a.rs", MAIN), ("b.rs", MAIN)], "It has several programs: a.rs and b.rs."),
        (&[("Cargo.toml", "[package]\nname = \n")], "Its Cargo.toml can't be read: line 2"),
        (&[("Cargo.toml", missing)], "Its Cargo.toml names a.rs as the program, and there is no such file."),
        (&[("Cargo.toml", app), ("src/lib.rs", "pub fn f() {}"), ("src/a.rs", "")], LIBRARY),
        (&[("Cargo.toml", app), ("src/lib.rs", "pub fn f() {}")], LIBRARY),
        (&[("src/lib.rs", "pub fn f() {}")], LIBRARY),
        (
            &[("Cargo.toml", &format!("{app}[lib]\npath = \"code.rs\"\n")), ("code.rs", "pub fn f() {}")],
            "It is a library (code.rs), and has no program that can be run",
        ),
        (&[("a.rs", ""), ("b.rs", "")], "It has no program: no Cargo.toml, and no file with `fn main`."),
        (&[("Cargo.toml", app), ("notes.txt", "")], "Its package has no program"),
        (&[("Cargo.toml", escape), ("src/main.rs", MAIN)], "Its Cargo.toml has the name `a\\u{1b}[31m`"),
        (&[("Cargo.toml", app), ("src/bin/a b.rs", MAIN)], "Its Cargo.toml has the name `a b`"),
        (&[("target/debug/app", "")], "It has no program, only parts that are not used: target/."),
        (
            &[("Cargo.toml", &*app.replace("2024", "2027")), ("src/main.rs", MAIN)],
            "Its Cargo.toml has `edition = \"2027\"`",
        ),
    ] {
        let submission = one(files);
        assert!(submission.content.is_err(), "{start}: {:?}", *submission);
        assert!(refusal(&submission).starts_with(start), "{start}\n{}", refusal(&submission));
    }
}

#[test]
fn a_dependency_from_git_is_laid_aside() {
    let source = "{ git = \"https://example.org/rand\", branch = \"main\" }";
    let rand = MANIFEST.to_owned() + "rand = " + source + "\n";
    let unused = one(&[("Cargo.toml", &rand), ("src/main.rs", MAIN)]);
    assert_eq!(aside(&unused, "Cargo.toml: rand"), Some("a dependency that the program does not use"));
    assert!(unused.content.is_ok());
    let used = one(&[("Cargo.toml", &rand), ("src/main.rs", "use rand::Rng;\nfn main() {}")]);
    assert!(refusal(&used).starts_with("It needs the crate rand, and the lesson offers only lapin and tokio."));
    // A crate that the lesson offers is the lesson's own, wherever the manifest takes it from.
    for source in [source, "{ path = \"vendored/lapin\" }"] {
        let lapin = MANIFEST.replace("\"4\"", source);
        let submission = one(&[("Cargo.toml", &lapin), ("src/main.rs", "use lapin::Connection;\nfn main() {}")]);
        let reason = "the place of a dependency; the lesson's own crate is used";
        assert_eq!(aside(&submission, "Cargo.toml: lapin"), Some(reason));
        assert!(submission.content.is_ok());
    }
}

#[test]
fn what_is_unused_is_laid_aside() {
    let manifest = format!("{MANIFEST}rand = \"0.9\"\n");
    let submission = one(&[("Cargo.toml", &manifest), ("src/main.rs", "// rand::x\nfn main() {}")]);
    assert!(aside(&submission, "Cargo.toml: rand").is_some());
    assert!(submission.content.is_ok());
}

#[test]
fn encodings() {
    let classroom = Classroom::new();
    classroom.put("Ada/src/main.rs", "\u{feff}fn main() {}\r\n").put("Bob/src/main.rs", b"// caf\xe9\nfn main() {}");
    let class = classroom.read();
    assert!(class.submissions[0].content.is_ok());
    assert!(refusal(&class.submissions[1]).starts_with("The file src/main.rs is not UTF-8"));
}

#[test]
fn other_names_in_the_kit() {
    let lesson = [("xtask/Cargo.toml", MANIFEST), ("lessons/01-hello-send/src/main.rs", MAIN)];
    let renamed = MANIFEST.replace("hello-send", "mine");
    for (folder, manifest, is_found) in [
        ("my-hello-send", renamed.as_str(), true),
        ("mine", MANIFEST, true),
        ("mine", renamed.as_str(), false),
        ("02-hello-receive", renamed.as_str(), false),
    ] {
        let (at, main) = (format!("work/{folder}/Cargo.toml"), format!("work/{folder}/src/main.rs"));
        let own = [(at.as_str(), manifest), (main.as_str(), MAIN)];
        assert_eq!(one(&[&lesson[..], &own[..]].concat()).content.is_ok(), is_found, "{folder}");
    }
}

#[test]
fn parts_of_other_programs_do_not_count() {
    let manifest = format!("{MANIFEST}rand = \"0.9\"\n");
    let submission = one(&[
        ("Cargo.toml", &manifest),
        ("src/bin/send.rs", MAIN),
        ("src/bin/other.rs", "use rand::Rng;\nfn main() {}"),
        ("tests/it.rs", "use rand::Rng;"),
    ]);
    assert_eq!(package(&submission).main, "src/bin/send.rs");
}

#[test]
fn no_file_stays_that_cargo_takes_for_a_build_script() {
    let off = MANIFEST.replace("edition", "build = false\nedition");
    let other = MANIFEST.replace("edition", "build = \"other.rs\"\nedition");
    for files in [
        &[("Cargo.toml", off.as_str()), ("src/main.rs", MAIN), ("build.rs", MAIN)][..],
        &[("Cargo.toml", &other), ("src/main.rs", MAIN), ("Build.rs", MAIN), ("other.rs", MAIN)],
        &[("src/main.rs", MAIN), ("build.rs", MAIN)],
        &[("main.rs", MAIN), ("build.rs", MAIN)],
    ] {
        let files: Vec<String> = content(&one(files)).files.into_keys().collect();
        assert!(files.iter().all(|file| file.ends_with("main.rs") || file == "Cargo.toml"), "{files:?}");
    }
}
