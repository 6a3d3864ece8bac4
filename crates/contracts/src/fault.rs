//! A fault: what is wrong with a program, as data. The words for it are in the catalogue.

use recording::ProgramRun;
use wire::protocol::queue;

use crate::{
    transcript::{Close, MethodEvent, Transcript},
    translate::{self, Translation},
};

/// A fault of a program, without sentences: [`catalogue::words`](crate::catalogue::words) has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The permanent code: `publish.several`.
    pub code: &'static str,
    /// The values of the placeholders in its words.
    pub params: Params,
    /// The run with the fault, by its index in the recording; None means the first.
    pub run: Option<usize>,
    /// The evidence: lines of the conversation and of the output.
    pub evidence: Vec<Shown>,
    /// The translated error of the broker or of a library.
    pub cause: Option<Box<Translation>>,
    /// More sentences, each after the message or after the hint.
    pub more: Vec<(Behind, Phrase)>,
}

/// A piece of evidence: a line, an event of the conversation, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The line in a report; empty for an event that other lines show better.
    text: String,
    /// The event, by [`wire::Event::order`].
    event: Option<u64>,
}

/// The position of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// After the message.
    Message,
    /// After the hint.
    Hint,
}

/// Values, by the names of their placeholders.
pub type Params = Vec<(&'static str, Param)>;

/// The value of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// A name, a number, a piece of evidence.
    Text(String),
    /// One of several phrases of the catalogue.
    Phrase(Box<Phrase>),
}

/// A sentence, or a part of one, that several faults share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The code, such as `ack.limit-reached`.
    pub code: &'static str,
    /// The values of its placeholders.
    pub params: Params,
}

impl Phrase {
    pub(crate) fn of(code: &'static str, params: Params) -> Phrase {
        Phrase { code, params }
    }
}

impl Fault {
    pub(crate) fn of(code: &'static str, params: Params) -> Fault {
        Fault { code, params, ..Fault::default() }
    }

    /// Replaces the evidence.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Fault {
        self.evidence = vec![Shown { text: evidence.into(), event: None }];
        self
    }

    /// Adds a line of evidence.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Fault {
        self.evidence.push(Shown { text: line.into(), event: None });
        self
    }

    /// Adds a method of the conversation to the evidence.
    #[must_use]
    pub fn at(mut self, said: &MethodEvent<'_>) -> Fault {
        self.evidence.push(Shown { text: said.line(), event: Some(said.order) });
        self
    }

    /// Adds several methods of the conversation to the evidence.
    #[must_use]
    pub fn all<'a>(self, said: impl IntoIterator<Item = MethodEvent<'a>>) -> Fault {
        said.into_iter().fold(self, |fault, said| fault.at(&said))
    }

    /// Adds a method of the conversation to the evidence, without a line of its own: the other lines show more.
    #[must_use]
    pub fn about(mut self, said: &MethodEvent<'_>) -> Fault {
        self.evidence.push(Shown { text: String::new(), event: Some(said.order) });
        self
    }

    /// Returns the lines of evidence.
    #[must_use]
    pub fn lines(&self) -> String {
        let lines = self.evidence.iter().map(|shown| shown.text.as_str()).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Returns the events of the evidence, by [`wire::Event::order`].
    #[must_use]
    pub fn events(&self) -> Vec<u64> {
        self.evidence.iter().filter_map(|shown| shown.event).collect()
    }

    /// Sets the run with the fault, unless it is set already.
    #[must_use]
    pub fn of_run(mut self, run: &ProgramRun) -> Fault {
        self.run = self.run.or(Some(run.index));
        self
    }

    /// Adds an error of the broker or of a library: its cause comes after the message, and its remedy becomes the hint.
    #[must_use]
    pub fn because(mut self, cause: Option<Translation>) -> Fault {
        self.cause = cause.map(Box::new);
        self
    }

    /// Replaces the value of a placeholder.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Param>) -> Fault {
        if let Some((_, before)) = self.params.iter_mut().find(|(other, _)| *other == name) {
            *before = value.into();
        }
        self
    }

    /// Adds a sentence after the message.
    #[must_use]
    pub fn and(mut self, phrase: Phrase) -> Fault {
        self.more.push((Behind::Message, phrase));
        self
    }

    /// Adds a sentence after the hint.
    #[must_use]
    pub fn and_hint(mut self, phrase: Phrase) -> Fault {
        self.more.push((Behind::Hint, phrase));
        self
    }
}

impl Close<'_> {
    /// Returns the fault behind this refusal, with the refused method and the broker's meaning. The fault's own hint is for a
    /// reply that the catalogue does not know.
    #[must_use]
    pub fn fault(&self, transcript: Transcript<'_>, fault: Fault) -> Fault {
        if let Some(declared) = self.exclusive_elsewhere(transcript) {
            return self.show_in(transcript, faults::own_queue::other_connection().at(&declared));
        }
        self.show_in(transcript, fault.because(translate::reply(self.code, self.text)))
    }

    /// Returns the program's declaration of the locked queue, if it made the queue exclusive on another connection of its own.
    fn exclusive_elsewhere<'a>(&self, transcript: Transcript<'a>) -> Option<MethodEvent<'a>> {
        const RESOURCE_LOCKED: u16 = 405;
        let is_it = |(said, declare): &(MethodEvent<'a>, &'a queue::Declare)| {
            let name = transcript.declared_name(said, declare);
            let is_named = !name.is_empty() && self.text.contains(&format!("'{name}'"));
            declare.exclusive && is_named && said.connection != self.said.connection
        };
        let found = transcript.declares().find(is_it).filter(|_| self.code == RESOURCE_LOCKED)?;
        Some(found.0)
    }

    /// Returns the fault with the refused method and the refusal as evidence.
    #[must_use]
    pub fn show_in(&self, transcript: Transcript<'_>, fault: Fault) -> Fault {
        fault.all(transcript.refused(self)).at(&self.said)
    }
}

impl From<Phrase> for Param {
    fn from(phrase: Phrase) -> Param {
        Param::Phrase(Box::new(phrase))
    }
}

macro_rules! text_params {
    ($( $type:ty ),*) => { $( impl From<$type> for Param {
        fn from(value: $type) -> Param {
            Param::Text(value.to_string())
        }
    } )* };
}

text_params!(
    String,
    &String,
    &str,
    char,
    i32,
    u8,
    u16,
    u32,
    u64,
    usize,
    std::borrow::Cow<'_, str>,
    std::path::Display<'_>
);

/// The functions that return faults and phrases, one for each entry of the catalogue.
pub(crate) mod faults {
    use super::{Fault, Param, Phrase};

    include!(concat!(env!("OUT_DIR"), "/faults.rs"));
}
