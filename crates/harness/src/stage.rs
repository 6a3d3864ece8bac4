//! One check under way: the room at the broker, the programs in it, and one time axis.
//!
//! A lesson's contract plays its scene on a [`Stage`]. It starts a program, which becomes an [`Actor`] with a tap and a
//! record of its own, and waits for something to be seen, never for time to pass: [`Actor::until`] of one program,
//! [`Stage::until`] of several.

mod blocked;

use recording::{NotChecked, ProgramRun};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{
    activity::{Busy, watched},
    brokers::{Broker, address::Address, alarm::Alarm, hand::Hand},
    live::{LiveRun, until},
    owner::Run,
    program::{Program, facts, running::Running},
    tap::{Bounds, Door, Tap},
};

pub use blocked::Blocked;

/// How long a program that did the one thing may take for the next that follows at once: printing what it received, ending
/// after Ctrl-C. A longer time limit for the whole program makes this longer, too.
const PROMPTLY: f64 = 0.3;

/// One check under way.
pub struct Stage<'a> {
    /// The broker, as the checker reaches it; in the check's own vhost.
    pub room: Address,
    /// The checker's own hand at the broker.
    pub hand: Hand,
    run: &'a Run,
    time_limit: Duration,
    port: Option<u16>,
    zero: Instant,
    /// Tells of every change in what is seen of any program.
    changed: watch::Sender<u64>,
    /// The way in at `port`: it leads to the program that was started last.
    door: Arc<Mutex<Option<Door>>>,
    broker: Broker,
    blocked: Blocked,
    /// What a terminal sees of the scene.
    doing: Option<Busy>,
    /// What keeps up with alarms on the connections of `hand`. It ends with the stage.
    listeners: JoinSet<()>,
}

/// How a program is started.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Its part in the scene: `worker 1`. Empty where there is one program only.
    pub role: String,
    /// Arguments, behind those of its own.
    pub arguments: Vec<String>,
    /// The address it is given asks for heartbeats, this many seconds apart.
    pub heartbeat: Option<u16>,
    /// It may run so long, however short the time limit is: the scene itself takes its time.
    pub at_least: Duration,
}

impl<'a> Stage<'a> {
    /// Sets the stage: a room at the broker in which none of `queues` exists.
    ///
    /// # Errors
    ///
    /// Why the broker doesn't let us in.
    pub async fn set(
        broker: &Broker,
        run: &'a Run,
        queues: &[&str],
        time_limit: Duration,
        port: Option<u16>,
    ) -> Result<Stage<'a>, NotChecked> {
        let room = broker.room(run, queues).await?;
        let (hand, alarm) = tokio::join!(Hand::reach(&room), Alarm::at(&room));
        let hand = hand.map_err(|error| broker.refused(&error.to_string()))?;
        if let Ok(Some(alarm)) = alarm {
            return Err(alarm.not_checked(broker.is_embedded().await));
        }
        let changed = watch::Sender::new(0);
        let mut stage = Stage {
            room,
            hand,
            run,
            time_limit,
            port,
            zero: Instant::now(),
            blocked: Blocked::new(changed.clone()),
            changed,
            door: Arc::default(),
            broker: broker.clone(),
            doing: None,
            listeners: JoinSet::new(),
        };
        stage.listen();
        Ok(stage)
    }

    /// Keeps up with what the broker says about alarms to `hand`.
    fn listen(&mut self) {
        self.listeners.spawn(self.blocked.clone().listen(self.hand.alarms()));
    }

    /// What tells of alarms from here on, also while a scene is played.
    #[must_use]
    pub fn blocked(&self) -> Blocked {
        self.blocked.clone()
    }

    /// The reason why a check with this alarm says nothing.
    pub async fn not_checked(&self, alarm: &Alarm) -> NotChecked {
        alarm.not_checked(self.broker.is_embedded().await)
    }

    /// The alarm that is on at the broker now, if any: some programs are stopped by one without a word, as their client does not
    /// announce that it understands `connection.blocked`.
    pub async fn alarm(&self) -> Option<Alarm> {
        if self.blocked.is_flood() { None } else { Alarm::at(&self.room).await.ok().flatten() }
    }

    /// A second stage of the same check, with a vhost of its own: what happens on one is not seen on the other. None where the
    /// broker makes no vhosts, so that one scene has to be played after the other.
    ///
    /// # Errors
    ///
    /// Why the broker doesn't let us in.
    pub async fn beside(&self, queues: &[&str]) -> Result<Option<Stage<'a>>, NotChecked> {
        if !self.broker.makes_vhosts() {
            return Ok(None);
        }
        // It let us in before.
        let failed = |reason: NotChecked| failed_us(reason.message.trim_end_matches('.'));
        let beside = Stage::set(&self.broker, self.run, queues, self.time_limit, self.port).await.map_err(failed)?;
        Ok(Some(Stage {
            zero: self.zero,
            changed: self.changed.clone(),
            blocked: self.blocked.clone(),
            door: self.door.clone(),
            ..beside
        }))
    }

    /// Time begins now: the stage may have been set while the program was built.
    pub fn begin(&mut self) {
        self.zero = Instant::now();
        self.doing = Some(watched("running the program"));
    }

    /// Says on a terminal what the scene does now.
    pub fn does(&self, what: &str) {
        if let Some(doing) = &self.doing {
            doing.now(what);
        }
    }

    /// Starts a program behind a tap of its own.
    ///
    /// # Errors
    ///
    /// When the tap's port is taken or the program can't be started.
    pub async fn start(&self, program: &Program) -> Result<Actor, NotChecked> {
        self.call(program, &Call::default()).await
    }

    /// As [`Stage::start`], with arguments and what else a scene wants. Where programs come by a port of our own choice, who
    /// came before has to be connected by now: the port leads to this one from here on.
    ///
    /// # Errors
    ///
    /// As [`Stage::start`].
    pub async fn call(&self, program: &Program, call: &Call) -> Result<Actor, NotChecked> {
        let before = self.door.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(door) = before {
            door.close().await;
        }
        let seen = LiveRun::told(self.changed.clone());
        seen.add(|seen| {
            seen.role.clone_from(&call.role);
            seen.arguments.clone_from(&call.arguments);
            seen.program = Arc::new(facts::of(program, self.port));
        });
        self.blocked.watch(seen.clone());
        let tap =
            Tap::open(&self.room, self.port, seen.clone(), self.zero, Some(self.run.hold()), Bounds::default()).await?;
        if self.port.is_some() {
            *self.door.lock().unwrap_or_else(PoisonError::into_inner) = Some(tap.door());
        }
        let deadline = Instant::now() + self.time_limit.max(call.at_least);
        let heartbeat = call.heartbeat.map(|seconds| format!("?heartbeat={seconds}")).unwrap_or_default();
        let url = tap.url() + &heartbeat;
        let running = Running::start(program, &call.arguments, &url, self.run, seen.clone(), self.zero, deadline)?;
        Ok(Actor { seen, tap, running, deadline, promptly: self.time_limit.mul_f64(PROMPTLY) })
    }

    /// Waits until this holds of what was seen of these programs, in their order, at most until one of them ends or this time
    /// is over. Returns whether it holds.
    pub async fn until(
        &self,
        actors: &[&Actor],
        patience: Duration,
        mut holds: impl FnMut(&[&ProgramRun]) -> bool,
    ) -> bool {
        let now = Instant::now() + patience;
        let deadline = actors.iter().map(|actor| actor.deadline).fold(now, Instant::min);
        let mut held = false;
        let over = || {
            let locked: Vec<_> = actors.iter().map(|actor| actor.seen.lock()).collect();
            let seen: Vec<&ProgramRun> = locked.iter().map(|guard| &**guard).collect();
            held = holds(&seen);
            held || seen.iter().any(|seen| seen.exit.is_some())
        };
        until(&self.changed, deadline, over).await;
        held
    }

    /// How long something may take that follows at once.
    #[must_use]
    pub fn promptly(&self) -> Duration {
        self.time_limit.mul_f64(PROMPTLY)
    }

    /// Whether a restart of it takes no time worth mentioning.
    #[must_use]
    pub fn restarts_at_once(&self) -> bool {
        self.broker.restarts_at_once()
    }

    /// Restarts the broker. Returns false where it is not this check's alone, and nothing was done. Programs that are on the
    /// stage lose their connections.
    ///
    /// # Errors
    ///
    /// When it does not come back.
    pub async fn restart(&mut self) -> Result<bool, NotChecked> {
        if !self.broker.restart().await? {
            return Ok(false);
        }
        self.hand = Hand::reach(&self.room).await.map_err(|error| self.lost(&error))?;
        self.listen();
        Ok(true)
    }

    /// A [`NotChecked`] for a broker that fails the checker in the middle of a check.
    #[must_use]
    pub fn lost(&self, error: &lapin::Error) -> NotChecked {
        failed_us(&error.to_string())
    }

    /// The broker has not left the checker's own connection.
    ///
    /// # Errors
    ///
    /// The reason why the check says nothing: it has.
    pub fn still_there(&self) -> Result<(), NotChecked> {
        if self.hand.holds_on() { Ok(()) } else { Err(failed_us("its connection is gone")) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed_us(how: &str) -> NotChecked {
    NotChecked {
        message: format!("The broker failed the checker in the middle of the check: {how}."),
        hints: vec!["Check again; if it stays, look into the broker's log (cargo xtask broker logs)".to_owned()],
    }
}

/// A program on the stage.
pub struct Actor {
    seen: LiveRun,
    tap: Tap,
    running: Running,
    deadline: Instant,
    promptly: Duration,
}

impl Actor {
    /// Waits until `holds`, at most until the program ends or its time limit is over. Returns whether it holds.
    pub async fn until(&self, holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        self.wait(self.deadline, holds).await
    }

    /// As [`Actor::until`], for something that should follow at once.
    pub async fn promptly(&self, holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        self.within(self.promptly, holds).await
    }

    /// As [`Actor::until`], and at most so long.
    pub async fn within(&self, patience: Duration, holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        self.wait(self.deadline.min(Instant::now() + patience), holds).await
    }

    async fn wait(&self, deadline: Instant, mut holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        let mut held = false;
        let over = |seen: &ProgramRun| {
            held = holds(seen);
            held || seen.exit.is_some()
        };
        self.seen.until(deadline, over).await;
        held
    }

    /// Waits until nothing was seen of the program for this long, at most until `limit` is over or it ends. What it does now
    /// is done then.
    pub async fn rest(&self, quiet: Duration, limit: Duration) {
        let version = || self.seen.version();
        let deadline = self.deadline.min(Instant::now() + limit);
        let mut changes = self.seen.changes();
        let (mut last, mut since) = (version(), Instant::now());
        while timeout_at(deadline.min(since + quiet), changes.changed()).await.is_ok() {
            if self.seen.look(|seen| seen.exit.is_some()) {
                return;
            }
            if version() != last {
                (last, since) = (version(), Instant::now());
            }
        }
    }

    /// Presses Ctrl-C. Returns false where the operating system has no such thing.
    #[must_use]
    pub fn interrupt(&self) -> bool {
        self.running.interrupt()
    }

    /// Kills it, as `kill -9` does, and all it started. What was seen of it is complete after this.
    pub async fn kill(self) -> ProgramRun {
        self.running.kill();
        self.end_promptly().await
    }

    /// Waits for the program's end, at most until its time limit; then ends it, and all it started. What was seen of it is
    /// complete after this.
    pub async fn end(self) -> ProgramRun {
        let deadline = self.deadline;
        self.finish(deadline).await
    }

    /// As [`Actor::end`], for a program that should end at once.
    pub async fn end_promptly(self) -> ProgramRun {
        let deadline = Instant::now() + self.promptly;
        self.finish(deadline).await
    }

    async fn finish(self, deadline: Instant) -> ProgramRun {
        self.seen.until(deadline, |seen| seen.exit.is_some()).await;
        self.running.end().await;
        self.tap.close().await;
        self.seen.look(ProgramRun::clone)
    }
}
