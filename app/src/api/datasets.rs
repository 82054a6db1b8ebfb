//! Datasets and their rows.

use super::{
    RequestCx, UiError,
    sources::{self, Source},
};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use taskgauge_model::{
    catalogue::Catalogue,
    dataset::{Dataset, TablePage, TableQuery},
    datasource::Doctor,
    ids::DatasourceId,
    lacks,
};

/// Datasets whose rows are counted beside each other for the list.
const COUNTED_AT_ONCE: usize = 4;

/// A dataset in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetInfo {
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// The area it belongs to.
    pub group: String,
    /// What it is good for.
    pub about: String,
    /// Which rows are in it.
    pub window: String,
    /// Whether it is an extra.
    pub extra: bool,
    /// Number of columns.
    pub columns: usize,
    /// Number of rows, when a datasource was named.
    pub rows: Option<u64>,
    /// When the oldest part of it was last read from Autotask.
    pub read_at: Option<DateTime<Utc>>,
    /// What the API user cannot see of it, and which right shows it; empty where it sees all.
    pub lacks: String,
}

/// The list, and the datasource whose rows were counted.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetList {
    /// The datasource, if there is one.
    pub source: Option<Source>,
    /// All datasources to choose from.
    pub sources: Vec<Source>,
    /// The datasets, in order.
    pub datasets: Vec<DatasetInfo>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// A dataset with a page of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetPage {
    /// The dataset with its columns.
    pub dataset: &'static Dataset,
    /// The datasource the rows are from, if there is one.
    pub source: Option<Source>,
    /// All datasources to choose from.
    pub sources: Vec<Source>,
    /// The rows.
    pub page: Option<TablePage>,
    /// When the oldest part of it was last read.
    pub read_at: Option<DateTime<Utc>>,
    /// What the API user cannot see of it, and which right shows it; empty where it sees all.
    pub lacks: String,
    /// Now.
    pub at: DateTime<Utc>,
}

/// All datasets, with rows and age for a datasource, the first where none is wanted.
///
/// # Errors
/// [`UiError::NotFound`] for a datasource that is not there, and those of the store.
pub async fn list(cx: &RequestCx, wanted: Option<DatasourceId>) -> Result<DatasetList, UiError> {
    let (source, sources) = sources::choose(cx, wanted).await?;
    let datasets = counted(cx, source.as_ref()).await?;
    Ok(DatasetList { source, sources, datasets, at: cx.clock().now() })
}

async fn counted(cx: &RequestCx, source: Option<&Source>) -> Result<Vec<DatasetInfo>, UiError> {
    let doctor = &doctor(cx, source).await?;
    let mut counted = Vec::new();
    for dataset in &Catalogue::shipped().datasets {
        counted.push(async move {
            let (rows, read_at) = match source {
                Some(source) => {
                    let all = TableQuery::default();
                    let rows = cx.store().dataset_count(source.id, dataset, &all, cx.scope()).await?;
                    (Some(rows), cx.store().dataset_ages(source.id, dataset).await?)
                }
                None => (None, None),
            };
            Ok::<_, UiError>(DatasetInfo {
                slug: dataset.slug.clone(),
                title: dataset.title.clone(),
                group: dataset.group.clone(),
                about: dataset.about.clone(),
                window: dataset.window.clone(),
                extra: dataset.extra,
                columns: dataset.columns.len(),
                rows,
                read_at,
                lacks: lacks::of_dataset(doctor, dataset).join(" "),
            })
        });
    }
    stream::iter(counted).buffered(COUNTED_AT_ONCE).try_collect().await
}

/// The dataset of that name.
///
/// # Errors
/// [`UiError::NotFound`] where there is none.
pub fn dataset(slug: &str) -> Result<&'static Dataset, UiError> {
    Catalogue::shipped()
        .dataset(slug)
        .ok_or_else(|| UiError::NotFound("There is no dataset at this address.".to_owned()))
}

/// A dataset and a page of its rows.
///
/// # Errors
/// [`UiError::NotFound`] for what is not there, [`UiError::Invalid`] for a question that makes no sense.
pub async fn page(
    cx: &RequestCx,
    slug: &str,
    wanted: Option<DatasourceId>,
    query: &TableQuery,
) -> Result<DatasetPage, UiError> {
    let dataset = dataset(slug)?;
    let (source, sources) = sources::choose(cx, wanted).await?;
    let (page, read_at) = match &source {
        Some(source) => (
            Some(cx.store().table(source.id, dataset, query, cx.scope()).await?),
            cx.store().dataset_ages(source.id, dataset).await?,
        ),
        None => (None, None),
    };
    let lacks = lacks::of_dataset(&doctor(cx, source.as_ref()).await?, dataset).join(" ");
    let at = cx.clock().now();
    Ok(DatasetPage { dataset, source, sources, page, read_at, lacks, at })
}

async fn doctor(cx: &RequestCx, source: Option<&Source>) -> Result<Doctor, UiError> {
    Ok(match source {
        Some(source) => cx.store().doctor(source.id).await?,
        None => Doctor::default(),
    })
}
