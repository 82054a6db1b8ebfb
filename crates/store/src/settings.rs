//! What an admin changed about how a datasource's numbers are reckoned, as it is stored.
//!
//! Views read the same names as [`Settings`] and repeat the defaults, as in
//! `taskgauge.setting(d.settings, 'stale_days', '3')`; a test compares the two.

use crate::{Store, StoreError, notify};
use serde_json::Value;
use taskgauge_model::{ids::DatasourceId, run::Event, settings::Settings};

impl Store {
    /// The settings of a datasource.
    pub async fn settings(&self, datasource: DatasourceId) -> Result<Settings, StoreError> {
        let stored: Value = sqlx::query_scalar(
            "select settings
            from taskgauge.datasources
            where id = $1",
        )
        .bind(datasource.0)
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound { what: "datasource" })?;
        serde_json::from_value(stored)
            .map_err(|_| StoreError::Invalid("The stored settings of this datasource cannot be read.".into()))
    }

    /// Changes the settings of a datasource. Boards that are open hear of it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] with what is wrong, as a sentence.
    pub async fn set_settings(
        &self,
        actor: &str,
        datasource: DatasourceId,
        settings: &Settings,
    ) -> Result<(), StoreError> {
        if let Some(problem) = settings.problem() {
            return Err(StoreError::Invalid(problem));
        }
        let stored = settings
            .to_stored()
            .map_err(|_| StoreError::Invalid("These settings hold a number that cannot be stored.".into()))?;
        let mut transaction = self.pool.begin().await?;
        let name: Option<String> = sqlx::query_scalar(
            "update taskgauge.datasources
            set settings = $2
            where id = $1
            returning name",
        )
        .bind(datasource.0)
        .bind(&stored)
        .fetch_optional(&mut *transaction)
        .await?;
        let name = name.ok_or(StoreError::NotFound { what: "datasource" })?;
        self.audit_on(&mut transaction, actor, "datasource.settings", &name, stored).await?;
        notify::send(&mut transaction, &Event::Edited).await?;
        transaction.commit().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_repeat_the_defaults() {
        let defaults = serde_json::to_value(Settings::default()).unwrap();
        let mut compared = 0;
        for (view, text) in crate::migrate::VIEWS {
            for call in text.split("taskgauge.setting(").skip(1) {
                let quoted: Vec<&str> = call.split('\'').collect();
                let (key, fallback) = (quoted[1], serde_json::from_str::<Value>(quoted[3]).unwrap());
                let ours = defaults.get(key).unwrap_or_else(|| panic!("{view}: there is no setting {key}"));
                let same = *ours == fallback || (ours.is_number() && ours.as_f64() == fallback.as_f64());
                assert!(same, "{view}: {key} is {fallback} there and {ours} here");
                compared += 1;
            }
        }
        assert!(compared > 0);
    }
}
