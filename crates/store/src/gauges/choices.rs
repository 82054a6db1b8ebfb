//! What a filter offers.

use super::{
    invalid,
    plan::{filter_column, filter_columns},
    statement::{push_source, quoted},
};
use crate::{Scope, Store, StoreError};
use sqlx::QueryBuilder;
use taskgauge_model::{catalogue::Catalogue, gauge::CHOICES_MAX, ids::DatasourceId};

/// Datasets that are looked through for a filter's values, the first that has its column.
const DATASETS: &[&str] = &["tickets_all", "opportunities", "projects", "contracts", "members"];

/// Datasets of filters whose column others have before, by another meaning.
const DATASETS_OF: &[(&str, &str)] = &[("project_status", "projects")];

/// Picklists behind filters: filter, entity, field.
const PICKLISTS: &[(&str, &str, &str)] = &[
    ("queue", "Tickets", "queueID"),
    ("priority", "Tickets", "priority"),
    ("status", "Tickets", "status"),
    ("project_status", "Projects", "status"),
];

impl Store {
    /// The values a filter offers to someone who may see `scope`: id (or label, where there is no id) and label.
    ///
    /// Whoever sees everything is offered every value there is; whoever sees some companies, only values that occur in
    /// their rows, so that no list names what they may not see.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an unknown filter.
    pub async fn filter_choices(
        &self,
        datasource: DatasourceId,
        filter: &str,
        scope: &Scope,
    ) -> Result<Vec<(String, String)>, StoreError> {
        filter_columns(filter)?;
        if *scope == Scope::All {
            if let Some((_, entity, field)) = PICKLISTS.iter().find(|(name, _, _)| *name == filter) {
                return self.picklist_choices(datasource, entity, field).await;
            }
            if let Some(sql) = lookup(filter) {
                return Ok(sqlx::query_as(sql)
                    .bind(datasource.0)
                    .bind(limit())
                    .fetch_all(&self.pool)
                    .await?);
            }
        }
        let own = DATASETS_OF.iter().find(|(name, _)| *name == filter).map(|(_, dataset)| *dataset);
        let (dataset, label) = DATASETS
            .iter()
            .filter(|slug| own.is_none_or(|own| own == **slug))
            .filter_map(|slug| Catalogue::shipped().dataset(slug))
            .find_map(|dataset| Some((dataset, filter_column(filter, dataset)?)))
            .ok_or_else(|| invalid(format!("No dataset has a column for the filter “{filter}”.")))?;
        let name = quoted(&label.name);
        let id = label.id.as_deref().map_or_else(|| name.clone(), quoted);
        let order = label
            .order
            .as_deref()
            .map_or_else(|| "null::int4".to_owned(), |order| format!("d.{}", quoted(order)));
        let mut sql = QueryBuilder::new("");
        sql.push(format_args!("select d.{id}::text, max(d.{name}::text)"));
        push_source(&mut sql, datasource, dataset, scope)?;
        sql.push(format_args!(
            "\nand d.{id} is not null\nand d.{name} is not null\ngroup by 1\norder by min({order}), 2, 1\nlimit {CHOICES_MAX}"
        ));
        Ok(sql.build_query_as().fetch_all(&self.pool).await?)
    }

    /// The id of the active member with this e-mail address, without regard to case.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn member_by_email(
        &self,
        datasource: DatasourceId,
        email: &str,
    ) -> Result<Option<i64>, StoreError> {
        let found = sqlx::query_scalar(
            "select id
            from autotask.resources
            where datasource_id = $1
                and deleted_at is null
                and is_active
                and lower(email) = lower($2)
            order by id
            limit 1",
        )
        .bind(datasource.0)
        .bind(email)
        .fetch_optional(&self.pool)
        .await?;
        Ok(found)
    }

    /// The values of a picklist and their labels, those in use first, in Autotask's order.
    pub async fn picklist_choices(
        &self,
        datasource: DatasourceId,
        entity: &str,
        field: &str,
    ) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as(
            "select value::text, label
            from autotask.picklist_values
            where datasource_id = $1
            and entity = $2
            and field = $3
            order by not is_active, sort_order, label, value
            limit $4",
        )
        .bind(datasource.0)
        .bind(entity)
        .bind(field)
        .bind(limit())
        .fetch_all(&self.pool)
        .await?)
    }
}

/// [`CHOICES_MAX`] for a statement.
fn limit() -> i64 {
    i64::try_from(CHOICES_MAX).unwrap_or(i64::MAX)
}

/// The statement that lists what a filter by company or person offers; `$1` datasource, `$2` most rows.
fn lookup(filter: &str) -> Option<&'static str> {
    match filter {
        // Autotask's companies are leads and vendors, too: where there are too many, those that were worked for come first.
        "client" => Some(
            "select id::text, company_name
            from (
                select c.id, c.company_name, c.is_active
                from autotask.companies c
                where c.datasource_id = $1
                and c.deleted_at is null
                and c.id <> 0
                and c.company_name is not null
                order by
                    not exists (
                        select
                        from autotask.tickets t
                        where t.datasource_id = c.datasource_id and t.company_id = c.id and t.deleted_at is null
                    ),
                    c.is_active is not true, lower(c.company_name), c.id
                limit $2
            ) c
            order by is_active is not true, lower(company_name), id",
        ),
        "member" | "owner" => Some(
            "select id::text, concat_ws(' ', first_name, last_name)
            from autotask.resources
            where datasource_id = $1
            and deleted_at is null
            and is_active
            and concat_ws(' ', first_name, last_name) <> ''
            order by lower(concat_ws(' ', first_name, last_name)), id
            limit $2",
        ),
        _ => None,
    }
}
