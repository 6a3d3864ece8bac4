//! The address of a broker: `amqp://user:password@host:port/vhost`.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use wire::uri::{AMQPScheme, AMQPUri};

/// A broker's host and port, the login, and the vhost. Display leaves out the password.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// The port for AMQP.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
    /// The vhost.
    pub vhost: String,
}

impl Address {
    /// Returns the address of `guest` on a port of 127.0.0.1.
    #[must_use]
    pub fn loopback(port: u16) -> Address {
        Address {
            host: "127.0.0.1".to_owned(),
            port,
            user: "guest".to_owned(),
            password: "guest".to_owned(),
            vhost: "/".to_owned(),
        }
    }

    /// Parses an address as AMQP clients do: the defaults are `guest:guest`, 5672 and `/`.
    ///
    /// # Errors
    ///
    /// A sentence about the problem.
    pub fn parse(url: &str) -> Result<Address, String> {
        let uri: AMQPUri = url.parse().map_err(|problem: String| format!("{problem}, in the broker's address"))?;
        if uri.scheme == AMQPScheme::AMQPS {
            return Err("amqps:// is not supported, because the checker reads the traffic".to_owned());
        }
        Ok(Address {
            host: uri.authority.host,
            port: uri.authority.port,
            user: uri.authority.userinfo.username,
            password: uri.authority.userinfo.password,
            vhost: uri.vhost,
        })
    }

    /// Returns the address of another vhost on the same broker.
    #[must_use]
    pub fn in_vhost(&self, vhost: &str) -> Address {
        Address { vhost: vhost.to_owned(), ..self.clone() }
    }

    /// Returns the URL with the password: for a client, never for display. It leaves out the vhost `/`, because all clients
    /// understand that.
    #[must_use]
    pub fn url(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let login = match (self.user.as_str(), self.password.as_str()) {
            ("guest", "guest") => String::new(),
            (user, password) => format!("{}:{}@", encode(user), encode(password)),
        };
        let vhost = if self.vhost == "/" { String::new() } else { format!("/{}", encode(&self.vhost)) };
        format!("amqp://{login}{}{vhost}", self.host_and_port())
    }

    /// Returns `host:port`, for sockets.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "amqp://{}@{}", self.user, self.host_and_port())?;
        if self.vhost == "/" { Ok(()) } else { write!(f, "/{}", self.vhost) }
    }
}

/// Returns a text with `(hidden)` in place of each password in an address.
#[must_use]
pub fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str("://");
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '\'' | '"');
        let authority = &part[..part.find(ends).unwrap_or(part.len())];
        let login = authority.rfind('@').and_then(|at| Some((authority[..at].find(':')?, at)));
        match login {
            Some((colon, at)) => shown.extend([&part[..=colon], "(hidden)", &part[at..]]),
            None => shown.push_str(part),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_an_address_stands() {
        for (text, shown) in [
            ("python3 send.py", "python3 send.py"),
            ("env A=amqp://ann:s3:cr@t@host:1/v 'x'", "env A=amqp://ann:(hidden)@host:1/v 'x'"),
            ("a amqp://host:5672 me@home.example", "a amqp://host:5672 me@home.example"),
            ("'amqp://a:b@c' \"amqps://d:e@f\"", "'amqp://a:(hidden)@c' \"amqps://d:(hidden)@f\""),
            ("amqp://ann@host", "amqp://ann@host"),
        ] {
            assert_eq!(without_passwords(text), shown);
        }
    }

    #[test]
    fn what_is_left_out_is_the_default() {
        assert_eq!(
            Address::parse("amqp://localhost").unwrap(),
            Address { host: "localhost".into(), ..Address::loopback(5672) }
        );
        assert_eq!(Address::loopback(5673).url(), "amqp://127.0.0.1:5673");
    }

    #[test]
    fn an_address_survives_being_written_and_read() {
        let address = Address {
            host: "broker.example".into(),
            port: 5673,
            user: "ann".into(),
            password: "a/b:c@d %".into(),
            vhost: "my vhost/1".into(),
        };
        assert_eq!(Address::parse(&address.url()).unwrap(), address);
        assert_eq!(address.to_string(), "amqp://ann@broker.example:5673/my vhost/1");
    }

    #[test]
    fn a_wrong_address_is_a_sentence() {
        for wrong in ["localhost", "http://localhost", "amqps://localhost", "amqp://host:port"] {
            let problem = Address::parse(wrong);
            assert!(problem.is_err(), "{wrong} was taken: {problem:?}");
        }
    }
}
