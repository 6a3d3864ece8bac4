//! A conversation as a picture: a sequence diagram in SVG.
//!
//! Time runs downwards, each participant has a lifeline, and each event is an arrow between two lifelines. A single program
//! stands left of the broker; with several programs, the first stands left and the others right. There is less room between
//! the lifelines then, so deliveries are shortened to their number, their `redelivered` flag and their body.
//!
//! With a clock ([`timed`]), the seconds stand in the margin, at the program's end of each arrow.
//!
//! The picture is made for a page: it takes its colours from the page by CSS classes (`hr-program`, `hr-broker`, `hr-lost`,
//! `hr-muted`, `hr-text`, `hr-line`, `hr-box`), and from `currentColor` where the page does not define them. It is 360
//! units wide for two lifelines, and 400 for three, so that its text keeps its size on a telephone. It has no blank line,
//! which would end an HTML block in Markdown. [`alone`] makes one with its own colours, for a file of its own.

use std::{fmt::Write, time::Duration};

use amq_protocol::protocol::{AMQPClass, basic};

use crate::{
    listen::{Event, Peer, What},
    words::{self, Described},
};

/// One program's part of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The program's name above its lifeline, at most thirteen characters.
    pub program: &'a str,
    /// The conversation between the program and the broker, on the time axis that all parts share.
    pub events: &'a [Event],
}

/// The width of a character as a fraction of its size: that of common fixed-width fonts, and a little more.
const CHARACTER: f64 = 0.61;
/// The size of all text, in units.
const SIZE: f64 = 11.0;
/// The distance from one line of text to the next.
const LINE: f64 = 14.0;
/// The distance from each edge of the picture to the nearest lifeline.
const MARGIN: f64 = 46.0;
/// The distance between two lifelines.
const GAP: f64 = 268.0;
/// The distance between lifelines if there are more than two, so that the picture does not get much wider.
const NARROW_GAP: f64 = 154.0;
/// The distance from an arrow to the next row.
const BELOW: f64 = 6.0;
/// The height of the boxes with the names.
const HEAD: f64 = 24.0;

/// Draws the conversation of these programs with one broker.
///
/// `id` begins every id in the picture, so that several pictures can stand in one page; `title` is a sentence about the
/// picture. The conversation itself, in words, becomes the picture's description for people who can't see it.
///
/// ```
/// let picture = wire::sequence::svg("nothing", "Nothing is said.", &[wire::sequence::Part { program: "send", events: &[] }]);
/// assert!(picture.starts_with("<svg ") && picture.contains("Nothing is said."));
/// ```
#[must_use]
pub fn svg(id: &str, title: &str, parts: &[Part<'_>]) -> String {
    draw(id, title, parts, false)
}

/// Draws a conversation like [`svg`], with a clock: from the first delivery on, each arrow has the whole seconds since
/// then.
///
/// Seconds are rounded down: a busy machine makes work longer, and never shorter. So the same work gets the same times, as
/// long as none of it is a whole second late.
///
/// ```
/// let picture = wire::sequence::timed("nothing", "Nothing is said.", &[wire::sequence::Part { program: "send", events: &[] }]);
/// assert!(picture.starts_with("<svg ") && picture.contains("Nothing is said."));
/// ```
#[must_use]
pub fn timed(id: &str, title: &str, parts: &[Part<'_>]) -> String {
    draw(id, title, parts, true)
}

fn draw(id: &str, title: &str, parts: &[Part<'_>], has_clock: bool) -> String {
    let columns = Columns::of(parts.len());
    let mut said: Vec<(usize, Described<'_>)> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        said.extend(words::describe(part.events).into_iter().map(|said| (index, said)));
    }
    said.sort_by_key(|(_, said)| said.event.at); // stable: the events of one program keep their order
    let several = parts.len() > 1;
    if several {
        said.iter_mut().for_each(|(_, said)| shorten(said));
    }
    let mut drawing = Drawing { text: String::new(), y: HEAD + 8.0 };
    let mut spoken = Vec::new();
    let mut clock: Option<Duration> = None;
    for (index, said) in &said {
        let name = parts[*index].program;
        let who = match said.event.from {
            Peer::Program => name.to_owned(),
            Peer::Broker if several => format!("broker to {name}"),
            Peer::Broker => "broker".to_owned(),
        };
        if has_clock && clock.is_none() && is_delivery(&said.event.what) {
            clock = Some(said.event.at);
        }
        let seconds = clock.map(|from| said.event.at.saturating_sub(from).as_secs());
        let after = seconds.map(|seconds| format!(", after {seconds} s")).unwrap_or_default();
        spoken.push(format!("{who}{after}: {}.", said.parts.join(", ")));
        drawing.row(said, columns.program(*index), columns.broker());
        if let Some(seconds) = seconds {
            drawing.time(seconds, columns.program(*index), columns.broker());
        }
    }
    let (width, height) = (columns.width(), drawing.y + 10.0);
    let mut picture = format!(
        "<svg class=\"hr-picture\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"{SIZE}\" text-anchor=\"middle\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
        escape(title),
        escape(&spoken.join(" ")),
    );
    for (index, part) in parts.iter().enumerate() {
        picture.push_str(&life(part.program, columns.program(index), height, "hr-program"));
    }
    picture.push_str(&life("broker", columns.broker(), height, "hr-broker"));
    picture.push_str(&drawing.text);
    picture.push_str("</svg>\n");
    picture
}

/// Shortens a delivery to the parts that differ between deliveries: the rest was shown when the program subscribed.
fn shorten(said: &mut Described<'_>) {
    let What::Method { method: AMQPClass::Basic(basic::AMQPMethod::Deliver(deliver)), content, .. } = &said.event.what
    else {
        return;
    };
    let name = said.parts.first().cloned();
    let again = if deliver.redelivered { " redelivered" } else { "" };
    let number = format!("delivery-tag {}{again}", deliver.delivery_tag);
    let body = said.parts.last().filter(|_| content.is_some()).cloned();
    said.parts = name.into_iter().chain([number]).chain(body).collect();
}

/// The colours of a picture that stands alone, in light and dark mode. The contrast of text to its background is at least
/// 4.5:1.
const STYLE: &str = "<style>\n\
    :root{color-scheme:light dark;color:#1c1e21;background:#fff}\n\
    svg{display:block;width:100%;max-width:720px;margin:0 auto}\n\
    .hr-program{color:#0a56a8}.hr-broker{color:#9a4300}.hr-lost{color:#b0122b}.hr-muted,.hr-line,.hr-box{color:#4f5760}\n\
    @media (prefers-color-scheme:dark){\n\
    :root{color:#d3d7db;background:#16181b}\n\
    .hr-program{color:#7cb7ff}.hr-broker{color:#ffb070}.hr-lost{color:#ff8f98}.hr-muted,.hr-line,.hr-box{color:#a7b0bb}\n\
    }\n\
    </style>\n";

/// Draws a conversation like [`svg`], for a file of its own: the picture contains its colours, for light and dark mode.
///
/// ```
/// let picture = wire::sequence::alone("nothing", "Nothing is said.", &[wire::sequence::Part { program: "send", events: &[] }]);
/// assert!(picture.starts_with("<svg ") && picture.contains("<style>"));
/// ```
#[must_use]
pub fn alone(id: &str, title: &str, parts: &[Part<'_>]) -> String {
    let picture = svg(id, title, parts);
    // The first line is the opening tag.
    match picture.split_once('\n') {
        Some((tag, rest)) => format!("{tag}\n{STYLE}{rest}"),
        None => picture,
    }
}

/// The positions of the lifelines.
struct Columns {
    programs: usize,
    gap: f64,
}

impl Columns {
    fn of(programs: usize) -> Columns {
        Columns { programs, gap: if programs > 1 { NARROW_GAP } else { GAP } }
    }

    fn at(&self, column: usize) -> f64 {
        MARGIN + self.gap * f64::from(u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn program(&self, index: usize) -> f64 {
        self.at(if index == 0 { 0 } else { index + 1 })
    }

    fn broker(&self) -> f64 {
        self.at(1)
    }

    fn width(&self) -> f64 {
        self.at(self.programs.max(1)) + MARGIN
    }
}

/// Draws a lifeline, with a name in a box at its top.
fn life(name: &str, x: f64, height: f64, class: &str) -> String {
    let half = MARGIN - 2.0;
    format!(
        "<line class=\"hr-line\" stroke=\"currentColor\" stroke-dasharray=\"2 3\" x1=\"{x}\" y1=\"{HEAD}\" x2=\"{x}\" y2=\"{height}\"/>\n\
         <rect class=\"hr-box\" fill=\"none\" stroke=\"currentColor\" rx=\"3\" x=\"{}\" y=\"1\" width=\"{}\" height=\"{}\"/>\n\
         <text class=\"{class}\" fill=\"currentColor\" font-weight=\"bold\" x=\"{x}\" y=\"16\">{}</text>\n",
        x - half,
        half * 2.0,
        HEAD - 2.0,
        escape(name),
    )
}

/// The part of the picture below the names, drawn row by row.
struct Drawing {
    text: String,
    /// The start of the next row.
    y: f64,
}

impl Drawing {
    /// Draws one event: words, and an arrow under them.
    fn row(&mut self, said: &Described<'_>, program: f64, broker: f64) {
        let from_program = said.event.from == Peer::Program;
        let who = if from_program { "hr-program" } else { "hr-broker" };
        let class = if is_bad(&said.event.what) { "hr-lost" } else { who };
        let room = (broker - program).abs() - 12.0;
        let middle = f64::midpoint(program, broker);
        for (index, part) in said.parts.iter().enumerate() {
            for line in wrap(part, room) {
                self.y += LINE;
                let (class, weight) = if index == 0 { (class, " font-weight=\"bold\"") } else { ("hr-text", "") };
                let _ = writeln!(
                    self.text,
                    "<text class=\"{class}\" fill=\"currentColor\"{weight} x=\"{middle}\" y=\"{}\">{}</text>",
                    self.y,
                    escape(&line)
                );
            }
        }
        self.y += 7.0;
        let (from, to) = if from_program { (program, broker) } else { (broker, program) };
        match said.event.what {
            What::Ended { .. } => self.end(from, to),
            _ if said.is_handshake() => {
                self.arrow(class, f64::midpoint(from, to), to);
                self.arrow(class, f64::midpoint(from, to), from);
            }
            _ => self.arrow(class, from, to),
        }
        self.y += BELOW;
    }

    /// Writes the time of the event at the program's end of the last arrow.
    fn time(&mut self, seconds: u64, program: f64, broker: f64) {
        let (anchor, x) = if program < broker { ("end", program - 6.0) } else { ("start", program + 6.0) };
        let y = self.y - BELOW + 4.0; // as high as the arrow
        let _ = writeln!(
            self.text,
            "<text class=\"hr-muted\" fill=\"currentColor\" text-anchor=\"{anchor}\" x=\"{x}\" y=\"{y}\">{seconds} s</text>"
        );
    }

    fn arrow(&mut self, class: &str, from: f64, to: f64) {
        let (y, back) = (self.y, if to > from { -7.0 } else { 7.0 });
        let _ = writeln!(
            self.text,
            "<line class=\"{class}\" stroke=\"currentColor\" stroke-width=\"1.5\" x1=\"{from}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\"/>\n\
             <path class=\"{class} hr-arrow\" fill=\"currentColor\" d=\"M{to} {y}l{back} -4v8z\"/>",
            to + back
        );
    }

    /// Draws the end of a connection that was not closed: a line that stops half-way, at a cross.
    fn end(&mut self, from: f64, to: f64) {
        let (y, stop) = (self.y, f64::midpoint(from, to));
        let _ = writeln!(
            self.text,
            "<path class=\"hr-lost\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"4 3\" d=\"M{from} {y}H{stop}\"/>\n\
             <path class=\"hr-lost\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" d=\"M{} {}l8 8m0 -8l-8 8\"/>",
            stop - 4.0,
            y - 4.0
        );
    }
}

fn is_delivery(what: &What) -> bool {
    matches!(what, What::Method { method: AMQPClass::Basic(basic::AMQPMethod::Deliver(_)), .. })
}

/// Returns whether an event is bad: an error, a returned message, a connection that ends without a close.
fn is_bad(what: &What) -> bool {
    match what {
        What::Method { method, .. } => {
            let described = crate::fields::describe(method);
            let code = described.args.iter().find(|(name, _)| *name == "reply-code").map(|(_, code)| code.as_u64());
            code.is_some_and(|code| code != Some(200))
        }
        What::Ended { .. } | What::Unreachable(_) | What::Garbage(_) | What::Strange { .. } => true,
        What::Connected | What::ProtocolHeader(_) | What::Heartbeat => false,
    }
}

/// Breaks text into lines of this width, in units; between words if possible.
fn wrap(text: &str, room: f64) -> Vec<String> {
    // Truncation is intended: a character either fits or it does not.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let columns = (room / (SIZE * CHARACTER)) as usize;
    let options = textwrap::Options::new(columns).word_separator(textwrap::WordSeparator::AsciiSpace);
    textwrap::wrap(text, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect()
}

/// Escapes text for an element or an attribute. Two characters that XML forbids are not escaped by [`words::harmless`];
/// they become the replacement character.
fn escape(text: &str) -> String {
    let text = words::harmless(text).replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
