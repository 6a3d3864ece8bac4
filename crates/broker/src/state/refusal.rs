//! Refusals: a reply code and a reply text.
//!
//! A code belongs either to the channel, which it closes, or to the whole connection (AMQP 0-9-1, section 4.6 and the
//! constants in section 1.2 of the reference: "soft" and "hard" errors). The texts are RabbitMQ's.

use std::fmt::Display;

use wire::types::ShortString;

/// The refusal of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reply code.
    pub code: Code,
    /// The reply text after the code's name: `no queue 'hello' in vhost '/'`.
    pub why: String,
}

/// The result of a method handler.
pub type Done<T = ()> = Result<T, Refusal>;

/// The target that a refusal closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The channel of the method.
    Channel,
    /// The whole connection.
    Connection,
}

macro_rules! codes {
    ($( $(#[$doc:meta])* $code:ident $number:literal $name:literal $scope:ident $make:ident )*) => {
        /// The reply codes of AMQP 0-9-1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $( $(#[$doc])* $code, )* }

        impl Code {
            /// Returns the number, such as 404.
            #[must_use]
            pub fn number(self) -> u16 {
                match self { $( Code::$code => $number, )* }
            }

            /// Returns the name, such as `NOT_FOUND`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Code::$code => $name, )* }
            }

            /// Returns the target that the code closes.
            #[must_use]
            pub fn scope(self) -> Scope {
                match self { $( Code::$code => Scope::$scope, )* }
            }
        }

        impl Refusal {
            $( $(#[$doc])* pub(crate) fn $make(why: impl Into<String>) -> Refusal {
                Refusal { code: Code::$code, why: why.into() }
            } )*
        }
    };
}

codes! {
    /// An operator closed the connection.
    ConnectionForced 320 "CONNECTION_FORCED" Connection connection_forced
    /// The user lacks the permission.
    AccessRefused 403 "ACCESS_REFUSED" Channel access_refused
    /// The queue, exchange or other object does not exist.
    NotFound 404 "NOT_FOUND" Channel not_found
    /// The queue belongs exclusively to another connection.
    ResourceLocked 405 "RESOURCE_LOCKED" Channel resource_locked
    /// The object exists, but differs from the request.
    PreconditionFailed 406 "PRECONDITION_FAILED" Channel precondition_failed
    /// A frame that can't be read.
    FrameError 501 "FRAME_ERROR" Connection frame_error
    /// A method with an invalid value.
    CommandInvalid 503 "COMMAND_INVALID" Connection command_invalid
    /// A method on a channel that is not open.
    ChannelError 504 "CHANNEL_ERROR" Connection channel_error
    /// A frame that is not allowed in this place.
    UnexpectedFrame 505 "UNEXPECTED_FRAME" Connection unexpected_frame
    /// The broker has no room.
    ResourceError 506 "RESOURCE_ERROR" Connection resource_error
    /// The broker itself failed.
    InternalError 541 "INTERNAL_ERROR" Connection internal_error_because
    /// The request violates a rule or a limit.
    NotAllowed 530 "NOT_ALLOWED" Connection not_allowed
    /// The protocol has this feature, but the broker does not.
    NotImplemented 540 "NOT_IMPLEMENTED" Connection not_implemented
}

impl Refusal {
    /// Returns the whole reply text: `NOT_FOUND - no queue 'hello' in vhost '/'`. A short string has room for 255 bytes;
    /// longer texts end in three dots, as RabbitMQ's do.
    #[must_use]
    pub fn text(&self) -> ShortString {
        let mut text = match self.why.as_str() {
            "" => self.code.name().to_owned(),
            why => format!("{} - {why}", self.code.name()),
        };
        if text.len() > 255 {
            let end = (0..=252).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
            text.truncate(end);
            text.push_str("...");
        }
        ShortString::try_new(text).unwrap_or_default()
    }

    /// Returns the error of a crashed part of RabbitMQ, which has no text.
    pub(crate) fn internal_error() -> Refusal {
        Refusal::internal_error_because("")
    }

    pub(crate) fn no_such(kind: &str, name: impl Display, vhost: &str) -> Refusal {
        Refusal::not_found(format!("no {}", named(kind, name, vhost)))
    }

    pub(crate) fn locked(queue: impl Display, vhost: &str) -> Refusal {
        Refusal::resource_locked(format!(
            "cannot obtain exclusive access to locked {}. It could be originally declared on another connection or the exclusive property value does not match that of the original declaration.",
            named("queue", queue, vhost)
        ))
    }

    /// Returns the refusal of a deprecated feature, in RabbitMQ's words, which are longer than a reply text.
    pub(crate) fn deprecated(feature: &str) -> Refusal {
        Refusal::internal_error_because(format!(
            "Feature `{feature}` is deprecated.\nBy default, this feature is not permitted anymore.\nThe feature will be removed from a future major RabbitMQ version, regardless of the configuration; actual version to be determined.\nTo continue using this feature when it is not permitted by default, set the following parameter in your configuration:\n    \"deprecated_features.permit.{feature} = true\""
        ))
    }

    /// Returns the refusal of a declaration that differs from the existing object in one property or argument.
    pub(crate) fn inequivalent(argument: &str, of: &str, received: impl Display, current: impl Display) -> Refusal {
        Refusal::precondition_failed(format!(
            "inequivalent arg '{argument}' for {of}: received {received} but current is {current}"
        ))
    }
}

/// Returns a name with its kind and vhost: `queue 'hello' in vhost '/'`.
pub(crate) fn named(kind: &str, name: impl Display, vhost: &str) -> String {
    format!("{kind} '{name}' in vhost '{vhost}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_ends_in_dots_and_is_never_cut_inside_a_letter() {
        for letter in ["x", "é", "🐇"] {
            let text = Refusal::not_found(letter.repeat(300)).text();
            assert!(text.as_str().len() <= 255 && text.as_str().ends_with("..."), "{text}");
        }
        assert_eq!(Refusal::no_such("queue", "q", "/").text().as_str(), "NOT_FOUND - no queue 'q' in vhost '/'");
    }
}
