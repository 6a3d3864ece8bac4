//! All conversations, by theme.

use crate::stage::Stage;

macro_rules! themes {
    ($( $theme:ident ),* $(,)?) => {
        $( mod $theme; )*

        /// Every conversation there is.
        pub fn all() -> Vec<Conversation> {
            let mut all = Vec::new();
            $( all.extend($theme::ALL.iter().map(|&(name, play)| Conversation { theme: stringify!($theme), name, play })); )*
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

themes!(
    accounts, channels, confirming, consuming, dying, exchanges, getting, handshake, programs, publishing, queues,
    quorum, replying,
);

/// One conversation.
#[derive(Clone, Copy)]
pub struct Conversation {
    /// Its theme: the file that it is in.
    pub theme: &'static str,
    /// The name of its function.
    pub name: &'static str,
    /// Plays it.
    pub play: fn(&mut Stage),
}

impl Conversation {
    /// `theme::name`.
    pub fn name(&self) -> String {
        format!("{}::{}", self.theme, self.name)
    }
}
