//! How boards are answered, for server functions and plain pages alike.

use super::{Board, BoardTile, Changes, FilterChoice, TileGauge, UiError, picture_size};
use crate::{
    address,
    api::{
        Payload, RequestCx,
        kept::{Keep, Kept, Names, key},
        sources::{self, Source},
    },
    charts,
};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, OnceLock},
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
use taskgauge_store::{StoreError, content::Content, users::Role};

/// The boards that a process keeps.
pub type KeptBoards = Kept<KeptBoard>;

/// A board as everybody sees it who may see the same rows.
pub struct KeptBoard {
    /// As for somebody who may not change it.
    board: Board,
    /// Written down for whoever may not change it, and for whoever may.
    payloads: [OnceLock<Payload>; 2],
    bytes: usize,
    is_whole: bool,
}

impl Keep for KeptBoard {
    fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl KeptBoard {
    fn new(board: Board, is_whole: bool) -> Result<KeptBoard, UiError> {
        let payload = Payload::of(&board)?;
        // In memory as in writing, about; the second writing may come.
        let bytes = 3 * payload.len();
        Ok(KeptBoard { board, payloads: [OnceLock::from(payload), OnceLock::new()], bytes, is_whole })
    }

    /// The board, apart from what only whoever asks may do.
    pub fn shared(&self) -> &Board {
        &self.board
    }

    /// The board for whoever asks, written down.
    ///
    /// # Errors
    /// [`UiError::Internal`] where it cannot be written down.
    pub fn payload(&self, cx: &RequestCx) -> Result<Payload, UiError> {
        let editable = cx.session.user.role == Role::Admin;
        let kept = &self.payloads[usize::from(editable)];
        if let Some(payload) = kept.get() {
            return Ok(payload.clone());
        }
        let payload = Payload::of(&Board { editable, ..self.board.clone() })?;
        Ok(kept.get_or_init(|| payload).clone())
    }
}

/// What a board is answered with.
struct Found {
    content: Arc<Content>,
    at: DateTime<Utc>,
}

/// A dashboard with its answers; made once per change of what it rests on, for all who may see the same rows.
///
/// # Errors
/// [`UiError::NotFound`] where there is no such dashboard or datasource.
pub async fn board(
    cx: &RequestCx,
    id: &str,
    wanted: Option<DatasourceId>,
    filters: &Filters,
) -> Result<Arc<KeptBoard>, UiError> {
    let names = || names(cx, id, wanted, filters);
    cx.state.boards.get(names, |found| make(cx, id, wanted, filters, found)).await
}

/// What a board is kept under.
async fn names(
    cx: &RequestCx,
    id: &str,
    wanted: Option<DatasourceId>,
    filters: &Filters,
) -> Result<Names<Found>, UiError> {
    let standing = cx.store().standing(wanted).await?;
    let content = cx.store().content_of(&standing).await?;
    let mine = content.dashboard(id).and_then(|entry| entry.value.mine.as_deref());
    // Boards that are set to whoever looks at them differ from person to person.
    let person = mine.filter(|mine| !filters.fields.contains_key(*mine)).map(|_| cx.actor());
    let at = cx.clock().now();
    let asked = (id, wanted, filters, cx.scope().companies(), person);
    let minute = at.timestamp().div_euclid(60);
    Ok(Names { turn: key(&asked), key: key(&(&asked, &standing, minute)), found: Found { content, at } })
}

async fn make(
    cx: &RequestCx,
    id: &str,
    wanted: Option<DatasourceId>,
    filters: &Filters,
    Found { content, at }: Found,
) -> Result<KeptBoard, UiError> {
    let dashboard = content
        .dashboard(id)
        .filter(|entry| !entry.is_removed)
        .map(|entry| &entry.value)
        .ok_or_else(|| UiError::NotFound("There is no dashboard at this address.".to_owned()))?;
    let (source, sources) = sources::choose(cx, wanted).await?;
    let mut way = String::new();
    let (mut tiles, mut is_whole) = (Vec::new(), true);
    let filters = match &source {
        Some(source) => {
            let names = filter_names(&dashboard.filters, filters);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut choices = choices(cx, &names, dashboard.mine.as_deref(), source.id).await?;
            let filters = in_force(cx, dashboard, source.id, filters, &mut choices).await?;
            // Rows lead back to the board they were opened from.
            way = address::with(&address::of_filters(Some(source.id), &filters), &[("board", &dashboard.id)]);
            (tiles, is_whole) = answer(cx, &content, dashboard, source.id, &filters, at).await;
            choices
        }
        None => Vec::new(),
    };
    let board = Board {
        id: dashboard.id.clone(),
        title: dashboard.title.clone(),
        known_as: dashboard.also_known_as.clone().filter(|name| *name != dashboard.title),
        wall: dashboard.wall,
        address: way,
        editable: false,
        others: others(&content, &dashboard.id, source.as_ref()),
        source,
        sources,
        filters,
        tiles,
        at,
    };
    KeptBoard::new(board, is_whole)
}

/// The ways to the other dashboards, of the same datasource.
fn others(content: &Content, id: &str, source: Option<&Source>) -> Vec<(String, String)> {
    let address = address::of_filters(source.map(|source| source.id), &Filters::default());
    content
        .dashboards
        .iter()
        .filter(|entry| !entry.is_removed && entry.value.id != id)
        .map(|entry| (format!("/dashboards/{}{address}", entry.value.id), entry.value.title.clone()))
        .collect()
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

/// Names of the filters that are shown: those that are offered, and what is chosen besides.
pub fn filter_names(offered: &[String], filters: &Filters) -> Vec<String> {
    let mut names = offered.to_vec();
    let set = filters.fields.iter().filter(|(_, values)| !values.is_empty()).map(|(name, _)| name.as_str());
    for name in filters.range.map(|_| "range").into_iter().chain(set) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Says of each filter what is in force. What is not among the choices, as somebody who left or several values at once,
/// becomes one.
pub fn mark(choices: &mut [FilterChoice], filters: &Filters) {
    for choice in choices {
        let (values, labels): (Vec<String>, Vec<String>) = if choice.name == "range" {
            filters.range.map(|range| (range.to_string(), range.label())).into_iter().unzip()
        } else {
            let values = filters.fields.get(&choice.name).cloned().unwrap_or_default();
            let label = |value: &String| {
                let known = choice.choices.iter().find(|(id, _)| id == value);
                let unnamed =
                    || if value.parse::<i64>().is_ok() { format!("#{value}") } else { value.clone() };
                known.map_or_else(unnamed, |(_, label)| label.clone())
            };
            let labels = values.iter().map(label).collect();
            (values, labels)
        };
        choice.chosen = values.join(",");
        if !choice.chosen.is_empty() && choice.choices.iter().all(|(value, _)| *value != choice.chosen) {
            choice.choices.insert(0, (choice.chosen.clone(), labels.join(", ")));
        }
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
    let answer = cx.store().answers(source, &[gauge], filters, cx.scope(), at).await.pop();
    let answer = answer.map_or_else(
        || Err(UiError::Offline.to_string()),
        |answer| answer.map_err(|error| UiError::from(error).to_string()),
    );
    let tile = BoardTile { width, height, gauges: vec![tile_gauge(gauge, answer, filters)], stamp: 0 };
    draw_tile(cx, &tile).await;
    tile
}

/// A gauge that is not asked, by itself on a tile that says why.
pub fn unasked(gauge: &Gauge, why: String, (width, height): (u8, u8)) -> BoardTile {
    BoardTile { width, height, gauges: vec![tile_gauge(gauge, Err(why), &Filters::default())], stamp: 0 }
}

/// A gauge with its answer as a tile shows it.
fn tile_gauge(gauge: &Gauge, answer: Result<Answer, String>, filters: &Filters) -> TileGauge {
    let target = gauge.target.as_ref().map(|target| target.within(answer.as_ref().ok()));
    let chart = answer.as_ref().ok().and_then(|answer| charts::chart(gauge.chart, answer, target.as_ref()));
    TileGauge {
        id: gauge.id.clone(),
        title: gauge.title.clone(),
        about: gauge.about.clone(),
        chart: gauge.chart,
        unit: gauge.unit,
        total: gauge.total,
        range: range(gauge, answer.as_ref().ok(), filters).label(),
        columns: columns(Catalogue::shipped(), gauge),
        target,
        option: chart.as_ref().map(charts::option_json),
        answer,
    }
}

/// What differs from the tiles that are shown.
pub fn changes(board: &Board, seen: &[u64]) -> Changes {
    let rebuilt = board.tiles.len() != seen.len();
    let data_at = |tile: &BoardTile| tile.gauges.first()?.answer.as_ref().ok()?.data_at;
    let changed = |(place, tile): &(usize, &BoardTile)| !rebuilt && seen.get(*place) != Some(&tile.stamp);
    Changes {
        at: board.at,
        synced_at: board.source.as_ref().and_then(|source| source.synced_at),
        filling: board.source.as_ref().is_some_and(|source| source.filling),
        stopped: board.source.as_ref().and_then(|source| source.stopped.clone()),
        data_at: board.tiles.iter().map(data_at).collect(),
        tiles: board
            .tiles
            .iter()
            .enumerate()
            .filter(changed)
            .map(|(place, tile)| (place, tile.clone()))
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
pub async fn laid_out(
    cx: &RequestCx,
    content: &Content,
    dashboard: &Dashboard,
    source: DatasourceId,
    filters: &Filters,
) -> Vec<BoardTile> {
    let (tiles, _) = answer(cx, content, dashboard, source, filters, cx.clock().now()).await;
    join_all(tiles.iter().map(|tile| draw_tile(cx, tile))).await;
    tiles
}

/// The tiles of a board with nothing drawn yet, for whoever draws in sizes of their own ([`draw_sized`]).
pub async fn undrawn(
    cx: &RequestCx,
    content: &Content,
    dashboard: &Dashboard,
    source: DatasourceId,
    filters: &Filters,
) -> Vec<BoardTile> {
    answer(cx, content, dashboard, source, filters, cx.clock().now()).await.0
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

/// The tiles of a board, and whether the database answered for all of them.
async fn answer(
    cx: &RequestCx,
    content: &Content,
    dashboard: &Dashboard,
    source: DatasourceId,
    filters: &Filters,
    at: DateTime<Utc>,
) -> (Vec<BoardTile>, bool) {
    let gauge_of = |id: &str| content.gauge(id).filter(|entry| !entry.is_removed).map(|entry| &entry.value);
    let ids =
        |tile: &Tile| [Some(tile.gauge.clone()), tile.or.clone()].into_iter().flatten().collect::<Vec<_>>();
    let gauges: Vec<&Gauge> = dashboard.tiles.iter().flat_map(ids).filter_map(|id| gauge_of(&id)).collect();
    let mut is_whole = true;
    let mut answers: BTreeMap<String, Result<Answer, String>> = BTreeMap::new();
    let answered = cx.store().answers(source, &gauges, filters, cx.scope(), at).await;
    for (gauge, answer) in gauges.iter().zip(answered) {
        // A gauge that makes no sense makes none the next time either.
        is_whole &= !matches!(&answer, Err(error) if !matches!(error, StoreError::Invalid(_)));
        let answer = answer.map_err(|error| UiError::from(error).to_string());
        answers.insert(gauge.id.clone(), answer);
    }
    let shown = |id: String| match gauge_of(&id).zip(answers.get(&id).cloned()) {
        Some((gauge, answer)) => tile_gauge(gauge, answer, filters),
        None => TileGauge::gone(id),
    };
    let tiles = dashboard
        .tiles
        .iter()
        .map(|tile| {
            let gauges = ids(tile).into_iter().map(shown).collect();
            let mut made = BoardTile { width: tile.width, height: tile.height, gauges, stamp: 0 };
            made.stamp = stamp(&made);
            made
        })
        .collect();
    (tiles, is_whole)
}

impl TileGauge {
    /// In place of a gauge that somebody removed.
    fn gone(id: String) -> TileGauge {
        TileGauge {
            title: id.replace('_', " "),
            about: String::new(),
            chart: ChartKind::Number,
            unit: Unit::Number,
            total: false,
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

/// What is chosen of these filters, as people read it: the filter and its values.
///
/// # Errors
/// Those of the store.
pub async fn in_words(
    cx: &RequestCx,
    source: DatasourceId,
    filters: &Filters,
    names: &[&str],
) -> Result<Vec<(String, String)>, UiError> {
    let said = choices(cx, names, None, source).await?.into_iter().map(|choice| {
        let values = filters.fields.get(&choice.name).into_iter().flatten();
        let label = |value: &String| {
            let known = choice.choices.iter().find(|(id, _)| id == value);
            known.map_or_else(|| value.clone(), |(_, label)| label.clone())
        };
        let values: Vec<String> = values.map(label).collect();
        (choice.label, values.join(", "))
    });
    Ok(said.collect())
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
            let choices = cx.store().filter_choices(source, name, cx.scope()).await?;
            found.push(FilterChoice {
                name: name.to_owned(),
                label: (*label).to_owned(),
                choices,
                chosen: String::new(),
                mine: mine == Some(name),
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_is_always_shown() {
        let fields = BTreeMap::from([
            ("queue".to_owned(), vec!["5".to_owned(), "8".to_owned()]),
            ("member".to_owned(), vec!["29".to_owned()]),
            ("client".to_owned(), Vec::new()),
        ]);
        let filters = Filters { range: Some(Range::Last(700)), fields };
        let names = filter_names(&["range".to_owned(), "queue".to_owned()], &filters);
        assert_eq!(names, ["range", "queue", "member"]);
        let choice = |name: &str, choices: &[(&str, &str)]| FilterChoice {
            name: name.to_owned(),
            label: name.to_owned(),
            choices: choices.iter().map(|(id, label)| ((*id).to_owned(), (*label).to_owned())).collect(),
            chosen: String::new(),
            mine: false,
        };
        let mut choices = [
            choice("range", &[("mtd", "This month")]),
            choice("queue", &[("5", "Level 1"), ("8", "Level 2")]),
            choice("member", &[("30", "Ann Doe")]),
            choice("client", &[("1", "One")]),
        ];
        mark(&mut choices, &filters);
        let shown = choices.map(|choice| {
            let label = choice.choices.iter().find(|(value, _)| *value == choice.chosen);
            (choice.chosen.clone(), label.map(|(_, label)| label.clone()))
        });
        let shown_as = |value: &str, label: &str| (value.to_owned(), Some(label.to_owned()));
        assert_eq!(shown[0], shown_as("last_700d", &Range::Last(700).label()));
        assert_eq!(shown[1], shown_as("5,8", "Level 1, Level 2"));
        assert_eq!(shown[2], shown_as("29", "#29"));
        assert_eq!(shown[3], (String::new(), None));
        // And what the field sends means the same again.
        let sent = super::super::filters_from([("queue".to_owned(), "5,8".to_owned())]);
        assert_eq!(sent.fields["queue"], ["5", "8"]);
    }
}
