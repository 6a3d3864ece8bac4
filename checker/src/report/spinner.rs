//! A line on stderr about a task that takes a while: its name, its progress and its duration. It disappears with the task.
//!
//! A terminal shows one line that moves. It appears after a moment, so a quick task leaves the terminal alone, and it never
//! mixes with other output. Without a terminal there is no line.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use cli::line::{Line, TICK, can_move};
use harness::activity::{self, Doing, Listener};

use super::say;

/// The duration up to which a task is not worth a line.
const DELAY: Duration = Duration::from_millis(100);

/// The listener that shows tasks on this terminal.
struct Terminal;

impl Listener for Terminal {
    fn begins(&self, what: &str, is_long: bool) -> Box<dyn Doing> {
        Box::new(if is_long { busy(what) } else { watched(what) })
    }

    fn says(&self, what: &str) {
        say(what);
    }

    fn answers(&self, text: &str) -> io::Result<()> {
        super::print(text)
    }
}

/// Starts to show the harness's tasks, too.
pub fn listen() {
    activity::listen(&Terminal);
}

/// A task in progress, until this is dropped.
#[derive(Debug)]
#[must_use = "the task is over when this is dropped"]
pub struct Busy {
    id: u64,
    screen: Option<Arc<Screen>>,
}

/// Shows a task that takes a while. Without a terminal, it is printed once.
pub fn busy(what: &str) -> Busy {
    let busy = watched(what);
    if busy.screen.is_none() {
        say(&format!("{what} …"));
    }
    busy
}

/// Shows a task as [`busy`] does, but prints nothing without a terminal.
pub fn watched(what: &str) -> Busy {
    static STDERR: LazyLock<Arc<Screen>> = LazyLock::new(|| Screen::new(|| Box::new(io::stderr())));
    if can_move() {
        *lock(&SHOWN) = Some(STDERR.clone());
        return begin(&STDERR, what);
    }
    Busy { id: 0, screen: None }
}

/// The screen in use; None before the first line.
static SHOWN: Mutex<Option<Arc<Screen>>> = Mutex::new(None);

/// Prints while the line is out of the way.
pub(crate) fn beside<T>(print: impl FnOnce() -> T) -> T {
    let screen = lock(&SHOWN).clone();
    match &screen {
        Some(screen) => screen.beside(print),
        None => print(),
    }
}

/// The screen that a line is drawn on.
struct Screen {
    target: fn() -> Box<dyn Write + Send>,
    state: Mutex<State>,
    /// Signals that a task begins or ends.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The tasks in progress; the last one is shown.
    doing: Vec<Activity>,
    last_id: u64,
    /// The start of the first task after a pause.
    since: Option<Instant>,
    line: Option<Line>,
    /// Set while a thread moves the line.
    is_moved: bool,
}

struct Activity {
    id: u64,
    what: String,
    far: String,
    begin: Instant,
}

impl Activity {
    fn text(&self) -> String {
        let Activity { what, far, begin, .. } = self;
        let far = if far.is_empty() { String::new() } else { format!(": {far}") };
        format!("{what}{far} … {}s", begin.elapsed().as_secs())
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn begin(screen: &Arc<Screen>, what: &str) -> Busy {
    let mut state = lock(&screen.state);
    state.last_id += 1;
    let id = state.last_id;
    state.since.get_or_insert_with(Instant::now);
    state.doing.push(Activity { id, what: what.to_owned(), far: String::new(), begin: Instant::now() });
    if !state.is_moved {
        let moved = screen.clone();
        let mover = std::thread::Builder::new().name("busy".to_owned());
        state.is_moved = mover.spawn(move || moved.keep_moving()).is_ok();
    }
    screen.changed.notify_all();
    Busy { id, screen: Some(screen.clone()) }
}

impl Screen {
    fn new(target: fn() -> Box<dyn Write + Send>) -> Arc<Screen> {
        Arc::new(Screen { target, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Moves the line for as long as a task is in progress.
    fn keep_moving(&self) {
        let mut state = lock(&self.state);
        while let Some(activity) = state.doing.last() {
            let text = activity.text();
            let early = DELAY.saturating_sub(state.since.map_or(DELAY, |since| since.elapsed()));
            let wait = match state.line {
                None if !early.is_zero() => early,
                _ => {
                    state.line.get_or_insert_with(|| Line::new((self.target)())).draw(&text);
                    TICK
                }
            };
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_moved = false;
    }

    fn beside<T>(&self, print: impl FnOnce() -> T) -> T {
        let mut state = lock(&self.state);
        if let Some(line) = &mut state.line {
            line.clear();
        }
        let result = print();
        // The next move shows it again.
        self.changed.notify_all();
        result
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Activity)) {
        if let Some(activity) = lock(&self.state).doing.iter_mut().find(|activity| activity.id == id) {
            change(activity);
        }
        self.changed.notify_all();
    }

    fn end(&self, id: u64) {
        let mut state = lock(&self.state);
        state.doing.retain(|activity| activity.id != id);
        // Later output finds the terminal as it was.
        if state.doing.is_empty() {
            state.since = None;
            if let Some(mut line) = state.line.take() {
                line.clear();
            }
        }
        self.changed.notify_all();
    }
}

impl Doing for Busy {
    fn how_far(&self, far: &str) {
        if let Some(screen) = &self.screen {
            screen.change(self.id, |activity| far.clone_into(&mut activity.far));
        }
    }

    fn now(&self, what: &str) {
        if let Some(screen) = &self.screen {
            screen.change(self.id, |activity| {
                *activity =
                    Activity { id: activity.id, what: what.to_owned(), far: String::new(), begin: Instant::now() };
            });
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(screen) = &self.screen {
            screen.end(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use harness::activity::Doing;
    use indicatif::{InMemoryTerm, TermLike};

    use super::*;

    static TERM: LazyLock<InMemoryTerm> = LazyLock::new(|| InMemoryTerm::new(5, 60));

    struct Terminal;

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            TERM.write_str(std::str::from_utf8(bytes).unwrap()).map(|()| bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            TERM.flush()
        }
    }

    fn target() -> Box<dyn Write + Send> {
        Box::new(Terminal)
    }

    /// Waits until this text is on the screen, and returns the time it took.
    fn until(text: &str) -> Duration {
        let begin = Instant::now();
        while !TERM.contents().contains(text) {
            assert!(begin.elapsed() < Duration::from_secs(10), "{text:?} does not come: {:?}", TERM.contents());
            std::thread::yield_now();
        }
        begin.elapsed()
    }

    #[test]
    fn what_and_how_far_are_shown_after_a_moment_and_go_away() {
        let screen = Screen::new(target);
        drop(begin(&screen, "something short"));
        let busy = begin(&screen, "compiling");
        assert_eq!(TERM.contents(), "");
        let took = until("compiling … 0s");
        assert!((DELAY / 2..Duration::from_secs(5)).contains(&took), "{took:?}");
        busy.how_far("12 crates");
        until("compiling: 12 crates … 0s");
        let inner = begin(&screen, "starting a broker");
        until("starting a broker … 0s");
        assert!(!TERM.contents().contains("compiling"));
        // Other output has the screen to itself.
        assert_eq!(screen.beside(|| TERM.contents()), "");
        drop(inner);
        until("compiling: 12 crates");
        busy.now("running the program");
        until("running the program … 0s");
        drop(busy);
        assert_eq!(TERM.contents(), "");
        // The line comes back for the next task.
        let _again = begin(&screen, "once more");
        until("once more … 0s");
    }
}
