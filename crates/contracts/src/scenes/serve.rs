//! Two servers of requests: the first alone, then both, and one of them is killed with a request in hand.

use harness::{
    program::Program,
    stage::{RunningProgram, SpawnOptions, Stage},
};
use recording::{NotChecked, ProgramRun};
use wire::protocol::{BasicProperties, queue::Declare};

use super::{LiveRecording, ctrl_c};
use crate::{
    receiving::{self, Delivered, Ledger},
    serving::{Plan, QUEUE, ROLES, Request, WAITS, is_done, never_acknowledges, waits},
};

/// Plays the scene.
///
/// # Errors
///
/// The reason, if the broker fails or the program can't be started.
pub async fn play(
    stage: &mut Stage<'_>,
    program: &Program,
    seed: u64,
    seen: &mut LiveRecording,
) -> Result<(), NotChecked> {
    let plan = Plan::chosen(seed);
    // The broker deletes them with the checker's connection.
    for queue in &plan.queues {
        let exclusive = Declare { queue: queue.as_str().into(), exclusive: true, ..Declare::default() };
        stage.client.declare(exclusive).await.map_err(|error| stage.lost(&error))?;
    }
    Scene { stage, program, plan: &plan, seen }.play().await
}

struct Scene<'a, 's> {
    stage: &'a Stage<'s>,
    program: &'a Program,
    plan: &'a Plan,
    seen: &'a mut LiveRecording,
}

impl Scene<'_, '_> {
    async fn play(&mut self) -> Result<(), NotChecked> {
        let mut running = Vec::new();
        let (good, bad, shared) = (&self.plan.good, &self.plan.bad, &self.plan.shared);
        let mut killed = None;
        if self.start(0, &mut running).await?
            && self.phase("sending requests, and waiting until they are answered", good, &running).await?
            && self.phase("sending requests that can't be answered", bad, &running).await?
            && self.start(1, &mut running).await?
            && self.phase("two servers share the requests", shared, &running).await?
        {
            killed = self.kill_one(&mut running).await?;
        }
        let mut runs = Vec::new();
        for server in running {
            runs.push(ctrl_c::press(server).await?);
        }
        runs.extend(killed);
        runs.sort_by_key(|run: &ProgramRun| ROLES.iter().position(|role| *role == run.role));
        self.seen.recording.runs = runs;
        Ok(())
    }

    /// Starts a server. Returns whether it subscribed and printed its waiting line.
    async fn start(&mut self, index: usize, running: &mut Vec<RunningProgram>) -> Result<bool, NotChecked> {
        self.stage.does(&format!("waiting until {} subscribes", ROLES[index]));
        let options = SpawnOptions { role: ROLES[index].to_owned(), ..SpawnOptions::default() };
        let server = self.stage.spawn_with(self.program, &options).await?;
        let subscribed = |seen: &ProgramRun| receiving::is_subscribed(seen, QUEUE);
        let over = |seen: &ProgramRun| subscribed(seen) || receiving::is_hopeless(seen, QUEUE);
        let is_ready = server.until(over).await && server.promptly(subscribed).await && server.promptly(waits).await;
        if is_ready {
            self.seen.mark(WAITS, ROLES[index]);
        }
        running.push(server);
        Ok(is_ready)
    }

    /// Sends these requests, and waits until each is acknowledged or rejected. Returns whether all are.
    async fn phase(
        &mut self,
        what: &str,
        requests: &[Request],
        running: &[RunningProgram],
    ) -> Result<bool, NotChecked> {
        self.stage.does(what);
        for request in requests {
            self.send(request).await?;
        }
        let programs: Vec<&RunningProgram> = running.iter().collect();
        let mut ledgers = vec![Ledger::default(); programs.len()];
        let mut done = 0;
        // Each request that is done gives the program time for the next one.
        while done < requests.len() {
            let mut count = done;
            let one_more = |seen: &[&ProgramRun]| {
                let all: Vec<Delivered<'_>> =
                    seen.iter().zip(&mut ledgers).flat_map(|(run, ledger)| ledger.deliveries(run)).collect();
                let is_done = |request: &&Request| all.iter().any(|delivered| is_done(delivered, request));
                let gives_none = seen.iter().any(|run| never_acknowledges(run));
                count = if gives_none { requests.len() } else { requests.iter().filter(is_done).count() };
                count > done
            };
            if !self.stage.until(&programs, self.stage.promptly(), one_more).await {
                return Ok(false);
            }
            done = count;
        }
        Ok(true)
    }

    async fn send(&self, request: &Request) -> Result<(), NotChecked> {
        let mut properties = BasicProperties::default();
        if let Some(id) = &request.id {
            properties = properties.with_correlation_id(id.as_str().into());
        }
        if let Some(queue) = &request.reply_to {
            properties = properties.with_reply_to(queue.as_str().into());
        }
        let sent = self.stage.client.publish_with(QUEUE, request.body.as_bytes(), properties);
        sent.await.map_err(|error| self.stage.lost(&error))
    }

    /// Stops a server, sends it a request, and kills it when it has that. Returns its run, and leaves the other in `running`.
    async fn kill_one(&mut self, running: &mut Vec<RunningProgram>) -> Result<Option<ProgramRun>, NotChecked> {
        self.stage.does("a server is killed, and its request goes to the other");
        let mut deliveries = Ledger::default();
        let before = running[0].look(|seen| deliveries.deliveries(seen).count());
        running[0].freeze();
        for request in &self.plan.held {
            self.send(request).await?;
        }
        running[0].promptly(|seen| deliveries.deliveries(seen).count() > before).await;
        let killed = running.remove(0).kill().await;
        let mut deliveries = [Ledger::default(), Ledger::default()];
        let left = |seen: &ProgramRun| {
            let both = [&killed, seen].into_iter().zip(&mut deliveries);
            let all: Vec<Delivered<'_>> = both.flat_map(|(run, ledger)| ledger.deliveries(run)).collect();
            self.plan.held.iter().all(|request| all.iter().any(|delivered| is_done(delivered, request)))
        };
        running[0].promptly(left).await;
        Ok(Some(killed))
    }
}
