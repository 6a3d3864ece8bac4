//! One check in progress: the vhost at the broker, the programs in it, and one time axis.
//!
//! A lesson's contract plays its scene on a [`Stage`]. It starts a program, which becomes a [`RunningProgram`] with its own tap and
//! record. Scenes never sleep: they wait for an event, with a deadline, by [`RunningProgram::until`] for one program and
//! [`Stage::until`] for several.

mod blocked;
mod faults;

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
    brokers::{
        Broker, Names,
        address::Address,
        alarm::Alarm,
        client::{self, Client},
        confined::Account,
    },
    cleanup::Run,
    live::{LiveRun, until},
    program::{Program, facts, running::Running, starved::Deadline},
    tap::{Bounds, Door, Tap},
    task::boxed,
};

pub use blocked::Blocked;
#[cfg(feature = "management")]
pub(crate) use faults::asked;
pub use faults::{Injection, OnDemand, PublishFault};

/// The time limit for a program's immediate reaction, as a part of its whole time limit: printing a received message, ending
/// after Ctrl-C.
const PROMPTLY: f64 = 0.3;

/// One check in progress.
pub struct Stage<'a> {
    /// The address of the broker for the checker, in the check's own vhost.
    pub address: Address,
    /// The checker's own client.
    pub client: Client,
    run: &'a Run,
    time_limit: Duration,
    port: Option<u16>,
    /// The account of its programs, if it is not the checker's.
    account: Option<Account>,
    zero: Instant,
    /// The number of events of all programs, which wakes those that wait for one.
    changed: watch::Sender<u64>,
    /// The way in at `port`, for the program that was started last.
    door: Arc<Mutex<Option<Door>>>,
    broker: Broker,
    blocked: Blocked,
    /// The line on a terminal about the scene.
    doing: Option<Busy>,
    /// The tasks that watch for alarms on the connections of `client`. They end with the stage.
    listeners: JoinSet<()>,
}

/// The options for starting a program.
#[derive(Clone, Debug, Default)]
pub struct SpawnOptions {
    /// Its role in the scene: `worker 1`. Empty if there is only one program.
    pub role: String,
    /// Arguments after its own.
    pub arguments: Vec<String>,
    /// The interval of heartbeats in seconds, which its address asks for.
    pub heartbeat: Option<u16>,
    /// The shortest time limit, because the scene itself takes time.
    pub at_least: Duration,
}

impl<'a> Stage<'a> {
    /// Sets the stage: a vhost at the broker in which none of `names` exists.
    ///
    /// # Errors
    ///
    /// The reason why the broker refuses the checker.
    pub async fn set(
        broker: &Broker,
        run: &'a Run,
        names: Names,
        time_limit: Duration,
        port: Option<u16>,
    ) -> Result<Stage<'a>, NotChecked> {
        let address = broker.make_vhost(run, names).await?;
        let account = broker.make_account(run, &address.vhost).await?;
        let (client, alarm) = tokio::join!(Client::reach(&address), Alarm::at(&address));
        let client = client.map_err(|error| broker.refused(&error.to_string()))?;
        if let Ok(Some(alarm)) = alarm {
            return Err(alarm.not_checked(broker.is_embedded().await));
        }
        let changed = watch::Sender::new(0);
        let mut stage = Stage {
            address,
            client,
            run,
            time_limit,
            port,
            account,
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

    /// Watches for alarms that the broker announces to `client`.
    fn listen(&mut self) {
        self.listeners.spawn(boxed(self.blocked.clone().listen(self.client.alarms())));
    }

    /// Returns the alarms from now on, also while a scene is played.
    #[must_use]
    pub fn blocked(&self) -> Blocked {
        self.blocked.clone()
    }

    /// Returns the reason why a check with this alarm has no verdict.
    pub async fn not_checked(&self, alarm: &Alarm) -> NotChecked {
        alarm.not_checked(self.broker.is_embedded().await)
    }

    /// Returns the alarm that is on at the broker now, if any. It blocks some programs without a notice, because their client does
    /// not announce the capability `connection.blocked`.
    pub async fn alarm(&self) -> Option<Alarm> {
        if self.blocked.is_flood() { None } else { Alarm::at(&self.address).await.ok().flatten() }
    }

    /// Returns a second stage of the same check, with its own vhost: events on one are not seen on the other. None if the broker
    /// makes no vhosts, so that the scenes have to be played one after the other.
    ///
    /// # Errors
    ///
    /// The reason why the broker refuses the checker.
    pub async fn beside(&self) -> Result<Option<Stage<'a>>, NotChecked> {
        if !self.broker.makes_vhosts() {
            return Ok(None);
        }
        // It accepted the checker before.
        let failed = |reason: NotChecked| failed_us(reason.message.trim_end_matches('.'));
        let beside =
            Stage::set(&self.broker, self.run, Names::default(), self.time_limit, self.port).await.map_err(failed)?;
        Ok(Some(Stage {
            zero: self.zero,
            changed: self.changed.clone(),
            blocked: self.blocked.clone(),
            door: self.door.clone(),
            ..beside
        }))
    }

    /// Starts the time axis now, because the stage may have been set while the program was built.
    pub fn begin(&mut self) {
        self.zero = Instant::now();
        self.doing = Some(watched("running the program"));
    }

    /// Shows on a terminal the current work of the scene.
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
    pub async fn spawn(&self, program: &Program) -> Result<RunningProgram, NotChecked> {
        self.spawn_with(program, &SpawnOptions::default()).await
    }

    /// Starts a program as [`Stage::spawn`] does, with these options. If the flags fix the port, earlier programs have to be
    /// connected by now, because the port leads to this program from here on.
    ///
    /// # Errors
    ///
    /// The same as for [`Stage::spawn`].
    pub async fn spawn_with(&self, program: &Program, options: &SpawnOptions) -> Result<RunningProgram, NotChecked> {
        let before = self.door.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(door) = before {
            door.close().await;
        }
        let seen = LiveRun::notifying(self.changed.clone());
        seen.add(|seen| {
            seen.role.clone_from(&options.role);
            seen.arguments.clone_from(&options.arguments);
            seen.program = Arc::new(facts::of(program, self.port));
        });
        self.blocked.watch(seen.clone());
        let guard = Some(self.run.guard());
        let (account, bounds) = (self.account.as_ref(), Bounds::default());
        let tap = Tap::open_for(&self.address, account, self.port, seen.clone(), self.zero, guard, bounds).await?;
        if self.port.is_some() {
            *self.door.lock().unwrap_or_else(PoisonError::into_inner) = Some(tap.door());
        }
        let time_limit = self.time_limit.max(options.at_least);
        let heartbeat = options.heartbeat.map(|seconds| format!("?heartbeat={seconds}")).unwrap_or_default();
        let url = tap.url() + &heartbeat;
        let running = Running::start(program, &options.arguments, &url, self.run, seen.clone(), self.zero, time_limit)?;
        Ok(RunningProgram { seen, tap, running, promptly: self.time_limit.mul_f64(PROMPTLY) })
    }

    /// Waits until `holds` is true for the records of these programs, in their order, at most until one of them ends or the time
    /// is over. Returns whether it holds.
    pub async fn until(
        &self,
        programs: &[&RunningProgram],
        timeout: Duration,
        mut holds: impl FnMut(&[&ProgramRun]) -> bool,
    ) -> bool {
        let waits: Vec<_> = programs.iter().map(|program| program.wait_for(timeout)).collect();
        // The one that has waited for a processor for the longest is the one that the others wait for.
        let deadline = || waits.iter().map(Wait::deadline).max().unwrap_or_else(|| Instant::now() + timeout);
        let mut held = false;
        let over = || {
            let locked: Vec<_> = programs.iter().map(|program| program.seen.lock()).collect();
            let seen: Vec<&ProgramRun> = locked.iter().map(|guard| &**guard).collect();
            held = holds(&seen);
            held || seen.iter().any(|seen| seen.exit.is_some())
        };
        patiently(&self.changed, deadline, over).await;
        held
    }

    /// Returns the time limit for an immediate reaction.
    #[must_use]
    pub fn promptly(&self) -> Duration {
        self.time_limit.mul_f64(PROMPTLY)
    }

    /// Returns whether a restart of the broker takes next to no time.
    #[must_use]
    pub fn restarts_at_once(&self) -> bool {
        self.broker.restarts_at_once()
    }

    /// Restarts the broker. Returns false, and does nothing, if not only this check uses it. Programs on the stage lose their
    /// connections.
    ///
    /// # Errors
    ///
    /// When it does not become ready again.
    pub async fn restart(&mut self) -> Result<bool, NotChecked> {
        if !self.broker.restart().await? {
            return Ok(false);
        }
        self.client = Client::reach(&self.address).await.map_err(|error| self.lost(&error))?;
        self.listen();
        Ok(true)
    }

    /// Returns the [`NotChecked`] for a broker that fails during a check.
    #[must_use]
    pub fn lost(&self, error: &client::Error) -> NotChecked {
        failed_us(&error.to_string())
    }

    /// Checks that the checker's own connection to the broker is still open.
    ///
    /// # Errors
    ///
    /// The reason why the check has no verdict: the connection is gone.
    pub fn still_there(&self) -> Result<(), NotChecked> {
        if self.client.is_connected() { Ok(()) } else { Err(failed_us("the checker's connection is gone")) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed_us(how: &str) -> NotChecked {
    NotChecked {
        message: format!("The broker failed during the check: {how}."),
        hints: vec!["Check again, and if it fails again, read the broker's log: cargo xtask broker logs".to_owned()],
    }
}

/// A program on the stage.
pub struct RunningProgram {
    seen: LiveRun,
    tap: Tap,
    running: Running,
    promptly: Duration,
}

/// A wait for a program, whose deadline moves by the time that the program waits for a processor.
struct Wait<'a> {
    running: &'a Running,
    timeout: Deadline,
}

impl Wait<'_> {
    /// Returns its deadline now: no later than the one at which the program is ended.
    fn deadline(&self) -> Instant {
        let starved = self.running.starved();
        self.timeout.moved(starved).min(self.running.deadline().moved(starved))
    }
}

/// Waits until `holds` is true, or until a deadline that may have moved when it has come.
async fn patiently(changed: &watch::Sender<u64>, deadline: impl Fn() -> Instant, mut holds: impl FnMut() -> bool) {
    let mut at = deadline();
    while !until(changed, at, &mut holds).await {
        at = deadline();
        if at <= Instant::now() {
            return;
        }
    }
}

impl RunningProgram {
    /// Waits until `holds` is true, at most until the program ends or its time limit is over. Returns whether it holds.
    pub async fn until(&self, holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        self.wait(Wait { running: &self.running, timeout: self.running.deadline() }, holds).await
    }

    /// Waits as [`RunningProgram::until`] does, for an immediate reaction.
    pub async fn promptly(&self, holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        self.within(self.promptly, holds).await
    }

    /// Waits as [`RunningProgram::until`] does, at most for `timeout`. The time that the program waits for a processor does not
    /// count.
    pub async fn within(&self, timeout: Duration, holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        self.wait(self.wait_for(timeout), holds).await
    }

    fn wait_for(&self, timeout: Duration) -> Wait<'_> {
        Wait { running: &self.running, timeout: Deadline::after(timeout, self.running.starved()) }
    }

    async fn wait(&self, wait: Wait<'_>, mut holds: impl FnMut(&ProgramRun) -> bool) -> bool {
        let mut held = false;
        let over = || {
            self.seen.look(|seen| {
                held = holds(seen);
                held || seen.exit.is_some()
            })
        };
        patiently(&self.seen.changed, || wait.deadline(), over).await;
        held
    }

    /// Waits until the program was quiet for this long, at most until `limit` is over or the program ends. Its current work is
    /// done then.
    pub async fn rest(&self, quiet: Duration, limit: Duration) {
        let version = || self.seen.version();
        let (limit, mut last) = (self.wait_for(limit), version());
        let mut pause = self.wait_for(quiet);
        let mut changes = self.seen.changes();
        loop {
            let now = Instant::now();
            let (over, rested) = (limit.deadline(), pause.deadline());
            if over <= now || rested <= now || self.seen.look(|seen| seen.exit.is_some()) {
                return;
            }
            let _ = timeout_at(over.min(rested), changes.changed()).await;
            if version() != last {
                (last, pause) = (version(), self.wait_for(quiet));
            }
        }
    }

    /// Presses Ctrl-C. Returns false if the operating system has no signals.
    #[must_use]
    pub fn interrupt(&self) -> bool {
        self.running.interrupt()
    }

    /// Stops the program where it is, until it is killed: what it gets from now on, it has in hand. Does nothing if the operating
    /// system has no signals.
    pub fn freeze(&self) {
        self.running.freeze();
    }

    /// Returns what `look` finds in the record up to now.
    pub fn look<T>(&self, look: impl FnOnce(&ProgramRun) -> T) -> T {
        self.seen.look(look)
    }

    /// Kills the program and its child processes, as `kill -9` does. Its record is complete after this.
    pub async fn kill(self) -> ProgramRun {
        self.running.kill();
        self.end_promptly().await
    }

    /// Waits for the program's end, at most until its time limit. Then it ends the program and its child processes. The record is
    /// complete after this.
    pub async fn end(self) -> ProgramRun {
        self.until(|seen| seen.exit.is_some()).await;
        self.finish().await
    }

    /// Ends as [`RunningProgram::end`] does, for a program that should end immediately.
    pub async fn end_promptly(self) -> ProgramRun {
        let limit = Deadline::after(self.promptly, self.running.starved());
        patiently(
            &self.seen.changed,
            || limit.moved(self.running.starved()),
            || self.seen.look(|seen| seen.exit.is_some()),
        )
        .await;
        self.finish().await
    }

    async fn finish(self) -> ProgramRun {
        self.running.end().await;
        self.tap.close().await;
        self.seen.look(ProgramRun::clone)
    }
}
