//! Dashboards and the answers on them.

#[cfg(feature = "ssr")]
pub mod answered;

use super::{Payload, UiError, sources::Source};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use taskgauge_model::{
    dataset::DatasetColumn,
    format,
    gauge::{Answer, CHOICES_MAX, ChartKind, Filters, Target, Unit},
    ids::DatasourceId,
};

/// A dashboard with its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Id of the dashboard.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What a board with the same numbers is called elsewhere, where that is something else.
    pub known_as: Option<String>,
    /// Whether it is made for a screen on the wall.
    pub wall: bool,
    /// Whether whoever asks may change it.
    pub editable: bool,
    /// The other dashboards, by address and title.
    pub others: Vec<(String, String)>,
    /// The datasource it shows, if there is one.
    pub source: Option<Source>,
    /// All datasources to choose from.
    pub sources: Vec<Source>,
    /// What is chosen, as the part of an address after the path; links to the gauges carry it on.
    pub address: String,
    /// The filters it offers and what can be chosen.
    pub filters: Vec<FilterChoice>,
    /// Its tiles, in reading order.
    pub tiles: Vec<BoardTile>,
    /// The instant the answers hold for.
    pub at: DateTime<Utc>,
}

/// A filter of a dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterChoice {
    /// Its name, e.g. `queue`.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Values and their labels.
    pub choices: Vec<(String, String)>,
    /// The value in force; empty for all.
    pub chosen: String,
    /// Whether it is set to the signed-in person until somebody chooses: *all* is a choice then, too.
    pub mine: bool,
}

impl FilterChoice {
    /// What people read beside it: where there are more values than it offers, that too.
    pub fn heading(&self) -> String {
        if self.choices.len() < CHOICES_MAX {
            self.label.clone()
        } else {
            format!("{} (first {})", self.label, format::grouped(CHOICES_MAX as f64, 0))
        }
    }
}

/// A tile with its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardTile {
    /// Columns of twelve.
    pub width: u8,
    /// Grid rows.
    pub height: u8,
    /// One gauge, or two that share the place.
    pub gauges: Vec<TileGauge>,
    /// Changes whenever what it shows does, its age apart.
    pub stamp: u64,
}

/// What became of a board that is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The instant the answers hold for.
    pub at: DateTime<Utc>,
    /// End of the datasource's last complete sync.
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether the first sync is not complete yet.
    pub filling: bool,
    /// Why the first sync is not under way though it is not complete.
    pub stopped: Option<String>,
    /// When the data of each tile was read, by its first gauge.
    pub data_at: Vec<Option<DateTime<Utc>>>,
    /// Tiles that show something else now, by place; all of them where the board itself was changed.
    pub tiles: Vec<(usize, BoardTile)>,
    /// Whether the board has other tiles than before, so that it is to be opened again.
    pub rebuilt: bool,
}

/// A gauge on a tile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TileGauge {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its formula in words.
    pub about: String,
    /// How it is drawn.
    pub chart: ChartKind,
    /// What it is measured in.
    pub unit: Unit,
    /// Whether a chart has the value over all its groups above it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub total: bool,
    /// Label of the range in force.
    pub range: String,
    /// Its target.
    pub target: Option<Target>,
    /// The answer, or why there is none, as a sentence.
    pub answer: Result<Answer, String>,
    /// Columns of a list of rows, in its order; empty for charts and numbers.
    pub columns: Vec<DatasetColumn>,
    /// The answer as a chart: the option ECharts draws, as JSON; `None` for numbers and tables.
    pub option: Option<String>,
}

/// A dashboard with its answers: [`Board`]. `source` is the datasource; the first one where none is named.
#[server(input = leptos::server_fn::codec::Json)]
pub async fn get_board(
    id: String,
    source: Option<DatasourceId>,
    filters: Filters,
) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        let board = answered::board(&cx, &id, source, &filters).await?;
        if cx.is_document() {
            answered::draw(&cx, board.shared()).await;
        }
        board.payload(&cx)
    })
    .await
}

/// What became of a dashboard since tiles with these stamps were shown: [`Changes`].
#[server(input = leptos::server_fn::codec::Json)]
pub async fn get_changes(
    id: String,
    source: DatasourceId,
    filters: Filters,
    seen: Vec<u64>,
) -> Result<Payload, UiError> {
    super::answer(|cx| async move {
        let board = answered::board(&cx, &id, Some(source), &filters).await?;
        Payload::of(&answered::changes(board.shared(), &seen))
    })
    .await
}

/// Least side of a picture, in CSS pixels.
const PICTURE_MIN: u32 = 40;

/// Size of the server's picture on a tile of so many columns and rows, in CSS pixels, as at a desk. The browser scales
/// it and draws anew at the tile's own size.
pub fn picture_size(width: u8, height: u8) -> (u32, u32) {
    let side = |tracks: u8, track: u32, around: u32| {
        (u32::from(tracks) * track).saturating_sub(around).max(PICTURE_MIN)
    };
    (side(width, 108, 48), side(height, 84, 84))
}

/// Values chosen in the address: `queue=5&queue=8&range=mtd`.
pub fn filters_from(pairs: impl IntoIterator<Item = (String, String)>) -> Filters {
    let mut filters = Filters { range: None, fields: BTreeMap::new() };
    for (name, value) in pairs {
        if name == "range" {
            filters.range = value.parse().ok();
        } else if taskgauge_model::gauge::FILTERS.iter().any(|(filter, _, _)| *filter == name) {
            // An empty value chooses all.
            let values: &mut Vec<String> = filters.fields.entry(name).or_default();
            // A field sends several ids as one value: `5,8`.
            if value.contains(',') && value.split(',').all(|id| id.parse::<i64>().is_ok()) {
                values.extend(value.split(',').map(str::to_owned));
            } else if !value.is_empty() {
                values.push(value);
            }
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_says_where_it_does_not_offer_everything() {
        let offering = |values: usize| FilterChoice {
            name: "client".to_owned(),
            label: "Client".to_owned(),
            choices: vec![Default::default(); values],
            chosen: String::new(),
            mine: false,
        };
        assert_eq!(offering(CHOICES_MAX - 1).heading(), "Client");
        assert_eq!(offering(CHOICES_MAX).heading(), "Client (first 2,000)");
    }
}
