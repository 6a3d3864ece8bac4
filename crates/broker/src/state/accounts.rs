//! Users and their permissions: patterns for configure, write and read in each vhost.
//!
//! RabbitMQ's [access control](https://www.rabbitmq.com/docs/access-control): an operation names a resource, and the user's
//! pattern for that kind of operation has to match the resource's name. Declaring and deleting needs configure permission,
//! putting messages in needs write, and taking them out needs read.

use std::{collections::BTreeMap, fmt, sync::Arc};

use regex_lite::Regex;

use crate::state::refusal::{Done, Refusal, named};

/// A user, as given to `--user` and to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The permissions in every vhost; None for an account without permissions.
    pub permissions: Option<Patterns>,
    /// True if the user may change things through the management API.
    pub administrator: bool,
}

/// Three patterns: regular expressions, each of which has to match somewhere in a resource's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patterns {
    /// The pattern for declaring and deleting.
    pub configure: String,
    /// The pattern for putting messages in: publishing to an exchange, binding a queue.
    pub write: String,
    /// The pattern for taking messages out: consuming from a queue, binding to an exchange.
    pub read: String,
}

impl Patterns {
    /// Returns patterns that allow everything.
    #[must_use]
    pub fn all() -> Patterns {
        Patterns { configure: ".*".to_owned(), write: ".*".to_owned(), read: ".*".to_owned() }
    }
}

impl Account {
    /// Returns `guest`, who may do everything: the only account of a broker that was configured without accounts.
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

/// An error for a pattern that is not a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPattern {
    /// The pattern as given.
    pub pattern: String,
    /// The error in the pattern.
    pub why: String,
}

impl std::error::Error for BadPattern {}

impl fmt::Display for BadPattern {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "the pattern {:?} is not a regular expression: {}", self.pattern, self.why)
    }
}

/// The kind of access that an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Configure,
    Write,
    Read,
}

/// A pattern, ready to match. The three most common ones need no regular expression.
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
    /// The permissions by vhost.
    permissions: BTreeMap<Arc<str>, Permissions>,
}

/// All users.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: BTreeMap<String, User>,
}

impl Accounts {
    /// Adds a user, or changes a user's password.
    pub(crate) fn set(&mut self, name: &str, password: &str, administrator: bool) {
        let permissions = self.users.remove(name).map(|before| before.permissions).unwrap_or_default();
        self.users.insert(name.to_owned(), User { password: password.to_owned(), administrator, permissions });
    }

    /// Returns whether the user may change things through the management API.
    pub(crate) fn is_administrator(&self, name: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.administrator)
    }

    /// Removes a user. Returns whether the user existed.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.users.remove(name).is_some()
    }

    /// Sets a user's permissions in a vhost. Returns whether the user exists.
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

    /// Removes all permissions in a deleted vhost.
    pub(crate) fn forget_vhost(&mut self, vhost: &str) {
        for user in self.users.values_mut() {
            user.permissions.remove(vhost);
        }
    }

    /// Returns whether the user exists and has this password.
    pub(crate) fn knows(&self, name: &str, password: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.password == password)
    }

    /// Returns whether the user exists.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.users.contains_key(name)
    }

    /// Returns whether the user may open a connection to the vhost.
    pub(crate) fn may_enter(&self, name: &str, vhost: &str) -> bool {
        self.users.get(name).is_some_and(|user| user.permissions.contains_key(vhost))
    }

    /// Returns the names of all users.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.users.keys().map(String::as_str)
    }

    /// Checks that `user` has this access to the exchange or queue (`kind`) of this name.
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
