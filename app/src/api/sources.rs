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
    /// Whether the first sync is still under way.
    pub filling: bool,
}

impl From<Datasource> for Source {
    fn from(datasource: Datasource) -> Self {
        Self {
            id: datasource.id,
            name: datasource.name,
            filling: datasource.synced_at.is_none(),
            synced_at: datasource.synced_at,
        }
    }
}

/// The datasource that is wanted, or the first where none is named, and all there are.
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
    let chosen =
        match wanted {
            Some(id) => Some(sources.iter().find(|source| source.id == id).ok_or_else(|| {
                super::UiError::NotFound("This datasource is not there any more.".to_owned())
            })?),
            None => sources.first(),
        };
    Ok((chosen.cloned(), sources))
}
