//! Bindings: which exchange takes messages to which queue, or on to which exchange; and the way of one message along them.

use std::{collections::BTreeMap, sync::Arc};

use wire::types::FieldTable;

use crate::state::{
    Broker, Vhost,
    channel::Caller,
    exchange::{Exchange, Kind},
    headers,
    message::same_table,
    queue::QueueId,
    refusal::{Done, Refusal},
    topic,
};

/// Where a binding leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Queue(QueueId),
    Exchange(Arc<str>),
}

/// A binding. Two are the same when they lead from the same exchange to the same place with the same key and arguments.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) destination: Destination,
    pub(crate) key: String,
    pub(crate) arguments: FieldTable,
}

/// The exchanges that have bindings to something, and how many each.
pub(crate) type BoundTo = BTreeMap<Arc<str>, usize>;

impl PartialEq for Binding {
    fn eq(&self, other: &Binding) -> bool {
        self.destination == other.destination && self.key == other.key && same_table(&self.arguments, &other.arguments)
    }
}

impl Binding {
    pub(crate) fn new(destination: Destination, key: &str, arguments: FieldTable) -> Binding {
        Binding { destination, key: key.to_owned(), arguments }
    }
}

impl Broker {
    /// Adds a binding from `source`, which is there. A binding that is there already is not added again.
    pub(crate) fn bind(&mut self, caller: &Caller, source: &str, binding: Binding) -> Done {
        let exchange = self.exchange(caller, source)?;
        if exchange.kind == Kind::Headers {
            headers::check(&binding.arguments)?;
        }
        if exchange.bindings.get(&binding.key).is_some_and(|same_key| same_key.contains(&binding)) {
            return Ok(());
        }
        if self.bindings >= self.limits.bindings {
            return Err(Refusal::resource_error(format!(
                "cannot bind: binding limit ({}) is reached",
                self.limits.bindings
            )));
        }
        self.keep_definition(&binding.arguments)?;
        self.bindings += 1;
        let Some(exchange) = self.vhost_mut(&caller.vhost).exchanges.get_mut(source) else { return Ok(()) };
        let (from, to) = (exchange.name.clone(), binding.destination.clone());
        exchange.bindings.entry(binding.key.clone()).or_default().push(binding);
        if let Some(bound_to) = self.bound_to(&caller.vhost, &to) {
            *bound_to.entry(from).or_default() += 1;
        }
        Ok(())
    }

    /// Removes a binding, if it is there. An auto-delete exchange whose last one that was goes with it.
    pub(crate) fn unbind(&mut self, vhost: &Arc<str>, source: &str, binding: &Binding) {
        let Some(exchange) = self.vhost_mut(vhost).exchanges.get_mut(source) else { return };
        let Some(same_key) = exchange.bindings.get_mut(&binding.key) else { return };
        let before = same_key.len();
        same_key.retain(|other| other != binding);
        if same_key.len() == before {
            return;
        }
        if same_key.is_empty() {
            exchange.bindings.remove(&binding.key);
        }
        let is_over = exchange.auto_delete && exchange.bindings.is_empty();
        self.forget_binding(vhost, source, binding);
        if is_over {
            self.remove_exchange(vhost, source);
        }
    }

    /// A binding is gone: its place and its memory are free again, and where it led to does not know it any more.
    pub(crate) fn forget_binding(&mut self, vhost: &str, source: &str, binding: &Binding) {
        self.bindings -= 1;
        self.forget_definition(&binding.arguments);
        let Some(bound_to) = self.bound_to(vhost, &binding.destination) else { return };
        if let Some(count) = bound_to.get_mut(source) {
            *count -= 1;
            if *count == 0 {
                bound_to.remove(source);
            }
        }
    }

    /// Removes all bindings to something that is gone, and returns the exchanges that have to go now: auto-delete ones whose
    /// last bindings these were. It does not remove them itself, because that removes more bindings, and so on: a chain of
    /// exchanges may be longer than the stack is deep.
    #[must_use]
    pub(crate) fn remove_bindings_to(
        &mut self,
        vhost: &Arc<str>,
        gone: &Destination,
        bound_to: &BoundTo,
    ) -> Vec<Arc<str>> {
        let mut abandoned = Vec::new();
        for source in bound_to.keys() {
            let Some(exchange) = self.vhost_mut(vhost).exchanges.get_mut(&**source) else { continue };
            let mut removed = Vec::new();
            exchange.bindings.retain(|_, same_key| {
                removed.extend(same_key.extract_if(.., |binding| binding.destination == *gone));
                !same_key.is_empty()
            });
            if exchange.auto_delete && exchange.bindings.is_empty() {
                abandoned.push(source.clone());
            }
            for binding in removed {
                self.forget_binding(vhost, source, &binding);
            }
        }
        abandoned
    }

    /// Where a queue or an exchange keeps what is bound to it.
    fn bound_to(&mut self, vhost: &str, destination: &Destination) -> Option<&mut BoundTo> {
        match destination {
            Destination::Queue(id) => self.queues.get_mut(id).map(|queue| &mut queue.bound_to),
            Destination::Exchange(name) => {
                let exchange = self.vhosts.get_mut(vhost)?.exchanges.get_mut(&**name)?;
                Some(&mut exchange.bound_to)
            }
        }
    }
}

/// The queues that a message gets to, each once.
///
/// It goes from exchange to exchange; one that it has been to is not visited again. Where an exchange takes it nowhere, its
/// alternate exchange, if it has one, is next.
pub(crate) fn route(vhost: &Vhost, first: &Exchange, keys: &[&str], headers: &FieldTable) -> Vec<QueueId> {
    let mut reached = Vec::new();
    let mut visited: Vec<&str> = vec![&first.name];
    let mut next = 0;
    while let Some(exchange) = visited.get(next).and_then(|name| vhost.exchanges.get(*name)) {
        next += 1;
        let mut went_somewhere = false;
        each_match(vhost, exchange, keys, headers, |destination| {
            went_somewhere = true;
            match destination {
                Found::Queue(id) if !reached.contains(&id) => reached.push(id),
                Found::Exchange(name) if !visited.contains(&name) => visited.push(name),
                _ => {}
            }
        });
        if !went_somewhere
            && let Some(alternate) = exchange.alternate()
            && !alternate.is_empty()
            && vhost.exchanges.contains_key(alternate)
            && !visited.contains(&alternate)
        {
            visited.push(alternate);
        }
    }
    reached
}

enum Found<'a> {
    Queue(QueueId),
    Exchange(&'a str),
}

/// Calls `found` for each binding of one exchange that a message fits.
fn each_match<'a>(
    vhost: &'a Vhost,
    exchange: &'a Exchange,
    keys: &[&str],
    headers: &FieldTable,
    mut found: impl FnMut(Found<'a>),
) {
    // The default exchange has a binding to every queue, by its name, that nobody made.
    if exchange.name.is_empty() {
        keys.iter().filter_map(|key| vhost.queues.get(*key)).for_each(|id| found(Found::Queue(*id)));
        return;
    }
    let mut take = |bindings: &'a [Binding]| {
        for binding in bindings {
            match &binding.destination {
                Destination::Queue(id) => found(Found::Queue(*id)),
                Destination::Exchange(name) => found(Found::Exchange(name)),
            }
        }
    };
    match exchange.kind {
        Kind::Direct => keys.iter().filter_map(|key| exchange.bindings.get(*key)).for_each(|bindings| take(bindings)),
        Kind::Fanout => exchange.bindings.values().for_each(|bindings| take(bindings)),
        Kind::Topic => exchange
            .bindings
            .iter()
            .filter(|(pattern, _)| keys.iter().any(|key| topic::matches(pattern, key)))
            .for_each(|(_, bindings)| take(bindings)),
        Kind::Headers => exchange
            .bindings
            .values()
            .flatten()
            .filter(|binding| headers::matches(&binding.arguments, headers))
            .for_each(|binding| take(std::slice::from_ref(binding))),
    }
}
