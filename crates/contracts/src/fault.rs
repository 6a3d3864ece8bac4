//! A fault: what is wrong with a program, as data. The words for it are in the catalogue.

use recording::ProgramRun;

use crate::{
    transcript::{Close, MethodEvent, Transcript},
    translate::{self, Translation},
};

/// What is wrong with a program. It has no sentence in it: [`catalogue::words`](crate::catalogue::words) has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What it is called, for ever: `publish.several`.
    pub code: &'static str,
    /// What stands in the places of the words' placeholders.
    pub params: Params,
    /// The run that it was seen in, by its place in the recording; None stands for the first.
    pub run: Option<usize>,
    /// What was seen: lines of the conversation, of the output.
    pub evidence: Vec<Shown>,
    /// What the broker or a library said about it.
    pub cause: Option<Box<Translation>>,
    /// More sentences, each behind the message or behind the hint.
    pub more: Vec<(Behind, Phrase)>,
}

/// A line of what was seen, or an event of the conversation, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// As a report has it; empty for an event of which other lines say more than its own would.
    text: String,
    /// The event, by [`wire::Event::order`].
    event: Option<u64>,
}

/// Where a sentence stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Behind the message.
    Message,
    /// Behind the hint.
    Hint,
}

/// Values by the names of their placeholders.
pub type Params = Vec<(&'static str, Param)>;

/// The value of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// A name, a number, a piece of what was seen.
    Text(String),
    /// One of several phrases of the catalogue.
    Phrase(Box<Phrase>),
}

/// A part of a sentence, or a sentence, that several faults have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// As in `ack.limit-reached`.
    pub code: &'static str,
    /// What stands in the places of its placeholders.
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

    /// What was seen, in place of what was there before.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Fault {
        self.evidence = vec![Shown { text: evidence.into(), event: None }];
        self
    }

    /// One more line of what was seen.
    #[must_use]
    pub fn line(mut self, line: impl Into<String>) -> Fault {
        self.evidence.push(Shown { text: line.into(), event: None });
        self
    }

    /// One more method of the conversation that shows it.
    #[must_use]
    pub fn at(mut self, said: &MethodEvent<'_>) -> Fault {
        self.evidence.push(Shown { text: said.line(), event: Some(said.order) });
        self
    }

    /// Several methods of the conversation that show it.
    #[must_use]
    pub fn all<'a>(self, said: impl IntoIterator<Item = MethodEvent<'a>>) -> Fault {
        said.into_iter().fold(self, |fault, said| fault.at(&said))
    }

    /// A method of the conversation that shows it, of which the lines say more than its own would.
    #[must_use]
    pub fn about(mut self, said: &MethodEvent<'_>) -> Fault {
        self.evidence.push(Shown { text: String::new(), event: Some(said.order) });
        self
    }

    /// The lines of what was seen.
    #[must_use]
    pub fn lines(&self) -> String {
        let lines = self.evidence.iter().map(|shown| shown.text.as_str()).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The events that show it, by [`wire::Event::order`].
    #[must_use]
    pub fn events(&self) -> Vec<u64> {
        self.evidence.iter().filter_map(|shown| shown.event).collect()
    }

    /// The run that it was seen in, unless it is known already.
    #[must_use]
    pub fn of_run(mut self, run: &ProgramRun) -> Fault {
        self.run = self.run.or(Some(run.index));
        self
    }

    /// What the broker or a library said about it: its words come behind the message, and its remedy is the hint.
    #[must_use]
    pub fn because(mut self, cause: Option<Translation>) -> Fault {
        self.cause = cause.map(Box::new);
        self
    }

    /// Another value in the place of a placeholder.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Param>) -> Fault {
        if let Some((_, before)) = self.params.iter_mut().find(|(other, _)| *other == name) {
            *before = value.into();
        }
        self
    }

    /// A sentence behind the message.
    #[must_use]
    pub fn and(mut self, phrase: Phrase) -> Fault {
        self.more.push((Behind::Message, phrase));
        self
    }

    /// A sentence behind the hint.
    #[must_use]
    pub fn and_hint(mut self, phrase: Phrase) -> Fault {
        self.more.push((Behind::Hint, phrase));
        self
    }
}

impl Close<'_> {
    /// The fault that led to this refusal, with what the broker means by it. It shows what was refused. The fault's own hint is
    /// for a reply that the catalogue does not know.
    #[must_use]
    pub fn fault(&self, transcript: Transcript<'_>, fault: Fault) -> Fault {
        self.show_in(transcript, fault.because(translate::reply(self.code, self.text)))
    }

    /// The fault with what was refused, and the refusal.
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

/// A function for each entry of the catalogue.
pub(crate) mod faults {
    use super::{Fault, Param, Phrase};

    include!(concat!(env!("OUT_DIR"), "/faults.rs"));
}
