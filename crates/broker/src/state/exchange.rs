//! Exchanges: the targets of publishing, and the routing to queues (AMQP 0-9-1, sections 2.1.2 and 3.1.3).

use std::sync::Arc;

use wire::{
    protocol::exchange::{self, AMQPMethod as Method},
    types::FieldTable,
};

use crate::state::{
    Broker,
    accounts::Access,
    arguments,
    binding::{Binding, Bindings, BoundTo, Destination},
    channel::Caller,
    message::as_text,
    refusal::{Done, Refusal, named},
};

/// The argument that names an exchange for unroutable messages.
pub(crate) const ALTERNATE: &str = "alternate-exchange";

/// The rule by which an exchange chooses among its bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeType {
    /// The message's routing key equals the binding's.
    Direct,
    /// Every binding matches.
    Fanout,
    /// The message's routing key matches the binding's pattern.
    Topic,
    /// The message's headers match the binding's arguments.
    Headers,
}

impl ExchangeType {
    fn named(name: &str) -> Option<ExchangeType> {
        match name {
            "direct" => Some(ExchangeType::Direct),
            "fanout" => Some(ExchangeType::Fanout),
            "topic" => Some(ExchangeType::Topic),
            "headers" => Some(ExchangeType::Headers),
            _ => None,
        }
    }

    /// Returns the type's name in `exchange.declare`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ExchangeType::Direct => "direct",
            ExchangeType::Fanout => "fanout",
            ExchangeType::Topic => "topic",
            ExchangeType::Headers => "headers",
        }
    }
}

/// The state of an exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) name: Arc<str>,
    pub(crate) kind: ExchangeType,
    pub(crate) durable: bool,
    pub(crate) auto_delete: bool,
    pub(crate) internal: bool,
    pub(crate) arguments: FieldTable,
    /// The bindings that start here.
    pub(crate) bindings: Bindings,
    /// The bindings from other exchanges that lead here.
    pub(crate) bound_to: BoundTo,
}

impl Exchange {
    fn new(name: &str, kind: ExchangeType) -> Exchange {
        Exchange {
            name: name.into(),
            kind,
            durable: true,
            auto_delete: false,
            internal: false,
            arguments: FieldTable::default(),
            bindings: Bindings::new(),
            bound_to: BoundTo::new(),
        }
    }

    /// Returns the exchanges that every vhost has from the start. The one without a name is the default exchange.
    pub(crate) fn predeclared() -> impl Iterator<Item = Exchange> {
        let log = Exchange { internal: true, ..Exchange::new("amq.rabbitmq.trace", ExchangeType::Topic) };
        [
            ("", ExchangeType::Direct),
            ("amq.direct", ExchangeType::Direct),
            ("amq.fanout", ExchangeType::Fanout),
            ("amq.headers", ExchangeType::Headers),
            ("amq.match", ExchangeType::Headers),
            ("amq.topic", ExchangeType::Topic),
        ]
        .into_iter()
        .map(|(name, kind)| Exchange::new(name, kind))
        .chain([log])
    }

    /// Returns the exchange for messages that this one can't route.
    pub(crate) fn alternate(&self) -> Option<&str> {
        self.arguments.inner().get(ALTERNATE).and_then(as_text)
    }
}

impl Broker {
    pub(crate) fn exchange_method(&mut self, caller: &Caller, method: Method) -> Done {
        match method {
            Method::Declare(declare) => self.declare_exchange(caller, declare),
            Method::Delete(delete) => self.delete_exchange(caller, &delete),
            Method::Bind(bind) => self.bind_exchange(caller, bind),
            Method::Unbind(unbind) => self.unbind_exchange(caller, &unbind),
            _ => Err(caller.unexpected()),
        }
    }

    fn declare_exchange(&mut self, caller: &Caller, declare: exchange::Declare) -> Done {
        let name = strip(declare.exchange.as_str());
        check_not_default(&name)?;
        if declare.passive {
            self.allow(caller, Access::Configure, "exchange", &name)?;
            self.exchange(caller, &name)?;
        } else {
            self.declare_actively(caller, &name, &declare)?;
        }
        if !declare.nowait {
            self.reply(caller, Method::DeclareOk(exchange::DeclareOk {}));
        }
        Ok(())
    }

    fn declare_actively(&mut self, caller: &Caller, name: &str, declare: &exchange::Declare) -> Done {
        let kind = ExchangeType::named(declare.kind.as_str()).ok_or_else(|| {
            let kind = declare.kind.as_str();
            let problem = if kind.is_empty() { "invalid" } else { "unknown" };
            Refusal::precondition_failed(format!("{problem} exchange type '{kind}'"))
        })?;
        self.allow(caller, Access::Configure, "exchange", name)?;
        let vhost = caller.vhost.clone();
        if let Ok(found) = self.exchange(caller, name) {
            return equivalent(found, kind, declare, &vhost);
        }
        if name.starts_with("amq.") {
            return Err(reserved("exchange", name));
        }
        if let Some(alternate) = declare.arguments.inner().get(ALTERNATE) {
            arguments::check_name(ALTERNATE, alternate, &named("exchange", name, &vhost))?;
            let alternate = as_text(alternate).unwrap_or_default();
            self.allow(caller, Access::Read, "exchange", name)?;
            self.allow(caller, Access::Write, "exchange", alternate)?;
        }
        let exchanges: usize = self.vhosts.values().map(|vhost| vhost.exchanges.len()).sum();
        let most = self.limits.exchanges;
        if exchanges >= most {
            return Err(Refusal::precondition_failed(format!(
                "cannot declare {}: exchange limit in cluster ({most}) is reached",
                named("exchange", name, &vhost)
            )));
        }
        self.keep_definition(&declare.arguments)?;
        let exchange = Exchange {
            durable: declare.durable,
            auto_delete: declare.auto_delete,
            internal: declare.internal,
            arguments: declare.arguments.clone(),
            ..Exchange::new(name, kind)
        };
        self.vhost_mut(&vhost).exchanges.insert(name.to_owned(), exchange);
        Ok(())
    }

    fn delete_exchange(&mut self, caller: &Caller, delete: &exchange::Delete) -> Done {
        let name = strip(delete.exchange.as_str());
        check_not_default(&name)?;
        if name.starts_with("amq.") {
            return Err(Refusal::access_refused(format!(
                "deletion of system {} not allowed",
                named("exchange", &name, &caller.vhost)
            )));
        }
        self.allow(caller, Access::Configure, "exchange", &name)?;
        if let Ok(exchange) = self.exchange(caller, &name) {
            if delete.if_unused && !exchange.bindings.is_empty() {
                return Err(Refusal::precondition_failed(format!(
                    "{} in use",
                    named("exchange", &name, &caller.vhost)
                )));
            }
            self.remove_exchange(&caller.vhost.clone(), &name);
        }
        if !delete.nowait {
            self.reply(caller, Method::DeleteOk(exchange::DeleteOk {}));
        }
        Ok(())
    }

    fn bind_exchange(&mut self, caller: &Caller, bind: exchange::Bind) -> Done {
        let (destination, source) = (strip(bind.destination.as_str()), strip(bind.source.as_str()));
        check_not_default(&source)?;
        check_not_default(&destination)?;
        self.allow(caller, Access::Write, "exchange", &destination)?;
        self.allow(caller, Access::Read, "exchange", &source)?;
        self.exchange(caller, &source)?;
        let destination = Destination::Exchange(self.exchange(caller, &destination)?.name.clone());
        self.bind(caller, &source, Binding::new(destination, bind.routing_key.as_str(), bind.arguments))?;
        if !bind.nowait {
            self.reply(caller, Method::BindOk(exchange::BindOk {}));
        }
        Ok(())
    }

    fn unbind_exchange(&mut self, caller: &Caller, unbind: &exchange::Unbind) -> Done {
        let (destination, source) = (strip(unbind.destination.as_str()), strip(unbind.source.as_str()));
        check_not_default(&source)?;
        check_not_default(&destination)?;
        self.allow(caller, Access::Write, "exchange", &destination)?;
        self.allow(caller, Access::Read, "exchange", &source)?;
        let destination = Destination::Exchange(destination.as_str().into());
        self.unbind(
            &caller.vhost.clone(),
            &source,
            &Binding::new(destination, unbind.routing_key.as_str(), unbind.arguments.clone()),
        );
        if !unbind.nowait {
            self.reply(caller, Method::UnbindOk(exchange::UnbindOk {}));
        }
        Ok(())
    }

    /// Returns the exchange of this name in the caller's vhost.
    pub(crate) fn exchange(&self, caller: &Caller, name: &str) -> Done<&Exchange> {
        let found = self.vhosts.get(&caller.vhost).and_then(|vhost| vhost.exchanges.get(name));
        found.ok_or_else(|| Refusal::no_such("exchange", name, &caller.vhost))
    }

    /// Removes an exchange with the bindings from it and to it, and auto-delete exchanges that lose their last binding.
    pub(crate) fn remove_exchange(&mut self, vhost: &Arc<str>, name: &str) {
        let mut going: Vec<Arc<str>> = vec![name.into()];
        while let Some(name) = going.pop() {
            let Some(exchange) = self.vhost_mut(vhost).exchanges.remove(&*name) else { continue };
            self.forget_definition(&exchange.arguments);
            self.remove_bindings_from(vhost, &name, exchange.bindings);
            going.extend(self.remove_bindings_to(vhost, &Destination::Exchange(name), &exchange.bound_to));
        }
    }
}

fn equivalent(found: &Exchange, kind: ExchangeType, declare: &exchange::Declare, vhost: &str) -> Done {
    let of = named("exchange", &found.name, vhost);
    let same = |argument, received: &dyn std::fmt::Display, current: &dyn std::fmt::Display, equal| {
        if equal {
            return Ok(());
        }
        Err(Refusal::inequivalent(argument, &of, format!("'{received}'"), format!("'{current}'")))
    };
    same("type", &kind.name(), &found.kind.name(), kind == found.kind)?;
    same("durable", &declare.durable, &found.durable, declare.durable == found.durable)?;
    same("auto_delete", &declare.auto_delete, &found.auto_delete, declare.auto_delete == found.auto_delete)?;
    same("internal", &declare.internal, &found.internal, declare.internal == found.internal)?;
    arguments::equivalent(ALTERNATE, &of, &declare.arguments, &found.arguments)
}

/// Checks that this is not the default exchange, which can't be declared, deleted, bound or unbound.
pub(crate) fn check_not_default(name: &str) -> Done {
    if name.is_empty() {
        return Err(Refusal::access_refused("operation not permitted on the default exchange"));
    }
    Ok(())
}

pub(crate) fn reserved(kind: &str, name: &str) -> Refusal {
    Refusal::access_refused(format!("{kind} name '{name}' contains reserved prefix 'amq.*'"))
}

/// Removes line ends from a name, as RabbitMQ does.
pub(crate) fn strip(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '\r' | '\n')).collect()
}
