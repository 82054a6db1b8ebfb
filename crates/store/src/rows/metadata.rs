//! Labels and field definitions, as Autotask tells them.

use super::{books::raise_state, hold};
use crate::runs::Lease;
use crate::{Store, StoreError, notify};
use serde::Serialize;
use serde_json::Value;
use sqlx::types::Json;
use taskgauge_model::entity::Entity;
use taskgauge_model::run::Event;

/// A label of a picklist value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PicklistValue {
    /// Autotask's field name.
    pub field: String,
    /// What rows hold: a number as text, in a few lists a word.
    pub code: String,
    /// What people read.
    pub label: String,
    /// Place in the list.
    pub sort_order: i32,
    /// Whether it may still be chosen.
    pub is_active: bool,
    /// Whether Autotask made it.
    pub is_system: bool,
    /// For a dependent list: the value of the parent field it belongs to.
    pub parent_value: Option<i64>,
}

/// The definition of a user-defined field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UserDefinedField {
    /// Its name, as rows carry it.
    pub name: String,
    /// What people read.
    pub label: Option<String>,
    /// Autotask's type name.
    pub r#type: String,
    /// Whether it may be filtered on.
    pub is_queryable: bool,
    /// Its list of values, if it has one.
    pub picklist: Option<Value>,
}

/// What Autotask says about an entity's fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// Labels.
    pub picklists: Vec<PicklistValue>,
    /// User-defined fields.
    pub user_defined_fields: Vec<UserDefinedField>,
    /// Fields that cannot be filtered on.
    pub unqueryable: Vec<String>,
}

impl Store {
    /// Stores what Autotask says about an entity's fields. Picklist values that are listed no more stay, inactive:
    /// old rows still hold them.
    pub async fn save_metadata(
        &self,
        lease: &Lease,
        entity: &Entity,
        metadata: &Metadata,
        requests: u64,
        seconds: f64,
    ) -> Result<(), StoreError> {
        let datasource = lease.datasource;
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, lease, self.pinned_now()).await?;
        let mut changed = sqlx::query(
            "insert into autotask.picklist_values as p
                (datasource_id, entity, field, code, label, sort_order, is_active, is_system, parent_value)
            select distinct on (r.field, r.code)
                $1, $2, r.field, r.code, r.label, r.sort_order, r.is_active, r.is_system, r.parent_value
            from jsonb_to_recordset($3) as r(field text, code text, label text, sort_order integer,
                is_active boolean, is_system boolean, parent_value bigint)
            order by r.field, r.code, r.is_active desc
            on conflict (datasource_id, entity, field, code) do update
            set label = excluded.label,
                sort_order = excluded.sort_order,
                is_active = excluded.is_active,
                is_system = excluded.is_system,
                parent_value = excluded.parent_value
            where (p.label, p.sort_order, p.is_active, p.is_system, p.parent_value)
                is distinct from
                (excluded.label, excluded.sort_order, excluded.is_active, excluded.is_system, excluded.parent_value)",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(Json(&metadata.picklists))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        changed += sqlx::query(
            "update autotask.picklist_values p
            set is_active = false
            where p.datasource_id = $1
                and p.entity = $2
                and p.is_active
                and not exists (
                    select from jsonb_to_recordset($3) as r(field text, code text)
                    where r.field = p.field and r.code = p.code
                )",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(Json(&metadata.picklists))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        changed += sqlx::query(
            "insert into autotask.user_defined_fields as u
                (datasource_id, entity, name, label, type, is_queryable, picklist)
            select distinct on (r.name) $1, $2, r.name, r.label, r.type, r.is_queryable, nullif(r.picklist, 'null')
            from jsonb_to_recordset($3) as r(name text, label text, type text, is_queryable boolean, picklist jsonb)
            order by r.name
            on conflict (datasource_id, entity, name) do update
            set label = excluded.label,
                type = excluded.type,
                is_queryable = excluded.is_queryable,
                picklist = excluded.picklist
            where (u.label, u.type, u.is_queryable, u.picklist)
                is distinct from
                (excluded.label, excluded.type, excluded.is_queryable, excluded.picklist)",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(Json(&metadata.user_defined_fields))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        raise_state(&mut transaction, datasource, entity, changed > 0, 0, false).await?;
        sqlx::query(
            "update taskgauge.entity_state
            set metadata_at = $3, unqueryable = $4, labels_version = labels_version + $5
            where datasource_id = $1 and entity = $2",
        )
        .bind(datasource.0)
        .bind(entity.name)
        .bind(self.clock.now())
        .bind(&metadata.unqueryable)
        .bind(i64::from(changed > 0))
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "update taskgauge.steps
            set requests = requests + $4, seconds = seconds + $5
            where datasource_id = $1 and run_id = $2 and entity = $3",
        )
        .bind(datasource.0)
        .bind(lease.run.0)
        .bind(entity.name)
        .bind(requests.cast_signed())
        .bind(seconds)
        .execute(&mut *transaction)
        .await?;
        if changed > 0 {
            let entities = vec![entity.name.to_owned()];
            notify::send(&mut transaction, &Event::Changed { datasource, entities }).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
