//! Rows: of datasets, and behind the numbers of gauges; as pages and as files.

use super::{ServerState, refusal};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, TryStreamExt as _};
use std::sync::Arc;
use taskgauge_app::{
    address,
    api::{
        UiError,
        boards::{answered, filters_from},
        datasets,
        sources::{self, Source},
    },
    plain::{
        dataset::{DatasetRows, DatasetRowsProps},
        datasets::{Datasets, DatasetsProps},
        rows::{GaugeRows, GaugeRowsProps, Origin, heading},
        table::Choice,
    },
};
use taskgauge_model::{
    dataset::{Dataset, TableQuery},
    format,
    gauge::{FILTERS, Filters, Gauge},
    ids::DatasourceId,
};
use taskgauge_store::{
    StoreError,
    content::Content,
    gauges::{Question, Spot},
    users::Session,
};

/// Names and values of an address, in their order.
type Pairs = Query<Vec<(String, String)>>;

/// What an address asks, or why it asks nothing.
fn read(pairs: Vec<(String, String)>) -> Result<Choice, UiError> {
    Choice::read(pairs).map_err(UiError::Invalid)
}

/// The datasource that an address names.
fn wanted(choice: &Choice) -> Result<Option<DatasourceId>, UiError> {
    match choice.get("source") {
        None | Some("") => Ok(None),
        Some(id) => id.parse().map(Some).map_err(|_| gone()),
    }
}

fn gone() -> UiError {
    UiError::NotFound("This datasource is not there any more.".to_owned())
}

pub fn status(error: &UiError) -> StatusCode {
    match error {
        UiError::NotFound(_) => StatusCode::NOT_FOUND,
        UiError::Invalid(_) => StatusCode::BAD_REQUEST,
        UiError::Forbidden | UiError::SignedOut => StatusCode::FORBIDDEN,
        UiError::Conflict(_) => StatusCode::CONFLICT,
        UiError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        UiError::Internal { .. } | UiError::Offline => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// In place of a page.
pub fn no_page(state: &ServerState, session: &Session, error: &UiError, back: &'static str) -> Response {
    refusal(state, session, status(error), error.to_string(), back)
}

/// In place of a file.
fn no_file(error: &UiError) -> Response {
    (status(error), error.to_string()).into_response()
}

/// A file that is written while it is sent.
fn file(
    name: &str,
    ending: &str,
    pieces: impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + 'static,
) -> Response {
    let kind = match ending {
        "csv" => "text/csv; charset=utf-8",
        _ => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };
    // Ids of gauges are letters, digits and dashes; whatever else would end the name is left out.
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{ending}\"")),
    ];
    (headers, Body::from_stream(pieces.map_err(std::io::Error::other))).into_response()
}

/// The list of datasets.
pub async fn datasets(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Query(pairs): Pairs,
) -> Response {
    let cx = state.cx(&session);
    let found = async { datasets::list(&cx, wanted(&read(pairs)?)?).await };
    match found.await {
        Ok(list) => {
            let props = DatasetsProps { email: session.user.email, list };
            state.plain("Datasets", || Datasets(props))
        }
        Err(error) => no_page(&state, &session, &error, "/"),
    }
}

/// The page of a dataset.
pub async fn dataset(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(slug): Path<String>,
    Query(pairs): Pairs,
) -> Response {
    let cx = state.cx(&session);
    let found = async {
        let choice = read(pairs)?;
        let data = datasets::page(&cx, &slug, wanted(&choice)?, &choice.query()).await?;
        match data.page.as_ref().and_then(|page| choice.beyond(page.total)) {
            Some(why) => Err(UiError::NotFound(why)),
            None => Ok((choice, data)),
        }
    };
    match found.await {
        Ok((choice, data)) => {
            let title = data.dataset.title.clone();
            let props = DatasetRowsProps { email: session.user.email, data, choice };
            state.plain(&title, || DatasetRows(props))
        }
        Err(error) => no_page(&state, &session, &error, "/data/datasets"),
    }
}

/// All rows of a dataset that are chosen, as CSV.
pub async fn dataset_csv(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(slug): Path<String>,
    Query(pairs): Pairs,
) -> Response {
    let written = async {
        let (dataset, choice, source) = asked_of_dataset(&state, &session, &slug, pairs).await?;
        let store = &state.app.store;
        Ok(store.dataset_csv(source.id, dataset, &choice.query(), state.cx(&session).scope()).await?)
    };
    written.await.map_or_else(|error| no_file(&error), |pieces| file(&slug, "csv", pieces))
}

/// The rows of a dataset that are chosen, as a workbook.
pub async fn dataset_xlsx(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(slug): Path<String>,
    Query(pairs): Pairs,
) -> Response {
    let written = async {
        let (dataset, choice, source) = asked_of_dataset(&state, &session, &slug, pairs).await?;
        let about = about(&source, ("Dataset", &dataset.title), &choice, Vec::new());
        let store = &state.app.store;
        Ok(store.dataset_xlsx(source.id, dataset, &choice.query(), state.cx(&session).scope(), about).await?)
    };
    written.await.map_or_else(|error| no_file(&error), |pieces| file(&slug, "xlsx", pieces))
}

async fn asked_of_dataset(
    state: &ServerState,
    session: &Session,
    slug: &str,
    pairs: Vec<(String, String)>,
) -> Result<(&'static Dataset, Choice, Source), UiError> {
    let dataset = datasets::dataset(slug)?;
    let choice = read(pairs)?;
    let source = source(state, session, &choice).await?.ok_or_else(unconnected)?;
    Ok((dataset, choice, source))
}

fn unconnected() -> UiError {
    UiError::NotFound("No datasource is connected.".to_owned())
}

async fn source(state: &ServerState, session: &Session, choice: &Choice) -> Result<Option<Source>, UiError> {
    let cx = state.cx(session);
    Ok(sources::choose(&cx, wanted(choice)?).await?.0)
}

/// What a workbook says about itself.
fn about(
    source: &Source,
    (kind, title): (&str, &str),
    choice: &Choice,
    more: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let mut lines = vec![(kind.to_owned(), title.to_owned()), ("Datasource".to_owned(), source.name.clone())];
    lines.extend(more);
    if !choice.search.is_empty() {
        lines.push(("Search".to_owned(), choice.search.clone()));
    }
    lines.extend(choice.wishes.iter().map(|wish| {
        let column = wish.column.replace('_', " ");
        ("Filter".to_owned(), format!("{column} {} {}", wish.op.words().1, wish.text))
    }));
    lines
}

/// What is asked of a gauge.
struct Asked {
    gauge: Gauge,
    content: Arc<Content>,
    source: Source,
    choice: Choice,
    question: Question,
}

async fn asked_of_gauge(
    state: &ServerState,
    session: &Session,
    id: &str,
    pairs: Vec<(String, String)>,
) -> Result<Asked, UiError> {
    let content = state.app.store.content().await?;
    let gauge = content
        .gauge(id)
        .filter(|entry| !entry.is_removed)
        .map(|entry| entry.value.clone())
        .ok_or_else(|| UiError::NotFound("There is no gauge at this address.".to_owned()))?;
    let choice = read(pairs)?;
    let source = source(state, session, &choice).await?.ok_or_else(unconnected)?;
    let named = |name: &str| choice.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
    let keys = choice.rest.iter().filter(|(name, _)| name == "k").map(|(_, key)| key.clone());
    let spot = Spot { value: named("layer"), layer: named("part"), keys: keys.collect() };
    let question = Question { filters: filters_from(choice.rest.clone()), spot, table: choice.query() };
    Ok(Asked { gauge, content, source, choice, question })
}

/// The page of the rows behind a number.
pub async fn gauge(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Response {
    match rows_of(&state, &session, &id, pairs).await {
        Ok(props) => {
            let title = heading(&props.gauge, &props.behind);
            state.plain(&title, || GaugeRows(props))
        }
        Err(error) => no_page(&state, &session, &error, "/gauges"),
    }
}

async fn rows_of(
    state: &ServerState,
    session: &Session,
    id: &str,
    pairs: Vec<(String, String)>,
) -> Result<GaugeRowsProps, UiError> {
    let Asked { gauge, content, source, choice, question } =
        asked_of_gauge(state, session, id, pairs).await?;
    let store = &state.app.store;
    let at = store.clock().now();
    let behind = store.rows_behind(source.id, &gauge, &question, state.cx(session).scope(), at).await?;
    if let Some(why) = choice.beyond(behind.page.total) {
        return Err(UiError::NotFound(why));
    }
    let chosen = address::of_filters(Some(source.id), &question.filters);
    let board = choice.get("board").and_then(|id| content.dashboard(id)).filter(|entry| !entry.is_removed);
    let origin = board.map(|entry| Origin {
        title: entry.value.title.clone(),
        href: format!("/dashboards/{}{chosen}", entry.value.id),
    });
    Ok(GaugeRowsProps {
        email: session.user.email.clone(),
        filters: in_words(state, session, &source, &question.filters).await?,
        way: format!("/gauges/{}{chosen}", gauge.id),
        gauge,
        source,
        behind,
        choice,
        origin,
        at,
    })
}

/// Filters by their labels, and what they are set to.
async fn in_words(
    state: &ServerState,
    session: &Session,
    source: &Source,
    filters: &Filters,
) -> Result<Vec<(String, String)>, UiError> {
    let mut said = Vec::new();
    if let Some(range) = filters.range {
        said.push(("Range".to_owned(), range.label()));
    }
    let names: Vec<&str> = FILTERS
        .iter()
        .map(|(name, _, _)| *name)
        .filter(|name| filters.fields.get(*name).is_some_and(|values| !values.is_empty()))
        .collect();
    let cx = state.cx(session);
    said.extend(answered::in_words(&cx, source.id, filters, &names).await?);
    Ok(said)
}

/// All the rows behind a number, as CSV.
pub async fn gauge_csv(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Response {
    let written = async {
        let asked = asked_of_gauge(&state, &session, &id, pairs).await?;
        let store = &state.app.store;
        let at = store.clock().now();
        Ok(store
            .rows_behind_csv(asked.source.id, &asked.gauge, &asked.question, state.cx(&session).scope(), at)
            .await?)
    };
    written.await.map_or_else(|error| no_file(&error), |pieces| file(&id, "csv", pieces))
}

/// The rows behind a number, as a workbook.
pub async fn gauge_xlsx(
    State(state): State<ServerState>,
    Extension(session): Extension<Session>,
    Path(id): Path<String>,
    Query(pairs): Pairs,
) -> Response {
    let written = async {
        let Asked { gauge, source, choice, question, .. } =
            asked_of_gauge(&state, &session, &id, pairs).await?;
        let store = &state.app.store;
        let at = store.clock().now();
        // The number they make, for whoever gets the file without the page.
        let first = Question { table: TableQuery { limit: 1, ..TableQuery::default() }, ..question.clone() };
        let behind = store.rows_behind(source.id, &gauge, &first, state.cx(&session).scope(), at).await?;
        let mut lines: Vec<(String, String)> = Vec::new();
        if let Some(value) = behind.value {
            let number = format::exact_value(value, behind.unit);
            lines.push(("Number".to_owned(), format!("{} = {number}", behind.formula)));
        }
        lines.extend(in_words(&state, &session, &source, &question.filters).await?);
        let about = about(&source, ("Gauge", &heading(&gauge, &behind)), &choice, lines);
        Ok(store
            .rows_behind_xlsx(source.id, &gauge, &question, state.cx(&session).scope(), at, about)
            .await?)
    };
    written.await.map_or_else(|error| no_file(&error), |pieces| file(&id, "xlsx", pieces))
}
