//! Dashboards: gauges on a grid with shared filters, declared in `catalogue/dashboards/*.toml`.

use serde::{Deserialize, Serialize};

/// Most rows of the grid that a tile takes.
pub const HEIGHT_MAX: u8 = 12;
/// Most tiles of a dashboard.
pub const TILES_MAX: usize = 60;
/// Columns of the grid.
pub const GRID_COLUMNS: u8 = 12;

/// Gauges on a grid of twelve columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// Stable name, also in the address, e.g. `service-ticket-kpis`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What a board of this purpose is called elsewhere, for people who look for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub also_known_as: Option<String>,
    /// What it answers, in a sentence.
    pub about: String,
    /// Names of the filters it offers; `range` is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// The filter that is set to the signed-in person, found by e-mail address, until somebody chooses otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mine: Option<String>,
    /// Made for a screen on the wall: large type.
    #[serde(default, skip_serializing_if = "crate::gauge::is_default")]
    pub wall: bool,
    /// Tiles in reading order, row by row.
    pub tiles: Vec<Tile>,
    /// Gauges that belong here but are off by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<String>,
}

/// A gauge's place on the grid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tile {
    /// The gauge's id.
    pub gauge: String,
    /// Another gauge in the same place, switched by a tab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or: Option<String>,
    /// Columns it takes, 1 to 12.
    pub width: u8,
    /// Grid rows it takes.
    pub height: u8,
}
