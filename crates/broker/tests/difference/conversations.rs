//! All conversations, by theme.

use crate::stage::Stage;

macro_rules! themes {
    ($( $theme:ident: $( $file:ident )* ; )*) => {
        $( $( mod $file; )* )*

        /// Every conversation there is.
        pub fn all() -> Vec<Conversation> {
            let mut all = Vec::new();
            $( $( all.extend($file::ALL.iter().map(|&(name, play)| Conversation { theme: stringify!($theme), name, play })); )* )*
            all
        }
    };
}

/// A list of conversations, each by the name of its function.
macro_rules! conversations {
    ($( $name:ident ),* $(,)?) => {
        /// The conversations of this theme.
        pub const ALL: &[(&str, fn(&mut crate::stage::Stage))] = &[ $( (stringify!($name), $name) ),* ];
    };
}

// A theme, and the files that its conversations are in.
themes! {
    accounts: accounts;
    channels: channels contents;
    confirming: confirming;
    consuming: consuming;
    dying: dying;
    exchanges: exchanges routing;
    getting: getting;
    handshake: handshake connections;
    programs: programs;
    publishing: publishing;
    queues: queues queue_arguments queue_uses;
    quorum: quorum;
    replying: replying;
}

/// One conversation.
#[derive(Clone, Copy)]
pub struct Conversation {
    /// What it is about.
    pub theme: &'static str,
    /// The name of its function.
    pub name: &'static str,
    /// Plays it.
    pub play: fn(&mut Stage),
}

impl Conversation {
    /// Whether it is worth playing where transient queues are denied: it is about declaring queues, or it declares none that is
    /// transient. All others end at their first declaration there.
    pub fn is_about_declaring(&self) -> bool {
        ["programs", "queues", "quorum"].contains(&self.theme)
    }

    /// `theme::name`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.theme, self.name)
    }
}
