//! The login of a program with an account of its own: `guest` becomes the account, and every other login is refused by the broker.

use bytes::Bytes;
use wire::{
    Frame, Method, Unit,
    frame::{PROTOCOL_HEADER, method},
    protocol::connection::{AMQPMethod, StartOk},
    words,
};

use crate::brokers::confined::Account;

/// The only mechanism that reaches the broker.
const PLAIN: &str = "PLAIN";

/// The result for one unit before the vhost is open.
pub(super) enum Confined {
    /// It passes as it is.
    Unchanged,
    /// The login, which passes in its place.
    Login(Bytes),
    /// It passes, and nothing after it: the broker answers that it speaks another version of AMQP. In some of those, it would
    /// also accept a login.
    Last,
    /// It does not pass, and nothing after it.
    Refused,
}

/// Decides about one unit. `has_login` is set once the login has passed.
pub(super) fn confine(unit: &Unit, account: &Account, has_login: &mut bool) -> Confined {
    let frame = match unit {
        Unit::ProtocolHeader(header) if *header == PROTOCOL_HEADER => return Confined::Unchanged,
        Unit::ProtocolHeader(_) => return Confined::Last,
        Unit::Frame(frame) => frame,
    };
    match frame.parse() {
        Ok(Frame::Method(Method::Connection(AMQPMethod::StartOk(start)))) => {
            *has_login = true;
            Confined::Login(replaced(start, account))
        }
        // Behind the vhost, bytes pass unread.
        Ok(Frame::Method(Method::Connection(AMQPMethod::Open(_)))) if !*has_login => Confined::Refused,
        Ok(_) => Confined::Unchanged,
        Err(_) => Confined::Refused,
    }
}

/// Returns the frame of `connection.start-ok` with the account's login for `guest`, and with a wrong password for any other.
fn replaced(mut start: StartOk, account: &Account) -> Bytes {
    let login = if is_guest(&start) {
        format!("\0{}\0{}", account.user, account.password)
    } else {
        let wrong: String = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        format!("\0{}\0{wrong}", words::login(&start).unwrap_or_default())
    };
    start.mechanism = PLAIN.into();
    start.response = login.into();
    method(0, Method::Connection(AMQPMethod::StartOk(start)))
}

/// Returns whether a program logs in as `guest`, with the right password.
fn is_guest(start: &StartOk) -> bool {
    let Account { user, password } = Account::guest();
    let response = start.response.as_bytes();
    match start.mechanism.as_str() {
        PLAIN => response == format!("\0{user}\0{password}").as_bytes(),
        "AMQPLAIN" => {
            // A field of the table: key length, "PASSWORD", type 'S', length, value.
            let field = [b"\x08PASSWORDS\0\0\0\x05".as_slice(), password.as_bytes()].concat();
            words::login(start).as_deref() == Some(&user) && response.windows(field.len()).any(|it| it == field)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use wire::protocol::{connection, connection::AMQPMethod::Open};

    use super::*;
    use crate::tap::pipe::Rewrite;

    fn account() -> Account {
        Account { user: "learner-1".to_owned(), password: "own".to_owned() }
    }

    fn start_ok(mechanism: &str, response: &str) -> Vec<u8> {
        let start = StartOk {
            mechanism: mechanism.into(),
            response: response.into(),
            locale: "en_US".into(),
            ..StartOk::default()
        };
        method(0, Method::Connection(AMQPMethod::StartOk(start))).to_vec()
    }

    fn open(vhost: &str) -> Vec<u8> {
        method(0, Method::Connection(Open(connection::Open { virtual_host: vhost.into() }))).to_vec()
    }

    /// Passes `bytes` in pieces of `size`. Returns what reaches the broker, and whether the connection then ends.
    fn passed(bytes: &[u8], size: usize) -> (Vec<u8>, bool) {
        let account = account();
        let mut rewrite = Rewrite::new("/", "a vhost", Some(&account));
        let mut through = Vec::new();
        for piece in bytes.chunks(size) {
            through.extend_from_slice(&rewrite.pass(Bytes::copy_from_slice(piece)));
        }
        through.extend_from_slice(&rewrite.rest());
        (through, rewrite.is_refused())
    }

    #[test]
    fn guest_becomes_the_account_in_both_mechanisms_however_the_bytes_are_split() {
        let expected =
            [&PROTOCOL_HEADER[..], &start_ok("PLAIN", "\0learner-1\0own"), &open("a vhost"), b"more"].concat();
        for (mechanism, response) in
            [("PLAIN", "\0guest\0guest"), ("AMQPLAIN", "\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05guest")]
        {
            let asked = [&PROTOCOL_HEADER[..], &start_ok(mechanism, response), &open("/"), b"more"].concat();
            for size in 1..=asked.len() {
                assert_eq!(passed(&asked, size), (expected.clone(), false), "{mechanism} in pieces of {size}");
            }
        }
    }

    #[test]
    fn no_other_login_reaches_the_broker_with_its_password() {
        for (mechanism, response) in [
            ("PLAIN", "\0admin\0secret"),
            ("PLAIN", "guest\0guest\0secret"),
            ("AMQPLAIN", "\x05LOGINS\0\0\0\x05admin\x08PASSWORDS\0\0\0\x06secret"),
            ("EXTERNAL", "secret"),
            ("RABBIT-CR-DEMO", "guest secret"),
        ] {
            let (through, _) = passed(&[&PROTOCOL_HEADER[..], &start_ok(mechanism, response)].concat(), 4096);
            let text = String::from_utf8_lossy(&through);
            assert!(text.contains("PLAIN") && !text.contains("AMQPLAIN"), "{mechanism}: {text:?}");
            assert!(!text.contains("secret") && !text.contains("own"), "{mechanism}: {text:?}");
        }
    }

    #[test]
    fn another_protocol_is_answered_and_goes_no_further() {
        let sasl = [b"AMQP\x03\x01\0\0".as_slice(), b"\0\0\0\x20\x02\x01\0\0 a login of AMQP 1.0"].concat();
        for size in 1..=sasl.len() {
            assert_eq!(passed(&sasl, size), (sasl[..8].to_vec(), true), "in pieces of {size}");
        }
    }

    #[test]
    fn nothing_passes_that_is_not_understood_before_the_vhost_is_open() {
        let login = start_ok("PLAIN", "\0guest\0guest");
        // A method that does not exist; the vhost before the login; bytes that are no frames; half a frame.
        let unknown = [1, 0, 0, 0, 0, 0, 4, 0, 10, 0, 99, wire::frame::END].to_vec();
        for rest in
            [[unknown, login.clone()].concat(), [open("/"), login.clone()].concat(), b"GET / HTTP/1.1\r\n\r\n".to_vec()]
        {
            let (through, is_refused) = passed(&[&PROTOCOL_HEADER[..], &rest].concat(), 4096);
            assert_eq!((through.as_slice(), is_refused), (&PROTOCOL_HEADER[..], true), "{rest:?}");
        }
        let half = [&PROTOCOL_HEADER[..], &login[..login.len() - 1]].concat();
        assert_eq!(passed(&half, 7), (PROTOCOL_HEADER.to_vec(), false));
    }
}
