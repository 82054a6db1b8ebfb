//! Line icons, 20 by 20, in the colour of the text around them.

use leptos::prelude::*;

/// The icons there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Dashboards.
    Board,
    /// Gauges.
    Gauge,
    /// Walls.
    Screen,
    /// Datasources.
    Plug,
    /// Datasets.
    Table,
    /// Leaves for another site.
    Leaves,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Icon::Board => "M3 3h6v7H3zM11 3h6v4h-6zM11 10h6v7h-6zM3 13h6v4H3z",
            Icon::Gauge => "M4.5 15.5a7.5 7.5 0 1 1 11 0M10 11l3.5-3.5",
            Icon::Screen => "M2.5 4h15v10h-15zM7 17h6M10 14v3",
            Icon::Plug => "M7 2v5M13 2v5M5 7h10v3a5 5 0 0 1-10 0zM10 15v3",
            Icon::Table => "M3 4h14v12H3zM3 8h14M3 12h14M8 8v8",
            Icon::Leaves => "M8 5H4v11h11v-4M11 3h6v6M17 3l-8 8",
        }
    }
}

/// Draws an icon; it says nothing to a screen reader.
#[component]
pub fn Glyph(
    /// Which.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" width="20" height="20" fill="none" stroke="currentColor"
            stroke-width="1.6" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
}
