//! The removal of passwords from a conversation, before it is stored or shown.

use amq_protocol::protocol::connection::{self, AMQPMethod as Connection};

use crate::{Method, fields::HIDDEN, words};

/// Returns the method without its secrets. The name of the account stays.
#[must_use]
pub fn taken_out(method: &Method) -> Method {
    let hidden = || HIDDEN.as_bytes().to_vec();
    let Method::Connection(method) = method else { return method.clone() };
    Method::Connection(match method {
        Connection::StartOk(start_ok) => {
            let user = words::login(start_ok);
            let response = match (user, start_ok.mechanism.as_str()) {
                (Some(user), "PLAIN") => [b"\0".as_slice(), user.as_bytes(), b"\0", &hidden()].concat(),
                (Some(user), "AMQPLAIN") => {
                    let size = u32::try_from(user.len()).unwrap_or(u32::MAX).to_be_bytes();
                    [b"\x05LOGINS".as_slice(), &size, user.as_bytes()].concat()
                }
                _ => hidden(),
            };
            Connection::StartOk(connection::StartOk { response: response.into(), ..start_ok.clone() })
        }
        Connection::SecureOk(_) => Connection::SecureOk(connection::SecureOk { response: hidden().into() }),
        Connection::UpdateSecret(update) => {
            Connection::UpdateSecret(connection::UpdateSecret { new_secret: hidden().into(), ..update.clone() })
        }
        other => other.clone(),
    })
}
