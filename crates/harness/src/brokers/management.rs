//! The part of RabbitMQ's management API that a check needs: making and deleting vhosts.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The time limit of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// A broker's management API, and the login for it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Management {
    /// The base URL, `http://host:port`.
    pub url: String,
    /// The user, who needs the tag `administrator` to make vhosts.
    pub user: String,
    /// The password.
    pub password: String,
}

#[derive(Deserialize)]
struct Vhost {
    name: String,
}

/// An error of the management API.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// The API can't be reached, or the server is not a management API.
    #[error("the management API at {url} doesn't answer: {why}")]
    Unreachable {
        /// The API's address.
        url: String,
        /// The client's error.
        why: String,
        /// Set when nothing listens there: the broker is gone.
        gone: bool,
    },
    /// The API refused the request.
    #[error("the management API at {url} refused to {what}: HTTP {status}")]
    Refused {
        /// The API's address.
        url: String,
        /// The request, in words.
        what: String,
        /// The HTTP status.
        status: u16,
    },
}

impl Management {
    /// Checks that it answers and lets this user make vhosts.
    ///
    /// # Errors
    ///
    /// When it doesn't answer, or the user is not an administrator.
    pub async fn allows_vhosts(&self) -> Result<(), ManagementError> {
        self.vhosts().await.map(drop)
    }

    /// Returns the names of all vhosts.
    ///
    /// # Errors
    ///
    /// When it doesn't answer, or the user is not an administrator.
    pub async fn vhosts(&self) -> Result<Vec<String>, ManagementError> {
        let answer = self.request("GET", "/api/vhosts", "list vhosts").await?;
        let vhosts: Vec<Vhost> = serde_json::from_str(&answer).map_err(|error| ManagementError::Unreachable {
            url: self.url.clone(),
            why: error.to_string(),
            gone: false,
        })?;
        Ok(vhosts.into_iter().map(|vhost| vhost.name).collect())
    }

    /// Returns whether this is the API of the kit's own broker.
    pub async fn is_embedded(&self) -> bool {
        let overview = self.request("GET", "/api/overview", "describe itself").await;
        let overview = overview.ok().and_then(|answer| serde_json::from_str::<serde_json::Value>(&answer).ok());
        overview.is_some_and(|overview| overview["hello_rabbit"].is_object())
    }

    /// Makes a vhost; the user gets all permissions in it.
    ///
    /// # Errors
    ///
    /// When the API doesn't answer or refuses.
    pub async fn make_vhost(&self, name: &str) -> Result<(), ManagementError> {
        let vhost = encode(name);
        self.request("PUT", &format!("/api/vhosts/{vhost}"), "make a vhost").await?;
        self.request("PUT", &format!("/api/permissions/{vhost}/{}", encode(&self.user)), "set permissions")
            .await
            .map(drop)
    }

    /// Deletes a vhost. It counts as deleted if it does not exist, or if its broker is gone.
    ///
    /// # Errors
    ///
    /// When the API refuses.
    pub async fn delete_vhost(&self, name: &str) -> Result<(), ManagementError> {
        match self.request("DELETE", &format!("/api/vhosts/{}", encode(name)), "delete a vhost").await {
            Err(ManagementError::Refused { status: 404, .. } | ManagementError::Unreachable { gone: true, .. }) => {
                Ok(())
            }
            other => other.map(drop),
        }
    }

    async fn request(&self, method: &'static str, path: &str, what: &str) -> Result<String, ManagementError> {
        let body = (method == "PUT").then(|| r#"{"configure":".*","write":".*","read":".*"}"#.to_owned());
        self.call(method, path, body, None, what).await
    }

    /// Makes one call. `what` describes it in errors.
    ///
    /// # Errors
    ///
    /// When the API doesn't answer or refuses.
    pub(super) async fn call(
        &self,
        method: &'static str,
        path: &str,
        body: Option<String>,
        reason: Option<&str>,
        what: &str,
    ) -> Result<String, ManagementError> {
        let url = format!("{}{path}", self.url);
        let login = BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password));
        let reason = reason.map(str::to_owned);
        let sent = tokio::task::spawn_blocking(move || {
            let config =
                ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).http_status_as_error(false);
            let agent = ureq::Agent::new_with_config(config.proxy(None).build());
            let mut request = ureq::http::Request::builder()
                .method(method)
                .uri(url)
                .header("authorization", format!("Basic {login}"))
                .header("content-type", "application/json");
            if let Some(reason) = reason {
                request = request.header("x-reason", reason);
            }
            let mut response = agent.run(request.body(body.unwrap_or_default())?)?;
            Ok::<_, ureq::Error>((response.status().as_u16(), response.body_mut().read_to_string()?))
        });
        let unreachable = |why: String, gone| ManagementError::Unreachable { url: self.url.clone(), why, gone };
        match sent.await {
            Ok(Ok((200..=299, answer))) => Ok(answer),
            Ok(Ok((status, _))) => {
                Err(ManagementError::Refused { url: self.url.clone(), what: what.to_owned(), status })
            }
            Ok(Err(ureq::Error::Io(error))) => {
                Err(unreachable(error.to_string(), error.kind() == std::io::ErrorKind::ConnectionRefused))
            }
            Ok(Err(error)) => Err(unreachable(error.to_string(), false)),
            Err(error) => Err(unreachable(error.to_string(), false)),
        }
    }
}

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
