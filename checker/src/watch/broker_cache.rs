//! The broker of all checks: found once, kept, and searched for again when it is gone.

use std::{pin::Pin, time::Duration};

use cli::BrokerArgs;
use tokio::time::Instant;

use crate::{
    brokers::{Broker, ready},
    cleanup::Run,
    verdict::NotChecked,
    watch::Trouble,
};

/// The time limit of the broker's answer, after a check that could not be done.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The broker that was found, and the child of the run that owns its processes.
type Found = (Result<Broker, NotChecked>, Option<Run>);

/// The holder of the broker.
pub struct BrokerCache<'a> {
    args: &'a BrokerArgs,
    run: &'a Run,
    state: State<'a>,
}

enum State<'a> {
    /// The search itself is kept: a check that is given up meanwhile must not cause a second broker to be started.
    Looking(Pin<Box<dyn Future<Output = Found> + 'a>>),
    Here(Box<Found>),
}

impl<'a> BrokerCache<'a> {
    /// Returns a cache without a broker.
    pub fn new(args: &'a BrokerArgs, run: &'a Run) -> BrokerCache<'a> {
        BrokerCache { args, run, state: State::Looking(Box::pin(find(args, run))) }
    }

    /// Returns the broker. Dropping the future loses nothing.
    pub async fn broker(&mut self) -> Result<Broker, NotChecked> {
        loop {
            match &mut self.state {
                State::Looking(search) => self.state = State::Here(Box::new(search.as_mut().await)),
                State::Here(here) => return here.0.clone(),
            }
        }
    }

    /// Returns whether the earlier broker is gone, after a check that could not be done. Then the next check searches for a
    /// broker, as it also does when none was found.
    pub async fn is_gone(&mut self) -> bool {
        let State::Here(here) = &self.state else { return false };
        let was_there = here.0.is_ok();
        if let Ok(broker) = &here.0 {
            let address = broker.address.host_and_port();
            if ready::wait(&address, Instant::now() + ANSWER_TIMEOUT).await.is_ok() {
                return false;
            }
        }
        let search = State::Looking(Box::pin(find(self.args, self.run)));
        if let State::Here(here) = std::mem::replace(&mut self.state, search)
            && let Some(child) = here.1
        {
            child.end().await;
        }
        was_there
    }
}

async fn find(args: &BrokerArgs, run: &Run) -> Found {
    match run.child() {
        // A save may come at any time, and must not meet a RabbitMQ in the middle of a restart.
        Ok(child) => (Broker::find(args, &child).await.map(|broker| Broker { own: None, ..broker }), Some(child)),
        Err(error) => {
            let trouble = Trouble::NoChild(error);
            (Err(NotChecked { message: format!("{trouble}."), hints: vec![trouble.hint().to_owned()] }), None)
        }
    }
}
