//! `watch`, a check at each save: its output, its keys, and that it leaves nothing, however it ends.
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use checker::{
    cleanup,
    lessons::{self, anchors},
};
use rustix::process::{Pid, Signal};

use crate::{
    shared::{render, snapshot},
    start::{BUILDS, checker, empty},
};

/// The deadline for anything to be seen, which includes the build of a program.
const SEEN_TIMEOUT: Duration = Duration::from_secs(120);

/// A program that never ends and prints nothing.
const HANGS: &str = "fn main() {\n    loop {\n        std::thread::park();\n    }\n}\n";

/// A learner's folder with a program for lesson 01, to be watched.
struct Learner {
    folder: PathBuf,
    _one_at_a_time: MutexGuard<'static, ()>,
}

impl Learner {
    fn new(name: &str) -> Learner {
        let one_at_a_time = BUILDS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = empty(name);
        fs::create_dir(folder.join("tmp")).unwrap();
        let learner = Learner { folder, _one_at_a_time: one_at_a_time };
        learner.start("01");
        learner
    }

    fn start(&self, lesson: &str) {
        let started = checker(&self.folder, &["start", "lesson", lesson]);
        assert_eq!(started.status.code(), Some(0), "{}", render(&started));
    }

    fn save(&self, text: &str) {
        fs::write(self.folder.join("work/01-hello-send/src/main.rs"), text).unwrap();
    }

    /// Saves as most editors do: a new file replaces the old one.
    fn save_by_rename(&self, text: &str) {
        let new = self.folder.join("work/01-hello-send/src/.main.rs.new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.folder.join("work/01-hello-send/src/main.rs")).unwrap();
    }

    /// Returns the environment of a watch.
    fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let target = Path::new(env!("CARGO_BIN_EXE_checker")).ancestors().nth(2).unwrap();
        vec![
            ("HELLO_RABBIT_WORK", self.folder.join("work")),
            ("TMPDIR", self.folder.join("tmp")),
            ("CARGO_TARGET_DIR", target.to_owned()),
            ("NO_COLOR", "1".into()),
        ]
    }

    fn runs(&self) -> Vec<PathBuf> {
        let bases = fs::read_dir(self.folder.join("tmp")).unwrap().flatten();
        let runs = bases.flat_map(|base| fs::read_dir(base.path().join("runs")).into_iter().flatten().flatten());
        runs.map(|run| run.path()).filter(|path| path.is_dir()).collect()
    }

    /// Returns the id of the run in progress.
    fn run(&self) -> String {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].file_name().unwrap().to_str().unwrap().to_owned()
    }

    fn until_the_program_runs(&self) -> String {
        let run = self.run();
        let runs = || (0..100).any(|part| !cleanup::processes(&format!("{run}.{part}.program")).is_empty());
        until("the program to run", runs);
        run
    }

    fn nothing_is_left(&self, run: &str) {
        assert_eq!(self.runs(), Vec::<PathBuf>::new());
        assert_eq!(cleanup::processes(run), Vec::<i32>::new());
    }
}

const WATCH: [&str; 5] = ["watch", "lesson", "01", "--broker", "embedded"];

fn solution() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    anchors::without_marks(&fs::read_to_string(root.join("lessons/01-hello-send/src/main.rs")).unwrap())
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SEEN_TIMEOUT;
    while !holds() {
        assert!(Instant::now() < deadline, "waited {} s for {what}", SEEN_TIMEOUT.as_secs());
        std::thread::yield_now();
    }
}

fn send(signal: Signal, child: &Child) {
    rustix::process::kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits for the end, and returns the exit code.
fn end_of(child: &mut Child) -> Option<i32> {
    let mut code = None;
    until("the watch to end", || {
        code = child.try_wait().unwrap();
        code.is_some()
    });
    code.unwrap().code()
}

/// A watch without a terminal.
struct Plain {
    child: Child,
    lines: Receiver<String>,
    /// The stdout so far.
    printed: String,
}

impl Plain {
    fn new(learner: &Learner, more: &[&str]) -> Plain {
        Plain::with(learner, more, &[])
    }

    fn with(learner: &Learner, more: &[&str], variables: &[(&str, &str)]) -> Plain {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
        command.args(WATCH).args(more).env_remove("AMQP_URL").envs(learner.environment());
        command.envs(variables.iter().copied()).current_dir(&learner.folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        Plain { child, lines, printed: String::new() }
    }

    /// Reads to the end of the next report.
    fn verdict(&mut self) -> String {
        let deadline = Instant::now() + SEEN_TIMEOUT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.printed.push_str(&line);
                    self.printed.push('\n');
                    if ["passed:", "failed:", "not checked:"].iter().any(|word| line.starts_with(word)) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("no verdict; so far:\n{}", self.printed)
                }
            }
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_save_has_its_verdict_and_ends_the_check_under_way() {
    let learner = Learner::new("watch-plain");
    // A port that is asked for is free again for each check.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut watch = Plain::new(&learner, &["--port", &port]);
    assert_eq!(watch.verdict(), "failed: step 1 of 5, connect");
    learner.save_by_rename(&solution().replace("b\"Hello World!\"", "b\"Hello world!\""));
    assert_eq!(watch.verdict(), "failed: step 3 of 5, publish");

    // It would hang for ten seconds, but its check is never reported.
    learner.save(HANGS);
    let run = learner.until_the_program_runs();
    learner.save(&solution());
    assert!(watch.verdict().starts_with("passed: all 5 steps"));
    assert!(!watch.printed.contains("still running") && watch.printed.matches("lesson 01 ·").count() == 3);

    learner.save("fn main() { nonsense }");
    assert_eq!(watch.verdict(), "failed: step 1 of 5, build");
    assert!(!watch.printed.contains('\u{1b}') && !watch.printed.contains("q quit"), "{}", watch.printed);
    // The children of finished checks are gone. Left are the broker's, and at most one that is being removed.
    let parts = |run: &Path| fs::read_dir(run).unwrap().flatten().filter(|entry| entry.path().is_dir()).count();
    until("old checks to be gone", || parts(&learner.runs()[0]) == 1);

    let list = checker(&learner.folder, &["list"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("passed before; now build fails"), "{}", render(&list));
    send(Signal::INT, &watch.child);
    assert_eq!(end_of(&mut watch.child), Some(130));
    learner.nothing_is_left(&run);
}

#[test]
fn a_hanging_program_is_reported_and_goes_with_the_watch() {
    let learner = Learner::new("watch-hangs");
    learner.save(HANGS);
    let mut watch = Plain::with(&learner, &["--timeout", "1"], &[("HELLO_RABBIT_POLL", "1")]);
    assert_eq!(watch.verdict(), "failed: step 1 of 5, connect");
    // Where the system reports no changes, polling finds them.
    learner.save(&format!("{HANGS}// again\n"));
    assert_eq!(watch.verdict(), "failed: step 1 of 5, connect");
    learner.save(&format!("{HANGS}// and again\n"));
    let run = learner.until_the_program_runs();
    send(Signal::TERM, &watch.child);
    assert_eq!(end_of(&mut watch.child), Some(130));
    learner.nothing_is_left(&run);
}

#[test]
fn a_killed_watch_is_cleaned_up_after_by_the_next_command() {
    let learner = Learner::new("watch-killed");
    learner.save(HANGS);
    let mut watch = Plain::new(&learner, &["--timeout", "600"]);
    until("the run to begin", || !learner.runs().is_empty());
    let run = learner.until_the_program_runs();
    watch.child.kill().unwrap();
    watch.child.wait().unwrap();
    assert_eq!(learner.runs().len(), 1, "a killed watch can't clean up, so this test sees nothing");
    let mut next = Command::new(env!("CARGO_BIN_EXE_checker"));
    next.args(["broker", "status"]).envs(learner.environment()).output().unwrap();
    learner.nothing_is_left(&run);
}

#[test]
fn a_program_in_another_language_is_judged_at_each_save_of_its_source() {
    let learner = Learner::new("watch-program");
    let source = learner.folder.join("send.sh");
    fs::write(&source, "echo one\n").unwrap();
    let mut watch = Plain::new(&learner, &["--program", "sh send.sh"]);
    watch.verdict();
    // A file that the program itself writes is not a source.
    fs::write(learner.folder.join("log.txt"), "written").unwrap();
    fs::write(&source, "echo two\n").unwrap();
    watch.verdict();
    assert!(watch.printed.contains("| one") && watch.printed.contains("| two"), "{}", watch.printed);
}

#[test]
fn a_reader_that_goes_away_ends_the_watch() {
    let learner = Learner::new("watch-reader");
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command.args(WATCH).env_remove("AMQP_URL").envs(learner.environment()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(end_of(&mut child), Some(1));
    assert_eq!(learner.runs(), Vec::<PathBuf>::new());
}

#[test]
fn without_a_program_the_command_to_start_one_is_printed() {
    let output = checker(&empty("watch-nothing"), &WATCH);
    assert_eq!(output.status.code(), Some(2));
    snapshot("watch_without_a_program", &render(&output));
}

/// The number of rows of a terminal.
const ROWS: u16 = 50;

/// A watch in a terminal.
struct Terminal {
    child: Child,
    pty: pty_process::blocking::Pty,
    bytes: Vec<u8>,
    /// The bytes so far, as text.
    screen: String,
    /// The length of the part of the screen that was matched already.
    seen: usize,
}

impl Terminal {
    fn new(learner: &Learner, more: &[&str]) -> Terminal {
        // A dumb terminal, so that there is no progress line.
        Terminal::with(learner, &[&WATCH, more].concat(), "dumb", 80)
    }

    fn with(learner: &Learner, arguments: &[&str], kind: &str, columns: u16) -> Terminal {
        let (pty, inside) = pty_process::blocking::open().unwrap();
        pty.resize(pty_process::Size::new(ROWS, columns)).unwrap();
        let command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_checker"));
        let command = command.args(arguments).env("TERM", kind).env_remove("AMQP_URL").envs(learner.environment());
        let child = command.current_dir(&learner.folder).spawn(inside).unwrap();
        Terminal { child, pty, bytes: Vec::new(), screen: String::new(), seen: 0 }
    }

    /// Reads until this text is on the screen, after the text of the last call.
    fn until(&mut self, text: &str) {
        let deadline = Instant::now() + SEEN_TIMEOUT;
        loop {
            if let Some(found) = self.screen[self.seen..].find(text) {
                self.seen += found + text.len();
                return;
            }
            assert!(Instant::now() < deadline && self.read(), "{text:?} does not come:\n{}", self.screen);
        }
    }

    /// Reads the output that is there, after at most a second. Returns false when there is no more.
    fn read(&mut self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let second = Timespec { tv_sec: 1, tv_nsec: 0 };
        let mut buffer = [0; 4096];
        if poll(&mut [PollFd::new(&self.pty, PollFlags::IN)], Some(&second)).unwrap() == 0 {
            return true;
        }
        let read = self.pty.read(&mut buffer).unwrap_or(0);
        self.bytes.extend_from_slice(&buffer[..read]);
        self.screen = String::from_utf8_lossy(&self.bytes).into_owned();
        read > 0
    }

    fn press(&mut self, keys: &str) {
        std::io::Write::write_all(&mut self.pty, keys.as_bytes()).unwrap();
    }

    /// Returns whether the terminal waits for whole lines, and echoes keys.
    fn is_as_ever(&self) -> bool {
        use rustix::termios::{LocalModes, tcgetattr};
        tcgetattr(self.pty.as_fd()).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    fn end(&mut self) -> Option<i32> {
        while self.read() {}
        end_of(&mut self.child)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn keys_are_answered_and_the_terminal_is_left_as_it_was() {
    let learner = Learner::new("watch-terminal");
    let mut terminal = Terminal::new(&learner, &[]);
    assert!(terminal.is_as_ever());
    terminal.until("failed: step 1 of 5, connect\r\n\r\nh hint · w wire · c check again · b book · q quit\r\n");
    assert!(!terminal.is_as_ever());

    terminal.press("h");
    terminal.until("lesson 01 · step 1 of 5, connect · hint 1 of 3");
    terminal.until("  more     h\r\n");
    terminal.press("hw");
    terminal.until("hint 2 of 3");
    terminal.until("the conversation\r\n  nothing was sent\r\n");
    terminal.press("n");
    terminal.until("lesson 01 comes first: its last check has not passed");
    // An arrow key is a sequence with a letter in it, and must be ignored.
    terminal.press("\u{1b}[Bb");
    terminal.until("the page of lesson 01: book/src/01-hello-send.md (in a browser: cargo xtask book\r\nserve)");
    assert_eq!(terminal.screen.matches("the page of").count(), 1);

    // Keys also work during a check.
    learner.save(HANGS);
    terminal.until("src/main.rs changed; checking …");
    learner.until_the_program_runs();
    terminal.press("h");
    terminal.until("hint 3 of 3");
    learner.save(&solution());
    terminal.until("passed: all 5 steps of lesson 01");
    terminal.until("n next lesson · h hint");
    terminal.press("w");
    terminal.until("basic.publish  exchange \"\" routing-key \"hello\"\r\n");
    terminal.until("  \"Hello World!\"\r\n");
    terminal.press("c");
    terminal.until("once more; checking …");
    terminal.until("passed: all 5 steps of lesson 01");

    terminal.press("n");
    terminal.until("start    cargo xtask start lesson 02");
    learner.start("02");
    terminal.press("n");
    terminal.until("02-hello-receive; checking …");
    terminal.until("failed: step 1 of 7, connect");
    assert!(!terminal.screen.contains('\u{1b}'), "no codes are needed: {:?}", terminal.screen);

    let run = learner.run();
    terminal.press("q");
    assert_eq!(terminal.end(), Some(1));
    assert!(terminal.is_as_ever());
    learner.nothing_is_left(&run);
}

/// Returns the final content of the screen.
fn seen_at_last(printed: &str, columns: u16) -> String {
    let screen = indicatif::InMemoryTerm::new(ROWS, columns);
    indicatif::TermLike::write_str(&screen, printed).unwrap();
    screen.contents()
}

#[test]
fn the_screen_is_cleared_between_checks_and_what_was_on_it_can_be_scrolled_to() {
    let learner = Learner::new("watch-clear");
    let mut terminal = Terminal::with(&learner, &WATCH, "xterm-256color", 70);
    terminal.until("failed: step 1 of 5, connect");
    terminal.until("q quit");
    let first = seen_at_last(&terminal.screen, 70);
    assert!(first.contains("watching ") && first.contains("FAILED   connect"), "{first}");
    learner.save(&solution());
    terminal.until("passed: all 5 steps of lesson 01");
    terminal.until("q quit");
    let second = seen_at_last(&terminal.screen, 70);
    assert!(second.trim_start().starts_with("src/main.rs changed; checking …"), "{second}");
    assert!(second.contains("passed: all 5 steps") && !second.contains("FAILED"), "{second}");
    // Nothing is erased: every row is scrolled up.
    assert!(!terminal.screen.contains("\u{1b}[2J") && !terminal.screen.contains("\u{1b}[3J"), "{:?}", terminal.screen);
    assert!(terminal.screen.contains(&"\r\n".repeat(usize::from(ROWS))), "{:?}", terminal.screen);
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn lines_are_as_wide_as_the_terminal_at_most() {
    let learner = Learner::new("watch-narrow");
    learner.save(&solution().replace("basic_publish(\"\".into()", "basic_publish(\"hello\".into()"));
    let mut terminal = Terminal::with(&learner, &WATCH, "dumb", 56);
    terminal.until("failed: step 3 of 5, publish");
    for key in ["h", "w", "b"] {
        terminal.press(key);
        terminal.until("q quit");
    }
    terminal.until("q quit");
    terminal.press("q");
    terminal.end();
    // Addresses, paths, commands to copy and the output of programs are not wrapped.
    let whole = ["http://", "https://", "program  ", "watching ", "why:  ", "| "];
    let lines = terminal.screen.lines().filter(|line| !whole.iter().any(|part| line.contains(part)));
    let evidence = |line: &str| line.starts_with("             ");
    let wide: Vec<&str> = lines.filter(|line| !evidence(line) && line.chars().count() > 56).collect();
    assert!(wide.is_empty(), "wider than 56 columns: {wide:#?}\n{}", terminal.screen);
}

#[test]
fn the_last_lesson_has_no_next_one() {
    let learner = Learner::new("watch-last");
    let last = lessons::all().unwrap().pop().unwrap();
    let number = last.number.as_str();
    learner.start(number);
    let program = anchors::without_marks(&fs::read_to_string(last.folder.join("src/main.rs")).unwrap());
    let own = learner.folder.join("work").join(last.folder.file_name().unwrap());
    fs::write(own.join("src/main.rs"), program).unwrap();
    let watch = ["watch", "lesson", number, "--broker", "embedded"];
    let mut terminal = Terminal::with(&learner, &watch, "dumb", 80);
    terminal.until(&format!("passed: all {} steps of lesson {number}", last.about.steps.len()));
    terminal.until("\r\n\r\nh hint · w wire");
    terminal.press("n");
    terminal.until(&format!("lesson {number} is the last one"));
    terminal.press("q");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn a_check_on_a_terminal_says_what_it_does_and_leaves_no_trace() {
    let learner = Learner::new("watch-line");
    let check = |kind: &str| {
        let hangs = ["check", "lesson", "01", "--broker", "embedded", "--timeout", "1", "--program", "cat"];
        let mut terminal = Terminal::with(&learner, &hangs, kind, 80);
        terminal.until("failed: step 1 of 5, connect");
        terminal.end();
        terminal.screen.clone()
    };
    let printed = check("xterm-256color");
    assert!(printed.contains("running the program … 0s"), "{printed:?}");
    let seen = seen_at_last(&printed, 80);
    assert!(!seen.contains("running the program") && seen.starts_with("lesson 01 · "), "{seen}");
    let plain = check("dumb");
    assert!(!plain.contains("running the program") && !plain.contains('\u{1b}'), "{plain:?}");
}

#[test]
fn ctrl_c_in_a_terminal_ends_it_and_leaves_nothing() {
    let learner = Learner::new("watch-ctrl-c");
    learner.save(HANGS);
    let mut terminal = Terminal::new(&learner, &["--timeout", "600"]);
    terminal.until("checking …");
    let run = learner.until_the_program_runs();
    assert!(!terminal.is_as_ever());
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), Some(130));
    assert!(terminal.is_as_ever());
    learner.nothing_is_left(&run);
}

#[test]
fn a_closed_terminal_ends_it_and_leaves_nothing() {
    let learner = Learner::new("watch-closed");
    learner.save(HANGS);
    let mut terminal = Terminal::new(&learner, &["--timeout", "600"]);
    terminal.until("checking …");
    let run = learner.until_the_program_runs();
    let (none, _) = pty_process::blocking::open().unwrap();
    drop(std::mem::replace(&mut terminal.pty, none));
    end_of(&mut terminal.child);
    learner.nothing_is_left(&run);
}
