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

/// A dashboard in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardInfo {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is called elsewhere.
    pub also_known_as: Option<String>,
    /// What it answers.
    pub about: String,
    /// How many gauges it shows.
    pub gauges: usize,
}

/// A dashboard with its answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// Id of the dashboard.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it answers.
    pub about: String,
    /// The datasource it shows, if there is one.
    pub source: Option<Source>,
    /// All datasources to choose from.
    pub sources: Vec<Source>,
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

/// The dashboards there are: a list of [`BoardInfo`].
#[server(input = leptos::server_fn::codec::Json)]
pub async fn list_boards() -> Result<Payload, UiError> {
    super::answer(|_| async move {
        let boards: Vec<BoardInfo> = taskgauge_model::catalogue::Catalogue::shipped()
            .dashboards
            .iter()
            .map(|board| BoardInfo {
                id: board.id.clone(),
                title: board.title.clone(),
                also_known_as: board.also_known_as.clone(),
                about: board.about.clone(),
                gauges: board.tiles.iter().map(|tile| 1 + usize::from(tile.or.is_some())).sum(),
            })
            .collect();
        Payload::of(&boards)
    })
    .await
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

/// Size of the server's picture on a tile of so many columns and rows, in CSS pixels, as at a desk. The browser scales
/// it and draws anew at the tile's own size.
pub fn picture_size(width: u8, height: u8) -> (u32, u32) {
    (u32::from(width) * 108 - 48, u32::from(height) * 84 - 84)
}

/// Values chosen in the address: `queue=5&queue=8&range=mtd`.
pub fn filters_from(pairs: impl IntoIterator<Item = (String, String)>) -> Filters {
    let mut filters = Filters { range: None, fields: BTreeMap::new() };
    for (name, value) in pairs {
        if value.is_empty() {
            continue;
        }
        if name == "range" {
            filters.range = value.parse().ok();
        } else if taskgauge_model::gauge::FILTERS.iter().any(|(filter, _, _)| *filter == name) {
            filters.fields.entry(name).or_default().push(value);
        }
    }
    filters
}

#[cfg(feature = "ssr")]
mod answered {
    use super::{Board, BoardTile, FilterChoice, TileGauge, UiError, picture_size};
    use crate::{
        api::{RequestCx, sources},
        charts,
    };
    use chrono::{DateTime, Utc};
    use futures::future::join_all;
    use std::collections::BTreeMap;
    use taskgauge_model::{
        catalogue::Catalogue,
        dashboard::{Dashboard, Tile},
        dataset::DatasetColumn,
        gauge::{Answer, DATE_RANGE, FILTERS, Filters, Gauge},
        ids::DatasourceId,
        range::Range,
    };
    use taskgauge_render::Size;
    use taskgauge_store::Scope;

    pub async fn board(
        cx: &RequestCx,
        id: &str,
        wanted: Option<DatasourceId>,
        filters: &Filters,
    ) -> Result<Board, UiError> {
        let catalogue = Catalogue::shipped();
        let dashboard = catalogue
            .dashboard(id)
            .ok_or_else(|| UiError::NotFound("There is no dashboard at this address.".to_owned()))?;
        let at = cx.clock().now();
        let (source, sources) = sources::choose(cx, wanted).await?;
        let (tiles, filters) = match &source {
            Some(source) => (
                tiles(cx, dashboard, source.id, filters, at).await?,
                choices(cx, dashboard, source.id).await?,
            ),
            None => (Vec::new(), Vec::new()),
        };
        Ok(Board {
            id: dashboard.id.clone(),
            title: dashboard.title.clone(),
            about: dashboard.about.clone(),
            source,
            sources,
            filters,
            tiles,
            at,
        })
    }

    /// Draws the charts of a board, so that the first HTML holds them; each is drawn once per change of its data. A
    /// chart that cannot be drawn is left out: its numbers stand in its table.
    pub async fn draw(cx: &RequestCx, board: &Board) {
        let drawings = board.tiles.iter().flat_map(|tile| {
            let (width, height) = picture_size(tile.width, tile.height);
            tile.gauges.iter().filter_map(move |gauge| {
                let option = gauge.option.as_ref()?;
                Some(async move {
                    if let Err(error) = cx.state.renderer.svg(option, Size { width, height }).await {
                        tracing::warn!(gauge = %gauge.id, %error, "a chart could not be drawn");
                    }
                })
            })
        });
        join_all(drawings).await;
    }

    async fn tiles(
        cx: &RequestCx,
        dashboard: &Dashboard,
        source: DatasourceId,
        filters: &Filters,
        at: DateTime<Utc>,
    ) -> Result<Vec<BoardTile>, UiError> {
        let catalogue = Catalogue::shipped();
        let ids = |tile: &Tile| {
            [Some(tile.gauge.clone()), tile.or.clone()].into_iter().flatten().collect::<Vec<_>>()
        };
        let gauges: Vec<&Gauge> =
            dashboard.tiles.iter().flat_map(ids).filter_map(|id| catalogue.gauge(&id)).collect();
        let mut answers: BTreeMap<String, Result<Answer, String>> = gauges
            .iter()
            .map(|gauge| gauge.id.clone())
            .zip(cx.store().answers(source, &gauges, filters, &Scope::All, at).await)
            .map(|(id, answer)| (id, answer.map_err(|error| UiError::from(error).to_string())))
            .collect();
        Ok(dashboard
            .tiles
            .iter()
            .map(|tile| BoardTile {
                width: tile.width,
                height: tile.height,
                gauges: ids(tile)
                    .into_iter()
                    .filter_map(|id| {
                        let gauge = catalogue.gauge(&id)?;
                        let answer = answers.remove(&id)?;
                        let chart =
                            answer.as_ref().ok().and_then(|answer| charts::chart(gauge.chart, answer));
                        Some(TileGauge {
                            title: gauge.title.clone(),
                            about: gauge.about.clone(),
                            chart: gauge.chart,
                            unit: gauge.unit,
                            range: range(gauge, answer.as_ref().ok(), filters).label(),
                            columns: columns(catalogue, gauge),
                            target: gauge.target.as_ref().map(|target| target.within(answer.as_ref().ok())),
                            option: chart.as_ref().map(charts::option_json),
                            answer,
                            id,
                        })
                    })
                    .collect(),
            })
            .collect())
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

    async fn choices(
        cx: &RequestCx,
        dashboard: &Dashboard,
        source: DatasourceId,
    ) -> Result<Vec<FilterChoice>, UiError> {
        let mut found = Vec::new();
        for name in &dashboard.filters {
            if name == "range" {
                found.push(FilterChoice {
                    name: name.clone(),
                    label: "Range".to_owned(),
                    choices: Range::choices()
                        .into_iter()
                        .map(|range| (range.to_string(), range.label()))
                        .collect(),
                });
            } else if let Some((_, label, _)) = FILTERS.iter().find(|(filter, _, _)| filter == name) {
                found.push(FilterChoice {
                    name: name.clone(),
                    label: (*label).to_owned(),
                    choices: cx.store().filter_choices(source, name, &Scope::All).await?,
                });
            }
        }
        Ok(found)
    }
}
