//! The requests of the scene, chosen at random so that no program can know them.

use fastrand::Rng;

/// A request that the checker sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The body.
    pub body: String,
    /// The property `correlation_id`; None if the request has none.
    pub id: Option<String>,
    /// The property `reply_to`; None if the request has none.
    pub reply_to: Option<String>,
    /// The reason why it is a bad request; None for a good one.
    pub flaw: Option<Flaw>,
}

/// A reason why a request can't be answered as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The body is no number.
    NoNumber,
    /// The body is empty.
    Empty,
    /// The number is negative.
    Negative,
    /// The number is good, and there is no queue for the answer.
    NoReplyTo,
    /// The number is good, and the queue for the answer does not exist any more.
    Gone,
    /// The number is good, and the request has no correlation id.
    NoId,
    /// It is the request before it, once more.
    Duplicate,
    /// The number has nineteen digits, which fit into 64 bits.
    Large,
    /// The number has thirty digits.
    Huge,
}

impl Flaw {
    /// All of them, in the order in which they are sent.
    pub const ALL: [Flaw; 9] = [
        Flaw::NoNumber,
        Flaw::Empty,
        Flaw::Negative,
        Flaw::NoReplyTo,
        Flaw::Gone,
        Flaw::NoId,
        Flaw::Duplicate,
        Flaw::Large,
        Flaw::Huge,
    ];
}

impl Request {
    /// Returns the right answer to the number in the body, whatever else is wrong with the request.
    #[must_use]
    pub fn answer_to_the_number(&self) -> Option<String> {
        Some(fibonacci(self.body.parse().ok().filter(|number| *number <= 90)?).to_string())
    }

    /// Returns the number that a good request asks for; None for a bad one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.body.parse().ok().filter(|_| self.flaw.is_none())
    }

    /// Returns the answer to a good request; None for a bad one.
    #[must_use]
    pub fn answer(&self) -> Option<String> {
        self.answer_to_the_number().filter(|_| self.flaw.is_none())
    }
}

/// Returns the Fibonacci number with this index: 0, 1, 1, 2, 3, 5 … for 0, 1, 2, 3, 4, 5 …
#[must_use]
pub fn fibonacci(index: u64) -> u64 {
    (0..index).fold((0_u64, 1_u64), |(this, next), _| (next, this.saturating_add(next))).0
}

/// The requests of the scene, phase by phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The queues for the answers, which the checker declares.
    pub queues: [String; 2],
    /// Good requests to the first server.
    pub good: Vec<Request>,
    /// Bad requests, and a good one after them.
    pub bad: Vec<Request>,
    /// Good requests to two servers.
    pub shared: Vec<Request>,
    /// Good requests of which a server has one when it is killed.
    pub held: Vec<Request>,
}

impl Plan {
    /// Returns the plan for this seed.
    #[must_use]
    pub fn chosen(seed: u64) -> Plan {
        let mut rng = Rng::with_seed(seed);
        let mut token = || -> String { (0..6).map(|_| rng.char('a'..='z')).collect() };
        let queues = [format!("answers-{}", token()), format!("answers-{}", token())];
        let word = token();
        let gone = format!("gone-{}", token());
        let ids: Vec<String> = (0..32).map(|_| token()).collect();
        let mut ids = ids.into_iter();
        let mut small: Vec<u64> = (6..=20).collect();
        rng.shuffle(&mut small);
        let mut small = small.into_iter();
        let mut turn = 0;
        let mut ask = |number: Option<u64>| {
            turn += 1;
            Request {
                body: number.or_else(|| small.next()).unwrap_or_default().to_string(),
                id: ids.next(),
                reply_to: Some(queues[turn % 2].clone()),
                flaw: None,
            }
        };
        let good = vec![ask(None), ask(None), ask(Some(0)), ask(Some(1)), ask(None)];
        let bad = |flaw: Flaw, ask: &mut dyn FnMut(Option<u64>) -> Request| {
            let mut request = Request { flaw: Some(flaw), ..ask(None) };
            match flaw {
                Flaw::NoNumber => request.body = format!("no number {word}"),
                Flaw::Empty => request.body.clear(),
                Flaw::Negative => request.body = format!("-{}", request.body),
                Flaw::NoReplyTo => request.reply_to = None,
                Flaw::Gone => request.reply_to = Some(gone.clone()),
                Flaw::NoId => request.id = None,
                Flaw::Duplicate => {}
                Flaw::Large => request.body = "4".repeat(19),
                Flaw::Huge => request.body = "9".repeat(30),
            }
            request
        };
        let mut requests = Vec::new();
        for flaw in Flaw::ALL {
            if flaw == Flaw::Duplicate {
                let first = ask(None);
                requests.extend([first.clone(), Request { flaw: Some(flaw), ..first }]);
            } else {
                requests.push(bad(flaw, &mut ask));
            }
            // Answers that are remembered by their id need two requests without one.
            if flaw == Flaw::NoId {
                requests.push(bad(flaw, &mut ask));
            }
        }
        requests.push(ask(None));
        let shared = (0..4).map(|_| ask(Some(rng.u64(6..=20)))).collect();
        let held = (0..2).map(|_| ask(Some(rng.u64(6..=20)))).collect();
        Plan { queues, good, bad: requests, shared, held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_requests_are_chosen_by_the_seed_and_no_two_good_ones_have_the_same_id() {
        let plan = Plan::chosen(7);
        assert_eq!(plan, Plan::chosen(7));
        assert_ne!(plan, Plan::chosen(8));
        let all = [&plan.good, &plan.bad, &plan.shared, &plan.held].into_iter().flatten();
        let good: Vec<&Request> = all.filter(|request| request.flaw.is_none()).collect();
        let mut ids: Vec<_> = good.iter().map(|request| request.id.clone().unwrap()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), good.len());
        assert!(good.iter().all(|request| request.number().is_some_and(|number| number <= 20)));
    }

    #[test]
    fn every_flaw_is_sent_and_a_good_request_follows() {
        let plan = Plan::chosen(1);
        let mut flaws: Vec<Flaw> = plan.bad.iter().filter_map(|request| request.flaw).collect();
        flaws.dedup();
        assert_eq!(flaws, Flaw::ALL);
        assert_eq!(plan.bad.last().unwrap().flaw, None);
        let at = plan.bad.iter().position(|request| request.flaw == Some(Flaw::Duplicate)).unwrap();
        assert_eq!((&plan.bad[at].id, &plan.bad[at].body), (&plan.bad[at - 1].id, &plan.bad[at - 1].body));
    }

    #[test]
    fn the_numbers_are_fibonaccis() {
        assert_eq!((0..=10).map(fibonacci).collect::<Vec<_>>(), [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55]);
        assert_eq!(fibonacci(20), 6765);
        assert_eq!(fibonacci(30), 832_040);
    }
}
