//! Clients of a server that the checker plays: one before there is a server, one whose answer comes between others, two at the
//! same time that are answered in the other order, and one without a number.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use harness::{
    brokers::client::{self, Request, Requests},
    program::Program,
    stage::{RunningProgram, SpawnOptions, Stage},
};
use recording::{NotChecked, ProgramRun};
use wire::{Peer, protocol::BasicProperties, types::AMQPValue};

use super::LiveRecording;
use crate::{
    calling::{DIRECT, NO_NUMBER, NO_SERVER, Plan, ROLES, for_answers, requests},
    serving::QUEUE,
    transcript::{Transcript, has_argument},
};

/// The shortest time limit of the client without a server: public programs that give up do so after ten seconds.
const GIVES_UP: Duration = Duration::from_secs(12);

/// The time for which a foreign answer is the only one. A program that takes it for its own ends within it.
const FOREIGN: Duration = Duration::from_millis(200);

/// The time within which a program ends that does not wait for an answer. On a busy machine, an answer would come before its end.
const NO_WAIT: Duration = Duration::from_millis(50);

/// The timeout for the broker to delete the queue of a client that has ended.
const GONE_TIMEOUT: Duration = Duration::from_secs(1);

/// The longest time for which one of two clients waits for its answer because the other has not asked yet.
const OTHER_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);

/// The timeout for a request that waits in a queue of the program's own.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(1);

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
    let unanswered = Unanswered::default();
    let mut scene = Scene { stage, program, plan: &plan, answers: plan.answers(), unanswered, seen };
    scene.play().await
}

struct Scene<'a, 's, A> {
    stage: &'a Stage<'s>,
    program: &'a Program,
    plan: &'a Plan,
    answers: A,
    unanswered: Unanswered,
    seen: &'a mut LiveRecording,
}

/// The client that is not answered, although it may ask again when there is a server.
#[derive(Default)]
struct Unanswered {
    /// Its queue; None if it has asked for direct answers, or for nothing yet.
    queue: Option<String>,
    /// The body of its request, if it has asked for a direct answer to the number that was typed, which no other client gets.
    direct: Option<Vec<u8>>,
}

impl Unanswered {
    fn of(seen: &ProgramRun) -> Unanswered {
        match requests(seen).first() {
            Some(asked) if asked.reply_to() == Some(DIRECT) => {
                let is_typed = seen.arguments.first().is_some_and(|typed| typed.as_bytes() == &asked.content.body[..]);
                Unanswered { queue: None, direct: is_typed.then(|| asked.content.body.to_vec()) }
            }
            Some(asked) => Unanswered { queue: asked.reply_to().map(str::to_owned), direct: None },
            None => Unanswered::default(),
        }
    }

    /// Returns whether this request is one of its own. The others ask for other numbers.
    fn has_sent(&self, request: &Request) -> bool {
        let is_its_queue = self.queue.is_some() && self.queue == request.reply_to;
        is_its_queue || self.direct.as_ref() == Some(&request.body)
    }
}

impl<A: Iterator<Item = u64>> Scene<'_, '_, A> {
    async fn play(&mut self) -> Result<(), NotChecked> {
        self.stage.does("running the program without a server");
        let alone = self.start(NO_SERVER).await?;
        alone.until(|seen| !requests(seen).is_empty() || is_hopeless(seen)).await;
        let mut answered = Vec::new();
        self.while_it_waits(&alone, &mut answered).await?;
        let alone = alone.end_promptly().await;
        self.seen.recording.runs.push(alone);
        self.seen.recording.runs.append(&mut answered);
        Ok(())
    }

    /// Plays the other clients, and disturbs the one without a server all the while, until that ends or its time is over.
    async fn while_it_waits(
        &mut self,
        alone: &RunningProgram,
        answered: &mut Vec<ProgramRun>,
    ) -> Result<(), NotChecked> {
        self.unanswered = alone.look(Unanswered::of);
        let (stage, plan, queue) = (self.stage, self.plan, self.unanswered.queue.clone());
        let mut disturbing = pin!(disturb(stage, plan, queue, alone));
        let mut has_ended = false;
        let mut went_well = false;
        if let Some(mut server) = self.serves(alone).await? {
            {
                let mut clients = pin!(self.clients(&mut server, answered));
                went_well = loop {
                    tokio::select! {
                        done = &mut clients => break done?,
                        ended = &mut disturbing, if !has_ended => {
                            ended?;
                            has_ended = true;
                        }
                    }
                };
            }
            server.close().await.map_err(|error| self.stage.lost(&error))?;
        }
        self.stage.does("waiting until the program without a server gives up");
        if went_well && !has_ended {
            disturbing.await?;
        }
        Ok(())
    }

    /// Starts a client with the number of its role.
    async fn start(&self, role: &str) -> Result<RunningProgram, NotChecked> {
        let number = ROLES.iter().position(|other| *other == role).map(|at| self.plan.asks[at].to_string());
        let at_least = if role == NO_SERVER { GIVES_UP } else { Duration::ZERO };
        let arguments = number.into_iter().collect();
        let options = SpawnOptions { role: role.to_owned(), arguments, at_least, ..SpawnOptions::default() };
        self.stage.spawn_with(self.program, &options).await
    }

    /// Takes the requests from now on. Returns None if the program keeps its queue from others.
    async fn serves(&self, alone: &RunningProgram) -> Result<Option<Requests>, NotChecked> {
        let lost = |error: &client::Error| self.stage.lost(error);
        let declared = alone.look(|seen| {
            let mut declares = Transcript::of(seen).declares().map(|(_, declare)| declare);
            declares
                .find(|declare| declare.queue.as_str() == QUEUE && !declare.passive)
                .map(|declare| declare.exclusive)
        });
        match declared {
            Some(true) => return Ok(None),
            // Its request waits there, and is not answered.
            Some(false) if self.stage.client.has(QUEUE).await.map_err(|error| lost(&error))? => {
                self.stage.client.drain(QUEUE, 1, QUEUE_TIMEOUT).await.map_err(|error| lost(&error))?;
            }
            _ => {
                let mut quorum = client::durable(QUEUE);
                quorum.arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
                self.stage.client.declare(quorum).await.map_err(|error| lost(&error))?;
            }
        }
        self.stage.client.requests(QUEUE).await.map(Some).map_err(|error| lost(&error))
    }

    /// Plays the clients whose requests are answered. Returns whether all printed an answer.
    async fn clients(&mut self, server: &mut Requests, runs: &mut Vec<ProgramRun>) -> Result<bool, NotChecked> {
        self.stage.does("answering the program, with other answers before and after");
        let first = [self.start(ROLES[1]).await?];
        self.answer_until_they_end(server, &first, true).await?;
        if !self.ended(first, runs).await {
            return Ok(false);
        }
        self.is_gone(&runs[0]).await?;
        self.stage.does("answering two programs, in the other order");
        let one = self.start(ROLES[2]).await?;
        // Where all use one port, a program has to be connected before the next one starts.
        one.until(is_hopeless).await;
        let both = [one, self.start(ROLES[3]).await?];
        let mut waiting = Vec::new();
        while waiting.len() < both.len() {
            let [one, two] = &both;
            tokio::select! {
                request = server.next() => match request.map_err(|error| self.stage.lost(&error))? {
                    Some(request) if self.unanswered.has_sent(&request) => {}
                    Some(request) => waiting.push(request),
                    None => break,
                },
                () = settled(one) => break,
                () = settled(two) => break,
                // Its own time limit runs while the other one starts.
                _ = one.within(OTHER_REQUEST_TIMEOUT, |seen| seen.exit.is_some()), if !waiting.is_empty() => break,
            }
        }
        while let Some(request) = waiting.pop() {
            self.answer(&request, None).await?;
        }
        self.answer_until_they_end(server, &both, false).await?;
        if !self.ended(both, runs).await {
            return Ok(false);
        }
        self.stage.does("running the program without a number");
        let last = [self.start(NO_NUMBER).await?];
        self.answer_until_they_end(server, &last, false).await?;
        self.ended(last, runs).await;
        Ok(true)
    }

    /// Finds out whether the queue of the first client is gone with it.
    async fn is_gone(&mut self, run: &ProgramRun) -> Result<(), NotChecked> {
        let queues = for_answers(run).into_iter().map(|(_, queue)| queue);
        for queue in queues.filter(|queue| !queue.is_empty() && !expires(run, queue)) {
            self.seen.is_gone(self.stage, queue, GONE_TIMEOUT).await?;
        }
        Ok(())
    }

    /// Answers requests until these programs have ended, or do nothing more. If `lies`, other answers come before and after.
    async fn answer_until_they_end(
        &mut self,
        server: &mut Requests,
        programs: &[RunningProgram],
        lies: bool,
    ) -> Result<(), NotChecked> {
        for program in programs {
            loop {
                tokio::select! {
                    request = server.next() => match request.map_err(|error| self.stage.lost(&error))? {
                        Some(request) => self.answer(&request, lies.then_some(program)).await?,
                        None => return Ok(()),
                    },
                    () = settled(program) => break,
                }
            }
        }
        Ok(())
    }

    /// Sends the answer to a request. If it deceives a program, another answer comes before it, and the same once more after it.
    async fn answer(&mut self, request: &Request, deceives: Option<&RunningProgram>) -> Result<(), NotChecked> {
        let Some(queue) = request.reply_to.as_ref().filter(|_| !self.unanswered.has_sent(request)) else {
            return Ok(());
        };
        let own = self.answers.next().unwrap_or_default();
        if let Some(program) = deceives {
            if program.within(NO_WAIT, |seen| seen.exit.is_some()).await {
                return Ok(());
            }
            let foreign_id = self.plan.foreign_id();
            let foreign = self.answers.next().unwrap_or_default();
            send(self.stage, queue, foreign, Some(foreign_id.as_str())).await?;
            program.within(FOREIGN, |seen| seen.exit.is_some()).await;
        }
        send(self.stage, queue, own, request.id.as_deref()).await?;
        if deceives.is_some() {
            send(self.stage, queue, own, request.id.as_deref()).await?;
        }
        Ok(())
    }

    /// Ends these programs. Returns whether all had printed an answer.
    async fn ended(&self, programs: impl IntoIterator<Item = RunningProgram>, runs: &mut Vec<ProgramRun>) -> bool {
        let before = runs.len();
        for program in programs {
            runs.push(program.end_promptly().await);
        }
        let answered = |run: &ProgramRun| run.stdout.lines().iter().any(|line| line.starts_with(" [.]"));
        runs[before..].iter().all(answered)
    }
}

/// Sends a foreign answer each second to the program without a server, until it has ended, or its time is over. A program whose
/// wait begins again with each of them never ends.
async fn disturb(
    stage: &Stage<'_>,
    plan: &Plan,
    queue: Option<String>,
    alone: &RunningProgram,
) -> Result<(), NotChecked> {
    // The others get the first ones.
    let mut answers = plan.answers().skip(1000);
    let until = Instant::now() + GIVES_UP;
    while !alone.within(Duration::from_secs(1), |seen| seen.exit.is_some()).await && Instant::now() < until {
        let Some(queue) = &queue else { continue };
        send(stage, queue, answers.next().unwrap_or_default(), Some(&plan.foreign_id())).await?;
    }
    Ok(())
}

/// Sends an answer to a queue.
async fn send(stage: &Stage<'_>, queue: &str, answer: u64, id: Option<&str>) -> Result<(), NotChecked> {
    let id = id.map(|id| BasicProperties::default().with_correlation_id(id.into()));
    let answer = answer.to_string();
    let sent = stage.client.publish_with(queue, answer.as_bytes(), id.unwrap_or_default());
    sent.await.map_err(|error| stage.lost(&error))
}

/// Returns whether the program declared this queue so that it expires.
fn expires(run: &ProgramRun, queue: &str) -> bool {
    let mut declares = Transcript::of(run).declares();
    declares.any(|(_, declare)| declare.queue.as_str() == queue && has_argument(declare, "x-expires"))
}

/// Returns whether waiting for a request is pointless.
fn is_hopeless(seen: &ProgramRun) -> bool {
    Transcript::of(seen).closes(Peer::Broker).next().is_some() || Transcript::of(seen).publishes().next().is_some()
}

/// Waits until a program has ended, or has done nothing for as long as an immediate reaction takes. Before its first request,
/// it has its whole time.
async fn settled(program: &RunningProgram) {
    let begun = |seen: &ProgramRun| seen.exit.is_some() || is_hopeless(seen);
    program.until(begun).await;
    program.promptly(|seen| seen.exit.is_some()).await;
}

#[cfg(test)]
mod tests {
    use wire::{
        Event, Method, What,
        protocol::basic::{AMQPMethod as Basic, AMQPProperties, Publish},
    };

    use super::*;

    /// Returns a program that was started with 7, and asks for this number.
    fn asks(number: &str, reply_to: &str) -> ProgramRun {
        let publish = Publish { routing_key: QUEUE.into(), ..Publish::default() };
        let content = wire::Content {
            properties: AMQPProperties::default().with_reply_to(reply_to.into()),
            body: number.as_bytes().to_vec().into(),
            ..wire::Content::default()
        };
        let method = Method::Basic(Basic::Publish(publish));
        let what = What::Method { channel: 1, method, content: Some(Box::new(content)) };
        let event = Event { at: Duration::ZERO, order: 0, connection: 1, from: Peer::Program, what };
        ProgramRun { arguments: vec!["7".to_owned()], events: vec![event], ..ProgramRun::default() }
    }

    #[test]
    fn a_client_that_asks_for_the_same_as_the_one_without_a_server_is_answered() {
        let sent = |number: &str, reply_to: &str| Request {
            body: number.as_bytes().to_vec(),
            id: None,
            reply_to: Some(reply_to.to_owned()),
        };
        let with_queue = Unanswered::of(&asks("30", "amq.gen-1"));
        assert!(with_queue.has_sent(&sent("30", "amq.gen-1")) && !with_queue.has_sent(&sent("30", "amq.gen-2")));
        let direct = Unanswered::of(&asks("7", DIRECT));
        assert!(direct.has_sent(&sent("7", "amq.rabbitmq.reply-to.a")));
        assert!(!direct.has_sent(&sent("8", "amq.rabbitmq.reply-to.b")));
        // It takes no notice of what was typed, and so do the others.
        assert!(!Unanswered::of(&asks("30", DIRECT)).has_sent(&sent("30", "amq.rabbitmq.reply-to.b")));
    }
}
