//! What everything that is shown of a datasource rests on, in one cheap statement.
//!
//! Whoever keeps what was made for a page asks for this before each answer, and keeps it as part of the key. A page that
//! was kept therefore never shows an older state than one that is made anew.

use crate::{Store, StoreError, content::Content};
use serde::Serialize;
use std::sync::Arc;
use taskgauge_model::ids::DatasourceId;

/// What everything that is shown of a datasource rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Standing {
    /// The version of gauges and dashboards.
    content: i64,
    /// Other whenever anything else is: names and times of datasources; zone, settings, findings, rows, ages and the first
    /// sync of the one that is shown.
    mark: String,
}

impl Store {
    /// What is shown of a datasource rests on this; of the first by name where none is wanted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn standing(&self, wanted: Option<DatasourceId>) -> Result<Standing, StoreError> {
        let (content, mark) = sqlx::query_as(
            "with chosen as (
                select d.id, d.settings, d.doctor, d.synced_at
                from taskgauge.datasources d
                where $1::bigint is null or d.id = $1
                order by lower(d.name)
                limit 1
            )
            select
                (select version from taskgauge.content_version),
                concat_ws(
                    '-',
                    (
                        select md5(string_agg(row(d.id, d.name, d.synced_at, d.time_zone, d.web_url)::text, ';' order by d.id))
                        from taskgauge.datasources d
                    ),
                    (select row(c.id, jsonb_hash_extended(c.settings, 0), jsonb_hash_extended(c.doctor, 0))::text from chosen c),
                    (
                        select md5(string_agg(row(s.entity, s.version, s.read_at)::text, ';' order by s.entity))
                        from taskgauge.entity_state s
                        where s.datasource_id = (select c.id from chosen c)
                    ),
                    (
                        select row(r.state, r.problem)::text
                        from taskgauge.runs r
                        where r.datasource_id = (select c.id from chosen c where c.synced_at is null)
                        order by r.id desc
                        limit 1
                    )
                )",
        )
        .bind(wanted.map(|id| id.0))
        .fetch_one(&self.pool)
        .await?;
        Ok(Standing { content, mark })
    }

    /// All gauges and dashboards as they hold in this standing, or newer.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn content_of(&self, standing: &Standing) -> Result<Arc<Content>, StoreError> {
        match self.shelf.of(standing.content) {
            Some(content) => Ok(content),
            None => self.content().await,
        }
    }
}
