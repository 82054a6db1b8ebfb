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

/// Says what was done, with a button that takes it back. `base` is `/gauges`, `/dashboards` or `/walls`.
pub fn notice(deed: Deed, base: &str, id: &str, title: &str) -> AnyView {
    let back = match deed {
        Deed::Removed => Some(("restore", "Undo")),
        Deed::Saved | Deed::Reset => Some(("undo", "Undo")),
        Deed::Undone => Some(("undo", "Redo")),
        Deed::Restored => None,
    };
    let button = back.map(|(action, label)| {
        view! {
            <form method="post" action=format!("{base}/{id}/{action}") class="inline">
                <button class="button small" type="submit">{label}</button>
            </form>
        }
    });
    let said = format!("“{title}” {}", deed.look().1);
    view! { <Banner mood=Mood::Good title=said>{button}</Banner> }.into_any()
}

/// Says what was done, where there is no way back but doing it again.
pub fn said(deed: Deed, title: &str) -> AnyView {
    view! { <Banner mood=Mood::Good title=format!("“{title}” {}", deed.look().1)>""</Banner> }.into_any()
}

/// A button that does something by itself.
pub fn action(address: String, label: &'static str, danger: bool) -> AnyView {
    let class = if danger { "button quiet small danger" } else { "button quiet small" };
    view! {
        <form method="post" action=address class="inline"><button class=class type="submit">{label}</button></form>
    }
    .into_any()
}
