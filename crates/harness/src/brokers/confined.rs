//! An account for the program of a stranger: a user of its own, who can do everything in one vhost and nothing outside it.
//!
//! The program never gets that login. It logs in as `guest`, as on every new RabbitMQ, and the tap puts the account in its place.

use recording::NotChecked;
use serde::{Deserialize, Serialize};

use crate::{
    brokers::{
        Broker,
        management::{Management, ManagementError, encode},
    },
    cleanup::{Resource, Run},
};

/// The most connections of one program.
const MOST_CONNECTIONS: u32 = 64;

/// The most connections in its vhost, where the checker has some, too.
const MOST_IN_VHOST: u32 = MOST_CONNECTIONS + 16;

/// The most channels of one program, on all its connections together.
const MOST_CHANNELS: u32 = 1024;

/// The most queues in its vhost. RabbitMQ takes seconds to delete a vhost with hundreds of them.
const MOST_QUEUES: u32 = 64;

/// A user and the password.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Account {
    /// Returns the account that programs log in with.
    #[must_use]
    pub fn guest() -> Account {
        Account { user: "guest".to_owned(), password: "guest".to_owned() }
    }
}

impl Broker {
    /// Returns it as a broker on which each check gets an account of its own.
    #[must_use]
    pub fn confining(self) -> Broker {
        Broker { confines: true, ..self }
    }

    /// Makes the account of a check in its vhost, if this broker [confines](Broker::confining) its checks.
    ///
    /// # Errors
    ///
    /// When it can't be recorded or made.
    pub async fn make_account(&self, run: &Run, vhost: &str) -> Result<Option<Account>, NotChecked> {
        let (Some(management), true) = (&self.management, self.confines) else { return Ok(None) };
        let random = |count| std::iter::repeat_with(fastrand::alphanumeric).take(count).collect::<String>();
        let account =
            Account { user: format!("learner-{}-{}", run.whole(), random(4).to_lowercase()), password: random(32) };
        self.record(run, &Resource::User { management: management.clone(), name: account.user.clone() })?;
        let made = management.make_account(&account, vhost).await;
        made.map_err(|error| self.refused(&error.to_string()))?;
        Ok(Some(account))
    }
}

impl Management {
    /// Makes a user who may do everything in one vhost, and sets the limits of both.
    async fn make_account(&self, account: &Account, vhost: &str) -> Result<(), ManagementError> {
        let put = async |path: String, body: String, what: &str| {
            self.call("PUT", &path, Some(body), None, what).await.map(drop)
        };
        let (user, vhost) = (encode(&account.user), encode(vhost));
        let about = serde_json::json!({ "password": account.password, "tags": "" });
        put(format!("/api/users/{user}"), about.to_string(), "make a user").await?;
        for (path, most) in [
            (format!("user-limits/{user}/max-connections"), MOST_CONNECTIONS),
            (format!("user-limits/{user}/max-channels"), MOST_CHANNELS),
            (format!("vhost-limits/{vhost}/max-connections"), MOST_IN_VHOST),
            (format!("vhost-limits/{vhost}/max-queues"), MOST_QUEUES),
        ] {
            let most = serde_json::json!({ "value": most });
            put(format!("/api/{path}"), most.to_string(), "set a limit").await?;
        }
        let all = r#"{"configure":".*","write":".*","read":".*"}"#.to_owned();
        put(format!("/api/permissions/{vhost}/{user}"), all, "set permissions").await
    }

    /// Deletes a user. It counts as deleted if it does not exist, or if its broker is gone.
    ///
    /// # Errors
    ///
    /// When the API refuses.
    pub async fn delete_user(&self, name: &str) -> Result<(), ManagementError> {
        let path = format!("/api/users/{}", encode(name));
        match self.call("DELETE", &path, None, None, "delete a user").await {
            Err(ManagementError::Refused { status: 404, .. } | ManagementError::Unreachable { gone: true, .. }) => {
                Ok(())
            }
            other => other.map(drop),
        }
    }
}
