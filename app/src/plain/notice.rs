//! What was just done to a gauge, a dashboard or a wall, and the way back.

use crate::components::banner::{Banner, Mood};
use leptos::prelude::*;

/// Something that was done to a gauge, a dashboard or a wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was made or changed.
    Saved,
    /// It was removed.
    Removed,
    /// It was brought back.
    Restored,
    /// It was made what ships.
    Reset,
    /// The last change was taken back.
    Undone,
}

/// Deeds by the word that addresses have for them, and as they are said.
const DEEDS: [(Deed, &str, &str); 5] = [
    (Deed::Saved, "saved", "is saved"),
    (Deed::Removed, "removed", "is removed"),
    (Deed::Restored, "restored", "is back"),
    (Deed::Reset, "reset", "is as it ships again"),
    (Deed::Undone, "undone", "is as it was before"),
];

impl Deed {
    /// The deed of that word.
    pub fn named(word: &str) -> Option<Deed> {
        DEEDS.iter().find(|(_, known, _)| *known == word).map(|(deed, _, _)| *deed)
    }

    /// Its word in addresses.
    pub fn word(self) -> &'static str {
        self.look().0
    }

    fn look(self) -> (&'static str, &'static str) {
        DEEDS.iter().find(|(deed, _, _)| *deed == self).map_or(("", ""), |(_, word, said)| (word, said))
    }
}

/// What was just done, to which gauge, dashboard or wall: the part of an address after `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What.
    pub deed: Deed,
    /// Its name in addresses.
    pub id: String,
    /// The version that it has since; 0 where that cannot be taken back.
    pub version: i64,
}

impl Done {
    /// As the part of an address after the path.
    pub fn query(&self) -> String {
        let version = if self.version == 0 { String::new() } else { format!("&version={}", self.version) };
        format!("?done={}&id={}{version}", self.deed.word(), self.id)
    }
}

/// Says what was done, with a button that takes it back. `base` is `/gauges`, `/dashboards` or `/walls`; `version` is
/// what it has now, and there is nothing to take back when it was changed again since.
pub fn notice(done: &Done, base: &str, version: i64, title: &str) -> AnyView {
    let back = match done.deed {
        Deed::Removed => Some(("restore", "Undo")),
        Deed::Saved | Deed::Reset if done.version == version => Some(("undo", "Undo")),
        Deed::Undone if done.version == version => Some(("undo", "Redo")),
        Deed::Saved | Deed::Reset | Deed::Undone | Deed::Restored => None,
    };
    let button = back.map(|(action, label)| {
        versioned(format!("{base}/{}/{action}", done.id), version, label.to_owned(), "button small")
    });
    let said = format!("“{title}” {}", done.deed.look().1);
    view! { <Banner mood=Mood::Good title=said>{button}</Banner> }.into_any()
}

/// A button that takes back the change that left something at this version, and no later one. That change was of so many
/// gauges and dashboards.
pub fn undo(address: String, version: i64, pieces: u32) -> AnyView {
    let label = if pieces > 1 { format!("Undo import of {pieces}") } else { "Undo last change".to_owned() };
    versioned(address, version, label, "button quiet small")
}

fn versioned(address: String, version: i64, label: String, class: &'static str) -> AnyView {
    view! {
        <form method="post" action=address class="inline">
            <input type="hidden" name="version" value=version.to_string() />
            <button class=class type="submit">{label}</button>
        </form>
    }
    .into_any()
}

/// A button that does something by itself.
pub fn action(address: String, label: &'static str, danger: bool) -> AnyView {
    let class = if danger { "button quiet small danger" } else { "button quiet small" };
    view! {
        <form method="post" action=address class="inline"><button class=class type="submit">{label}</button></form>
    }
    .into_any()
}
