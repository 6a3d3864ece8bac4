//! All conversations, by theme.

use crate::stage::Stage;

macro_rules! themes {
    ($( $theme:ident: $( $file:ident )* ; )*) => {
        $( $( mod $file; )* )*

        /// Returns all conversations.
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

// Each theme, and the files with its conversations.
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
    /// Its theme.
    pub theme: &'static str,
    /// The name of its function.
    pub name: &'static str,
    /// The function itself.
    pub play: fn(&mut Stage),
}

impl Conversation {
    /// Returns whether it is worth playing at a broker that denies transient queues: it is about declaring queues, or it
    /// declares no transient one. All others end at their first declaration there.
    pub fn is_about_declaring(&self) -> bool {
        ["programs", "queues", "quorum"].contains(&self.theme)
    }

    /// Returns its name: `theme::name`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.theme, self.name)
    }
}
