//! A kit that was built, and then copied or moved: its programs work on the folder that now contains them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::PoisonError,
};

use checker::lessons::anchors;

use crate::{
    shared::render,
    start::{BUILDS, empty, target},
};

/// The files that a kit needs, in addition to its programs.
const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", ".cargo", "lessons"];

/// A cargo that records its arguments, and builds everything but the checker, which is already there.
const CARGO: &str = "#!/bin/sh
echo \"$@\" >> \"$0.log\"
case \" $* \" in *' --package checker '*) exit 0 ;; esac
exec REAL \"$@\"
";

struct Kit {
    folder: PathBuf,
    cargo: PathBuf,
}

impl Kit {
    /// Makes a kit in the state after its first command: with its two programs, built elsewhere.
    fn built(folder: &Path) -> Kit {
        let cargo = folder.join("cargo");
        fs::write(&cargo, CARGO.replace("REAL", env!("CARGO"))).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let kit = Kit { folder: folder.join("built"), cargo };
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        FILES.iter().for_each(|file| copy(&root.join(file), &kit.folder.join(file)));
        copy(&root.join("xtask/Cargo.toml"), &kit.folder.join("xtask/Cargo.toml"));
        for program in ["xtask", "checker"] {
            let place = kit.program(program);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::hard_link(target().join("debug").join(program), place).unwrap();
        }
        kit
    }

    fn program(&self, name: &str) -> PathBuf {
        self.folder.join("target/debug").join(name)
    }

    fn copied(&self, name: &str) -> Kit {
        let folder = self.folder.with_file_name(name);
        copy(&self.folder, &folder);
        Kit { folder, cargo: self.cargo.clone() }
    }

    fn moved(self, name: &str) -> Kit {
        let folder = self.folder.with_file_name(name);
        fs::rename(self.folder, &folder).unwrap();
        Kit { folder, cargo: self.cargo }
    }

    /// Runs xtask as cargo starts it: in this folder of the kit, or from elsewhere.
    fn xtask(&self, from: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.program("xtask"));
        command.args(arguments).current_dir(from).env("CARGO", &self.cargo).env("CARGO_TARGET_DIR", target());
        for theirs in ["CARGO_MANIFEST_DIR", "HELLO_RABBIT_WORK", "AMQP_URL", "HELLO_RABBIT_IMAGE"] {
            command.env_remove(theirs);
        }
        command.env("NO_COLOR", "1").output().unwrap()
    }

    fn own_program(&self) -> PathBuf {
        self.folder.join("work/01-hello-send")
    }

    /// Returns the exit code of a check of the learner's own program, which must be the one in this kit.
    fn check(&self, from: &Path) -> Option<i32> {
        let output = self.xtask(from, &["check", "lesson", "01", "--broker", "embedded"]);
        let report = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(report.contains("program    work/01-hello-send\n"), "{}", render(&output));
        let asked = fs::read_to_string(self.cargo.with_extension("log")).unwrap();
        let manifest = format!("build --manifest-path {}", self.folder.join("Cargo.toml").display());
        assert!(asked.lines().rev().any(|line| line.starts_with(&manifest)), "{manifest}, in:\n{asked}");
        assert!(self.folder.join("work/.hello-rabbit/progress.json").is_file());
        output.status.code()
    }
}

/// Copies a file, or a folder with its content.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

#[test]
fn a_kit_works_where_it_is_and_not_where_it_was_built() {
    let _one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut build = Command::new(env!("CARGO"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    build.args(["build", "--quiet", "--package", "xtask"]).current_dir(root).env("CARGO_TARGET_DIR", target());
    assert!(build.status().unwrap().success());

    let built = Kit::built(&empty("moved"));
    let started = built.xtask(&built.folder, &["start", "lesson", "01"]);
    assert_eq!(started.status.code(), Some(0), "{}", render(&started));
    assert!(built.own_program().join("Cargo.toml").is_file());
    assert_eq!(built.check(&built.folder), Some(1));

    let copied = built.copied("copied");
    let solution = fs::read_to_string(copied.folder.join("lessons/01-hello-send/src/main.rs")).unwrap();
    fs::write(copied.own_program().join("src/main.rs"), anchors::without_marks(&solution)).unwrap();
    assert_eq!(copied.check(&copied.own_program().join("src")), Some(0));
    assert_eq!(built.check(&built.folder), Some(1));

    // In a folder outside every kit, the location of the program itself decides.
    let outside = std::env::temp_dir();
    let moved = copied.moved("moved");
    for from in [&moved.folder, &outside] {
        assert_eq!(moved.check(from), Some(0), "from {}", from.display());
    }
    assert!(!moved.folder.with_file_name("copied").exists());
}
