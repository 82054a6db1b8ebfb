//! Names of companies, people and the like, looked up by id for the groups of an answer.
//!
//! Days that are kept know such groups by id alone, so that they outlive a change of names: companies are edited all day,
//! and what was counted of them stays true. (Of members' names and costs the days of their time entries are noted, as
//! entries are counted by them, too.)

use super::{
    plan::Key,
    statement::{Row, Scan, level},
};
use crate::StoreError;
use sqlx::PgConnection;
use std::collections::HashMap;
use taskgauge_model::{dataset::ColumnKind, ids::DatasourceId};

/// Where the names of an entity's records stand. Datasets show a record without one, and a missing one, as `#` and its id.
pub(crate) struct Names {
    entity: &'static str,
    /// The column that shows them so, where others show them otherwise.
    column: Option<&'static str>,
    /// Ids and names of some records: `$1` datasource, `$2` ids.
    pub sql: &'static str,
}

/// The entities that groups are named after. A test compares the names with those that datasets show.
const NAMES: &[Names] = &[
    Names {
        entity: "BillingCodes",
        column: None,
        sql: "select id, name from autotask.billing_codes where datasource_id = $1 and id = any ($2)",
    },
    Names {
        entity: "Companies",
        column: None,
        sql: "select id, company_name from autotask.companies where datasource_id = $1 and id = any ($2)",
    },
    Names {
        entity: "Contacts",
        column: None,
        sql: "select id, dataset.person(first_name, last_name) from autotask.contacts
            where datasource_id = $1 and id = any ($2)",
    },
    Names {
        entity: "Contracts",
        column: Some("contract"),
        sql: "select id, contract_name from autotask.contracts where datasource_id = $1 and id = any ($2)",
    },
    Names {
        entity: "Contracts",
        column: Some("contract_and_type"),
        sql: "select c.id,
                coalesce(c.contract_name, '#' || c.id) || coalesce(' · ' || coalesce(t.label, '#' || c.contract_type), '')
            from autotask.contracts c
            left join autotask.picklist_values t
                on t.datasource_id = c.datasource_id
                    and t.entity = 'Contracts'
                    and t.field = 'contractType'
                    and t.value = c.contract_type
            where c.datasource_id = $1 and c.id = any ($2)",
    },
    Names {
        entity: "Resources",
        column: None,
        sql: "select id, dataset.person(first_name, last_name) from autotask.resources
            where datasource_id = $1 and id = any ($2)",
    },
    Names {
        entity: "Roles",
        column: None,
        sql: "select id, name from autotask.roles where datasource_id = $1 and id = any ($2)",
    },
];

impl Key<'_> {
    /// Where its labels are, if each is the name of the record whose id it stands for, and rests on nothing else that its
    /// id does not rest on.
    pub(crate) fn names(&self) -> Option<&'static Names> {
        let Key::Column { label, id: Some(id), order: None } = self else { return None };
        let mut own = label.reads.iter().filter(|entity| !id.reads.contains(entity));
        let entity = own.next().filter(|_| id.kind == ColumnKind::Id)?;
        let is_of =
            |names: &&Names| names.entity == entity && names.column.is_none_or(|column| column == label.name);
        NAMES.iter().find(is_of).filter(|_| own.next().is_none())
    }
}

/// Names the groups of a scan's rows that are known by id.
pub(super) async fn fill(
    connection: &mut PgConnection,
    datasource: DatasourceId,
    scan: &Scan<'_>,
    rows: &mut [Row],
) -> Result<(), StoreError> {
    for (place, key) in scan[0].1.keys.iter().enumerate() {
        let Some(names) = key.names() else { continue };
        let without = if place == 0 { level::SECOND } else { level::FIRST };
        let mut unnamed: Vec<(i64, &mut Option<String>)> = rows
            .iter_mut()
            .filter(|row| row.2 & without == 0)
            .filter_map(|row| {
                let (key, label) = if place == 0 { (&row.3, &mut row.4) } else { (&row.6, &mut row.7) };
                Some((key.parse().ok()?, label))
            })
            .collect();
        let mut ids: Vec<i64> = unnamed.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let found: Vec<(i64, Option<String>)> =
            sqlx::query_as(names.sql).bind(datasource.0).bind(ids).fetch_all(&mut *connection).await?;
        let found: HashMap<i64, Option<String>> = found.into_iter().collect();
        for (id, label) in &mut unnamed {
            let name = found.get(id).cloned().flatten();
            **label = Some(name.unwrap_or_else(|| format!("#{id}")));
        }
    }
    Ok(())
}
