//! What is found out about a datasource's tenant and kept with it: what its API user can read, and how many of its
//! requests are used.

use super::NOT_FOUND;
use crate::{Store, StoreError};
use serde_json::Value;
use sqlx::types::Json;
use taskgauge_model::{
    datasource::{Doctor, SHARE_PERCENT},
    ids::DatasourceId,
};

impl Store {
    /// Notes what Autotask says of the tenant's requests, and answers which share of what is left a sync may take, in
    /// percent.
    pub async fn note_hour(&self, id: DatasourceId, used: u64, limit: u64) -> Result<u8, StoreError> {
        let share: i32 = sqlx::query_scalar(
            "update taskgauge.datasources
            set hour_used = $2, hour_limit = $3, hour_at = $4
            where id = $1
            returning share_percent",
        )
        .bind(id.0)
        .bind(used.cast_signed())
        .bind(limit.cast_signed())
        .bind(self.clock.now())
        .fetch_optional(&self.pool)
        .await?
        .ok_or(NOT_FOUND)?;
        Ok(u8::try_from(share).unwrap_or(*SHARE_PERCENT.end()))
    }

    /// What the permission doctor found when it last looked.
    pub async fn doctor(&self, datasource: DatasourceId) -> Result<Doctor, StoreError> {
        let doctor: Option<Value> = sqlx::query_scalar(
            "select doctor
            from taskgauge.datasources
            where id = $1",
        )
        .bind(datasource.0)
        .fetch_optional(&self.pool)
        .await?
        .ok_or(NOT_FOUND)?;
        // Findings in the words of another version are worth nothing; the doctor looks again every day.
        Ok(doctor.and_then(|doctor| serde_json::from_value(doctor).ok()).unwrap_or_default())
    }

    /// Keeps what the permission doctor found.
    pub async fn set_doctor(&self, datasource: DatasourceId, doctor: &Doctor) -> Result<(), StoreError> {
        let kept = sqlx::query(
            "update taskgauge.datasources
            set doctor = $2
            where id = $1",
        )
        .bind(datasource.0)
        .bind(Json(doctor))
        .execute(&self.pool)
        .await?;
        if kept.rows_affected() == 0 { Err(NOT_FOUND) } else { Ok(()) }
    }
}
