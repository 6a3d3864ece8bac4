//! Users, and what they may do: patterns for configure, write and read in each vhost.
//!
//! RabbitMQ's [access control](https://www.rabbitmq.com/docs/access-control): an operation names a resource, and the user's pattern
//! for that kind of operation has to match the resource's name. To declare and to delete is to configure, to put messages in
//! is to write, to take them out is to read.

use std::{collections::BTreeMap, sync::Arc};

use regex_lite::Regex;

use crate::state::refusal::{Done, Refusal, named};

/// A user, as `--user` and the API name one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name that it logs in with.
    pub name: String,
    /// The password.
    pub password: String,
    /// What it may do, in every vhost there is; None for an account without permissions.
    pub permissions: Option<Patterns>,
    /// It may use the management API to change things.
    pub administrator: bool,
}

/// Three patterns: regular expressions that a resource's name has to match somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns {
    /// Declare and delete.
    pub configure: String,
    /// Put messages in: publish to an exchange, bind a queue to something.
    pub write: String,
    /// Take messages out: consume from a queue, bind something to an exchange.
    pub read: String,
}

impl Patterns {
    /// May do everything.
    #[must_use]
    pub fn all() -> Patterns {
        Patterns { configure: ".*".to_owned(), write: ".*".to_owned(), read: ".*".to_owned() }
    }
}

impl Account {
    /// `guest`, who may do everything: the account of a broker that nobody set up otherwise.
    #[must_use]
    pub fn guest() -> Account {
        Account {
            name: "guest".to_owned(),
            password: "guest".to_owned(),
            permissions: Some(Patterns::all()),
            administrator: true,
        }
    }
}

/// A pattern that is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern {pattern:?} is no regular expression: {why}")]
pub struct BadPattern {
    /// As it was given.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// What an operation does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Configure,
    Write,
    Read,
}

/// A pattern, ready to match. The three that nearly everybody uses need no regular expression.
#[derive(Clone, Debug)]
enum Pattern {
    Everything,
    Nothing,
    Matching(Regex),
}

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, BadPattern> {
        match pattern {
            ".*" => Ok(Pattern::Everything),
            // An empty pattern means `^$`, and no resource has an empty name: the default exchange counts as `amq.default`.
            "" | "^$" => Ok(Pattern::Nothing),
            _ => Regex::new(pattern)
                .map(Pattern::Matching)
                .map_err(|error| BadPattern { pattern: pattern.to_owned(), why: error.to_string() }),
        }
    }

    fn allows(&self, name: &str) -> bool {
        match self {
            Pattern::Everything => true,
            Pattern::Nothing => false,
            Pattern::Matching(regex) => regex.is_match(name),
        }
    }
}

#[derive(Debug)]
struct Permissions {
    configure: Pattern,
    write: Pattern,
    read: Pattern,
}

#[derive(Debug)]
struct User {
    password: String,
    administrator: bool,
    /// By vhost.
    permissions: BTreeMap<Arc<str>, Permissions>,
}

/// All users.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: BTreeMap<String, User>,
}

impl Accounts {
    /// Adds a user, or gives one another password.
    pub(crate) fn set(&mut self, name: &str, password: &str, administrator: bool) {
        let permissions = self.users.remove(name).map(|before| before.permissions).unwrap_or_default();
        self.users.insert(name.to_owned(), User { password: password.to_owned(), administrator, permissions });
    }

    /// Whether the user may use the management API to change things.
    pub(crate) fn is_administrator(&self, name: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.administrator)
    }

    /// Removes a user. Returns whether there was one.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.users.remove(name).is_some()
    }

    /// Sets what a user may do in a vhost. Returns whether there is such a user.
    pub(crate) fn permit(&mut self, name: &str, vhost: &Arc<str>, patterns: &Patterns) -> Result<bool, BadPattern> {
        let permissions = Permissions {
            configure: Pattern::new(&patterns.configure)?,
            write: Pattern::new(&patterns.write)?,
            read: Pattern::new(&patterns.read)?,
        };
        let Some(user) = self.users.get_mut(name) else { return Ok(false) };
        user.permissions.insert(vhost.clone(), permissions);
        Ok(true)
    }

    /// A vhost is gone, and with it what anybody may do there.
    pub(crate) fn forget_vhost(&mut self, vhost: &str) {
        for user in self.users.values_mut() {
            user.permissions.remove(vhost);
        }
    }

    /// Whether name and password belong together.
    pub(crate) fn knows(&self, name: &str, password: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.password == password)
    }

    /// Whether there is such a user.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.users.contains_key(name)
    }

    /// Whether the user may enter the vhost.
    pub(crate) fn may_enter(&self, name: &str, vhost: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.permissions.contains_key(vhost))
    }

    /// The names of all users.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// Asks whether `user` may do this to the exchange or queue (`kind`) of this name.
    pub(crate) fn check(&self, user: &str, vhost: &str, access: Access, kind: &str, name: &str) -> Done {
        let permissions = self.users.get(user).and_then(|user| user.permissions.get(vhost));
        let resource = if kind == "exchange" && name.is_empty() { "amq.default" } else { name };
        let (word, pattern) = match access {
            Access::Configure => ("configure", permissions.map(|all| &all.configure)),
            Access::Write => ("write", permissions.map(|all| &all.write)),
            Access::Read => ("read", permissions.map(|all| &all.read)),
        };
        if pattern.is_some_and(|pattern| pattern.allows(resource)) {
            return Ok(());
        }
        Err(Refusal::access_refused(format!(
            "{word} access to {} refused for user '{user}'",
            named(kind, resource, vhost)
        )))
    }
}
