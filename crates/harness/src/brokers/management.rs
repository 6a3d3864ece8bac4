//! The part of RabbitMQ's management API that a check needs: making and deleting vhosts.

use std::{fmt, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, interval, timeout_at};

/// The time for which a deletion is tried again, and the time between two attempts.
const DELETE_TIMEOUT: Duration = Duration::from_secs(10);
const DELETE_INTERVAL: Duration = Duration::from_millis(250);

/// The time limit of one request.
#[cfg(feature = "management")]
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

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
    /// None for a vhost that is being deleted: RabbitMQ then lists only its metadata.
    name: Option<String>,
}

/// An error of the management API.
#[derive(Debug)]
pub enum ManagementError {
    /// The API can't be reached, or the server is not a management API.
    Unreachable {
        /// The API's address.
        url: String,
        /// The client's error.
        why: String,
        /// Set when nothing listens there: the broker is gone.
        gone: bool,
    },
    /// The API refused the request.
    Refused {
        /// The API's address.
        url: String,
        /// The request, in words.
        what: String,
        /// The HTTP status.
        status: u16,
    },
}

impl std::error::Error for ManagementError {}

impl fmt::Display for ManagementError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManagementError::Unreachable { url, why, .. } => {
                write!(to, "the management API at {url} doesn't answer: {why}")
            }
            ManagementError::Refused { url, what, status } => {
                write!(to, "the management API at {url} refused to {what}: HTTP {status}")
            }
        }
    }
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

    /// Returns the names of all vhosts, without those that are being deleted.
    ///
    /// # Errors
    ///
    /// When it doesn't answer, or the user is not an administrator.
    pub async fn vhosts(&self) -> Result<Vec<String>, ManagementError> {
        let answer = self.request("GET", "/api/vhosts", "list vhosts").await?;
        names(&answer).map_err(|error| ManagementError::Unreachable {
            url: self.url.clone(),
            why: error.to_string(),
            gone: false,
        })
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

    /// Deletes a vhost. It counts as deleted if it does not exist, or if its broker is gone. A busy RabbitMQ may answer with an
    /// error of its own (500) while it deletes the vhost, so the request is repeated for ten seconds.
    ///
    /// # Errors
    ///
    /// When the API refuses.
    pub async fn delete_vhost(&self, name: &str) -> Result<(), ManagementError> {
        let deadline = Instant::now() + DELETE_TIMEOUT;
        let mut again = interval(DELETE_INTERVAL);
        again.tick().await;
        loop {
            match self.request("DELETE", &format!("/api/vhosts/{}", encode(name)), "delete a vhost").await {
                Err(ManagementError::Refused { status: 404, .. } | ManagementError::Unreachable { gone: true, .. }) => {
                    return Ok(());
                }
                Err(ManagementError::Refused { status: 500.., .. })
                    if timeout_at(deadline, again.tick()).await.is_ok() => {}
                other => return other.map(drop),
            }
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
    pub(crate) async fn call(
        &self,
        method: &'static str,
        path: &str,
        body: Option<String>,
        reason: Option<&str>,
        what: &str,
    ) -> Result<String, ManagementError> {
        let login = BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password));
        let request = Request {
            method,
            url: format!("{}{path}", self.url),
            authorization: format!("Basic {login}"),
            reason: reason.map(str::to_owned),
            body: body.unwrap_or_default(),
        };
        let unreachable = |why: String, gone| ManagementError::Unreachable { url: self.url.clone(), why, gone };
        match tokio::task::spawn_blocking(move || send(request)).await {
            Ok(Ok((200..=299, answer))) => Ok(answer),
            Ok(Ok((status, _))) => {
                Err(ManagementError::Refused { url: self.url.clone(), what: what.to_owned(), status })
            }
            Ok(Err(NoAnswer { why, gone })) => Err(unreachable(why, gone)),
            Err(error) => Err(unreachable(error.to_string(), false)),
        }
    }
}

/// One call, ready to be sent.
#[cfg_attr(not(feature = "management"), expect(dead_code, reason = "nothing is sent without a client"))]
struct Request {
    method: &'static str,
    url: String,
    authorization: String,
    /// The header `x-reason`, with which RabbitMQ closes a connection.
    reason: Option<String>,
    body: String,
}

/// The reason why a call got no answer.
struct NoAnswer {
    why: String,
    /// Set when nothing listens there.
    gone: bool,
}

/// Sends a call, and returns the HTTP status and the body of the answer.
#[cfg(feature = "management")]
fn send(request: Request) -> Result<(u16, String), NoAnswer> {
    let agent = ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).http_status_as_error(false);
    let agent = ureq::Agent::new_with_config(agent.proxy(None).build());
    let mut call = ureq::http::Request::builder()
        .method(request.method)
        .uri(request.url)
        .header("authorization", request.authorization)
        .header("content-type", "application/json");
    if let Some(reason) = request.reason {
        call = call.header("x-reason", reason);
    }
    let answer = || {
        let mut response = agent.run(call.body(request.body)?)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    };
    answer().map_err(|error: ureq::Error| NoAnswer {
        gone: matches!(&error, ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused),
        why: error.to_string(),
    })
}

/// A checker without the client hands its work over before it gets here: see [`Needs`](super::Needs).
#[cfg(not(feature = "management"))]
fn send(_: Request) -> Result<(u16, String), NoAnswer> {
    Err(NoAnswer { why: "this checker was compiled without a client for it".to_owned(), gone: false })
}

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Returns the names in the API's list of vhosts.
fn names(answer: &str) -> serde_json::Result<Vec<String>> {
    let vhosts: Vec<Vhost> = serde_json::from_str(answer)?;
    Ok(vhosts.into_iter().filter_map(|vhost| vhost.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vhost_that_is_being_deleted_is_left_out() {
        let answer = r#"[{"name":"/"},{"metadata":{"description":"","tags":[]}},{"name":"mine"}]"#;
        assert_eq!(names(answer).unwrap(), ["/", "mine"]);
        assert!(names("<html>").is_err());
    }

    /// Returns an API that gives these answers, one after the other, and then no more.
    #[cfg(feature = "management")]
    async fn answering(statuses: &'static [&'static str]) -> Management {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for status in statuses {
                let (mut socket, _) = listener.accept().await.unwrap();
                let _ = socket.read(&mut [0; 4096]).await.unwrap();
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                socket.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Management { url, user: "guest".to_owned(), password: "guest".to_owned() }
    }

    #[cfg(feature = "management")]
    #[tokio::test]
    async fn a_busy_broker_is_asked_again_to_delete_a_vhost() {
        for answers in [&["500 Oops", "503 Busy", "204 No Content"][..], &["500 Oops", "404 Not Found"], &["204 Done"]]
        {
            answering(answers).await.delete_vhost("mine").await.unwrap();
        }
        let refused = answering(&["401 Unauthorized"]).await.delete_vhost("mine").await;
        assert!(matches!(refused, Err(ManagementError::Refused { status: 401, .. })), "{refused:?}");
    }
}
