//! Which datasource a page shows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use taskgauge_model::{datasource::Datasource, ids::DatasourceId};

/// A datasource to choose from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its id.
    pub id: DatasourceId,
    /// Its name.
    pub name: String,
    /// End of its last complete sync.
    pub synced_at: Option<DateTime<Utc>>,
    /// Whether the first sync is not complete yet.
    pub filling: bool,
    /// Why the first sync is not under way though it is not complete.
    pub stopped: Option<String>,
    /// After how many minutes its data is old.
    pub stale_minutes: i64,
}

impl From<Datasource> for Source {
    fn from(datasource: Datasource) -> Self {
        Self {
            stale_minutes: datasource.stale_minutes(),
            id: datasource.id,
            name: datasource.name,
            filling: datasource.synced_at.is_none(),
            stopped: None,
            synced_at: datasource.synced_at,
        }
    }
}

/// Why the first sync of a datasource is not under way though it is not complete.
#[cfg(feature = "ssr")]
async fn stopped(cx: &super::RequestCx, id: DatasourceId) -> Result<Option<String>, super::UiError> {
    let run = cx.store().latest_run(id).await?.filter(|run| run.state.is_over());
    Ok(run.map(|run| run.problem.unwrap_or_else(|| "Somebody stopped it.".to_owned())))
}

/// The datasource that is wanted, or the first where none is named, and all there are. Of the chosen one it is known why
/// its first sync stopped.
///
/// # Errors
/// [`UiError::NotFound`](super::UiError::NotFound) when the wanted one is gone: another tenant's numbers in its place
/// would be taken for its own.
#[cfg(feature = "ssr")]
pub async fn choose(
    cx: &super::RequestCx,
    wanted: Option<DatasourceId>,
) -> Result<(Option<Source>, Vec<Source>), super::UiError> {
    let sources: Vec<Source> = cx.store().datasources().await?.into_iter().map(Source::from).collect();
    let mut chosen =
        match wanted {
            Some(id) => Some(sources.iter().find(|source| source.id == id).ok_or_else(|| {
                super::UiError::NotFound("This datasource is not there any more.".to_owned())
            })?),
            None => sources.first(),
        }
        .cloned();
    if let Some(source) = chosen.as_mut().filter(|source| source.filling) {
        source.stopped = stopped(cx, source.id).await?;
    }
    Ok((chosen, sources))
}
