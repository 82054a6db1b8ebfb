//! Dashboards and the answers on them.

use super::{Payload, UiError, sources::Source};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use taskgauge_model::{
    dataset::DatasetColumn,
    gauge::{Answer, ChartKind, Filters, Target, Unit},
    ids::DatasourceId,
};

/// A dashboard with its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Id of the dashboard.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whether it is made for a screen on the wall.
    pub wall: bool,
    /// Whether whoever asks may change it.
    pub editable: bool,
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
    /// Whether the first sync is still under way.
    pub filling: bool,
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
            answered::draw(&cx, &board).await;
        }
        Payload::of(&board)
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
        Payload::of(&answered::changes(board, &seen))
    })
    .await
}

/// Size of the server's picture on a tile of so many columns and rows, in CSS pixels, as at a desk. The browser scales
/// it and draws anew at the tile's own size.
pub fn picture_size(width: u8, height: u8) -> (u32, u32) {
    (u32::from(width) * 108 - 48, u32::from(height) * 84 - 84)
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
            if !value.is_empty() {
                values.push(value);
            }
        }
    }
    filters
}

/// How boards are answered, for server functions and plain pages alike.
#[cfg(feature = "ssr")]
pub mod answered {
    use super::{Board, BoardTile, Changes, FilterChoice, TileGauge, UiError, picture_size};
    use crate::{
        address::of_filters,
        api::{RequestCx, sources},
        charts,
    };
    use chrono::{DateTime, Utc};
    use futures::future::join_all;
    use std::{
        collections::BTreeMap,
        hash::{DefaultHasher, Hash as _, Hasher as _},
    };
    use taskgauge_model::{
        catalogue::Catalogue,
        dashboard::{Dashboard, Tile},
        dataset::DatasetColumn,
        gauge::{Answer, ChartKind, DATE_RANGE, FILTERS, Filters, Gauge, Unit},
        ids::DatasourceId,
        range::Range,
    };
    use taskgauge_render::Size;
    use taskgauge_store::{Scope, content::Content, users::Role};

    /// A dashboard with its answers.
    ///
    /// # Errors
    /// [`UiError::NotFound`] where there is no such dashboard or datasource.
    pub async fn board(
        cx: &RequestCx,
        id: &str,
        wanted: Option<DatasourceId>,
        filters: &Filters,
    ) -> Result<Board, UiError> {
        let content = cx.store().content().await?;
        let dashboard = content
            .dashboard(id)
            .filter(|entry| !entry.is_removed)
            .map(|entry| &entry.value)
            .ok_or_else(|| UiError::NotFound("There is no dashboard at this address.".to_owned()))?;
        let at = cx.clock().now();
        let (source, sources) = sources::choose(cx, wanted).await?;
        let mut address = String::new();
        let (tiles, filters) = match &source {
            Some(source) => {
                let names: Vec<&str> = dashboard.filters.iter().map(String::as_str).collect();
                let mut choices = choices(cx, &names, dashboard.mine.as_deref(), source.id).await?;
                let filters = in_force(cx, dashboard, source.id, filters, &mut choices).await?;
                address = of_filters(Some(source.id), &filters);
                (tiles(cx, &content, dashboard, source.id, &filters, at).await?, choices)
            }
            None => (Vec::new(), Vec::new()),
        };
        Ok(Board {
            id: dashboard.id.clone(),
            title: dashboard.title.clone(),
            wall: dashboard.wall,
            address,
            editable: cx.session.user.role == Role::Admin,
            source,
            sources,
            filters,
            tiles,
            at,
        })
    }

    /// What is chosen: what the address says, and the signed-in person where it says nothing.
    async fn in_force(
        cx: &RequestCx,
        dashboard: &Dashboard,
        source: DatasourceId,
        filters: &Filters,
        choices: &mut [FilterChoice],
    ) -> Result<Filters, UiError> {
        let mut filters = filters.clone();
        if let Some(mine) = dashboard.mine.as_ref().filter(|mine| !filters.fields.contains_key(*mine))
            && let Some(member) = cx.store().member_by_email(source, cx.actor()).await?
        {
            filters.fields.insert(mine.clone(), vec![member.to_string()]);
        }
        mark(choices, &filters);
        Ok(filters)
    }

    /// Says of each filter which value is in force.
    pub fn mark(choices: &mut [FilterChoice], filters: &Filters) {
        for choice in choices {
            choice.chosen = match choice.name.as_str() {
                "range" => filters.range.map(|range| range.to_string()).unwrap_or_default(),
                name => {
                    filters.fields.get(name).and_then(|values| values.first()).cloned().unwrap_or_default()
                }
            };
        }
    }

    /// A gauge by itself on a tile of so many columns and rows, its chart drawn.
    pub async fn single(
        cx: &RequestCx,
        gauge: &Gauge,
        source: DatasourceId,
        filters: &Filters,
        (width, height): (u8, u8),
    ) -> BoardTile {
        let at = cx.clock().now();
        let answer = cx.store().answers(source, &[gauge], filters, &Scope::All, at).await.pop();
        let answer = answer.map_or_else(
            || Err(UiError::Offline.to_string()),
            |answer| answer.map_err(|error| UiError::from(error).to_string()),
        );
        let tile = BoardTile { width, height, gauges: vec![tile_gauge(gauge, answer, filters)], stamp: 0 };
        draw_tile(cx, &tile).await;
        tile
    }

    /// A gauge with its answer as a tile shows it.
    fn tile_gauge(gauge: &Gauge, answer: Result<Answer, String>, filters: &Filters) -> TileGauge {
        let chart = answer.as_ref().ok().and_then(|answer| charts::chart(gauge.chart, answer));
        TileGauge {
            id: gauge.id.clone(),
            title: gauge.title.clone(),
            about: gauge.about.clone(),
            chart: gauge.chart,
            unit: gauge.unit,
            range: range(gauge, answer.as_ref().ok(), filters).label(),
            columns: columns(Catalogue::shipped(), gauge),
            target: gauge.target.as_ref().map(|target| target.within(answer.as_ref().ok())),
            option: chart.as_ref().map(charts::option_json),
            answer,
        }
    }

    /// What differs from the tiles that are shown.
    pub fn changes(board: Board, seen: &[u64]) -> Changes {
        let rebuilt = board.tiles.len() != seen.len();
        let data_at = |tile: &BoardTile| tile.gauges.first()?.answer.as_ref().ok()?.data_at;
        Changes {
            at: board.at,
            synced_at: board.source.as_ref().and_then(|source| source.synced_at),
            filling: board.source.as_ref().is_some_and(|source| source.filling),
            data_at: board.tiles.iter().map(data_at).collect(),
            tiles: board
                .tiles
                .into_iter()
                .enumerate()
                .filter(|(place, tile)| !rebuilt && seen.get(*place) != Some(&tile.stamp))
                .collect(),
            rebuilt,
        }
    }

    /// A number that changes with what a tile shows. The age of the data is shown apart from it.
    fn stamp(tile: &BoardTile) -> u64 {
        let mut tile = tile.clone();
        for gauge in &mut tile.gauges {
            if let Ok(answer) = &mut gauge.answer {
                (answer.at, answer.data_at) = (DateTime::UNIX_EPOCH, None);
            }
        }
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(&tile).unwrap_or_default().hash(&mut hasher);
        hasher.finish()
    }

    /// The tiles of a board that is being laid out, its charts drawn.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn laid_out(
        cx: &RequestCx,
        content: &Content,
        dashboard: &Dashboard,
        source: DatasourceId,
        filters: &Filters,
    ) -> Result<Vec<BoardTile>, UiError> {
        let tiles = tiles(cx, content, dashboard, source, filters, cx.clock().now()).await?;
        join_all(tiles.iter().map(|tile| draw_tile(cx, tile))).await;
        Ok(tiles)
    }

    /// The tiles of a board with nothing drawn yet, for whoever draws in sizes of their own ([`draw_sized`]).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn undrawn(
        cx: &RequestCx,
        content: &Content,
        dashboard: &Dashboard,
        source: DatasourceId,
        filters: &Filters,
    ) -> Result<Vec<BoardTile>, UiError> {
        tiles(cx, content, dashboard, source, filters, cx.clock().now()).await
    }

    /// Draws the charts of a board, so that the first HTML holds them; each is drawn once per change of its data.
    pub async fn draw(cx: &RequestCx, board: &Board) {
        join_all(board.tiles.iter().map(|tile| draw_tile(cx, tile))).await;
    }

    /// Draws the charts of a tile as at a desk.
    async fn draw_tile(cx: &RequestCx, tile: &BoardTile) {
        draw_sized(cx, tile, picture_size(tile.width, tile.height)).await;
    }

    /// Draws the charts of a tile. One that cannot be drawn is left out: its numbers stand in its table.
    pub async fn draw_sized(cx: &RequestCx, tile: &BoardTile, (width, height): (u32, u32)) {
        for gauge in &tile.gauges {
            let Some(option) = &gauge.option else { continue };
            if let Err(error) = cx.state.renderer.svg(option, Size { width, height }).await {
                tracing::warn!(gauge = %gauge.id, %error, "a chart could not be drawn");
            }
        }
    }

    async fn tiles(
        cx: &RequestCx,
        content: &Content,
        dashboard: &Dashboard,
        source: DatasourceId,
        filters: &Filters,
        at: DateTime<Utc>,
    ) -> Result<Vec<BoardTile>, UiError> {
        let gauge_of =
            |id: &str| content.gauge(id).filter(|entry| !entry.is_removed).map(|entry| &entry.value);
        let ids = |tile: &Tile| {
            [Some(tile.gauge.clone()), tile.or.clone()].into_iter().flatten().collect::<Vec<_>>()
        };
        let gauges: Vec<&Gauge> =
            dashboard.tiles.iter().flat_map(ids).filter_map(|id| gauge_of(&id)).collect();
        let answers: BTreeMap<String, Result<Answer, String>> = gauges
            .iter()
            .map(|gauge| gauge.id.clone())
            .zip(cx.store().answers(source, &gauges, filters, &Scope::All, at).await)
            .map(|(id, answer)| (id, answer.map_err(|error| UiError::from(error).to_string())))
            .collect();
        let shown = |id: String| match gauge_of(&id).zip(answers.get(&id).cloned()) {
            Some((gauge, answer)) => tile_gauge(gauge, answer, filters),
            None => TileGauge::gone(id),
        };
        Ok(dashboard
            .tiles
            .iter()
            .map(|tile| {
                let gauges = ids(tile).into_iter().map(shown).collect();
                let mut made = BoardTile { width: tile.width, height: tile.height, gauges, stamp: 0 };
                made.stamp = stamp(&made);
                made
            })
            .collect())
    }

    impl TileGauge {
        /// In place of a gauge that somebody removed.
        fn gone(id: String) -> TileGauge {
            TileGauge {
                title: id.replace('_', " "),
                about: String::new(),
                chart: ChartKind::Number,
                unit: Unit::Number,
                range: String::new(),
                target: None,
                answer: Err(
                    "This gauge was removed. Take it off the board, or have it back under Gauges.".to_owned()
                ),
                columns: Vec::new(),
                option: None,
                id,
            }
        }
    }

    /// The range that an answer covers: the viewer's, unless the gauge keeps its own.
    fn range(gauge: &Gauge, answer: Option<&Answer>, filters: &Filters) -> Range {
        let kept = gauge.range == Range::Now
            || answer.is_some_and(|answer| answer.unfiltered.iter().any(|filter| filter == DATE_RANGE));
        filters.range.filter(|_| !kept).unwrap_or(gauge.range)
    }

    /// What the columns of a gauge's list of rows say.
    fn columns(catalogue: &Catalogue, gauge: &Gauge) -> Vec<DatasetColumn> {
        let dataset = gauge.layers.first().and_then(|layer| catalogue.dataset(&layer.dataset));
        let Some((list, dataset)) = gauge.rows.as_ref().zip(dataset) else { return Vec::new() };
        list.columns.iter().filter_map(|name| dataset.column(name).cloned()).collect()
    }

    /// What these filters offer; `mine` is the one that is set to the signed-in person.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn choices(
        cx: &RequestCx,
        names: &[&str],
        mine: Option<&str>,
        source: DatasourceId,
    ) -> Result<Vec<FilterChoice>, UiError> {
        let mut found = Vec::new();
        for name in names.iter().copied() {
            if name == "range" {
                found.push(FilterChoice {
                    name: name.to_owned(),
                    label: "Range".to_owned(),
                    choices: Range::choices()
                        .into_iter()
                        .map(|range| (range.to_string(), range.label()))
                        .collect(),
                    chosen: String::new(),
                    mine: false,
                });
            } else if let Some((_, label, _)) = FILTERS.iter().find(|(filter, _, _)| *filter == name) {
                found.push(FilterChoice {
                    name: name.to_owned(),
                    label: (*label).to_owned(),
                    choices: cx.store().filter_choices(source, name, &Scope::All).await?,
                    chosen: String::new(),
                    mine: mine == Some(name),
                });
            }
        }
        Ok(found)
    }
}
