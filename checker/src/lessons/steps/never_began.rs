//! A program that opened no socket to the broker.

use crate::{
    lessons::ending::{self, last_words},
    performance::Performance,
    verdict::Mistake,
};

const WRITTEN_INTO_IT: &str = "A program that has localhost:5672 written into it is checked with `--port 5672`.";

/// Why it did not.
pub(super) fn never_began(seen: &Performance) -> Mistake {
    if ending::went_on(seen) {
        return Mistake::new("The program never connected to the broker.").seen(last_words(seen)).hint(format!(
            "Does it wait for something else first, for input or in a loop? Does it try again and again at another address \
             than AMQP_URL? Await `Connection::connect`: a future that is not awaited does nothing. {WRITTEN_INTO_IT}"
        ));
    }
    let panic = ending::panic_of(seen);
    let evidence = panic.as_ref().map_or_else(|| last_words(seen), |panic| panic.evidence.clone());
    if let Some(mistake) = wrong_address(seen, panic.is_some()) {
        return mistake.seen(evidence);
    }
    if let Some(panic) = panic {
        let message = panic.message.replacen("panicked.", "panicked before it connected to the broker.", 1);
        return Mistake::new(message).seen(evidence).hint(panic.hint);
    }
    if seen.exit.is_some_and(|exit| exit.code != Some(0)) && !ending::complaints(seen).is_empty() {
        let message = "The program failed before it connected to the broker.";
        let mistake = match ending::why(seen) {
            Some(why) => Mistake::new(format!("{message} {}", why.cause)).hint(why.remedy),
            None => Mistake::new(message).hint(format!(
                "Its stderr says why. The address to connect to is in the environment variable AMQP_URL. {WRITTEN_INTO_IT}"
            )),
        };
        return mistake.seen(evidence);
    }
    if !seen.stdout.lines().is_empty() {
        return Mistake::new(
            "The program ended without connecting to the broker, and yet it prints that it did its work.",
        )
        .seen(format!("its first line on stdout: {}", seen.stdout.lines()[0]))
        .hint(format!(
            "Does somebody await what connects? A future that is not awaited does nothing, and a task ends with `main`. Or did \
                 it reach another broker? Take the address from AMQP_URL. {WRITTEN_INTO_IT}"
        ));
    }
    Mistake::new("The program ended without connecting to the broker.").seen(evidence).hint(format!(
        "Connect to the address in AMQP_URL, and await that and your own async functions: a future that is not awaited does \
         nothing. A task from `tokio::spawn` ends with `main`. Pass errors on with `?`: one that nobody prints goes unseen. \
         {WRITTEN_INTO_IT}"
    ))
}

/// AMQP_URL is set, begins with `amqp://`, and leads to somebody who listens; so where one of this is missing, it is the
/// program that has another address.
fn wrong_address(seen: &Performance, panicked: bool) -> Option<Mistake> {
    let of = |example: &str| ending::complains_of(seen, example);
    if of("environment variable not found") {
        let did = if panicked { "panicked" } else { "failed" };
        return Some(
            Mistake::new(format!("The program {did}: it reads an environment variable that is not set.")).hint(
                "The address is in AMQP_URL: compare the name letter for letter. \
                 `env::var(\"AMQP_URL\").unwrap_or(\"amqp://localhost:5672\".into())` has a default, too.",
            ),
        );
    }
    if of("Connection refused (os error 111)") {
        return Some(
            Mistake::new("The program connects to another address than the one in AMQP_URL, and nobody listens there.")
                .hint(format!(
                    "Take the address from AMQP_URL: `env::var(\"AMQP_URL\").unwrap_or(\"amqp://localhost:5672\".into())`. \
                     Is the name misspelt? {WRITTEN_INTO_IT}"
                )),
        );
    }
    if of("relative URL without a base") {
        return Some(
            Mistake::new("The address that the program connects to does not begin with `amqp://`, or is empty.").hint(
                "AMQP_URL holds a whole address: read it by that name, and pass it on unchanged. Print your address to see \
                 what it has become; `{:?}` adds quotes.",
            ),
        );
    }
    None
}
