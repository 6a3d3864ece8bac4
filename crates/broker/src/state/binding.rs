//! Bindings from exchanges to queues and to other exchanges, and the routing of a message along them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wire::types::FieldTable;

use crate::state::{
    Broker, Vhost,
    channel::Caller,
    exchange::{Exchange, ExchangeType},
    headers,
    message::same_table,
    queue::QueueId,
    refusal::{Done, Refusal},
    topic,
};

/// The destination of a binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Destination {
    Queue(QueueId),
    Exchange(Arc<str>),
}

/// The bindings of a source exchange: by routing key, then by destination, each with its arguments. Identical bindings are
/// stored once.
pub(crate) type Bindings = BTreeMap<String, BTreeMap<Destination, Vec<FieldTable>>>;

/// The bindings that lead to a queue or an exchange: their source exchanges and routing keys.
pub(crate) type BoundTo = BTreeSet<(Arc<str>, String)>;

/// A binding, as a method names it.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) destination: Destination,
    pub(crate) key: String,
    pub(crate) arguments: FieldTable,
}

impl Binding {
    pub(crate) fn new(destination: Destination, key: &str, arguments: FieldTable) -> Binding {
        Binding { destination, key: key.to_owned(), arguments }
    }
}

impl Broker {
    /// Adds a binding from `source`, which exists. An existing binding is not added again.
    pub(crate) fn bind(&mut self, caller: &Caller, source: &str, binding: Binding) -> Done {
        let exchange = self.exchange(caller, source)?;
        match exchange.kind {
            ExchangeType::Headers => headers::check(&binding.arguments)?,
            ExchangeType::Topic => topic::check(&binding.key)?,
            _ => {}
        }
        let Binding { destination, key, arguments } = binding;
        let alike = exchange.bindings.get(&key).and_then(|same_key| same_key.get(&destination));
        if alike.is_some_and(|alike| alike.iter().any(|other| same_table(other, &arguments))) {
            return Ok(());
        }
        if self.bindings >= self.limits.bindings {
            return Err(Refusal::resource_error(format!(
                "cannot bind: binding limit ({}) is reached",
                self.limits.bindings
            )));
        }
        self.keep_definition(&arguments)?;
        self.bindings += 1;
        let Some(exchange) = self.vhost_mut(&caller.vhost).exchanges.get_mut(source) else { return Ok(()) };
        let from = exchange.name.clone();
        let same_key = exchange.bindings.entry(key.clone()).or_default();
        same_key.entry(destination.clone()).or_default().push(arguments);
        if let Some(bound_to) = self.bound_to(&caller.vhost, &destination) {
            bound_to.insert((from, key));
        }
        Ok(())
    }

    /// Removes a binding if it exists. An auto-delete exchange is removed with its last binding.
    pub(crate) fn unbind(&mut self, vhost: &Arc<str>, source: &str, binding: &Binding) {
        let Some(exchange) = self.vhost_mut(vhost).exchanges.get_mut(source) else { return };
        let (from, destination) = (exchange.name.clone(), &binding.destination);
        let Some(same_key) = exchange.bindings.get_mut(&binding.key) else { return };
        let Some(alike) = same_key.get_mut(destination) else { return };
        let Some(at) = alike.iter().position(|arguments| same_table(arguments, &binding.arguments)) else { return };
        let arguments = alike.swap_remove(at);
        let was_last_alike = alike.is_empty();
        if was_last_alike {
            same_key.remove(destination);
        }
        if same_key.is_empty() {
            exchange.bindings.remove(&binding.key);
        }
        let is_over = exchange.auto_delete && exchange.bindings.is_empty();
        if was_last_alike && let Some(bound_to) = self.bound_to(vhost, destination) {
            bound_to.remove(&(from, binding.key.clone()));
        }
        self.forget_bindings(&[arguments]);
        if is_over {
            self.remove_exchange(vhost, source);
        }
    }

    /// Updates the count and the memory of bindings after the removal of those with these arguments.
    fn forget_bindings(&mut self, gone: &[FieldTable]) {
        self.bindings -= gone.len();
        gone.iter().for_each(|arguments| self.forget_definition(arguments));
    }

    /// Removes the bindings of an exchange that was removed.
    pub(crate) fn remove_bindings_from(&mut self, vhost: &str, name: &Arc<str>, bindings: Bindings) {
        for (key, same_key) in bindings {
            for (destination, alike) in same_key {
                self.forget_bindings(&alike);
                if let Some(bound_to) = self.bound_to(vhost, &destination) {
                    bound_to.remove(&(name.clone(), key.clone()));
                }
            }
        }
    }

    /// Removes all bindings to something that was removed, and returns the auto-delete exchanges that have lost their last
    /// binding. It leaves their removal to the caller, because that removes more bindings, and so on: a chain of exchanges
    /// may be longer than the stack is deep.
    #[must_use]
    pub(crate) fn remove_bindings_to(
        &mut self,
        vhost: &Arc<str>,
        gone: &Destination,
        bound_to: &BoundTo,
    ) -> Vec<Arc<str>> {
        let mut abandoned = Vec::new();
        for (source, key) in bound_to {
            let Some(exchange) = self.vhost_mut(vhost).exchanges.get_mut(&**source) else { continue };
            let Some(same_key) = exchange.bindings.get_mut(key) else { continue };
            let alike = same_key.remove(gone).unwrap_or_default();
            if same_key.is_empty() {
                exchange.bindings.remove(key);
            }
            if exchange.auto_delete && exchange.bindings.is_empty() {
                abandoned.push(source.clone());
            }
            self.forget_bindings(&alike);
        }
        abandoned
    }

    /// Returns the stored bindings that lead to a queue or an exchange.
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

/// Returns the queues that a message is routed to, each once.
///
/// The search goes from exchange to exchange, and visits each only once. If an exchange routes the message nowhere, its
/// alternate exchange is next.
pub(crate) fn route(vhost: &Vhost, first: &Exchange, keys: &[&str], headers: &FieldTable) -> Vec<QueueId> {
    // The fast path for most messages: one key, on the default exchange.
    if let (true, [key]) = (first.name.is_empty(), keys) {
        return vhost.queues.get(*key).copied().into_iter().collect();
    }
    let mut reached = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::from([&*first.name]);
    let mut to_visit: Vec<&str> = vec![&first.name];
    while let Some(exchange) = to_visit.pop().and_then(|name| vhost.exchanges.get(name)) {
        let mut went_somewhere = false;
        each_match(vhost, exchange, keys, headers, |destination| {
            went_somewhere = true;
            match destination {
                Found::Queue(id) => drop(reached.insert(id)),
                Found::Exchange(name) if seen.insert(name) => to_visit.push(name),
                Found::Exchange(_) => {}
            }
        });
        if !went_somewhere
            && let Some(alternate) = exchange.alternate()
            && !alternate.is_empty()
            && vhost.exchanges.contains_key(alternate)
            && seen.insert(alternate)
        {
            to_visit.push(alternate);
        }
    }
    reached.into_iter().collect()
}

enum Found<'a> {
    Queue(QueueId),
    Exchange(&'a str),
}

impl<'a> From<&'a Destination> for Found<'a> {
    fn from(destination: &'a Destination) -> Found<'a> {
        match destination {
            Destination::Queue(id) => Found::Queue(*id),
            Destination::Exchange(name) => Found::Exchange(name),
        }
    }
}

/// Calls `found` for each destination to which one exchange routes a message.
fn each_match<'a>(
    vhost: &'a Vhost,
    exchange: &'a Exchange,
    keys: &[&str],
    headers: &FieldTable,
    mut found: impl FnMut(Found<'a>),
) {
    // The default exchange has an implicit binding to every queue, by its name.
    if exchange.name.is_empty() {
        return keys.iter().filter_map(|key| vhost.queues.get(*key)).for_each(|id| found(Found::Queue(*id)));
    }
    let all = &exchange.bindings;
    let mut found = |destination: &'a Destination| found(destination.into());
    match exchange.kind {
        ExchangeType::Direct => keys.iter().filter_map(|key| all.get(*key)).flat_map(BTreeMap::keys).for_each(found),
        ExchangeType::Fanout => all.values().flat_map(BTreeMap::keys).for_each(found),
        ExchangeType::Topic => {
            let keys: Vec<topic::Key> = BTreeSet::from_iter(keys).into_iter().map(|key| topic::Key::new(key)).collect();
            let fits = |pattern: &str| keys.iter().any(|key| key.matches(pattern));
            all.iter().filter(|(pattern, _)| fits(pattern)).flat_map(|(_, same_key)| same_key.keys()).for_each(found);
        }
        ExchangeType::Headers => {
            for (destination, alike) in all.values().flatten() {
                if alike.iter().any(|arguments| headers::matches(arguments, headers)) {
                    found(destination);
                }
            }
        }
    }
}
