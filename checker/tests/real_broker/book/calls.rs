//! Scenes of remote procedure calls: servers that stay, and clients that come one after the other.

use checker::stage::{RunningProgram, Stage};
use libtest_mimic::Failed;
use recording::ProgramRun;
use wire::{
    Event, Method, What,
    protocol::{basic, queue},
    sequence,
    types::ShortString,
};

use crate::book::{
    events,
    scenes::{
        Kept::{Code, Diff, Picture, Printed, Report, Wire},
        PLAIN, Scene, call,
    },
    workers,
};

/// A program of [`crate::step_programs`], and its arguments.
type Typed = (&'static str, &'static [&'static str]);

/// A scene with servers and clients.
pub struct Calls {
    /// The servers, in the order of their starts. Ctrl-C is pressed for those that stay.
    pub servers: &'static [&'static str],
    /// The clients. Each has ended, or given up, before the next one is started.
    pub clients: &'static [Typed],
    /// The program whose conversation and output are kept.
    pub shows: Shows,
}

/// A program of the scene.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// The first server.
    Server,
    /// The first client.
    Client,
    /// Both, in a picture: only what is about messages. Several servers are shown without their clients.
    Both,
}

const SERVER: &str = "rpc-server-11";
const CLIENT: &str = "rpc-client-7";

/// The call of most scenes.
const SIX: &[&str] = &["6"];

/// The scenes of lessons 11 and 12.
pub(super) const SCENES: &[Scene] = &[
    // ── Lesson 11
    Scene {
        name: "rpc-server-11",
        calls: Some(&Calls { servers: &[SERVER], clients: &[(CLIENT, SIX)], shows: Shows::Server }),
        kept: &[
            Wire,
            Printed,
            Report,
            Picture(
                "The whole conversation of lesson 11: connect, declare, prefetch, consume, one request, its answer, its acknowledgement.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-6",
        calls: Some(&Calls { servers: &["rpc-server-6"], clients: &[(CLIENT, SIX)], shows: Shows::Server }),
        kept: &[Code("receive")],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-call",
        calls: Some(&Calls { servers: &[SERVER], clients: &[(CLIENT, SIX)], shows: Shows::Both }),
        kept: &[Picture(
            "The request goes through rpc_queue to the server, and the answer through the client's own queue.",
        )],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-two",
        calls: Some(&Calls {
            servers: &[SERVER, SERVER],
            clients: &[(CLIENT, SIX), (CLIENT, &["7"])],
            shows: Shows::Both,
        }),
        kept: &[Picture("Two servers: the first request goes to one, and the second to the other.")],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-trusting",
        calls: Some(&Calls {
            servers: &["rpc-server-trusting", "rpc-server-trusting"],
            clients: &[(CLIENT, &["six"])],
            shows: Shows::Server,
        }),
        kept: &[Diff, Printed],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-both-end",
        calls: Some(&Calls {
            servers: &["rpc-server-trusting", "rpc-server-trusting"],
            clients: &[(CLIENT, &["six"])],
            shows: Shows::Both,
        }),
        kept: &[Picture("A bad request ends the first server, is delivered again, and ends the second one, too.")],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-no-id",
        calls: Some(&Calls { servers: &["rpc-server-no-id"], clients: &[(CLIENT, SIX)], shows: Shows::Both }),
        kept: &[Diff, Picture("The answer has no correlation id. It is delivered to the client, which ignores it.")],
        ..PLAIN
    },
    Scene {
        name: "rpc-server-early-ack",
        calls: Some(&Calls {
            servers: &["rpc-server-early-ack", SERVER],
            clients: &[(CLIENT, SIX)],
            shows: Shows::Both,
        }),
        kept: &[Diff, Picture("The first server acknowledges the request and dies. The second server never gets it.")],
        ..PLAIN
    },
    // ── Lesson 12
    Scene {
        name: "rpc-client-7",
        words: SIX,
        calls: Some(&Calls { servers: &[SERVER], clients: &[(CLIENT, SIX)], shows: Shows::Client }),
        kept: &[
            Wire,
            Printed,
            Report,
            Picture(
                "The whole conversation of lesson 12: connect, declare a queue, consume, publish the request, one delivery, close.",
            ),
        ],
        ..PLAIN
    },
    Scene {
        name: "rpc-client-4",
        words: SIX,
        calls: Some(&Calls { servers: &[], clients: &[("rpc-client-4", SIX)], shows: Shows::Client }),
        ..PLAIN
    },
    Scene {
        name: "rpc-client-alone",
        words: SIX,
        calls: Some(&Calls { servers: &[], clients: &[(CLIENT, SIX)], shows: Shows::Client }),
        kept: &[Printed],
        ..PLAIN
    },
    Scene {
        name: "rpc-client-word",
        words: &["six"],
        calls: Some(&Calls { servers: &[SERVER], clients: &[(CLIENT, &["six"])], shows: Shows::Client }),
        kept: &[Printed],
        ..PLAIN
    },
    Scene {
        name: "rpc-client-any-answer",
        words: SIX,
        calls: Some(&Calls {
            servers: &["rpc-server-no-id"],
            clients: &[("rpc-client-any-answer", SIX)],
            shows: Shows::Client,
        }),
        kept: &[Diff, Printed],
        ..PLAIN
    },
    Scene {
        name: "rpc-client-direct",
        words: SIX,
        calls: Some(&Calls { servers: &[SERVER], clients: &[("rpc-client-direct", SIX)], shows: Shows::Client }),
        kept: &[Diff, Wire],
        ..PLAIN
    },
    Scene {
        name: "rpc-client-mandatory",
        words: SIX,
        calls: Some(&Calls { servers: &[], clients: &[("rpc-client-mandatory", SIX)], shows: Shows::Client }),
        kept: &[Diff, Wire],
        ..PLAIN
    },
];

impl Calls {
    /// Returns the parts of a picture.
    pub fn parts<'a>(&self, runs: &'a [ProgramRun]) -> Vec<sequence::Part<'a>> {
        let names: &[&str] = match self.shows {
            Shows::Server => &["server"],
            Shows::Client => &["client"],
            Shows::Both if self.servers.len() > 1 => &["server 1", "server 2"],
            Shows::Both => &["client", "server"],
        };
        names.iter().zip(runs).map(|(program, seen)| sequence::Part { program, events: &seen.events }).collect()
    }
}

/// Plays the scene. Returns the run of the program that is kept; for a picture of both, the clients as one and the server, or the
/// servers if there are several.
pub(super) async fn play(stage: &Stage<'_>, scene: &Calls) -> Result<Vec<ProgramRun>, Failed> {
    let mut servers = Vec::new();
    for name in scene.servers {
        let server = call(stage, name, &[]).await?;
        let waits = |seen: &ProgramRun| seen.stdout.lines().iter().any(|line| line.contains("Awaiting RPC"));
        assert!(server.until(waits).await, "{name} does not wait");
        servers.push(server);
    }
    let mut clients: Vec<ProgramRun> = Vec::new();
    for (name, words) in scene.clients {
        clients.push(call(stage, name, words).await?.end().await);
    }
    let mut served = Vec::new();
    for server in servers {
        served.push(ended(server).await?);
    }
    let mut runs = match scene.shows {
        Shows::Server => served,
        Shows::Client => clients,
        // Three lifelines do not fit on a narrow page.
        Shows::Both if served.len() > 1 => {
            served.iter_mut().for_each(only_messages);
            served
        }
        Shows::Both => {
            let mut both: Vec<ProgramRun> = clients.into_iter().chain(served).collect();
            both.iter_mut().for_each(only_messages);
            both
        }
    };
    name_all_alike(&mut runs);
    Ok(runs)
}

/// Presses Ctrl-C, if the server has not ended by itself.
async fn ended(server: RunningProgram) -> Result<ProgramRun, Failed> {
    if !server.look(|seen| seen.exit.is_some()) {
        // No recording ends a line early.
        workers::rests(&server).await;
        let _ = server.interrupt();
    }
    Ok(server.end().await)
}

fn only_messages(seen: &mut ProgramRun) {
    events::keep_only(seen, &["basic.consume ", "basic.publish", "basic.deliver"]);
}

/// Gives the queues that the broker named, and the ids that the clients made up, names that are the same in each run. A name
/// stands in several places: where its queue is declared, in a property, and as routing key.
fn name_all_alike(runs: &mut [ProgramRun]) {
    let mut queues = Names { of: events::queue_name, seen: Vec::new() };
    let mut ids = Names { of: |at| format!("{}-1796…", 7301 + at).into(), seen: Vec::new() };
    for event in runs.iter_mut().flat_map(|run| &mut run.events) {
        rename(event, &mut queues, &mut ids);
    }
}

/// Names, in the order in which they were first seen.
struct Names {
    of: fn(usize) -> ShortString,
    seen: Vec<String>,
}

impl Names {
    fn rename(&mut self, name: &ShortString) -> ShortString {
        let at = self.seen.iter().position(|other| other == name.as_str()).unwrap_or_else(|| {
            self.seen.push(name.as_str().to_owned());
            self.seen.len() - 1
        });
        (self.of)(at)
    }
}

fn rename(event: &mut Event, queues: &mut Names, ids: &mut Names) {
    let What::Method { method, content, .. } = &mut event.what else { return };
    let mut queue = |name: &mut ShortString| {
        if name.as_str().starts_with("amq.gen-") {
            *name = queues.rename(name);
        } else if name.as_str().starts_with("amq.rabbitmq.reply-to.") {
            *name = "amq.rabbitmq.reply-to.g1h2…".into();
        }
    };
    match method {
        Method::Basic(basic::AMQPMethod::Publish(publish)) => queue(&mut publish.routing_key),
        Method::Basic(basic::AMQPMethod::Deliver(deliver)) => queue(&mut deliver.routing_key),
        Method::Basic(basic::AMQPMethod::Consume(consume)) => queue(&mut consume.queue),
        Method::Queue(queue::AMQPMethod::DeclareOk(ok)) => queue(&mut ok.queue),
        _ => {}
    }
    let Some(content) = content else { return };
    let mut properties = content.properties.clone();
    if let Some(mut name) = properties.reply_to().clone() {
        queue(&mut name);
        properties = properties.with_reply_to(name);
    }
    if let Some(id) = properties.correlation_id().clone() {
        properties = properties.with_correlation_id(ids.rename(&id));
    }
    content.properties = properties;
}
