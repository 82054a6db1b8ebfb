//! Datasets as files.

use super::ServerState;
use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::TryStreamExt;
use serde::Deserialize;
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::TableQuery,
    gauge::{Condition, Op, Scalar},
    ids::DatasourceId,
};
use taskgauge_store::Scope;

/// What the address of a dataset's page chooses.
#[derive(Deserialize)]
pub struct Choice {
    source: Option<DatasourceId>,
    #[serde(default)]
    q: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    columns: String,
    #[serde(default)]
    column: String,
    #[serde(default)]
    text: String,
}

/// All rows of a dataset that match the choice, as CSV.
pub async fn csv(
    State(state): State<ServerState>,
    Path(slug): Path<String>,
    Query(choice): Query<Choice>,
) -> Response {
    let Some(dataset) = Catalogue::shipped().dataset(&slug) else {
        return (StatusCode::NOT_FOUND, "There is no dataset at this address.").into_response();
    };
    let store = &state.app.store;
    let source = match choice.source {
        Some(source) => Ok(Some(source)),
        None => store.datasources().await.map(|all| all.first().map(|source| source.id)),
    };
    let source = match source {
        Ok(Some(source)) => source,
        Ok(None) => return (StatusCode::NOT_FOUND, "No datasource is connected.").into_response(),
        Err(error) => return (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    };
    let conditions = if choice.column.is_empty() || choice.text.is_empty() {
        Vec::new()
    } else {
        vec![Condition { column: choice.column, op: Op::Contains, value: Scalar::Text(choice.text) }]
    };
    let query = TableQuery {
        columns: choice.columns.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        sort: choice.sort,
        search: choice.q,
        conditions,
        offset: 0,
        limit: 0,
    };
    match store.dataset_csv(source, dataset, &query, &Scope::All).await {
        Ok(rows) => {
            let name = format!("attachment; filename=\"{slug}.csv\"");
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, name),
            ];
            (headers, Body::from_stream(rows.map_err(std::io::Error::other))).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}
